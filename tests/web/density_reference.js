// A density by brute force: every piece of every line asked about every column of pixels, every quantile by sorting.

// Where the pieces of a line lie, in pixels of the plot: boxes and segments of what was logged, nodes of its middle.
export function piecesOf({ curve }, { settings, scale, plot, x: window, y: range }) {
  const { axis, logx, logy, smoothing } = settings;
  const [begin, end, shift] = curve.ends(axis);
  const x = (value) => {
    const px = scale.x(value) - plot.left,
      wide = plot.right - plot.left;
    return Math.abs(px) < 1e-6 ? Math.max(0, px) : Math.abs(px - wide) < 1e-6 ? Math.min(wide, px) : px;
  };
  const y = (value) => scale.y(logy ? Math.max(range.low, value) : value) - plot.top;
  const isSmooth = smoothing.weight > 0 && curve.length > 2;
  const values = isSmooth ? curve.smoothed(smoothing, axis, window.full) : curve.mean;
  const logged = [],
    smoothed = [],
    nodes = [];
  let before = null;
  for (let i = 0; i < curve.length; i++) {
    const a = begin[i] - shift,
      b = end[i] - shift;
    const isThere = !Number.isNaN(curve.mean[i]) && !(logx && b <= 0) && !(logy && curve.max[i] <= 0);
    if (!isThere) {
      before = null;
      continue;
    }
    const first = Number.isFinite(curve.first[i]) ? curve.first[i] : curve.mean[i],
      last = Number.isFinite(curve.last[i]) ? curve.last[i] : curve.mean[i];
    const own = { a: x(a), b: x(b), first: y(first), last: y(last), at: x((a + b) / 2), value: y(values[i]) };
    for (const edge of [y(curve.min[i]), y(curve.max[i])]) logged.push([own.a, edge, own.b, edge]);
    if (before) logged.push([before.b, before.last, own.a, own.first]);
    // Between the middles of two columns it is one line, level before the first and behind the last.
    if (before) smoothed[smoothed.length - 1] = [before.at, before.value, own.at, own.value];
    else smoothed.push([own.a, own.value, own.at, own.value]);
    smoothed.push([own.at, own.value, own.b, own.value]);
    nodes.push([own.at, own.value]);
    before = own;
  }
  return { logged, smoothed: isSmooth ? smoothed : null, nodes };
}

// From where to where pieces go in a column; null where none does.
export function extent(pieces, c, columns) {
  const column = (px) => (px === columns ? columns - 1 : Math.floor(px));
  const found = [];
  for (const [ax, ay, bx, by] of pieces) {
    if (column(ax) > c || column(bx) < c) continue;
    const at = (px) => (bx === ax ? ay : ((bx - px) * ay + (px - ax) * by) / (bx - ax));
    found.push(ax >= c ? ay : at(c), bx <= c + 1 ? by : at(c + 1));
    if (ax === bx) found.push(by);
  }
  return found.length ? [Math.min(...found), Math.max(...found)] : null;
}

function middleAt(nodes, x) {
  const before = nodes.filter(([at]) => at <= x).at(-1),
    next = nodes.find(([at]) => at > x);
  if (!before) return next[1];
  if (!next) return before[1];
  return before[1] + ((next[1] - before[1]) * (x - before[0])) / (next[0] - before[0]);
}

export function quantile(sorted, share) {
  const place = (sorted.length - 1) * share,
    k = Math.floor(place);
  return k + 1 < sorted.length ? sorted[k] + (sorted[k + 1] - sorted[k]) * (place - k) : sorted[k];
}

export function reference(view) {
  const columns = view.plot.right - view.plot.left,
    rows = view.plot.bottom - view.plot.top;
  const all = view.lines.map((line) => piecesOf(line, view));
  const row = (px) => Math.min(rows - 1, Math.max(0, Math.floor(px)));
  const isSeen = ([low, high]) => high >= -1e-6 && low <= rows + 1e-6;
  return Array.from({ length: columns }, (_, c) => {
    const cells = new Array(rows).fill(0),
      isReached = new Array(rows).fill(false);
    const places = [];
    let top = Infinity,
      bottom = -Infinity;
    for (const { logged, smoothed, nodes } of all) {
      const raw = extent(logged, c, columns);
      if (!raw) continue;
      top = Math.min(top, raw[0]);
      bottom = Math.max(bottom, raw[1]);
      places.push(middleAt(nodes, c + 0.5));
      if (isSeen(raw)) for (let r = row(raw[0]); r <= row(raw[1]); r++) isReached[r] = true;
      const line = smoothed ? extent(smoothed, c, columns) : raw;
      if (!line || !isSeen(line)) continue;
      const [from, to] = line.map(row);
      for (let r = from; r <= to; r++) {
        cells[r] += 1 / (to - from + 1);
        isReached[r] = true;
      }
    }
    places.sort((a, b) => a - b);
    const quantiles = places.length ? [0.1, 0.5, 0.9].map((share) => quantile(places, share)) : [NaN, NaN, NaN];
    const ends = places.length ? [top, bottom] : [NaN, NaN];
    return { cells, isReached, n: places.length, quantiles, ends };
  });
}
