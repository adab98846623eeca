// Counting lines that lie at the same places, which is most of what the density of a sweep costs.
import { EDGE } from "./cover.js";

/**
 * @typedef {import("./bundle.js").Heights} Heights
 * @typedef {import("./tally.js").Tally} Tally
 * @typedef {import("./tally.js").Room} Room
 */

// What a density counts of lines that lie at the same places, column by column: `cover.js` says what a line has there.
// Rows are compared and not heights, for what is least of whole numbers is found without a branch that nobody foresees.
/**
 * @param {Tally} tally
 * @param {Heights} lines
 * @param {Float64Array} heights of what was logged, or of what is drawn
 * @param {boolean} isDrawn
 * @param {number} from
 * @param {Room} room
 */
export function goAlong(tally, { logged, apart, count, left, ways }, heights, isDrawn, from, room) {
  const { edge, upper, lower, places, weights, reached, share, most } = room;
  const { rows, n, top, bottom } = tally;
  const isLogged = heights === logged;
  let edgeLeast = Infinity,
    edgeGreatest = -Infinity;
  if (left) {
    const { a, b, t } = left;
    for (let k = 0; k < count; k++) {
      const at = heights[a + k] + (heights[b + k] - heights[a + k]) * t;
      edge[k] = rowOf(at, rows);
      if (at < edgeLeast) edgeLeast = at;
      if (at > edgeGreatest) edgeGreatest = at;
    }
  }
  let isIn = left !== null;
  for (let i = 0; i < ways.length; i++) {
    const way = ways[i];
    if (!way) continue;
    const { first, end, right } = way,
      { a: before, b: behind, t: between } = way.middle;
    const c = from + i,
      at = i * (rows + 1),
      free = i * most + n[c];
    const isOn = right !== null,
      a = right?.a ?? 0,
      b = right?.b ?? 0,
      t = right?.t ?? 0;
    let least = isIn ? edgeLeast : Infinity,
      greatest = isIn ? edgeGreatest : -Infinity;
    edgeLeast = Infinity;
    edgeGreatest = -Infinity;
    if (isIn && isOn && end - first === apart) {
      // Most columns of runs that have about as many points as the plot has columns.
      for (let k = 0; k < count; k++) {
        const own = heights[first + k],
          from = heights[a + k],
          next = from + (heights[b + k] - from) * t;
        if (own < least) least = own;
        if (own > greatest) greatest = own;
        if (next < edgeLeast) edgeLeast = next;
        if (next > edgeGreatest) edgeGreatest = next;
        const row = rowOf(own, rows),
          left = edge[k],
          right = rowOf(next, rows);
        edge[k] = right;
        upper[k] = greater(lesser(lesser(left, row), right), 0);
        lower[k] = lesser(greater(greater(left, row), right), rows - 1);
      }
    } else {
      for (let k = 0; k < count; k++) {
        let low = isIn ? edge[k] : rows + 1,
          high = isIn ? low : -2;
        for (let p = first + k; p < end; p += apart) {
          const own = heights[p],
            row = rowOf(own, rows);
          if (own < least) least = own;
          if (own > greatest) greatest = own;
          low = lesser(low, row);
          high = greater(high, row);
        }
        if (isOn) {
          const before = heights[a + k],
            next = before + (heights[b + k] - before) * t,
            row = rowOf(next, rows);
          edge[k] = row;
          if (next < edgeLeast) edgeLeast = next;
          if (next > edgeGreatest) edgeGreatest = next;
          low = lesser(low, row);
          high = greater(high, row);
        }
        // A line that is not seen there is one of no rows.
        upper[k] = greater(low, 0);
        lower[k] = lesser(high, rows - 1);
      }
    }
    if (isDrawn)
      for (let k = 0; k < count; k++) {
        const inside = heights[before + k];
        places[free + k] = inside + (heights[behind + k] - inside) * between;
      }
    // By themselves: sums that wait for no other store take a third of the time.
    if (isDrawn) weigh(weights, at, upper, lower, count, share);
    else reach(reached, at, upper, lower, count);
    if (isLogged) {
      top[c] = Math.min(top[c], least, edgeLeast);
      bottom[c] = Math.max(bottom[c], greatest, edgeGreatest);
    }
    if (isDrawn) n[c] += count;
    isIn = isOn;
  }
}

// The row of a height: one less than the first of what is above the plot, one more than the last of what is below it.
/**
 * @param {number} px
 * @param {number} rows
 */
const rowOf = (px, rows) =>
  px < 0 ? (px < -EDGE ? -1 : 0) : px >= rows ? (px > rows + EDGE ? rows : rows - 1) : px | 0;

// Of small whole numbers.
/** @param {number} a @param {number} b */
const lesser = (a, b) => b + ((a - b) & ((a - b) >> 31));
/** @param {number} a @param {number} b */
const greater = (a, b) => a - ((a - b) & ((a - b) >> 31));

/**
 * @param {Float64Array} weights
 * @param {number} at the first row
 * @param {Int32Array} upper
 * @param {Int32Array} lower
 * @param {number} count
 * @param {Float64Array} share
 */
function weigh(weights, at, upper, lower, count, share) {
  for (let k = 0; k < count; k++) {
    const from = upper[k],
      to = lower[k] + 1,
      weight = share[to - from];
    weights[at + from] += weight;
    weights[at + to] -= weight;
  }
}

/**
 * @param {Int32Array} reached
 * @param {number} at the first row
 * @param {Int32Array} upper
 * @param {Int32Array} lower
 * @param {number} count
 */
function reach(reached, at, upper, lower, count) {
  for (let k = 0; k < count; k++) {
    if (lower[k] < upper[k]) continue;
    reached[at + upper[k]]++;
    reached[at + lower[k] + 1]--;
  }
}
