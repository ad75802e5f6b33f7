import { Api } from "../api.js";
import { h, fill } from "../dom.js";
import { keepSession } from "../session.js";
import { explain } from "../words.js";

/** The first page: who are you? */
export function signIn(root, { note, onSignedIn }) {
  const email = h("input", { type: "email", required: true, autocomplete: "email", maxlength: 254, placeholder: "you@example.org" });
  const name = h("input", { type: "text", required: true, autocomplete: "nickname", maxlength: 100, placeholder: "How others see you" });
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const submit = h("button", { class: "button wide" }, "Come in");
  const form = h("form", { class: "card signin", on: { submit: async (event) => {
    event.preventDefault();
    submit.disabled = true;
    fault.hidden = true;
    try {
      const answer = await Api.signIn(email.value.trim(), name.value.trim());
      const session = { ...answer, email: email.value.trim(), name: name.value.trim() };
      keepSession(session);
      onSignedIn(session);
    } catch (problem) {
      fault.textContent = problem.status === 404
        ? "Signing in by name is switched off here: this server expects a token of your own." : explain(problem);
      fault.hidden = false;
      submit.disabled = false;
    }
  } } },
    h("h1", {}, h("span", { class: "dot", "aria-hidden": "true" }, "●"), " Parlor"),
    h("p", { class: "soft" }, note ?? "Rooms to talk in."),
    h("label", {}, "E-mail", email),
    h("label", {}, "Name", name),
    fault, submit,
    h("p", { class: "small soft" }, "For trying things out: no password, and the same address is always the same person."));
  fill(root, h("main", { class: "center" }, form));
  email.focus();
}
