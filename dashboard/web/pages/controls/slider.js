// Places of a slider and the values they stand for: evenly, or evenly in the logarithm; and the value one notch on.

export const PLACES = 1000; // from one end of a slider to the other

/** @typedef {{ low: number, high: number, log: boolean, whole: boolean }} Range that a slider goes over */
/** @typedef {{ type: string, low: number | null, high: number | null, log: boolean }} Bounds of a control */

/**
 * The range of a number that has two ends; null where a slider would have none. What a file says of ends may be no
 * range: the lower one above the upper, a logarithm of nothing.
 * @param {Bounds} bounds
 * @returns {Range | null}
 */
export function rangeOf({ type, low, high, log }) {
  if (type !== "number" && type !== "int") return null;
  if (typeof low !== "number" || typeof high !== "number" || !(low < high)) return null;
  return { low, high, log: log && low > 0 && high / low > STRAIGHT, whole: type === "int" };
}

const STRAIGHT = 1.01; // from one end to the other: a logarithm of so little is a line

/**
 * The value at a place, in as few digits as tell it from its neighbours; the ends are the ends.
 * @param {Range} range
 * @param {number} place 0 to PLACES
 * @returns {number}
 */
export function valueAt({ low, high, log, whole }, place) {
  if (place <= 0) return low;
  if (place >= PLACES) return high;
  const share = place / PLACES;
  const rough = log
    ? Math.exp(Math.log(low) * (1 - share) + Math.log(high) * share)
    : high - low < Infinity
      ? low + (high - low) * share
      : low * (1 - share) + high * share;
  const apart = log ? rough * ((Math.log(high) - Math.log(low)) / PLACES) : high / PLACES - low / PLACES;
  return Math.min(high, Math.max(low, whole ? Math.round(rough) : rounded(rough, exponentOf(apart))));
}

/**
 * The place that is nearest to a value; what is beyond an end is at it.
 * @param {Range} range
 * @param {number} value
 * @returns {number}
 */
export function placeOf({ low, high, log }, value) {
  if (!(value > low)) return 0;
  if (value >= high) return PLACES;
  const share = log
    ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))
    : (value / 2 - low / 2) / (high / 2 - low / 2); // halves: the whole range may be wider than a number
  return Math.round(share * PLACES);
}

const NICE = [1, 2, 5, 10];
const NOTCHES = 20; // of an even slider: what − and + go, about a twentieth of it

/**
 * The value that + (or −) leads to: of a logarithmic range 1, 2, 5, 10 …; of an even one the next multiple of a round
 * part of it; without two ends a change of the second digit.
 * @param {Bounds} bounds
 * @param {number} value
 * @param {1 | -1} way
 * @returns {number}
 */
export function notch(bounds, value, way) {
  const range = rangeOf(bounds),
    whole = bounds.type === "int";
  const next = range?.log
    ? onLadder(value, way)
    : onGrid(value, range ? niceBelow(range.high / NOTCHES - range.low / NOTCHES) : secondDigit(value), way, whole);
  const low = bounds.low ?? -Infinity,
    high = bounds.high ?? Infinity;
  const moved = whole ? (way > 0 ? Math.max(Math.ceil(next), value + 1) : Math.min(Math.floor(next), value - 1)) : next;
  return low <= high ? Math.min(high, Math.max(low, moved)) : moved;
}

/** @param {number} value @param {1 | -1} way @returns {number} */
function onLadder(value, way) {
  const exponent = exponentOf(value);
  const steps = [exponent - 1, exponent, exponent + 1].flatMap((power) => NICE.map((digit) => times(digit, power)));
  const far = steps.filter((each) => (way > 0 ? each > value * (1 + 1e-9) : each < value * (1 - 1e-9)));
  return way > 0 ? Math.min(...far) : Math.max(...far);
}

/** @param {number} value @param {number} step @param {1 | -1} way @param {boolean} whole @returns {number} */
function onGrid(value, step, way, whole) {
  const size = whole ? Math.max(1, Math.round(step)) : step;
  const at = value / size;
  const next = way > 0 ? Math.floor(at + 1e-9) + 1 : Math.ceil(at - 1e-9) - 1;
  return rounded(next * size, exponentOf(size));
}

/** @param {number} value */
const secondDigit = (value) => (value === 0 ? 0.1 : 10 ** (exponentOf(value) - 1));

/** The greatest of 1, 2, 5, 10 … that is not above a size. @param {number} size */
const niceBelow = (size) => {
  const power = exponentOf(size);
  return times(NICE.findLast((digit) => times(digit, power) <= size * (1 + 1e-9)) ?? 1, power);
};

/** @param {number} value */
const exponentOf = (value) => Math.floor(Math.log10(Math.abs(value)) + 1e-9);
// As it is written: 5 · 10⁻⁴ is 0.0005, and not 0.0005000000000000001.
/** @param {number} digit @param {number} power */
const times = (digit, power) => Number(`${digit}e${power}`);
/** @param {number} value @param {number} power of the last digit that is kept */
const rounded = (value, power) => {
  const digits = exponentOf(value) - power + 1;
  return digits >= 1 && digits <= 17 ? Number(value.toPrecision(digits)) : digits < 1 ? 0 : value;
};

/**
 * What somebody wrote as a number; null when it is none, or is to be whole and is not.
 * @param {string} text
 * @param {boolean} whole
 * @returns {number | null}
 */
export function numberIn(text, whole) {
  const plain = text.trim().replaceAll("−", "-");
  const value = plain === "" || !/^[-+.\deE]+$/.test(plain) ? NaN : Number(plain);
  return Number.isFinite(value) && (!whole || Number.isInteger(value)) ? value : null;
}
