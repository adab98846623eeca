// What the page of paths asks for of a run, and what it shows of walks that have no surface.
import * as api from "../../core/api.js";
import { Surface, readSlice } from "./surface.js";

/** @typedef {Surface & { run: string }} Owned a surface, and the run that logged it */

// The newest text of a tag; "" without one.
/**
 * @param {string} run
 * @param {string} tag
 * @returns {Promise<string>}
 */
async function newest(run, tag) {
  const { items } = await api.json("media", { run, tag, kind: "text", step: "newest", last: 1 });
  return items.length ? items[0].text : "";
}

// The first surface that can be read, of runs in the order of asking; null without any, or when it is not wanted any
// more.
/**
 * @param {string} name
 * @param {string[]} owners
 * @param {() => boolean} isOver
 * @returns {Promise<Owned | null>}
 */
export async function newestSurface(name, owners, isOver) {
  for (const run of owners) {
    const found = Surface.read(await newest(run, `path/${name}/surface`));
    if (isOver()) return null;
    if (found) return Object.assign(found, { run });
  }
  return null;
}

// What each of some runs logged along a line, the newest run last.
/**
 * @param {string} name
 * @param {string[]} owners the newest first
 * @returns {Promise<Map<string, import("./surface.js").Slice | null>>}
 */
export async function slicesOf(name, owners) {
  const read = await Promise.all(owners.map(async (run) => readSlice(await newest(run, `path/${name}/slice`))));
  return new Map(owners.map((run, i) => /** @type {const} */ ([run, read[i]])).toReversed());
}

// A window around walks that have no surface.
/** @param {import("./walk.js").Walk[]} walks */
export function around(walks) {
  /**
   * @param {"x" | "y"} axis
   * @returns {import("./surface.js").Edges}
   */
  const window = (axis) => {
    let low = Infinity,
      high = -Infinity;
    for (const walk of walks)
      for (const x of walk[axis])
        if (Number.isFinite(x)) {
          low = Math.min(low, x);
          high = Math.max(high, x);
        }
    if (!(low <= high)) return [-1, 1];
    const room = (high - low || 1) * 0.08;
    return [low - room, high + room];
  };
  return Surface.flat(window("x"), window("y"));
}
