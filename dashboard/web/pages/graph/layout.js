// Where the boxes of one scope stand: layers from top to bottom, as few crossings as a few sweeps find, straight
// lines where there is room. The method is Sugiyama's (1981): break circles, layer, order, place. Places within a
// layer are least squares under "no overlap", which pooling adjacent violators solves exactly in one pass, so
// that no tuning of forces is needed and the same graph always looks the same.

import { NEAR, place } from "./coordinates.js";
import { order } from "./order.js";

const MAX_BENDS = 5000; // bends of all long edges together; a tangle beyond is drawn with lines straight through
const GAP_Y = 36;
const BESIDE = 12; // between a line and its way back

/** @typedef {[x: number, y: number]} Point */
/**
 * @typedef {object} Node
 * @property {number} left its extents from its own middle
 * @property {number} right
 * @property {number} height
 * @property {"top" | "bottom"} [at]
 * @property {number} [turn] nodes at the top that have one stay in this order
 */
/**
 * @typedef {object} Edge
 * @property {number} source index of a node
 * @property {number} target
 * @property {number} out where on the source the line begins, from its middle
 * @property {number} into
 * @property {number} weight 1 for what is to be straight and short, less for what may bend
 */
/**
 * An edge that leads down, from a to b.
 * @typedef {{ a: number, b: number, out: number, into: number, weight: number }} Down
 */
/**
 * A node in its layer, or where a long edge passes one.
 * @typedef {object} Vertex
 * @property {number} node -1 for a bend of an edge
 * @property {number} layer
 * @property {number} left
 * @property {number} right
 * @property {number} gap to what is beside it
 * @property {Segment[]} up
 * @property {Segment[]} down
 * @property {number} x of its middle
 * @property {number} pos its place in the layer
 * @property {number} wish where its neighbours want it
 */
/**
 * A part of a line, from u to v, one layer below.
 * @typedef {{ u: Vertex, v: Vertex, out: number, into: number, weight: number }} Segment
 */
/**
 * @typedef {object} Net
 * @property {Vertex[]} vertices
 * @property {number[][]} chains the vertices of each edge
 * @property {Vertex[][]} layers in order
 * @property {((vertex: Vertex) => number) | null} turn the order of the first layer, where it is given
 */
/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {number[]} x middles of nodes
 * @property {number[]} y
 * @property {Point[][]} routes points of each edge from source to target
 * @property {boolean[]} back which edges lead up
 */

/**
 * @param {Node[]} nodes
 * @param {Edge[]} given
 * @returns {Layout}
 */
export function layout(nodes, given) {
  const n = nodes.length;
  if (!n) return { width: 0, height: 0, x: [], y: [], routes: [], back: [] };
  const back = backEdges(n, given);
  // A line that leads back stands beside the one that leads on.
  const edges = given.map((edge, i) =>
    back[i] ? { ...edge, out: edge.out + BESIDE, into: edge.into + BESIDE } : edge,
  );
  const down = edges.map((edge, i) =>
    back[i]
      ? { a: edge.target, b: edge.source, out: edge.into, into: edge.out, weight: 0.2 * edge.weight }
      : { a: edge.source, b: edge.target, out: edge.out, into: edge.into, weight: edge.weight },
  );
  const rank = ranks(nodes, down);
  const net = bend(nodes, down, rank);
  order(net);
  place(net);
  return { ...draw(nodes, net, edges, back), back };
}

// Which edges to turn around so that none are left in a circle: those that lead back to where a walk still is.
/**
 * @param {number} n
 * @param {Edge[]} edges
 */
function backEdges(n, edges) {
  /** @type {number[][]} */
  const leaving = Array.from({ length: n }, () => []);
  const incoming = new Int32Array(n);
  edges.forEach((edge, i) => {
    leaving[edge.source].push(i);
    incoming[edge.target] += 1;
  });
  const state = new Uint8Array(n); // 0 not seen, 1 on the way, 2 done
  const back = edges.map(() => false);
  const starts = [...Array(n).keys()].sort((a, b) => Number(incoming[a] > 0) - Number(incoming[b] > 0) || a - b);
  for (const start of starts) {
    if (state[start]) continue;
    const stack = [[start, 0]];
    state[start] = 1;
    while (stack.length) {
      const top = stack[stack.length - 1];
      const next = leaving[top[0]][top[1]++];
      if (next === undefined) {
        state[top[0]] = 2;
        stack.pop();
        continue;
      }
      const { target } = edges[next];
      if (state[target] === 1) back[next] = true;
      else if (!state[target]) {
        state[target] = 1;
        stack.push([target, 0]);
      }
    }
  }
  return back;
}

// The layer of each node: after all it reads; then everything moves to where its edges are short.
/**
 * @param {Node[]} nodes
 * @param {Down[]} edges
 */
function ranks(nodes, edges) {
  const n = nodes.length;
  /** @type {Down[][]} */
  const before = Array.from({ length: n }, () => []);
  /** @type {Down[][]} */
  const after = Array.from({ length: n }, () => []);
  for (const edge of edges) {
    after[edge.a].push(edge);
    before[edge.b].push(edge);
  }
  const missing = before.map((each) => each.length);
  /** @type {number[]} */
  const flow = [];
  for (let i = 0; i < n; i++) if (!missing[i]) flow.push(i);
  const hasTop = nodes.some((node) => node.at === "top");
  /** @type {number[]} */
  const rank = nodes.map((node) => (hasTop && node.at !== "top" ? 1 : 0));
  for (let i = 0; i < flow.length; i++) {
    for (const { b } of after[flow[i]]) {
      rank[b] = Math.max(rank[b], rank[flow[i]] + 1);
      if (!--missing[b]) flow.push(b);
    }
  }
  /** @param {Down[]} list */
  const pull = (list) =>
    list.reduce((sum, edge) => sum + (nodes[edge.a].at || nodes[edge.b].at ? 0.01 : edge.weight), 0);
  for (let pass = 0, moved = true; moved && pass < 8; pass++) {
    moved = false;
    for (let i = flow.length - 1; i >= 0; i--) {
      const node = flow[i];
      if (nodes[node].at || !after[node].length || pull(after[node]) <= pull(before[node])) continue;
      const lowest = Math.min(...after[node].map((edge) => rank[edge.b])) - 1;
      if (lowest > rank[node]) {
        rank[node] = lowest;
        moved = true;
      }
    }
  }
  const last = 1 + Math.max(-1, ...rank.filter((_, i) => nodes[i].at !== "bottom"));
  nodes.forEach((node, i) => {
    if (node.at === "bottom") rank[i] = last;
  });
  const used = [...new Set(rank)].sort((a, b) => a - b);
  const layer = new Map(used.map((each, i) => [each, i]));
  return rank.map((each) => layer.get(each) ?? 0);
}

/**
 * @param {Pick<Vertex, "node" | "layer" | "left" | "right" | "gap">} given
 * @returns {Vertex}
 */
const vertexOf = (given) => ({ ...given, up: [], down: [], x: 0, pos: 0, wish: 0 });

// Vertices are the nodes and a bend for each layer that a long edge passes; segments join them layer to layer.
/**
 * @param {Node[]} nodes
 * @param {Down[]} edges
 * @param {number[]} rank
 * @returns {Net}
 */
function bend(nodes, edges, rank) {
  const vertices = nodes.map(({ left, right, at }, i) => {
    const gap = at ? NEAR.line : NEAR.box;
    return vertexOf({ node: i, layer: rank[i], left, right, gap });
  });
  const total = edges.reduce((sum, edge) => sum + rank[edge.b] - rank[edge.a] - 1, 0);
  // The way into a node that passes the fewest layers is the main one and is to be straight; a way around gives way.
  const shortest = new Array(nodes.length).fill(Infinity);
  for (const edge of edges)
    if (edge.weight >= NEAR.main) shortest[edge.b] = Math.min(shortest[edge.b], rank[edge.b] - rank[edge.a]);
  const chains = edges.map((edge) => {
    const span = rank[edge.b] - rank[edge.a];
    const long = span > 1;
    const own = span > shortest[edge.b] ? 0.01 * edge.weight : edge.weight;
    const chain = [edge.a];
    if (long && total <= MAX_BENDS) {
      for (let layer = rank[edge.a] + 1; layer < rank[edge.b]; layer++) {
        vertices.push(vertexOf({ node: -1, layer, left: 0, right: 0, gap: NEAR.line }));
        chain.push(vertices.length - 1);
      }
    }
    chain.push(edge.b);
    for (let i = 1; i < chain.length; i++) {
      const [u, v] = [vertices[chain[i - 1]], vertices[chain[i]]];
      if (v.layer - u.layer !== 1) continue; // a line straight through: it bends nothing
      const weight = u.node < 0 && v.node < 0 ? 1.5 : own; // what passes is straight in itself
      const segment = { u, v, out: u.node < 0 ? 0 : edge.out, into: v.node < 0 ? 0 : edge.into, weight };
      u.down.push(segment);
      v.up.push(segment);
    }
    return chain;
  });
  /** @type {Vertex[][]} */
  const layers = Array.from({ length: Math.max(...rank) + 1 }, () => []);
  const turn = nodes.some((node) => node.turn !== undefined)
    ? (/** @type {Vertex} */ vertex) => nodes[vertex.node]?.turn ?? Infinity
    : null;
  return { vertices, chains, layers, turn };
}

// --- the picture -------------------------------------------------------------------------------------------

/**
 * @param {Node[]} nodes
 * @param {Net} net
 * @param {Edge[]} edges
 * @param {boolean[]} back
 */
function draw(nodes, { vertices, chains, layers }, edges, back) {
  let begin = Infinity,
    end = -Infinity;
  for (const vertex of vertices) {
    begin = Math.min(begin, vertex.x - vertex.left);
    end = Math.max(end, vertex.x + vertex.right);
  }
  /** @type {number[]} */
  const tops = [];
  /** @type {number[]} */
  const bottoms = [];
  let y = 0;
  layers.forEach((layer, i) => {
    const height = Math.max(0, ...layer.map((vertex) => (vertex.node < 0 ? 0 : nodes[vertex.node].height)));
    if (i) {
      // Lines that cover much ground sideways need height to do so gently.
      const reach = Math.max(
        0,
        ...layers[i - 1].flatMap((vertex) => vertex.down.map((s) => Math.abs(s.u.x + s.out - s.v.x - s.into))),
      );
      y +=
        height === 0 || bottoms[i - 1] === tops[i - 1]
          ? Math.min(44, 18 + reach / 24)
          : Math.min(110, GAP_Y + reach / 16);
    }
    tops.push(y);
    bottoms.push((y += height));
  });
  const x = nodes.map((_, i) => Math.round(vertices[i].x - begin));
  const middle = nodes.map((_, i) => (tops[vertices[i].layer] + bottoms[vertices[i].layer]) / 2);
  const routes = chains.map((chain, i) => {
    const a = vertices[chain[0]],
      b = vertices[chain[chain.length - 1]];
    const [out, into] = back[i] ? [edges[i].into, edges[i].out] : [edges[i].out, edges[i].into];
    /** @type {Point[]} */
    const points = [
      [x[a.node] + out, middle[a.node] + nodes[a.node].height / 2],
      [x[a.node] + out, bottoms[a.layer]],
    ];
    for (const each of chain.slice(1, -1)) {
      const at = Math.round(vertices[each].x - begin);
      points.push([at, tops[vertices[each].layer]], [at, bottoms[vertices[each].layer]]);
    }
    points.push([x[b.node] + into, tops[b.layer]], [x[b.node] + into, middle[b.node] - nodes[b.node].height / 2]);
    return back[i] ? points.reverse() : points;
  });
  return { width: Math.ceil(end - begin), height: y, x, y: middle, routes };
}
