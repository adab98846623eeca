// The numbers behind a chart, as a table: for those who cannot see it, and for those who want to be sure.
import * as format from "../text/format.js";
import { dialog } from "./menu.js";

/** @typedef {import("./download.js").Card} Card */

const MOST = 2000; // rows; the rest is a download away

/** @param {Card} card */
export function dataTable(card) {
  if (!card.chart.view) return;
  const { axis, xName } = card.chart.view.settings;
  const lines = card.lines();
  const box = document.createElement("div");
  box.className = "data-table";
  box.tabIndex = 0;
  const table = box.appendChild(document.createElement("table"));
  const place = { __proto__: null, step: "step", relative: "seconds since the start", time: "time", metric: xName }[
    axis
  ];
  table.createCaption().textContent = `${format.plural(lines.length, "line")} over ${place}`;
  const head = table.createTHead().insertRow();
  for (const text of [
    "Line",
    "Step",
    ...(axis === "step" ? [] : [place]),
    "Value",
    "Least",
    "Greatest",
    lines.some(({ curve }) => curve.carried) ? "Runs" : "Points",
  ])
    head.append(Object.assign(document.createElement("th"), { textContent: text, scope: "col" }));
  const body = table.createTBody();
  let rows = 0;
  for (const { curve, label } of lines) {
    const [begin, , shift] = curve.ends(axis);
    for (let i = 0; i < curve.length && rows < MOST; i++, rows++) {
      const row = body.insertRow();
      const where = begin[i] - shift;
      for (const text of [
        label,
        format.step(curve.x1[i]),
        ...(axis === "step" ? [] : [axis === "time" ? format.moment(where) : format.exact(where)]),
        format.exact(curve.count[i] === 1 ? curve.last[i] : curve.mean[i]),
        format.exact(curve.min[i]),
        format.exact(curve.max[i]),
        String(curve.carried?.[i] ?? curve.count[i]),
      ])
        row.insertCell().textContent = text;
    }
  }
  const total = lines.reduce((sum, { curve }) => sum + curve.length, 0);
  if (total > rows)
    box.append(
      Object.assign(document.createElement("p"), {
        className: "hint",
        textContent: `${format.step(total - rows)} more rows are in the download as CSV.`,
      }),
    );
  dialog(card.title, box, true);
}
