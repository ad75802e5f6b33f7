import { h, fill, button } from "../dom.js";
import { explainDelivery } from "../words.js";
import { dialog } from "./dialog.js";
import { copied } from "./menu.js";
import { attempt } from "./toast.js";

/** Invites by e-mail, shows how far each mail got, and offers the link. */
export function invite(app, code, onDelivery) {
  const list = h("div", { class: "stack" });
  const email = h("input", { type: "email", required: true, maxlength: 254, placeholder: "friend@example.org", autofocus: true, "aria-label": "E-mail address" });
  const element = dialog("Invite somebody", () => h("div", { class: "stack" },
    h("form", { class: "row", on: { submit: async (event) => {
      event.preventDefault();
      const invitation = await attempt(() => app.api.invite(code, email.value.trim()));
      if (!invitation) return;
      email.value = "";
      load();
    } } }, email, h("button", { class: "button" }, "Invite")),
    h("p", { class: "soft small" }, "Or share the link: ", button("Copy it", () => copied(`${location.origin}/#/r/${code}`, "The link"), { class: "link" })),
    list));
  const timer = setInterval(() => { if (list.querySelector(".going")) load(); }, 1_000);
  element.addEventListener("close", () => clearInterval(timer));
  load();

  async function load() {
    const page = await attempt(() => app.api.invitationsOf(code));
    if (!page) return;
    fill(list, page.items.map((item) => h("div", { class: "row between small" }, h("span", {}, item.email),
      h("span", { class: `tag ${item.status === "pending" ? item.delivery : ""} ${["queued", "sending"].includes(item.delivery) && item.status === "pending" ? "going" : ""}` },
        item.status === "pending" ? explainDelivery(item.delivery) : item.status))));
  }
}
