// A trace as the flame chart reads it: typed columns, rows that are stretches of them, search and neighbours.
import { parse } from "../../core/dictionary.js";
import { lookup } from "../../text/lookup.js";

/** @typedef {Float64Array | Float32Array | Uint32Array | Uint16Array} Column */
/**
 * A thread or a stream.
 * @typedef {object} Track
 * @property {string} name
 * @property {string} process
 * @property {string} device cpu | gpu
 * @property {number[]} rows the first event of each
 * @property {number} [first] its first row among all
 * @property {number} [top] where it is drawn, px
 */
/**
 * @typedef {{ name: string, device: string, count: number, self: number, total: number, longest: number }} Operation
 */
/**
 * @typedef {object} Head
 * @property {number} end µs
 * @property {number} count of events
 * @property {[type: string, count: number][]} columns
 * @property {Track[]} tracks
 * @property {{ name: string }[]} lines of memory
 * @property {string[]} names
 * @property {string[]} categories
 * @property {[begin: number, end: number][]} steps of the training, µs
 * @property {Operation[]} operations
 * @property {string[]} devices
 * @property {number} skipped events that cannot be shown
 * @property {{ text: string, tone: string, hint?: string, search?: string }[]} words
 */
/** @typedef {{ track: number, depth: number, low: number, high: number }} Row events low … high - 1, by time */
/** @typedef {{ name: string, at: Column, value: Column, peak: number }} Line of memory: bytes at moments */
/** @typedef {{ into: number[], out: number[] }} Links events that lead to one, and those it leads to */

/** @type {Record<string, new (buffer: ArrayBuffer, offset: number, count: number) => Column>} */
const TYPES = lookup({ "<f8": Float64Array, "<f4": Float32Array, "<u4": Uint32Array, "<u2": Uint16Array });

const FAN = 16;

/** @param {ArrayBuffer} buffer */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  /** @type {Head} */
  const head = parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let offset = 4 + length;
  const columns = head.columns.map(([type, count]) => {
    const found = new TYPES[type](buffer, offset, count);
    offset += Math.ceil(found.byteLength / 8) * 8;
    return found;
  });
  return new Flame(head, columns);
}

/** @param {Column} values */
function mostOf(values) {
  let most = 0;
  for (const value of values) most = Math.max(most, value);
  return most;
}

export class Flame {
  /**
   * @param {Head} head
   * @param {Column[]} columns
   */
  constructor(head, [start, duration, own, name, category, from, to, ...lines]) {
    this.head = head;
    this.start = start; // µs, of each event
    this.duration = duration;
    this.own = own; // without what it calls
    this.name = name; // numbers of head.names
    this.category = category;
    this.from = from; // arrows from event to event
    this.to = to;
    this.end = head.end || 1;
    this.count = head.count;
    /** @type {Row[]} */
    this.rows = [];
    head.tracks.forEach((track, index) => {
      track.first = this.rows.length;
      track.rows.forEach((low, depth) => {
        const next = track.rows[depth + 1] ?? head.tracks[index + 1]?.rows[0] ?? this.count;
        this.rows.push({ track: index, depth, low, high: next });
      });
    });
    /** @type {Line[]} */
    this.lines = head.lines.map((line, i) => {
      const [at, value] = [lines[2 * i], lines[2 * i + 1]];
      return { name: line.name, at, value, peak: mostOf(value) };
    });
    /** @type {Uint32Array[]} */
    this.levels = [];
    this.#climb();
    /** @type {Uint8Array | null} */
    this.matches = null; // by name: 1 where it is searched for
    /** @type {Uint32Array | null} */
    this.before = null; // by event: how many matches come before it in the columns
  }

  // Levels of the longest event of every 16, 256, … in the order of the columns: it stands for those too narrow to
  // see.
  #climb() {
    /** @type {Uint32Array | null} */
    let below = null;
    for (let count = Math.ceil(this.count / FAN); count >= 1; count = Math.ceil(count / FAN)) {
      const level = new Uint32Array(count);
      /** @type {number} */
      const length = below ? below.length : this.count;
      for (let i = 0; i < count; i++) {
        let best = below ? below[i * FAN] : i * FAN;
        for (let j = i * FAN + 1; j < Math.min(length, (i + 1) * FAN); j++) {
          const each = below ? below[j] : j;
          if (this.duration[each] > this.duration[best]) best = each;
        }
        level[i] = best;
      }
      this.levels.push(level);
      below = level;
      if (count === 1) break;
    }
  }

  // The longest event of low … high-1.
  /**
   * @param {number} low
   * @param {number} high
   */
  longest(low, high) {
    let best = low;
    /** @param {number} event */
    const consider = (event) => {
      if (this.duration[event] > this.duration[best]) best = event;
    };
    let from = low,
      to = high,
      level = -1;
    /** @param {number} i */
    const of = (i) => (level < 0 ? i : this.levels[level][i]);
    while (from < to) {
      if (to - from <= 2 * FAN || level + 1 >= this.levels.length) {
        for (let i = from; i < to; i++) consider(of(i));
        break;
      }
      while (from % FAN) consider(of(from++));
      while (to % FAN) consider(of(--to));
      from /= FAN;
      to /= FAN;
      level++;
    }
    return best;
  }

  // The first event of a row that ends after t.
  /**
   * @param {Row} row
   * @param {number} t
   */
  firstAfter(row, t) {
    let low = row.low,
      high = row.high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.start[middle] < t) low = middle + 1;
      else high = middle;
    }
    return low > row.low && this.start[low - 1] + this.duration[low - 1] > t ? low - 1 : low;
  }

  // The first event from low on that begins at t or later.
  /**
   * @param {number} low
   * @param {number} high
   * @param {number} t
   */
  lowerBound(low, high, t) {
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.start[middle] < t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param {number} event */
  rowOf(event) {
    let low = 0,
      high = this.rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.rows[middle].low <= event) low = middle;
      else high = middle - 1;
    }
    return this.rows[low];
  }

  /** @param {number} event */
  nameOf(event) {
    return this.head.names[this.name[event]];
  }
  /** @param {number} event */
  trackOf(event) {
    return this.head.tracks[this.rowOf(event).track];
  }

  // How many events have the text in their name or category; what to dim is known from then on.
  /** @param {string} text */
  search(text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) {
      this.matches = this.before = null;
      return 0;
    }
    const names = this.head.names.map((name) => name.toLowerCase().includes(wanted));
    const categories = this.head.categories.map((name) => name.toLowerCase() === wanted);
    this.matches = new Uint8Array(this.count);
    this.before = new Uint32Array(this.count + 1);
    let total = 0;
    for (let i = 0; i < this.count; i++) {
      if (names[this.name[i]] || categories[this.category[i]]) {
        this.matches[i] = 1;
        total++;
      }
      this.before[i + 1] = total;
    }
    return total;
  }

  /**
   * @param {number} low
   * @param {number} high
   */
  anyMatch(low, high) {
    return Boolean(this.before && this.before[high] > this.before[low]);
  }

  /**
   * @param {number} low
   * @param {number} high
   */
  firstMatch(low, high) {
    const { before } = this;
    if (!before) return low;
    const none = before[low];
    while (low < high - 1) {
      const middle = (low + high) >> 1;
      if (before[middle] > none) high = middle;
      else low = middle;
    }
    return low;
  }

  // The match after (or before) an event in time, going round at the end.
  /**
   * @param {number} event
   * @param {boolean} [forward]
   */
  nextMatch(event, forward = true) {
    const { matches } = this;
    if (!matches) return -1;
    const at = event < 0 ? (forward ? -1 : Infinity) : this.start[event];
    let best = -1,
      round = -1;
    for (let i = 0; i < this.count; i++) {
      if (!matches[i] || i === event) continue;
      const later = this.start[i] > at || (this.start[i] === at && i > event);
      /**
       * @param {number} a
       * @param {number} b
       */
      const better = (a, b) => b < 0 || (forward ? this.start[a] < this.start[b] : this.start[a] > this.start[b]);
      if (later === forward && better(i, best)) best = i;
      if (better(i, round)) round = i;
    }
    return best < 0 ? round : best;
  }

  // The events that lead to this one, and those it leads to.
  /**
   * @param {number} event
   * @returns {Links}
   */
  flows(event) {
    /** @type {Links} */
    const { into, out } = { into: [], out: [] };
    for (let i = 0; i < this.from.length; i++) {
      if (this.from[i] === event) out.push(this.to[i]);
      if (this.to[i] === event) into.push(this.from[i]);
    }
    return { into, out };
  }
}

// A C++ kernel's name without its return type, template arguments and parameters.
/** @param {string} name */
export function brief(name) {
  const plain = name.replace(/^void /, "");
  const cut = [plain.indexOf("<"), plain.indexOf("(")].filter((at) => at > 0);
  return cut.length ? plain.slice(0, Math.min(...cut)) : plain;
}
