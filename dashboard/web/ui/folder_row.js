// A folder's row in the list of runs: what it is called, how many runs are in it, and all of them switched at once.
import * as runs from "../core/runs.js";
import { sortedBy } from "../core/choice.js";
import { fieldOfRun } from "./run_words.js";
import * as state from "../core/state.js";
import * as format from "../text/format.js";
import { menu } from "./menu.js";
import { node } from "./dom.js";
import { runsOf } from "./run_tree.js";
import { written } from "../text/run_query.js";

/** @typedef {import("./run_tree.js").Row} Row */
/** @typedef {import("./run_tree.js").Folder} Folder */

const CHEVRON = '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M8 5.5 12.5 10 8 14.5"/></svg>';

export class FolderRow {
  /**
   * @param {string} path
   * @param {(path: string) => void} fold opens or closes it
   */
  constructor(path, fold) {
    this.key = path;
    /** @type {Folder | null} */
    this.folder = null;
    this.box = node("input", {
      type: "checkbox",
      class: "folder-box",
      tabindex: -1,
      "aria-label": `Show all of ${path}`,
    });
    this.focusable = node("button", { class: "folder-fold", "aria-expanded": "false" });
    this.focusable.innerHTML = CHEVRON;
    this.before = node("span", { class: "path" });
    this.last = node("span", { class: "last" });
    this.focusable.append(node("span", { class: "name" }, this.before, this.last));
    this.best = node("span", { class: "folder-best" }); // of what runs are sorted by
    this.count = node("span", { class: "folder-count" });
    const parts = [this.box, this.focusable, this.best, this.count];
    this.element = node("div", { class: "folder", role: "listitem", title: path }, ...parts);
    this.box.addEventListener("change", () => runs.toggle(path, !this.box.checked));
    this.focusable.addEventListener("click", () => fold(path));
    this.element.addEventListener("click", (event) => {
      if (event.target !== this.box && !this.focusable.contains(/** @type {Node} */ (event.target))) fold(path);
    });
    this.element.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      this.menu(event);
    });
    this.element.addEventListener("pointerenter", () => this.folder && runs.highlight([...runsOf(this.folder)]));
    this.element.addEventListener("pointerleave", () => runs.highlight(null));
  }

  /**
   * @param {Row} row
   * @param {{ isOpen: boolean, off: number }} look off: how many of its runs are
   */
  show({ folder }, { isOpen, off }) {
    if (!folder) return;
    this.folder = folder;
    const label = folder.label.replace(/\/$/, ""),
      cut = label.lastIndexOf("/") + 1;
    this.before.textContent = label.slice(0, cut);
    this.last.textContent = label.slice(cut);
    this.focusable.setAttribute("aria-expanded", String(isOpen));
    const said = off ? `${format.step(folder.count - off)} of ${format.step(folder.count)}` : format.step(folder.count);
    this.count.textContent = said;
    this.focusable.setAttribute("aria-label", `${folder.path}: ${said} ${folder.count === 1 ? "run" : "runs"}`);
    const field = sortedBy(),
      first = field?.kind === "metric" ? runs.get(folder.first) : undefined;
    this.best.textContent = field && first ? fieldOfRun(field, first) : "";
    this.box.checked = off < folder.count;
    this.box.indeterminate = off > 0 && off < folder.count;
    this.element.classList.toggle("is-off", off === folder.count);
  }

  /** @param {MouseEvent | null} [at] */
  menu(at = null) {
    const { folder, key } = this;
    if (!folder) return;
    menu(
      this.focusable,
      [
        { text: "Only these", hint: "i", act: () => runs.showOnly([key]) },
        { text: "Select all", hint: format.step(folder.count), act: () => state.set("chosen", [...runsOf(folder)]) },
        {
          text: "Search within",
          act: () => state.set("runs", `run:name=${written(key)}* ${state.get("runs")}`.trim()),
        },
      ],
      at,
    );
  }
}
