import { h, avatar, fill } from "../dom.js";
import { attempt } from "./toast.js";
import { meet } from "./meet.js";
import { newRoom } from "./new-room.js";

/** What is shown when no room is open: rooms that anybody may join. */
export function home(app, root) {
  const results = h("div", { class: "stack" });
  const search = h("input", { type: "search", placeholder: "Search public rooms", "aria-label": "Search public rooms" });
  let timer;
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(load, 400); });
  fill(root, h("div", { class: "page" },
    h("h1", {}, `Hello, ${app.session.name}`),
    h("p", { class: "soft" }, "Choose one of your rooms, ", h("button", { class: "link", type: "button", on: { click: () => newRoom(app) } }, "make a new one"), ", or look around:"),
    meet(app), search, results));

  async function load() {
    const words = search.value.trim();
    const page = await attempt(() => app.api.discover(words));
    if (!page) return;
    fill(results);
    show(page, words);
    if (results.childElementCount === 0) {
      fill(results, h("p", { class: "soft" }, words ? "No public room by these words." : "There is no public room yet."));
    }
  }

  /** A page of a search may be short, or empty, although more follow. */
  function show(page, words) {
    results.append(...page.items.map(card));
    if (!page.nextCursor) return;
    const more = h("button", { class: "button quiet", type: "button", on: { click: async () => {
      more.disabled = true;
      const next = await attempt(() => app.api.discover(words, page.nextCursor));
      more.disabled = false;
      if (!next || !more.isConnected) return;
      more.remove();
      show(next, words);
    } } }, "More rooms");
    results.append(more);
  }

  const card = (room) => h("a", { class: "card room-card", href: `#/r/${room.roomId}` },
    avatar(room.roomId, room.name ?? room.roomId),
    h("span", { class: "card-body" }, h("b", {}, room.name ?? room.roomId),
      room.description && h("span", { class: "soft" }, room.description),
      h("span", { class: "small soft" }, `${room.memberCount} member${room.memberCount === 1 ? "" : "s"}`,
        room.participantCount ? ` · ${room.participantCount} here now` : "")));

  load();
}
