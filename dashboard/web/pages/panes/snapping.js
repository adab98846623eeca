// A window that is moved or resized by hand: its edges stop at those of others, and at the board's.
import { GAP, SMALLEST, within } from "./tiling.js";

/** @typedef {import("./tiling.js").Place} Place */

const NEAR = 8; // px within which an edge is caught

/**
 * The value nearest to one that is wanted, or that itself where none is near.
 * @param {number} wanted
 * @param {number[]} stops
 */
function caught(wanted, stops) {
  let best = wanted,
    least = NEAR + 1;
  for (const stop of stops) {
    const away = Math.abs(stop - wanted);
    if (away < least) [best, least] = [stop, away];
  }
  return best;
}

/**
 * @param {Place} place as it was
 * @param {number} dx px by which it is moved
 * @param {number} dy
 * @param {Place[]} others
 * @param {number} width of the board
 * @returns {Place}
 */
export function moved(place, dx, dy, others, width) {
  const { w, h } = place;
  const stopsX = [0, width - w],
    stopsY = [0];
  for (const other of others) {
    stopsX.push(other.x, other.x + other.w - w, other.x + other.w + GAP, other.x - GAP - w);
    stopsY.push(other.y, other.y + other.h - h, other.y + other.h + GAP, other.y - GAP - h);
  }
  return within({ x: caught(place.x + dx, stopsX), y: caught(place.y + dy, stopsY), w, h }, width);
}

/**
 * By its right and lower edge.
 * @param {Place} place as it was
 * @param {number} dw
 * @param {number} dh
 * @param {Place[]} others
 * @param {number} width
 * @returns {Place}
 */
export function resized(place, dw, dh, others, width) {
  const { x, y } = place;
  const right = [width],
    bottom = [];
  for (const other of others) {
    right.push(other.x + other.w, other.x - GAP);
    bottom.push(other.y + other.h, other.y - GAP);
  }
  const w = caught(x + place.w + dw, right) - x,
    h = caught(y + place.h + dh, bottom) - y;
  return { x, y, w: Math.max(SMALLEST.w, Math.min(w, width - x)), h: Math.max(SMALLEST.h, h) };
}
