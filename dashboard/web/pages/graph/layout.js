// Where the boxes of one scope stand: layers from top to bottom, as few crossings as a few sweeps find, straight
// lines where there is room. The method is Sugiyama's (1981): break circles, layer, order, place. Places within a
// layer are least squares under "no overlap", which pooling adjacent violators solves exactly in one pass, so
// that no tuning of forces is needed and the same graph always looks the same.

import { number, order } from "./order.js";

const MAX_BENDS = 5000; // bends of all long edges together; a tangle beyond is drawn with lines straight through
const GAP_X = 22;
const GAP_LINE = 12; // between a line that passes and what it passes
const GAP_Y = 36;
const BESIDE = 12; // between a line and its way back
const NEARLY = 14; // a bend of a few pixels looks like a mistake
const MAIN = 0.5; // weight from which on an edge is part of the flow

// nodes: [{ left, right, height, at?: "top" | "bottom", turn?: 0, 1, … }], the extents left and right of the node's
// own middle; with turns, nodes at the top stay in their order.
// edges: [{ source, target, out, into, weight }]: indices of nodes; where on them the line begins and ends, from
// the middle; weight 1 for what is to be straight and short, less for what may bend.
// Returns { width, height, x, y: middles of nodes, routes: points of each edge from source to target, back: which
// edges lead up }.
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
function backEdges(n, edges) {
  const leaving = Array.from({ length: n }, () => []);
  const incoming = new Int32Array(n);
  edges.forEach((edge, i) => {
    leaving[edge.source].push(i);
    incoming[edge.target] += 1;
  });
  const state = new Uint8Array(n); // 0 not seen, 1 on the way, 2 done
  const back = new Array(edges.length).fill(false);
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
function ranks(nodes, edges) {
  const n = nodes.length;
  const before = Array.from({ length: n }, () => []);
  const after = Array.from({ length: n }, () => []);
  for (const edge of edges) {
    after[edge.a].push(edge);
    before[edge.b].push(edge);
  }
  const missing = before.map((each) => each.length);
  const flow = [];
  for (let i = 0; i < n; i++) if (!missing[i]) flow.push(i);
  const hasTop = nodes.some((node) => node.at === "top");
  const rank = nodes.map((node) => (hasTop && node.at !== "top" ? 1 : 0));
  for (let i = 0; i < flow.length; i++) {
    for (const { b } of after[flow[i]]) {
      rank[b] = Math.max(rank[b], rank[flow[i]] + 1);
      if (!--missing[b]) flow.push(b);
    }
  }
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
  return rank.map((each) => layer.get(each));
}

// Vertices are the nodes and a bend for each layer that a long edge passes; segments join them layer to layer.
function bend(nodes, edges, rank) {
  const vertices = nodes.map((node, i) => ({
    node: i,
    layer: rank[i],
    left: node.left,
    right: node.right,
    gap: node.at ? GAP_LINE : GAP_X,
    up: [],
    down: [],
    x: 0,
    pos: 0,
  }));
  const total = edges.reduce((sum, edge) => sum + rank[edge.b] - rank[edge.a] - 1, 0);
  // The way into a node that passes the fewest layers is the main one and is to be straight; a way around gives way.
  const shortest = new Array(nodes.length).fill(Infinity);
  for (const edge of edges)
    if (edge.weight >= MAIN) shortest[edge.b] = Math.min(shortest[edge.b], rank[edge.b] - rank[edge.a]);
  const chains = edges.map((edge) => {
    const span = rank[edge.b] - rank[edge.a];
    const long = span > 1;
    const own = span > shortest[edge.b] ? 0.01 * edge.weight : edge.weight;
    const chain = [edge.a];
    if (long && total <= MAX_BENDS) {
      for (let layer = rank[edge.a] + 1; layer < rank[edge.b]; layer++) {
        vertices.push({ node: -1, layer, left: 0, right: 0, gap: GAP_LINE, up: [], down: [], x: 0, pos: 0 });
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
  const layers = Array.from({ length: Math.max(...rank) + 1 }, () => []);
  const turn = nodes.some((node) => node.turn !== undefined) ? (vertex) => nodes[vertex.node]?.turn ?? Infinity : null;
  return { vertices, chains, layers, turn };
}

// --- places within layers ----------------------------------------------------------------------------------

function place(net) {
  // What is joined to nothing comes last, to the right of all else in its layer, where it is in nobody's way.
  const joined = (vertex) => vertex.up.length + vertex.down.length > 0;
  const alone = net.layers.map((layer) => layer.filter((vertex) => !joined(vertex)));
  const layers = net.layers.map((layer) => layer.filter(joined));
  number(layers);
  placeJoined(layers, net.vertices);
  net.layers.forEach((_, i) => {
    for (const vertex of alone[i]) {
      const last = layers[i][layers[i].length - 1];
      if (last) vertex.x = last.x + last.right + GAP_X + vertex.left;
      layers[i].push(vertex);
    }
  });
}

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
function settle(layer, up, down) {
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
    while (
      blocks.length &&
      blocks[blocks.length - 1].sum / blocks[blocks.length - 1].weight > block.sum / block.weight
    ) {
      const last = blocks.pop();
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

const slant = ({ u, v, out, into }) => u.x + out - v.x - into;

// What follows one another without choice, each the only main way on, or nearly straight below: it should stand in
// one column.
function columnsOf(vertices) {
  const only = (segments) => {
    const main = segments.filter((segment) => segment.weight >= MAIN);
    if (main.length < 2) return main[0] ?? (segments.length === 1 ? segments[0] : null);
    // Of several that are nearly straight, the one that leads on: a mask gives way to the flow.
    const far = (segment) => Math.abs(slant(segment)) + (segment.u.up.length && segment.v.down.length ? 0 : NEARLY / 2);
    const near = main.filter((segment) => Math.abs(slant(segment)) < NEARLY).sort((a, b) => far(a) - far(b));
    return near[0] ?? null;
  };
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
      // Each with how far its middle is from the column's line.
      const column = [{ vertex: top, shift: 0 }];
      for (let at = top, shift = 0, segment; (segment = next.get(at)); at = segment.v) {
        shift += segment.out - segment.into;
        column.push({ vertex: segment.v, shift });
      }
      return column;
    });
}

// Least squares spreads a step sideways over the whole column, which looks like a drunken line: one step is better.
function align(column, layers) {
  const mean = column.reduce((sum, { vertex, shift }) => sum + vertex.x - shift, 0) / column.length;
  const room = column.map(({ vertex, shift }) => roomFor(vertex, layers[vertex.layer]).map((edge) => edge - shift));
  const low = Math.max(...room.map((each) => each[0])),
    high = Math.min(...room.map((each) => each[1]));
  const line = low <= high ? Math.min(high, Math.max(low, mean)) : mean;
  for (const { vertex, shift } of column) move(vertex, line + shift, layers);
}

function roomFor(vertex, layer) {
  const before = layer[vertex.pos - 1],
    after = layer[vertex.pos + 1];
  return [
    before ? before.x + before.right + Math.max(before.gap, vertex.gap) + vertex.left : -Infinity,
    after ? after.x - after.left - Math.max(after.gap, vertex.gap) - vertex.right : Infinity,
  ];
}

// As near to x as its neighbours let it.
function move(vertex, x, layers) {
  const [low, high] = roomFor(vertex, layers[vertex.layer]);
  if (low <= high) vertex.x = Math.min(high, Math.max(low, x));
}

// What hangs on a single line stands at its end, where that is nearly so.
function hang(vertex, layers) {
  const [segment] = [...vertex.up, ...vertex.down];
  if (vertex.up.length + vertex.down.length === 1 && Math.abs(slant(segment)) < NEARLY) {
    move(vertex, vertex.x + (segment.v === vertex ? slant(segment) : -slant(segment)), layers);
  }
}

// --- the picture -------------------------------------------------------------------------------------------

function draw(nodes, { vertices, chains, layers }, edges, back) {
  let begin = Infinity,
    end = -Infinity;
  for (const vertex of vertices) {
    begin = Math.min(begin, vertex.x - vertex.left);
    end = Math.max(end, vertex.x + vertex.right);
  }
  const tops = [],
    bottoms = [];
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
