// What the page of curves says when there is no card to show: what is hidden, by what, and how to see it again.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";

export function skeletons() {
  const group = document.createElement("section");
  group.className = "group";
  group.innerHTML = `<h2>&nbsp;</h2><div class="cards">${'<article class="card"><div class="card-plot"><div class="skeleton"></div></div></article>'.repeat(6)}</div>`;
  return [group];
}

// What is hidden, by what, and the button that shows it again.
/**
 * @param {string} title
 * @param {(string | (() => void))[][]} ways what is said, a button's text, what it does
 */
function hidden(title, ways) {
  const element = document.createElement("div");
  element.className = "empty";
  element.append(Object.assign(document.createElement("h2"), { textContent: title }));
  for (const [words, text, onclick] of /** @type {[string, string, () => void][]} */ (ways))
    element.append(
      Object.assign(document.createElement("p"), { textContent: words }),
      Object.assign(document.createElement("button"), { className: "button", textContent: text, onclick }),
    );
  return element;
}

/** @param {string} problem of the filter, empty for none */
export const noMatch = (problem) =>
  hidden(problem || `No tag holds “${state.get("tags").trim()}”`, [
    [
      `${format.plural(runs.tags("scalar").length, "tag")} hidden by the filter.`,
      "Clear the filter",
      () => state.set("tags", ""),
    ],
  ]);

/** @param {number} count */
export const noneHere = (count) =>
  hidden("No run that is shown has logged this", [
    [
      `${format.plural(count, "tag")} ${count === 1 ? "is" : "are"} of hidden runs only.`,
      "Show all runs",
      () => {
        state.set("runs", "");
        runs.showAll(true);
      },
    ],
  ]);

export function noRuns() {
  const off = runs.names().filter((name) => runs.isOff(name) && runs.matches(name)).length,
    filtered = runs.names().filter((name) => !runs.matches(name)).length;
  return hidden("No run is shown", [
    ...(filtered
      ? [
          [
            `${format.plural(filtered, "run")} hidden by the filter “${state.get("runs").trim()}”.`,
            "Clear the filter of runs",
            () => state.set("runs", ""),
          ],
        ]
      : []),
    ...(off
      ? [[`${format.plural(off, "run")} switched off in the list.`, "Show all runs", () => runs.showAll(true)]]
      : []),
  ]);
}
