// The edges of a scope: as lines from box or port to box or port, and as names beside a box where the other end is set
// aside.
import { REST } from "./model.js";
import { chipOf } from "./box.js";

/** @typedef {import("./model.js").GraphModel} GraphModel */
/** @typedef {import("./model.js").Item} Item */
/** @typedef {import("./model.js").Scope} Scope */
/** @typedef {import("./place.js").Block} Block */
/**
 * A name beside a box that stands for an edge to what is set aside.
 * @typedef {object} Name
 * @property {number} rail the item at the other end
 * @property {boolean} out whether the edge leads there
 * @property {string} label
 * @property {Name[]} [more] those that it stands for besides
 * @property {string} text the label as far as there is room for it
 * @property {number} w
 */
/** @typedef {{ entering?: boolean, leaving?: boolean }} Port */
/**
 * What stands for one or several edges.
 * @typedef {Port & { key: string, from: number, to: number, count: number, shapes: string[] }} Joined
 */
/** @typedef {{ lines: Joined[], chips: Map<number, Name[]> }} Sorted */

export const CHIP = 14; // height of a name that stands for an edge
const PORT_WEIGHT = 0.5;
export const QUIET = 0.004; // what only feeds constants stands beside the flow and does not bend it

/** @param {Item} item */
const quiet = (item) =>
  item.kind === "parameter" || /^(const|constant|get_?attr|prim::(constant|getattr))$/i.test(item.op ?? "");

// How much each line is to be straight: the flow first; parameters, and inputs that join it on the way, not at all.
/**
 * @param {Joined[]} lines
 * @param {GraphModel} model
 */
export function weigh(lines, model) {
  /** @param {Joined} line */
  const kind = (line) => {
    const item = line.entering ? null : model.items.get(line.from);
    return item && quiet(item) ? "quiet" : item?.kind === "input" ? "input" : "flow";
  };
  const fed = new Set(lines.filter((line) => kind(line) === "flow").map((line) => line.to));
  return lines.map((line) => {
    if (kind(line) === "quiet" || (kind(line) === "input" && fed.has(line.to))) return QUIET;
    return line.entering || line.leaving ? PORT_WEIGHT : 1;
  });
}

// A port for another end; else the one for those not told apart, else that to the fold's next member, else none.
/**
 * @param {Map<number, number>} ports
 * @param {number} key
 */
export function portOf(ports, key) {
  for (const each of [key, REST, ...ports.keys()]) {
    const x = ports.get(each);
    if (x !== undefined) return { key: each, x };
  }
  return null;
}

// The edges of a scope as lines from child or port to child or port, and as names beside a child where the other
// end is set aside.
/**
 * @param {GraphModel} model
 * @param {number} id
 * @param {Scope} content
 * @param {Set<number>} aside
 * @param {Map<number, Block>} inner
 * @returns {Sorted}
 */
export function sortEdges(model, id, content, aside, inner) {
  /** @type {Map<string, Joined>} */
  const lines = new Map();
  /** @type {Map<number, Name[]>} */
  const chips = new Map();
  /**
   * @param {number} from
   * @param {number} to
   * @param {number} count
   * @param {string[]} shapes
   * @param {Port} [port]
   */
  const add = (from, to, count, shapes, port = {}) => {
    if (aside.has(from) || aside.has(to)) {
      // One end is told as a name beside the other: beside the one that stands in the flow, or else in this scope.
      const own =
        !aside.has(to) && !port.leaving ? to : !aside.has(from) && !port.entering ? from : port.leaving ? from : to;
      const other = own === to ? from : to;
      if (inner.has(own)) return; // an open scope shows it where it is used
      const names = chips.get(own) ?? [];
      chips.set(own, names);
      if (!names.some((each) => each.rail === other))
        names.push({ rail: other, out: other === to, label: model.nameOf(other, content), text: "", w: 0 });
      return;
    }
    const key = `${port.entering ? "p" : ""}${from}>${port.leaving ? "p" : ""}${to}`;
    const known = lines.get(key);
    if (known) {
      known.count += count;
      known.shapes = [...new Set([...known.shapes, ...shapes])];
    } else lines.set(key, { key: `${id}:${key}`, from, to, count, shapes, ...port });
  };
  for (const [from, to, count, shapes] of content.edges) add(from, to, count, shapes);
  /** @type {import("./model.js").Joint[]} */
  const coming = content.enters.map(([other, child, ...rest]) => [model.resolve(other, content), child, ...rest]);
  /** @type {import("./model.js").Joint[]} */
  const going = content.leaves.map(([child, other, ...rest]) => [child, model.resolve(other, content), ...rest]);
  // What one member of a fold gives the next says nothing new where the first gets, or the last gives, the same.
  const fed = new Set(coming.filter(([other]) => other !== id).map(([, child]) => child));
  const read = new Set(going.filter(([, other]) => other !== id).map(([child]) => child));
  for (const [other, child, count, shapes] of coming)
    if (other !== id || !fed.has(child)) add(other, child, count, shapes, { entering: true });
  for (const [child, other, count, shapes] of going)
    if (other !== id || !read.has(child)) add(child, other, count, shapes, { leaving: true });
  for (const names of chips.values()) shorten(names);
  return { lines: [...lines.values()], chips };
}

/** @param {Name[]} names */
function shorten(names) {
  if (names.length > 3) {
    const rest = names.splice(2);
    names.push({ rail: rest[0].rail, out: false, label: `+${rest.length}`, more: rest, text: "", w: 0 });
  }
  for (const each of names) Object.assign(each, chipOf(each.label, each.out));
}
