// Numbers as people read them, the same on axis, tooltip and list.

// Made once: a formatter costs a hundred times what it does.
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const decimals = Array.from(
  { length: 13 },
  (_, most) => new Intl.NumberFormat("en-US", { maximumFractionDigits: most }),
);

/** @param {string} text */
const minus = (text) => text.replaceAll("-", "−");

/** @type {[size: number, sign: string][]} */
const UNITS = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
];

// A value in a few digits, large ones as on the axes: 0.0312, 12.35, 48,213, 1.24M, 1.24e−7.
/** @param {number | null | undefined} x */
export function value(x, digits = 4) {
  if (x === null || x === undefined || Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  // What is rounded up to the next unit is in that: 1T, and not 1000G.
  const size = Math.abs(Number.isInteger(x) && Math.abs(x) < 1e6 ? x : Number(x.toPrecision(digits)));
  if (size >= 1e6 && size < 1e15) {
    for (const [unit, sign] of UNITS)
      if (size >= unit) return minus(`${Number((x / unit).toPrecision(digits))}${sign}`);
  }
  if (size >= 1e6 || size < 1e-4) {
    const text = x.toExponential(Math.max(0, digits - 2)),
      [head, exponent] = text.split("e");
    if (size < 1e-4 && Math.abs(Number(text)) >= 1e-4) return value(Number(text), digits);
    return minus(`${Number(head)}e${Number(exponent)}`);
  }
  if (Number.isInteger(x)) return minus(whole.format(x));
  return minus(decimals[Math.max(0, Math.min(12, digits - 1 - Math.floor(Math.log10(size))))].format(x));
}

// All of a value's digits.
/** @param {number} x */
export function exact(x) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  return minus(String(x).replace("e+", "e"));
}

// The same in few letters: 1e9 and 2.5e−7 rather than their zeros.
/** @param {number} x */
export const brief = (x) => {
  const size = Math.abs(x);
  return size >= 1e5 || size < 1e-4 ? minus(tidy(x.toExponential())) : exact(x);
};

/** @param {number | bigint} x */
export const step = (x) => minus(whole.format(typeof x === "bigint" ? x : Math.round(x)));

// A number on an axis, knowing how far its neighbours are: 0.25, 12k, 1.2M, 3e−5.
/**
 * @param {number} x
 * @param {number} spacing
 */
export function tick(x, spacing) {
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e15 || size < 1e-5)
    return minus(tidy(x.toExponential(Math.max(0, Math.min(TICK_DIGITS, digitsOf(x, spacing))))));
  for (const [unit, sign] of AXIS_UNITS) {
    if (
      size >= unit &&
      size < unit * 1000 &&
      spacing >= unit / (unit === 1e3 ? 1e3 : 1e5) &&
      size >= unit * (unit === 1e3 ? 10 : 1)
    ) {
      return minus(`${trim((x / unit).toFixed(Math.max(0, -exponentOf(spacing / unit))))}${sign}`);
    }
  }
  return minus(decimals[Math.max(0, Math.min(12, -exponentOf(spacing)))].format(x));
}

/** @type {[size: number, sign: string][]} */
const AXIS_UNITS = [...UNITS, [1e3, "k"]];
const TICK_DIGITS = 5; // after the first, of a number on an axis
/** @param {number} x */
const exponentOf = (x) => Math.floor(Math.log10(x) + 1e-9);

// Whether `tick` says all of a number that sets it apart from its neighbours.
/**
 * @param {number} x
 * @param {number} spacing
 */
export function isTrue(x, spacing) {
  const size = Math.abs(x);
  return x === 0 || (size >= 1e15 || size < 1e-5 ? digitsOf(x, spacing) <= TICK_DIGITS : spacing >= 1e-12);
}

/** @param {string} text */
const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
// 3.50e−7 as 3.5e−7.
/** @param {string} text */
const tidy = (text) => {
  const [head, power] = text.split("e");
  return `${trim(head)}${Number(power) ? `e${Number(power)}` : ""}`;
};
/**
 * @param {number} x
 * @param {number} spacing
 * @returns {number}
 */
const digitsOf = (x, spacing) => exponentOf(Math.abs(x)) - exponentOf(spacing);

// Seconds as a length of time: 0.4 s, 3 min 20 s, 2 h 5 min.
/**
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  if (size < 1) return `${sign}${value(size, 2)} s`;
  if (size < 59.95) return `${sign}${trim(size.toFixed(1))} s`;
  if (size < 60) return `${sign}1 min 0 s`; // and not the "60 s" that it is to a tenth
  if (size < 3600) return `${sign}${Math.floor(size / 60)} min ${Math.floor(size % 60)} s`;
  if (size < 86400) return `${sign}${Math.floor(size / 3600)} h ${Math.floor((size % 3600) / 60)} min`;
  return `${sign}${Math.floor(size / 86400)} d ${Math.floor((size % 86400) / 3600)} h`;
}

/** @param {number} wallTime */
export function ago(wallTime, now = Date.now() / 1000) {
  const size = now - wallTime;
  if (size < 5) return "now";
  if (size < 60) return `${Math.floor(size)} s ago`;
  if (size < 3600) return `${Math.floor(size / 60)} min ago`;
  if (size < 86400) return `${Math.floor(size / 3600)} h ago`;
  if (size < 86400 * 30) return `${Math.floor(size / 86400)} d ago`;
  return new Date(wallTime * 1000).toLocaleDateString();
}

/** @param {number} wallTime */
export const moment = (wallTime) => new Date(wallTime * 1000).toLocaleString();

// "train/loss" as its path and its last part.
/**
 * @param {string} name
 * @returns {[path: string, last: string]}
 */
export function split(name) {
  const cut = name.lastIndexOf("/");
  return cut < 0 ? ["", name] : [name.slice(0, cut + 1), name.slice(cut + 1)];
}

/**
 * @param {number} count
 * @param {string} word
 */
export const plural = (count, word) => `${whole.format(count)} ${word}${count === 1 ? "" : "s"}`;
