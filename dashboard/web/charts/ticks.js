// Where an axis has its marks, and what is written there: pure functions of a range.
//
// Each gives 2 to 12 marks, [{ at, text }] in rising order, of any two finite numbers, and no two with the same text.
// How many there are is known before the first is made: a mark is first + i · gap, never the one before plus a gap,
// which stands still where numbers lie farther apart than the gap.
import * as format from "../text/format.js";
import { clock } from "./calendar.js";
import { linear, logarithmic } from "./number_ticks.js";

export { clock, linear, logarithmic };

/** @typedef {import("./number_ticks.js").Ticks} Ticks */

const MOST = 12;
const MINUTE = 60,
  HOUR = 3600,
  DAY = 86400;
const SHORT = [
  1,
  2,
  5,
  10,
  15,
  30,
  ...[1, 2, 5, 10, 15, 30].map((each) => each * MINUTE),
  ...[1, 2, 3, 6, 12].map((each) => each * HOUR),
];
const DAYS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
/** @param {number} number */
const two = (number) => String(number).padStart(2, "0");

// The largest of some gaps of which a range holds about so many marks, and two at the least; NaN where all are too
// small or too large.
/**
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @param {number[]} gaps
 */
function gapOf(low, high, count, gaps) {
  /** @param {number} gap */
  const held = (gap) => Math.floor(high / gap) - Math.ceil(low / gap) + 1;
  let i = gaps.findIndex((gap) => (high - low) / gap <= Math.max(1, Math.min(MOST - 1, count)));
  if (i < 0) return NaN;
  while (i >= 0 && held(gaps[i]) < 2) i--;
  return i < 0 ? NaN : gaps[i];
}

// Seconds since a run began: 0.25 s, 3 min 20 s, 2h05, 36 h, 12 d.
/**
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @returns {Ticks}
 */
export function relative(low, high, count) {
  if (low > high) [low, high] = [high, low];
  const gap = gapOf(low, high, count, [...SHORT, ...DAYS.map((each) => each * DAY)]);
  const most = Math.max(Math.abs(low), Math.abs(high)),
    first = Math.ceil(low / gap);
  if (high - low > 1000 * DAY && Number.isNaN(gap) && (high - low) / most > 1e-6)
    return suffixed(linear(low / DAY, high / DAY, count), "d").map((mark) => ({ ...mark, at: mark.at * DAY }));
  if (!(most / gap < 1e11)) return suffixed(linear(low, high, count), "s");
  return Array.from({ length: Math.floor(high / gap) - first + 1 }, (_, i) => {
    const at = (first + i) * gap + 0;
    return { at, text: at === 0 ? "0" : `${at < 0 ? "−" : ""}${lasting(Math.abs(at), gap, most)}` };
  });
}

/**
 * @param {Ticks} marks
 * @param {string} unit
 */
function suffixed(marks, unit) {
  /** @type {Ticks} */
  const made = marks.map(({ at, text, rest }) => ({
    at,
    text: text === "0" ? "0" : `${text} ${unit}`,
    rest: rest === undefined ? undefined : rest === "0" ? "0" : `${rest} ${unit}`,
  }));
  made.base = marks.base;
  return made;
}

// As coarse as the gap allows: no two that lie a gap apart are the same.
/**
 * @param {number} at
 * @param {number} gap
 * @param {number} most
 * @returns {string}
 */
function lasting(at, gap, most) {
  const days = Math.floor(at / DAY),
    hours = Math.floor(at / HOUR),
    minutes = Math.floor((at % HOUR) / MINUTE),
    seconds = at % MINUTE;
  if (gap < MINUTE && most < 600) return `${at} s`;
  if (gap < MINUTE && most < HOUR)
    return seconds || at < MINUTE ? format.duration(at) : `${Math.floor(at / MINUTE)} min`;
  if (gap < MINUTE) return `${format.step(hours)}h${two(minutes)}:${two(seconds)}`;
  if (gap < HOUR && most < 10 * HOUR)
    return hours ? (minutes ? `${hours}h${two(minutes)}` : `${hours} h`) : `${minutes} min`;
  if (gap < HOUR) return minutes ? `${format.step(hours)}h${two(minutes)}` : `${format.step(hours)} h`;
  if (gap < DAY && most < 4 * DAY) return `${hours} h`;
  if (gap < DAY)
    return at % DAY ? (days ? `${format.step(days)} d ${hours % 24} h` : `${hours} h`) : `${format.step(days)} d`;
  return `${format.step(days)} d`;
}
