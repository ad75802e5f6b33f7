import { h, fill, button, clockTime, dayName } from "../dom.js";
import { attempt } from "./toast.js";

/** What I was told, newest first. */
export async function notifications(app, root) {
  const list = h("div", { class: "stack" });
  fill(root, h("div", { class: "page" },
    h("div", { class: "row between" }, h("h1", {}, "Notifications"),
      button("Mark all as read", async () => { draw(await attempt(() => app.api.readAll())); app.refresh(); }, { class: "button quiet" })),
    list));
  draw(await attempt(() => app.api.notifications()));

  function draw(page) {
    if (!page) return;
    fill(list, page.items.length === 0 ? h("p", { class: "soft" }, "Nothing yet.") : page.items.map((item) =>
      h("a", { class: `card notification${item.readAt ? "" : " unread"}`, href: item.payload.roomId ? `#/r/${item.payload.roomId}` : "#/" },
        h("b", {}, item.title), h("span", { class: "small soft" }, `${dayName(item.createdAt)}, ${clockTime(item.createdAt)}`))));
  }
}
