// The table of runs: AG Grid with the bar above it. It is kept while other pages are shown, since to make it takes longer
// than all else of its page (measured: 300 ms), and listens to nothing but its own elements.
import * as columns from "./columns.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { dictionary } from "../../core/dictionary.js";
import { discard, note, rename, runMenu, tag } from "../../ui/run_menu.js";
import { grid } from "../../ui/grid.js";
import { menu, say } from "../../ui/menu.js";
import { chooseColumns } from "./column_choice.js";
import { OPTIONS, definitions } from "./definitions.js";
import { save, trash } from "./files.js";

export const chosenRuns = () => state.get("chosen").filter((name) => runs.get(name));

export class RunTable {
  constructor() {
    /** @type {any} */
    this.table = null; // AG Grid's API, once it is there
    /** @type {Map<string, { id: string }>} */
    this.known = new Map(); // id -> row that the grid has
    /** @type {string[]} */
    this.ids = []; // of the columns that it has
    this.read = false; // whether metrics have been
    /** @type {Map<string, any>} */
    this.metrics = new Map(); // run -> tag -> [last, least, greatest, points]
    this.layout = state.local.get("runColumns", dictionary()); // id -> { width, pinned }
    /** @type {MouseEvent | null} */
    this.pointer = null; // where the last right click was
    this.bar = document.createElement("div");
    this.told = document.createElement("span");
    this.box = document.createElement("div");
    this.#build();
    this.made = grid(this.box, OPTIONS).then((table) => {
      this.table = table;
      this.showColumns();
      this.showRows();
      this.showFilters();
      this.listen();
    });
  }

  #build() {
    const { bar, told, box } = this;
    bar.className = "table-bar";
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Runs");
    told.className = "table-told";
    bar.append(told);
    told.setAttribute("role", "status");
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
    act("Rename", "one", ([name]) => rename(runs.get(name)));
    act("Tags", "some", (names) => tag(names, runs.get(names[0])));
    act("Note", "one", ([name]) => note(runs.get(name)));
    act("Delete", "some", discard);
    act("Columns", null, (_, button) => chooseColumns(button, this));
    act("Trash", null, trash);
    act("CSV", null, () => save(this.table, (id) => columns.column(id, this.metrics)));
    box.className = "grid";
    box.append(
      ...Array.from({ length: 12 }, () => Object.assign(document.createElement("div"), { className: "skeleton" })),
    );
    box.addEventListener(
      "contextmenu",
      (event) => {
        this.pointer = event;
      },
      true,
    );
  }

  showColumns() {
    this.ids = columns.shown();
    this.table?.setGridOption("columnDefs", definitions(this.ids, this.layout, this.metrics));
  }

  showRows() {
    if (!this.table) return;
    const now = new Map(runs.names().map((name) => [name, this.known.get(name) ?? { id: name }]));
    const add = [...now.values()].filter(({ id }) => !this.known.has(id));
    const remove = [...this.known.values()].filter(({ id }) => !now.has(id));
    // The newest on top, like the list.
    this.table.applyTransaction({
      add,
      addIndex: 0,
      remove,
      update: [...this.known.values()].filter(({ id }) => now.has(id)),
    });
    this.known = now;
    this.showChosen();
  }

  showChosen() {
    if (!this.table) return;
    const chosen = new Set(state.get("chosen"));
    const [on, off] = [[], []];
    this.table.forEachNode((node) => {
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
    const on = (kind, act) => this.table.addEventListener(kind, act);
    const byHand = (act) => (event) => {
      if (!/^(api|grid|rowData)/.test(event.source)) act(event);
    };
    on(
      "selectionChanged",
      byHand(() =>
        state.set(
          "chosen",
          this.table.getSelectedNodes().map(({ id }) => id),
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
      if (column.getColId() === "name") rename(runs.get(node.id));
    });
    on("cellKeyDown", ({ event, node, value }) => this.key(event, node.id, value));
  }

  sorted() {
    return this.table
      .getColumnState()
      .filter(({ sort }) => sort)
      .sort((a, b) => a.sortIndex - b.sortIndex)
      .map(({ colId, sort }) => (sort === "desc" ? `-${colId}` : colId))
      .join("\n");
  }

  order() {
    return this.table
      .getAllDisplayedColumns()
      .map((each) => each.getColId())
      .filter((id) => id !== "name" && !id.startsWith("ag-Grid"));
  }

  remember(id, what) {
    this.layout[id] = { ...this.layout[id], ...what };
    state.local.set("runColumns", this.layout);
  }

  key(event, name, value) {
    const acts = {
      m: () => runMenu(event.target, name),
      i: () => runs.isolate(name),
      v: () => runs.toggle(name),
      F2: () => rename(runs.get(name)),
      Delete: () => discard(chosenRuns().includes(name) ? chosenRuns() : [name]),
    };
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

  columnMenu(id) {
    if (!id || id.startsWith("ag-Grid")) return;
    const anchor = document.activeElement ?? document.body;
    const pinned = this.table.getColumn(id).getPinned();
    const pin = (side) => ({
      text: side ? `Pin ${side}` : "Do not pin",
      checked: (pinned ?? null) === side,
      act: () => {
        this.table.setColumnsPinned([id], side);
        this.remember(id, { pinned: side });
      },
    });
    const sort = (text, word) => ({
      text,
      checked: state.get("sort") === word,
      act: () => state.set("sort", state.get("sort") === word ? "" : word),
    });
    menu(
      anchor,
      [
        sort("Sort rising", id),
        sort("Sort falling", `-${id}`),
        { text: "Filter…", act: () => this.table.showColumnFilter(id) },
        "-",
        pin("left"),
        pin("right"),
        pin(null),
        "-",
        {
          text: "Fit the width",
          act: () => {
            this.table.autoSizeColumns([id]);
            this.remember(id, { width: this.table.getColumn(id).getActualWidth() });
          },
        },
        {
          text: "Leave out",
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
    this.told.textContent = `${format.plural(all, "run")}${seen < all ? ` · ${format.step(all - seen)} hidden by filters` : ""}${names.length ? ` · ${names.length} selected` : ""}${this.read ? "" : " · reading metrics…"}`;
    this.bar.querySelector(".is-clear").hidden = seen === all && !state.get("columnFilter");
    for (const button of this.bar.querySelectorAll("[data-needs]"))
      button.disabled = button.dataset.needs === "one" ? names.length !== 1 : !names.length;
  }

  // The tags whose metrics some column shows.
  tags() {
    const shown = columns.shown().map((id) => columns.column(id).tag);
    return [...new Set(shown.filter((tag) => tag !== undefined))];
  }

  // Shows some runs anew, whose values changed.
  refresh(names) {
    const update = [...names].map((id) => this.known.get(id)).filter(Boolean);
    this.table?.applyTransaction({ update });
  }

  // Columns as they were before anybody moved or sized them.
  forgetLayout() {
    for (const id of Object.keys(this.layout)) delete this.layout[id];
    state.local.set("runColumns", this.layout);
    state.set("columns", []);
    this.showColumns();
  }
}
