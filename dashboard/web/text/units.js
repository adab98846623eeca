// Times and sizes with their units, as people read them. Pure.

/** @param {number} us microseconds */
export function time(us) {
  const size = Math.abs(us);
  if (size >= 1e6) return `${number(us / 1e6)} s`;
  if (size >= 1e3) return `${number(us / 1e3)} ms`;
  return `${number(us)} µs`;
}

/** @param {number} x */
const number = (x) => x.toLocaleString("en-US", { maximumSignificantDigits: Math.abs(x) >= 100 ? 4 : 3 });

/** @param {number} n */
export function bytes(n) {
  for (const [unit, name] of /** @type {const} */ ([
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
  ]))
    if (Math.abs(n) >= unit) return `${number(n / unit)} ${name}`;
  return `${number(n)} B`;
}
