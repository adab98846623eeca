// The page of runs: a table of all of them, with their settings and metrics; sorted, filtered, chosen, changed.
import * as api from "../../core/api.js";
import * as columns from "./columns.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { emptyPage } from "../../ui/empty.js";
import { loadGrid } from "../../ui/dash.js";
import { say } from "../../ui/menu.js";
import { RunTable } from "./run_table.js";

const REREAD_MS = 1500; // after something changed that only the server knows
const REFRESH_MS = 250; // between two paintings of rows for new points
const LINES = 12; // of the skeleton

const skeleton = () =>
  Array.from({ length: LINES }, () => Object.assign(document.createElement("div"), { className: "skeleton" }));

export class RunsPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Map<string, any>} kept the table
   */
  constructor(view, scope, kept) {
    this.view = view;
    this.scope = scope;
    this.kept = kept;
    /** @type {Set<string>} */
    this.fresh = new Set(); // runs whose values changed
    this.flushing = 0; // a timer
    this.reading = 0; // a timer
    this.painting = 0; // a frame
    /** @type {RunTable | null} */
    this.awaited = null; // the table that this visit waits for, or has
    view.classList.add("is-table");
    scope.onLeave(() => view.classList.remove("is-table"));
    loadGrid().catch(() => {
      /* said when the grid is drawn with it */
    }); // while the runs are read
    if (!runs.loaded) view.replaceChildren(...skeleton());
    this.#listen(scope);
    this.paint();
    this.#catchUp();
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(live, "points", (points) => this.take(points));
    scope.on(live, "again", () => this.soon());
    scope.on(runs, "chosen", () => this.table?.showChosen());
    scope.on(runs, ["runs", "run", "visible"], ({ kind }) => {
      this.painting ||= scope.requestAnimationFrame(() => {
        this.painting = 0;
        this.paint();
      });
      if (kind !== "visible") this.soon();
    });
    scope.on(state, "runs", () => this.table?.table?.onFilterChanged());
    scope.on(state, "sort", (text) => {
      if (this.table?.table && this.table.sorted() !== text) this.table.showColumns();
    });
    scope.on(state, "columnFilter", (text) => {
      const { table } = this.table ?? {};
      if (table && JSON.stringify(table.getFilterModel()) !== (text || "{}")) this.table?.showFilters();
    });
    scope.on(state, "columns", () => {
      this.table?.showColumns();
      this.load();
    });
    scope.on(document, "themechange", () => this.table?.table?.refreshCells({ force: true, columns: ["name"] }));
  }

  /** @returns {RunTable | null} which is there once some run is */
  get table() {
    return this.kept.get("table") ?? null;
  }

  paint() {
    if (!runs.all().length) {
      if (runs.loaded) this.view.replaceChildren(emptyPage("runs"));
      return;
    }
    const table = this.table ?? new RunTable();
    this.kept.set("table", table);
    if (this.awaited !== table) this.#await(table);
    if (table.bar.parentNode !== this.view) this.view.replaceChildren(table.bar, table.box);
    if (table.table && columns.shown().join("\n") !== table.ids.join("\n")) table.showColumns();
    table.showRows();
    table.tell();
  }

  // What was set on other pages since the last visit.
  #catchUp() {
    if (!this.table?.table) return;
    if (this.table.sorted() !== state.get("sort")) this.table.showColumns();
    if (JSON.stringify(this.table.table.getFilterModel()) !== (state.get("columnFilter") || "{}"))
      this.table.showFilters();
    this.table.table.onFilterChanged();
  }

  // Each visit for itself: the one before may have left while the table was being made.
  /** @param {RunTable} table */
  #await(table) {
    this.awaited = table;
    table.made.then(
      () => this.load(),
      (error) => {
        if (this.table === table) this.kept.delete("table");
        if (!this.scope.isOver) this.#failed(error);
      },
    );
  }

  /** @param {Error} error */
  #failed(error) {
    const again = Object.assign(document.createElement("button"), { className: "button", textContent: "Try again" });
    again.addEventListener("click", () => this.paint());
    const words = Object.assign(document.createElement("div"), { className: "empty" });
    words.append(
      Object.assign(document.createElement("h2"), { textContent: "The table could not be loaded" }),
      Object.assign(document.createElement("p"), { textContent: error.message }),
      again,
    );
    this.view.replaceChildren(words);
  }

  // --- what was measured ----------------------------------------------------------------------------------------

  async load() {
    const { table, scope } = this;
    if (!table?.table || scope.isOver) return;
    const wanted = table.tags();
    scope.watch(wanted);
    let answer;
    try {
      answer = (
        await api.json(
          "table",
          {},
          wanted.map((each) => ["tag", each]),
        )
      ).runs;
    } catch (error) {
      if (!scope.isOver) say(`The metrics could not be read: ${/** @type {Error} */ (error).message}`);
      return;
    }
    for (const [name, found] of Object.entries(answer))
      table.metrics.set(name, { ...table.metrics.get(name), ...found });
    table.read = true;
    if (scope.isOver) return;
    table.showRows();
    table.tell();
  }

  soon() {
    this.reading ||= this.scope.setTimeout(() => {
      this.reading = 0;
      this.load();
    }, REREAD_MS);
  }

  /** @param {{ run: string, tag: string, count: number, values: Float64Array }} points */
  take({ run, tag, count, values }) {
    const { table } = this;
    if (!table || !count) return;
    const found = table.metrics.get(run)?.[tag];
    if (!found) {
      if (table.tags().includes(tag)) this.soon();
      return;
    }
    found[0] = values[count - 1];
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      if (found[1] === null || value < found[1]) found[1] = value;
      if (found[2] === null || value > found[2]) found[2] = value;
    }
    this.fresh.add(run);
    this.flushing ||= this.scope.setTimeout(() => {
      this.flushing = 0;
      table.refresh(this.fresh);
      this.fresh.clear();
    }, REFRESH_MS);
  }

  isReady() {
    return runs.loaded && (!runs.all().length || Boolean(this.table?.read && this.table.table));
  }

  // What the grid shows, in its order: for automation.
  drawn() {
    const { table } = this.table ?? {};
    /** @type {string[]} */
    const rows = [];
    table?.forEachNodeAfterFilterAndSort((/** @type {{ id: string }} */ { id }) => rows.push(id));
    return { rows, columns: table ? this.table?.order() : [], chosen: state.get("chosen") };
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 * @param {Map<string, any>} kept
 */
export const mount = (view, scope, kept) => new RunsPage(view, scope, kept);
