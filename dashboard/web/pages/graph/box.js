// What is written on a box and how large that makes it.
import * as format from "../../text/format.js";
import { css } from "../../charts/palette.js";
import { mix, si } from "./colour.js";

/** @typedef {import("./model.js").Item} Item */
/** @typedef {{ title: string, side: string, below: string, badge: string, font: string }} Words */
/** @typedef {{ has(item: Item): boolean, say(item: Item): string }} Amount what boxes are coloured by, in words */

const WIDEST = 240;
const canvas = document.createElement("canvas").getContext("2d");
/** @type {Map<string, number>} */
const widths = new Map(); // font and text -> px: a thing of itself, asked for again and again

export const TITLE = "600 12.5px",
  TEXT = "500 12px",
  SMALL = "400 11px",
  TINY = "500 10px";

/**
 * @param {string} text
 * @param {string} font
 */
export function widthOf(text, font) {
  const key = `${font}${text}`;
  const known = widths.get(key);
  if (known !== undefined || !canvas) return known ?? 0;
  if (widths.size > 20000) widths.clear();
  canvas.font = `${font} ${css("--font") || "sans-serif"}`;
  const { width } = canvas.measureText(text);
  widths.set(key, width);
  return width;
}

// A text that fits, its middle left out: names differ at their ends.
/**
 * @param {string} text
 * @param {string} font
 * @param {number} room
 */
export function fit(text, font, room) {
  if (widthOf(text, font) <= room) return text;
  let low = 1,
    high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (widthOf(cut(text, middle), font) <= room) low = middle;
    else high = middle - 1;
  }
  return cut(text, low);
}

/**
 * @param {string} text
 * @param {number} length
 */
const cut = (text, length) =>
  `${text.slice(0, Math.floor(length * 0.4))}…${text.slice(text.length - Math.ceil(length * 0.6))}`;

/** @param {{ kind: string }} item */
export const isScope = (item) => ["scope", "group", "part", "fold"].includes(item.kind);

// What is written on the boxes of one graph, and how large that makes them.
export class BoxWords {
  constructor() {
    /** @type {Amount | null} */
    this.amount = null; // in which count the words are to be, when boxes are coloured by one
    /** @type {WeakMap<Item, Words>} */
    this.said = new WeakMap();
    this.serial = 0; // grows when sizes may have changed
  }

  /** @param {Amount | null} amount */
  setAmount(amount) {
    this.amount = amount;
    this.said = new WeakMap();
    this.serial += 1;
  }

  /**
   * The words on a closed box: title, and beside or below it what else there is to say.
   * @param {Item} item
   * @returns {Words}
   */
  of(item) {
    const words = this.said.get(item) ?? (isScope(item) ? scopeWords : leafWords)(item, this.amount);
    this.said.set(item, words);
    return words;
  }

  /** @param {Item} item */
  size(item) {
    const words = this.of(item);
    if (isScope(item)) {
      const badge = words.badge ? widthOf(words.badge, SMALL) + 16 : 0;
      return {
        w: even(Math.max(112, widthOf(words.title, TITLE) + 40 + badge, widthOf(words.below, SMALL) + 24)),
        h: layerOf(item) ? 46 : 52,
      };
    }
    const text = widthOf(words.title, words.font) + (words.side ? 6 + widthOf(words.side, SMALL) : 0);
    if (item.kind === "parameter") return { w: even(Math.max(44, text + 18)), h: 22 };
    return { w: even(Math.max(64, text + 28)), h: 30 };
  }

  /**
   * The room the head of an open scope needs.
   * @param {Item} item
   */
  head(item) {
    const words = this.of(item);
    const badge = item.members ? widthOf(words.badge, SMALL) + 24 : 0;
    return widthOf(words.title, TITLE) + 26 + badge;
  }
}

/**
 * @param {Item} item
 * @param {Amount | null} amount
 * @returns {Words}
 */
function leafWords(item, amount) {
  const font = item.kind === "parameter" ? SMALL : TEXT;
  // An operation that is alone in its layer is called as the layer is: of twelve boxes "linear" none says which it is.
  const [last, above] = item.label.split("/").reverse();
  const numbered = /^\d+$/.test(last) && above ? `${above} ${last}` : last;
  const name = item.kind === "op" && above !== undefined ? above : numbered;
  /** @param {string} text */
  const plain = (text) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  // "relu_1" says what it does; "scores" does not.
  const tells =
    item.kind !== "op" ||
    !item.op ||
    plain(name).replace(/\d+$/, "").includes(plain(item.op)) ||
    (plain(name).length > 2 && plain(item.op).includes(plain(name).replace(/\d+$/, "") || "?"));
  const side = amount
    ? amount.has(item)
      ? amount.say(item)
      : ""
    : item.kind === "parameter" || item.kind === "input" || item.kind === "output"
      ? item.shape
      : tells
        ? ""
        : item.op;
  return { title: fit(name, font, WIDEST - 70), side: fit(side ?? "", SMALL, 90), below: "", badge: "", font };
}

/**
 * @param {Item} item
 * @param {Amount | null} amount
 * @returns {Words}
 */
function scopeWords(item, amount) {
  const doing = (item.ops ?? []).filter(([op]) => !["parameter", "input", "output"].includes(op));
  const few =
    doing.length > 0 && doing.length <= 2 && doing.every(([, count]) => count <= 2 * Math.max(1, item.members));
  const kinds = few ? doing.map(([op]) => op).join(", ") : format.plural(item.nodes, "node");
  const much = amount ? amount.say(item) : item.parameters ? `${si(item.parameters)} params` : "";
  // A layer that has only a number for a name is called by what it does as well.
  const numbered = few && doing.length === 1 && /^\d+$/.test(item.label);
  return {
    title: fit(numbered ? `${item.label} · ${kinds}` : item.label, TITLE, WIDEST - 40),
    below: fit([numbered && much ? "" : kinds, much].filter(Boolean).join(" · "), SMALL, WIDEST - 24),
    side: "",
    badge: item.members ? `× ${item.members}` : "",
    font: TITLE,
  };
}

// The one kind of operation that a layer does; null for scopes that do several.
/** @param {Item} item */
export function layerOf(item) {
  const kinds = mix(item);
  return kinds.length === 1 && item.kind !== "fold" ? kinds[0][0] : null;
}

/** @param {number} x */
const even = (x) => 2 * Math.ceil(x / 2);

/**
 * A name that stands for an edge, and how wide it is.
 * @param {string} label
 * @param {boolean} out
 */
export const chipOf = (label, out) => {
  const text = out ? `→ ${fit(label, TINY, 64)}` : fit(label, TINY, 64);
  return { text, w: Math.ceil(widthOf(text, TINY)) + 10 };
};
