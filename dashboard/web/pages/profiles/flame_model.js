// A trace as the flame chart reads it: typed columns, rows that are stretches of them, search and neighbours.
import { parse } from "../../core/dictionary.js";
const DIGITS = { "<f8": Float64Array, "<f4": Float32Array, "<u4": Uint32Array, "<u2": Uint16Array };

const FAN = 16;

export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let offset = 4 + length;
  const columns = head.columns.map(([type, count]) => {
    const found = new DIGITS[type](buffer, offset, count);
    offset += Math.ceil(found.byteLength / 8) * 8;
    return found;
  });
  return new Flame(head, columns);
}

export class Flame {
  constructor(head, [start, duration, own, name, category, from, to, ...lines]) {
    Object.assign(this, { head, start, duration, own, name, category, from, to });
    this.end = head.end || 1;
    this.count = head.count;
    this.rows = []; // {track, depth, low, high}: events low … high-1, by time
    head.tracks.forEach((track, index) => {
      track.first = this.rows.length;
      track.rows.forEach((low, depth) => {
        const next = track.rows[depth + 1] ?? head.tracks[index + 1]?.rows[0] ?? this.count;
        this.rows.push({ track: index, depth, low, high: next });
      });
    });
    this.lines = head.lines.map(({ name }, i) => ({ name, at: lines[2 * i], value: lines[2 * i + 1] }));
    for (const line of this.lines) line.peak = line.value.reduce((a, b) => Math.max(a, b), 0);
    this.#climb();
    this.matches = null; // by name: 1 where it is searched for
    this.before = null; // by event: how many matches come before it in the columns
  }

  // Levels of the longest event of every 16, 256, … in the order of the columns: what stands for those too narrow to see.
  #climb() {
    this.levels = [];
    let below = null;
    for (let count = Math.ceil(this.count / FAN); count >= 1; count = Math.ceil(count / FAN)) {
      const level = new Uint32Array(count),
        length = below ? below.length : this.count;
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
  longest(low, high) {
    let best = low;
    const consider = (event) => {
      if (this.duration[event] > this.duration[best]) best = event;
    };
    let from = low,
      to = high,
      level = -1;
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
  lowerBound(low, high, t) {
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.start[middle] < t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

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

  nameOf(event) {
    return this.head.names[this.name[event]];
  }
  trackOf(event) {
    return this.head.tracks[this.rowOf(event).track];
  }

  // How many events have the text in their name or category; what to dim is known from then on.
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

  anyMatch(low, high) {
    return this.before[high] > this.before[low];
  }

  firstMatch(low, high) {
    const none = this.before[low];
    while (low < high - 1) {
      const middle = (low + high) >> 1;
      if (this.before[middle] > none) high = middle;
      else low = middle;
    }
    return low;
  }

  // The match after (or before) an event in time, going round at the end.
  nextMatch(event, forward = true) {
    if (!this.matches) return -1;
    const at = event < 0 ? (forward ? -1 : Infinity) : this.start[event];
    let best = -1,
      round = -1;
    for (let i = 0; i < this.count; i++) {
      if (!this.matches[i] || i === event) continue;
      const later = this.start[i] > at || (this.start[i] === at && i > event);
      const better = (a, b) => b < 0 || (forward ? this.start[a] < this.start[b] : this.start[a] > this.start[b]);
      if (later === forward && better(i, best)) best = i;
      if (better(i, round)) round = i;
    }
    return best < 0 ? round : best;
  }

  // The events that lead to this one, and those it leads to.
  flows(event) {
    const into = [],
      out = [];
    for (let i = 0; i < this.from.length; i++) {
      if (this.from[i] === event) out.push(this.to[i]);
      if (this.to[i] === event) into.push(this.from[i]);
    }
    return { into, out };
  }
}

// A C++ kernel's name without its return type, template arguments and parameters.
export function brief(name) {
  const plain = name.replace(/^void /, "");
  const cut = [plain.indexOf("<"), plain.indexOf("(")].filter((at) => at > 0);
  return cut.length ? plain.slice(0, Math.min(...cut)) : plain;
}
