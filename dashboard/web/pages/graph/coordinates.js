// Where the boxes of each layer stand sideways: the places nearest to what their neighbours wish that keep order and
// distance, found exactly by pooling adjacent violators; then columns of what follows one another are drawn straight.
import { number } from "./order.js";

/** @typedef {import("./layout.js").Net} Net */
/** @typedef {import("./layout.js").Segment} Segment */
/** @typedef {import("./layout.js").Vertex} Vertex */
/** @typedef {{ vertex: Vertex, shift: number }[]} Column each with how far its middle is from the column's line */

export const NEAR = {
  box: 22, // px between boxes
  line: 12, // and between a line that passes and what it passes
  straight: 14, // a bend of a few pixels looks like a mistake
  main: 0.5, // weight from which on an edge is part of the flow
};

/** @param {Net} net */
export function place(net) {
  // What is joined to nothing comes last, to the right of all else in its layer, where it is in nobody's way.
  /** @param {Vertex} vertex */
  const joined = (vertex) => vertex.up.length + vertex.down.length > 0;
  const alone = net.layers.map((layer) => layer.filter((vertex) => !joined(vertex)));
  const layers = net.layers.map((layer) => layer.filter(joined));
  number(layers);
  placeJoined(layers, net.vertices);
  net.layers.forEach((_, i) => {
    for (const vertex of alone[i]) {
      const last = layers[i][layers[i].length - 1];
      if (last) vertex.x = last.x + last.right + NEAR.box + vertex.left;
      layers[i].push(vertex);
    }
  });
}

/**
 * @param {Vertex[][]} layers
 * @param {Vertex[]} vertices
 */
function placeJoined(layers, vertices) {
  for (const layer of layers) {
    let at = 0;
    layer.forEach((vertex, i) => {
      if (i) at += layer[i - 1].right + Math.max(vertex.gap, layer[i - 1].gap) + vertex.left;
      vertex.x = at;
    });
    const middle = at / 2;
    for (const vertex of layer) vertex.x -= middle;
  }
  const passes = vertices.length > 1500 ? 6 : 14;
  for (let pass = 0; pass < passes; pass++) {
    for (let i = 1; i < layers.length; i++) settle(layers[i], true, false);
    for (let i = layers.length - 2; i >= 0; i--) settle(layers[i], false, true);
  }
  for (let pass = 0; pass < 4; pass++) for (const layer of layers) settle(layer, true, true);
  const columns = columnsOf(vertices);
  for (let pass = 0; pass < 3; pass++) for (const column of columns) align(column, layers);
  for (const layer of layers) for (const vertex of layer) hang(vertex, layers);
}

// The places nearest to what the neighbours wish, weighed, that keep order and distance: an isotonic regression.
/**
 * @param {Vertex[]} layer
 * @param {boolean} up
 * @param {boolean} down
 */
function settle(layer, up, down) {
  /** @type {{ sum: number, weight: number, count: number }[]} */
  const blocks = [];
  let shift = 0;
  layer.forEach((vertex, i) => {
    if (i) shift += layer[i - 1].right + Math.max(vertex.gap, layer[i - 1].gap) + vertex.left;
    let sum = 0,
      weight = 0;
    if (up)
      for (const s of vertex.up) {
        sum += s.weight * (s.u.x + s.out - s.into);
        weight += s.weight;
      }
    if (down)
      for (const s of vertex.down) {
        sum += s.weight * (s.v.x + s.into - s.out);
        weight += s.weight;
      }
    if (!weight) {
      weight = 1e-6;
      sum = weight * vertex.x;
    } // joined on the other side only
    let block = { sum: sum - weight * shift, weight, count: 1 };
    for (let last; (last = blocks.at(-1)) && last.sum / last.weight > block.sum / block.weight; ) {
      blocks.pop();
      block = { sum: block.sum + last.sum, weight: block.weight + last.weight, count: block.count + last.count };
    }
    blocks.push(block);
  });
  let i = 0;
  shift = 0;
  for (const block of blocks) {
    const x = block.sum / block.weight;
    for (let k = 0; k < block.count; k++, i++) {
      if (i) shift += layer[i - 1].right + Math.max(layer[i].gap, layer[i - 1].gap) + layer[i].left;
      layer[i].x = x + shift;
    }
  }
}

/** @param {Segment} segment */
const slant = ({ u, v, out, into }) => u.x + out - v.x - into;

// What follows one another without choice, each the only main way on, or nearly straight below: it should stand in
// one column.
/**
 * @param {Vertex[]} vertices
 * @returns {Column[]}
 */
function columnsOf(vertices) {
  /** @param {Segment[]} segments */
  const only = (segments) => {
    const main = segments.filter((segment) => segment.weight >= NEAR.main);
    if (main.length < 2) return main[0] ?? (segments.length === 1 ? segments[0] : null);
    // Of several that are nearly straight, the one that leads on: a mask gives way to the flow.
    /** @param {Segment} segment */
    const far = (segment) =>
      Math.abs(slant(segment)) + (segment.u.up.length && segment.v.down.length ? 0 : NEAR.straight / 2);
    const near = main.filter((segment) => Math.abs(slant(segment)) < NEAR.straight).sort((a, b) => far(a) - far(b));
    return near[0] ?? null;
  };
  /** @type {Map<Vertex, Segment>} */
  const next = new Map();
  const hasBefore = new Set();
  for (const u of vertices) {
    const down = only(u.down);
    if (down && only(down.v.up) === down) {
      next.set(u, down);
      hasBefore.add(down.v);
    }
  }
  return vertices
    .filter((vertex) => next.has(vertex) && !hasBefore.has(vertex))
    .map((top) => {
      const column = [{ vertex: top, shift: 0 }];
      for (let at = top, shift = 0, segment; (segment = next.get(at)); at = segment.v) {
        shift += segment.out - segment.into;
        column.push({ vertex: segment.v, shift });
      }
      return column;
    });
}

// Least squares spreads a step sideways over the whole column, which looks like a drunken line: one step is better.
/**
 * @param {Column} column
 * @param {Vertex[][]} layers
 */
function align(column, layers) {
  const mean = column.reduce((sum, { vertex, shift }) => sum + vertex.x - shift, 0) / column.length;
  const room = column.map(({ vertex, shift }) => roomFor(vertex, layers[vertex.layer]).map((edge) => edge - shift));
  const low = Math.max(...room.map((each) => each[0])),
    high = Math.min(...room.map((each) => each[1]));
  const line = low <= high ? Math.min(high, Math.max(low, mean)) : mean;
  for (const { vertex, shift } of column) move(vertex, line + shift, layers);
}

/**
 * @param {Vertex} vertex
 * @param {Vertex[]} layer
 */
function roomFor(vertex, layer) {
  const before = layer[vertex.pos - 1],
    after = layer[vertex.pos + 1];
  return [
    before ? before.x + before.right + Math.max(before.gap, vertex.gap) + vertex.left : -Infinity,
    after ? after.x - after.left - Math.max(after.gap, vertex.gap) - vertex.right : Infinity,
  ];
}

// As near to x as its neighbours let it.
/**
 * @param {Vertex} vertex
 * @param {number} x
 * @param {Vertex[][]} layers
 */
function move(vertex, x, layers) {
  const [low, high] = roomFor(vertex, layers[vertex.layer]);
  if (low <= high) vertex.x = Math.min(high, Math.max(low, x));
}

// What hangs on a single line stands at its end, where that is nearly so.
/**
 * @param {Vertex} vertex
 * @param {Vertex[][]} layers
 */
function hang(vertex, layers) {
  const [segment] = [...vertex.up, ...vertex.down];
  if (vertex.up.length + vertex.down.length === 1 && Math.abs(slant(segment)) < NEAR.straight) {
    move(vertex, vertex.x + (segment.v === vertex ? slant(segment) : -slant(segment)), layers);
  }
}
