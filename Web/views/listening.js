import { h, fill, button } from "../dom.js";
import { icon } from "../icons.js";
import { dialog } from "./dialog.js";
import { attempt } from "./toast.js";

/** What plays in the room, what waits, and the votes on it. Every call joins first: joining twice is joining once. */
export class Listening {
  constructor(room) {
    Object.assign(this, { room, state: room.state, api: room.api });
    this.element = h("section", { class: "listening", "aria-label": "Listening session", hidden: true });
    /** One's own votes by item; frames, which are everybody's, leave them out. */
    this.votes = new Map();
    this.joined = undefined;
  }

  get session() { return this.state.session; }

  async act(call) {
    const { id } = this.session;
    if (this.joined !== id && await attempt(() => this.api.session(id, "join")) === undefined) return undefined;
    this.joined = id;
    return attempt(call);
  }

  draw() {
    const { session } = this, { me, canModerate } = this.state;
    this.element.hidden = !session || !this.state.room?.isActive;
    if (this.element.hidden) { fill(this.element); return; }
    const playing = session.nowPlaying, steers = [session.hostId, session.currentDJId].includes(me.userId);
    const call = (verb, body) => () => this.act(() => this.api.session(session.id, verb, body));
    this.time = h("span", { class: "small soft" });
    fill(this.element,
      h("div", { class: "row now" },
        h("strong", {}, playing ? title(playing.item.trackRef) : "Nothing plays"), this.time,
        h("span", { class: "small soft" }, `${session.listenerCount} listening`),
        playing && steers && button(playing.pausedAt ? "Resume" : "Pause", call(playing.pausedAt ? "resume" : "pause"), { class: "button quiet small" }),
        playing && button(steers || canModerate ? "Skip" : "Vote to skip", call("skip", { expectedItemId: playing.item.id }), { class: "button quiet small" }),
        button("Add a track", () => this.add(), { class: "button quiet small" })),
      session.queue?.length > 0 && h("ol", { class: "queue small" }, session.queue.map((item) => this.waiting(item))));
    this.tick();
  }

  waiting(item) {
    const vote = (type, sign, count) => {
      const isMine = this.votes.get(item.id) === type;
      return h("button", { type: "button", class: isMine ? "reaction own" : "reaction", "aria-pressed": String(isMine),
        "aria-label": `${type}: ${title(item.trackRef)}`, on: { click: () => this.vote(item, isMine ? undefined : type) } }, `${sign} ${count}`);
    };
    const mayTakeBack = [item.addedBy, this.session.hostId].includes(this.state.me.userId);
    return h("li", { class: "row" }, h("span", { class: "queued" }, title(item.trackRef), h("span", { class: "soft" }, ` · ${this.state.name(item.addedBy)}`)),
      vote("upvote", "▲", item.upvotes), vote("downvote", "▼", item.downvotes),
      mayTakeBack && h("button", { type: "button", class: "icon", "aria-label": `Take back: ${title(item.trackRef)}`,
        on: { click: () => this.act(() => this.api.unqueue(this.session.id, item.id)) } }, icon("cross")));
  }

  async vote(item, type) {
    const answer = await this.act(() => this.api.vote(this.session.id, item.id, type));
    if (answer === undefined) return;
    if (type) this.votes.set(item.id, type); else this.votes.delete(item.id);
    this.draw();
  }

  add() {
    const field = (name, label, props = {}) => [h("label", { for: `track-${name}` }, label), h("input", { id: `track-${name}`, name, ...props })];
    dialog("Add a track", (close) => h("form", { class: "stack", on: { submit: async (event) => {
      event.preventDefault();
      const fields = Object.fromEntries(new FormData(event.target));
      const [minutes, seconds] = fields.length.split(":").map(Number);
      const trackRef = { provider: "web", id: fields.url || fields.title, title: fields.title, artist: fields.artist || undefined,
        url: fields.url || undefined, durationMs: (minutes * 60 + seconds) * 1_000 };
      if (await this.act(() => this.api.session(this.session.id, "queue", { trackRef })) !== undefined) close();
    } } },
      field("title", "Title", { required: true, maxlength: 200, autofocus: true }), field("artist", "Artist", { maxlength: 200 }),
      field("length", "Length", { required: true, pattern: "\\d{1,3}:[0-5]\\d", placeholder: "3:45" }),
      field("url", "Address", { type: "url", pattern: "https?://.*" }), h("button", { class: "button" }, "Add")));
  }

  /** Begins one, in a room without. */
  begin() {
    dialog("Listen together", (close) => h("form", { class: "stack", on: { submit: async (event) => {
      event.preventDefault();
      const genre = new FormData(event.target).get("genre");
      if (await attempt(() => this.api.beginSession(this.room.code, genre))) close();
    } } }, h("label", { for: "session-genre" }, "Genre"), h("input", { id: "session-genre", name: "genre", required: true, maxlength: 100, autofocus: true }),
    h("button", { class: "button" }, "Begin")));
  }

  tick() {
    const playing = this.session?.nowPlaying;
    if (!this.time || !playing) return;
    const length = playing.item.trackRef.durationMs;
    const position = playing.pausedAt ? playing.positionMs : Date.now() + this.state.clockOffset - Date.parse(playing.startedAt);
    this.time.textContent = `${clock(Math.max(0, Math.min(position, length ?? position)))}${length ? ` / ${clock(length)}` : ""}`;
  }
}

function title(track) { return track.artist ? `${track.title} – ${track.artist}` : track.title; }

function clock(milliseconds) {
  const seconds = Math.floor(milliseconds / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
