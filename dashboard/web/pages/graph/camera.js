// Where one looks at the picture from: drag, wheel, two fingers; and the small map of the whole.
import { css } from "../../charts/palette.js";

/** @typedef {import("./place.js").Scene} Scene */
/** @typedef {import("./place.js").Box} Box */

const MIN = 0.04,
  MAX = 2.5;
const READABLE = 0.56; // below, words cannot be read: a tall graph is first shown from its top

export class Camera {
  /**
   * @param {SVGSVGElement} svg
   * @param {SVGGElement} world
   * @param {HTMLCanvasElement} map
   * @param {() => void} onChange
   */
  constructor(svg, world, map, onChange) {
    this.svg = svg;
    this.world = world;
    this.map = map;
    this.onChange = onChange;
    this.x = 0;
    this.y = 0;
    this.k = 1;
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {Map<number, [number, number]>} */
    this.fingers = new Map();
    this.start = [0, 0]; // where the first came down
    this.dragged = false;
    svg.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    svg.addEventListener("pointerup", (event) => this.#up(event));
    svg.addEventListener("pointercancel", (event) => this.#up(event));
    map.addEventListener("pointerdown", (event) => {
      map.setPointerCapture(event.pointerId);
      this.#lookAt(event);
    });
    map.addEventListener("pointermove", (event) => {
      if (map.hasPointerCapture(event.pointerId)) this.#lookAt(event);
    });
  }

  get size() {
    const { width, height } = this.svg.getBoundingClientRect();
    return { width: width || 1, height: height || 1 };
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} [k]
   */
  set(x, y, k = this.k) {
    this.x = x;
    this.y = y;
    this.k = Math.min(MAX, Math.max(MIN, k));
    this.world.setAttribute(
      "transform",
      `translate(${this.x.toFixed(2)} ${this.y.toFixed(2)}) scale(${this.k.toFixed(4)})`,
    );
    this.svg.classList.toggle("is-near", this.k >= 0.8);
    this.svg.classList.toggle("is-far", this.k < 0.38);
    this.drawMap();
    this.onChange();
  }

  /**
   * @param {number} factor
   * @param {number} [px] what stays where it is; the middle
   * @param {number} [py]
   */
  zoom(factor, px = this.size.width / 2, py = this.size.height / 2) {
    const k = Math.min(MAX, Math.max(MIN, this.k * factor));
    this.set(px - ((px - this.x) * k) / this.k, py - ((py - this.y) * k) / this.k, k);
  }

  // The whole picture; at first sight, when that would be too small to read, its upper part.
  /**
   * @param {Scene | null} [scene]
   * @param {boolean} [first]
   */
  fit(scene = this.scene, first = false) {
    if (!scene) return;
    const { width, height } = this.size;
    const margin = Math.min(48, width / 16);
    const across = (width - 2 * margin) / Math.max(1, scene.width);
    const all = Math.min(across, (height - 2 * margin) / Math.max(1, scene.height), 1.1);
    const k = first && all < READABLE ? Math.min(0.9, Math.max(READABLE, Math.min(across, 0.9))) : all;
    const top = scene.height * k > height - 2 * margin ? margin / 2 : (height - scene.height * k) / 2;
    const left =
      scene.width * k > width ? width / 2 - (scene.middle ?? scene.width / 2) * k : (width - scene.width * k) / 2;
    this.set(left, top, k);
  }

  // Brings a box into view, in the middle unless it is there already.
  /**
   * @param {Box} box
   * @param {boolean} [always]
   */
  centre(box, always = true) {
    const { width, height } = this.size;
    const k = Math.max(this.k, READABLE + 0.1);
    const [x, y] = [box.x + box.w / 2, box.y + Math.min(box.h, (0.7 * height) / k) / 2];
    const seen =
      this.x + box.x * this.k > 20 &&
      this.y + box.y * this.k > 20 &&
      this.x + (box.x + box.w) * this.k < width - 20 &&
      this.y + (box.y + Math.min(box.h, 60)) * this.k < height - 20;
    if (!always && seen) return;
    this.set(width / 2 - x * k, height / 2 - y * k, k);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const box = this.svg.getBoundingClientRect();
    // A pinch arrives as a wheel with ctrl, in small steps.
    const speed = event.ctrlKey ? 0.01 : 0.0016;
    this.zoom(
      Math.exp(-Math.max(-240, Math.min(240, event.deltaY * lines)) * speed),
      event.clientX - box.left,
      event.clientY - box.top,
    );
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button > 0) return;
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    this.dragged = false;
    this.start = [event.clientX, event.clientY];
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    /** @type {[number, number]} */
    const now = [event.clientX, event.clientY];
    if (!this.dragged && this.fingers.size === 1) {
      if (Math.hypot(now[0] - this.start[0], now[1] - this.start[1]) < 4) return;
      this.dragged = true;
      this.svg.setPointerCapture(event.pointerId);
      this.svg.classList.add("is-dragged");
    }
    this.fingers.set(event.pointerId, now);
    if (this.fingers.size === 1) {
      this.set(this.x + now[0] - before[0], this.y + now[1] - before[1]);
      return;
    }
    this.dragged = true;
    const [other] = [...this.fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const box = this.svg.getBoundingClientRect();
    /** @param {[number, number]} at */
    const far = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1;
    this.zoom(far(now) / far(before), (now[0] + other[0]) / 2 - box.left, (now[1] + other[1]) / 2 - box.top);
    this.set(this.x + (now[0] - before[0]) / 2, this.y + (now[1] - before[1]) / 2);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.fingers.delete(event.pointerId);
    if (!this.fingers.size) this.svg.classList.remove("is-dragged");
  }

  // --- the map ---------------------------------------------------------------------------------------------

  #mapScale({ width, height } = this.scene ?? { width: 1, height: 1 }) {
    const room = { width: 168, height: 128 };
    return Math.min(room.width / width, room.height / height, 0.3);
  }

  /** @param {PointerEvent} event */
  #lookAt(event) {
    const box = this.map.getBoundingClientRect();
    const scale = this.#mapScale();
    const { width, height } = this.size;
    this.set(
      width / 2 - ((event.clientX - box.left - 6) / scale) * this.k,
      height / 2 - ((event.clientY - box.top - 6) / scale) * this.k,
    );
  }

  // Drawn only when part of the picture is out of sight.
  drawMap() {
    if (!this.scene) return;
    const { width, height } = this.size;
    const all =
      this.x >= -1 &&
      this.y >= -1 &&
      this.x + this.scene.width * this.k <= width + 1 &&
      this.y + this.scene.height * this.k <= height + 1;
    this.map.hidden = all || !this.scene.boxes.length;
    if (this.map.hidden) return;
    const scale = this.#mapScale();
    const [w, h] = [Math.max(24, this.scene.width * scale) + 12, Math.max(24, this.scene.height * scale) + 12];
    const dense = devicePixelRatio || 1;
    if (this.map.width !== Math.round(w * dense) || this.map.height !== Math.round(h * dense)) {
      Object.assign(this.map, { width: Math.round(w * dense), height: Math.round(h * dense) });
      Object.assign(this.map.style, { width: `${w}px`, height: `${h}px` });
    }
    const pen = this.map.getContext("2d");
    if (!pen) return;
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, w, h);
    pen.translate(6, 6);
    for (const box of this.scene.boxes) {
      pen.fillStyle = box.open ? css("--graph-back-1") : css("--line-strong");
      pen.fillRect(box.x * scale, box.y * scale, Math.max(1, box.w * scale), Math.max(1, box.h * scale));
    }
    pen.strokeStyle = css("--accent");
    pen.lineWidth = 1.5;
    const x = Math.max(-4, (-this.x / this.k) * scale),
      y = Math.max(-4, (-this.y / this.k) * scale);
    const right = Math.min(w - 8, ((width - this.x) / this.k) * scale),
      bottom = Math.min(h - 8, ((height - this.y) / this.k) * scale);
    pen.strokeRect(x, y, Math.max(2, right - x), Math.max(2, bottom - y));
  }
}
