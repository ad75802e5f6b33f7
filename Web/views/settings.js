import { h, fill } from "../dom.js";
import { attempt, toast } from "./toast.js";

/** What I want to be told, and how. */
export async function settings(app, root) {
  const form = h("div", { class: "stack" });
  fill(root, h("div", { class: "page" }, h("h1", {}, "Settings"), form));
  let wishes = await attempt(() => app.api.preferences());
  if (wishes) draw();

  function toggle(label, explanation, isOn, change) {
    const box = h("input", { type: "checkbox", checked: isOn, on: { change: async () => {
      const next = await attempt(() => app.api.setPreferences(change(box.checked)));
      if (next) { wishes = next; toast("Saved."); }
      draw();
    } } });
    return h("label", { class: "card toggle" }, box, h("span", {}, h("b", {}, label), h("span", { class: "soft small" }, explanation)));
  }

  function draw() {
    fill(form,
      toggle("Invitations by e-mail", "When somebody invites you to a room.", wishes.email, (email) => ({ email })),
      toggle("Notifications in here", "In the list, and as they happen.", wishes.inApp, (inApp) => ({ inApp })),
      h("h2", {}, "Muted rooms"),
      h("p", { class: "soft small" }, "You are told nothing of these."),
      (app.rooms ?? []).map((room) => toggle(room.name ?? room.roomId, room.roomId, wishes.mutedRooms.includes(room.roomId),
        (isMuted) => ({ mutedRooms: isMuted ? [...wishes.mutedRooms, room.roomId] : wishes.mutedRooms.filter((code) => code !== room.roomId) }))));
  }
}
