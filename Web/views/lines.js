import { h, dayName } from "../dom.js";
import { draftView, excerpt, messageView, noteText, noteView } from "./message.js";

/**
 * What is shown of a room's timeline, and where in it one is. A row that has not changed keeps its element, so that a
 * selection, an open picker and the keyboard's place survive whatever else happens in the room.
 */
export class Lines {
  /** @param room what the rows act upon; its `loadOlder` is called when more is wanted, `looked` when the end is seen. */
  constructor(room) {
    this.room = room;
    this.rows = new Map();
    this.isAtEnd = true;
    this.element = h("div", { class: "lines", role: "log", "aria-label": "Messages", tabindex: "0", on: {
      scroll: () => this.scrolled(), keydown: (event) => this.key(event) } });
    this.fresh = h("button", { type: "button", class: "fresh", hidden: true, on: { click: () => this.toEnd() } }, "New messages ↓");
    // A keyboard that slides in, or a composer that grows, takes room from the end.
    this.size = new ResizeObserver(() => { if (this.isAtEnd) this.stayAtEnd(); });
    this.size.observe(this.element);
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.size.disconnect();
  }

  /** Many changes at once are drawn once. */
  schedule() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
      this.room.looked();
    });
  }

  draw() {
    const anchor = this.isAtEnd ? undefined : this.firstInView();
    const before = anchor?.offsetTop;
    this.place(this.list());
    if (this.isAtEnd) this.stayAtEnd();
    else if (anchor?.isConnected) this.element.scrollTop += anchor.offsetTop - before;
    this.wantMore();
  }

  /** What is to be seen, from the top: `{key, print, make}`. Two rows with the same key and print look the same. */
  list() {
    const { state } = this.room, { lines, lastRead } = state, rows = [];
    const add = (key, print, make) => rows.push({ key, print: String(print), make });
    const note = (key, text, kind = "note") => add(key, text, () => h("p", { class: kind }, h("span", {}, text)));
    let day, previous, isMarked = lastRead === undefined;
    if (state.oldest <= 1) note("top", "This is where the room began.");
    else if (lines.length > 0) note("top", "Earlier messages…");
    for (const { seq, message, entry } of lines) {
      const name = dayName(message?.createdAt ?? entry.at);
      if (name !== day) { note(`day ${name}`, name, "day"); day = name; previous = undefined; }
      if (!isMarked && seq > lastRead && message && message.userId !== state.me.userId) {
        note("new", "New", "new-line");
        isMarked = true; previous = undefined;
      }
      if (entry) {
        const text = noteText(entry, state);
        if (text) { add(`note ${seq}`, text, () => noteView(text, entry.at)); previous = undefined; }
        continue;
      }
      const follows = previous?.userId === message.userId && !message.parentId
        && Date.parse(message.createdAt) - Date.parse(previous.createdAt) < 300_000;
      add(message.id, this.print(message, follows), () => messageView(message, this.room, follows));
      previous = message;
    }
    for (const draft of state.pending) {
      add(draft.clientMessageId, [draft.state, draft.problem?.code, this.room.isLive], () => draftView(draft, this.room));
    }
    if (lines.length === 0 && state.pending.length === 0 && state.oldest !== Infinity) note("empty", "Nothing has been said yet. Say hello!");
    return rows;
  }

  print(message, follows) {
    const { state, canWrite } = this.room, parent = message.parentId && state.messages.get(message.parentId);
    return JSON.stringify([message, follows, canWrite, state.canModerate, state.name(message.userId),
      parent && [state.name(parent.userId), excerpt(parent)]]);
  }

  place(rows) {
    const next = new Map();
    for (const { key, print, make } of rows) {
      const known = this.rows.get(key);
      if (known?.print === print) { next.set(key, known); continue; }
      const row = { print, element: make() };
      next.set(key, row);
      if (!known) continue;
      const hadFocus = known.element.contains(document.activeElement);
      known.element.replaceWith(row.element);
      if (hadFocus) row.element.focus({ preventScroll: true });
    }
    for (const [key, { element }] of this.rows) if (!next.has(key)) element.remove();
    let place = this.element.firstChild;
    for (const { element } of next.values()) {
      if (element === place) place = place.nextSibling;
      else this.element.insertBefore(element, place);
    }
    this.rows = next;
  }

  // MARK: Where one is

  firstInView() {
    const top = this.element.scrollTop;
    return [...this.element.querySelectorAll(".message")].find((row) => row.offsetTop + row.offsetHeight > top);
  }

  stayAtEnd() { this.element.scrollTop = this.element.scrollHeight; }

  toEnd() {
    this.isAtEnd = true;
    this.fresh.hidden = true;
    this.stayAtEnd();
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    this.isAtEnd = scrollHeight - scrollTop - clientHeight < 60;
    if (this.isAtEnd) { this.fresh.hidden = true; this.room.looked(); }
    this.wantMore();
  }

  /** Asked after every drawing too: where all is on the screen, and where the top is reached already, nobody scrolls. */
  wantMore() {
    if (this.element.clientHeight > 0 && this.element.scrollTop < 200) this.room.loadOlder();
  }

  async show(id) {
    for (let page = 0; page < 20 && !this.rows.has(id) && this.room.state.oldest > 1; page += 1) {
      this.isAtEnd = false;
      if (!await this.room.loadOlder()) break;
      this.draw();
    }
    const element = this.rows.get(id)?.element;
    if (!element) return false;
    this.isAtEnd = false;
    element.scrollIntoView({ block: "center" });
    element.classList.add("shown");
    setTimeout(() => element.classList.remove("shown"), 1_500);
    return true;
  }

  // MARK: By keyboard

  key(event) {
    const { room } = this;
    const items = [...this.element.querySelectorAll(".message[data-id]")], index = items.indexOf(document.activeElement);
    const move = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (move && (event.target === this.element || index >= 0)) {
      event.preventDefault();
      const next = index < 0 ? items.at(-1) : items[index + move];
      if (next) next.focus(); else if (move > 0) room.composer.focus();
      return;
    }
    if (event.key === "Escape" && index >= 0) return room.composer.focus();
    const message = index >= 0 && room.state.messages.get(items[index].dataset.id);
    if (!message || message.deletedAt || !room.canWrite || event.ctrlKey || event.metaKey || event.altKey) return;
    const isMine = message.userId === room.state.me.userId;
    const action = {
      r: () => room.replyTo(message), "+": () => room.pickEmoji(message, items[index].querySelector(".actions button")),
      e: () => isMine && room.edit(message), Delete: () => (isMine || room.state.canModerate) && room.remove(message),
    }[event.key];
    if (action) { event.preventDefault(); action(); }
  }
}
