import { h, fill, button, clockTime } from "../dom.js";
import { icon } from "../icons.js";
import { excerpt } from "./message.js";
import { attempt } from "./toast.js";

const limit = 4_000;

/** Where messages are written, replied to and edited. */
export class Composer {
  constructor(room) {
    this.room = room;
    this.field = h("textarea", { rows: "1", "aria-label": "Message", placeholder: "Write a message", on: {
      input: () => this.typed(), keydown: (event) => this.key(event) } });
    this.context = h("div", { class: "context small", hidden: true });
    this.count = h("span", { class: "count small soft", "aria-live": "polite" });
    this.submit = h("button", { class: "button send", "aria-label": "Send" }, "Send");
    this.element = h("form", { class: "composer", on: { submit: (event) => { event.preventDefault(); this.send(); } } },
      this.context, h("div", { class: "row" }, this.field, this.submit), this.count);
    this.typingAt = 0;
  }

  focus() { this.field.focus(); }

  /** Writing needs a right, not a connection: what is written meanwhile waits. */
  update() {
    const { room } = this;
    const wasDisabled = this.field.disabled;
    this.field.disabled = !room.canWrite;
    this.submit.disabled = !room.canWrite;
    this.field.placeholder = room.canWrite ? "Write a message" : this.whyNot();
    if (wasDisabled && !this.field.disabled && matchMedia("(hover: hover)").matches) this.focus();
  }

  whyNot() {
    const { state } = this.room, until = state.self?.mutedUntil;
    if (state.isOver) return "This room has ended";
    if (this.room.isStopped) return "You are not in this room";
    return state.isMuted ? until ? `You are muted here until ${clockTime(until)}` : "You are muted here" : "You can only read here";
  }

  reply(message) {
    this.target = { parent: message };
    this.show(["Reply to ", h("b", {}, this.room.state.name(message.userId)), ": ", excerpt(message)]);
  }

  edit(message) {
    this.target = { edited: message };
    this.field.value = message.content;
    this.show(["Edit your message"]);
    this.grow();
  }

  show(content) {
    this.context.hidden = false;
    fill(this.context, h("span", {}, content), button(icon("cross"), () => this.clear(), { class: "icon", "aria-label": "Cancel" }));
    this.focus();
  }

  clear() {
    if (this.target?.edited) this.field.value = "";
    this.target = undefined;
    this.context.hidden = true;
    this.grow();
    this.focus();
  }

  async send() {
    const content = this.field.value, length = [...content.trim()].length;
    if (length === 0 || length > limit) return;
    const { parent, edited } = this.target ?? {};
    if (edited) {
      if (content !== edited.content && !await attempt(() => this.room.api.edit(edited.id, content))) return;
      return this.clear();
    }
    this.room.send(content, parent?.id);
    this.field.value = "";
    this.stopTyping();
    this.clear();
  }

  typed() {
    this.grow();
    if (this.target?.edited) return;
    if (this.field.value === "") return this.stopTyping();
    if (Date.now() - this.typingAt > 3_000) { this.typingAt = Date.now(); this.room.tellTyping(true); }
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => this.stopTyping(), 4_000);
  }

  stopTyping() {
    clearTimeout(this.typingTimer);
    if (this.typingAt) this.room.tellTyping(false);
    this.typingAt = 0;
  }

  grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 200)}px`;
    const left = limit - [...this.field.value.trim()].length;
    this.count.textContent = left < 200 ? left < 0 ? `${-left} characters too many` : `${left} characters left` : "";
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); return this.send(); }
    if (event.key === "Escape" && this.target) { event.preventDefault(); return this.clear(); }
    if (event.key === "ArrowUp" && this.field.value === "" && !this.target) {
      const { state } = this.room;
      const last = state.lines.map((line) => line.message).findLast((message) => message?.userId === state.me.userId && !message.deletedAt && message.content);
      if (last) { event.preventDefault(); this.edit(last); }
    }
  }
}
