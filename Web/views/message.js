import { h, avatar, button, clockTime, linked, shortTime } from "../dom.js";
import { icon } from "../icons.js";
import { explain } from "../words.js";

export const emojis = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "🔥"];

/** One message as it is shown. `follows`: the one before is by the same person, moments ago. */
export function messageView(message, room, follows) {
  const { state } = room, mine = message.userId === state.me.userId, name = state.name(message.userId);
  const parent = message.parentId && state.messages.get(message.parentId);
  const isGone = Boolean(message.deletedAt);
  const element = h("article", {
    class: `message${mine ? " mine" : ""}${follows ? " follows" : ""}`, tabindex: "-1",
    "aria-label": `${name}, ${clockTime(message.createdAt)}`, data: { id: message.id },
  },
    follows ? h("time", { class: "gutter", datetime: message.createdAt }, shortTime(message.createdAt)) : avatar(message.userId, name),
    h("div", { class: "message-body" },
      !follows && h("header", {}, h("b", { class: "author" }, name), h("time", { datetime: message.createdAt, class: "soft small" }, clockTime(message.createdAt))),
      message.parentId && h("button", { type: "button", class: "quote", on: { click: () => room.show(message.parentId) } },
        parent ? [h("b", {}, state.name(parent.userId)), " ", excerpt(parent)] : "an earlier message"),
      isGone ? h("p", { class: "content gone" }, "This message was deleted.") : content(message, mine),
      h("footer", {},
        !isGone && (message.reactions ?? []).map((reaction) => reactionView(reaction, message, room)),
        message.replyCount > 0 && h("span", { class: "soft small" }, `${message.replyCount} ${message.replyCount === 1 ? "reply" : "replies"}`))),
    !isGone && room.canWrite && actions(message, room, mine));
  return element;
}

function content(message, mine) {
  const track = message.trackRef;
  return [
    track && h("div", { class: "track" }, h("b", {}, track.title), track.artist && h("span", { class: "soft" }, track.artist)),
    message.content && h("p", { class: "content" }, linked(message.content), message.editedAt && h("span", { class: "soft small" }, " (edited)"),
      mine && sentMark()),
  ];
}

function sentMark() { return h("span", { class: "sent", role: "img", "aria-label": "Sent", title: "Sent" }, icon("check")); }

export function excerpt(message) {
  if (message.deletedAt) return "deleted";
  const text = (message.content ?? message.trackRef?.title ?? "").replace(/\s+/g, " ");
  return text.length > 90 ? `${[...text].slice(0, 90).join("")}…` : text;
}

function reactionView(reaction, message, room) {
  return button([reaction.emoji, " ", reaction.count], () => room.react(message, reaction.emoji, reaction.me), {
    class: `reaction${reaction.me ? " own" : ""}`, "aria-pressed": String(reaction.me),
    "aria-label": `${reaction.emoji}, ${reaction.count}`,
  });
}

function actions(message, room, mine) {
  return h("div", { class: "actions" },
    button(icon("smile"), (event) => room.pickEmoji(message, event.currentTarget), { class: "icon", "aria-label": "React", title: "React (+)" }),
    button(icon("reply"), () => room.replyTo(message), { class: "icon", "aria-label": "Reply", title: "Reply (r)" }),
    mine && message.content && button(icon("pencil"), () => room.edit(message), { class: "icon", "aria-label": "Edit", title: "Edit (e)" }),
    (mine || room.state.canModerate) && button(icon("bin"), () => room.remove(message), { class: "icon", "aria-label": "Delete", title: "Delete (Del)" }));
}

/** An own message that is not in the timeline yet: on its way, stored, or refused. */
export function draftView(draft, room) {
  const { state } = room, isFailed = draft.state === "failed", isSent = draft.state === "sent";
  return h("article", { class: `message mine draft ${draft.state}` },
    avatar(state.me.userId, state.me.name),
    h("div", { class: "message-body" },
      h("header", {}, h("b", { class: "author" }, state.me.name)),
      h("p", { class: "content" }, linked(draft.content), isSent && sentMark()),
      !isSent && h("footer", { class: "small" }, isFailed
        ? [h("span", { class: "fault" }, "Not sent. ", explain(draft.problem)),
          button("Try again", () => room.resend(draft), { class: "link" }),
          button("Discard", () => state.discard(draft), { class: "link" })]
        : h("span", { class: "soft" }, room.isLive ? "Sending…" : "Waiting for the connection…"))));
}

/** What happened, in words: who came, who left, what changed. Undefined where it is not told. */
export function noteText(entry, state) {
  const who = entry.member ? entry.member.displayName : state.name(entry.userId);
  return {
    member_joined: () => `${who} joined`,
    member_left: () => entry.reason === "removed" ? `${who} was removed` : `${who} left`,
    member_banned: () => `${who} was banned`,
    member_updated: () => entry.member.isMuted ? `${who} is muted` : `${who} is now ${entry.member.role}`,
    room_updated: () => "The room was changed",
    room_ended: () => "The room has ended",
    session_started: () => "A listening session began",
    session_ended: () => "The listening session ended",
    track_started: () => `Now playing: ${entry.session?.nowPlaying?.item?.trackRef?.title ?? "a track"}`,
  }[entry.type]?.();
}

export function noteView(text, at) {
  return h("p", { class: "note" }, text, " ", h("time", { datetime: at }, clockTime(at)));
}

/** The emoji to choose from, beside `anchor`. */
export function emojiPicker(anchor, choose) {
  document.querySelector(".picker")?.remove();
  const close = () => { picker.remove(); document.removeEventListener("pointerdown", outside); anchor.focus(); };
  const outside = (event) => { if (!picker.contains(event.target)) close(); };
  const picker = h("div", { class: "picker", role: "dialog", "aria-label": "Choose a reaction", on: { keydown: (event) => {
    if (event.key === "Escape") { event.stopPropagation(); close(); }
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) { event.preventDefault(); const all = [...picker.children]; all.at((all.indexOf(document.activeElement) + step) % all.length).focus(); }
  } } }, emojis.map((emoji) => h("button", { type: "button", class: "icon", on: { click: () => { close(); choose(emoji); } } }, emoji)));
  anchor.closest(".message, .draft")?.append(picker);
  picker.firstChild.focus();
  setTimeout(() => document.addEventListener("pointerdown", outside));
}
