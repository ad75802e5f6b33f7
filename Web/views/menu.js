import { copy, h } from "../dom.js";
import { icon } from "../icons.js";
import { dialog } from "./dialog.js";
import { toast } from "./toast.js";

/** What one can do with a room besides talking. */
export function roomMenu(room, isOpen) {
  const { myRole } = room.state.room;
  const choices = [
    ["Copy the link", () => copied(`${location.origin}/#/r/${room.code}`, "The link")],
    ["Keyboard", keyboard],
    isOpen && ["Listen together", () => room.listening.session ? room.listening.add() : room.listening.begin()],
    isOpen && ["Leave the room", () => room.leave()],
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

const keys = [
  ["Enter", "send"], ["Shift Enter", "a new line"], ["↑", "in an empty field: edit your last message"],
  ["Shift Tab", "from the field to the messages"], ["↑ ↓", "from message to message"],
  ["R", "reply"], ["E", "edit"], ["+", "react"], ["Del", "delete"], ["Esc", "back to the field"],
];

function keyboard() {
  dialog("Keyboard", () => h("dl", { class: "keys" }, keys.map(([key, what]) => [
    h("dt", {}, key.split(" ").map((part) => h("kbd", {}, part))), h("dd", {}, what)])));
}
