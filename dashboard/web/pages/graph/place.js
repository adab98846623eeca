// The whole picture, put together from the inside outwards: each open scope is laid out by itself and is one big
// box of the scope it lies in. Where an edge crosses a scope's border the scope has a port, at the place that suits
// what is inside; outside, the edge ends at that very place.
import { CHIP, QUIET, portOf, sortEdges, weigh } from "./lines.js";
import { layout } from "./layout.js";
import { ROOT } from "./model.js";

/** @typedef {import("./model.js").GraphModel} GraphModel */
/** @typedef {import("./model.js").Item} Item */
/** @typedef {import("./model.js").Scope} Scope */
/** @typedef {import("./layout.js").Point} Point */
/** @typedef {import("./lines.js").Joined} Joined */
/** @typedef {import("./lines.js").Name} Name */
/** @typedef {Name & { owner: number, x: number, y: number, h: number }} Chip */
/**
 * An edge of the picture.
 * @typedef {Joined & { ends: [string, string], route: Point[], back: boolean, quiet: boolean, depth: number }} Line
 */
/**
 * A box of the picture, in absolute places.
 * @typedef {object} Box
 * @property {number} id
 * @property {Item} item
 * @property {number} x
 * @property {number} y
 * @property {number} w
 * @property {number} h
 * @property {boolean} aside
 * @property {number} depth
 * @property {boolean} open
 * @property {import("./model.js").Form | null} form of an open fold
 * @property {number} inside the scope that it lies in
 */
/** @typedef {{ chip: Chip, rail: Box, from: number, to: number }} Ghost an edge that is drawn while it is traced */
/** @typedef {{ id: number, x: number, y: number, h: number, textX: number }} Rail */
/**
 * @typedef {object} Scene
 * @property {number} width
 * @property {number} height
 * @property {number} [middle] of the flow, across
 * @property {Box[]} boxes
 * @property {Line[]} edges
 * @property {Chip[]} chips
 * @property {Ghost[]} ghosts
 * @property {Rail[]} rails
 * @property {Map<number, Box>} byId
 */
/** @typedef {Pick<Box, "id" | "item" | "x" | "y" | "w" | "h" | "aside"> & { made: Block | null }} Placed */
/** @typedef {{ item: Item, made: Block | undefined, w: number, h: number, names: Name[], aside: boolean }} Sized */
/**
 * A scope by itself, with places from its own corner.
 * @typedef {object} Block
 * @property {number} serial
 * @property {number} w
 * @property {number} h
 * @property {Placed[]} placed
 * @property {Chip[]} chips
 * @property {Omit<Line, "depth">[]} lines
 * @property {Map<number, number>} ins ports by who is at the other end: where they are, across
 * @property {Map<number, number>} outs
 * @property {{ x: number, y: number, h: number, textX: number } | null} rail
 */
/** @typedef {{ in: Map<number, number>, out: Map<number, number> }} Ports their nodes, by who is at the other end */
/** @typedef {import("./layout.js").Edge & { from: string, to: string, line: Joined }} Edge */
/** @typedef {Map<string, { sign: string, block: Block }>} Cache */

const HEAD = 34; // of an open scope, with its name
const PAD = 16;
const RAIL_GAP = 26;
/**
 * All boxes, edges and names of the picture, in absolute places.
 * @param {GraphModel} model
 */
export function compose(model) {
  const root = block(model, ROOT, new Set(), model.blocks);
  /** @type {Scene} */
  const scene = {
    width: root.w,
    height: root.h,
    boxes: [],
    edges: [],
    chips: [],
    ghosts: [],
    rails: [],
    byId: new Map(),
  };
  flatten(model, root, ROOT, 0, 0, 0, scene);
  for (const box of scene.boxes) scene.byId.set(box.id, box);
  for (const chip of scene.chips) {
    const rail = scene.byId.get(chip.rail);
    if (rail)
      scene.ghosts.push({ chip, rail, from: chip.out ? chip.owner : chip.rail, to: chip.out ? chip.rail : chip.owner });
  }
  return scene;
}

// --- one scope ---------------------------------------------------------------------------------------------

/**
 * @param {GraphModel} model
 * @param {number} id of an open scope
 * @param {Set<number>} asideAbove what is set aside in the scopes around it
 * @param {Cache} cache
 * @param {number[] | null} [turns] the order of what comes in
 * @returns {Block}
 */
function block(model, id, asideAbove, cache, turns = null) {
  const content = model.content(id);
  if (!content) throw new Error(`scope ${id} is not open`);
  const aside = new Set([...asideAbove, ...content.rail]);
  /** @type {Map<number, Block>} */
  const inner = new Map();
  for (const child of content.children)
    if (model.content(child.id)) inner.set(child.id, block(model, child.id, aside, cache));
  const within = [...inner].map(([child, made]) => `${child}:${made.serial}`);
  const sign = `${model.words.serial}|${model.open.get(id)}|${[...aside]}|${turns}|${within}`;
  const key = turns ? `${id} turned` : String(id);
  const known = cache.get(key);
  if (known?.sign === sign) return known.block;
  // The order of a scope's inputs that suits its inside may cross them outside. So first the outside is laid out as
  // if that did not matter, then the scopes whose inputs come in another order, then the outside as it is.
  const many = [...inner].filter(([, shown]) => shown.ins.size > 1);
  if (many.length) {
    const { from } = arrange(model, id, content, aside, inner, turns, true);
    for (const [child, shown] of many) {
      const wanted = [...shown.ins.keys()].sort(
        (a, b) => (from.get(`${a}>${child}`) ?? 0) - (from.get(`${b}>${child}`) ?? 0),
      );
      if (wanted.some((each, i) => each !== [...shown.ins.keys()][i]))
        inner.set(child, block(model, child, aside, cache, wanted));
    }
  }
  const { made } = arrange(model, id, content, aside, inner, turns);
  cache.set(key, { sign, block: made });
  return made;
}

/**
 * @param {GraphModel} model
 * @param {number} id
 * @param {Scope} content
 * @param {Set<number>} aside
 * @param {Map<number, Block>} inner
 * @param {number[] | null} turns
 * @param {boolean} [loose] whether it does not matter where on open scopes lines end
 */
function arrange(model, id, content, aside, inner, turns, loose = false) {
  const { lines, chips } = sortEdges(model, id, content, aside, inner);
  const boxes = content.children.map((item) => {
    const made = inner.get(item.id);
    const size = made ?? model.words.size(item);
    const names = chips.get(item.id) ?? [];
    return {
      item,
      made,
      w: size.w,
      h: Math.max(size.h, names.length * (CHIP + 2)),
      names,
      aside: content.rail.includes(item.id),
    };
  });
  const flowing = boxes.filter((box) => !box.aside);
  /** @type {Map<number, number>} */
  const index = new Map();
  /** @type {import("./layout.js").Node[]} */
  const nodes = flowing.map((box, i) => {
    index.set(box.item.id, i);
    const reach = Math.max(0, ...box.names.map((each) => each.w + 8));
    return { left: box.w / 2, right: box.w / 2 + reach, height: box.h };
  });
  /** @type {Ports} */
  const ports = { in: new Map(), out: new Map() };
  for (const { from, to, entering, leaving } of lines) {
    const port = { left: 1, right: 1, height: 0 };
    if (entering && !ports.in.has(from))
      ports.in.set(from, nodes.push({ ...port, at: "top", turn: turns ? turns.indexOf(from) : undefined }) - 1);
    if (leaving && !ports.out.has(to)) ports.out.set(to, nodes.push({ ...port, at: "bottom" }) - 1);
  }
  const weights = weigh(lines, model);
  /** @type {Edge[]} */
  const edges = lines.map((line, i) => {
    const [from, to] = [index.get(line.from) ?? -1, index.get(line.to) ?? -1];
    const source = line.entering ? undefined : flowing[from];
    const target = line.leaving ? undefined : flowing[to];
    const begin = source?.made && portOf(source.made.outs, line.to);
    const end = target?.made && portOf(target.made.ins, line.from);
    return {
      source: source ? from : (ports.in.get(line.from) ?? -1),
      target: target ? to : (ports.out.get(line.to) ?? -1),
      out: source && begin ? begin.x - source.w / 2 : 0,
      into: target && end && !loose ? end.x - target.w / 2 : 0,
      weight: weights[i],
      from: source
        ? source.made
          ? `p${source.item.id}:out:${begin ? begin.key : ""}`
          : `i${source.item.id}`
        : `p${id}:in:${line.from}`,
      to: target
        ? target.made
          ? `p${target.item.id}:in:${end ? end.key : ""}`
          : `i${target.item.id}`
        : `p${id}:out:${line.to}`,
      line,
    };
  });
  const made = layout(nodes, edges);
  const from = new Map(edges.map((edge) => [`${edge.line.from}>${edge.line.to}`, made.x[edge.source] + edge.out]));
  return { made: frame(model, id, { boxes, flowing, edges, ports, made }), from };
}

// --- its frame ---------------------------------------------------------------------------------------------

/**
 * @param {GraphModel} model
 * @param {number} id
 * @param {{ boxes: Sized[], flowing: Sized[], edges: Edge[], ports: Ports, made: import("./layout.js").Layout }} parts
 * @returns {Block}
 */
function frame(model, id, { boxes, flowing, edges, ports, made }) {
  const bare = id === ROOT;
  const item = bare ? undefined : model.items.get(id);
  const rail = boxes.filter((box) => box.aside);
  const head = bare ? 0 : HEAD;
  const pad = bare ? 0 : PAD;
  const railW = Math.max(0, ...rail.map((box) => box.w + Math.max(0, ...box.names.map((each) => each.w + 8))));
  const railH = rail.reduce((sum, box) => sum + box.h + 10, rail.length ? 12 : 0);
  const wide = made.width + (rail.length ? RAIL_GAP + railW : 0);
  const w = Math.max(wide + 2 * pad, item ? model.words.head(item) + 2 * 12 : 0);
  const left = Math.round((w - wide) / 2);
  const top = head + (bare || ports.in.size ? 0 : 4);
  const flowH = Math.max(made.height, railH);
  const h = top + flowH + (bare ? 0 : PAD);
  /** @type {Placed[]} */
  const placed = [];
  /** @type {Chip[]} */
  const chips = [];
  /**
   * @param {Sized} box
   * @param {number} x
   * @param {number} y
   */
  const put = (box, x, y) => {
    placed.push({
      id: box.item.id,
      item: box.item,
      x,
      y,
      w: box.w,
      h: box.h,
      made: box.made ?? null,
      aside: box.aside,
    });
    box.names.forEach((each, i) => {
      const at = y + box.h / 2 + (i - (box.names.length - 1) / 2) * (CHIP + 2) - CHIP / 2;
      chips.push({ ...each, owner: box.item.id, x: x + box.w + 7, y: at, h: CHIP });
    });
  };
  flowing.forEach((box, i) => put(box, left + made.x[i] - box.w / 2, top + made.y[i] - box.h / 2));
  const railX = left + made.width + RAIL_GAP;
  let railY = top + 12;
  for (const box of rail) {
    put(box, railX, railY);
    railY += box.h + 10;
  }
  /** @type {Block["lines"]} */
  const lines = edges.map((edge, i) => {
    /** @type {Point[]} */
    const route = made.routes[i].map(([x, y]) => [left + x, top + y]);
    if (edge.line.entering) route.unshift([route[0][0], 0]);
    if (edge.line.leaving) route.push([route[route.length - 1][0], h]);
    return {
      ...edge.line,
      ends: [edge.from, edge.to],
      route,
      back: made.back[i],
      quiet: edge.weight === QUIET && !edge.line.entering,
    };
  });
  /**
   * @param {Map<number, number>} side
   * @returns {Map<number, number>}
   */
  const at = (side) => {
    const places = [...side].map(([key, node]) => ({ key, x: left + made.x[node] }));
    return new Map(places.sort((a, b) => a.x - b.x).map(({ key, x }) => [key, x]));
  };
  const line = rail.length ? { x: railX - RAIL_GAP / 2, y: top, h: flowH, textX: railX } : null;
  const serial = (model.blockSerial += 1); // so that what is made of it knows when it has changed
  return { serial, w, h, placed, chips, lines, ins: at(ports.in), outs: at(ports.out), rail: line };
}

// --- all of them -------------------------------------------------------------------------------------------

/**
 * @param {GraphModel} model
 * @param {Block} made
 * @param {number} id
 * @param {number} x
 * @param {number} y
 * @param {number} depth
 * @param {Scene} scene
 */
function flatten(model, made, id, x, y, depth, scene) {
  for (const line of made.lines)
    scene.edges.push({ ...line, depth, route: line.route.map(([px, py]) => [x + px, y + py]) });
  for (const chip of made.chips) scene.chips.push({ ...chip, x: x + chip.x, y: y + chip.y });
  if (made.rail)
    scene.rails.push({ id, x: x + made.rail.x, y: y + made.rail.y, h: made.rail.h, textX: x + made.rail.textX });
  for (const { made: within, ...box } of made.placed) {
    const form = within && box.item.kind === "fold" ? (model.open.get(box.id) ?? null) : null;
    const at = { x: x + box.x, y: y + box.y, depth: depth + 1 };
    scene.boxes.push({ ...box, ...at, open: Boolean(within), form, inside: id });
    if (within) flatten(model, within, box.id, at.x, at.y, at.depth, scene);
  }
}
