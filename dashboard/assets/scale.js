// What part of the data a chart shows, and where on the screen it lies.

// The x range of some lines: { low, high, full }; `full` is what smoothing is measured by.
export function domain(lines, { axis, logx }, zoom) {
  if (zoom) return { low: zoom[0], high: zoom[1], full: zoom[1] - zoom[0] };
  let low = Infinity, high = -Infinity;
  for (const { curve } of lines) {
    if (!curve.length) continue;
    const [begin, end, shift] = curve.ends(axis);
    let first = 0;
    if (logx) while (first < curve.length - 1 && begin[first] - shift <= 0) first++;
    low = Math.min(low, begin[first] - shift);
    high = Math.max(high, end[curve.length - 1] - shift);
  }
  const full = Math.max(0, high - low);
  if (low > high) return { low: logx ? 1 : 0, high: logx ? 10 : 1, full: 0 };
  if (logx) { low = low > 0 ? low : high > 0 ? high / 1000 : 1; high = high > low ? high : low * 10; return { low, high, full }; }
  return low === high ? { low: low - 0.5, high: high + 0.5, full } : { low, high, full };
}

// The y range of what is in view, with room; a constant line is in the middle. Gives { low, high, least, most, outside }:
// least and most are of the values themselves; outside counts the columns that an outlier-robust range leaves out.
export function range(lines, settings, x, zoom) {
  if (zoom) return { low: zoom[0], high: zoom[1], least: zoom[0], most: zoom[1], outside: 0 };
  let low = Infinity, high = -Infinity, positive = Infinity;
  const seen = settings.robust ? [] : null;
  for (const { curve } of lines) {
    const [begin, end, shift] = curve.ends(settings.axis);
    const stride = seen ? Math.max(1, Math.floor((curve.length * lines.length) / 20000)) : 1;
    for (let i = 0; i < curve.length; i++) {
      if (end[i] - shift < x.low || begin[i] - shift > x.high) continue;
      const below = curve.min[i], above = curve.max[i];
      if (below < low) low = below;
      if (above > high) high = above;
      if (below > 0 && below < positive) positive = below;
      else if (above > 0 && above < positive) positive = above;
      if (seen && i % stride === 0 && below === below) { seen.push(below); if (above !== below) seen.push(above); }
    }
  }
  if (low > high) return { low: settings.logy ? 0.1 : 0, high: 1, outside: 0 };
  let outside = 0;
  if (seen?.length > 20) {
    // Twice the span of the middle nine tenths: a single spike no longer flattens the rest, a trend is kept whole.
    seen.sort((a, b) => a - b);
    const [a, b] = [seen[Math.floor(0.05 * (seen.length - 1))], seen[Math.ceil(0.95 * (seen.length - 1))]];
    const room = (b - a) * 0.5 || Math.abs(b) * 0.1 || 1;
    const [least, most] = [Math.max(low, a - room), Math.min(high, b + room)];
    if (most > least) {
      for (const { curve } of lines) for (let i = 0; i < curve.length; i++) if (curve.min[i] < least || curve.max[i] > most) outside++;
      [low, high] = [least, most];
      if (low > positive) positive = low;
    }
  }
  const [least, most] = [settings.logy ? positive : low, high];
  if (settings.logy) {
    if (positive === Infinity) return { low: 0.1, high: 1, outside };
    return positive >= high ? { low: positive / 2, high: high * 2, least, most, outside } : { low: positive / 1.15, high: high * 1.15, least, most, outside };
  }
  if (low === high) {
    const margin = Math.abs(low) * 0.1 || 1;
    return { low: low - margin, high: high + margin, least, most, outside };
  }
  const room = (high - low) * 0.06;
  // Curves that stay at one side of zero and come near it are shown with zero.
  return { low: low >= 0 && low < room * 4 ? Math.min(0, low) : low - room, high: high + room, least, most, outside };
}

// Between data and pixels, both ways.
export function scales(plot, x, y, { logx, logy }) {
  const mapX = logx ? (v) => Math.log(v) : (v) => v;
  const mapY = logy ? (v) => Math.log(v) : (v) => v;
  const left = mapX(x.low), bottom = mapY(y.low);
  const wide = (plot.right - plot.left) / (mapX(x.high) - left), tall = (plot.bottom - plot.top) / (mapY(y.high) - bottom);
  const back = (log) => (log ? Math.exp : (v) => v);
  return {
    x: logx ? (v) => plot.left + ((v > 0 ? Math.log(v) : -1e9) - left) * wide : (v) => plot.left + (v - left) * wide,
    y: logy ? (v) => plot.bottom - ((v > 0 ? Math.log(v) : -1e9) - bottom) * tall : (v) => plot.bottom - (v - bottom) * tall,
    invert: (px) => back(logx)(left + (px - plot.left) / wide),
    invertY: (py) => back(logy)(bottom + (plot.bottom - py) / tall),
  };
}
