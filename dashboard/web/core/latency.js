// How long points take from log() to the screen: of every point, and where the time goes.
//
// A point counts when the frame that shows it has been handed over for display, whether it came alone, with others in
// one message, or waited while several messages became one frame.
const POINTS = 1 << 15; // the latest, of which percentiles are told
const PIECES = 1 << 12; // the latest points of one series in one message, each with its stages
const LONGEST = 60000; // ms: a page that slept

export const STAGES = [
  "log to commit",
  "commit to read",
  "read to send",
  "send to receive",
  "receive to draw",
  "draw to shown",
];

const took = new Float32Array(POINTS);
const stages = STAGES.map(() => new Float32Array(PIECES));
let points = 0,
  pieces = 0; // counted since the last forget()

export function forget() {
  points = pieces = 0;
}

// pieces: of points as they came, with `at`, the wall times of what befell them; began: when their frame began, and
// shown: when it was handed over, both in seconds of the server's clock.
/**
 * @param {{
 *   times: ArrayLike<number>, at: { committed: number, read: number, sent: number, received: number },
 * }[]} shownPieces
 * @param {number} began
 * @param {number} shown
 */
export function count(shownPieces, began, shown) {
  for (const { times, at } of shownPieces) {
    for (let i = 0; i < times.length; i++) {
      const ms = (shown - times[i]) * 1000;
      if (ms >= 0 && ms < LONGEST) took[points++ % POINTS] = ms;
    }
    const moments = [times[times.length - 1], at.committed, at.read, at.sent, at.received, began, shown];
    for (let i = 0; i < STAGES.length; i++)
      stages[i][pieces % PIECES] = Math.max(0, moments[i + 1] - moments[i]) * 1000;
    pieces++;
  }
}

/**
 * @param {Float32Array} sorted
 * @param {number} q
 */
const at = (sorted, q) => (sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] : null);

// { p50, p95, n } in ms, of the latest `most` points.
export function latency(most = POINTS) {
  const n = Math.min(points, most, POINTS);
  const latest = new Float32Array(n);
  for (let i = 0; i < n; i++) latest[i] = took[(points - 1 - i) % POINTS];
  latest.sort();
  return { p50: at(latest, 0.5), p95: at(latest, 0.95), n };
}

// The same of each stage, by its name.
export function byStage() {
  return Object.fromEntries(
    STAGES.map((name, i) => {
      const sorted = stages[i].slice(0, Math.min(pieces, PIECES)).sort();
      return [name, { p50: at(sorted, 0.5), p95: at(sorted, 0.95) }];
    }),
  );
}
