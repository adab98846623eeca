// How finely float64 numbers lie, and numbers as the decimals they are written in.

/** @typedef {{ digits: bigint, power: number }} Decimal */

const number = new Float64Array(1),
  bits = new BigInt64Array(number.buffer);

export const LARGEST = Number.MAX_VALUE;

// From a number's size to that of its next: below it there is no other number.
/** @param {number} x */
export function ulp(x) {
  number[0] = Math.abs(x);
  if (number[0] === LARGEST) return 2 ** 971;
  const size = number[0];
  bits[0] += 1n;
  return number[0] - size;
}

// high - low where that is beyond what a float64 holds too: in units of `unit`, a power of two.
/**
 * @param {number} low
 * @param {number} high
 */
export const unitOf = (low, high) => (high - low === Infinity ? 0.25 : high - low < 1e-290 ? 2 ** 500 : 1);

// A range of which at least `least` numbers lie within, widened about its middle where it holds fewer, and no end of
// which is beyond the largest number there is.
/**
 * @param {number} low
 * @param {number} high
 * @param {number} [least]
 * @returns {[number, number]}
 */
export function widened(low, high, least = 16) {
  const gap = ulp(Math.max(Math.abs(low), Math.abs(high))),
    lacking = least - (high - low) / gap;
  const room = lacking > 0 ? Math.ceil(lacking / 2) * gap : 0;
  return [
    Math.max(-LARGEST, high + room > LARGEST ? low - 2 * room : low - room),
    Math.min(LARGEST, low - room < -LARGEST ? high + 2 * room : high + room),
  ];
}

// Whether a window holds so few numbers that neighbours on the screen would be the same number. On a logarithmic axis
// what counts is how many times it reaches.
/**
 * @param {number} low
 * @param {number} high
 */
export function isTooNarrow(low, high, isLog = false) {
  if (isLog) return !(Math.log(high) - Math.log(low) > 1e-9);
  return !((high - low) / ulp(Math.max(Math.abs(low), Math.abs(high))) >= 16);
}

// A number as { digits, power }, digits · 10^power: as it is read aloud, the shortest that is no other number; an
// integer beyond 2^53 with all of its digits.
/**
 * @param {number} x
 * @returns {Decimal}
 */
export function decimal(x) {
  if (Number.isInteger(x) && Math.abs(x) < 1e21) return { digits: BigInt(x), power: 0 };
  const [head, power] = x.toExponential().split("e"),
    [whole, part = ""] = head.split(".");
  return { digits: BigInt(whole + part), power: Number(power) - part.length };
}

// a - b of two decimals, as a number: exact where both have thirty digits in common.
/**
 * @param {Decimal} a
 * @param {Decimal} b
 */
export function less(a, b) {
  const power = Math.min(a.power, b.power);
  const digits = a.digits * 10n ** BigInt(a.power - power) - b.digits * 10n ** BigInt(b.power - power);
  return Number(`${digits}e${power}`);
}
