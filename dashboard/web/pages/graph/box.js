// What is written on a box and how large that makes it.
import * as format from "../../text/format.js";
import { mix, si } from "./colour.js";

const WIDEST = 240;
const canvas = document.createElement("canvas").getContext("2d");
const family = () => getComputedStyle(document.documentElement).getPropertyValue("--font").trim() || "sans-serif";
let fonts = null;
const widths = new Map();

export const TITLE = "600 12.5px",
  TEXT = "500 12px",
  SMALL = "400 11px",
  TINY = "500 10px";

export function widthOf(text, font) {
  fonts ??= family();
  const key = `${font}${text}`;
  if (!widths.has(key)) {
    if (widths.size > 20000) widths.clear();
    canvas.font = `${font} ${fonts}`;
    widths.set(key, canvas.measureText(text).width);
  }
  return widths.get(key);
}

// A text that fits, its middle left out: names differ at their ends.
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

const cut = (text, length) =>
  `${text.slice(0, Math.floor(length * 0.4))}…${text.slice(text.length - Math.ceil(length * 0.6))}`;

export const isScope = (item) => ["scope", "group", "part", "fold"].includes(item.kind);

let said = new WeakMap();
let amount = null; // in which count the words are to be, when boxes are coloured by one
export let serial = 0; // grows when sizes may have changed

export function setAmount(key, say) {
  amount = key ? { key, say } : null;
  said = new WeakMap();
  serial += 1;
}

// The words on a closed box: title, and beside or below it what else there is to say.
export function wordsOf(item) {
  if (!said.has(item)) said.set(item, isScope(item) ? scopeWords(item) : leafWords(item));
  return said.get(item);
}

function leafWords(item) {
  const font = item.kind === "parameter" ? SMALL : TEXT;
  // An operation that is alone in its layer is called as the layer is: of twelve boxes "linear" none says which it is.
  const parts = item.label.split("/");
  const last = parts.pop();
  const name =
    item.kind === "op" && parts.length
      ? parts.pop()
      : /^\d+$/.test(last) && parts.length
        ? `${parts.pop()} ${last}`
        : last;
  const plain = (text) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  // "relu_1" says what it does; "scores" does not.
  const tells =
    item.kind !== "op" ||
    !item.op ||
    plain(name).replace(/\d+$/, "").includes(plain(item.op)) ||
    (plain(name).length > 2 && plain(item.op).includes(plain(name).replace(/\d+$/, "") || "?"));
  const side = amount
    ? item[amount.key]
      ? amount.say(item[amount.key])
      : ""
    : item.kind === "parameter" || item.kind === "input" || item.kind === "output"
      ? item.shape
      : tells
        ? ""
        : item.op;
  return { title: fit(name, font, WIDEST - 70), side: fit(side ?? "", SMALL, 90), font };
}

function scopeWords(item) {
  const doing = item.ops.filter(([op]) => !["parameter", "input", "output"].includes(op));
  const few =
    doing.length > 0 && doing.length <= 2 && doing.every(([, count]) => count <= 2 * Math.max(1, item.members));
  const kinds = few ? doing.map(([op]) => op).join(", ") : format.plural(item.nodes, "node");
  const much = amount ? amount.say(item[amount.key]) : item.parameters ? `${si(item.parameters)} params` : "";
  // A layer that has only a number for a name is called by what it does as well.
  const numbered = few && doing.length === 1 && /^\d+$/.test(item.label);
  return {
    title: fit(numbered ? `${item.label} · ${kinds}` : item.label, TITLE, WIDEST - 40),
    below: fit([numbered && much ? "" : kinds, much].filter(Boolean).join(" · "), SMALL, WIDEST - 24),
    badge: item.members ? `× ${item.members}` : "",
  };
}

export function sizeOf(item) {
  const words = wordsOf(item);
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

// The one kind of operation that a layer does; null for scopes that do several.
export function layerOf(item) {
  const kinds = mix(item);
  return kinds.length === 1 && item.kind !== "fold" ? kinds[0][0] : null;
}

const even = (x) => 2 * Math.ceil(x / 2);

// The room the head of an open scope needs.
sizeOf.head = (item) => {
  const badge = item.members ? widthOf(wordsOf(item).badge, SMALL) + 24 : 0;
  return widthOf(wordsOf(item).title, TITLE) + 26 + badge;
};

sizeOf.chip = (label, out) => {
  const text = out ? `→ ${fit(label, TINY, 64)}` : fit(label, TINY, 64);
  return { text, w: Math.ceil(widthOf(text, TINY)) + 10 };
};
