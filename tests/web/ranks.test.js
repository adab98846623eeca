// What the page of ranks works out: as loops over all cells would.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { generator } from "./random.js";

const { joinedTags, ranksOf } = await import("../../dashboard/web/text/rank_tags.js");
const { gridOf, middles, pixels, robustRange, silent, slowest } = await import(
  "../../dashboard/web/pages/ranks/grid.js"
);

/**
 * @param {number} ranks
 * @param {number} columns
 */
function made(ranks, columns) {
  const draw = generator(3);
  const cells = Float64Array.from({ length: ranks * columns }, () => 1 + 0.1 * draw());
  const head = {
    run: "r",
    tag: "t",
    first: 0,
    width: 1,
    columns,
    forms: ["mean"],
    ranks: Array.from({ length: ranks }, (_, rank) => ({ rank, step: columns - 1, wall_time: 1000 })),
  };
  return gridOf({ head, column: () => cells });
}

test("a value is in the picture however few pixels it has", () => {
  const grid = made(100, 90);
  grid.mean[37 * 90 + 41] = 50;
  const order = grid.ranks.map((_, row) => 99 - row);
  const found = pixels(grid, grid.mean, middles(grid), order, 10, 7);
  assert.equal(found.length, 70);
  assert.equal(Math.max(...found), 50);
  assert.equal(found[Math.floor((62 * 7) / 100) * 10 + Math.floor((41 * 10) / 90)], 50);
});

test("as many pixels as cells are the cells in their order", () => {
  const grid = made(6, 5);
  grid.mean[7] = Number.NaN;
  const order = [5, 4, 3, 2, 1, 0];
  const found = pixels(grid, grid.mean, middles(grid), order, 5, 6);
  assert.deepEqual(
    [...found],
    order.flatMap((row) => [...grid.mean.subarray(row * 5, row * 5 + 5)]),
  );
});

test("the middle is the median of the ranks that have a value", () => {
  const grid = made(3, 1);
  grid.mean.set([3, Number.NaN, 5]);
  assert.deepEqual([...middles(grid)], [4]);
});

test("who lies above the others comes first, who has nothing last", () => {
  const grid = made(20, 50);
  for (let column = 30; column < 50; column++) grid.mean[13 * 50 + column] *= 2;
  grid.mean.fill(Number.NaN, 4 * 50, 5 * 50);
  const found = slowest(grid, middles(grid));
  assert.equal(found[0].row, 13);
  assert.ok(found[0].excess > 0.8);
  assert.equal(found[19].row, 4);
});

test("colours are of all but the outermost values, and never of nothing", () => {
  const values = new Float64Array(1000).map((_, i) => i);
  values[999] = 1e9;
  const [low, high] = robustRange(values);
  assert.ok(low < 30 && high < 1000);
  assert.deepEqual(robustRange(new Float64Array([5, 5, 5])), [4.95, 5.05]);
  assert.deepEqual(robustRange(new Float64Array([Number.NaN])), [0, 1]);
});

test("silent is who is a minute and ten points behind", () => {
  const grid = made(9, 100);
  grid.ranks[2].wall_time -= 100;
  assert.deepEqual(silent(grid), []);
  grid.ranks[2].step -= 50;
  assert.deepEqual(silent(grid), [2]);
});

test("tags that name a rank are one for all ranks", () => {
  const tags = [
    "machine/rank3/cpu",
    "machine/rank12/cpu",
    "rank_0/loss",
    "rank_7/loss",
    "rankings/x",
    "frank3/y",
    "loss",
  ];
  const found = joinedTags(tags);
  assert.deepEqual(found.tags, ["machine/rank*/cpu", "rank_*/loss", "rankings/x", "frank3/y", "loss"]);
  assert.equal(found.ranks, 4);
  assert.equal(joinedTags(tags), found);
  assert.equal(ranksOf({ ranks: 2, series: { scalar: tags } }), 4);
  assert.equal(ranksOf({ ranks: 5, series: {} }), 5);
});
