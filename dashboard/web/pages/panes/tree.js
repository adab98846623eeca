// Environments as a tree by their names: "a/b" and "a_b" stand below "a", as Visdom has it.
import { compareNames } from "../../text/name_order.js";

/**
 * @typedef {object} Row of the tree, from the top
 * @property {string} label what stands there: the part of the name that those above do not say
 * @property {number} depth
 * @property {string | null} name of the environment; null where there are only others below
 * @property {string[]} names of it and of all below
 */
/** @typedef {{ label: string, name: string | null, below: Map<string, Node> }} Node */

// Each separator stays with what stands before it, so that labels in a row are the name again.
/** @param {string} name */
const partsOf = (name) => name.match(/[^/_]*[/_]+|[^/_]+$/g) ?? [name];

/**
 * @param {Iterable<string>} names
 * @returns {Row[]}
 */
export function treeOf(names) {
  /** @type {Node} */
  const root = { label: "", name: null, below: new Map() };
  for (const name of names) {
    let at = root;
    for (const part of partsOf(name)) {
      const key = part.replace(/[/_]+$/, "") || part; // "a" itself and what is below "a/" are one place
      let next = at.below.get(key);
      if (!next) at.below.set(key, (next = { label: part, name: null, below: new Map() }));
      at = next;
      if (part.length > at.label.length) at.label = part;
    }
    // Two names of one place, "a" and "a_", are two rows.
    if (at.name === null) at.name = name;
    else at.below.set(`${name}\n`, { label: name, name, below: new Map() });
  }
  /** @type {Row[]} */
  const rows = [];
  for (const node of sorted(root)) add(rows, node, "", 0);
  return rows;
}

/** @param {Node} node */
const sorted = ({ below }) => [...below].sort(([a], [b]) => compareNames(a, b)).map(([, node]) => node);

/**
 * @param {Row[]} rows
 * @param {Node} node
 * @param {string} before what those that were passed over are called
 * @param {number} depth
 */
function add(rows, node, before, depth) {
  const below = sorted(node);
  // A place with one below it and nothing of its own says nothing by itself.
  if (node.name === null && below.length === 1) {
    add(rows, below[0], before + node.label, depth);
    return;
  }
  /** @type {Row} */
  const row = { label: (before + node.label).replace(/(?<=[^/_])[/_]+$/, ""), depth, name: node.name, names: [] };
  const from = rows.push(row) - 1;
  for (const each of below) add(rows, each, "", depth + 1);
  row.names = rows.slice(from).flatMap(({ name }) => name ?? []);
}
