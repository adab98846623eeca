// The table of runs: AG Grid with the bar above it. It is kept while other pages are shown, since to make it takes
// longer than all else of its page (measured: 300 ms), and listens to nothing but its own elements.
import * as columns from "./columns.js";
import * as format from "../../text/format.js";
import * as metrics from "../../core/run_metrics.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { dictionary } from "../../core/dictionary.js";
import { discard, note, rename, runMenu, tag } from "../../ui/run_menu.js";
import { grid } from "../../ui/grid.js";
import { lookup } from "../../text/lookup.js";
import { node, part } from "../../ui/dom.js";
import { menu, say } from "../../ui/menu.js";
import { chooseColumns } from "./column_choice.js";
import { chooseGroups } from "./group_choice.js";
import { OPTIONS, definitions } from "./definitions.js";
import { save, trash } from "./files.js";

/** @typedef {{ id: string, isSelected(): boolean }} Row of AG Grid */
/** @typedef {{ getColId(): string, getActualWidth(): number }} Column of AG Grid */

export const chosenRuns = () => state.get("chosen").filter((name) => runs.get(name));

/**
 * Does something with a run that is still there.
 * @param {string} name
 * @param {(run: import("../../core/runs.js").Run) => unknown} act
 */
function withRun(name, act) {
  const run = runs.get(name);
  if (run) act(run);
}

export class RunTable {
  constructor() {
    /** @type {any} */
    this.table = null; // AG Grid's API, once it is there
    /** @type {Map<string, { id: string }>} */
    this.known = new Map(); // id -> row that the grid has
    /** @type {string[]} */
    this.ids = []; // of the columns that it has
    this.layout = state.local.get("runColumns", dictionary()); // id -> { width, pinned }
    /** @type {MouseEvent | null} */
    this.pointer = null; // where the last right click was
    this.told = node("span", { class: "table-told", role: "status" });
    this.bar = this.#toolbar();
    this.box = this.#box();
    this.made = grid(this.box, OPTIONS).then((table) => {
      this.table = table;
      this.showColumns();
      this.showRows();
      this.showFilters();
      this.listen();
    });
  }

  #toolbar() {
    const bar = node("div", { class: "table-bar", role: "toolbar", "aria-label": "Runs" }, this.told);
    /**
     * @param {string} text
     * @param {"one" | "some" | null} needs how many runs
     * @param {(names: string[], button: HTMLElement) => unknown} does
     */
    const act = (text, needs, does) => {
      const button = bar.appendChild(
        Object.assign(document.createElement("button"), { className: "tool-button", textContent: text }),
      );
      if (needs) {
        button.dataset.needs = needs;
        button.disabled = true;
      }
      button.addEventListener("click", () => does(chosenRuns(), button));
      return button;
    };
    act("Clear the filters", null, () => {
      state.set("columnFilter", "");
      state.set("runs", "");
    }).classList.add("is-clear");
    act("Rename", "one", ([name]) => withRun(name, rename));
    act("Tags", "some", (names) => withRun(names[0], (run) => tag(names, run)));
    act("Note", "one", ([name]) => withRun(name, note));
    act("Delete", "some", discard);
    act("Group", null, (_, button) => chooseGroups(button));
    act("Columns", null, (_, button) => chooseColumns(button, this));
    act("Trash", null, trash);
    act("CSV", null, () => save(this.table, columns.column));
    return bar;
  }

  #box() {
    const skeletons = Array.from({ length: 12 }, () => node("div", { class: "skeleton" }));
    const box = node("div", { class: "grid" }, ...skeletons);
    box.addEventListener(
      "contextmenu",
      (event) => {
        this.pointer = event;
      },
      true,
    );
    return box;
  }

  showColumns() {
    this.ids = columns.shown();
    this.table?.setGridOption("columnDefs", definitions(this.ids, this.layout));
  }

  showRows() {
    if (!this.table) return;
    const now = new Map(runs.names().map((name) => [name, this.known.get(name) ?? { id: name }]));
    const add = [...now.values()].filter(({ id }) => !this.known.has(id));
    const remove = [...this.known.values()].filter(({ id }) => !now.has(id));
    // The newest on top, like the list.
    if (add.length || remove.length) this.table.applyTransaction({ add, addIndex: 0, remove });
    this.known = now;
    this.showChosen();
  }

  showChosen() {
    if (!this.table) return;
    const chosen = new Set(state.get("chosen"));
    /** @type {{ on: Row[], off: Row[] }} */
    const { on, off } = { on: [], off: [] };
    this.table.forEachNode((/** @type {Row} */ node) => {
      if (Boolean(node.isSelected()) !== chosen.has(node.id)) (chosen.has(node.id) ? on : off).push(node);
    });
    if (on.length) this.table.setNodesSelected({ nodes: on, newValue: true, source: "api" });
    if (off.length) this.table.setNodesSelected({ nodes: off, newValue: false, source: "api" });
    this.tell();
  }

  showFilters() {
    let model = null;
    try {
      model = JSON.parse(state.get("columnFilter") || "null");
    } catch {
      /* an address that somebody wrote by hand */
    }
    this.table?.setFilterModel(model);
  }

  // What somebody did is kept in the address; what we did ourselves came from there.
  listen() {
    /**
     * @param {string} kind
     * @param {(event: any) => void} act
     */
    const on = (kind, act) => this.table.addEventListener(kind, act);
    /** @param {(event: any) => void} act */
    const byHand = (act) => (/** @type {{ source: string }} */ event) => {
      if (!/^(api|grid|rowData)/.test(event.source)) act(event);
    };
    on(
      "selectionChanged",
      byHand(() =>
        state.set(
          "chosen",
          this.table.getSelectedNodes().map((/** @type {Row} */ { id }) => id),
        ),
      ),
    );
    on(
      "sortChanged",
      byHand(() => state.set("sort", this.sorted())),
    );
    on(
      "filterChanged",
      byHand(() => {
        const model = this.table.getFilterModel();
        state.set("columnFilter", Object.keys(model).length ? JSON.stringify(model) : "");
      }),
    );
    on("modelUpdated", () => this.tell());
    on(
      "columnMoved",
      byHand(({ finished }) => {
        if (finished) state.set("columns", this.order());
      }),
    );
    on(
      "columnResized",
      byHand(({ finished, column }) => {
        if (finished && column) this.remember(column.getColId(), { width: column.getActualWidth() });
      }),
    );
    on(
      "columnPinned",
      byHand(({ column, pinned }) => {
        if (column) this.remember(column.getColId(), { pinned: pinned ?? null });
      }),
    );
    on("cellContextMenu", ({ event, node }) => runMenu(event.target, node.id, event));
    on("columnHeaderContextMenu", ({ column }) => this.columnMenu(column.getColId?.()));
    on("cellDoubleClicked", ({ column, node }) => {
      if (column.getColId() === "name") withRun(node.id, rename);
    });
    on("cellKeyDown", ({ event, node, value }) => this.key(event, node.id, value));
  }

  sorted() {
    /** @type {{ colId: string, sort: string | null, sortIndex: number }[]} */
    const all = this.table.getColumnState();
    return all
      .filter(({ sort }) => sort)
      .sort((a, b) => a.sortIndex - b.sortIndex)
      .map(({ colId, sort }) => (sort === "desc" ? `-${colId}` : colId))
      .join("\n");
  }

  /** @returns {string[]} */
  order() {
    /** @type {Column[]} */
    const all = this.table.getAllDisplayedColumns();
    return all.map((each) => each.getColId()).filter((id) => id !== "name" && !id.startsWith("ag-Grid"));
  }

  /**
   * @param {string} id
   * @param {{ width?: number, pinned?: string | null }} what
   */
  remember(id, what) {
    this.layout[id] = { ...this.layout[id], ...what };
    state.local.set("runColumns", this.layout);
  }

  /**
   * @param {KeyboardEvent} event
   * @param {string} name
   * @param {unknown} value
   */
  key(event, name, value) {
    /** @type {Record<string, () => unknown>} */
    const acts = lookup({
      m: () => runMenu(/** @type {Element} */ (event.target), name),
      i: () => runs.isolate(name),
      v: () => runs.toggle(name),
      F2: () => withRun(name, rename),
      Delete: () => discard(chosenRuns().includes(name) ? chosenRuns() : [name]),
    });
    if ((event.ctrlKey || event.metaKey) && event.key === "c")
      navigator.clipboard
        ?.writeText(value === null || value === undefined ? "" : String(value))
        .catch(() => say("The browser does not allow copying here."));
    else if (acts[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      acts[event.key]();
    }
  }

  /** @param {string | undefined} id */
  columnMenu(id) {
    if (!id || id.startsWith("ag-Grid")) return;
    const anchor = document.activeElement ?? document.body;
    const pinned = this.table.getColumn(id).getPinned();
    /** @param {"left" | "right" | null} side */
    const pin = (side) => ({
      text: side ? `Pin ${side}` : "Unpin",
      checked: (pinned ?? null) === side,
      act: () => {
        this.table.setColumnsPinned([id], side);
        this.remember(id, { pinned: side });
      },
    });
    /**
     * @param {string} text
     * @param {string} word
     */
    const sort = (text, word) => ({
      text,
      checked: state.get("sort") === word,
      act: () => state.set("sort", state.get("sort") === word ? "" : word),
    });
    menu(
      anchor,
      [
        sort("Sort ascending", id),
        sort("Sort descending", `-${id}`),
        { text: "Filter…", act: () => this.table.showColumnFilter(id) },
        "-",
        pin("left"),
        pin("right"),
        pin(null),
        "-",
        {
          text: "Auto-size",
          act: () => {
            this.table.autoSizeColumns([id]);
            this.remember(id, { width: this.table.getColumn(id).getActualWidth() });
          },
        },
        {
          text: "Hide column",
          disabled: id === "name",
          act: () =>
            state.set(
              "columns",
              this.order().filter((each) => each !== id),
            ),
        },
      ],
      this.pointer,
    );
  }

  tell() {
    if (!this.table) return;
    const names = chosenRuns(),
      all = runs.names().length,
      seen = this.table.getDisplayedRowCount();
    this.told.textContent = [
      format.plural(all, "run"),
      seen < all ? `${format.step(all - seen)} hidden by filters` : "",
      names.length ? `${names.length} selected` : "",
      metrics.isKnown(this.tags()) ? "" : "loading metrics…",
    ]
      .filter(Boolean)
      .join(" · ");
    part(this.bar, ".is-clear", HTMLElement).hidden = seen === all && !state.get("columnFilter");
    for (const button of this.bar.querySelectorAll("button"))
      if (button.dataset.needs) button.disabled = button.dataset.needs === "one" ? names.length !== 1 : !names.length;
  }

  tags() {
    return columns.tags();
  }

  // Shows runs anew whose values changed: those in sight, and all in their order where that rests on values.
  refresh() {
    if (!this.table) return;
    if (state.get("sort") || state.get("columnFilter")) this.table.refreshClientSideRowModel("filter");
    this.table.refreshCells();
  }

  // Columns as they were before anybody moved or sized them.
  forgetLayout() {
    for (const id of Object.keys(this.layout)) delete this.layout[id];
    state.local.set("runColumns", this.layout);
    state.set("columns", []);
    this.showColumns();
  }
}
