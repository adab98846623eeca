// What is drawn, stroke by stroke: kept as it was drawn, so that it can be taken back, and painted in any size.

/**
 * @typedef {{ points: [x: number, y: number][], size: number }} Stroke in shares of the canvas's width
 * @typedef {{ kind: "stroke", stroke: Stroke } | { kind: "clear" }
 *   | { kind: "picture", picture: CanvasImageSource }} Act
 */

const MOST_ACTS = 2000;
const MOST_POINTS = 20_000; // of one stroke: minutes of drawing

export class Strokes {
  constructor() {
    /** @type {Act[]} */
    this.acts = [];
  }

  /** @param {Act} act */
  push(act) {
    this.acts.push(act);
    if (this.acts.length > MOST_ACTS) this.acts.shift();
  }

  undo() {
    return this.acts.pop() !== undefined;
  }

  clear() {
    if (!this.isEmpty) this.push({ kind: "clear" });
  }

  /**
   * @param {Stroke} stroke
   * @param {[number, number]} point
   */
  draw(stroke, point) {
    const last = stroke.points[stroke.points.length - 1];
    if (last && last[0] === point[0] && last[1] === point[1]) return;
    if (stroke.points.length < MOST_POINTS) stroke.points.push(point);
  }

  /** What is to be seen: the last picture, if there is one, and the strokes since. */
  get shown() {
    const from = this.acts.findLastIndex(({ kind }) => kind !== "stroke");
    const first = this.acts[from];
    return {
      picture: first?.kind === "picture" ? first.picture : null,
      strokes: this.acts.slice(from + 1).flatMap((act) => (act.kind === "stroke" ? [act.stroke] : [])),
    };
  }

  get isEmpty() {
    const { picture, strokes } = this.shown;
    return !picture && !strokes.length;
  }
}

/**
 * Where a drawing has ink, in px: what is not of the paper's colour.
 * @param {import("./preprocess.js").Picture} picture
 * @param {number} paper its level
 * @returns {{ left: number, top: number, width: number, height: number } | null}
 */
export function inked({ width, height, data }, paper) {
  let left = width,
    right = -1,
    top = height,
    bottom = -1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (Math.abs(data[(y * width + x) * 4] - paper) > 24) {
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = y;
      }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * A drawing as data sets of digits have them: its ink in the middle, as large as the frame but for a margin.
 * @param {import("./preprocess.js").Picture} picture square
 * @param {number} paper its level
 * @param {number} margin share of the frame on each side
 * @returns {import("./preprocess.js").Picture}
 */
export function centred(picture, paper, margin) {
  const box = inked(picture, paper);
  if (!box) return picture;
  const { width: across, height: down } = box;
  const side = Math.ceil(Math.max(across, down) / (1 - 2 * margin));
  const left = box.left - Math.floor((side - across) / 2),
    top = box.top - Math.floor((side - down) / 2);
  const data = new Uint8ClampedArray(side * side * 4).fill(paper);
  for (let i = 3; i < data.length; i += 4) data[i] = 255;
  for (let y = Math.max(0, top); y < Math.min(picture.height, top + side); y++) {
    const from = Math.max(0, left),
      to = Math.min(picture.width, left + side);
    data.set(
      picture.data.subarray((y * picture.width + from) * 4, (y * picture.width + to) * 4),
      ((y - top) * side + from - left) * 4,
    );
  }
  return { width: side, height: side, data };
}
