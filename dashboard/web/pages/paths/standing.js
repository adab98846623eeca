// Where walks stand at a step: in a table, lowest first, and in the window beside the pointer.
import * as format from "../../text/format.js";

// Who is lowest now, in a table that a screen reader can read as well.
/**
 * @param {HTMLElement} body of the table
 * @param {any[]} shown walks with their colours
 * @param {number} step
 */
export function standing(body, shown, step) {
  const rows = shown.map((each) => ({ ...each, place: each.walk.place(step) })).filter(({ place }) => place);
  const height = (/** @type {any} */ { place }) => (Number.isNaN(place.value) ? Infinity : place.value);
  rows.sort((a, b) => height(a) - height(b) || (a.walk.run < b.walk.run ? -1 : 1));
  while (body.children.length > rows.length) body.lastChild?.remove();
  rows.forEach(({ walk, colour: paint, place }, i) => {
    let row = /** @type {HTMLElement | undefined} */ (body.children[i]);
    if (!row) {
      row = body.appendChild(document.createElement("tr"));
      row.innerHTML = '<td><i class="dot"></i><span></span></td><td></td><td></td><td></td><td></td>';
    }
    const [dot, name] = /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll(".dot, span"));
    dot.style.background = paint;
    name.textContent = walk.run;
    [place.x, place.y, place.value].forEach((number, k) => {
      row.children[k + 1].textContent = format.value(number);
    });
    row.children[4].textContent = format.step(place.step);
  });
}

// What lies under the pointer: a step of a walk, or a place of the surface; null beside both.
/**
 * @param {import("./contour.js").Contour} contour
 * @param {any[] | undefined} shown
 * @param {number} step
 * @param {PointerEvent} event
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
  for (const axis of ["x", "y", "value"]) {
    const row = table.insertRow();
    row.insertCell().textContent = axis;
    row.insertCell().textContent = format.value(walk[axis][index]);
  }
  return table;
}
