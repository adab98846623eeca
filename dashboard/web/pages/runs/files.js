// The table of runs as a file, and the runs that were deleted.
import * as api from "../../core/api.js";
import * as runs from "../../core/runs.js";
import { csv } from "../../text/csv.js";
import { offer } from "../../ui/download.js";
import { dialog, say, trying } from "../../ui/menu.js";

/** @typedef {import("./columns.js").Column} Column */
/**
 * @typedef {object} Table AG Grid's API, as far as it is used here
 * @property {() => { getColId(): string }[]} getAllDisplayedColumns
 * @property {(act: (row: { id: string }) => void) => void} forEachNodeAfterFilterAndSort
 */

// What the table shows, in its order, every digit of it.
/**
 * @param {Table} table
 * @param {(id: string) => Column} column
 */
export function save(table, column) {
  const shown = table
    .getAllDisplayedColumns()
    .map((each) => each.getColId())
    .filter((id) => !id.startsWith("ag-Grid"))
    .map(column);
  /** @type {import("../../text/csv.js").Cell[][]} */
  const rows = [shown.map(({ group, title }) => (group ? `${group} ${title}` : title))];
  table.forEachNodeAfterFilterAndSort(({ id }) => {
    const run = runs.get(id);
    if (run) rows.push(shown.map(({ of }) => of(run)));
  });
  offer(new Blob([csv(rows)], { type: "text/csv" }), "runs.csv");
}

export async function trash() {
  const found = await trying(() => api.json("trash"));
  if (!found) return;
  const list = document.createElement("div");
  list.className = "body";
  if (!found.runs.length) list.append("The trash is empty.");
  for (const name of found.runs) {
    const line = list.appendChild(Object.assign(document.createElement("div"), { className: "trash-line" }));
    line.append(Object.assign(document.createElement("span"), { textContent: name }));
    const back = line.appendChild(
      Object.assign(document.createElement("button"), { className: "text-button", textContent: "Restore" }),
    );
    back.setAttribute("aria-label", `Restore ${name}`);
    back.addEventListener("click", () =>
      trying(async () => {
        await api.post("trash", { runs: [name], restore: true });
        line.remove();
        say(`${name} restored`);
      }),
    );
  }
  list.append(
    Object.assign(document.createElement("p"), {
      className: "hint",
      textContent: "Deleted runs stay in the logdir's .trash folder until you empty it.",
    }),
  );
  dialog("Trash", list);
}
