// Why a board is empty, and the button that shows something again.
import * as state from "../../core/state.js";
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";

/**
 * @param {string[]} wrong why environments could not be read
 * @param {number} hidden panes that the filter leaves out
 * @param {string} problem why the filter cannot be understood
 * @param {HTMLInputElement} search
 */
export function nothing(wrong, hidden, problem, search) {
  if (wrong.length) return [node("h2", { text: "The panes could not be read" }), node("p", { text: wrong.join(" ") })];
  if (!hidden)
    return [
      node("h2", { text: "All panes are closed" }),
      node("p", { text: "One opens again as soon as the training shows something new in it." }),
    ];
  const button = node("button", { type: "button", class: "button", text: "Clear the filter" });
  button.addEventListener("click", () => {
    search.value = "";
    state.set("panes", "");
  });
  return [
    node("h2", { text: problem || `No pane matches “${state.get("panes").trim()}”` }),
    node("p", { text: `${format.plural(hidden, "pane")} hidden by the filter.` }),
    button,
  ];
}
