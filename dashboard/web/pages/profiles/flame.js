// The flame chart: threads and streams over time, at any zoom: what is in view, what is selected, what mouse and keys do.
import { AXIS, FlamePicture, GAP, HEAD, LINE, ROW } from "./flame_draw.js";
import { brief } from "./flame_model.js";
import { time } from "../../text/units.js";
import { prepared } from "../../charts/chart.js";
import { hideTip, showTip } from "../../charts/tooltip.js";

/** @typedef {import("./flame_model.js").Flame} Flame */
/** @typedef {import("./flame_draw.js").Place} Place */
/** @typedef {{ onSelect(event: number): void, onView?(view: [number, number]): void }} Options */

export class FlameChart {
  /**
   * @param {HTMLElement} element
   * @param {Flame} flame
   * @param {Options} options
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(element, flame, options, scope) {
    this.element = element;
    this.flame = flame;
    this.options = options;
    this.scope = scope;
    this.selected = -1;
    this.hovered = -1;
    /** @type {import("./flame_model.js").Links} */
    this.links = { into: [], out: [] }; // of the selected one
    this.scroll = 0; // px
    this.tall = 0; // px, of all tracks together
    this.frame = 0;
    /** @type {{ px: number, py: number, moved: boolean } | null} */
    this.drag = null;
    /** @type {Place[]} */
    this.places = [];
    /** @type {[from: number, to: number]} */
    this.view = [0, flame.end];
    this.picture = new FlamePicture(this);
    this.canvas = element.appendChild(document.createElement("canvas"));
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute(
      "aria-label",
      "Flame chart: drag or a and d to move, Ctrl and scroll or w and s to zoom, arrows to go from event to event",
    );
    this.drawn = 0; // frames, for measuring
    this.#place();
    this.#listen();
    scope.observer(new ResizeObserver(() => this.request())).observe(element);
    scope.onLeave(hideTip);
  }

  // Where each memory line and track begins, in px from the top of the whole.
  #place() {
    let top = 6;
    this.places = [];
    for (const line of this.flame.lines) {
      this.places.push({ top, height: LINE, line });
      top += LINE + GAP;
    }
    this.flame.head.tracks.forEach((track, index) => {
      const height = HEAD + track.rows.length * ROW;
      this.places.push({ top, height, track, index });
      track.top = top + HEAD;
      top += height + GAP;
    });
    this.tall = top;
  }

  get width() {
    return this.element.clientWidth;
  }
  get height() {
    return this.element.clientHeight;
  }
  get scale() {
    return this.width / (this.view[1] - this.view[0]);
  }

  request() {
    this.frame ||= this.scope.requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  draw() {
    const { width, height } = this;
    if (!width || !height) return;
    this.scroll = Math.max(0, Math.min(this.scroll, this.tall + AXIS - height));
    const { view, scale, scroll, selected, hovered, links } = this;
    const seen = { width, height, view, scale, scroll, selected, hovered, links };
    this.picture.draw(prepared(this.canvas, width, height), seen);
    this.drawn++;
    this.options.onView?.(this.view);
  }

  /**
   * Where an arrow begins or ends: at the event's beginning, in the middle of its row.
   * @param {number} event
   * @returns {[number, number]}
   */
  spot(event) {
    const row = this.flame.rowOf(event);
    return [
      (this.flame.start[event] - this.view[0]) * this.scale,
      (this.flame.head.tracks[row.track].top ?? 0) + row.depth * ROW + (ROW - 2) / 2,
    ];
  }

  // The event at a point of the canvas; -1 where there is none.
  /**
   * @param {number} px
   * @param {number} py
   */
  at(px, py) {
    const y = py - AXIS + this.scroll;
    const place = this.places.find((each) => each.track && y >= each.top + HEAD && y < each.top + each.height);
    if (!place?.track || py < AXIS) return -1;
    const row = this.flame.rows[(place.track.first ?? 0) + Math.floor((y - place.top - HEAD) / ROW)];
    if (!row) return -1;
    const t = this.view[0] + px / this.scale,
      slack = 1.5 / this.scale;
    const i = this.flame.firstAfter(row, t - slack);
    return i < row.high && this.flame.start[i] <= t + slack ? i : -1;
  }

  // --- moving -------------------------------------------------------------------------------------------------

  /**
   * @param {number} from
   * @param {number} to
   */
  setView(from, to) {
    const least = Math.max(this.flame.end * 1e-7, 0.01),
      wide = Math.min(Math.max(to - from, least), this.flame.end * 1.04);
    const begin = Math.min(Math.max(from, -0.02 * this.flame.end), this.flame.end * 1.02 - wide);
    this.view = [begin, begin + wide];
    this.request();
  }

  /**
   * @param {number} factor
   * @param {number} [px]
   */
  zoom(factor, px = this.width / 2) {
    const at = this.view[0] + px / this.scale,
      wide = (this.view[1] - this.view[0]) * factor;
    this.setView(at - (px / this.width) * wide, at + (1 - px / this.width) * wide);
  }

  /**
   * @param {number} dx
   * @param {number} [dy]
   */
  pan(dx, dy = 0) {
    this.scroll += dy;
    this.setView(this.view[0] + dx / this.scale, this.view[1] + dx / this.scale);
  }

  showAll() {
    this.setView(0, this.flame.end);
  }

  /**
   * @param {number} event
   * @param {boolean} [reveal]
   */
  select(event, reveal = false) {
    this.selected = event;
    this.links = event < 0 ? { into: [], out: [] } : this.flame.flows(event);
    if (event >= 0 && reveal) this.reveal(event);
    this.options.onSelect(event);
    this.request();
  }

  /**
   * An event over the whole width.
   * @param {number} event
   * @param {number} room on each side, as a share of it
   */
  #fit(event, room) {
    if (event < 0) return;
    const begin = this.flame.start[event],
      wide = this.flame.duration[event];
    this.setView(begin - wide * room, begin + wide * (1 + room));
  }

  // Brings an event into sight, as little as needed.
  /** @param {number} event */
  reveal(event) {
    const { start, duration } = this.flame;
    const begin = start[event],
      end = begin + duration[event],
      wide = this.view[1] - this.view[0];
    if (duration[event] * this.scale < 3 || duration[event] > wide)
      this.setView(begin - duration[event] * 4 - 1e-3, end + duration[event] * 4 + 1e-3);
    else if (begin < this.view[0] || end > this.view[1])
      this.setView((begin + end - wide) / 2, (begin + end + wide) / 2);
    const y = this.spot(event)[1];
    if (y < this.scroll + ROW || y > this.scroll + this.height - AXIS - ROW) this.scroll = y - (this.height - AXIS) / 2;
  }

  #listen() {
    const { canvas } = this;
    /**
     * @param {MouseEvent} event
     * @returns {[number, number]}
     */
    const inside = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener(
      "wheel",
      (event) => {
        const [px] = inside(event);
        if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.01), px);
        else {
          const before = this.scroll,
            limit = Math.max(0, this.tall + AXIS - this.height);
          this.pan(event.shiftKey ? event.deltaY : event.deltaX, event.shiftKey ? 0 : event.deltaY);
          this.scroll = Math.max(0, Math.min(this.scroll, limit));
          if (!event.shiftKey && !event.deltaX && this.scroll === before) return; // at its end: the page's turn
        }
        event.preventDefault();
        hideTip();
      },
      { passive: false },
    );
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const [px, py] = inside(event);
      this.drag = { px, py, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const [px, py] = inside(event);
      const { drag } = this;
      if (drag) {
        if (Math.abs(px - drag.px) + Math.abs(py - drag.py) > 3) drag.moved = true;
        if (drag.moved) {
          this.pan(drag.px - px, drag.py - py);
          Object.assign(drag, { px, py });
          hideTip();
        }
        return;
      }
      const found = this.at(px, py);
      if (found !== this.hovered) {
        this.hovered = found;
        this.request();
      }
      if (found < 0) hideTip();
      else showTip(event, this.#tip(found));
    });
    canvas.addEventListener("pointerup", (event) => {
      const moved = this.drag?.moved;
      this.drag = null;
      if (!moved) this.select(this.at(...inside(event)));
    });
    canvas.addEventListener("pointercancel", () => {
      this.drag = null;
    });
    canvas.addEventListener("pointerleave", () => {
      this.hovered = -1;
      hideTip();
      this.request();
    });
    canvas.addEventListener("dblclick", (event) => {
      const found = this.at(...inside(event));
      if (found < 0) this.showAll();
      else this.#fit(found, 0.05);
    });
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (key === "ArrowLeft" || key === "ArrowRight") this.#walk(key === "ArrowRight" ? 1 : -1);
    else if (key === "ArrowDown" || key === "ArrowUp") this.#step(key === "ArrowDown" ? 1 : -1);
    else if (key === "w" || key === "+") this.zoom(0.7);
    else if (key === "s" || key === "-") this.zoom(1 / 0.7);
    else if (key === "a" || key === "d") this.pan(((key === "d" ? 1 : -1) * this.width) / 8);
    else if (key === "0") this.showAll();
    else if (key === "f") this.#fit(this.selected, 0.5);
    else if (key === "Escape") this.select(-1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} by */
  #walk(by) {
    if (this.selected < 0) {
      const row = this.flame.rows[0];
      if (row) this.select(row.low, true);
      return;
    }
    const row = this.flame.rowOf(this.selected);
    this.select(Math.min(row.high - 1, Math.max(row.low, this.selected + by)), true);
  }

  // To the event this one lies in, or to the first that lies in it.
  /** @param {number} by */
  #step(by) {
    if (this.selected < 0) return;
    const own = this.flame.rowOf(this.selected),
      place = this.flame.rows.indexOf(own) + by;
    const row = this.flame.rows[place];
    if (!row || row.track !== own.track) return;
    const next = this.flame.firstAfter(row, this.flame.start[this.selected] - 1e-6);
    if (next < row.high) this.select(next, true);
  }

  /** @param {number} event */
  #tip(event) {
    const box = document.createElement("div");
    /**
     * @param {string} text
     * @param {string} name
     */
    const line = (text, name) =>
      Object.assign(box.appendChild(document.createElement("div")), { textContent: text, className: name });
    line(brief(this.flame.nameOf(event)), "flame-tip-name");
    const own = this.flame.own[event],
      whole = this.flame.duration[event];
    line(`${time(whole)}${own < whole * 0.995 ? ` · self ${time(own)}` : ""}`, "note");
    return box;
  }
}
