import { h, fill, avatar } from "../dom.js";

/** Who is here now, and who else belongs to the room. */
export function people(state, element) {
  const here = [...state.participants.values()].sort(byName);
  const away = [...state.members.values()].filter((member) => !state.participants.has(member.userId)).sort(byName);
  fill(element,
    h("h2", {}, `Here now · ${here.length}`), h("ul", {}, here.map((person) => line(person, true))),
    away.length > 0 && [h("h2", {}, `Not here · ${away.length}`), h("ul", {}, away.map((person) => line(person, false)))]);

  function line(person, isHere) {
    const role = state.members.get(person.userId)?.role ?? person.role;
    return h("li", { class: isHere ? "person" : "person away" }, avatar(person.userId, person.displayName),
      h("span", { class: "person-name" }, person.displayName, person.userId === state.me.userId && h("span", { class: "soft" }, " (you)")),
      role !== "member" && h("span", { class: "tag" }, role),
      state.members.get(person.userId)?.isMuted && h("span", { class: "tag" }, "muted"));
  }
}

function byName(one, other) { return one.displayName.localeCompare(other.displayName); }
