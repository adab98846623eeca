// What the page of curves says when there is no card to show: what is hidden, by what, and how to see it again.
import * as choice from "../../core/choice.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { node } from "../../ui/dom.js";

/** @typedef {{ words: string, text: string, act: () => void }} Way what is said, a button's text and what it does */

export function skeletons() {
  const cards = Array.from({ length: 6 }, () =>
    node("article", { class: "card" }, node("div", { class: "card-plot" }, node("div", { class: "skeleton" }))),
  );
  return [
    node("section", { class: "group" }, node("h2", { text: "\u00a0" }), node("div", { class: "cards" }, ...cards)),
  ];
}

/**
 * What is hidden, by what, and the buttons that show it again.
 * @param {string} title
 * @param {Way[]} ways
 */
function hidden(title, ways) {
  const parts = ways.flatMap(({ words, text, act }) => {
    const button = node("button", { class: "button", text });
    button.addEventListener("click", act);
    return [node("p", { text: words }), button];
  });
  return node("div", { class: "empty" }, node("h2", { text: title }), ...parts);
}

/** @param {string} problem of the filter */
export const noMatch = (problem) =>
  hidden(problem || `No tag matches “${state.get("tags").trim()}”`, [
    {
      words: `${format.plural(runs.tags("scalar").length, "tag")} hidden by the filter.`,
      text: "Clear the filter",
      act: () => state.set("tags", ""),
    },
  ]);

/** @param {number} count of tags */
export const noneHere = (count) =>
  hidden("No visible run has logged this", [
    {
      words: `${format.plural(count, "tag")} ${count === 1 ? "belongs" : "belong"} to hidden runs only.`,
      text: "Show all runs",
      act: () => {
        state.set("runs", "");
        runs.showAll(true);
      },
    },
  ]);

export function noRuns() {
  const off = runs.names().filter((name) => runs.isOff(name) && runs.matches(name)).length,
    filtered = runs.names().filter((name) => !runs.matches(name)).length;
  if (choice.isWaiting()) return hidden("Reading metrics…", []);
  /** @type {Way[]} */
  const ways = [];
  if (filtered)
    ways.push({
      words: `${format.plural(filtered, "run")} hidden by the filter “${state.get("runs").trim()}”.`,
      text: "Clear the filter of runs",
      act: () => state.set("runs", ""),
    });
  if (off)
    ways.push({
      words: `${format.plural(off, "run")} hidden in the run list.`,
      text: "Show all runs",
      act: () => runs.showAll(true),
    });
  return hidden("All runs are hidden", ways);
}
