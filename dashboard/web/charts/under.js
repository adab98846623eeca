// What lies at a place of a chart, on its lines.

/**
 * @typedef {import("./chart.js").View} View
 * @typedef {import("./chart.js").Found} Found
 * @typedef {import("./line_set.js").Line} Line
 */

// The column of a line at x; -1 for one that ends long before, which has nothing to say there.
/**
 * @param {View} view
 * @param {Line} line
 * @param {number} x
 */
function columnAt({ settings, scale, plot }, { curve }, x) {
  const i = curve.at(x, settings.axis);
  if (i < 0) return -1;
  const [begin, end, shift] = curve.ends(settings.axis);
  const px = scale.x(x),
    away = Math.max(scale.x(begin[i] - shift) - px, px - scale.x(end[i] - shift));
  return away > 0.05 * (plot.right - plot.left) ? -1 : i;
}

/**
 * @param {View} view
 * @param {Line} line
 * @param {number} i
 */
function shownBy({ settings, x }, { curve, band }, i) {
  const raw = curve.count[i] === 1 ? curve.first[i] : curve.mean[i];
  const smooth = settings.smoothing.weight > 0 && curve.length > 2 && !band;
  return { raw, smooth, value: smooth ? curve.smoothed(settings.smoothing, settings.axis, x.full)[i] : raw };
}

// What lies at x on each line, the greatest first.
/**
 * @param {View} view
 * @param {number} x
 * @param {Line[]} [lines]
 * @returns {Found[]}
 */
export function under(view, x, lines = view.lines) {
  /** @type {Found[]} */
  const found = [];
  for (const line of lines) {
    const { curve } = line,
      i = columnAt(view, line, x);
    if (i < 0) continue;
    const [begin, end, shift] = curve.ends(view.settings.axis);
    found.push({
      ...line,
      ...shownBy(view, line, i),
      at: (begin[i] + end[i]) / 2 - shift,
      count: curve.count[i],
      min: curve.min[i],
      max: curve.max[i],
      step: curve.x1[i],
      exactStep: curve.stepOf(i),
      time: curve.w1[i],
      memberCount: curve.memberCount,
      carried: curve.carried?.[i],
    });
  }
  return found.sort(
    (a, b) => (Number.isNaN(b.value) ? -Infinity : b.value) - (Number.isNaN(a.value) ? -Infinity : a.value),
  );
}

// The index of what is nearest in height to a place on the screen.
/**
 * @param {Found[]} found
 * @param {import("./scale.js").Scale} scale
 * @param {number} py
 */
export function nearestOf(found, scale, py) {
  const away = found.map(({ value }) => Math.abs(scale.y(value) - py));
  return away.reduce((best, each, i) => (each < away[best] || Number.isNaN(away[best]) ? i : best), 0);
}

// The same of very many lines: only the one that is nearest, null where there is none.
/**
 * @param {View} view
 * @param {number} x
 * @param {number} py
 * @returns {Found | null}
 */
export function nearestLine(view, x, py) {
  /** @type {Line | null} */
  let best = null;
  let least = Infinity;
  for (const line of view.lines) {
    const i = columnAt(view, line, x);
    if (i < 0) continue;
    const away = Math.abs(view.scale.y(shownBy(view, line, i).value) - py);
    if (!(away < least)) continue;
    least = away;
    best = line;
  }
  return best && under(view, x, [best])[0];
}
