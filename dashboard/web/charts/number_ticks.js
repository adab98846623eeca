// Marks of numbers, evenly and by logarithms, and how they are written where only their last digits differ.
import * as format from "../text/format.js";
import { decimal, less, ulp, widened } from "../text/floats.js";

/**
 * @typedef {{ at: number, text: string, rest?: string }} Tick rest: what it adds to the base of all
 * @typedef {Tick[] & { base?: string }} Ticks
 * @typedef {{ times: number, power: number }} Gap times · 10^power
 * @typedef {{ gap: number, finest: number, places: number[] }} Places finest: what a place is true to
 */

const MOST = 12;

// A gap that people count in: { times: 1, 2 or 5, power }, times · 10^power.
/**
 * @param {number} raw
 * @returns {Gap}
 */
function roundGap(raw) {
  let power = Math.floor(Math.log10(raw));
  if (Number(`1e${power}`) > raw) power--; // a logarithm may be off in its last bit
  const head = raw / Number(`1e${power}`);
  return head < 1.5
    ? { times: 1, power }
    : head < 3.5
      ? { times: 2, power }
      : head < 7.5
        ? { times: 5, power }
        : { times: 1, power: power + 1 };
}

/**
 * @param {Gap} gap
 * @returns {Gap}
 */
const finer = ({ times, power }) =>
  times === 5 ? { times: 2, power } : times === 2 ? { times: 1, power } : { times: 5, power: power - 1 };
/**
 * @param {Gap} gap
 * @returns {Gap}
 */
const coarser = ({ times, power }) =>
  times === 1 ? { times: 2, power } : times === 2 ? { times: 5, power } : { times: 1, power: power + 1 };
/** @param {Gap} gap */
const sizeOf = ({ times, power }) => Number(`${times}e${power}`);

// Multiples of a round gap within a range: [first, how many]. Ends that are off by their last bits count as reached.
/**
 * @param {number} low
 * @param {number} high
 * @param {Gap} gap
 * @returns {[first: number, count: number]}
 */
function multiples(low, high, gap) {
  const size = sizeOf(gap),
    first = Math.ceil(low / size - 1e-9);
  return [first, Math.floor(high / size + 1e-9) - first + 1];
}

// Round marks: { gap, places }. null where the numbers themselves lie too far apart for that.
/**
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @param {boolean} isWhole
 * @returns {Places | null}
 */
function roundPlaces(low, high, count, isWhole) {
  const raw = (high / 2 - low / 2) / (Math.max(1, Math.min(MOST, count)) / 2);
  let gap = roundGap(Math.min(raw, 1e308));
  let [first, n] = multiples(low, high, gap);
  for (let i = 0; i < 3 && n > MOST; i++) [first, n] = multiples(low, high, (gap = coarser(gap)));
  for (let i = 0; i < 3 && n < 2; i++) [first, n] = multiples(low, high, (gap = finer(gap)));
  if (isWhole && gap.power < 0) [first, n] = multiples(low, high, (gap = { times: 1, power: 0 }));
  const size = sizeOf(gap);
  if (size < 1e-290 || size < 16 * ulp(Math.max(Math.abs(low), Math.abs(high)))) return null;
  // As decimals: 3 tenths are 0.3, where three times 0.1 is not. −0 is 0.
  return {
    gap: size,
    finest: size,
    places: Array.from({ length: Math.max(0, n) }, (_, i) => Number(`${(first + i) * gap.times}e${gap.power}`) + 0),
  };
}

// Some of the numbers themselves, where there are only few, or only such as have no round neighbours.
/**
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @param {boolean} isWhole
 * @returns {Places}
 */
function numberPlaces(low, high, count, isWhole) {
  const near = ulp(Math.max(Math.abs(low), Math.abs(high))),
    step = isWhole ? Math.max(1, near) : near,
    all = (high - low) / step;
  /** @param {number} gap */
  const marks = (gap) => [Math.ceil(low / gap), Math.floor(high / gap) - Math.ceil(low / gap) + 1];
  let gap = step * 2 ** Math.max(0, Math.ceil(Math.log2(all / Math.max(3, Math.min(MOST - 1, count))))),
    [first, n] = marks(gap);
  for (let i = 0; i < 4 && n < 2 && gap > step; i++) [first, n] = marks((gap /= 2));
  return {
    gap,
    finest: gap / 10,
    places: Array.from({ length: Math.max(0, Math.min(MOST, n)) }, (_, i) => (first + i) * gap + 0),
  };
}

// Marks of numbers, about `count` of them. `base`, where it is there, is what the texts have in common: each mark then
// has also a `rest`, what is to be added to it. isWhole: between whole numbers, such as steps, there is nothing to
// mark; of a range that holds one there is one mark.
/**
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @param {boolean} [isWhole]
 * @returns {Ticks}
 */
export function linear(low, high, count, isWhole = false) {
  if (low > high) [low, high] = [high, low];
  [low, high] = widened(low, high);
  const found = roundPlaces(low, high, count, isWhole) ?? numberPlaces(low, high, count, isWhole);
  return written(found);
}

const LONG = 12; // letters of a number on an axis
/** @param {string[]} texts */
const isClear = (texts) => new Set(texts).size === texts.length && texts.every((text) => text.length <= LONG);

/**
 * @param {Places} found
 * @returns {Ticks}
 */
function written({ places, gap, finest }) {
  const texts = places.map((at) => format.tick(at, gap));
  if (isClear(texts) && places.every((at) => format.isTrue(at, gap)))
    return places.map((at, i) => ({ at, text: texts[i] }));
  const base = baseOf(places, gap),
    sign = base.digits < 0n || (base.digits === 0n && places[0] < 0) ? "−" : "+";
  /** @type {Ticks} */
  const marks = places.map((at) => {
    // To a tenth of the gap: a round place is held by the nearest number there is.
    const exact = less(decimal(at), base),
      isExact = finest < gap && Number.isInteger(exact);
    const rest = (finest < gap ? exact : Math.round((exact / gap) * 10) * (gap / 10)) + 0;
    const size = isExact && Math.abs(rest) < 1e7 ? format.step(Math.abs(rest)) : format.tick(Math.abs(rest), finest);
    return { at, text: rest ? `${base.text} ${rest < 0 ? "−" : "+"} ${size}` : base.text, rest: rest ? size : "0" };
  });
  // Of a short one each mark can say it; a long one is said once, where there is room for it.
  marks.base = base.isShort ? "" : `${base.text} ${sign}`;
  return marks;
}

// What numbers have in common, { digits, power, text }: a number of few digits among them, else their leading digits,
// towards 0.
/**
 * @param {number[]} places
 * @param {number} gap
 * @returns {import("../text/floats.js").Decimal & { isShort: boolean, text: string }}
 */
function baseOf(places, gap) {
  const first = places[0],
    last = places[places.length - 1];
  for (let digits = 1; digits <= 4; digits++) {
    const value = Number((first / 2 + last / 2).toPrecision(digits));
    if (value >= first && value <= last) return { ...decimal(value), isShort: true, text: format.brief(value) };
  }
  const { digits, power } = decimal(Math.abs(first) < Math.abs(last) ? first : last);
  const cut = 10n ** BigInt(Math.max(0, Math.ceil(Math.log10(Math.max(last - first, gap)) - 1e-9) - power));
  const kept = digits - (digits % cut); // the remainder of a negative number is negative
  const value = Number(`${kept}e${power}`);
  return { digits: kept, power, isShort: false, text: power === 0 ? format.step(kept) : format.exact(value) };
}

// --- logarithms ----------------------------------------------------------------------------------------------

/**
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @returns {Ticks}
 */
export function logarithmic(low, high, count) {
  if (!(low > 0)) return linear(low, high, count); // no such axis
  count = Math.max(2, Math.min(MOST, count));
  /** @param {number} at */
  const within = (at) => at > 0 && at >= low * 0.999 && at <= high * 1.001 && at < Infinity;
  const first = Math.floor(Math.log10(low)),
    powers = Math.ceil(Math.log10(high)) - first + 1;
  const every = Math.max(1, Math.ceil((powers - 2) / count));
  // At multiples of `every`, so that they stand still while an axis grows.
  const from = Math.ceil(first / every),
    n = Math.floor((first + powers) / every) - from + 1;
  const exponents = Array.from({ length: n }, (_, i) => (from + i) * every);
  /** @param {number[]} times */
  const marks = (times) =>
    exponents
      .flatMap((power) => times.map((each) => Number(`${each}e${power}`)))
      .filter(within)
      .map((at) => ({ at, text: format.value(at, 2) }));
  // Powers of ten; where fewer than two of them are in view also twice and five times as much; else as on other axes.
  const tens = marks([1]);
  if (tens.length >= 2) return tens.slice(0, MOST);
  const more = every === 1 ? marks([1, 2, 5]) : [];
  return more.length >= 2 ? more.slice(0, MOST) : linear(low, high, count);
}
