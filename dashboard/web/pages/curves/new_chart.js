// The dialog that asks for a chart of one's own: several tags in one, or an expression.
import * as api from "../../core/api.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { dialog } from "../../ui/menu.js";
import { openShelf } from "./shelf.js";

const HINT =
  "One tag per line. A line that begins with = is an expression: + - * / ^, log, exp, sqrt, abs, min, max, cummin, " +
  "cummax; put a space before an operator.";

/** @param {import("./page.js").CurvesPage} page whose cards say which tags are meant first */
export async function newChart(page) {
  const shelf = await openShelf();
  if (!shelf) return;
  const form = document.createElement("form");
  form.method = "dialog";
  const text = form.appendChild(
    Object.assign(document.createElement("textarea"), {
      rows: 4,
      placeholder: "train/loss\nval/loss\n= val/loss - train/loss",
      spellcheck: false,
    }),
  );
  text.setAttribute("aria-label", "Tags and expressions, one per line");
  form.append(
    Object.assign(document.createElement("p"), {
      className: "hint",
      textContent: HINT,
    }),
  );
  const known = form.appendChild(document.createElement("div"));
  known.className = "chips";
  /**
   * @param {string} name
   * @param {string} line
   */
  const add = (name, line) => {
    const chip = known.appendChild(
      Object.assign(document.createElement("button"), {
        type: "button",
        className: "chip",
        textContent: name,
        title: line,
      }),
    );
    chip.addEventListener("click", () => {
      text.value += `${text.value && !text.value.endsWith("\n") ? "\n" : ""}${line}`;
      text.focus();
    });
  };
  for (const [name, line] of Object.entries(shelf.expression)) add(name, `= ${line}`);
  // What the cards show comes first: with hundreds of tags the one that is meant is among them.
  const offered = [
    ...new Set([...page.sighted().flatMap((/** @type {any} */ card) => card.tags), ...runs.tagsInSight("scalar")]),
  ].filter((tag) => !runs.isExpression(tag));
  for (const tag of offered.slice(0, 60)) add(tag, tag);
  const name = form.appendChild(
    Object.assign(document.createElement("input"), {
      placeholder: "Save the expression as (optional)",
      disabled: shelf.read_only,
    }),
  );
  name.setAttribute("aria-label", "Name to save the expression as");
  const wrong = form.appendChild(Object.assign(document.createElement("p"), { className: "wrong" }));
  wrong.setAttribute("role", "alert");
  form.append(
    Object.assign(document.createElement("button"), { className: "button is-main", textContent: "Add the chart" }),
  );
  const box = dialog("New chart", form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const lines = text.value
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
    const expressions = lines.filter(runs.isExpression).map((line) => line.slice(1).trim());
    try {
      if (!lines.length) throw new Error("Name at least one tag.");
      const unknown = lines.filter((line) => line[0] !== "=" && !runs.tags("scalar").includes(line));
      if (unknown.length) throw new Error(`No run has logged ${unknown.join(", ")}.`);
      for (const each of expressions) await api.json("expressions", { text: each });
      if (name.value.trim() && expressions.length)
        await api.post("shelf", { kind: "expression", name: name.value.trim(), value: expressions[0] });
    } catch (error) {
      wrong.textContent = /** @type {Error} */ (error).message;
      return;
    }
    box.close();
    const id = JSON.stringify(lines.map((line) => (runs.isExpression(line) ? `= ${line.slice(1).trim()}` : line)));
    if (!state.get("cards").includes(id)) state.set("cards", [...state.get("cards"), id]);
    document.getElementById("view")?.scrollTo({ top: 0 });
  });
}
