import { h, fill, button } from "../dom.js";
import { icon } from "../icons.js";

/** A modal dialog; `build(close)` makes its content. The browser keeps the focus inside and Escape closes it. */
export function dialog(title, build) {
  const close = () => element.close();
  const element = h("dialog", { class: "dialog", "aria-label": title, on: {
    close: () => element.remove(),
    click: (event) => { if (event.target === element) close(); },
  } });
  fill(element, h("div", { class: "dialog-body" },
    h("header", {}, h("h2", {}, title), h("button", { type: "button", class: "icon", "aria-label": "Close", on: { click: close } }, icon("cross"))),
    build(close)));
  document.body.append(element);
  element.showModal();
  return element;
}

/** Asks before something that cannot be taken back. */
export function confirmed(title, text, label) {
  return new Promise((resolve) => {
    const element = dialog(title, (close) => [
      h("p", {}, text),
      h("div", { class: "row end" },
        button("Cancel", close, { class: "button quiet" }),
        button(label, () => { resolve(true); close(); }, { class: "button danger", autofocus: true })),
    ]);
    element.addEventListener("close", () => resolve(false));
  });
}
