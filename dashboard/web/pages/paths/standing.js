// Where walks stand at a step: in a table, lowest first, and in the window beside the pointer.
import * as format from "../../text/format.js";
import { compareNames } from "../../text/name_order.js";

/** @typedef {import("./walk.js").Shown} Shown */

// Who is lowest now, in a table that a screen reader can read as well.
/**
 * @param {HTMLElement} body
 * @param {Shown[]} shown
 * @param {number} step
 */
export function standing(body, shown, step) {
  const rows = shown.flatMap((each) => {
    const place = each.walk.place(step);
    return place ? [{ ...each, place, height: Number.isNaN(place.value) ? Infinity : place.value }] : [];
  });
  rows.sort((a, b) => (a.height === b.height ? 0 : a.height - b.height) || compareNames(a.walk.run, b.walk.run));
  while (body.children.length > rows.length) body.lastElementChild?.remove();
  rows.forEach(({ walk, colour: paint, place }, i) => {
    const row = body.children[i] ?? body.appendChild(emptyRow());
    const [dot, name] = row.children[0].children;
    dot.setAttribute("style", `background: ${paint}`);
    name.textContent = walk.run;
    [place.x, place.y, place.value].forEach((number, k) => {
      row.children[k + 1].textContent = format.value(number);
    });
    row.children[4].textContent = format.step(place.step);
  });
}

function emptyRow() {
  const row = document.createElement("tr");
  row.innerHTML = '<td><i class="dot"></i><span></span></td><td></td><td></td><td></td><td></td>';
  return row;
}

// What lies under the pointer: a step of a walk, or a place of the surface; null beside both.
/**
 * @param {import("./contour.js").Contour} contour
 * @param {Shown[] | null} shown
 * @param {number} step
 * @param {MouseEvent} event
 */
export function under(contour, shown, step, event) {
  const found = shown && contour.nearest(shown, step, event.offsetX, event.offsetY);
  const table = document.createElement("table");
  if (!found) {
    const here = contour.under(event.offsetX, event.offsetY);
    if (!here) return null;
    for (const [name, value] of Object.entries({
      x: format.value(here.x),
      y: format.value(here.y),
      height: here.known ? format.value(here.value, 6) : "not known yet",
    })) {
      const row = table.insertRow();
      row.insertCell().textContent = name;
      row.insertCell().textContent = value;
    }
    return table;
  }
  const { walk, index } = found;
  table.append(
    Object.assign(document.createElement("caption"), {
      textContent: `${walk.run} · step ${format.step(walk.steps[index])}`,
    }),
  );
  for (const axis of /** @type {const} */ (["x", "y", "value"])) {
    const row = table.insertRow();
    row.insertCell().textContent = axis;
    row.insertCell().textContent = format.value(walk[axis][index]);
  }
  return table;
}
