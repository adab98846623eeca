// The page of runs: a table of all of them, with their settings and metrics; sorted, filtered, chosen, changed.
import * as api from "../../core/api.js";
import * as columns from "./columns.js";
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { dictionary } from "../../core/dictionary.js";
import { discard, note, rename, runMenu, tag } from "../../ui/run_menu.js";
import { emptyPage } from "../../ui/empty.js";
import { loadGrid } from "../../ui/dash.js";
import { grid } from "../../ui/grid.js";
import { menu, popover, say } from "../../ui/menu.js";
import { colour } from "../../charts/palette.js";
import { save, trash } from "./files.js";
import { clipped, clippedPath, within } from "../../text/ellipsis.js";

let view = null;
let table = null; // AG Grid's API, once it is there
let frame = null; // the bar and the grid, kept while other pages are shown
let known = new Map(); // id -> row that the grid has
let ids = []; // of the columns that it has
let read = false; // whether metrics have been

const layout = state.local.get("runColumns", dictionary()); // id -> { width, pinned }
const chosenRuns = () => state.get("chosen").filter((name) => runs.get(name));

// --- cells ----------------------------------------------------------------------------------------------------

// A run's name, with its colour, which shows and hides it.
class Name {
  init({ data }) {
    this.box = Object.assign(document.createElement("div"), { className: "t-name" });
    this.swatch = this.box.appendChild(
      Object.assign(document.createElement("input"), { type: "checkbox", className: "swatch", tabIndex: -1 }),
    );
    this.text = this.box.appendChild(document.createElement("span"));
    for (const kind of ["click", "dblclick", "mousedown"])
      this.swatch.addEventListener(kind, (event) => event.stopPropagation());
    this.swatch.addEventListener("change", () => runs.toggle(this.id));
    this.refresh({ data });
  }
  getGui() {
    return this.box;
  }
  refresh({ data }) {
    this.id = data.id;
    const run = runs.get(data.id);
    if (!run) return true;
    const [path, last] = format.split(run.shown);
    const part = runs.partOf(run.shown) ?? [0, 0],
      { children, kept } = clippedPath(path, part);
    const before = Object.assign(document.createElement("span"), { className: "path" });
    before.append(...children);
    before.style.minWidth = kept ? `min(${kept}ch, 60%)` : "";
    this.text.replaceChildren(before, clipped(last, within(part, path.length, run.shown.length)));
    this.swatch.style.setProperty("--run", colour(run.colour));
    this.swatch.checked = runs.isVisible(run.name);
    this.swatch.setAttribute("aria-label", `Show ${run.shown}`);
    this.box.classList.toggle("is-off", !this.swatch.checked);
    return true;
  }
}

class Status {
  init({ value }) {
    this.box = document.createElement("span");
    this.light = this.box.appendChild(Object.assign(document.createElement("i"), { className: "status" }));
    this.word = this.box.appendChild(document.createElement("span"));
    this.refresh({ value });
  }
  getGui() {
    return this.box;
  }
  refresh({ value }) {
    this.light.dataset.status = value;
    this.word.textContent = value ?? "";
    return true;
  }
}

const FILTER = { buttons: ["reset"], debounceMs: 150 };
const FILTERS = { text: "agTextColumnFilter", number: "agNumberColumnFilter", time: "agDateColumnFilter" };

function definition(id) {
  const { title, group, kind, of, text, exact, tip, wide } = columns.column(id);
  const value = ({ data }) => {
    const run = runs.get(data.id);
    return run ? of(run) : null;
  };
  const none = (each) => each === null || each === undefined || each === "";
  const [sorted, falling] = sorting().get(id) ?? [];
  return {
    colId: id,
    headerName: title,
    headerTooltip: group ? `${group} · ${title}` : title,
    width: layout[id]?.width ?? wide,
    pinned: layout[id]?.pinned ?? (id === "name" ? "left" : null),
    valueGetter: value,
    valueFormatter: ({ value: each }) => (none(each) ? "" : text(each)),
    tooltipValueGetter: ({ value: each, data }) => (none(each) ? "" : tip ? tip(runs.get(data.id)) : exact(each)),
    filter: FILTERS[kind],
    comparator: columns.compare,
    sort: sorted === undefined ? null : falling ? "desc" : "asc",
    sortIndex: sorted ?? null,
    ...(kind === "time"
      ? {
          filterValueGetter: (params) => {
            const at = value(params);
            return at ? new Date(new Date(at * 1000).setHours(0, 0, 0, 0)) : null;
          },
        }
      : {}),
    ...(kind === "number"
      ? {
          type: "rightAligned",
          filterValueGetter: (params) => {
            const found = value(params);
            return none(found) ? null : Number(found);
          },
          filterParams: { ...FILTER, defaultOption: "greaterThanOrEqual" },
        }
      : {}),
    // Colour and whether it is shown are no part of a name's value: its cell is always made again.
    ...(id === "name"
      ? { cellRenderer: Name, lockPosition: "left", equals: () => false }
      : id === "status"
        ? { cellRenderer: Status }
        : {}),
  };
}

// Neighbours of one group stand under its name.
function definitions(ids) {
  const found = [];
  for (const id of ids) {
    const { group } = columns.column(id);
    const last = found.at(-1);
    if (group && last?.headerName === group) last.children.push(definition(id));
    else found.push(group ? { headerName: group, headerTooltip: group, children: [definition(id)] } : definition(id));
  }
  return found;
}

const sorting = () =>
  new Map(
    state
      .get("sort")
      .split("\n")
      .filter(Boolean)
      .map((word, i) => [word.replace(/^-/, ""), [i, word.startsWith("-")]]),
  );

// --- between the grid and the page ----------------------------------------------------------------------------

function showColumns() {
  ids = columns.shown();
  table?.setGridOption("columnDefs", definitions(ids));
}

function showRows() {
  if (!table) return;
  const now = new Map(runs.names().map((name) => [name, known.get(name) ?? { id: name }]));
  const add = [...now.values()].filter(({ id }) => !known.has(id));
  const remove = [...known.values()].filter(({ id }) => !now.has(id));
  // The newest on top, like the list.
  table.applyTransaction({ add, addIndex: 0, remove, update: [...known.values()].filter(({ id }) => now.has(id)) });
  known = now;
  showChosen();
}

function showChosen() {
  if (!table) return;
  const chosen = new Set(state.get("chosen"));
  const [on, off] = [[], []];
  table.forEachNode((node) => {
    if (Boolean(node.isSelected()) !== chosen.has(node.id)) (chosen.has(node.id) ? on : off).push(node);
  });
  if (on.length) table.setNodesSelected({ nodes: on, newValue: true, source: "api" });
  if (off.length) table.setNodesSelected({ nodes: off, newValue: false, source: "api" });
  tell();
}

function showFilters() {
  let model = null;
  try {
    model = JSON.parse(state.get("columnFilter") || "null");
  } catch {
    /* an address that somebody wrote by hand */
  }
  table?.setFilterModel(model);
}

const fresh = new Set(); // runs whose values changed
let flushing = 0;
function refresh(name) {
  fresh.add(name);
  flushing ||= setTimeout(() => {
    flushing = 0;
    const update = [...fresh].map((id) => known.get(id)).filter(Boolean);
    fresh.clear();
    if (table && view) table.applyTransaction({ update });
  }, 250);
}

const OPTIONS = {
  rowSelection: {
    mode: "multiRow",
    checkboxes: true,
    headerCheckbox: true,
    selectAll: "filtered",
    enableClickSelection: true,
  },
  selectionColumnDef: {
    width: 44,
    minWidth: 44,
    maxWidth: 44,
    pinned: "left",
    lockPosition: "left",
    resizable: false,
    suppressHeaderMenuButton: true,
  },
  defaultColDef: {
    sortable: true,
    resizable: true,
    minWidth: 60,
    suppressHeaderMenuButton: true,
    filterParams: FILTER,
  },
  tooltipShowDelay: 500,
  rowBuffer: 6,
  preventDefaultOnContextMenu: true,
  multiSortKey: "ctrl",
  isExternalFilterPresent: () => Boolean(state.get("runs")),
  doesExternalFilterPass: ({ data }) => runs.matches(data.id),
  overlayNoRowsTemplate: "<span></span>",
};

// What somebody did is kept in the address; what we did ourselves came from there.
function listen() {
  const on = (kind, act) => table.addEventListener(kind, act);
  const byHand = (act) => (event) => {
    if (!/^(api|grid|rowData)/.test(event.source)) act(event);
  };
  on(
    "selectionChanged",
    byHand(() =>
      state.set(
        "chosen",
        table.getSelectedNodes().map(({ id }) => id),
      ),
    ),
  );
  on(
    "sortChanged",
    byHand(() => state.set("sort", sorted())),
  );
  on(
    "filterChanged",
    byHand(() => {
      const model = table.getFilterModel();
      state.set("columnFilter", Object.keys(model).length ? JSON.stringify(model) : "");
    }),
  );
  on("modelUpdated", tell);
  on(
    "columnMoved",
    byHand(({ finished }) => {
      if (finished) state.set("columns", order());
    }),
  );
  on(
    "columnResized",
    byHand(({ finished, column }) => {
      if (finished && column) remember(column.getColId(), { width: column.getActualWidth() });
    }),
  );
  on(
    "columnPinned",
    byHand(({ column, pinned }) => {
      if (column) remember(column.getColId(), { pinned: pinned ?? null });
    }),
  );
  on("cellContextMenu", ({ event, node }) => runMenu(event.target, node.id, event));
  on("columnHeaderContextMenu", ({ column }) => columnMenu(column.getColId?.()));
  on("cellDoubleClicked", ({ column, node }) => {
    if (column.getColId() === "name") rename(runs.get(node.id));
  });
  on("cellKeyDown", ({ event, node, value }) => key(event, node.id, value));
}

const sorted = () =>
  table
    .getColumnState()
    .filter(({ sort }) => sort)
    .sort((a, b) => a.sortIndex - b.sortIndex)
    .map(({ colId, sort }) => (sort === "desc" ? `-${colId}` : colId))
    .join("\n");
const order = () =>
  table
    .getAllDisplayedColumns()
    .map((each) => each.getColId())
    .filter((id) => id !== "name" && !id.startsWith("ag-Grid"));

function remember(id, what) {
  layout[id] = { ...layout[id], ...what };
  state.local.set("runColumns", layout);
}

function key(event, name, value) {
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

// --- columns, chosen ------------------------------------------------------------------------------------------

let pointer = null; // where the last right click was
document.addEventListener(
  "contextmenu",
  (event) => {
    pointer = event;
  },
  true,
);

function columnMenu(id) {
  if (!id || id.startsWith("ag-Grid")) return;
  const anchor = document.activeElement ?? document.body;
  const pinned = table.getColumn(id).getPinned();
  const pin = (side) => ({
    text: side ? `Pin ${side}` : "Do not pin",
    checked: (pinned ?? null) === side,
    act: () => {
      table.setColumnsPinned([id], side);
      remember(id, { pinned: side });
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
      { text: "Filter…", act: () => table.showColumnFilter(id) },
      "-",
      pin("left"),
      pin("right"),
      pin(null),
      "-",
      {
        text: "Fit the width",
        act: () => {
          table.autoSizeColumns([id]);
          remember(id, { width: table.getColumn(id).getActualWidth() });
        },
      },
      {
        text: "Leave out",
        disabled: id === "name",
        act: () =>
          state.set(
            "columns",
            order().filter((each) => each !== id),
          ),
      },
    ],
    pointer,
  );
}

function choose(button) {
  const box = document.createElement("div");
  box.className = "tool-sheet";
  const search = box.appendChild(
    Object.assign(document.createElement("input"), { type: "search", placeholder: "Find a column" }),
  );
  search.setAttribute("aria-label", "Find a column");
  const list = box.appendChild(document.createElement("div"));
  list.className = "column-list";
  const offered = columns.all();
  const show = () => {
    const found = offered.filter((id) => id.toLowerCase().includes(search.value.toLowerCase()));
    list.replaceChildren(
      ...found.slice(0, 200).map((id) => {
        const label = Object.assign(document.createElement("label"), { className: "check" });
        const tick = label.appendChild(
          Object.assign(document.createElement("input"), { type: "checkbox", checked: columns.shown().includes(id) }),
        );
        const { group, title } = columns.column(id);
        label.append(group ? `${group} · ${title}` : title);
        tick.addEventListener("change", () => {
          const now = columns.shown().filter((each) => each !== "name");
          state.set("columns", tick.checked ? [...now, id] : now.filter((each) => each !== id));
        });
        return label;
      }),
    );
    if (found.length > 200)
      list.append(
        Object.assign(document.createElement("p"), {
          className: "hint",
          textContent: `and ${found.length - 200} more`,
        }),
      );
  };
  search.addEventListener("input", show);
  show();
  const usual = box.appendChild(
    Object.assign(document.createElement("button"), {
      className: "text-button",
      textContent: "Back to the usual columns",
    }),
  );
  usual.addEventListener("click", () => {
    for (const id of Object.keys(layout)) delete layout[id];
    state.local.set("runColumns", layout);
    state.set("columns", []);
    showColumns();
    show();
  });
  popover(button, box, "Columns");
}

// --- the page -------------------------------------------------------------------------------------------------

function build() {
  const bar = document.createElement("div");
  bar.className = "table-bar";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "Runs");
  const told = bar.appendChild(Object.assign(document.createElement("span"), { className: "table-told" }));
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
  act("Columns", null, (_, button) => choose(button));
  act("Trash", null, trash);
  act("CSV", null, () => save(table, columns.column));
  const box = document.createElement("div");
  box.className = "grid";
  box.append(
    ...Array.from({ length: 12 }, () => Object.assign(document.createElement("div"), { className: "skeleton" })),
  );
  frame = { bar, told, box };
  grid(box, OPTIONS).then(begin, (error) => {
    frame = null;
    const again = Object.assign(document.createElement("button"), { className: "button", textContent: "Try again" });
    again.addEventListener("click", paint);
    const words = Object.assign(document.createElement("div"), { className: "empty" });
    words.append(
      Object.assign(document.createElement("h2"), { textContent: "The table could not be loaded" }),
      Object.assign(document.createElement("p"), { textContent: error.message }),
      again,
    );
    view?.replaceChildren(words);
  });
}

function begin(ready) {
  table = ready;
  showColumns();
  showRows();
  showFilters();
  listen();
  load();
}

function tell() {
  if (!frame || !table) return;
  const names = chosenRuns(),
    all = runs.names().length,
    seen = table.getDisplayedRowCount();
  frame.told.textContent = `${format.plural(all, "run")}${seen < all ? ` · ${format.step(all - seen)} hidden by filters` : ""}${names.length ? ` · ${names.length} selected` : ""}${read ? "" : " · reading metrics…"}`;
  frame.bar.querySelector(".is-clear").hidden = seen === all && !state.get("columnFilter");
  for (const button of frame.bar.querySelectorAll("[data-needs]"))
    button.disabled = button.dataset.needs === "one" ? names.length !== 1 : !names.length;
}

function paint() {
  if (!view) return;
  if (!runs.all().length) {
    if (runs.loaded) view.replaceChildren(emptyPage("runs"));
    return;
  }
  if (!frame) build();
  if (frame.bar.parentNode !== view) view.replaceChildren(frame.bar, frame.box);
  if (table && columns.shown().join("\n") !== ids.join("\n")) showColumns();
  showRows();
  tell();
}

// --- what was measured ----------------------------------------------------------------------------------------

const tags = () => [
  ...new Set(
    columns
      .shown()
      .map((id) => columns.column(id).tag)
      .filter(Boolean),
  ),
];

async function load() {
  if (!view || !table) return;
  const wanted = tags();
  live.watch(wanted);
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
    say(`The metrics could not be read: ${error.message}`);
    return;
  }
  for (const [name, found] of Object.entries(answer))
    columns.metrics.set(name, { ...columns.metrics.get(name), ...found });
  read = true;
  showRows();
  tell();
}

let reading = 0;
const soon = () => {
  reading ||= setTimeout(() => {
    reading = 0;
    load();
  }, 1500);
};

live.on("points", ({ run, tag: name, count, values }) => {
  if (!view || !count) return;
  const found = columns.metrics.get(run)?.[name];
  if (!found) {
    if (tags().includes(name)) soon();
    return;
  }
  found[0] = values[count - 1];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (found[1] === null || value < found[1]) found[1] = value;
    if (found[2] === null || value > found[2]) found[2] = value;
  }
  refresh(run);
});
live.on("again", soon);

export function mount(element) {
  view = element;
  view.classList.add("is-table");
  loadGrid().catch(() => {
    /* said when the grid is drawn with it */
  }); // while the runs are read
  if (!runs.loaded)
    view.replaceChildren(
      ...Array.from({ length: 12 }, () => Object.assign(document.createElement("div"), { className: "skeleton" })),
    );
  paint();
  load();
}

export function unmount() {
  view.classList.remove("is-table");
  view = null;
  live.watch([]);
}

export const isReady = () => runs.loaded && (!runs.all().length || (read && Boolean(table)));

// What the grid shows, in its order: for automation.
export function drawn() {
  const rows = [];
  table?.forEachNodeAfterFilterAndSort(({ id }) => rows.push(id));
  return { rows, columns: table ? order() : [], chosen: state.get("chosen") };
}

let painting = 0;
runs.onChange((what) => {
  if (!view || what?.highlight !== undefined) return;
  if (what === "chosen") {
    showChosen();
    return;
  }
  painting ||= requestAnimationFrame(() => {
    painting = 0;
    paint();
  });
  if (what === "runs" || what === "run") soon();
});
state.on("runs", () => table?.onFilterChanged());
state.on("sort", (text) => {
  if (table && sorted() !== text) showColumns();
});
state.on("columnFilter", (text) => {
  if (table && JSON.stringify(table.getFilterModel()) !== (text || "{}")) showFilters();
});
state.on("columns", () => {
  showColumns();
  load();
});
document.addEventListener("themechange", () => {
  if (table) table.refreshCells({ force: true, columns: ["name"] });
});
