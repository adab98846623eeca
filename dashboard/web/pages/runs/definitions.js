// The columns of the table of runs as AG Grid wants them: what they show, how they sort and filter, where they stand.
import * as columns from "./columns.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { Name, Status } from "./cells.js";

const FILTER = { buttons: ["reset"], debounceMs: 150 };
const FILTERS = { text: "agTextColumnFilter", number: "agNumberColumnFilter", time: "agDateColumnFilter" };

// Of the grid as a whole.
export const OPTIONS = {
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
  doesExternalFilterPass: (/** @type {Params} */ { data }) => runs.matches(data.id),
  overlayNoRowsTemplate: "<span></span>",
};

/** @typedef {Record<string, { width?: number, pinned?: string | null }>} Layout as somebody left it, by column */
/** @typedef {{ data: { id: string } }} Params of AG Grid, for a row */
/**
 * Of a column, or of several below one head.
 * @typedef {{ headerName: string, headerTooltip: string, children?: object[], [option: string]: unknown }} Definition
 */

/**
 * Neighbours of one group stand under its name.
 * @param {string[]} ids
 * @param {Layout} layout
 */
export function definitions(ids, layout) {
  /** @type {Definition[]} */
  const found = [];
  for (const id of ids) {
    const { group } = columns.column(id);
    const last = found.at(-1);
    if (group && last?.headerName === group) last.children?.push(definition(id, layout));
    else
      found.push(
        group
          ? { headerName: group, headerTooltip: group, children: [definition(id, layout)] }
          : definition(id, layout),
      );
  }
  return found;
}

/**
 * @param {string} id
 * @param {Layout} layout
 * @returns {Definition}
 */
function definition(id, layout) {
  const { title, group, kind, of, text, exact, tip, wide } = columns.column(id);
  /** @param {Params} params */
  const value = ({ data }) => {
    const run = runs.get(data.id);
    return run ? of(run) : null;
  };
  /** @param {unknown} each */
  const none = (each) => each === null || each === undefined || each === "";
  const sorted = sorting().get(id);
  return {
    colId: id,
    headerName: title,
    headerTooltip: group ? `${group} · ${title}` : title,
    width: layout[id]?.width ?? wide,
    pinned: layout[id]?.pinned ?? (id === "name" ? "left" : null),
    valueGetter: value,
    valueFormatter: (/** @type {{ value: unknown }} */ { value: each }) => (none(each) ? "" : text(each)),
    tooltipValueGetter: (/** @type {Params & { value: unknown }} */ { value: each, data }) => {
      const run = runs.get(data.id);
      return none(each) ? "" : tip && run ? tip(run) : exact(each);
    },
    filter: FILTERS[kind],
    comparator: columns.compare,
    sort: sorted ? (sorted.isFalling ? "desc" : "asc") : null,
    sortIndex: sorted?.index ?? null,
    ...(kind === "time"
      ? {
          filterValueGetter: (/** @type {Params} */ params) => {
            const at = Number(value(params));
            return at ? new Date(new Date(at * 1000).setHours(0, 0, 0, 0)) : null;
          },
        }
      : {}),
    ...(kind === "number"
      ? {
          type: "rightAligned",
          filterValueGetter: (/** @type {Params} */ params) => {
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

// Which columns the table is sorted by, by their ids.
const sorting = () =>
  new Map(
    state
      .get("sort")
      .split("\n")
      .filter(Boolean)
      .map((word, i) => [word.replace(/^-/, ""), { index: i, isFalling: word.startsWith("-") }]),
  );
