// Curves of quality derived from counts at thresholds. Pure; arrays of T thresholds, even from 0 to 1.

/** @typedef {{ tp: ArrayLike<number>, fp: ArrayLike<number>, tn: ArrayLike<number>, fn: ArrayLike<number> }} Counts */

/**
 * @param {number} part
 * @param {number} whole
 */
const share = (part, whole) => (whole > 0 ? part / whole : NaN);

// What a threshold means: the four counts and what is said of them.
/**
 * @param {Counts} counts
 * @param {number} k
 */
export function atThreshold({ tp, fp, tn, fn }, k) {
  const [a, b, c, d] = [tp[k], fp[k], tn[k], fn[k]];
  return {
    tp: a,
    fp: b,
    tn: c,
    fn: d,
    precision: share(a, a + b),
    recall: share(a, a + d),
    specificity: share(c, c + b),
    accuracy: share(a + c, a + b + c + d),
    f1: share(2 * a, 2 * a + b + d),
  };
}

// Precision over recall. At thresholds that nothing reaches there is no precision, and no point.
/** @param {Counts} counts */
export function precisionRecall({ tp, fp, fn }) {
  return {
    xs: Float64Array.from(tp, (a, k) => share(a, a + fn[k])),
    ys: Float64Array.from(tp, (a, k) => share(a, a + fp[k])),
  };
}

// It ends in the corner, beyond the highest threshold, where nothing is taken for positive.
/** @param {Counts} counts */
export function roc({ tp, fp, tn, fn }) {
  return {
    xs: Float64Array.of(...Array.from(fp, (b, k) => share(b, b + tn[k])), 0),
    ys: Float64Array.of(...Array.from(tp, (a, k) => share(a, a + fn[k])), 0),
  };
}

// The reliability diagram: of ten ranges of the prediction, how often it was true, and the expected calibration error
// (Guo et al. 2017). Without the predictions' sums a prediction is taken to lie in the middle between its thresholds.
/**
 * @param {Counts & { confidence?: ArrayLike<number> }} counts
 * @param {number} [ranges]
 */
export function calibration({ tp, fp, confidence }, ranges = 10) {
  const size = tp.length,
    count = new Float64Array(ranges),
    truth = new Float64Array(ranges),
    said = new Float64Array(ranges);
  for (let k = 0; k < size; k++) {
    const positives = tp[k] - (k + 1 < size ? tp[k + 1] : 0),
      all = positives + fp[k] - (k + 1 < size ? fp[k + 1] : 0);
    const range = Math.min(ranges - 1, Math.floor((k / (size - 1)) * ranges + 1e-9));
    count[range] += all;
    truth[range] += positives;
    said[range] += confidence ? confidence[k] : all * Math.min(1, (k + 0.5) / (size - 1));
  }
  const total = count.reduce((sum, each) => sum + each, 0);
  const points = [];
  let error = 0;
  for (let i = 0; i < ranges; i++) {
    if (!(count[i] > 0)) continue;
    points.push({ x: said[i] / count[i], y: truth[i] / count[i], share: count[i] / total });
    error += Math.abs(truth[i] - said[i]) / total;
  }
  return { points, error: total > 0 ? error : NaN, isExact: Boolean(confidence) };
}

/** @typedef {{ word: string, value: number }} Fact */

// What is said of a confusion matrix as a whole.
/**
 * @param {number[][]} rows
 * @param {number[]} totals of each
 * @returns {Fact[]}
 */
export function overall(rows, totals) {
  const all = totals.reduce((sum, each) => sum + each, 0),
    right = rows.reduce((sum, row, i) => sum + row[i], 0);
  const recalls = rows.map((row, i) => row[i] / totals[i]).filter((each) => !Number.isNaN(each));
  return [
    { word: "accuracy", value: right / all },
    { word: "mean recall", value: recalls.reduce((sum, each) => sum + each, 0) / recalls.length },
    { word: "samples", value: all },
  ];
}
