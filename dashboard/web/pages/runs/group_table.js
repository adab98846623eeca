// The table of runs with a line for each group of them: those that have the same settings, how many, and of each metric
// the best, the mean and the deviation.
import * as choice from "../../core/choice.js";
import * as columns from "./columns.js";
import * as format from "../../text/format.js";
import * as metrics from "../../core/run_metrics.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { csv } from "../../text/csv.js";
import { inOrder, keyOf } from "../../text/run_fields.js";
import { grouped, summaryOf } from "../../text/run_groups.js";
import { written } from "../../text/run_query.js";
import { offer } from "../../ui/download.js";
import { grid } from "../../ui/grid.js";
import { node } from "../../ui/dom.js";
import { chooseGroups } from "./group_choice.js";

/** @typedef {import("../../text/run_fields.js").Field} Field */
/** @typedef {import("../../core/runs.js").Run} Run */
/** @typedef {{ id: string, cells: (string | number | null)[], runs: Run[] }} Row */
/** @typedef {{ title: string, head: string, isText: boolean }} Column head: over the titles of several */

const BLANK = "not set";

export class GroupTable {
  constructor() {
    /** @type {any} */
    this.table = null; // AG Grid's API, once it is there
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Column[]} */
    this.columns = [];
    this.shape = ""; // of the columns that the grid has
    this.told = node("span", { class: "table-told", role: "status" });
    this.by = node("button", { class: "tool-button is-on", "aria-haspopup": "dialog" });
    this.by.addEventListener("click", () => chooseGroups(this.by));
    const all = node("button", { class: "tool-button", text: "All runs" }),
      file = node("button", { class: "tool-button", text: "CSV" });
    all.addEventListener("click", () => state.set("tableBy", []));
    file.addEventListener("click", () => this.save());
    this.bar = node(
      "div",
      { class: "table-bar", role: "toolbar", "aria-label": "Groups" },
      this.told,
      this.by,
      all,
      file,
    );
    this.box = node("div", { class: "grid" });
    this.made = grid(this.box, {
      rowSelection: { mode: "multiRow", checkboxes: false, headerCheckbox: false, enableClickSelection: true },
      defaultColDef: { sortable: true, resizable: true, minWidth: 60, suppressHeaderMenuButton: true },
      tooltipShowDelay: 500,
      overlayNoRowsTemplate: "<span></span>",
    }).then((table) => {
      this.table = table;
      this.#listen();
      this.show();
    });
  }

  #listen() {
    this.table.addEventListener("selectionChanged", (/** @type {any} */ { source }) => {
      if (/^(api|grid|rowData)/.test(source)) return;
      /** @type {{ data: Row }[]} */
      const chosen = this.table.getSelectedNodes();
      state.set(
        "chosen",
        chosen.flatMap(({ data }) => data.runs.map(({ name }) => name)),
      );
    });
    this.table.addEventListener("cellDoubleClicked", (/** @type {any} */ { data }) => this.open(data));
    this.table.addEventListener("cellKeyDown", (/** @type {any} */ { event, data }) => {
      if (event.key === "Enter") this.open(data);
    });
  }

  /** Shows the runs of a group, which the search then says. @param {Row} row */
  open({ cells }) {
    const words = this.fields().map((field, i) => {
      const value = cells[i];
      return value === null ? `-${keyOf(field)}=*` : `${keyOf(field)}=${written(String(value))}`;
    });
    state.set("tableBy", []);
    state.set("runs", [state.get("runs").trim(), ...words].filter(Boolean).join(" "));
  }

  /** The fields that runs are put together by. @returns {Field[]} */
  fields() {
    return state.get("tableBy").flatMap((key) => {
      const found = choice.fieldsNow().find(key);
      return found && typeof found !== "string" ? [found] : [];
    });
  }

  /** The tags whose metrics it shows: those of the table of runs. */
  tags() {
    return columns.tags();
  }

  show() {
    const by = this.fields(),
      tags = this.tags();
    this.by.textContent = `By ${by.map(name).join(", ")}`;
    if (!this.table) return;
    const of = tags.map((tag) => choice.fieldsNow().metricOf(tag, "last")),
      groups = grouped(runs.listed(), by);
    const isNumber = by.map((_, i) =>
      groups.every(({ values }) => values[i] === null || !Number.isNaN(Number(values[i]))),
    );
    this.columns = [
      ...by.map((field, i) => ({ title: name(field), head: "", isText: !isNumber[i] })),
      { title: "runs", head: "", isText: false },
      ...of.flatMap(({ tag = "" }) => ["best", "mean", "± std"].map((title) => ({ title, head: tag, isText: false }))),
    ];
    this.rows = groups.map(({ key, values, runs: own }) => ({
      id: key,
      runs: own,
      cells: [
        ...values,
        own.length,
        ...of.flatMap((field) => {
          const { best, mean, std } = summaryOf(own, field);
          return [best, mean, std].map((each) => (Number.isNaN(each) ? null : each));
        }),
      ],
    }));
    const shape = JSON.stringify(this.columns);
    if (shape !== this.shape) this.table.setGridOption("columnDefs", definitions(this.columns));
    this.shape = shape;
    this.table.setGridOption("rowData", this.rows);
    const count = this.rows.reduce((sum, { runs: own }) => sum + own.length, 0);
    this.told.textContent = [
      `${format.plural(this.rows.length, "group")} of ${format.plural(count, "run")}`,
      metrics.isKnown(tags) ? "" : "loading metrics…",
    ]
      .filter(Boolean)
      .join(" · ");
  }

  save() {
    const head = this.columns.map(({ head, title }) => (head ? `${head} ${title}` : title));
    /** @type {Row[]} */
    const rows = [];
    this.table?.forEachNodeAfterFilterAndSort((/** @type {{ data: Row }} */ { data }) => rows.push(data));
    offer(new Blob([csv([head, ...rows.map(({ cells }) => cells)])], { type: "text/csv" }), "groups.csv");
  }
}

/** @param {Field} field */
const name = ({ id }) => id.slice(id.indexOf(":") + 1);

/**
 * As AG Grid wants them: columns of one metric below its name.
 * @param {Column[]} all
 */
function definitions(all) {
  /** @type {{ headerName: string, children?: object[] }[]} */
  const found = [];
  all.forEach((column, i) => {
    const made = definition(column, i);
    const last = found.at(-1);
    if (!column.head) found.push(made);
    else if (last?.children && last.headerName === column.head) last.children.push(made);
    else found.push({ headerName: column.head, children: [made] });
  });
  return found;
}

/** @param {Column} column @param {number} i */
function definition({ title, isText, head }, i) {
  return {
    colId: `cell${i}`,
    headerName: title,
    headerTooltip: head ? `${head} · ${title} of the last values` : title,
    width: head ? 96 : Math.max(90, title.length * 8 + 40),
    valueGetter: (/** @type {{ data: Row }} */ { data }) => data.cells[i],
    valueFormatter: (/** @type {{ value: string | number | null }} */ { value }) =>
      value === null || value === undefined
        ? head
          ? "–"
          : BLANK
        : typeof value === "number"
          ? head
            ? format.value(value, 5)
            : format.step(value)
          : value,
    tooltipValueGetter: (/** @type {{ value: string | number | null }} */ { value }) =>
      typeof value === "number" ? format.exact(value) : value,
    comparator: (
      /** @type {any} */ a,
      /** @type {any} */ b,
      /** @type {any} */ _,
      /** @type {any} */ __,
      /** @type {boolean} */ falling,
    ) => inOrder(a, b, falling) * (falling ? -1 : 1),
    ...(isText ? {} : { type: "rightAligned" }),
  };
}
