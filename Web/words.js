// What the system's refusals mean, in words for people.

const codes = {
  invalid_json: "That could not be read.",
  invalid_input: "Something in that is not right.",
  invalid_cursor: "That list has moved on. Load it again.",
  unauthenticated: "Please sign in again.",
  token_expired: "You have been signed out. Please sign in again.",
  forbidden: "You may not do that here.",
  account_banned: "This account is banned.",
  not_a_member: "You are not a member of this room.",
  banned: "You are banned from this room.",
  muted: "You are muted here: you can read, but not write.",
  invitation_required: "This room is private. Somebody in it has to invite you.",
  feature_forbidden: "Your plan does not include that.",
  room_not_found: "There is no such room. Check the code.",
  message_not_found: "That message is not there any more.",
  user_not_found: "There is nobody by that name.",
  invitation_not_found: "There is no such invitation, or it is not for you.",
  session_not_found: "That session is not there any more.",
  notification_not_found: "That notification is not there any more.",
  not_found: "That is not there.",
  feature_disabled: "That is switched off here.",
  room_full: "The room is full right now. Try again when somebody has left.",
  conflict: "That does not fit what has happened meanwhile.",
  request_in_flight: "That is being done already.",
  room_ended: "This room has ended. You can read it, but not change it.",
  session_ended: "That session has ended.",
  invitation_expired: "This invitation has expired or was withdrawn. Ask for a new one.",
  stale_version: "Somebody else changed that first. Look again.",
  too_large: "That is too long.",
  unsupported_media_type: "That could not be read.",
  idempotency_mismatch: "That was sent before, with other words.",
  rate_limited: "That was too fast. Wait a moment.",
  database_unavailable: "The system is having trouble. Nothing is lost; try again in a moment.",
  internal: "Something went wrong on our side.",
  unavailable: "A part of the system is away. Try again in a moment.",
  bad_frame: "That could not be understood.",
  unknown_recipient: "That person is not here any more.",
};

const closings = {
  4001: "You have been signed out. Please sign in again.",
  4002: "This account is banned.",
  4003: "You are not a member of this room, or you are banned from it.",
  4004: "There is no such room.",
  4005: "This room has ended.",
  4006: "You are no longer a member of this room.",
  4007: "The room is full right now. Try again when somebody has left.",
  4009: "You opened this room somewhere else, so it went quiet here.",
  4010: "The connection was closed, as something could not be understood.",
  4100: "That was too fast for the room.",
  4101: "This connection was too slow to keep up.",
  4102: "A part of the system is away.",
  4200: "The server is being replaced.",
  4201: "The live stream was interrupted.",
};

/** Words for a problem or an `error` frame: our own for its code, with the server's detail where that says more. */
export function explain(problem) {
  const words = codes[problem?.code];
  if (problem?.code === "invalid_input" && problem.detail) return sentence(problem.detail);
  if (problem?.code === "conflict" && problem.detail) return sentence(problem.detail);
  return words ?? sentence(problem?.detail ?? problem?.message ?? "Something went wrong.");
}

export function explainClosing(code) {
  return closings[code] ?? (navigator.onLine ? "The connection was lost." : "You are offline.");
}

const deliveries = {
  queued: "waiting to be mailed", sending: "being mailed", sent: "mailed", failed: "could not be mailed",
  uncertain: "perhaps mailed",
};

/** How far the mail of an invitation got. */
export function explainDelivery(status) { return deliveries[status] ?? status; }

function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
