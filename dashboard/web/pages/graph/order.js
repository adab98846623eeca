// Who stands beside whom: an order of each layer in which few lines cross. Barycentres, swept down and up, and swaps
// of neighbours; the best of all orders seen is kept.

/** @typedef {import("./layout.js").Net} Net */
/** @typedef {import("./layout.js").Vertex} Vertex */

const SWEEPS = 10; // orderings tried from each start; more gain nothing we could see

/**
 * Fills the layers, and tells each vertex its place there.
 * @param {Net} net
 */
export function order(net) {
  const { vertices, layers, turn } = net;
  // Begin as a walk from the top meets them, so that what belongs together lies together.
  const seen = new Set();
  for (const start of [...vertices].sort((a, b) => a.layer - b.layer)) {
    const stack = [start];
    while (stack.length) {
      const vertex = stack.pop();
      if (!vertex || seen.has(vertex)) continue;
      seen.add(vertex);
      layers[vertex.layer].push(vertex);
      for (let i = vertex.down.length - 1; i >= 0; i--) stack.push(vertex.down[i].v);
    }
  }
  const fixed = turn ? layers[0] : null;
  if (turn) layers[0].sort((a, b) => turn(a) - turn(b));
  const first = layers.map((layer) => [...layer]);
  let best = first;
  let fewest = Infinity;
  const keep = () => {
    const found = crossings(layers);
    if (found < fewest) {
      fewest = found;
      best = layers.map((layer) => [...layer]);
    }
  };
  // From the mirror image the sweeps end elsewhere, where the first try was stuck.
  for (const mirrored of [false, true]) {
    layers.forEach((layer, i) => {
      if (layer !== fixed) layer.splice(0, layer.length, ...(mirrored ? [...first[i]].reverse() : first[i]));
    });
    number(layers);
    keep();
    for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
      const downwards = sweep % 2 === 0;
      for (let i = 1; i < layers.length; i++) {
        const layer = layers[downwards ? i : layers.length - 1 - i];
        if (layer !== fixed) sortByNeighbours(layer, downwards);
      }
      if (vertices.length < 400) swapNeighbours(layers.filter((layer) => layer !== fixed));
      keep();
    }
    if (!fewest) break;
  }
  best.forEach((layer, i) => {
    layers[i] = layer;
  });
  number(layers);
}

/** @param {Vertex[][]} layers */
export function number(layers) {
  for (const layer of layers)
    layer.forEach((vertex, i) => {
      vertex.pos = i;
    });
}

// Where on its neighbour a line ends counts as a part of a place: inputs of an open scope keep their order.
/**
 * @param {number} offset
 * @param {Vertex} vertex
 */
const part = (offset, vertex) => (0.9 * offset) / (vertex.left + vertex.right + 1);

/**
 * @param {Vertex[]} layer
 * @param {boolean} downwards
 */
function sortByNeighbours(layer, downwards) {
  for (const vertex of layer) {
    const segments = downwards ? vertex.up : vertex.down;
    let sum = 0;
    for (const segment of segments)
      sum += downwards ? segment.u.pos + part(segment.out, segment.u) : segment.v.pos + part(segment.into, segment.v);
    vertex.wish = segments.length ? sum / segments.length : vertex.pos;
  }
  layer.sort((a, b) => a.wish - b.wish || a.pos - b.pos);
  layer.forEach((vertex, i) => {
    vertex.pos = i;
  });
}

// Swaps two that stand side by side where that crosses less.
/** @param {Vertex[][]} layers */
function swapNeighbours(layers) {
  for (const layer of layers) {
    for (let i = 1; i < layer.length; i++) {
      const [a, b] = [layer[i - 1], layer[i]];
      if (pairCrossings(b, a) < pairCrossings(a, b)) {
        layer[i - 1] = b;
        layer[i] = a;
        b.pos = i - 1;
        a.pos = i;
      }
    }
  }
}

/**
 * @param {Vertex} a
 * @param {Vertex} b
 */
function pairCrossings(a, b) {
  let count = 0;
  for (const s of a.up) for (const t of b.up) if (s.u.pos + part(s.out, s.u) > t.u.pos + part(t.out, t.u)) count += 1;
  for (const s of a.down)
    for (const t of b.down) if (s.v.pos + part(s.into, s.v) > t.v.pos + part(t.into, t.v)) count += 1;
  return count;
}

// All crossings: between two layers, the inversions of the lower ends when segments are in order of the upper ones.
/** @param {Vertex[][]} layers */
function crossings(layers) {
  let count = 0;
  for (let i = 1; i < layers.length; i++) {
    const size = layers[i].length;
    const tree = new Int32Array(size + 1);
    let inserted = 0;
    const ends = [];
    for (const vertex of layers[i - 1]) {
      const sorted = vertex.down
        .map((segment) => [part(segment.out, vertex), segment.v.pos])
        .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      for (const [, pos] of sorted) ends.push(pos);
    }
    for (const end of ends) {
      let notAfter = 0;
      for (let k = end + 1; k > 0; k -= k & -k) notAfter += tree[k];
      count += inserted - notAfter;
      for (let k = end + 1; k <= size; k += k & -k) tree[k] += 1;
      inserted += 1;
    }
  }
  return count;
}
