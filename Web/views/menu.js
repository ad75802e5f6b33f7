import { button, copy, h } from "../dom.js";
import { icon } from "../icons.js";
import { dialog } from "./dialog.js";
import { attempt, toast } from "./toast.js";

/** What one can do with a room besides talking. */
export function roomMenu(room, isOpen) {
  const { myRole, kind } = room.state.room;
  const isPair = isOpen && kind === "pair";
  const choices = [
    ["Copy the link", () => copied(`${location.origin}/#/r/${room.code}`, "The link")],
    ["Keyboard", keyboard],
    isPair && ["Like", () => said(room.api.like(room.code), "They are told once they like you too.")],
    isPair && ["Keep the room", () => said(room.api.keep(room.code), "It stays once they want that too.")],
    isPair && ["Report and end", () => reportPartner(room)],
    isPair && ["End it", () => attempt(() => room.api.endPair(room.code))],
    isOpen && ["Listen together", () => room.listening.session ? room.listening.add() : room.listening.begin()],
    isOpen && !isPair && ["Leave the room", () => room.leave()],
    isOpen && myRole === "owner" && ["End the room", () => room.end()],
  ].filter(Boolean);
  const close = () => { menu.open = false; };
  const outside = (event) => { if (!menu.contains(event.target)) close(); };
  const menu = h("details", { class: "menu", on: {
    toggle: () => document[menu.open ? "addEventListener" : "removeEventListener"]("pointerdown", outside),
    keydown: (event) => { if (event.key === "Escape" && menu.open) { close(); menu.firstChild.focus(); } },
  } },
    h("summary", { class: "icon", "aria-label": "More", title: "More" }, icon("more")),
    h("div", { class: "menu-list" }, choices.map(([label, action]) =>
      h("button", { type: "button", on: { click: () => { close(); action(); } } }, label))));
  return menu;
}

/** Puts a text on the clipboard and says whether that went well. */
export async function copied(text, what) {
  toast(await copy(text) ? `${what} is copied.` : `Your browser does not let the page copy it: ${text}`);
}

async function said(call, text) {
  if (await attempt(() => call) !== undefined) toast(text);
}

function reportPartner(room) {
  dialog("Report them?", (close) => {
    const reason = h("textarea", { maxlength: "500", rows: "3", "aria-label": "What happened" });
    return h("div", { class: "stack" }, h("p", {}, "The room ends, and you do not meet again."), reason,
      h("div", { class: "row end" }, button("Report and end", async () => {
        if (await attempt(() => room.api.reportPartner(room.code, reason.value)) !== undefined) close();
      }, { class: "button danger" })));
  });
}

const keys = [
  ["Enter", "send"], ["Shift Enter", "a new line"], ["↑", "in an empty field: edit your last message"],
  ["Shift Tab", "from the field to the messages"], ["↑ ↓", "from message to message"],
  ["R", "reply"], ["E", "edit"], ["+", "react"], ["Del", "delete"], ["Esc", "back to the field"],
];

function keyboard() {
  dialog("Keyboard", () => h("dl", { class: "keys" }, keys.map(([key, what]) => [
    h("dt", {}, key.split(" ").map((part) => h("kbd", {}, part))), h("dd", {}, what)])));
}
