// The table of runs as a file, and the runs that were deleted.
import * as api from "../../core/api.js";
import * as runs from "../../core/runs.js";
import { dialog, say, trying } from "../../ui/menu.js";

// A cell of text that begins so is a formula to a spreadsheet, which may run it.
const cell = (text) => {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?(Infinity|[\d.]+(e[+-]?\d+)?)$/i.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
};

// What the table shows, in its order, every digit of it. table: AG Grid's API; column(id): see columns.js.
export function save(table, column) {
  const shown = table
    .getAllDisplayedColumns()
    .map((each) => each.getColId())
    .filter((id) => !id.startsWith("ag-Grid"))
    .map(column);
  const lines = [shown.map(({ group, title }) => cell(group ? `${group} ${title}` : title)).join(",")];
  table.forEachNodeAfterFilterAndSort(({ id }) =>
    lines.push(shown.map(({ of }) => cell(String(of(runs.get(id)) ?? ""))).join(",")),
  );
  const link = Object.assign(document.createElement("a"), {
    href: URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" })),
    download: "runs.csv",
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
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
        say(`${name} is back.`);
      }),
    );
  }
  list.append(
    Object.assign(document.createElement("p"), {
      className: "hint",
      textContent: "Deleted runs lie in the folder .trash of the logdir until you empty it.",
    }),
  );
  dialog("Trash", list);
}
