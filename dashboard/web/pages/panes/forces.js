// Where the nodes of a small network lie: springs along its edges, every node pushed from every other, from a start
// that depends on nothing but their number. The same network always lies in the same way.
//
// Fruchterman and Reingold 1991, "Graph drawing by force-directed placement", with a pull to the middle so that parts
// without an edge between them stay in sight.

const TURNS = 240;
export const MOST_NODES = 800; // 240 turns of 800 × 800 are 0.4 s; a larger one is drawn with fewer turns

/**
 * @param {number} count of nodes
 * @param {[from: number, to: number][]} edges
 * @returns {{ x: Float64Array, y: Float64Array }} within the unit square
 */
export function placed(count, edges) {
  const x = new Float64Array(count),
    y = new Float64Array(count);
  // On a sunflower's spiral no two begin at the same place, nor all on one line.
  for (let i = 0; i < count; i++) {
    const far = Math.sqrt((i + 0.5) / count) / 2,
      turn = i * Math.PI * (3 - Math.sqrt(5));
    x[i] = far * Math.cos(turn);
    y[i] = far * Math.sin(turn);
  }
  const near = Math.sqrt(1 / Math.max(1, count)); // how far neighbours want to be from each other
  const turns = Math.max(20, Math.round(TURNS * Math.min(1, (MOST_NODES / Math.max(1, count)) ** 2)));
  const dx = new Float64Array(count),
    dy = new Float64Array(count);
  for (let turn = 0; turn < turns; turn++) {
    const most = 0.1 * (1 - turn / turns) + 1e-4; // how far a node may go in this turn
    dx.fill(0);
    dy.fill(0);
    for (let i = 0; i < count; i++)
      for (let j = i + 1; j < count; j++) {
        const ax = x[i] - x[j],
          ay = y[i] - y[j];
        const push = (near * near) / Math.max(1e-9, ax * ax + ay * ay);
        dx[i] += ax * push;
        dy[i] += ay * push;
        dx[j] -= ax * push;
        dy[j] -= ay * push;
      }
    for (const [from, to] of edges) {
      const ax = x[from] - x[to],
        ay = y[from] - y[to];
      const pull = Math.hypot(ax, ay) / near;
      dx[from] -= ax * pull;
      dy[from] -= ay * pull;
      dx[to] += ax * pull;
      dy[to] += ay * pull;
    }
    for (let i = 0; i < count; i++) {
      dx[i] -= x[i] * 0.6;
      dy[i] -= y[i] * 0.6;
      const far = Math.hypot(dx[i], dy[i]) || 1;
      x[i] += (dx[i] / far) * Math.min(far, most);
      y[i] += (dy[i] / far) * Math.min(far, most);
    }
  }
  return { x: spread(x), y: spread(y) };
}

// From 0 to 1; one place alone is in the middle.
/** @param {Float64Array} values */
function spread(values) {
  let low = Infinity,
    high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return values.map((value) => (high - low > 1e-9 ? (value - low) / (high - low) : 0.5));
}
