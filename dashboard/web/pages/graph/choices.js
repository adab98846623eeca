// Which graph can be looked at: of which of the runs that are visible, and which of its graphs.
import * as format from "../../text/format.js";
import * as state from "../../core/state.js";
import { part } from "../../ui/dom.js";
import { message } from "./frame.js";

export class Choices {
  /**
   * @param {HTMLElement} view in which the frame is
   * @param {(run: string, tag: string | null) => void} choose tag: null for the usual one of another run
   */
  constructor(view, choose) {
    this.run = part(view, "#graph-run", HTMLSelectElement);
    this.tag = part(view, "#graph-tag", HTMLSelectElement);
    this.shown = ""; // the run whose graph is shown
    this.run.addEventListener("change", () => choose(this.run.value, null));
    this.tag.addEventListener("change", () => choose(this.shown, this.tag.value));
  }

  /**
   * @param {{ name: string }[]} all runs to choose from
   * @param {import("./model.js").GraphModel} model of the graph that is shown
   */
  show(all, { run, about }) {
    this.shown = run;
    fill(
      this.run,
      all.map(({ name }) => name),
      run,
    );
    fill(this.tag, about.tags, about.tag);
    const label = /** @type {HTMLElement} */ (this.tag.parentElement);
    label.hidden = about.tags.length < 2;
  }
}

/**
 * @param {HTMLSelectElement} select
 * @param {string[]} names
 * @param {string} chosen
 */
function fill(select, names, chosen) {
  if (select.options.length !== names.length || names.some((name, i) => select.options[i].value !== name)) {
    select.replaceChildren(
      ...names.map((name) => Object.assign(document.createElement("option"), { value: name, textContent: name })),
    );
  }
  select.value = chosen;
}

/**
 * What stands in the place of the graph while no run with one is visible.
 * @param {number} hidden how many have one
 */
export function allHidden(hidden) {
  const them = `${format.plural(hidden, "run")} with a graph ${hidden === 1 ? "is" : "are"}`;
  const words = `${them} switched off or filtered out in the list of runs.`;
  const box = message("Every run with a graph is hidden", words);
  const button = box.appendChild(
    Object.assign(document.createElement("button"), { className: "button", textContent: "Show all runs" }),
  );
  button.addEventListener("click", () => {
    state.set("runs", "");
    state.set("off", []);
    part(document, "#run-search", HTMLInputElement).value = "";
  });
  return box;
}
