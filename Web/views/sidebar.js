import { h, avatar, fill, button } from "../dom.js";
import { icon } from "../icons.js";
import { attempt } from "./toast.js";
import { newRoom } from "./new-room.js";

/** The list of my rooms, with what is unread, invitations, and the ways to more rooms. */
export class Sidebar {
  constructor(app) {
    this.app = app;
    this.list = h("nav", { "aria-label": "My rooms", class: "rooms" });
    this.invitations = h("section", { class: "invitations", "aria-label": "Invitations", hidden: true });
    this.bell = h("button", { type: "button", class: "icon", "aria-label": "Notifications", on: { click: () => app.go("#/notifications") } });
    const code = h("input", { type: "text", placeholder: "Room code or link", "aria-label": "Room code or link", autocomplete: "off", spellcheck: "false" });
    const join = h("form", { class: "row", on: { submit: (event) => {
      event.preventDefault();
      const match = code.value.toLowerCase().match(/[a-z]{3}-[a-z]{4}-[a-z]{3}/);
      if (!match) return code.setCustomValidity("A code looks like abc-defg-hij"), code.reportValidity();
      code.value = "";
      app.go(`#/r/${match[0]}`);
    } } }, code, h("button", { class: "button quiet" }, "Join"));
    code.addEventListener("input", () => code.setCustomValidity(""));
    this.element = h("aside", { class: "sidebar" },
      h("header", { class: "bar" },
        h("a", { href: "#/", class: "brand" }, h("span", { class: "dot", "aria-hidden": "true" }, "●"), " Parlor"),
        this.bell,
        h("button", { type: "button", class: "icon", "aria-label": "Settings", on: { click: () => app.go("#settings") } }, icon("gear"))),
      h("div", { class: "sidebar-tools" }, join, button("New room", () => newRoom(app), { class: "button wide" })),
      this.invitations, this.list,
      h("a", { href: "#/discover", class: "room-link discover" }, icon("compass"), "Look around"),
      h("footer", { class: "me small soft" }, h("span", {}, app.session.name), button("Sign out", () => app.signOut(), { class: "link" })));
  }

  draw() {
    const { rooms, unread, current, invitations, unreadNotifications } = this.app;
    fill(this.bell, icon("bell"), unreadNotifications > 0 && h("span", { class: "badge" }, unreadNotifications));
    this.bell.setAttribute("aria-label", unreadNotifications ? `Notifications, ${unreadNotifications} unread` : "Notifications");
    this.invitations.hidden = invitations.length === 0;
    fill(this.invitations, invitations.map((invitation) => h("div", { class: "invitation" },
      h("span", {}, "You are invited to ", h("b", {}, invitation.roomName ?? invitation.roomId)),
      h("div", { class: "row" },
        button("Join", () => this.answer(invitation, "accept"), { class: "button small" }),
        button("No, thanks", () => this.answer(invitation, "decline"), { class: "button quiet small" })))));
    if (rooms === undefined) return fill(this.list, h("p", { class: "soft small pad" }, "Loading…"));
    if (rooms.length === 0) return fill(this.list, h("p", { class: "soft small pad" }, "You are in no room yet. Make one, or join one by its code."));
    const focused = this.list.contains(document.activeElement) && document.activeElement.getAttribute("href");
    fill(this.list, rooms.map((room) => {
      const count = room.roomId === current ? 0 : unread.get(room.roomId) ?? 0;
      return h("a", { href: `#/r/${room.roomId}`, class: `room-link${room.roomId === current ? " current" : ""}`, "aria-current": room.roomId === current ? "page" : undefined },
        avatar(room.roomId, room.name ?? room.roomId), h("span", { class: "room-name" }, room.name ?? room.roomId),
        room.roomId !== current && room.participantCount > 0 && h("span", { class: "live", title: `${room.participantCount} here now` }, room.participantCount),
        count > 0 && h("span", { class: "badge", "aria-label": `${count} unread` }, count > 99 ? "99+" : count));
    }));
    if (focused) this.list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
  }

  async answer(invitation, verb) {
    const answer = await attempt(() => this.app.api.answer(invitation.invitationId, verb));
    await this.app.refresh();
    if (answer && verb === "accept") this.app.go(`#/r/${invitation.roomId}`);
  }
}
