// Which cards out of sight keep their curves: the latest seen, as many as there is room for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tooMany } from "../../dashboard/web/pages/curves/kept_cards.js";

const card = (lastSeen, size, more = {}) => ({ sight: false, lastSeen, chart: {}, curves: { size }, ...more });

test("cards out of sight keep their curves, the latest seen, until they are too many or have too many", () => {
  const few = Array.from({ length: 45 }, (_, i) => card((i * 7) % 45, 20));
  assert.deepEqual(
    tooMany(few).map(({ lastSeen }) => lastSeen),
    [4, 3, 2, 1, 0],
  );
  const large = Array.from({ length: 8 }, (_, i) => card(i, 10_000));
  assert.deepEqual(
    tooMany(large).map(({ lastSeen }) => lastSeen),
    [2, 1, 0],
  );
  // What is in sight, or was never seen, is not asked.
  const others = [card(9, 50_000, { sight: true }), card(9, 50_000, { chart: null, curves: null })];
  assert.deepEqual(tooMany([...others, ...large.slice(0, 5)]), []);
  const unseen = Array.from({ length: 45 }, () => card(99, 0, { chart: null, curves: null }));
  assert.deepEqual(tooMany([...unseen, ...few.slice(0, 30)]), []);
});
