// In which group a card stands: pinned, of one's own, or by the first part of its tag; and what a group looks like.
import * as state from "../../core/state.js";
import { parse } from "../../core/dictionary.js";
import { compareNames } from "../../text/name_order.js";
import { groupOf, rankOf } from "../../text/tag_order.js";
import { part } from "../../ui/dom.js";

export const PINNED = "\u0000pinned";
export const OWN = "\u0000own";

// Whether a card was made by hand: a list of tags and expressions as JSON, which is its id.
/** @param {string} id */
export const own = (id) => state.get("cards").includes(id) || id === oneId();

// The card that is shown alone, in a notebook's cell.
export const oneId = () => (state.get("one") ? JSON.stringify([state.get("one")]) : null);

// What a card shows; null where an address says something else.
/**
 * @param {string} id
 * @returns {string[] | null}
 */
export function tagsOf(id) {
  if (!own(id)) return [id];
  try {
    const tags = parse(id);
    return Array.isArray(tags) &&
      tags.length &&
      tags.every((/** @type {unknown} */ tag) => typeof tag === "string" && tag)
      ? tags
      : null;
  } catch {
    return null;
  }
}

/**
 * Groups in their order, with ids in the user's order.
 * @param {string[]} ids
 * @param {import("./card_places.js").CardPlaces} places
 * @returns {[name: string, ids: string[]][]}
 */
export function groupsOf(ids, places) {
  /** @type {string[]} */
  const pins = state.get("pins");
  /** @type {Map<string, string[]>} */
  const groups = new Map();
  for (const id of ids) {
    const group = pins.includes(id) ? PINNED : own(id) ? OWN : groupOf(id);
    groups.set(group, [...(groups.get(group) ?? []), id]);
  }
  groups.get(PINNED)?.sort((a, b) => pins.indexOf(a) - pins.indexOf(b));
  for (const [group, members] of groups) places.sort(group, members);
  /** @param {string} name */
  const rank = (name) => (name === PINNED ? -2 : name === OWN ? -1 : rankOf(name));
  return [...groups].sort(([a], [b]) => rank(a) - rank(b) || compareNames(a, b));
}

const HEAD = `<h2><button aria-expanded="true"><svg viewBox="0 0 12 12" aria-hidden="true"><path
  d="M2.5 4.5 6 8l3.5-3.5"/></svg><span></span></button><span class="count"></span></h2><div class="cards"></div>`;

/**
 * The element of a group, without its cards.
 * @param {string} name
 * @param {number} count
 * @param {Set<string>} closed the names of those that are folded, which a click changes
 */
export function section(name, count, closed) {
  const element = document.createElement("section");
  element.className = "group";
  // No more columns than there are cards: two share the whole width.
  element.style.setProperty("--most", String(Math.min(6, Math.max(2, count))));
  element.dataset.group = name;
  element.classList.toggle("is-closed", closed.has(name));
  element.innerHTML = HEAD;
  const button = part(element, "button", HTMLButtonElement);
  const title = name === PINNED ? "Pinned" : name === OWN ? "Your charts" : name || "metrics";
  part(button, "span", HTMLElement).textContent = title;
  button.setAttribute("aria-expanded", String(!closed.has(name)));
  button.addEventListener("click", () => {
    const now = element.classList.toggle("is-closed");
    button.setAttribute("aria-expanded", String(!now));
    if (now) closed.add(name);
    else closed.delete(name);
    state.local.set("closedGroups", [...closed]);
  });
  part(element, ".count", HTMLElement).textContent = String(count);
  return element;
}
