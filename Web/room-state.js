// What is known of one room, kept right by its timeline. No element and no network in here: entries and frames go in,
// `changed` is called, views read.

import { uuid } from "./dom.js";

export class RoomState {
  constructor(me) {
    this.me = me;
    this.changed = () => {};
    this.room = undefined;
    this.participants = new Map();
    this.members = new Map();
    this.names = new Map([[me.userId, me.name]]);
    this.typing = new Map();
    /**
     * Own messages that are not in the timeline yet, oldest first: `sending`, `sent` (stored, its entry is on the way) or
     * `failed`.
     */
    this.pending = [];
    /** The listening session; what `joined` and frames say. */
    this.session = null;
    this.sessionSeq = 0;
    /** How far the server's clock is ahead. */
    this.clockOffset = 0;
    this.generation = 0;
    this.reset();
  }

  /** Forgets what was shown, not what is unsent. */
  reset() {
    /** Tells pages of history that were asked for before from those after. */
    this.generation += 1;
    /** By id. */
    this.messages = new Map();
    /** Lines about members, room and session, by seq. */
    this.notes = new Map();
    /** The last entry seen; where a resume begins. */
    this.seq = 0;
    /** Everything from here on is shown; 1 or less when all is. */
    this.oldest = Infinity;
    this.lastRead = undefined;
  }

  get canModerate() { return this.room?.myRole === "owner" || this.room?.myRole === "moderator"; }
  get isOver() { return this.room ? !this.room.isActive : false; }
  get self() { return this.members.get(this.me.userId); }
  /** A mute for a time ends by itself. */
  get isMuted() {
    const { isMuted, mutedUntil } = this.self ?? {};
    return Boolean(isMuted) && !(mutedUntil && Date.parse(mutedUntil) <= Date.now());
  }

  name(userId) {
    return this.participants.get(userId)?.displayName ?? this.members.get(userId)?.displayName
      ?? this.names.get(userId) ?? "Somebody";
  }

  // What comes in

  setMembers(items) {
    this.members = new Map(items.map((member) => [member.userId, member]));
    for (const member of items) this.names.set(member.userId, member.displayName);
    this.changed("people");
  }

  /** The first frame of a connection. Returns how many entries are still to come before it is up to date. */
  joined(frame) {
    const behind = this.seq ? frame.seq - this.seq : 0;
    this.room = { ...this.room, ...frame.room };
    this.participants = new Map(frame.participants.map((person) => [person.userId, person]));
    for (const person of frame.participants) this.names.set(person.userId, person.displayName);
    this.session = frame.session;
    this.sessionSeq = frame.seq;
    this.clockOffset = Date.parse(frame.serverTime) - Date.now();
    this.typing.clear();
    if (!frame.recovered) {
      this.reset();
      for (const message of frame.recent ?? []) this.addMessage(message);
      this.oldest = frame.recent?.length ? frame.recent[0].seq : frame.seq + 1;
      this.seq = frame.seq;
      // those have their entries somewhere in what is not shown
      this.pending = this.pending.filter((draft) => draft.state !== "sent");
    }
    this.changed("all");
    return frame.recovered ? Math.max(0, behind) : 0;
  }

  frame(frame) {
    switch (frame.type) {
    case "user_joined": case "participant_updated":
      this.participants.set(frame.participant.userId, frame.participant);
      this.names.set(frame.participant.userId, frame.participant.displayName);
      return this.changed("people");
    case "user_left":
      this.participants.delete(frame.userId);
      this.typing.delete(frame.userId);
      return this.changed("people");
    case "typing":
      if (frame.isTyping) this.typing.set(frame.userId, Date.now() + 6_000);
      else this.typing.delete(frame.userId);
      return this.changed("typing");
    case "queue_updated":
      this.session = frame.session;
      return this.changed("session");
    case "ack":
      return this.stored(frame.clientMessageId);
    default:
      if (typeof frame.seq === "number") this.entry(frame);
    }
  }

  /** A live or replayed entry; each counts once, in order. */
  entry(entry) {
    if (entry.seq <= this.seq) return;
    this.seq = entry.seq;
    const isMessage = this.apply(entry);
    this.changed(isMessage ? "timeline" : "all", entry);
  }

  apply(entry) {
    const message = entry.message, known = message && this.messages.get(message.id);
    switch (entry.type) {
    case "message_created":
      this.addMessage({ ...message, reactions: [], replyCount: 0 });
      this.typing.delete(message.userId);
      this.bumpReplies(message.parentId);
      return true;
    case "message_updated": case "message_deleted":
      if (known) Object.assign(known, message, { seq: known.seq });
      return true;
    case "reaction_added": case "reaction_removed":
      this.react(entry);
      return true;
    case "reactions_cleared":
      if (this.messages.has(entry.messageId)) this.messages.get(entry.messageId).reactions = [];
      return true;
    case "member_joined": case "member_updated":
      this.members.set(entry.member.userId, entry.member);
      this.names.set(entry.member.userId, entry.member.displayName);
      if (entry.member.userId === this.me.userId && this.room) this.room.myRole = entry.member.role;
      break;
    case "member_left": case "member_banned":
      this.members.delete(entry.member.userId);
      this.names.set(entry.member.userId, entry.member.displayName);
      break;
    case "room_updated": case "room_ended":
      this.room = { ...this.room, ...entry.room, myRole: this.room?.myRole };
      break;
    }
    // what is brought up is older than what the first frame said
    if (entry.session && entry.seq > this.sessionSeq) {
      const queue = this.session?.queue ?? [], playing = entry.session.nowPlaying?.item.id;
      this.session = entry.type === "session_ended" ? null : { ...entry.session, queue: queue.filter((item) => item.id !== playing) };
    }
    this.notes.set(entry.seq, entry);
    return false;
  }

  /** Older messages, newest first, and the other entries of the same stretch. */
  addHistory(messages, entries, isAll) {
    for (const message of messages) this.addMessage(message);
    this.addNotes(entries.filter((entry) => entry.seq < this.oldest), isAll ? 1 : messages.at(-1)?.seq ?? 1);
  }

  /** What else happened among the messages; `first` is where all of it is known from. */
  addNotes(entries, first) {
    for (const entry of entries) {
      if (entry.member && !this.names.has(entry.member.userId)) this.names.set(entry.member.userId, entry.member.displayName);
      if (!/^(message|reaction)/.test(entry.type)) this.notes.set(entry.seq, entry);
    }
    this.oldest = Math.min(this.oldest, first);
    this.changed("history");
  }

  addMessage(message) {
    this.messages.set(message.id, { ...message });
    if (!message.clientMessageId || message.userId !== this.me.userId) return;
    this.pending = this.pending.filter((draft) => draft.clientMessageId !== message.clientMessageId);
  }

  bumpReplies(parentId) {
    const parent = parentId && this.messages.get(parentId);
    if (parent) parent.replyCount = (parent.replyCount ?? 0) + 1;
  }

  react({ type, messageId, emoji, count, userId }) {
    const message = this.messages.get(messageId);
    if (!message) return;
    const others = (message.reactions ?? []).filter((reaction) => reaction.emoji !== emoji);
    const before = (message.reactions ?? []).find((reaction) => reaction.emoji === emoji);
    const me = userId === this.me.userId ? type === "reaction_added" : before?.me ?? false;
    const changed = { emoji, count, me };
    message.reactions = count === 0 ? others
      : before ? message.reactions.map((reaction) => reaction.emoji === emoji ? changed : reaction) : [...others, changed];
  }

  // What goes out

  /** Notes a message that is about to be sent. Its id makes sending it again harmless. */
  compose(content, parentId) {
    const draft = {
      clientMessageId: uuid(), content, parentId, state: "sending", attempts: 0,
      createdAt: new Date().toISOString(),
    };
    this.pending.push(draft);
    this.changed("timeline");
    return draft;
  }

  /** The server has it for good; its line follows with its entry. */
  stored(clientMessageId) {
    const draft = this.pending.find((draft) => draft.clientMessageId === clientMessageId);
    if (!draft) return;
    draft.state = "sent";
    this.changed("timeline");
  }

  failed(clientMessageId, problem) {
    const draft = this.pending.find((draft) => draft.clientMessageId === clientMessageId);
    if (!draft) return;
    draft.state = "failed";
    draft.problem = problem;
    this.changed("timeline");
  }

  discard(draft) {
    this.pending = this.pending.filter((other) => other !== draft);
    this.changed("timeline");
  }

  // What is shown

  /** Messages and notes in order. */
  get lines() {
    const lines = [...this.messages.values()].map((message) => ({ seq: message.seq, message }));
    for (const [seq, entry] of this.notes) lines.push({ seq, entry });
    return lines.sort((one, other) => one.seq - other.seq);
  }

  get typers() {
    const now = Date.now();
    return [...this.typing].filter(([id, until]) => until > now && id !== this.me.userId).map(([id]) => this.name(id));
  }
}
