// What the list of runs is sorted by: chosen from metrics, at their best, and settings.
import * as choice from "../core/choice.js";
import * as runs from "../core/runs.js";
import * as state from "../core/state.js";
import { lookup } from "../text/lookup.js";
import { keysOf } from "../text/config.js";
import { naturally } from "../text/name_order.js";
import { node } from "./dom.js";
import { close, popover } from "./menu.js";

const MOST = 60; // that are offered at once
const OWN = ["name", "status", "took", "step", "size", "findings"];
/** @type {Readonly<Record<string, [usual: string, other: string]>>} */
const WORDS = lookup({
  "": ["Newest first", "Oldest first"],
  name: ["By name", "By name, from the end"],
  status: ["By status", "By status, reversed"],
  took: ["Shortest first", "Longest first"],
  step: ["Fewest steps first", "Most steps first"],
  size: ["Smallest first", "Largest first"],
  findings: ["Fewest findings first", "Most findings first"],
});

/**
 * @param {string} key
 * @param {boolean} isOther way than the usual
 */
function words(key, isOther) {
  const known = WORDS[key];
  if (known) return known[isOther ? 1 : 0];
  const cut = key.indexOf(":"),
    [kind, name] = [key.slice(0, Math.max(0, cut)), key.slice(cut + 1)];
  if (kind === "best") return `${isOther ? "Worst" : "Best"} ${name}`;
  return `${kind === "config" || !kind ? name : key} ${isOther ? "falling" : "rising"}`;
}

export function orderInWords() {
  const text = state.get("order");
  return words(text.replace(/^-/, ""), text.startsWith("-"));
}

// Everything that runs can be sorted by, as it is offered: what they are judged by first.
function offered() {
  const judged = runs.headlines.map((tag) => `best:${tag}`),
    differing = keysOf(runs.all()).map((key) => `config:${key}`),
    rest = naturally(choice.fieldsNow().settings()).map((key) => `config:${key}`);
  const more = runs.tags("scalar").map((tag) => `best:${tag}`);
  return [...new Set(["", ...judged.slice(0, 4), ...OWN, ...differing, ...judged, ...rest, ...more])];
}

/** @param {HTMLElement} button */
export function chooseOrder(button) {
  const now = state.get("order"),
    at = now.replace(/^-/, ""),
    all = offered();
  const search = node("input", { type: "search", placeholder: "Find a metric or a setting" });
  search.setAttribute("aria-label", "Find a metric or a setting");
  const list = node("div", { class: "order-list", role: "radiogroup", "aria-label": "Order of runs" });
  const show = () => {
    const text = search.value.trim().toLowerCase();
    const found = all.filter((key) => `${words(key, false)} ${key}`.toLowerCase().includes(text));
    list.replaceChildren(...found.slice(0, MOST).map(line));
    if (found.length > MOST) list.append(node("p", { class: "hint", text: `and ${found.length - MOST} more` }));
    if (!found.length) list.append(node("p", { class: "hint", text: "Nothing is called so." }));
  };
  /** @param {string} key */
  const line = (key) => {
    const isNow = key === at;
    const made = node("button", {
      role: "radio",
      "aria-checked": String(isNow),
      text: words(key, isNow && now[0] === "-"),
    });
    if (isNow) made.append(node("span", { class: "hint", text: "reverse" }));
    made.addEventListener("click", () => {
      state.set("order", isNow && now[0] !== "-" ? `-${key}` : key);
      close();
      button.setAttribute("aria-expanded", "false");
      button.focus();
    });
    return made;
  };
  search.addEventListener("input", show);
  list.addEventListener("keydown", (event) => moved(list, event));
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") /** @type {HTMLElement | null} */ (list.querySelector("button"))?.focus();
    if (event.key === "Enter") /** @type {HTMLElement | null} */ (list.querySelector("button"))?.click();
  });
  show();
  popover(button, node("div", { class: "order-sheet" }, search, list), "Order of runs");
}

// Arrows go from line to line.
/** @param {HTMLElement} list @param {KeyboardEvent} event */
function moved(list, event) {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (!step) return;
  const lines = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button")]);
  const at = lines.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  lines[Math.min(lines.length - 1, Math.max(0, at + step))]?.focus();
  event.preventDefault();
}
