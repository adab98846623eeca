// Runs as a table of settings and metrics: what the page of comparison shows in four ways. Pure.
import { dictionary } from "../../core/dictionary.js";

const MAX_DEPTH = 6;
const FEW = 5; // values of a setting that are marked on its axis each by itself

// {"optimizer": {"lr": 0.1}} as {"optimizer.lr": 0.1}; lists of plain values as their text.
export function flat(config, prefix = "", depth = 0, found = dictionary()) {
  for (const [key, value] of Object.entries(config ?? {})) {
    const name = prefix ? `${prefix}.${key}` : key;
    if (value && typeof value === "object" && !Array.isArray(value) && depth < MAX_DEPTH)
      flat(value, name, depth + 1, found);
    else found[name] = value && typeof value === "object" ? JSON.stringify(value) : value;
  }
  return found;
}

// Text that is a number: what cannot stand in JSON is kept as its text.
const asNumber = (value) => {
  if (typeof value === "number") return value;
  if (typeof value === "string" && /^[-+]?(inf(inity)?|nan)$/i.test(value))
    return /nan/i.test(value) ? NaN : value.startsWith("-") ? -Infinity : Infinity;
  return null;
};

// A column of the table: a name, a value for each run, and an axis to place them on.
export class Column {
  constructor(name, values, isMetric = false) {
    Object.assign(this, { name, values, isMetric });
    const known = values.filter((value) => value !== undefined && value !== null);
    const numbers = known.map(asNumber);
    this.missing = values.length - known.length;
    this.isNumeric = isMetric || (known.length > 0 && numbers.every((value) => value !== null));
    if (this.isNumeric) this.measure(numbers.filter(Number.isFinite));
    else {
      this.words = [...new Set(known.map(String))].sort((a, b) => (a < b ? -1 : 1));
      this.rank = new Map(this.words.map((word, i) => [word, i]));
      this.distinct = this.words.length;
    }
  }

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
  place(i) {
    const value = this.values[i];
    if (value === undefined || value === null) return NaN;
    if (!this.isNumeric) return this.words.length > 1 ? this.rank.get(String(value)) / (this.words.length - 1) : 0.5;
    const number = asNumber(value);
    return Number.isFinite(number) ? this.scaled(number) : NaN;
  }

  // Where a finite number stands.
  scaled(number) {
    return this.isLog
      ? Math.log(number / this.low) / Math.log(this.high / this.low)
      : (number - this.low) / (this.high - this.low);
  }

  // The value that stands at a place.
  at(place) {
    return this.isLog ? this.low * (this.high / this.low) ** place : this.low + place * (this.high - this.low);
  }

  number(i) {
    const value = asNumber(this.values[i]);
    return value === null ? NaN : value;
  }
}

// All runs' settings as columns, those that differ first and in the order in which they appear.
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
export function metric(all, tag, how, outcomes) {
  return new Column(
    how === "last" ? tag : `${tag} (${how})`,
    all.map((run) => outcomes?.get(run.name)?.[how]),
    true,
  );
}
