// Marks at clock and calendar times of the place where the page is looked at: full hours, midnights, months, years.
//
// A day there has 23, 24 or 25 hours, a clock may jump by half an hour, and midnight may not exist: marks beyond an
// hour are made from their date and hour, never by adding seconds.
import { linear } from "./number_ticks.js";

/**
 * @typedef {import("./number_ticks.js").Ticks} Ticks
 * @typedef {(low: number, high: number) => number[]} Way places from low to high, and some beyond
 */

const MINUTE = 60,
  HOUR = 3600,
  DAY = 86400,
  MOST = 12;
const FARTHEST = 8.64e12; // seconds from 1970 that a date can be: 275,000 years
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
/** @param {number} number */
const two = (number) => String(number).padStart(2, "0");
const zoneName = new Intl.DateTimeFormat("en-US", { timeZoneName: "short", hour: "numeric" });

/** @param {number} at */
const dateOf = (at) => new Date(Math.floor(at) * 1000);

// Seconds since 1970 of a local date; months and hours may run over.
/** @param {number} year */
function local(year, month = 0, day = 1, hour = 0) {
  const date = new Date(2000, 0, 1, hour);
  date.setFullYear(year, month, day);
  date.setHours(hour, 0, 0, 0); // once more: the first may have been where the clock jumps
  return date.getTime() / 1000;
}

// What the local clock is before that of Greenwich, in seconds; before 1900 that was not in full minutes.
/** @param {number} at */
function ahead(at) {
  const date = dateOf(at),
    read = new Date(0);
  read.setUTCFullYear(date.getFullYear(), date.getMonth(), date.getDate());
  read.setUTCHours(date.getHours(), date.getMinutes(), date.getSeconds());
  return (read.getTime() - date.getTime()) / 1000;
}

/** @param {number} at */
const dayOf = (at) => Math.floor((at + ahead(at)) / DAY); // days since 1970, by the local calendar

// --- ways to divide time, from fine to coarse: [how long one is, marks from low to high] ----------------------

// Places for the numbers from `first` to `last`, as many as lie within; a bounded number of them.
/**
 * @param {number} first
 * @param {number} last
 * @param {(number: number) => number} place
 */
function each(first, last, place) {
  return Array.from({ length: Math.min(400, Math.max(0, last - first + 1)) }, (_, i) => place(first + i));
}

/**
 * @param {number} gap
 * @returns {Way}
 */
function clockWise(gap) {
  return (low, high) => {
    const begin = Math.floor((low + ahead(low)) / gap) - 1,
      offset = ahead(low);
    return each(begin, begin + Math.ceil((high - low) / gap) + 4, (i) => {
      const at = i * gap - offset,
        now = ahead(at);
      return now === offset ? at : Math.round((at + now) / gap) * gap - now; // the clock was set meanwhile
    });
  };
}

/**
 * @param {number} hours
 * @returns {Way}
 */
function hourly(hours) {
  return (low, high) =>
    each(dayOf(low) - 1, dayOf(high) + 1, (day) => day).flatMap((day) =>
      each(0, 24 / hours - 1, (i) => {
        const date = new Date(day * DAY * 1000);
        return local(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), i * hours);
      }),
    );
}

// shift: days from the first day of 1970 to one that a mark is at; that was a Thursday.
/**
 * @param {number} days
 * @param {number} [shift]
 * @returns {Way}
 */
function daily(days, shift = 0) {
  return (low, high) =>
    each(Math.floor((dayOf(low) - shift) / days) - 1, Math.floor((dayOf(high) - shift) / days) + 1, (i) => {
      const date = new Date((i * days + shift) * DAY * 1000);
      return local(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
    });
}

/** @param {number} at */
const monthOf = (at) => {
  const date = dateOf(at);
  return date.getFullYear() * 12 + date.getMonth();
};
/** @type {(months: number) => Way} */
const monthly = (months) => (low, high) =>
  each(Math.floor(monthOf(low) / months), Math.floor(monthOf(high) / months) + 1, (i) =>
    local(Math.floor((i * months) / 12), (((i * months) % 12) + 12) % 12),
  );
/** @type {(years: number) => Way} */
const yearly = (years) => (low, high) =>
  each(Math.floor(dateOf(low).getFullYear() / years), Math.floor(dateOf(high).getFullYear() / years) + 1, (i) =>
    local(i * years),
  );

/** @type {{ gap: number, make: Way }[]} */
const WAYS = [
  ...[1, 2, 5, 10, 15, 30].map((gap) => ({ gap, make: clockWise(gap) })),
  ...[1, 2, 5, 10, 15, 30, 60].map((minutes) => ({ gap: minutes * MINUTE, make: clockWise(minutes * MINUTE) })),
  ...[2, 3, 6, 12].map((hours) => ({ gap: hours * HOUR, make: hourly(hours) })),
  ...[1, 2, 4].map((days) => ({ gap: days * DAY, make: daily(days) })),
  ...[7, 14].map((days) => ({ gap: days * DAY, make: daily(days, 4) })), // on Mondays
  ...[1, 2, 3, 6].map((months) => ({ gap: months * 30.44 * DAY, make: monthly(months) })),
  ...[1, 10, 100, 1000, 10000].flatMap((times) =>
    [1, 2, 5].map((years) => ({ gap: years * times * 365.25 * DAY, make: yearly(years * times) })),
  ),
  { gap: 100000 * 365.25 * DAY, make: yearly(100000) },
];

/**
 * @param {number} at
 * @param {number} i
 * @param {number[]} all
 */
const isRising = (at, i, all) => i === 0 || at > all[i - 1];

// Marks of wall times, in seconds since 1970. now: of dates of this year the year need not be said.
/**
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @param {number} [now]
 * @returns {Ticks}
 */
export function clock(low, high, count, now = Date.now() / 1000) {
  if (low > high) [low, high] = [high, low];
  if (Math.max(Math.abs(low), Math.abs(high)) >= FARTHEST) return seconds(linear(low, high, count));
  const most = Math.max(1, Math.min(MOST - 1, count));
  let way = WAYS.findIndex(({ gap }) => (high - low) / gap <= most);
  for (; way >= 0; way--) {
    const { gap, make } = WAYS[way];
    const places = make(low, high)
      .filter((at) => at >= low && at <= high)
      .filter(isRising)
      .slice(0, MOST);
    if (places.length >= 2) return worded(places, gap, now);
  }
  return fractions(low, high, count);
}

/**
 * @param {Ticks} marks
 * @returns {Ticks}
 */
const seconds = (marks) =>
  Object.assign(
    marks.map(({ at, text, rest }) => ({ at, text: `${text} s`, rest: rest && `${rest} s` })),
    { base: marks.base },
  );

// Less than a second apart: the second of the minute and its fraction, as far as marks differ and numbers reach.
/**
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @returns {Ticks}
 */
function fractions(low, high, count) {
  const marks = linear(low, high, count);
  const digits = marks.length > 1 ? Math.ceil(1 - Math.log10(marks[marks.length - 1].at - marks[0].at)) : 3;
  if (!(digits <= 9)) return seconds(marks);
  const made = marks.map(({ at }) => {
    const minute = Math.floor(at / MINUTE) * MINUTE,
      whole = Math.floor(at - minute);
    return {
      at,
      text: `${two(dateOf(at).getSeconds())}${(at - minute - whole).toFixed(Math.max(3, digits)).replace(/^[01]/, "")}`,
    };
  });
  return new Set(made.map(({ text }) => text)).size === made.length ? made : seconds(marks);
}

/**
 * @param {number[]} places
 * @param {number} gap
 * @param {number} now
 * @returns {Ticks}
 */
function worded(places, gap, now) {
  const thisYear = dateOf(now).getFullYear();
  const dates = places.map(dateOf);
  const texts = dates.map((date, i) => {
    const year = date.getFullYear(),
      before = i ? dates[i - 1].getFullYear() : thisYear;
    const day = `${MONTHS[date.getMonth()]} ${date.getDate()}`,
      dated = year === before ? day : `${day}, ${year}`;
    if (gap >= 365 * DAY) return String(year);
    if (gap >= 30 * DAY)
      return date.getMonth() === 0
        ? String(year)
        : i && year === before
          ? MONTHS[date.getMonth()]
          : `${MONTHS[date.getMonth()]} ${year}`;
    if (gap >= DAY || isMidnight(places[i], date)) return dated;
    return timeOf(date, gap);
  });
  // The same hour of several days says which; the same hour twice a day, when clocks are set back, whose it is.
  /** @param {string[]} made */
  const again = (made) => {
    /** @type {Map<string, number>} */
    const found = new Map();
    for (const text of made) found.set(text, (found.get(text) ?? 0) + 1);
    return (/** @type {string} */ text) => (found.get(text) ?? 0) > 1;
  };
  const repeats = again(texts);
  const longer = texts.map((text, i) => {
    if (!repeats(text)) return text;
    if (gap >= 30 * DAY) return `${text} ${dates[i].getFullYear()}`;
    return gap >= DAY
      ? `${text}, ${dates[i].getFullYear()}`
      : `${MONTHS[dates[i].getMonth()]} ${dates[i].getDate()} ${timeOf(dates[i], gap)}`;
  });
  const twice = again(longer);
  return places.map((at, i) => ({
    at,
    text: twice(longer[i]) ? `${timeOf(dates[i], gap)} ${zoneOf(dates[i])}` : longer[i],
  }));
}

/** @param {Date} date */
const zoneOf = (date) => zoneName.formatToParts(date).find(({ type }) => type === "timeZoneName")?.value ?? "";

// The first moment of a day: where the clock jumps over midnight that is one o'clock.
/**
 * @param {number} at
 * @param {Date} date
 */
const isMidnight = (at, date) =>
  date.getMinutes() * 60 + date.getSeconds() + date.getHours() * HOUR < 2 * HOUR &&
  local(date.getFullYear(), date.getMonth(), date.getDate()) === at;

/**
 * @param {Date} date
 * @param {number} gap
 */
const timeOf = (date, gap) =>
  `${two(date.getHours())}:${two(date.getMinutes())}${gap < MINUTE ? `:${two(date.getSeconds())}` : ""}`;
