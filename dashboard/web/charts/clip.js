// Paths cut to a box. TeX knows no length beyond 16,383 pt, and a line that leaves a zoomed chart may go far beyond it.

/**
 * @typedef {[kind: "M" | "L", x: number, y: number]} Stroke to a place, or a line to it
 * @typedef {[kind: "O", x: number, y: number, radius: number]} Dot
 * @typedef {Stroke | Dot | ["Z"]} Step of a path; Z: back to where it began
 * @typedef {[x: number, y: number]} Place
 * @typedef {[left: number, top: number, right: number, bottom: number]} Edges
 */

const BEYOND = 50; // px outside of the box that are kept, so that no cut is seen

// path: [["M", x, y], ["L", x, y], ["O", x, y, radius], ["Z"]]; box: [x, y, width, height]. Filled shapes stay closed.
/**
 * @param {Step[]} path
 * @param {[x: number, y: number, width: number, height: number]} box
 * @param {boolean} isFilled
 * @returns {Step[]}
 */
export function cut(path, [x, y, width, height], isFilled) {
  /** @type {Edges} */
  const box = [x - BEYOND, y - BEYOND, x + width + BEYOND, y + height + BEYOND];
  if (path.every((step) => step[0] === "Z" || isIn(step, box))) return path;
  return isFilled ? shapes(path).flatMap((corners) => area(corners, box)) : lines(path, box);
}

/**
 * @param {Stroke | Dot} step
 * @param {Edges} box
 */
const isIn = ([, x, y], [left, top, right, bottom]) => x >= left && x <= right && y >= top && y <= bottom;

/**
 * @param {Step[]} path
 * @param {Edges} box
 */
function lines(path, box) {
  /** @type {(Stroke | Dot)[]} */
  const found = [];
  /** @type {Place | null} */
  let at = null;
  /** @type {Place | null} */
  let from = null;
  for (const step of path) {
    if (step[0] === "O") {
      if (isIn(step, box)) found.push(step);
      at = null;
      continue;
    }
    /** @type {Place | null} */
    const to = step[0] === "Z" ? from : [step[1], step[2]];
    if (step[0] === "M") {
      from = at = to;
      continue;
    }
    const part = at && to && segment(at, to, box);
    if (part) {
      const last = found.at(-1);
      if (!last || last[1] !== part[0] || last[2] !== part[1]) found.push(["M", part[0], part[1]]);
      found.push(["L", part[2], part[3]]);
    }
    at = to;
  }
  return found;
}

// Liang and Barsky 1984: the part of a segment that is within a box, or null.
/**
 * @param {Place} a
 * @param {Place} b
 * @param {Edges} box
 * @returns {[number, number, number, number] | null}
 */
function segment([ax, ay], [bx, by], [left, top, right, bottom]) {
  let begin = 0,
    end = 1;
  for (const [run, gap] of [
    [ax - bx, ax - left],
    [bx - ax, right - ax],
    [ay - by, ay - top],
    [by - ay, bottom - ay],
  ]) {
    if (run === 0) {
      if (gap < 0) return null;
      continue;
    }
    const at = gap / run;
    if (run < 0) begin = Math.max(begin, at);
    else end = Math.min(end, at);
  }
  /**
   * @param {number} at
   * @returns {Place}
   */
  const place = (at) => [
    at === 0 ? ax : at === 1 ? bx : ax + at * (bx - ax),
    at === 0 ? ay : at === 1 ? by : ay + at * (by - ay),
  ];
  return begin <= end ? [...place(begin), ...place(end)] : null;
}

/** @param {Step[]} path */
function shapes(path) {
  /** @type {Place[][]} */
  const found = [];
  for (const step of path)
    if (step[0] === "M") found.push([[step[1], step[2]]]);
    else if (step[0] === "L") found.at(-1)?.push([step[1], step[2]]);
  return found;
}

// Sutherland and Hodgman 1974: a shape's part within a box, one side after the other.
/**
 * @param {Place[]} corners
 * @param {Edges} box
 * @returns {Step[]}
 */
function area(corners, [left, top, right, bottom]) {
  for (const [axis, limit, sign] of /** @type {const} */ ([
    [0, left, 1],
    [0, right, -1],
    [1, top, 1],
    [1, bottom, -1],
  ])) {
    /** @param {Place} corner */
    const inside = (corner) => sign * (corner[axis] - limit) >= 0;
    /** @type {Place[]} */
    const kept = [];
    corners.forEach((corner, i) => {
      const before = corners[(i + corners.length - 1) % corners.length];
      if (inside(corner) !== inside(before)) {
        const at = (limit - before[axis]) / (corner[axis] - before[axis]);
        kept.push([before[0] + at * (corner[0] - before[0]), before[1] + at * (corner[1] - before[1])]);
      }
      if (inside(corner)) kept.push(corner);
    });
    corners = kept;
  }
  if (!corners.length) return [];
  /** @type {Stroke[]} */
  const strokes = corners.map(([x, y], i) => [i ? "L" : "M", x, y]);
  return [...strokes, ["Z"]];
}
