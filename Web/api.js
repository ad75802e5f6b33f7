// The HTTP side: one method per call, problems as exceptions.

import { uuid } from "./dom.js";

/** A refusal (`application/problem+json`), or no answer at all (`code: "offline"`). */
export class Problem extends Error {
  constructor(body, retryAfter) {
    super(body.detail ?? body.title ?? body.code);
    this.code = body.code;
    this.detail = body.detail;
    this.status = body.status;
    this.isRetryable = body.retryable ?? false;
    this.retryAfter = retryAfter;
  }
}

export class Api {
  /** @param token a bearer token; @param onSignedOut called when the token is not accepted any more. */
  constructor(token, onSignedOut = () => {}) {
    this.token = token;
    this.onSignedOut = onSignedOut;
  }

  async call(method, path, body, headers = {}) {
    let response;
    try {
      response = await fetch(path, {
        method,
        headers: {
          ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch {
      throw new Problem({ code: "offline", detail: "The server cannot be reached. Check your connection." });
    }
    const text = await response.text();
    let answer = null;
    try { answer = text ? JSON.parse(text) : null; } catch { /* judged by its status below */ }
    if (response.ok) return answer;
    const problem = new Problem(answer ?? { code: "internal", status: response.status },
      Number(response.headers.get("Retry-After")) || undefined);
    if (response.status === 401) this.onSignedOut(problem);
    throw problem;
  }

  get(path) { return this.call("GET", path); }

  /** A key makes a repetition after a lost answer harmless. */
  post(path, body, key) { return this.call("POST", path, body, key ? { "Idempotency-Key": key } : {}); }

  static signIn(email, name) { return new Api().post("/auth/dev-token", { email, name }); }

  rooms() { return this.get("/rooms?limit=200"); }
  room(code) { return this.get(`/rooms/${code}`); }
  createRoom(fields) { return this.post("/rooms", fields, uuid()); }
  join(code) { return this.post(`/rooms/${code}/join`); }
  leave(code) { return this.post(`/rooms/${code}/leave`); }
  endRoom(code) { return this.call("DELETE", `/rooms/${code}`); }
  discover(query, cursor) {
    const words = query ? `&q=${encodeURIComponent(query)}` : "";
    return this.get(`/rooms/discover?limit=20${words}${cursor ? `&cursor=${cursor}` : ""}`);
  }
  searchPartner(interests) { return this.post("/chat/search", { interests }); }
  cancelSearch() { return this.post("/chat/cancel-search"); }
  currentRoom() { return this.get("/chat/current-room"); }
  like(code) { return this.post(`/chat/like/${code}`); }
  keep(code) { return this.post(`/chat/keep/${code}`); }
  reportPartner(code, reason) { return this.post(`/chat/report/${code}`, { reason }); }
  endPair(code) { return this.post(`/chat/end/${code}`); }
  members(code) { return this.get(`/rooms/${code}/members?limit=200`); }

  messages(code, before) { return this.get(`/rooms/${code}/messages?limit=50${before ? `&before=${before}` : ""}`); }
  timeline(code, after, limit) { return this.get(`/rooms/${code}/timeline?after=${after}&limit=${limit}`); }
  unread() { return this.get("/messages/unread"); }
  edit(id, content) { return this.call("PUT", `/messages/${id}`, { content }); }
  remove(id) { return this.call("DELETE", `/messages/${id}`); }
  react(id, emoji) { return this.post(`/messages/${id}/reactions`, { emoji }); }
  unreact(id, emoji) { return this.call("DELETE", `/messages/${id}/reactions/${encodeURIComponent(emoji)}`); }

  invite(code, email) { return this.post(`/rooms/${code}/invite`, { email }, uuid()); }
  invitationsOf(code) { return this.get(`/rooms/${code}/invitations?limit=50`); }
  invitations() { return this.get("/invitations"); }
  answer(id, verb) { return this.post(`/invitations/${id}/${verb}`); }
  acceptToken(token) { return this.post("/invitations/accept", { token }); }

  beginSession(roomId, genre) { return this.post("/sessions", { roomId, genre }, uuid()); }
  /** `join`, `skip`, `pause`, `resume`, `queue`. */
  session(id, verb, body) { return this.post(`/sessions/${id}/${verb}`, body); }
  unqueue(id, item) { return this.call("DELETE", `/sessions/${id}/queue/${item}`); }
  /** Without a type: takes the vote back. */
  vote(id, item, voteType) {
    const path = `/sessions/${id}/queue/${item}/vote`;
    return voteType ? this.post(path, { voteType }) : this.call("DELETE", path);
  }

  notifications() { return this.get("/notifications?limit=30"); }
  readAll() { return this.post("/notifications/read-all"); }
  preferences() { return this.get("/notifications/preferences"); }
  setPreferences(changes) { return this.call("PUT", "/notifications/preferences", changes); }
}
