// A pane with a table of rows.
import { csv } from "../../text/csv.js";
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";
import { textFile } from "./view.js";

const MOST_ROWS = 500; // that are drawn; a file has all

/**
 * @param {any} content {columns, rows}
 * @returns {{ columns: string[], rows: any[][] }}
 */
export function tableOf(content) {
  const columns = Array.isArray(content?.columns) ? content.columns.map(String) : [];
  const rows = Array.isArray(content?.rows) ? content.rows : Array.isArray(content?.data) ? content.data : [];
  return { columns, rows: rows.filter(Array.isArray) };
}

/** @param {unknown} value */
const cell = (value) =>
  value === null || value === undefined
    ? ""
    : typeof value === "number"
      ? format.value(value)
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);

/** @type {import("./view.js").Make} */
export function make() {
  const holder = node("div", { class: "pane-table", tabindex: 0 });
  /** @type {ReturnType<typeof tableOf>} */
  let shown = { columns: [], rows: [] };
  return {
    element: holder,
    update: ([pane]) => {
      shown = tableOf(pane.content);
      const { columns, rows } = shown;
      const head = node("tr", {}, ...columns.map((text) => node("th", { text, scope: "col" })));
      const body = rows
        .slice(0, MOST_ROWS)
        .map((row) =>
          node(
            "tr",
            {},
            ...row.map((value) => node("td", { text: cell(value), class: typeof value === "number" && "is-number" })),
          ),
        );
      holder.replaceChildren(
        node("table", {}, node("thead", {}, head), node("tbody", {}, ...body)),
        ...(rows.length > MOST_ROWS
          ? [
              node("p", {
                class: "page-note",
                text: `${format.plural(rows.length - MOST_ROWS, "row")} more in the file`,
              }),
            ]
          : []),
      );
    },
    files: () => [
      textFile("csv", "text/csv", () =>
        csv([
          shown.columns,
          ...shown.rows.map((row) => row.map((value) => (typeof value === "object" ? cell(value) : value))),
        ]),
      ),
    ],
  };
}
