import { h } from "../dom.js";
import { explain } from "../words.js";

let place;

/** Says something for a few seconds, to screen readers too. */
export function toast(text, kind = "info") {
  place ??= document.body.appendChild(h("div", { class: "toasts", role: "status", "aria-live": "polite" }));
  const note = h("div", { class: `toast ${kind}` }, text);
  place.append(note);
  setTimeout(() => note.remove(), kind === "error" ? 7_000 : 4_000);
}

/** Runs `action`; a refusal is explained. Returns undefined then. */
export async function attempt(action) {
  try {
    return await action();
  } catch (problem) {
    toast(explain(problem), "error");
    return undefined;
  }
}
