// Runs as a table of settings and metrics: what the page of comparison shows in four ways. Pure.
import { compareNames } from "../../text/name_order.js";
import { dictionary } from "../../core/dictionary.js";

/** @typedef {import("../../core/runs.js").Run} Run */
/** @typedef {unknown} Value of a setting: text, a number, a truth value, null or undefined where there is none */
/** @typedef {Map<string, Record<string, number | string | null>>} Outcomes of each run last, min and max of a metric */

const MAX_DEPTH = 6;
const FEW = 5; // values of a setting that are marked on its axis each by itself

// {"optimizer": {"lr": 0.1}} as {"optimizer.lr": 0.1}; lists of plain values as their text.
/**
 * @param {Record<string, Value> | null | undefined} config
 * @param {string} [prefix]
 * @param {number} [depth]
 * @param {Record<string, Value>} [found]
 * @returns {Record<string, Value>}
 */
export function flat(config, prefix = "", depth = 0, found = dictionary()) {
  for (const [key, value] of Object.entries(config ?? {})) {
    const name = prefix ? `${prefix}.${key}` : key;
    if (value && typeof value === "object" && !Array.isArray(value) && depth < MAX_DEPTH)
      flat(/** @type {Record<string, Value>} */ (value), name, depth + 1, found);
    else found[name] = value && typeof value === "object" ? JSON.stringify(value) : value;
  }
  return found;
}

// Text that is a number: what cannot stand in JSON is kept as its text.
/** @param {Value} value */
const asNumber = (value) => {
  if (typeof value === "number") return value;
  if (typeof value === "string" && /^[-+]?(inf(inity)?|nan)$/i.test(value))
    return /nan/i.test(value) ? NaN : value.startsWith("-") ? -Infinity : Infinity;
  return null;
};

// A column of the table: a name, a value for each run, and an axis to place them on.
export class Column {
  /**
   * @param {string} name
   * @param {Value[]} values of each run
   * @param {boolean} [isMetric]
   */
  constructor(name, values, isMetric = false) {
    this.name = name;
    this.values = values;
    this.isMetric = isMetric;
    const known = values.filter((value) => value !== undefined && value !== null);
    const numbers = known.map(asNumber);
    this.missing = values.length - known.length;
    this.isNumeric = isMetric || (known.length > 0 && numbers.every((value) => value !== null));
    this.words = this.isNumeric ? [] : [...new Set(known.map(String))].sort(compareNames);
    this.rank = new Map(this.words.map((word, i) => [word, i])); // of words
    this.distinct = this.words.length; // how many values there are
    this.low = 0; // of numbers
    this.high = 1;
    this.isLog = false;
    /** @type {number[] | null} */
    this.few = null; // the numbers, where they are few
    if (this.isNumeric) this.measure(numbers.filter((value) => value !== null).filter(Number.isFinite));
  }

  /** @param {number[]} numbers */
  measure(numbers) {
    this.distinct = new Set(this.values.map(String)).size - (this.missing ? 1 : 0);
    this.low = Infinity;
    this.high = -Infinity;
    for (const value of numbers) {
      this.low = Math.min(this.low, value);
      this.high = Math.max(this.high, value);
    }
    if (!numbers.length) {
      this.low = 0;
      this.high = 1;
    }
    // Learning rates and widths are searched by factors: a column that spans more than fifty is read by factors too.
    this.isLog = this.low > 0 && this.high / this.low > 50;
    const apart = [...new Set(numbers)];
    if (!this.isMetric && apart.length && apart.length <= FEW) this.few = apart;
    if (this.low === this.high) {
      const margin = Math.abs(this.low) * 0.05 || 0.5;
      this.low -= margin;
      this.high += margin;
      this.isLog = false;
    }
  }

  // Where a run stands on the axis, 0 to 1; NaN when it has no value there.
  /** @param {number} i */
  place(i) {
    const value = this.values[i];
    if (value === undefined || value === null) return NaN;
    if (!this.isNumeric)
      return this.words.length > 1 ? (this.rank.get(String(value)) ?? 0) / (this.words.length - 1) : 0.5;
    const number = asNumber(value);
    return number !== null && Number.isFinite(number) ? this.scaled(number) : NaN;
  }

  // Where a finite number stands.
  /** @param {number} number */
  scaled(number) {
    return this.isLog
      ? Math.log(number / this.low) / Math.log(this.high / this.low)
      : (number - this.low) / (this.high - this.low);
  }

  // The value that stands at a place.
  /** @param {number} place */
  at(place) {
    return this.isLog ? this.low * (this.high / this.low) ** place : this.low + place * (this.high - this.low);
  }

  /** @param {number} i */
  number(i) {
    return asNumber(this.values[i]) ?? NaN;
  }
}

// All runs' settings as columns, those that differ first and in the order in which they appear.
/** @param {Run[]} all */
export function settings(all) {
  const rows = all.map((run) => flat(run.config));
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = names.map(
    (name) =>
      new Column(
        name,
        rows.map((row) => row[name]),
      ),
  );
  return {
    differing: columns.filter((column) => column.distinct > 1 || (column.missing && column.missing < all.length)),
    same: columns.filter((column) => column.distinct <= 1 && !(column.missing && column.missing < all.length)),
  };
}

// A metric of each run: its last, smallest or largest value, as the server said.
/**
 * @param {Run[]} all
 * @param {string} tag
 * @param {string} how last | min | max
 * @param {Outcomes | undefined} outcomes
 */
export function metric(all, tag, how, outcomes) {
  return new Column(
    how === "last" ? tag : `${tag} (${how})`,
    all.map((run) => outcomes?.get(run.name)?.[how]),
    true,
  );
}
