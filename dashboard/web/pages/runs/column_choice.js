// The list in which the columns of the table of runs are chosen.
import * as columns from "./columns.js";
import * as state from "../../core/state.js";
import { popover } from "../../ui/menu.js";

/**
 * @param {HTMLElement} button
 * @param {import("./run_table.js").RunTable} table
 */
export function chooseColumns(button, table) {
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
    table.forgetLayout();
    show();
  });
  popover(button, box, "Columns");
}
