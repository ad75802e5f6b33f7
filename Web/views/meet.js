import { h, fill, button } from "../dom.js";
import { explain } from "../words.js";
import { attempt } from "./toast.js";

/** Random pairing: search for somebody, see that one searches, stop. A match opens its room by itself. */
export function meet(app) {
  const element = h("div", { class: "row" });

  function show(answer) {
    if (answer?.status === "matched") {
      const open = () => app.go(`#/r/${answer.room.roomId}`);
      fill(element, "You are with somebody. ", button("Back to them", open, { class: "link" }));
    } else if (answer?.status === "searching") {
      fill(element, h("span", { role: "status" }, "Looking for somebody…"), button("Stop", stop, { class: "button quiet" }));
    } else {
      const interests = h("input", { type: "text", maxlength: "500", placeholder: "Jazz, chess (or nothing)", "aria-label": "Your interests, separated by commas" });
      fill(element, interests, button("Meet somebody", () => start(interests.value)));
    }
  }

  async function start(text) {
    const interests = text.split(",").map((word) => word.trim()).filter(Boolean);
    const answer = await attempt(() => app.api.searchPartner(interests));
    if (!answer) return;
    show(answer);
    if (answer.status === "matched") app.go(`#/r/${answer.room.roomId}`);
  }

  async function stop() {
    await attempt(() => app.api.cancelSearch());
    // Somebody may have been found just then.
    show(await attempt(() => app.api.currentRoom()));
  }

  app.api.currentRoom().then(show, (problem) => {
    if (problem.code !== "feature_disabled") fill(element, h("span", { class: "soft" }, explain(problem)));
  });
  return element;
}
