// The small window beside the pointer: what lies there, on every line.
import * as format from "../text/format.js";
import { sample } from "./legend.js";
import { clipped, tellApart } from "../text/ellipsis.js";

/**
 * @typedef {import("./chart.js").Found} Found
 * @typedef {{ clientX: number, clientY: number }} Pointer where one is, or is taken to be
 */

const ROWS = 20; // of a hundred runs those around the pointer: more would cover what is looked at

const tip = /** @type {HTMLElement} */ (document.getElementById("tip"));
/** @param {string} text */
const note = (text) => Object.assign(document.createElement("span"), { className: "note", textContent: text });

/**
 * @param {Pointer} event
 * @param {Node} content
 */
export function showTip(event, content) {
  tip.replaceChildren(content);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const right = event.clientX + 16 + width > innerWidth - 8;
  tip.style.left = `${Math.max(8, right ? event.clientX - width - 16 : event.clientX + 16)}px`;
  tip.style.top = `${Math.max(8, Math.min(event.clientY + 12, innerHeight - height - 8))}px`;
}

export function hideTip() {
  tip.hidden = true;
}

// What lies under a place on a chart, sorted by value, the nearest bold; every digit of what was logged.
// found: see Chart.under; nearest: index of the one closest to the pointer; marks: those beside it.
/**
 * @param {Found[]} found
 * @param {number} nearest
 * @param {{ axis: import("./curve.js").Axis, xName: string }} settings
 * @param {import("./axes.js").Placed[]} marks
 */
export function curvesTip(found, nearest, { axis, xName }, marks) {
  const room = Math.min(ROWS, Math.max(8, Math.floor(innerHeight / 18) - 8));
  const from = found.length <= room ? 0 : Math.max(0, Math.min(nearest - (room >> 1), found.length - room));
  const shown = found.slice(from, from + room);
  const table = document.createElement("table"),
    parts = tellApart(found.map(({ label }) => label));
  const reference = found[nearest];
  const said = [
    `step ${reference.exactStep === null ? "≈ " : ""}${format.step(reference.exactStep ?? reference.step)}`,
  ];
  if (axis === "metric") said.unshift(`${xName} ${format.exact(reference.at)}`);
  else if (axis === "relative") said.push(format.duration(reference.at));
  else said.push(new Date(reference.time * 1000).toLocaleTimeString());
  table.createCaption().textContent = said.join(" · ");
  for (const each of shown) {
    const row = table.insertRow();
    if (each === reference && found.length > 1) row.className = "nearest";
    const name = row.insertCell();
    if (each.dash?.length) name.append(sample(each.colour, each.dash));
    else {
      const dot = name.appendChild(document.createElement("i"));
      dot.className = "dot";
      dot.style.background = each.colour;
    }
    name.append(clipped(each.label, parts.get(each.label)));
    row.insertCell().textContent = each.smooth || each.band ? format.value(each.value, 6) : format.exact(each.value);
    const more = row.insertCell();
    if (each.smooth) more.append(note(each.count === 1 ? format.exact(each.raw) : ""));
    if (each.band) {
      const { carried, memberCount = 0 } = each;
      const part = carried !== undefined && carried < memberCount ? `${carried} of ` : "";
      more.append(
        note(`${format.value(each.min)} to ${format.value(each.max)} · ${part}${format.plural(memberCount, "run")}`),
      );
    } else if (each.count > 1)
      more.append(
        note(`${format.exact(each.min)} to ${format.exact(each.max)} · ${format.plural(each.count, "point")}`),
      );
  }
  if (shown.length < found.length) {
    const cell = table.insertRow().insertCell(),
      below = found.length - from - room;
    cell.colSpan = 3;
    cell.append(
      note(
        /** @type {[number, string][]} */ ([
          [from, "above"],
          [below, "below"],
        ])
          .filter(([count]) => count)
          .map(([count, where]) => `${count} more ${where}`)
          .join(" · "),
      ),
    );
  }
  for (const { mark, line } of marks.slice(0, 4)) {
    const row = table.insertRow();
    row.className = "mark";
    const cell = row.insertCell();
    cell.colSpan = 3;
    cell.append(
      note(`${mark.kind}: `),
      mark.text || "–",
      note(` · ${line.label}${mark.step === null ? "" : ` · step ${format.step(mark.step)}`}`),
    );
  }
  return table;
}
