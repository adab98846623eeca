// A chart of curves on a canvas: what is in view, drawn, and what lies under the cursor.
//
// Canvas and not SVG: a hundred runs of a thousand points are drawn anew in a few milliseconds, live.
import { RAIL, captionX, captionY, drawAxes, drawMarks, drawRail, textAt, xTicksOf, yTicksOf } from "./axes.js";
import { drawMore, frameOf, isSame, lookOf, steady } from "./growth.js";
import { chosen, listen } from "./input.js";
import { drawLines } from "./draw_lines.js";
import { isTooNarrow } from "../text/floats.js";
import { css } from "./palette.js";
import { domain, range, scales } from "./scale.js";
import { partsOf } from "./point_counts.js";
import { curvesTip, hideTip, showTip } from "./tooltip.js";

const PAD = { top: 8, right: 10, bottom: 22 };
const CAPTION = 16; // height of what an axis is called, where it is

export class Chart {
  // options: onZoom(), onEnd() when there is nothing nearer to see, onHover(x | null), onPick(line | null, event), and where the page holds a step: held(), onHold(x)
  constructor(element, options) {
    this.element = element;
    this.options = options;
    this.canvas = element.appendChild(document.createElement("canvas"));
    this.over = element.appendChild(document.createElement("canvas"));
    this.over.className = "over";
    this.over.tabIndex = 0;
    this.over.setAttribute("role", "img");
    this.view = null; // what was drawn last: scales and lines
    this.look = null; // and what that depends on
    this.drawn = []; // how many columns of each line are on the canvas
    this.whole = 0; // how often all was drawn anew
    this.zoom = null; // [low, high] on the x axis, or null for all
    this.zoomY = null;
    this.cursor = null;
    this.hideTip = hideTip;
    this.placed = []; // marks, where they stand
    this.measure();
    listen(this);
  }

  // Told by the card when they change: asking the element would have the page laid out anew for every chart drawn.
  measure() {
    this.width = this.element.clientWidth;
    this.height = this.element.clientHeight;
  }

  // lines: [{curve, name, label, colour, dash, strong, faded, band}];
  // settings: {axis, smoothing: {kind, weight}, logx, logy, robust, xName}; marks: Map of run -> marks, or null
  // isLive: points keep coming. Gives whether all of it was drawn anew.
  draw(lines, settings, marks = null, isLive = false) {
    const { width, height, zoom, zoomY } = this;
    if (!width || !height) return;
    const look = lookOf(this, lines, settings, marks, isLive);
    const before = isSame(this.look, look) ? this.view : null;
    const frame = frameOf(this, lines, settings),
      framed = isLive && isSame(this.frame, frame) ? this.view : null;
    this.frame = isLive ? frame : null;
    let ranges = rangesOf(lines, settings, zoom, zoomY);
    if (isLive) ranges = steady(ranges, framed, zoom, settings);
    if (before && isLive && drawMore(this.canvas.getContext("2d"), before, ranges, this.drawn)) before.y = ranges.y;
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
      });
    this.look = look;
    this.drawn = lines.map(({ curve }) => curve.length);
    if (this.view !== before) this.whole++;
    this.drawOver();
    return this.view !== before;
  }

  // The cursor's line and dots, and what is being dragged: on a canvas of their own, so that moving the mouse draws no
  // curve again.
  drawOver() {
    const { width, height } = this;
    if (!width || !this.view) return;
    const { plot, scale, x, rail } = this.view;
    const inView = (at) => at !== null && at >= x.low && at <= x.high;
    const held = this.options.held?.() ?? null;
    const nothing = !this.drag && !inView(this.cursor) && !inView(held);
    if (nothing && this.overEmpty) return;
    const context = prepared(this.over, width, height);
    this.overEmpty = nothing;
    if (nothing) return;
    if (this.drag) {
      const part = chosen(this.drag, plot);
      const [left, right] = part.x ?? [plot.left, plot.right],
        [top, bottom] = part.y ?? [plot.top, plot.bottom + rail];
      if (!part.x && !part.y) return;
      context.fillStyle = css("--accent");
      context.globalAlpha = 0.12;
      context.fillRect(left, top, right - left, bottom - top);
      context.globalAlpha = 1;
      return;
    }
    if (inView(held)) this.#drawHeld(context, Math.round(scale.x(held)) + 0.5);
    if (!inView(this.cursor)) return;
    const px = Math.round(scale.x(this.cursor)) + 0.5;
    context.strokeStyle = css("--line-strong");
    context.beginPath();
    context.moveTo(px, plot.top);
    context.lineTo(px, plot.bottom + rail);
    context.stroke();
    context.strokeStyle = css("--card");
    context.lineWidth = 1.5;
    const found = this.under(this.cursor);
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

  // The step that the other pages show: a line with a flag, so that it is not taken for the cursor.
  #drawHeld(context, px) {
    const { plot, rail } = this.view;
    context.strokeStyle = context.fillStyle = css("--accent");
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(px, plot.top);
    context.lineTo(px, plot.bottom + rail);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(px - 4, plot.top - 4);
    context.lineTo(px + 4, plot.top - 4);
    context.lineTo(px, plot.top + 2);
    context.fill();
  }

  // What lies at x on each line, the greatest first.
  under(x) {
    const { lines, settings, scale, plot } = this.view;
    const found = [];
    for (const line of lines) {
      const { curve } = line;
      const i = curve.at(x, settings.axis);
      if (i < 0) continue;
      const [begin, end, shift] = curve.ends(settings.axis);
      // A line that ends long before the cursor has nothing to say there.
      const px = scale.x(x),
        away = Math.max(scale.x(begin[i] - shift) - px, px - scale.x(end[i] - shift));
      if (away > 0.05 * (plot.right - plot.left)) continue;
      const smooth = settings.smoothing.weight > 0 && curve.length > 2 && !line.band;
      const raw = curve.count[i] === 1 ? curve.first[i] : curve.mean[i];
      found.push({
        ...line,
        raw,
        smooth,
        at: (begin[i] + end[i]) / 2 - shift,
        value: smooth ? curve.smoothed(settings.smoothing, settings.axis, this.view.x.full)[i] : raw,
        count: curve.count[i],
        min: curve.min[i],
        max: curve.max[i],
        step: curve.x1[i],
        exactStep: curve.stepOf(i),
        time: curve.w1[i],
        members: curve.members,
        carried: curve.carried?.[i],
      });
    }
    return found.sort(
      (a, b) => (Number.isNaN(b.value) ? -Infinity : b.value) - (Number.isNaN(a.value) ? -Infinity : a.value),
    );
  }

  #nearestOf(found, py) {
    const away = found.map(({ value }) => Math.abs(this.view.scale.y(value) - py));
    return away.reduce((best, each, i) => (each < away[best] || Number.isNaN(away[best]) ? i : best), 0);
  }

  // The line closest to a place on the screen, or null.
  nearest(px, py) {
    const found = this.under(this.view.scale.invert(px));
    if (!found.length) return null;
    const one = found[this.#nearestOf(found, py)];
    return Math.abs(this.view.scale.y(one.value) - py) < 30 ? one : null;
  }

  tip(event, x, py) {
    const found = this.under(x);
    if (!found.length) return hideTip();
    const nearest = this.#nearestOf(found, py);
    const px = this.view.scale.x(x);
    showTip(
      event,
      curvesTip(
        found,
        nearest,
        this.view.settings,
        this.view.placed.filter((each) => Math.abs(each.px - px) < 5),
      ),
    );
    this.options.onNear?.(found[nearest].name);
  }

  setCursor(x) {
    if (this.cursor === x) return;
    this.cursor = x;
    this.drawOver();
  }

  // A window that holds no two steps, or no numbers that are told apart, is none: all stays as it is.
  setZoom(zoom, zoomY = null) {
    const { axis, logx, logy } = this.view?.settings ?? {};
    const isEnd =
      (zoom && (isTooNarrow(...zoom, logx) || (axis === "step" && zoom[1] - zoom[0] < 1))) ||
      (zoomY && isTooNarrow(...zoomY, logy));
    if (isEnd || ![...(zoom ?? []), ...(zoomY ?? [])].every(Number.isFinite)) return this.options.onEnd?.();
    this.zoom = zoom;
    this.zoomY = zoomY;
    this.options.onZoom();
  }
}

function rangesOf(lines, settings, zoom, zoomY) {
  const x = domain(lines, settings, zoom);
  return { x, y: range(lines, settings, x, zoomY, Boolean(zoom)) };
}

// Draws on any context, a canvas's or one that records for SVG or LaTeX; gives the view that was drawn.
export function drawChart(
  context,
  { width, height, lines, settings, marks, zoom, zoomY, ratio, ranges = rangesOf(lines, settings, zoom, zoomY) },
) {
  const rail = lines.flatMap(partsOf).some(({ raw }) => raw.notFinite) ? RAIL : 0;
  const { x, y } = ranges;
  const yTicks = yTicksOf(y, height, settings);
  context.font = `11px ${css("--font")}`;
  const left = Math.ceil(Math.max(26, ...yTicks.map((mark) => context.measureText(textAt(yTicks, mark)).width + 12)));
  const xTicks = xTicksOf(x, width - PAD.right - left, settings);
  const plot = {
    left,
    right: width - PAD.right,
    top: PAD.top + (captionY(yTicks, settings) ? CAPTION : 0),
    bottom: height - PAD.bottom - rail - (captionX(xTicks, settings) ? CAPTION : 0),
  };
  const view = {
    lines,
    settings,
    plot,
    x,
    y,
    scale: scales(plot, x, y, settings),
    rail,
    ratio,
    marks,
    quiet: css("--dim"),
    placed: [],
  };
  drawAxes(context, view, xTicks, yTicks);
  context.save();
  context.beginPath();
  context.rect(plot.left - 1, plot.top - 2, plot.right - plot.left + 2, plot.bottom - plot.top + 4);
  context.clip();
  drawLines(context, view);
  context.restore();
  if (marks) view.placed = drawMarks(context, view);
  if (rail) drawRail(context, view);
  return view;
}

export function prepared(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
