// Walks on the surface itself, in three dimensions: painted back to front on a canvas, turned by dragging.
import { isDark } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";
import { head, outline } from "./strokes.js";
import { ramp } from "./surface.js";

/** @typedef {import("./surface.js").Surface} Surface */
/** @typedef {import("./walk.js").Shown} Shown */
/** @typedef {[number, number]} Pair */
/** @typedef {[number, number, number]} Triple */

/** @type {Map<string, Pair>} */
const TURNS = new Map([
  ["ArrowLeft", [-0.1, 0]],
  ["ArrowRight", [0.1, 0]],
  ["ArrowUp", [0, 0.1]],
  ["ArrowDown", [0, -0.1]],
]); // around and up, radians
const CELLS = 56; // a side; more cannot be told apart at this size
const TALL = 0.75; // height of the surface, where its window is 2 wide
const LIGHT = [-0.45, -0.35, 0.82];

export class View3d {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} changed
   */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.ground = document.createElement("canvas");
    this.turn = -0.62; // around the vertical, radians
    this.tilt = 0.66; // above the horizon
    this.zoom = 1;
    this.drawn = ""; // what the ground was drawn for
    /** @type {Surface | null} */
    this.of = null;
    /** @type {Triple} */
    this.right = [1, 0, 0];
    /** @type {Triple} */
    this.up = [0, 0, 1];
    /** @type {Triple} */
    this.eye = [0, -1, 0];
    this.scale = 1;
    /** @type {Pair} */
    this.centre = [0, 0];
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      canvas.classList.add("is-held");
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId))
        this.#turn(event.movementX * 0.008, event.movementY * 0.008, changed);
    });
    canvas.addEventListener("pointerup", () => canvas.classList.remove("is-held"));
    canvas.addEventListener("dblclick", () => {
      this.turn = -0.62;
      this.tilt = 0.66;
      this.zoom = 1;
      changed();
    });
    canvas.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && document.activeElement !== canvas) return; // a page that is scrolled stays a page
        event.preventDefault();
        this.zoom = Math.min(3, Math.max(0.6, this.zoom * Math.exp(-event.deltaY * 0.002)));
        changed();
      },
      { passive: false },
    );
    canvas.addEventListener("keydown", (event) => {
      const by = TURNS.get(event.key);
      if (by) {
        this.#turn(...by, changed);
        event.preventDefault();
        event.stopPropagation();
      }
    });
  }

  /**
   * @param {number} around
   * @param {number} up
   * @param {() => void} changed
   */
  #turn(around, up, changed) {
    this.turn += around;
    this.tilt = Math.min(1.45, Math.max(0.15, this.tilt + up));
    changed();
  }

  /**
   * @param {Surface} surface
   * @param {Shown[]} walks
   * @param {number} step
   */
  draw(surface, walks, step) {
    const width = this.canvas.clientWidth,
      height = this.canvas.clientHeight;
    if (!width || !height) return;
    const context = prepared(this.canvas, width, height);
    this.#look(width, height);
    this.#ground(surface, width, height);
    context.drawImage(this.ground, 0, 0, width, height);
    for (const each of walks) this.#trail(context, surface, each, step);
    for (const { walk, colour, faint } of walks) {
      const place = walk.place(step);
      if (place && inside(surface, place.x, place.y))
        head(context, ...this.#project(...this.#world(surface, place.x, place.y)), colour, faint);
    }
  }

  // The camera: an axis to the right, one up the screen, one towards the eye.
  /**
   * @param {number} width
   * @param {number} height
   */
  #look(width, height) {
    const [ct, st, ce, se] = [Math.cos(this.turn), Math.sin(this.turn), Math.cos(this.tilt), Math.sin(this.tilt)];
    this.right = [ct, st, 0];
    this.up = [-st * se, ct * se, ce];
    this.eye = [st * ce, -ct * ce, se];
    this.scale = this.zoom * Math.min(width / 3.0, height / (2.9 * se + TALL * ce + 0.25));
    this.centre = [width / 2, height / 2 + (this.up[2] * TALL * this.scale) / 2];
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} z
   * @returns {Pair}
   */
  #project(x, y, z) {
    /** @param {Triple} a */
    const dot = (a) => a[0] * x + a[1] * y + a[2] * z;
    return [this.centre[0] + dot(this.right) * this.scale, this.centre[1] - dot(this.up) * this.scale];
  }

  /**
   * @param {Surface} surface
   * @param {number} x
   * @param {number} y
   * @returns {Triple}
   */
  #world(surface, x, y) {
    const u = surface.u(x),
      v = surface.v(y);
    return [2 * u - 1, 2 * v - 1, TALL * surface.at(u, v) + 0.008];
  }

  /**
   * @param {Surface} surface
   * @param {number} width
   * @param {number} height
   */
  #ground(surface, width, height) {
    const ratio = devicePixelRatio || 1,
      dark = isDark();
    const key = [width, height, ratio, dark, surface.way, this.turn, this.tilt, this.zoom].join();
    if (this.drawn === key && this.of === surface) return;
    this.drawn = key;
    this.of = surface;
    const context = prepared(this.ground, width, height);
    const side = CELLS + 1;
    /** @type {Pair[]} */
    const at = new Array(side * side);
    for (let r = 0; r < side; r++)
      for (let c = 0; c < side; c++) {
        const u = c / CELLS,
          v = r / CELLS;
        at[r * side + c] = this.#project(2 * u - 1, 2 * v - 1, TALL * surface.at(u, v));
      }
    // From far to near: a height field never hides what is nearer to the eye.
    const across = Array.from({ length: CELLS }, (_, i) => (this.eye[0] > 0 ? i : CELLS - 1 - i));
    const along = Array.from({ length: CELLS }, (_, i) => (this.eye[1] > 0 ? i : CELLS - 1 - i));
    context.lineWidth = 0.6;
    context.lineJoin = "round";
    for (const r of along)
      for (const c of across) {
        const i = r * side + c,
          u = (c + 0.5) / CELLS,
          v = (r + 0.5) / CELLS,
          d = 0.5 / CELLS;
        if (surface.isHole(u, v)) continue;
        const sx = (TALL * (surface.at(u + d, v) - surface.at(u - d, v))) / (4 * d),
          sy = (TALL * (surface.at(u, v + d) - surface.at(u, v - d))) / (4 * d);
        const lit = Math.max(0, (-sx * LIGHT[0] - sy * LIGHT[1] + LIGHT[2]) / Math.hypot(sx, sy, 1));
        const shade = dark ? 0.55 + 0.75 * lit : 0.72 + 0.32 * lit;
        const [red, green, blue] = ramp(surface.at(u, v), dark).map((part) => Math.min(255, part * shade));
        context.fillStyle = context.strokeStyle = `rgb(${red | 0} ${green | 0} ${blue | 0})`;
        context.beginPath();
        for (const k of [i, i + 1, i + side + 1, i + side]) context.lineTo(...at[k]);
        context.closePath();
        context.fill();
        context.stroke();
      }
    // Every eighth line of the grid gives the eye its bearings.
    context.strokeStyle = dark ? "rgb(190 203 255 / 10%)" : "rgb(40 58 130 / 10%)";
    context.lineWidth = 1;
    for (let k = 0; k <= CELLS; k += 8)
      for (const line of [(/** @type {number} */ i) => k * side + i, (/** @type {number} */ i) => i * side + k]) {
        context.beginPath();
        for (let i = 0; i <= CELLS; i++) {
          const [c, r] = [line(i) % side, Math.floor(line(i) / side)];
          const [u, v] = [c / CELLS, r / CELLS];
          const z = TALL * surface.at(u, v) + 0.01;
          if (!surface.isHole(u, v) && !this.#isHidden(surface, 2 * u - 1, 2 * v - 1, z))
            context.lineTo(...at[line(i)]);
          else {
            context.stroke();
            context.beginPath();
          }
        }
        context.stroke();
      }
  }

  // Whether the surface stands between a place and the eye.
  /**
   * @param {Surface} surface
   * @param {number} x
   * @param {number} y
   * @param {number} z
   */
  #isHidden(surface, x, y, z) {
    for (let s = 0.03; s < 3; s *= 1.13) {
      const [px, py, pz] = [x + s * this.eye[0], y + s * this.eye[1], z + s * this.eye[2]];
      if (pz > TALL || Math.abs(px) > 1 || Math.abs(py) > 1) return false;
      if (TALL * surface.at((px + 1) / 2, (py + 1) / 2) > pz) return true;
    }
    return false;
  }

  // What lies behind a ridge shines through, faintly.
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Surface} surface
   * @param {Shown} shown
   * @param {number} step
   */
  #trail(context, surface, { walk, colour, faint }, step) {
    const place = walk.place(step);
    if (!place) return;
    /** @type {Pair[]} */
    const points = [];
    for (let i = 0; i <= place.index; i++) along(surface, points, walk.x[i], walk.y[i]);
    along(surface, points, place.x, place.y);
    /** @type {Pair | null} */
    let last = null;
    /** @type {boolean | null} */
    let behind = null;
    const finish = () => {
      if (behind !== null) outline(context, colour, faint || behind);
    };
    for (const [x, y] of points) {
      if (!inside(surface, x, y)) {
        finish();
        last = behind = null;
        continue;
      }
      const world = this.#world(surface, x, y),
        here = this.#project(...world);
      const hidden = this.#isHidden(surface, ...world);
      if (hidden !== behind) {
        finish();
        context.beginPath();
        if (last) context.moveTo(...last);
        behind = hidden;
      }
      context.lineTo(...here);
      last = here;
    }
    finish();
  }
}

// Adds a place to a trail, and places in between where the step was long: a trail lies on the surface, not through it.
/**
 * @param {Surface} surface
 * @param {Pair[]} points
 * @param {number} x
 * @param {number} y
 */
function along(surface, points, x, y) {
  const [x0, y0] = points[points.length - 1] ?? [x, y];
  const parts =
    Math.min(40, Math.ceil(Math.hypot(surface.u(x) - surface.u(x0), surface.v(y) - surface.v(y0)) / 0.015)) || 1;
  for (let k = 1; k <= parts; k++) points.push([x0 + ((x - x0) * k) / parts, y0 + ((y - y0) * k) / parts]);
}

/**
 * @param {Surface} surface
 * @param {number} x
 * @param {number} y
 */
const inside = (surface, x, y) => {
  const u = surface.u(x),
    v = surface.v(y);
  return u >= 0 && u <= 1 && v >= 0 && v <= 1;
};
