// What the server packs: a JSON head, then float64 columns; see dashboard/http/wire.py.
import { parse } from "./dictionary.js";
/**
 * @param {ArrayBuffer} buffer
 * @returns {{ head: any, column: (count: number) => Float64Array }}
 */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let offset = 4 + length;
  /** @param {number} count */
  const column = (count) => {
    const found = new Float64Array(buffer, offset, count);
    offset += 8 * count;
    return found;
  };
  return { head, column };
}

/**
 * Columns by the names that the head gives them, in their order.
 * @param {string[]} names
 * @param {number} length of each
 * @param {(count: number) => Float64Array} column
 * @returns {Map<string, Float64Array>}
 */
export const named = (names, length, column) => new Map(names.map((name) => [name, column(length)]));

/**
 * The curves of an answer, each with its columns by name; how they are called in each form the head says once.
 * @param {any} head
 * @param {(count: number) => Float64Array} column
 * @returns {{ curve: any, columns: Map<string, Float64Array> }[]}
 */
export const curvesOf = (head, column) =>
  head.curves.map((/** @type {any} */ curve) => ({
    curve,
    columns: named(head.columns[curve.form], curve.length, column),
  }));
