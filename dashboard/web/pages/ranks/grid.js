// What the server says of ranks, and what is worked out from it for the picture. Pure; cells row by row of a rank each.

/**
 * @typedef {{
 *   rank: number | null, host: string, status: string, points: number, step: number, wall_time: number,
 *   value: number | string | null,
 * }} Rank what is known of one: its newest point, how many there are
 * @typedef {{
 *   run: string, tag: string, first: number, width: number, columns: number, ranks: Rank[],
 *   mean: Float64Array, min: Float64Array, max: Float64Array, isSingle: boolean,
 * }} Grid isSingle: whether each cell is of one value; NaN where a rank has none in a column
 * @typedef {{ row: number, excess: number, level: number }} Slowness of a rank: by how much it lies above the middle
 */

const SAMPLE = 50_000; // cells that a range of colours is found from
const RECENT = 0.1; // of the columns: what "slowest" means now
const RECENT_LEAST = 10;
const SILENT_S = 60;
const SILENT_POINTS = 10;

/**
 * @param {{ head: any, column: (count: number) => Float64Array }} answer
 * @returns {Grid}
 */
export function gridOf({ head, column }) {
  const size = head.ranks.length * head.columns;
  const [mean, min, max] = head.forms.map(() => column(size));
  return { ...head, mean, min: min ?? mean, max: max ?? mean, isSingle: !min };
}

/**
 * @param {ArrayLike<number>} sorted
 * @param {number} share
 */
export const quantile = (sorted, share) =>
  sorted.length ? sorted[Math.min(sorted.length - 1, Math.round(share * (sorted.length - 1)))] : NaN;

/** @param {Iterable<number>} values */
export const sorted = (values) => Float64Array.from(values).filter(Number.isFinite).sort();

/**
 * The median over the ranks in each column.
 * @param {Grid} grid
 */
export function middles({ mean, columns, ranks }) {
  const found = new Float64Array(columns),
    own = new Float64Array(ranks.length);
  for (let column = 0; column < columns; column++) {
    let count = 0;
    for (let row = 0; row < ranks.length; row++) {
      const value = mean[row * columns + column];
      if (Number.isFinite(value)) own[count++] = value;
    }
    const some = own.subarray(0, count).sort();
    found[column] = count ? (some[(count - 1) >> 1] + some[count >> 1]) / 2 : NaN;
  }
  return found;
}

/**
 * The range that colours are of: all but the outermost fiftieth at each side, so that one rank does not take them all.
 * @param {Float64Array} values
 * @returns {[low: number, high: number]}
 */
export function robustRange(values) {
  const every = Math.max(1, Math.floor(values.length / SAMPLE));
  const some = sorted(
    (function* () {
      for (let i = 0; i < values.length; i += every) yield values[i];
    })(),
  );
  if (!some.length) return [0, 1];
  const [low, high] = [quantile(some, 0.02), quantile(some, 0.98)];
  if (high > low) return [low, high];
  const room = Math.abs(low) / 100 || 1;
  return [low - room, high + room];
}

/**
 * By how much each rank lies above the middle of all in the newest columns, the most first.
 * @param {Grid} grid
 * @param {Float64Array} middle of each column
 * @returns {Slowness[]}
 */
export function slowest({ mean, columns, ranks }, middle) {
  const from = Math.max(0, columns - Math.max(RECENT_LEAST, Math.round(columns * RECENT)));
  return ranks
    .map((_, row) => {
      let own = 0,
        others = 0,
        count = 0;
      // A rank that is behind is judged by its own newest columns.
      let end = columns;
      while (end > 0 && !Number.isFinite(mean[row * columns + end - 1])) end--;
      for (let column = Math.max(0, end - (columns - from)); column < end; column++) {
        const value = mean[row * columns + column];
        if (!Number.isFinite(value)) continue;
        own += value;
        others += middle[column];
        count++;
      }
      return { row, level: own / count, excess: count ? (own - others) / Math.abs(others || 1) : NaN };
    })
    .sort((a, b) => (Number.isNaN(a.excess) ? 1 : Number.isNaN(b.excess) ? -1 : b.excess - a.excess));
}

/**
 * Rows whose rank has logged nothing for ten of its intervals and a minute while the others went on.
 * @param {Grid} grid
 */
export function silent({ ranks, width }) {
  const half = (/** @type {number[]} */ values) => quantile(sorted(values), 0.5);
  const time = half(ranks.map((each) => each.wall_time)),
    step = half(ranks.map((each) => each.step));
  return ranks.flatMap((each, row) =>
    time - each.wall_time > SILENT_S && step - each.step > SILENT_POINTS * width ? [row] : [],
  );
}

/**
 * What a picture of fewer pixels shows of cells: in each the value that is farthest from the middle of its column, so
 * that no rank is lost between two pixels.
 * @param {Grid} grid
 * @param {Float64Array} values
 * @param {Float64Array} middle
 * @param {number[]} order rows as they lie below each other
 * @param {number} wide pixels, at the most as many as there are columns
 * @param {number} tall pixels, at the most as many as there are ranks
 */
export function pixels({ columns, ranks }, values, middle, order, wide, tall) {
  const found = new Float64Array(wide * tall).fill(NaN);
  const far = new Float64Array(wide * tall).fill(-1);
  const place = Int32Array.from({ length: columns }, (_, column) => Math.floor((column * wide) / columns));
  for (let at = 0; at < ranks.length; at++) {
    const row = order[at] * columns,
      line = Math.floor((at * tall) / ranks.length) * wide;
    for (let column = 0; column < columns; column++) {
      const value = values[row + column];
      if (value !== value) continue;
      const distance = Math.abs(value - middle[column]),
        pixel = line + place[column];
      if (distance > far[pixel] || far[pixel] < 0) {
        far[pixel] = distance;
        found[pixel] = value;
      }
    }
  }
  return found;
}

/** @param {Rank} rank */
export const rankName = ({ rank }) => (rank === null ? "no rank" : `rank ${rank}`);
