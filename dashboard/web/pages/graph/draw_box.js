// One box of the picture: an operation, a closed scope, the head of an open one.
import { isScope, layerOf } from "./box.js";
import { family, mix } from "./colour.js";
import { make, round } from "./svg.js";

/** @typedef {import("./box.js").Words} Words */
/** @typedef {import("./place.js").Box} Box */

const CHEVRON = { closed: "M6 4.5 10 8.5 6 12.5", open: "M4 6.5 8 10.5 12 6.5" };

/** @param {Box} box */
export function classOf({ item, open, aside }) {
  const layer = isScope(item) && !open ? layerOf(item) : null;
  const kind = isScope(item)
    ? `is-scope is-${item.kind}${layer ? ` is-layer fam-${layer}` : ""}`
    : `is-leaf is-${item.kind} fam-${family(item.op)}`;
  return `box ${kind}${open ? " is-open" : ""}${aside ? " is-aside" : ""}`;
}

/** @param {Pick<Box, "item" | "open">} box */
export function nameOf({ item, open }) {
  if (!isScope(item))
    return `${item.label}, ${item.kind === "op" ? item.op : item.kind}${item.shape ? `, shape ${item.shape}` : ""}`;
  const members = item.members ? `, ${item.members} identical` : "";
  return `${item.label}${members}, scope of ${item.nodes} nodes, ${open ? "open" : "closed"}`;
}

/**
 * @param {Element} g
 * @param {string} text
 * @param {Record<string, string | number>} attributes
 */
function write(g, text, attributes) {
  make("text", attributes, g).textContent = text;
}

/**
 * @param {SVGGElement} g
 * @param {Box} box
 * @param {Words} words
 */
export function leaf(g, { item, w, h }, { title, side }) {
  make("rect", { class: "body", width: w, height: h, rx: item.kind === "op" ? 6 : h / 2 }, g);
  if (item.kind === "input" || item.kind === "output")
    make("rect", { class: "ring", x: 2.5, y: 2.5, width: w - 5, height: h - 5, rx: (h - 5) / 2 }, g);
  const text = make("text", { class: "title", x: w / 2, y: h / 2 + 4, "text-anchor": "middle" }, g);
  text.textContent = title;
  if (side) {
    const more = make("tspan", { class: "side", dx: 6 }, text);
    more.textContent = side;
  }
  if (item.loops) make("path", { class: "loop", d: `M${w} ${h * 0.35}c10 -8 10 ${h * 0.3 + 16} 0 ${h * 0.3 + 4}` }, g);
}

/**
 * @param {SVGGElement} g
 * @param {Box} box
 * @param {Words} words
 */
export function closedScope(g, { item, w, h }, words) {
  if (item.kind === "fold") {
    make("rect", { class: "sheet", x: 8, y: 7, width: w - 8, height: h - 1, rx: 8 }, g);
    make("rect", { class: "sheet", x: 4, y: 3.5, width: w - 4, height: h - 0.5, rx: 8 }, g);
  }
  const bodyW = item.kind === "fold" ? w - 4 : w;
  make("rect", { class: "body", width: bodyW, height: h, rx: 8 }, g);
  chevron(g, false);
  write(g, words.title, { class: "title", x: 26, y: 20.5 });
  write(g, words.below, { class: "below", x: 12, y: 37 });
  if (words.badge) badge(g, words.badge, bodyW - 10);
  if (layerOf(item)) return; // its fill says it
  let x = 12;
  const room = bodyW - 24;
  const shares = mix(item);
  const total = shares.reduce((sum, [, count]) => sum + count, 0);
  for (const [name, count] of shares) {
    const part = (count / total) * room;
    make(
      "rect",
      {
        class: `mix fam-${name}`,
        x: round(x),
        y: 43.5,
        width: round(Math.max(0, part - (part > 3 ? 1 : 0))),
        height: 3,
        rx: 1.5,
      },
      g,
    );
    x += part;
  }
}

/**
 * @param {SVGGElement} g
 * @param {Box} box
 * @param {Words} words
 */
export function head(g, { w, form, depth }, words) {
  // Covers the lines that enter: they go on below it, and its words stay clear.
  make(
    "path",
    {
      class: `grip depth-${Math.min(4, depth)}`,
      d: `M0.5 30V10A9.5 9.5 0 0 1 10 0.5H${w - 10}A9.5 9.5 0 0 1 ${w - 0.5} 10V30Z`,
    },
    g,
  );
  chevron(g, true);
  write(g, words.title, { class: "title", x: 26, y: 20.5 });
  if (words.badge) badge(g, words.badge, w - 10, form);
}

/**
 * @param {SVGGElement} g
 * @param {boolean} open
 */
function chevron(g, open) {
  const button = make("g", { class: "chevron", transform: "translate(8 8)" }, g);
  make("rect", { x: -3, y: -3, width: 22, height: 22, rx: 5 }, button);
  make("path", { d: open ? CHEVRON.open : CHEVRON.closed }, button);
}

/**
 * @param {SVGGElement} g
 * @param {string} text
 * @param {number} right
 * @param {string | null} [form] of an open fold, which a click on it changes
 */
function badge(g, text, right, form) {
  const w = 7 * text.length + 10;
  const button = make("g", { class: `badge${form ? " is-button" : ""}`, transform: `translate(${right - w} 8)` }, g);
  make("rect", { width: w, height: 17, rx: 8.5 }, button);
  write(button, text, { x: w / 2, y: 12.5, "text-anchor": "middle" });
  if (form) make("title", {}, button).textContent = form === "one" ? "Show all of them" : "Collapse into one";
}
