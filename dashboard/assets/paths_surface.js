// A surface as it was logged: heights on a grid, asked for anywhere, evened out so that valleys and peaks both show.

const MAX_POINTS = 1 << 20;

export class Surface {
  // plain: {x: [low, high], y: [low, high], shape: [rows, columns], values, minima?, formula?}; null when it is not one.
  static read(text) {
    let plain;
    try { plain = JSON.parse(text); } catch { return null; }
    const edges = (pair) => Array.isArray(pair) && pair.length === 2 && pair.every(Number.isFinite) && pair[0] < pair[1];
    if (!plain || !edges(plain.x) || !edges(plain.y) || !Array.isArray(plain.shape) || !Array.isArray(plain.values)) return null;
    const [rows, columns] = plain.shape;
    if (!(rows >= 2 && columns >= 2 && rows * columns <= MAX_POINTS) || plain.values.length !== rows * columns) return null;
    return new Surface(plain, rows, columns);
  }

  // A window without heights, around points that have no surface of their own.
  static flat(x, y) {
    return new Surface({ x, y, values: [0, 0, 0, 0] }, 2, 2);
  }

  constructor(plain, rows, columns) {
    Object.assign(this, { x: plain.x, y: plain.y, rows, columns });
    this.formula = typeof plain.formula === "string" ? plain.formula : "";
    this.minima = (Array.isArray(plain.minima) ? plain.minima : []).filter((p) => Array.isArray(p) && p.length === 2 && p.every(Number.isFinite));
    const finite = plain.values.filter(Number.isFinite).sort((a, b) => a - b);
    const low = finite[0] ?? 0, high = finite[finite.length - 1] ?? 0;
    this.isFlat = !(high > low);
    // The power that brings the middle one of all heights to the middle: long-tailed surfaces show their valleys.
    const middle = (finite[finite.length >> 1] - low) / (high - low || 1);
    const power = this.isFlat ? 1 : Math.min(1, Math.max(0.15, Math.log(0.45) / Math.log(Math.min(0.9, Math.max(1e-9, middle)))));
    this.heights = Float64Array.from(plain.values, (v) => (this.isFlat ? 0 : Number.isFinite(v) ? ((v - low) / (high - low)) ** power : 1));
  }

  // Height between 0 and 1 at a place given in parts of the window; outside, that of the nearest edge.
  at(u, v) {
    const c = Math.min(1, Math.max(0, u)) * (this.columns - 1), r = Math.min(1, Math.max(0, v)) * (this.rows - 1);
    const c0 = Math.min(this.columns - 2, Math.floor(c)), r0 = Math.min(this.rows - 2, Math.floor(r));
    const i = r0 * this.columns + c0, dc = c - c0, dr = r - r0, h = this.heights;
    return (h[i] * (1 - dc) + h[i + 1] * dc) * (1 - dr) + (h[i + this.columns] * (1 - dc) + h[i + this.columns + 1] * dc) * dr;
  }

  u(x) { return (x - this.x[0]) / (this.x[1] - this.x[0]); }
  v(y) { return (y - this.y[0]) / (this.y[1] - this.y[0]); }
}

const RAMPS = {
  light: [[0, [150, 173, 240]], [0.25, [189, 205, 246]], [0.6, [226, 232, 248]], [1, [249, 249, 251]]],
  dark: [[0, [62, 84, 168]], [0.25, [46, 60, 116]], [0.6, [33, 40, 66]], [1, [25, 28, 37]]],
};

// The colour of a height: deep in the valleys, where the walks are, and near the page's own on the peaks.
export function ramp(t, dark) {
  const stops = dark ? RAMPS.dark : RAMPS.light;
  let k = 1;
  while (k < stops.length - 1 && t > stops[k][0]) k++;
  const [[t0, a], [t1, b]] = [stops[k - 1], stops[k]];
  const part = Math.min(1, Math.max(0, (t - t0) / (t1 - t0)));
  return [0, 1, 2].map((i) => a[i] + (b[i] - a[i]) * part);
}
