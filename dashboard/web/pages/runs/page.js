// The page of runs: a table of all of them, with their settings and metrics; sorted, filtered, chosen, changed.
import * as choice from "../../core/choice.js";
import * as columns from "./columns.js";
import * as metrics from "../../core/run_metrics.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { emptyPage } from "../../ui/empty.js";
import { loadGrid } from "../../ui/dash.js";
import { say } from "../../ui/menu.js";
import { GroupTable } from "./group_table.js";
import { RunTable } from "./run_table.js";

const REFRESH_MS = 250; // between two paintings of what runs say of themselves
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
    this.painting = 0; // a frame
    this.refreshing = 0; // a timer
    this.version = -1; // of the choice that the table is filtered by
    /** @type {RunTable | GroupTable | null} */
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
    scope.on(metrics, "change", () => this.take());
    scope.on(metrics, "problem", (why) => say(`The metrics could not be read: ${why}`));
    scope.onLeave(() => metrics.want(this, []));
    scope.on(runs, "chosen", () => this.table?.showChosen());
    scope.on(runs, ["runs", "run", "visible", "order"], ({ kind }) => {
      if (kind === "run") this.soon();
      else this.repaint();
    });
    scope.on(state, "tableBy", () => {
      this.repaint();
      this.load();
    });
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

  /** @returns {GroupTable | null} the same of groups, once some are asked for */
  get groups() {
    return state.get("tableBy").length ? (this.kept.get("groups") ?? null) : null;
  }

  repaint() {
    this.painting ||= this.scope.requestAnimationFrame(() => {
      this.painting = 0;
      this.paint();
    });
  }

  // What runs say of themselves can wait until the eye would notice.
  soon() {
    this.refreshing ||= this.scope.setTimeout(() => {
      this.refreshing = 0;
      this.paint();
      this.table?.refresh();
    }, REFRESH_MS);
  }

  paint() {
    if (!runs.all().length) {
      if (runs.loaded) this.view.replaceChildren(emptyPage("runs"));
      return;
    }
    if (state.get("tableBy").length) {
      this.#paintGroups();
      return;
    }
    const table = this.table ?? new RunTable();
    this.kept.set("table", table);
    if (this.awaited !== table) this.#await(table);
    if (table.bar.parentNode !== this.view) this.view.replaceChildren(table.bar, table.box);
    if (table.table && columns.shown().join("\n") !== table.ids.join("\n")) table.showColumns();
    table.showRows();
    if (this.version !== choice.version()) table.table?.onFilterChanged();
    this.version = choice.version();
    table.table?.refreshCells({ force: true, columns: ["name"] });
    table.tell();
  }

  #paintGroups() {
    const groups = this.kept.get("groups") ?? new GroupTable();
    this.kept.set("groups", groups);
    if (groups.bar.parentNode !== this.view) this.view.replaceChildren(groups.bar, groups.box);
    if (this.awaited !== groups) this.#await(groups);
    groups.show();
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
  /** @param {RunTable | GroupTable} table */
  #await(table) {
    this.awaited = table;
    table.made.then(
      () => this.load(),
      (error) => {
        for (const [key, made] of this.kept) if (made === table) this.kept.delete(key);
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

  load() {
    const shown = this.groups ?? this.table;
    if (!shown?.table || this.scope.isOver) return;
    metrics.want(this, shown.tags());
    if (shown instanceof GroupTable) shown.show();
    else shown.tell();
  }

  // Metrics have other values.
  take() {
    if (this.groups) {
      this.repaint();
      return;
    }
    this.table?.refresh();
    this.table?.tell();
  }

  isReady() {
    const shown = this.groups ?? this.table;
    return runs.loaded && (!runs.all().length || Boolean(shown?.table && metrics.isKnown(shown.tags())));
  }

  // What the grid shows, in its order: for automation.
  drawn() {
    if (this.groups) return { groups: this.groups.rows.map(({ cells }) => cells) };
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
