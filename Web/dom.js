// Building the page. What people typed only ever becomes text nodes and attribute values of our choice: there is no way
// in this file to turn a string into markup.

/** An element. `props`: `class`, `on: {event: handler}`, `data: {…}`, properties such as `value`, else attributes. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (["value", "checked", "disabled", "hidden", "autofocus"].includes(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Puts `children` in place of what an element holds. */
export function fill(element, ...children) {
  const next = [];
  for (const child of children.flat(Infinity)) if (child) next.push(child);
  element.replaceChildren(...next);
}

/** Text with its web addresses as links. Only http and https become links, and they tell the other side nothing. */
export function linked(text) {
  const parts = text.split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/);
  return parts.map((part, index) => index % 2
    ? h("a", { href: part, target: "_blank", rel: "noopener noreferrer nofollow" }, part)
    : document.createTextNode(part));
}

/** A button that is busy until its work is done, so that nothing is sent twice. */
export function button(label, action, props = {}) {
  const { class: kind = "button", ...rest } = props;
  const element = h("button", { type: "button", class: kind, ...rest, on: { click: async (event) => {
    if (element.getAttribute("aria-busy")) return;
    element.setAttribute("aria-busy", "true");
    try { await action(event); } finally { element.removeAttribute("aria-busy"); }
  } } }, label);
  return element;
}

/** A random UUID, also where the page came over plain HTTP from another machine and browsers hide their own. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Whether the text is on the clipboard now. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

export function clockTime(iso) {
  return new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** Hours and minutes for narrow places. */
export function shortTime(iso) {
  const time = new Date(iso);
  return `${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`;
}

/** "Today", "Yesterday" or a date. */
export function dayName(iso) {
  const day = new Date(iso), today = new Date();
  const days = Math.round((new Date(today.toDateString()) - new Date(day.toDateString())) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return day.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long",
    year: day.getFullYear() === today.getFullYear() ? undefined : "numeric" });
}

/** One of eight colours, always the same for the same person. */
export function tint(id) {
  let sum = 0;
  for (const character of id ?? "") sum = (sum * 31 + character.codePointAt(0)) >>> 0;
  return `tint-${sum % 8}`;
}

export function avatar(id, name) {
  const first = [...(name ?? "?").trim()][0] ?? "?";
  return h("span", { class: `avatar ${tint(id)}`, "aria-hidden": "true" }, first.toUpperCase());
}
