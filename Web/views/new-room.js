import { h } from "../dom.js";
import { dialog } from "./dialog.js";
import { attempt } from "./toast.js";

const types = {
  unlisted: "Whoever has the code",
  private: "Invited people only",
  public: "Everybody, and it is listed",
};

/** Asks for a name and who may come in, makes the room and goes there. */
export function newRoom(app) {
  dialog("New room", (close) => {
    const name = h("input", { type: "text", maxlength: 100, required: true, autofocus: true, placeholder: "What is it about?" });
    const type = h("select", {}, Object.entries(types).map(([value, label]) => h("option", { value }, label)));
    return h("form", { class: "stack", on: { submit: async (event) => {
      event.preventDefault();
      const room = await attempt(() => app.api.createRoom({ name: name.value, kind: "chat", type: type.value }));
      if (!room) return;
      close();
      app.go(`#/r/${room.roomId}`);
      app.refresh();
    } } },
      h("label", {}, "Name", name), h("label", {}, "Who may come in", type),
      h("div", { class: "row end" }, h("button", { class: "button" }, "Make the room")));
  });
}
