// One run's curve of one tag: columns of a chart, each exact about the points it stands for, growing live.
//
// A column is a point at first. When there are many more columns than pixels, neighbours are merged in place, so
// that a page open for a week holds no more than one open for a minute, and no spike is lost: minima, maxima,
// counts and means merge exactly.

// In the order in which the server sends them; see _COLUMNS in dashboard/routes.py.
const FIELDS = ["x0", "x1", "w0", "w1", "count", "first", "last", "min", "minStep", "max", "maxStep", "mean", "nan", "pinf", "ninf"];
const MAX_COLUMNS = 4096;

export class Curve {
  constructor(run) {
    this.run = run;
    this.started = null;
    this.counts = new Map(); // segment -> points known
    this.length = 0;
    this.version = 0;
    this.newest = 0; // wall time of the newest point that has not been reported as drawn
    this.asked = 0; // questions to the server that are under way
    this.pending = []; // live points that came meanwhile: the answer may be older than they are
    this.loaded = false;
    this.#reserve(64);
  }

  #reserve(capacity) {
    for (const field of FIELDS) {
      const grown = new Float64Array(capacity);
      if (this[field]) grown.set(this[field].subarray(0, this.length));
      this[field] = grown;
    }
    this.capacity = capacity;
  }

  ask() {
    this.asked++;
  }

  // A question has come to its end, with an answer or without one.
  answered() {
    this.asked--;
    if (!this.asked) this.pending = [];
  }

  // Takes an answer of the server in place of what was known. False when live points do not follow it: ask again.
  load(head, column) {
    this.length = 0;
    this.started = head.started;
    this.counts = new Map(Object.entries(head.counts));
    if (head.length > this.capacity) this.#reserve(head.length * 2);
    if (head.form === "points") {
      const steps = column(head.length), times = column(head.length), values = column(head.length);
      for (let i = 0; i < head.length; i++) this.#push(steps[i], times[i], values[i]);
    } else {
      for (const field of FIELDS) this[field].set(column(head.length));
      this.length = head.length;
    }
    this.loaded = true;
    this.version++;
    return this.pending.every((points) => this.#follow(points));
  }

  // Adds live points. False when they do not follow what is known (a gap, or steps that went back): ask again.
  append(points) {
    if (this.asked) this.pending.push(points);
    return !this.loaded || this.#follow(points);
  }

  #follow({ segment, n, steps, times, values }) {
    const known = this.counts.get(segment) ?? 0;
    const skip = known - n;
    if (skip < 0) return false;
    if (skip >= steps.length) return true;
    for (let i = skip; i < steps.length; i++) {
      if (this.length && steps[i] < this.x1[this.length - 1]) return false;
      this.#push(steps[i], times[i], values[i]);
    }
    this.counts.set(segment, n + steps.length);
    this.newest = times[times.length - 1];
    this.version++;
    if (this.length > MAX_COLUMNS) this.#merge();
    return true;
  }

  #push(step, time, value) {
    if (this.length === this.capacity) this.#reserve(this.capacity * 2);
    const i = this.length++;
    const finite = Number.isFinite(value);
    this.x0[i] = this.x1[i] = step;
    this.w0[i] = this.w1[i] = time;
    this.count[i] = 1;
    this.first[i] = this.last[i] = value;
    this.min[i] = this.max[i] = this.mean[i] = finite ? value : NaN;
    this.minStep[i] = this.maxStep[i] = step;
    this.nan[i] = Number.isNaN(value) ? 1 : 0;
    this.pinf[i] = value === Infinity ? 1 : 0;
    this.ninf[i] = value === -Infinity ? 1 : 0;
  }

  #merge() {
    let to = 0;
    for (let i = 0; i < this.length; i += 2, to++) {
      const j = Math.min(i + 1, this.length - 1);
      if (j === i) {
        for (const field of FIELDS) this[field][to] = this[field][i];
        continue;
      }
      const a = this.count[i] - this.nan[i] - this.pinf[i] - this.ninf[i];
      const b = this.count[j] - this.nan[j] - this.pinf[j] - this.ninf[j];
      const mean = a + b ? ((a ? a * this.mean[i] : 0) + (b ? b * this.mean[j] : 0)) / (a + b) : NaN;
      const lower = !(this.min[j] < this.min[i]) && !Number.isNaN(this.min[i]) ? i : j;
      const upper = !(this.max[j] > this.max[i]) && !Number.isNaN(this.max[i]) ? i : j;
      const [min, minStep, max, maxStep] = [this.min[lower], this.minStep[lower], this.max[upper], this.maxStep[upper]];
      this.x0[to] = this.x0[i]; this.w0[to] = Math.min(this.w0[i], this.w0[j]); this.first[to] = this.first[i];
      this.x1[to] = this.x1[j]; this.w1[to] = Math.max(this.w1[i], this.w1[j]); this.last[to] = this.last[j];
      for (const field of ["count", "nan", "pinf", "ninf"]) this[field][to] = this[field][i] + this[field][j];
      this.min[to] = min; this.minStep[to] = minStep; this.max[to] = max; this.maxStep[to] = maxStep; this.mean[to] = mean;
    }
    this.length = to;
  }

  get points() {
    let total = 0;
    for (let i = 0; i < this.length; i++) total += this.count[i];
    return total;
  }

  // The exponential moving average at the end of each column. What was `range / 1000` ago counts `weight` times: the
  // same curve is as smooth logged at every step as at every tenth, and one of eight points is not bent at all.
  // Columns without a finite value stay empty and change nothing; a gap forgets as much as it is long.
  smoothed(weight, axis, range) {
    const known = this.cache;
    if (known?.version === this.version && known.weight === weight && known.axis === axis && known.range === range) return known.values;
    const values = new Float64Array(this.length);
    const [, end] = this.ends(axis);
    const scale = range > 0 ? 1000 / range : 0;
    let average = NaN, before = 0;
    for (let i = 0; i < this.length; i++) {
      const mean = this.mean[i];
      if (Number.isNaN(mean)) { values[i] = NaN; continue; }
      const keep = Number.isNaN(average) || !weight ? 0 : weight ** Math.max(0, (end[i] - before) * scale);
      average = keep ? average * keep + mean * (1 - keep) : mean;
      before = end[i];
      values[i] = average;
    }
    this.cache = { version: this.version, weight, axis, range, values };
    return values;
  }

  // Where columns begin and end on an axis.
  ends(axis) {
    if (axis === "step") return [this.x0, this.x1, 0];
    return [this.w0, this.w1, axis === "relative" ? this.started ?? (this.length ? this.w0[0] : 0) : 0];
  }

  // The column nearest to x on an axis; -1 without any.
  at(x, axis) {
    const [begin, end, shift] = this.ends(axis);
    let low = 0, high = this.length - 1;
    if (high < 0) return -1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (end[middle] - shift < x) low = middle + 1;
      else high = middle;
    }
    const inside = begin[low] - shift <= x;
    return !inside && low > 0 && x - (end[low - 1] - shift) < begin[low] - shift - x ? low - 1 : low;
  }
}
