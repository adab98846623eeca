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
