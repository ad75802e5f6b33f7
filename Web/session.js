// Who is signed in. A tab keeps its own session, so that two people can share a browser; a new tab begins with the last.

const key = "parlor.session";

export function readSession() {
  for (const store of [sessionStorage, localStorage]) {
    try {
      const session = JSON.parse(store.getItem(key));
      if (session?.token && Date.parse(session.expiresAt) > Date.now()) return session;
    } catch { /* no session, or not one of ours */ }
  }
  return undefined;
}

export function keepSession(session) {
  for (const store of [sessionStorage, localStorage]) store.setItem(key, JSON.stringify(session));
}

export function forgetSession() {
  const own = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  if (localStorage.getItem(key) === own) localStorage.removeItem(key);
}

/** An invitation's token, taken out of the address at once so that it is neither shared nor kept in the history. */
export function takeInvitationToken() {
  const match = location.hash.match(/^#token=(.+)$/);
  if (match) {
    sessionStorage.setItem("parlor.invitation", decodeURIComponent(match[1]));
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("parlor.invitation") ?? undefined;
}

export function forgetInvitationToken() { sessionStorage.removeItem("parlor.invitation"); }
