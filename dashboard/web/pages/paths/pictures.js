// The pictures of the page of paths as they are put into it: what the pointer is told over them, drawn anew when
// resized.
import { hideTip, showTip } from "../../charts/tooltip.js";
import { part } from "../../ui/dom.js";
import { Contour } from "./contour.js";
import { SliceChart } from "./slice.js";
import { View3d } from "./view3d.js";

/** @typedef {{ contour: Contour, view3d: View3d, chart: SliceChart }} Pictures */

// A table beside the pointer, where there is something under it.
/**
 * @param {HTMLCanvasElement} canvas
 * @param {(event: PointerEvent) => HTMLTableElement | null} tableAt
 */
function tell(canvas, tableAt) {
  canvas.addEventListener("pointermove", (event) => {
    const table = tableAt(event);
    if (table) showTip(event, table);
    else hideTip();
  });
  canvas.addEventListener("pointerleave", hideTip);
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 * @param {object} act
 * @param {() => void} act.redraw
 * @param {(contour: Contour, event: MouseEvent) => HTMLTableElement | null} act.tableAt a place of the contours
 * @returns {Pictures}
 */
export function pictures(view, scope, { redraw, tableAt }) {
  const ground = part(view, ".paths-contour", HTMLCanvasElement),
    lines = part(view, ".paths-slice canvas", HTMLCanvasElement);
  const contour = new Contour(ground),
    chart = new SliceChart(lines),
    view3d = new View3d(part(view, ".paths-3d", HTMLCanvasElement), redraw);
  tell(lines, (event) => chart.under(event.offsetX, event.offsetY));
  tell(ground, (event) => tableAt(contour, event));
  const resized = scope.observer(new ResizeObserver(redraw));
  for (const canvas of view.querySelectorAll("canvas")) resized.observe(canvas);
  return { contour, view3d, chart };
}
