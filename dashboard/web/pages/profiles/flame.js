// The flame chart: threads and streams over time, at any zoom: what is in view, what is selected, what mouse and keys do.
import { AXIS, FlamePicture, GAP, HEAD, LINE, ROW } from "./flame_draw.js";
import { brief } from "./flame_model.js";
import { time } from "../../text/units.js";
import { prepared } from "../../charts/chart.js";
import { hideTip, showTip } from "../../charts/tooltip.js";

export class FlameChart {
  // options: onSelect(event), onView([from, to])
  constructor(element, flame, options, scope) {
    Object.assign(this, { element, flame, options, scope, selected: -1, hovered: -1, scroll: 0, frame: 0, drag: null });
    this.view = [0, flame.end];
    this.picture = new FlamePicture(this);
    this.canvas = element.appendChild(document.createElement("canvas"));
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute(
      "aria-label",
      "Flame chart: drag to move, w and s to zoom, a and d to move, arrows to walk from event to event",
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
    this.picture.draw(prepared(this.canvas, width, height), {
      width,
      height,
      view,
      scale,
      scroll,
      selected,
      hovered,
      links,
    });
    this.drawn++;
    this.options.onView?.(this.view);
  }

  // Where an arrow begins or ends: at the event's beginning, in the middle of its row.
  spot(event) {
    const row = this.flame.rowOf(event);
    return [
      (this.flame.start[event] - this.view[0]) * this.scale,
      this.flame.head.tracks[row.track].top + row.depth * ROW + (ROW - 2) / 2,
    ];
  }

  // The event at a point of the canvas; -1 where there is none.
  at(px, py) {
    const y = py - AXIS + this.scroll;
    const place = this.places.find((each) => each.track && y >= each.top + HEAD && y < each.top + each.height);
    if (!place || py < AXIS) return -1;
    const row = this.flame.rows[place.track.first + Math.floor((y - place.top - HEAD) / ROW)];
    if (!row) return -1;
    const t = this.view[0] + px / this.scale,
      slack = 1.5 / this.scale;
    const i = this.flame.firstAfter(row, t - slack);
    return i < row.high && this.flame.start[i] <= t + slack ? i : -1;
  }

  // --- moving -------------------------------------------------------------------------------------------------

  setView(from, to) {
    const least = Math.max(this.flame.end * 1e-7, 0.01),
      wide = Math.min(Math.max(to - from, least), this.flame.end * 1.04);
    const begin = Math.min(Math.max(from, -0.02 * this.flame.end), this.flame.end * 1.02 - wide);
    this.view = [begin, begin + wide];
    this.request();
  }

  zoom(factor, px = this.width / 2) {
    const at = this.view[0] + px / this.scale,
      wide = (this.view[1] - this.view[0]) * factor;
    this.setView(at - (px / this.width) * wide, at + (1 - px / this.width) * wide);
  }

  pan(dx, dy = 0) {
    this.scroll += dy;
    this.setView(this.view[0] + dx / this.scale, this.view[1] + dx / this.scale);
  }

  showAll() {
    this.setView(0, this.flame.end);
  }

  select(event, reveal = false) {
    this.selected = event;
    this.links = event < 0 ? { into: [], out: [] } : this.flame.flows(event);
    if (event >= 0 && reveal) this.reveal(event);
    this.options.onSelect(event);
    this.request();
  }

  // Brings an event into sight, as little as needed.
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
      if (this.drag) {
        if (Math.abs(px - this.drag.px) + Math.abs(py - this.drag.py) > 3) this.drag.moved = true;
        if (this.drag.moved) {
          this.pan(this.drag.px - px, this.drag.py - py);
          Object.assign(this.drag, { px, py });
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
      else
        this.setView(
          this.flame.start[found] - this.flame.duration[found] * 0.05,
          this.flame.start[found] + this.flame.duration[found] * 1.05,
        );
    });
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const walk = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const act = {
      w: () => this.zoom(0.7),
      s: () => this.zoom(1 / 0.7),
      "+": () => this.zoom(0.7),
      "-": () => this.zoom(1 / 0.7),
      a: () => this.pan(-this.width / 8),
      d: () => this.pan(this.width / 8),
      0: () => this.showAll(),
      f: () =>
        this.selected >= 0 &&
        this.setView(
          this.flame.start[this.selected] - this.flame.duration[this.selected] * 0.5,
          this.flame.start[this.selected] + this.flame.duration[this.selected] * 1.5,
        ),
      Escape: () => this.select(-1),
    }[event.key];
    if (walk) this.#walk(walk);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") this.#step(event.key === "ArrowDown" ? 1 : -1);
    else if (act) act();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

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
  #step(by) {
    if (this.selected < 0) return;
    const own = this.flame.rowOf(this.selected),
      place = this.flame.rows.indexOf(own) + by;
    const row = this.flame.rows[place];
    if (!row || row.track !== own.track) return;
    const next = this.flame.firstAfter(row, this.flame.start[this.selected] - 1e-6);
    if (next < row.high) this.select(next, true);
  }

  #tip(event) {
    const box = document.createElement("div");
    const line = (text, name) =>
      Object.assign(box.appendChild(document.createElement("div")), { textContent: text, className: name });
    line(brief(this.flame.nameOf(event)), "flame-tip-name");
    const own = this.flame.own[event],
      whole = this.flame.duration[event];
    line(`${time(whole)}${own < whole * 0.995 ? ` · ${time(own)} of its own` : ""}`, "note");
    return box;
  }
}
