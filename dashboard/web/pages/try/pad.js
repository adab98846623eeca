// What is drawn on: a sheet of paper for pointer, touch and pen, on which a picture may lie. Strokes can be taken back.
import { node } from "../../ui/dom.js";
import { centred, Strokes } from "./strokes.js";

/** @typedef {import("./preprocess.js").Picture} Picture */
/** @typedef {import("./strokes.js").Stroke} Stroke */

const SIDE = 320; // px of an empty sheet, which a picture's own size replaces
const MOST_SIDE = 4096; // px of a picture; larger ones are made smaller when they are taken in

export class Pad {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.strokes = new Strokes();
    this.brush = 0.1; // share of the width
    this.isDark = false; // light ink on dark paper
    /** @type {Map<number, Stroke>} */
    this.drawing = new Map(); // by pointer
    this.canvas = node("canvas", {
      class: "try-pad",
      width: SIDE,
      height: SIDE,
      tabindex: 0,
      role: "img",
      "aria-label": "Sheet to draw on. Delete clears it, Control Z takes back a stroke.",
    });
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d", { willReadFrequently: true }));
    this.hint = node("p", { class: "try-hint", "aria-hidden": "true" }, "Draw, drop or paste a picture");
    this.element = node("div", { class: "try-sheet" }, this.canvas, this.hint);
    this.#listen();
    this.paint();
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      const stroke = { points: [this.#place(event)], size: this.brush };
      this.drawing.set(event.pointerId, stroke);
      this.strokes.push({ kind: "stroke", stroke });
      this.#drawn();
    });
    canvas.addEventListener("pointermove", (event) => {
      const stroke = this.drawing.get(event.pointerId);
      if (!stroke) return;
      const all = event.getCoalescedEvents?.() ?? [];
      for (const each of all.length ? all : [event]) this.strokes.draw(stroke, this.#place(each));
      this.#drawn();
    });
    for (const name of ["pointerup", "pointercancel"])
      canvas.addEventListener(name, (event) => this.drawing.delete(/** @type {PointerEvent} */ (event).pointerId));
    canvas.addEventListener("keydown", (event) => {
      const isUndo = event.key === "z" && (event.ctrlKey || event.metaKey);
      if (isUndo) this.undo();
      else if (event.key === "Delete" || event.key === "Backspace") this.clear();
      else return;
      event.preventDefault();
    });
  }

  /** @param {PointerEvent} event @returns {[number, number]} in shares of the canvas's width */
  #place(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    // A picture stands in the middle of its frame, as large as it can be.
    const scale = Math.min(width / this.canvas.width, height / this.canvas.height);
    const across = this.canvas.width * scale,
      down = this.canvas.height * scale;
    return [
      (event.clientX - left - (width - across) / 2) / across,
      (event.clientY - top - (height - down) / 2) / across,
    ];
  }

  #drawn() {
    this.paint();
    this.changed();
  }

  undo() {
    if (this.strokes.undo()) this.#drawn();
  }

  clear() {
    this.strokes.clear();
    this.#drawn();
  }

  /** @param {ImageBitmap | HTMLCanvasElement} picture is shown, and asked, from now on */
  show(picture) {
    this.strokes.push({ kind: "picture", picture });
    this.#drawn();
  }

  /** @param {boolean} isDark */
  setDark(isDark) {
    if (this.isDark === isDark) return;
    this.isDark = isDark;
    this.#drawn();
  }

  /** The level of the paper. */
  get paper() {
    return this.isDark ? 0 : 255;
  }

  get isEmpty() {
    return this.strokes.isEmpty;
  }

  /** Whether a picture lies on it. */
  get hasPicture() {
    return this.strokes.shown.picture !== null;
  }

  paint() {
    const { canvas, context } = this,
      { picture, strokes } = this.strokes.shown;
    const [width, height] = picture ? sizeOf(picture) : [SIDE, SIDE];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const paper = picture ? "#ffffff" : grey(this.paper),
      ink = grey(255 - this.paper);
    context.fillStyle = paper;
    context.fillRect(0, 0, width, height);
    if (picture) context.drawImage(picture, 0, 0, width, height);
    context.strokeStyle = context.fillStyle = ink;
    context.lineCap = context.lineJoin = "round";
    for (const { points, size } of strokes) {
      context.lineWidth = size * width;
      context.beginPath();
      const [first, ...rest] = points.map(([x, y]) => [x * width, y * width]);
      context.moveTo(first[0], first[1]);
      // Through the middles between points, so that a quick hand draws no corners.
      rest.forEach(([x, y], i) => {
        const next = rest[i + 1];
        if (next) context.quadraticCurveTo(x, y, (x + next[0]) / 2, (y + next[1]) / 2);
        else context.lineTo(x, y);
      });
      if (!rest.length) context.lineTo(first[0], first[1]);
      context.stroke();
    }
    this.hint.hidden = !this.isEmpty;
    this.canvas.dataset.paper = this.isDark && !picture ? "dark" : "light";
  }

  /**
   * What is on it now. isCentred: a drawing (not a picture) as data sets of digits have them.
   * @param {boolean} isCentred
   * @param {number} margin share of the frame around a drawing
   * @returns {Picture}
   */
  picture(isCentred, margin) {
    const { width, height } = this.canvas;
    const { data } = this.context.getImageData(0, 0, width, height);
    const picture = { width, height, data };
    return isCentred && !this.hasPicture ? centred(picture, this.paper, margin) : picture;
  }
}

/** @param {number} level */
const grey = (level) => `rgb(${level} ${level} ${level})`;

/** @param {CanvasImageSource} picture @returns {[number, number]} */
function sizeOf(picture) {
  const { width, height } = /** @type {{ width: number, height: number }} */ (picture);
  const scale = Math.min(1, MOST_SIDE / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}
