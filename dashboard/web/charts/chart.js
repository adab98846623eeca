// A chart of curves on a canvas: what is in view, drawn, and what lies under the cursor.
//
// Canvas and not SVG: a hundred runs of a thousand points are drawn anew in a few milliseconds, live.
import { drawMore, frameOf, isSame, lookOf, steady } from "./growth.js";
import { boxOf, chosen, listen } from "./input.js";
import { drawChart, paint, rangesOf, viewOf } from "./draw_chart.js";
import { inSlices } from "./slices.js";
import { AT_ONCE } from "./tally.js";
import { isTooNarrow } from "../text/floats.js";
import { DensityLayers } from "./density_layers.js";
import { columnOf, densityTip, layersAt } from "./density_tip.js";
import { crowdOf, nounOf } from "./crowd.js";
import { css } from "./palette.js";
import { drawHeld } from "./draw_held.js";
import { nearestLine, nearestOf, under } from "./under.js";
import { curvesTip, hideTip, showTip } from "./tooltip.js";

/**
 * @typedef {import("./scale.js").Zoom} Zoom
 * @typedef {import("./line_set.js").Line} Line
 * @typedef {import("./axes.js").Placed} Placed
 * @typedef {Map<string, import("../core/marks.js").Mark[]>} Marks of runs, by name
 * @typedef {{
 *   axis: import("./curve.js").Axis, smoothing: import("./smoothing.js").Smoothing, logx: boolean, logy: boolean,
 *   robust: boolean, xName: string, yName?: string, many?: string, best?: number, bestBy?: string, by?: string,
 * }} Settings xName: of a metric that is x; robust: outliers are left out; many, best, bestBy: see crowd.js; by: the
 *   setting that colours stand for, where they do
 * @typedef {{
 *   lines: Line[], settings: Settings, plot: import("./scale.js").Plot, x: import("./scale.js").Domain,
 *   y: import("./scale.js").Range, scale: import("./scale.js").Scale, rail: number, ratio: number,
 *   marks: Marks | null | undefined, quiet: string, placed: Placed[], density: import("./density.js").Density | null,
 *   layers: import("./density_layers.js").Shown[], above: Line[], crowd: import("./crowd.js").Crowd | null,
 *   ticks: [x: import("./number_ticks.js").Ticks, y: import("./number_ticks.js").Ticks],
 * }} View what was drawn, and where; quiet: the colour of raw values behind many lines; density: which they were drawn
 *   as, null where each was drawn; layers: of it; above: those that were drawn as lines
 * @typedef {Line & {
 *   raw: number, smooth: boolean, at: number, value: number, count: number, min: number, max: number, step: number,
 *   exactStep: number | bigint | null, time: number, memberCount: number | undefined, carried: number | undefined,
 * }} Found a line, and its column at a place
 * @typedef {{
 *   onZoom: () => void,
 *   onEnd?: () => void,
 *   onHover: (x: number | null) => void,
 *   onNear?: (name: string) => void,
 *   onPick?: (line: Line | null, event: PointerEvent) => void,
 *   onBrush?: (lines: Line[], event: PointerEvent) => void,
 *   onDrawn?: (isBehind: boolean) => void,
 *   held?: () => number | null,
 *   onHold?: (x: number) => void,
 * }} Options onEnd: there is nothing nearer to see; onDrawn: very many lines
 *   are drawn by now, which were counted in slices; isBehind: it was asked for something else meanwhile;
 *   held, onHold: the step that the page holds
 */

export class Chart {
  /**
   * @param {HTMLElement} element
   * @param {Options} options
   */
  constructor(element, options) {
    this.element = element;
    this.options = options;
    this.canvas = element.appendChild(document.createElement("canvas"));
    this.over = element.appendChild(document.createElement("canvas"));
    this.over.className = "over";
    this.over.tabIndex = 0;
    this.over.setAttribute("role", "img");
    this.width = 0; // of the element, as it was measured
    this.height = 0;
    /** @type {View | null} */
    this.view = null; // what was drawn last: scales and lines
    /** @type {unknown[] | null} */
    this.look = null; // and what that depends on
    /** @type {unknown[] | null} */
    this.frame = null; // and where things lie, of a live chart
    /** @type {number[]} */
    this.drawn = []; // how many columns of each line are on the canvas
    this.whole = 0; // how often all was drawn anew
    /** @type {Zoom | null} */
    this.zoom = null; // on the x axis, or null for all
    /** @type {Zoom | null} */
    this.zoomY = null;
    /** @type {number | null} */
    this.cursor = null; // x
    /** @type {import("./input.js").Drag | null} */
    this.drag = null;
    this.isBrushing = false; // a drag chooses lines; else it does so with Shift
    this.overEmpty = false; // nothing is on the canvas that is over the lines
    this.densities = new DensityLayers();
    // The lines that are counted in slices now: for what, whether something else was asked for since, and how to stop.
    /** @type {{ frame: string, isBehind: boolean, stop: () => void } | null} */
    this.counting = null;
    this.counted = ""; // the frame of what was counted so
    this.hideTip = hideTip;
    this.measure();
    listen(this);
  }

  // Told by the card when they change: asking the element would have the page laid out anew for every chart drawn.
  measure() {
    this.width = this.element.clientWidth;
    this.height = this.element.clientHeight;
  }

  // isLive: points keep coming. Gives whether all of it was drawn anew.
  /**
   * @param {Line[]} lines
   * @param {Settings} settings
   * @param {Marks | null} [marks]
   * @param {boolean} [isLive]
   */
  draw(lines, settings, marks = null, isLive = false) {
    const { width, height, zoom, zoomY } = this;
    if (!width || !height) return false;
    const isCrowd = crowdOf(lines, settings) !== null;
    if (isCrowd && lines.length * width > AT_ONCE) {
      this.#count(lines, settings, marks, isLive);
      return true;
    }
    this.forget();
    const look = lookOf(this, lines, settings, marks, isLive);
    const before = isSame(this.look, look) ? this.view : null;
    const frame = frameOf(this, lines, settings),
      framed = isLive && isSame(this.frame, frame) ? this.view : null;
    this.frame = isLive ? frame : null;
    let ranges = rangesOf(lines, settings, zoom, zoomY);
    if (isLive) ranges = steady(ranges, framed, zoom, settings);
    if (before && isLive && !isCrowd && drawMore(contextOf(this.canvas), before, ranges, this.drawn))
      before.y = ranges.y;
    else
      this.view = drawChart(prepared(this.canvas, width, height), {
        width,
        height,
        lines,
        settings,
        marks,
        zoom,
        zoomY,
        ratio: devicePixelRatio,
        ranges,
        densities: this.densities,
      });
    this.look = look;
    this.drawn = lines.map(({ curve }) => curve.length);
    if (this.view !== before) this.whole++;
    this.drawOver();
    return this.view !== before;
  }

  // Gives up what is being counted.
  forget() {
    this.counting?.stop();
    this.counting = null;
    this.counted = "";
  }

  // Very many lines, in slices; what was drawn before is seen until all of them are counted.
  /**
   * @param {Line[]} lines
   * @param {Settings} settings
   * @param {Marks | null} marks
   * @param {boolean} isLive
   */
  #count(lines, settings, marks, isLive) {
    const { width, height, zoom, zoomY, densities } = this;
    const frame = JSON.stringify([width, height, devicePixelRatio, zoom, zoomY, settings]);
    if (this.counting?.frame === frame) {
      this.counting.isBehind = true;
      return;
    }
    this.counting?.stop();
    let ranges = rangesOf(lines, settings, zoom, zoomY);
    const before = this.counted === frame ? this.view : null,
      { x } = ranges;
    // Axes stand still while more lines come, so that those that were counted need not be counted anew.
    if (isLive || before) ranges = steady(ranges, before, isLive ? zoom : [x.low, x.high], settings);
    const how = { width, height, lines, settings, marks, zoom, zoomY, ratio: devicePixelRatio, ranges, densities };
    const view = viewOf(contextOf(this.canvas), how);
    const counting = { frame, isBehind: false, stop() {} };
    this.counting = counting;
    counting.stop = inSlices(densities.counting(view), () => {
      this.counting = this.look = this.frame = null;
      this.counted = frame;
      this.view = view;
      paint(prepared(this.canvas, width, height), view);
      this.whole++;
      // A third of what such a chart would keep; of what goes on it is wanted again at once.
      if (!isLive) for (const { curve } of lines) curve.cache = null;
      this.drawOver();
      this.options.onDrawn?.(counting.isBehind);
    });
  }

  // The cursor's line and dots, and what is being dragged: on a canvas of their own, so that moving the mouse draws no
  // curve again.
  drawOver() {
    const { width, height } = this;
    if (!width || !this.view) return;
    const { plot, scale, x, rail } = this.view;
    /** @param {number | null} at */
    const inView = (at) => (at !== null && at >= x.low && at <= x.high ? at : null);
    const held = inView(this.options.held?.() ?? null),
      cursor = inView(this.cursor);
    const nothing = !this.drag && cursor === null && held === null;
    if (nothing && this.overEmpty) return;
    const context = prepared(this.over, width, height);
    this.overEmpty = nothing;
    if (nothing) return;
    if (this.drag) {
      const part = this.drag.isBrush ? boxOf(this.drag, plot) : chosen(this.drag, plot);
      if (!part?.x && !part?.y) return;
      const [left, right] = part.x ?? [plot.left, plot.right],
        [top, bottom] = part.y ?? [plot.top, plot.bottom + rail];
      context.fillStyle = context.strokeStyle = css("--accent");
      context.globalAlpha = 0.12;
      context.fillRect(left, top, right - left, bottom - top);
      context.globalAlpha = 1;
      if (this.drag.isBrush) context.strokeRect(left, top, right - left, bottom - top);
      return;
    }
    if (held !== null) drawHeld(context, this.view, Math.round(scale.x(held)) + 0.5);
    if (cursor === null) return;
    const px = Math.round(scale.x(cursor)) + 0.5;
    context.strokeStyle = css("--line-strong");
    context.beginPath();
    context.moveTo(px, plot.top);
    context.lineTo(px, plot.bottom + rail);
    context.stroke();
    context.strokeStyle = css("--card");
    context.lineWidth = 1.5;
    const found = under(this.view, cursor, this.view.above);
    for (const { value, at, colour, faded } of found.length > 60 ? [] : found) {
      if (!Number.isFinite(value) || faded) continue;
      const py = scale.y(value);
      if (py < plot.top - 3 || py > plot.bottom + 3) continue;
      context.beginPath();
      context.arc(scale.x(at), py, 3.5, 0, 2 * Math.PI);
      context.fillStyle = colour;
      context.fill();
      context.stroke();
    }
  }

  // What lies at x on each line, the greatest first.
  /**
   * @param {number} x
   * @returns {Found[]}
   */
  under(x) {
    return this.view ? under(this.view, x) : [];
  }

  // The line closest to a place on the screen, or null.
  /**
   * @param {number} px
   * @param {number} py
   */
  nearest(px, py) {
    if (!this.view) return null;
    const { scale } = this.view,
      one = nearestLine(this.view, scale.invert(px), py);
    return one && Math.abs(scale.y(one.value) - py) < 30 ? one : null;
  }

  /**
   * @param {import("./tooltip.js").Pointer} event
   * @param {number} x
   * @param {number} py
   */
  tip(event, x, py) {
    if (this.view?.density) return this.#densityTip(event, this.view, x, py);
    const found = this.under(x);
    if (!this.view || !found.length) return hideTip();
    const { scale, settings, placed } = this.view,
      px = scale.x(x),
      nearest = nearestOf(found, scale, py);
    const beside = placed.filter((each) => Math.abs(each.px - px) < 5);
    showTip(event, curvesTip(found, nearest, settings, beside));
    this.options.onNear?.(found[nearest].name);
  }

  /**
   * @param {import("./tooltip.js").Pointer} event
   * @param {View} view
   * @param {number} x
   * @param {number} py
   */
  #densityTip(event, view, x, py) {
    const { density, settings, scale, plot } = view;
    const c = Math.max(0, Math.min((density?.columns ?? 1) - 1, Math.floor(scale.x(x) - plot.left)));
    const told = density && columnOf(view, density, c);
    if (!told) return hideTip();
    const nearest = nearestLine(view, x, py);
    showTip(event, densityTip(told, nounOf(view.lines), nearest, settings, layersAt(view, c)));
    if (nearest) this.options.onNear?.(nearest.name);
  }

  /** @param {number | null} x */
  setCursor(x) {
    if (this.cursor === x) return;
    this.cursor = x;
    this.drawOver();
  }

  // A window that holds no two steps, or no numbers that are told apart, is none: all stays as it is.
  /**
   * @param {Zoom | null} zoom
   * @param {Zoom | null} [zoomY]
   */
  setZoom(zoom, zoomY = null) {
    const settings = this.view?.settings;
    const isEnd =
      (zoom && (isTooNarrow(...zoom, settings?.logx) || (settings?.axis === "step" && zoom[1] - zoom[0] < 1))) ||
      (zoomY && isTooNarrow(...zoomY, settings?.logy));
    if (isEnd || ![...(zoom ?? []), ...(zoomY ?? [])].every(Number.isFinite)) return this.options.onEnd?.();
    this.zoom = zoom;
    this.zoomY = zoomY;
    this.options.onZoom();
  }
}

/** @param {HTMLCanvasElement} canvas */
const contextOf = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

// A canvas's context, with as many pixels as the screen has there, and empty.
/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function prepared(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = contextOf(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
