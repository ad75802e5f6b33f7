import { h, fill, button } from "../dom.js";
import { icon } from "../icons.js";
import { RoomState } from "../room-state.js";
import { Socket } from "../socket.js";
import { explain, explainClosing } from "../words.js";
import { Composer } from "./composer.js";
import { confirmed } from "./dialog.js";
import { invite } from "./invite.js";
import { Lines } from "./lines.js";
import { Listening } from "./listening.js";
import { copied, roomMenu } from "./menu.js";
import { emojiPicker } from "./message.js";
import { people } from "./people.js";
import { attempt, toast } from "./toast.js";

/** One open room: its socket, what is known of it, and how that looks. */
export class Room {
  constructor(app, code, root) {
    Object.assign(this, { app, code, root, api: app.api });
    this.state = new RoomState(app.session);
    this.state.changed = (what, entry) => this.changed(what, entry);
    /** What others said that has not been seen here. */
    this.unseen = 0;
    this.retryAt = 0;
    this.open();
  }

  /** A right; without a connection what is written waits. */
  get canWrite() {
    return Boolean(this.state.room?.isActive && this.state.room.myRole && !this.state.isMuted && !this.isStopped);
  }
  get isStopped() { return this.socket?.state.name === "stopped"; }
  get isLive() { return this.socket?.isLive ?? false; }

  async open() {
    fill(this.root, h("p", { class: "soft pad" }, "Opening the room…"));
    try {
      this.state.room = await this.api.room(this.code);
    } catch (problem) {
      // whoever has the code sees every room but a private one
      return this.dead(explain(problem.code === "not_a_member" ? { code: "invitation_required" } : problem));
    }
    if (this.isClosed) return;
    if (!this.state.room.myRole) return this.door();
    this.enter();
  }

  /** What somebody sees who has not joined. */
  door() {
    const { room } = this.state;
    fill(this.root, h("div", { class: "center" }, h("div", { class: "card stack door" },
      h("h1", {}, room.name ?? room.roomId),
      room.description && h("p", {}, room.description),
      h("p", { class: "soft" }, `${room.memberCount} member${room.memberCount === 1 ? "" : "s"}`, room.participantCount ? ` · ${room.participantCount} here now` : ""),
      room.isActive
        ? button("Join this room", async () => {
          const answer = await attempt(() => this.api.join(this.code));
          if (!answer) return;
          this.state.room = answer.room;
          this.app.refresh();
          this.enter();
        }, { class: "button wide" })
        : h("p", { class: "fault" }, "This room has ended."))));
  }

  dead(words) {
    fill(this.root, h("div", { class: "center" }, h("div", { class: "card stack door" }, h("p", {}, words),
      h("a", { class: "button quiet", href: "#/" }, "Back to the rooms"))));
  }

  async enter() {
    this.build();
    this.drawHeader();
    const load = this.api.members(this.code).then((page) => this.state.setMembers(page.items)).catch(() => {});
    if (this.state.isOver) {
      await load;
      this.drawState({ name: "over" });
      this.isReady = true;
      return this.loadOlder();
    }
    this.socket = new Socket({
      path: `/ws/${this.code}`, token: () => this.api.token,
      after: () => this.state.seq || undefined,
      onFrame: (frame) => this.frame(frame), onState: (state) => this.drawState(state),
    });
    this.clock = setInterval(() => this.tick(), 1_000);
  }

  close() {
    this.isClosed = true;
    clearInterval(this.clock);
    document.removeEventListener("visibilitychange", this.onVisible);
    this.lines?.close();
    this.socket?.close();
  }

  // MARK: Elements

  build() {
    this.header = h("header", { class: "bar room-bar" });
    this.banner = h("div", { class: "banner", role: "status", hidden: true });
    this.lines = new Lines(this);
    this.listening = new Listening(this);
    this.typing = h("p", { class: "typing small soft", "aria-live": "polite" });
    this.side = h("aside", { class: "people", "aria-label": "People" });
    this.composer = new Composer(this);
    fill(this.root, h("div", { class: "room" },
      h("section", { class: "talk" }, this.header, this.banner, this.listening.element, this.lines.element, this.lines.fresh, this.typing, this.composer.element), this.side));
    this.lines.element.addEventListener("pointerdown", () => this.showPeople(false));
    this.onVisible = () => this.looked();
    document.addEventListener("visibilitychange", this.onVisible);
  }

  drawHeader() {
    const { room, participants } = this.state, isOpen = room.isActive && !this.isStopped;
    const print = JSON.stringify([room.name, isOpen, room.myRole, participants.size]);
    if (print === this.headerPrint) return;
    this.headerPrint = print;
    this.app.drawTitle();
    fill(this.header,
      h("a", { class: "icon back", href: "#/", "aria-label": "Back to the rooms" }, icon("back")),
      h("div", { class: "room-title" }, h("h1", {}, room.name ?? room.roomId),
        h("button", { type: "button", class: "link small", title: "Copy the code", on: { click: () => copied(room.roomId, "The code") } }, room.roomId)),
      isOpen && room.kind !== "pair" && button([icon("invite"), h("span", { class: "label" }, "Invite")], () => invite(this.app, this.code),
        { class: "button quiet small", "aria-label": "Invite", title: "Invite somebody" }),
      this.peopleButton(participants.size), roomMenu(this, isOpen));
  }

  /** Where there is no room for the list of people, a button shows it, and a touch beside it hides it. */
  peopleButton(count) {
    const isOpen = () => this.side.classList.contains("open");
    const element = h("button", { type: "button", class: "button quiet small people-button", "aria-label": `${count} here: show the people`,
      "aria-expanded": String(isOpen()), on: { click: () => this.showPeople(!isOpen()) } }, icon("people"), h("span", {}, count));
    this.showPeople = (isShown) => {
      this.side.classList.toggle("open", isShown);
      element.setAttribute("aria-expanded", String(isShown));
    };
    return element;
  }

  /** How the connection is, honestly. */
  drawState(state) {
    this.composer.update();
    const banner = (kind, ...content) => {
      this.banner.className = `banner ${kind}`;
      this.banner.hidden = content.length === 0;
      fill(this.banner, content.map((part) => typeof part === "string" ? document.createTextNode(part) : part));
    };
    clearTimeout(this.bannerTimer);
    // who was here when the connection went is not known to be here still
    this.side.classList.toggle("stale", !["live", "over"].includes(state.name));
    switch (state.name) {
    case "connecting":
      if (this.state.seq) return banner("waiting", "Connecting again…");
      this.bannerTimer = setTimeout(() => banner("waiting", "Connecting…"), 600);
      return undefined;
    case "live": return undefined;
    case "waiting": {
      const seconds = Math.max(0, Math.ceil((state.until - Date.now()) / 1_000));
      return banner("waiting", `${explainClosing(state.code)} Trying again${seconds ? ` in ${seconds} s` : ""}… `,
        button("Now", () => this.socket.retryNow(), { class: "link" }));
    }
    case "over": return banner("over", "This room has ended. You can still read it.");
    case "stopped":
      if (state.code === 4001) return this.app.signOut("You have been signed out. Please sign in again.");
      if (state.code === 4005) { this.state.room.isActive = false; this.composer.update(); }
      this.drawHeader();
      this.lines.schedule();
      this.app.refreshSoon();
      return banner("stopped", `${explainClosing(state.code)} `, [4007, 4009, 4010].includes(state.code)
        ? button("Try again", () => this.socket.restart(), { class: "link" })
        : h("a", { href: "#/" }, "Back to the rooms"));
    }
  }

  note(kind, text) {
    this.banner.className = `banner ${kind}`;
    this.banner.hidden = false;
    this.banner.textContent = text;
    clearTimeout(this.bannerTimer);
    this.bannerTimer = setTimeout(() => { if (this.socket?.isLive) this.banner.hidden = true; }, 4_000);
  }

  // MARK: What comes in

  frame(frame) {
    if (frame.type === "joined") {
      const wasAway = this.state.seq > 0;
      const missed = this.state.joined(frame);
      if (!wasAway) { clearTimeout(this.bannerTimer); this.banner.hidden = true; this.firstLook(); }
      else if (!frame.recovered) this.note("info", "Back. Too much has happened meanwhile to show it all: here is the latest.");
      else this.note("info", missed ? `Back. Caught up on ${missed} thing${missed === 1 ? "" : "s"} that happened meanwhile.` : "Back. You missed nothing.");
      for (const draft of this.state.pending) if (draft.state === "sending") this.transmit(draft);
      return this.composer.update();
    }
    if (frame.type === "error") return this.refused(frame);
    this.state.frame(frame);
  }

  refused(frame) {
    if (!frame.clientMessageId) {
      if (frame.id !== "typing" && frame.id !== "read") toast(explain(frame), "error");
      return;
    }
    const draft = this.state.pending.find((draft) => draft.clientMessageId === frame.clientMessageId);
    if (draft && frame.retryable && draft.attempts < 6) {
      draft.timer = setTimeout(() => this.transmit(draft), frame.retryAfterMs ?? 1_000 * draft.attempts);
      return;
    }
    this.state.failed(frame.clientMessageId, frame);
  }

  async firstLook() {
    const page = await this.api.unread().catch(() => undefined);
    const mine = page?.items.find((item) => item.roomId === this.code);
    if (mine && mine.unreadCount > 0) this.state.lastRead = mine.lastReadSeq;
    await this.loadNotes();
    this.isReady = true;
    this.lines.schedule();
  }

  changed(what, entry) {
    if (!this.lines) return;
    if (what === "typing") return this.drawTyping();
    if (what === "session" || what === "all") this.listening.draw();
    if (what === "session") return;
    if (what === "people" || what === "all") { people(this.state, this.side); this.drawHeader(); this.composer.update(); }
    const isOther = entry?.type === "message_created" && entry.message.userId !== this.state.me.userId;
    if (isOther && !this.isSeen) { this.unseen += 1; this.app.drawTitle(); }
    if (isOther && !this.lines.isAtEnd) this.lines.fresh.hidden = false;
    this.lines.schedule();
    this.drawTyping();
  }

  get isSeen() { return this.lines.isAtEnd && document.visibilityState === "visible"; }

  drawTyping() {
    const names = this.state.typers;
    this.typing.textContent = names.length === 0 ? ""
      : names.length === 1 ? `${names[0]} is typing…` : names.length === 2 ? `${names[0]} and ${names[1]} are typing…` : "Several people are typing…";
  }

  tick() {
    if (this.socket.state.name === "waiting") this.drawState(this.socket.state);
    this.drawTyping();
    this.listening.tick();
    if (this.couldWrite !== this.canWrite) { this.couldWrite = this.canWrite; this.composer.update(); this.lines.schedule(); }
    for (const draft of this.state.pending) {
      if (draft.state !== "sending" || !this.isLive || Date.now() - draft.sentAt < 10_000) continue;
      // Ten seconds are what the server promises; the same id makes asking again harmless.
      if (draft.attempts < 4) this.transmit(draft);
      else this.state.failed(draft.clientMessageId, { code: "unavailable" });
    }
  }

  // MARK: Earlier messages

  /** Whether something came. One page at a time, whoever asks, and a while after one that failed. */
  loadOlder() {
    if (!this.isReady || this.state.oldest <= 1 || Date.now() < this.retryAt) return Promise.resolve(false);
    return this.loading ??= this.loadPage().catch((problem) => {
      this.retryAt = Date.now() + 5_000;
      toast(explain(problem), "error");
      return false;
    }).finally(() => { this.loading = undefined; });
  }

  async loadPage() {
    const { state } = this, { generation } = state;
    const before = state.oldest === Infinity ? undefined : state.oldest;
    const page = await this.api.messages(this.code, before);
    const isAll = page.items.length < 50;
    const from = isAll ? 1 : page.items.at(-1).seq;
    const count = before === undefined ? 1_000 : Math.max(1, before - from);
    const entries = count <= 1_000 ? (await this.api.timeline(this.code, from - 1, count)).items : [];
    if (generation !== state.generation || this.isClosed) return false;
    state.addHistory(page.items, entries, isAll);
    return true;
  }

  /** The lines between the messages that a first frame brought. */
  async loadNotes() {
    const { state } = this, { generation } = state;
    const from = state.messages.size < 50 ? 1 : state.oldest;
    const count = state.seq - from + 1;
    if (count > 1_000 || count < 1) return;
    const page = await this.api.timeline(this.code, from - 1, count).catch(() => undefined);
    if (page && generation === state.generation) state.addNotes(page.items, from);
  }

  async show(id) {
    if (!await this.lines.show(id)) toast("That message cannot be found.");
  }

  /** The end is on the screen, and somebody looks at it: all is read. */
  looked() {
    if (this.isClosed || !this.isReady || !this.isSeen) return;
    if (this.unseen) { this.unseen = 0; this.app.drawTitle(); }
    if (!this.isLive || this.readSent >= this.state.seq) return;
    if (this.socket.send({ type: "read", seq: this.state.seq })) this.readSent = this.state.seq;
    this.app.noteRead(this.code);
  }

  // MARK: What goes out

  send(content, parentId) {
    this.lines.toEnd();
    this.transmit(this.state.compose(content, parentId));
  }

  transmit(draft) {
    clearTimeout(draft.timer);
    draft.sentAt = Date.now();
    const isOut = this.isLive && this.socket.send({
      type: "message", content: draft.content, clientMessageId: draft.clientMessageId,
      ...(draft.parentId ? { parentId: draft.parentId, messageType: "reply" } : {}),
    });
    if (isOut) draft.attempts += 1;
    this.lines.schedule();
  }

  resend(draft) {
    draft.state = "sending";
    draft.attempts = 0;
    this.transmit(draft);
  }

  tellTyping(isTyping) { this.socket?.send({ type: "typing", isTyping }); }

  replyTo(message) { this.composer.reply(message); }
  edit(message) { this.composer.edit(message); }

  async remove(message) {
    if (await confirmed("Delete this message?", "Its words are gone for everybody.", "Delete")) await attempt(() => this.api.remove(message.id));
  }

  async react(message, emoji, isMine) {
    const answer = await attempt(() => isMine ? this.api.unreact(message.id, emoji) : this.api.react(message.id, emoji));
    const known = this.state.messages.get(message.id);
    if (answer?.reactions && known) { known.reactions = answer.reactions; this.lines.schedule(); }
  }

  pickEmoji(message, anchor) {
    emojiPicker(anchor, (emoji) => {
      const isMine = (this.state.messages.get(message.id)?.reactions ?? []).some((reaction) => reaction.emoji === emoji && reaction.me);
      this.react(message, emoji, isMine);
    });
  }

  async leave() {
    if (!await confirmed("Leave this room?", "You can come back with its code, or by an invitation if it is private.", "Leave")) return;
    if (await attempt(() => this.api.leave(this.code)) === undefined) return;
    this.app.refresh();
    this.app.go("#/");
  }

  async end() {
    if (await confirmed("End this room?", "It ends for everybody. It can be read afterwards, but not be written in.", "End the room")) await attempt(() => this.api.endRoom(this.code));
  }
}
