// Smoothing: pure functions of where columns lie and what their means are.
//
// How far smoothing reaches is measured in thousandths of the range in view, not in points: the same curve is as smooth
// logged at every step as at every tenth, and one of eight points is not bent at all.

// kind: ema | gauss | mean. weight: what counts of a value a thousandth of the range ago, 0 to 0.999.
// Columns without a finite mean stay empty and change nothing. `reuse` is an array to write into, if it fits.
/**
 * @typedef {ArrayLike<number>} Numbers
 * @typedef {{ kind: string, weight: number, isLog?: boolean }} Smoothing as the page's state has it; isLog: by the axis
 * @typedef {Smoothing & {
 *   version: number, axis: import("./curve.js").Axis, range: number, values: Float64Array,
 * }} Smoothed what was asked for, of which version of a curve, and the answer
 * @typedef {(
 *   weight: number, begin: Numbers, end: Numbers, mean: Numbers, n: number, unit: number, out: Float64Array
 * ) => void} Smoother
 * @param {string} kind
 * @param {number} weight
 * @param {Numbers} begin
 * @param {Numbers} end
 * @param {Numbers} mean
 * @param {number} n
 * @param {number} range
 * @param {Float64Array} [reuse]
 */
export function smooth(kind, weight, begin, end, mean, n, range, reuse) {
  const out = reuse?.length === n ? reuse : new Float64Array(n);
  /** @type {Record<string, Smoother | null>} */
  const kinds = { __proto__: null, ema, gauss, mean: running };
  const act = kinds[kind] ?? ema;
  act(weight, begin, end, mean, n, range > 0 ? range / 1000 : 0, out);
  return out;
}

// The exponential moving average. Debiased: it begins with the first value and not with zero. A gap forgets as much as
// it is long.
/** @type {Smoother} */
function ema(weight, _begin, end, mean, n, unit, out) {
  let average = NaN,
    before = 0;
  const rate = weight > 0 && unit > 0 ? Math.log(weight) / unit : -Infinity;
  let lastGap = NaN,
    lastKeep = 0;
  for (let i = 0; i < n; i++) {
    const value = mean[i];
    if (value !== value) {
      out[i] = NaN;
      continue;
    }
    let keep = 0;
    if (average === average && rate > -Infinity) {
      const gap = Math.max(0, end[i] - before);
      if (gap !== lastGap) {
        lastGap = gap;
        lastKeep = Math.exp(rate * gap);
      } // steps are mostly even: one exp for all
      keep = lastKeep;
    }
    average = keep ? average * keep + value * (1 - keep) : value;
    before = end[i];
    out[i] = average;
  }
}

// How wide the two-sided kinds reach: where the average of `ema` has its mean age.
/**
 * @param {number} weight
 * @param {number} unit
 */
const reach = (weight, unit) => (weight > 0 ? (weight / (1 - weight)) * unit : 0);

// The mean of what lies within reach on both sides; at the ends of what there is.
/** @type {Smoother} */
function running(weight, begin, end, mean, n, unit, out) {
  const half = reach(weight, unit);
  let sum = 0,
    count = 0,
    from = 0,
    to = 0;
  for (let i = 0; i < n; i++) {
    const at = (begin[i] + end[i]) / 2;
    while (to < n && (begin[to] + end[to]) / 2 <= at + half) {
      const v = mean[to++];
      if (v === v) {
        sum += v;
        count++;
      }
    }
    while ((begin[from] + end[from]) / 2 < at - half) {
      const v = mean[from++];
      if (v === v) {
        sum -= v;
        count--;
      }
    }
    out[i] = mean[i] === mean[i] && count ? (to - from === 1 ? mean[i] : sum / count) : NaN;
  }
}

// A Gaussian over what lies within three of its widths, weights adding up to one at the ends too.
/** @type {Smoother} */
function gauss(weight, begin, end, mean, n, unit, out) {
  const sigma = reach(weight, unit) / 2;
  if (!sigma) {
    for (let i = 0; i < n; i++) out[i] = mean[i];
    return;
  }
  const scale = -0.5 / (sigma * sigma);
  let from = 0;
  for (let i = 0; i < n; i++) {
    if (mean[i] !== mean[i]) {
      out[i] = NaN;
      continue;
    }
    const at = (begin[i] + end[i]) / 2;
    while ((begin[from] + end[from]) / 2 < at - 3 * sigma) from++;
    let sum = 0,
      total = 0;
    for (let j = from; j < n; j++) {
      const away = (begin[j] + end[j]) / 2 - at;
      if (away > 3 * sigma) break;
      if (mean[j] !== mean[j]) continue;
      const share = Math.exp(scale * away * away);
      sum += share * mean[j];
      total += share;
    }
    out[i] = sum / total;
  }
}
