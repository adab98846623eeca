// Which rows the list of runs has, and where each stands. Made anew only when runs, their order or their folders are
// others: with 100,000 runs that is most of what the list costs.
import * as choice from "../core/choice.js";
import * as runs from "../core/runs.js";
import * as state from "../core/state.js";
import { flatRows, openAtFirst, rowsOf, runsOf, tree } from "./run_tree.js";

const RUN = 46; // px
const FOLDER = 30;
const FEW = 25; // runs, up to which there are no folders unless they are asked for
const AROUND = 4; // rows above and below those in sight

export class Places {
  constructor() {
    /** @type {string[]} */
    this.names = []; // of the runs that the search lets through, in order
    /** @type {import("./run_tree.js").Row[]} */
    this.rows = [];
    this.tops = new Float64Array(1);
    /** @type {Map<string, number> | null} */
    this.index = null; // key -> row, once it is asked for
    /** @type {Map<string, boolean>} */
    this.folds = new Map(); // folder -> whether it is open, as somebody said
    /** @type {Set<string>} */
    this.open = new Set(); // folders that are unless somebody says otherwise
    /** @type {import("./run_tree.js").Folder | null} */
    this.root = null; // of the tree; null where the list is flat
    /** @type {Map<string, number>} */
    this.offs = new Map(); // folder -> how many of its runs are off, of those that were asked for
    this.isNamed = this.isPlaced = false;
    this.version = -1; // of the choice that the names are of
  }

  /** @param {string} kind of change in runs */
  change(kind) {
    this.offs.clear();
    if (kind === "run" && !choice.sortedBy()) return;
    if (kind === "visible" && choice.version() === this.version) return; // switched on or off, and where they were
    this.isNamed = this.isPlaced = false;
  }

  arrange() {
    if (!this.isNamed) {
      this.isNamed = true;
      this.version = choice.version();
      this.names = runs.listed().map(({ name }) => name);
      const wanted = state.get("asTree");
      const root = wanted === "no" || (wanted === "auto" && runs.names().length <= FEW) ? null : tree(this.names);
      this.root = root?.items.some((item) => typeof item !== "string") ? root : null;
      this.open = this.root ? openAtFirst(this.root) : new Set();
    }
    if (this.isPlaced) return;
    this.isPlaced = true;
    this.index = null;
    this.rows = this.root ? rowsOf(this.root, (path) => this.isOpen(path)) : flatRows(this.names);
    this.tops = new Float64Array(this.rows.length + 1);
    for (let i = 0; i < this.rows.length; i++) this.tops[i + 1] = this.tops[i] + (this.rows[i].folder ? FOLDER : RUN);
  }

  /** How many runs there are, whether they stand in folders, and whether they could. */
  told() {
    return {
      rows: this.names.length,
      isTree: this.root !== null,
      hasFolders: this.names.some((name) => name.includes("/")),
    };
  }

  get height() {
    return this.tops[this.rows.length];
  }

  /** @param {number} i which row */
  top(i) {
    return this.tops[i];
  }

  /** The row that is at a height. @param {number} y px */
  at(y) {
    let low = 0,
      high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tops[middle + 1] <= y) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * The rows between two heights, and a few around them.
   * @param {number} from px
   * @param {number} to px
   * @returns {[first: number, last: number]} the last one is not one of them
   */
  between(from, to) {
    return [Math.max(0, this.at(from) - AROUND), Math.min(this.rows.length, this.at(to) + 1 + AROUND)];
  }

  /** @param {string} key -1 for what has no row */
  indexOf(key) {
    this.index ??= new Map(this.rows.map((row, i) => [row.key, i]));
    return this.index.get(key) ?? -1;
  }

  /** The row of the folder that a row is in. @param {number} i */
  above(i) {
    const { level } = this.rows[i];
    for (let k = i - 1; k >= 0; k--) if (this.rows[k].level < level) return k;
    return i;
  }

  /** @param {string} path */
  isOpen(path) {
    return this.folds.get(path) ?? this.open.has(path);
  }

  /** Opens or closes a folder. @param {string} path */
  fold(path) {
    this.folds.set(path, !this.isOpen(path));
    this.isPlaced = false;
  }

  /** How many runs of a folder are off. @param {string} path */
  off(path) {
    if (!state.get("off").length) return 0;
    const known = this.offs.get(path);
    if (known !== undefined) return known;
    const folder = this.rows[this.indexOf(path)]?.folder;
    let count = 0;
    if (folder) for (const name of runsOf(folder)) if (runs.isOff(name)) count++;
    this.offs.set(path, count);
    return count;
  }
}
