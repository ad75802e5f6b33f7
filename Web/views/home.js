import { h, avatar, fill } from "../dom.js";
import { attempt } from "./toast.js";
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
    search, results));

  async function load() {
    const page = await attempt(() => app.api.discover(search.value.trim()));
    if (!page) return;
    fill(results, page.items.length === 0
      ? h("p", { class: "soft" }, search.value ? "No public room by these words." : "There is no public room yet.")
      : page.items.map((room) => h("a", { class: "card room-card", href: `#/r/${room.roomId}` },
        avatar(room.roomId, room.name ?? room.roomId),
        h("span", { class: "card-body" }, h("b", {}, room.name ?? room.roomId),
          room.description && h("span", { class: "soft" }, room.description),
          h("span", { class: "small soft" }, `${room.memberCount} member${room.memberCount === 1 ? "" : "s"}`,
            room.participantCount ? ` · ${room.participantCount} here now` : "")))));
  }
  load();
}
