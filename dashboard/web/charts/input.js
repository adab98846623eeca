// What a pointer and a keyboard do on a chart: cursor, zoom in x or y or both, and back; and a box that chooses lines.
import { through } from "./brush.js";

/**
 * @typedef {import("./chart.js").Chart} Chart
 * @typedef {[x: number, y: number]} Place in CSS pixels of the chart
 * @typedef {{ from: Place, to: Place, isBrush: boolean }} Drag isBrush: it chooses lines, and is no zoom
 * @typedef {{ x: Span, y: Span }} Box
 * @typedef {import("./scale.js").Zoom} Span from one pixel to another
 */

const SMALL = 5; // a drag of fewer pixels is a click

/** @param {Chart} chart */
export function listen(chart) {
  const { over } = chart;
  /**
   * @param {MouseEvent} event
   * @returns {Place}
   */
  const inside = (event) => {
    const box = over.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  over.addEventListener("pointermove", (event) => {
    if (!chart.view) return;
    const [px, py] = inside(event);
    if (chart.drag) {
      chart.drag.to = [px, py];
      chart.drawOver();
      return;
    }
    const x = chart.view.scale.invert(px);
    chart.options.onHover(x);
    chart.tip(event, x, py);
  });
  over.addEventListener("pointerleave", () => leave(chart));
  over.addEventListener("pointerdown", (event) => {
    if (event.button || !chart.view) return;
    const at = inside(event);
    const isBrush = Boolean(chart.options.onBrush) && (event.shiftKey || chart.isBrushing);
    chart.drag = { from: at, to: at, isBrush };
    over.setPointerCapture(event.pointerId);
    chart.hideTip();
  });
  over.addEventListener("pointerup", (event) => {
    if (!chart.drag) return;
    const { view, drag } = chart;
    const box = view && drag.isBrush ? boxOf(drag, view.plot) : null,
      zoom = drag.isBrush ? null : zoomOf(chart);
    chart.drag = null;
    if (view && box) chart.options.onBrush?.(through(view, box), event);
    else if (zoom) chart.setZoom(zoom.x, zoom.y);
    else if (chart.view && event.shiftKey && chart.options.onHold)
      chart.options.onHold(chart.view.scale.invert(inside(event)[0]));
    else if (chart.view) chart.options.onPick?.(chart.nearest(...inside(event)), event);
    chart.drawOver();
  });
  over.addEventListener("pointercancel", () => {
    chart.drag = null;
    chart.drawOver();
  });
  over.addEventListener("dblclick", () => chart.setZoom(null, null));
  over.addEventListener(
    "wheel",
    (event) => {
      if (!(event.ctrlKey || event.metaKey) || !chart.view) return;
      event.preventDefault();
      around(chart, chart.view, chart.view.scale.invert(inside(event)[0]), event.deltaY < 0 ? 0.8 : 1.25);
    },
    { passive: false },
  );
  over.addEventListener("keydown", (event) => key(chart, event));
  over.addEventListener("blur", () => leave(chart));
}

/** @param {Chart} chart */
function leave(chart) {
  chart.options.onHover(null);
  chart.hideTip();
}

/**
 * @param {number} a
 * @param {number} b
 * @param {number} low
 * @param {number} high
 * @returns {Span}
 */
const within = (a, b, low, high) => [
  Math.min(Math.max(Math.min(a, b), low), high),
  Math.min(Math.max(Math.max(a, b), low), high),
];

// The box that a drag drew; null where it is a click.
/**
 * @param {Drag} drag
 * @param {import("./scale.js").Plot} plot
 * @returns {Box | null}
 */
export function boxOf({ from, to }, plot) {
  if (Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])) <= SMALL) return null;
  return { x: within(from[0], to[0], plot.left, plot.right), y: within(from[1], to[1], plot.top, plot.bottom) };
}

// Which part of the chart a drag chose: to the side x, up or down y, across both.
/**
 * @param {Drag} drag
 * @param {import("./scale.js").Plot} plot
 * @returns {{ x: Span | null, y: Span | null }}
 */
export function chosen({ from, to }, plot) {
  const wide = Math.abs(to[0] - from[0]),
    tall = Math.abs(to[1] - from[1]);
  const byX = wide > SMALL && wide > tall / 3,
    byY = tall > 20 && tall > wide / 3;
  return {
    x: byX ? within(from[0], to[0], plot.left, plot.right) : null,
    y: byY && (tall > 30 || !byX) ? within(from[1], to[1], plot.top, plot.bottom) : null,
  };
}

/**
 * @param {Chart} chart
 * @returns {{ x: Span | null, y: Span | null } | null} what was dragged over, in data
 */
function zoomOf({ view, drag, zoom, zoomY }) {
  if (!view || !drag) return null;
  const { x, y } = chosen(drag, view.plot);
  const { invert, invertY } = view.scale;
  if (!x && !y) return null;
  return { x: x ? [invert(x[0]), invert(x[1])] : zoom, y: y ? [invertY(y[1]), invertY(y[0])] : zoomY };
}

/**
 * @param {Chart} chart
 * @param {import("./chart.js").View} view
 * @param {number} at
 * @param {number} times
 */
function around(chart, { x: { low, high }, settings }, at, times) {
  if (settings.logx) chart.setZoom([at * (low / at) ** times, at * (high / at) ** times], chart.zoomY);
  else chart.setZoom([at - (at - low) * times, at + (high - at) * times], chart.zoomY);
}

// The same without a mouse: arrows move the cursor, + and − zoom around it, 0 shows all, s holds the step.
/**
 * @param {Chart} chart
 * @param {KeyboardEvent} event
 */
function key(chart, event) {
  if (!chart.view) return;
  const { x, plot, scale } = chart.view;
  const at = chart.cursor ?? (x.low + x.high) / 2;
  const move = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
  if (move) {
    const next = Math.min(x.high, Math.max(x.low, scale.invert(scale.x(at) + (move * (plot.right - plot.left)) / 100)));
    chart.options.onHover(next);
    const box = chart.over.getBoundingClientRect(),
      middle = (plot.top + plot.bottom) / 2;
    chart.tip({ clientX: box.left + scale.x(next), clientY: box.top + middle }, next, middle);
  } else if (event.key === "+" || event.key === "-") around(chart, chart.view, at, event.key === "+" ? 0.5 : 2);
  else if (event.key === "0") chart.setZoom(null, null);
  else if (event.key === "s" && chart.options.onHold) chart.options.onHold(at);
  else return;
  event.preventDefault();
  event.stopPropagation();
}
