// The page Try as far as it is arithmetic and words: what a network sees, how answers are ranked, who is asked next.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { cellsOf, cellWords, summary } from "../../dashboard/web/pages/try/cells.js";
import { Newest } from "../../dashboard/web/pages/try/newest.js";
import { fitted, numbersOf, preprocessOf, shapeOf } from "../../dashboard/web/pages/try/preprocess.js";
import { likeliest, percent, probabilities, verdict } from "../../dashboard/web/pages/try/ranking.js";
import { colourOf } from "../../dashboard/web/pages/try/saliency.js";
import { flat, nested, wantedBy } from "../../dashboard/web/pages/try/signature.js";
import { centred, inked, Strokes } from "../../dashboard/web/pages/try/strokes.js";

const input = (shape, dtype = "float32") => ({ name: "x", dtype, shape });
const asks = (shape, preprocess = null, dtype) => wantedBy({ inputs: [input(shape, dtype)], preprocess })[0];

// A picture of grey levels.
function picture(rows) {
  const width = rows[0].length,
    data = new Uint8ClampedArray(rows.length * width * 4);
  rows.flat().forEach((level, i) => data.set([level, level, level, 255], i * 4));
  return { width, height: rows.length, data };
}

test("a signature says what is asked: a picture, some numbers, words, or lists", () => {
  assert.equal(asks([null, 1, 8, 8]).kind, "picture");
  assert.deepEqual(asks([null, 28, 28, 1]).preprocess.size, [28, 28]);
  assert.equal(asks([null, 64], { size: [8, 8], mode: "L", layout: "flat" }).kind, "picture");
  assert.deepEqual(
    [asks([null, 4]).kind, asks([null, 4]).count, asks([null, 65]).kind, asks([null, null]).kind],
    ["numbers", 4, "lists", "lists"],
  );
  assert.equal(asks([null, 1, 8, 8], null, "int64").kind, "lists");
  assert.equal(asks([null], null, "string").kind, "words");
  const two = wantedBy({
    inputs: [input([null, 2]), { ...input([null, 3, 9, 9]), name: "y" }],
    preprocess: { mode: "RGB" },
  });
  assert.deepEqual(
    two.map(({ kind }) => kind),
    ["numbers", "picture"],
  );
});

test("a picture is made small by area, inverted, scaled and laid out as the network takes it", () => {
  const how = preprocessOf(
    { size: [1, 2], mode: "L", resize: "area", invert: true, scale: [-1, 1] },
    input([null, 1, 1, 2]),
  );
  const levels = fitted(
    picture([
      [0, 100, 255, 255],
      [0, 100, 255, 255],
    ]),
    how,
  ); // prettier-ignore
  assert.deepEqual([...levels], [205, 0]);
  assert.deepEqual(shapeOf(how), [1, 1, 1, 2]);
  const [first, second] = numbersOf(levels, how);
  assert.ok(Math.abs(first - (205 / 127.5 - 1)) < 1e-6);
  assert.equal(second, -1);
  const padded = preprocessOf({ size: [4, 4], mode: "L", fit: "pad", invert: true }, input([null, 1, 4, 4]));
  assert.deepEqual(
    [
      ...fitted(
        picture([
          [0, 0],
          [0, 0],
          [0, 0],
          [0, 0],
        ]),
        padded,
      ),
    ].slice(0, 4),
    [0, 255, 255, 0],
  ); // prettier-ignore
});

test("colours lie one channel behind the other, or side by side", () => {
  const rgb = { width: 1, height: 2, data: Uint8ClampedArray.from([10, 20, 30, 255, 40, 50, 60, 255]) };
  for (const [layout, wanted] of [
    ["NCHW", [10, 40, 20, 50, 30, 60]],
    ["NHWC", [10, 20, 30, 40, 50, 60]],
  ]) {
    const how = preprocessOf({ size: [2, 1], mode: "RGB", layout, scale: [0, 255] }, input([null, 3, 2, 1]));
    assert.deepEqual([...numbersOf(fitted(rgb, how), how)], wanted);
  }
});

test("numbers nest as a shape says, and back; what is no number is refused", () => {
  const lists = nested([1, 2, 3, 4, 5, 6], [1, 2, 3]);
  assert.deepEqual(lists, [
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  ]); // prettier-ignore
  assert.deepEqual(flat(lists), { shape: [1, 2, 3], values: [1, 2, 3, 4, 5, 6] });
  assert.deepEqual(flat(["NaN"]).values, [NaN]);
  for (const wrong of [[[1], [2, 3]], [["a"]], [[1], 2]]) assert.throws(() => flat(wrong));
});

test("answers are ranked: of equals the first, NaN last, and nothing is rounded to certainty", () => {
  assert.deepEqual(probabilities([0.25, 0.75]), [0.25, 0.75]);
  assert.deepEqual(probabilities([0, NaN]), [NaN, NaN]);
  assert.deepEqual(probabilities([0, Infinity]), [NaN, NaN]);
  assert.deepEqual(probabilities([1000, -Infinity]), [1, 0]);
  const names = ["a", "b", "c"];
  assert.deepEqual(
    likeliest([0, 5, 5], names, 2).map(({ name }) => name),
    ["b", "c"],
  );
  assert.deepEqual(verdict(likeliest([0, 5, 5], names, 3)).text, "b or c");
  assert.equal(verdict(likeliest([1, 1, 1], names, 3)).text, "3 alike");
  assert.equal(verdict(likeliest([NaN, 1, 1], names, 3)).is, "nan");
  assert.equal(verdict([]).is, "nothing");
  for (const [p, said] of [
    [1, "100 %"],
    [0, "0 %"],
    [NaN, "NaN"],
    [0.982, "98.2 %"],
    [0.99996, "99.996 %"],
    [1 - 1e-12, "> 99.999999 %"],
    [0.0001234, "0.01 %"],
    [1e-9, "1e−7 %"],
  ])
    assert.equal(percent(p), said);
});

test("one question is under way at a time, and of those that wait the newest is next", async () => {
  const asked = [],
    heard = [];
  let answer;
  const newest = new Newest({
    ask: (question) => {
      asked.push(question);
      return new Promise((done, fail) => {
        answer = { done, fail };
      });
    },
    answered: (found) => heard.push(found),
    failed: (error) => heard.push(error.message),
  });
  const turn = () => new Promise((done) => setTimeout(done));
  for (const question of [1, 2, 3, 4]) newest.put(question);
  assert.deepEqual(asked, [1]);
  answer.done("one");
  await turn();
  assert.deepEqual([asked, heard], [[1, 4], ["one"]]); // prettier-ignore
  answer.fail(new Error("no"));
  await turn();
  assert.equal(newest.isBusy, false);
  newest.put(5);
  newest.put(6);
  newest.end();
  answer.done("five");
  await turn();
  assert.deepEqual(
    [asked, heard],
    [
      [1, 4, 5],
      ["one", "no"],
    ],
  ); // prettier-ignore
});

test("strokes are taken back one by one, and so is what cleared them", () => {
  const strokes = new Strokes();
  const stroke = { points: [[0, 0]], size: 0.1 };
  strokes.draw(stroke, [0, 0]);
  strokes.draw(stroke, [1, 1]);
  assert.equal(stroke.points.length, 2);
  strokes.push({ kind: "stroke", stroke });
  strokes.clear();
  assert.equal(strokes.isEmpty, true);
  strokes.clear();
  strokes.undo();
  assert.equal(strokes.shown.strokes.length, 1);
  strokes.push({ kind: "picture", picture: {} });
  assert.equal(strokes.shown.strokes.length, 0);
  for (let i = 0; i < 3; i++) strokes.undo();
  assert.equal(strokes.isEmpty, true);
});

test("a drawing is centred and as large as the frame but for its margin", () => {
  const rows = Array.from({ length: 20 }, () => Array(20).fill(255));
  for (let y = 2; y < 12; y++) for (let x = 1; x < 4; x++) rows[y][x] = 0;
  const drawn = picture(rows);
  assert.deepEqual(inked(drawn, 255), { left: 1, top: 2, width: 3, height: 10 });
  const middle = centred(drawn, 255, 0);
  assert.deepEqual([middle.width, middle.height], [10, 10]);
  assert.deepEqual(inked(middle, 255), { left: 3, top: 0, width: 3, height: 10 });
  assert.equal(centred(drawn, 255, 0.25).width, 20);
  const blank = picture([[255]]);
  assert.equal(centred(blank, 255, 0), blank);
});

test("saliency keeps its sign, and what is no number is transparent", () => {
  assert.ok(colourOf(1, true, [])[0] > colourOf(-1, true, [])[0]);
  assert.equal(colourOf(0, true, [])[3], 0);
  assert.deepEqual(colourOf(NaN, true, []), [0, 0, 0, 0]);
  assert.deepEqual(colourOf(1, false, ["#000000", "#ffffff"]).slice(0, 3), [255, 255, 255]);
});

test("of many versions no wrong one is hidden, and each is said", () => {
  const n = 100;
  const answers = {
    steps: Array.from({ length: n }, (_, i) => i * 50),
    p: Array.from({ length: n }, (_, i) => (i === 41 ? 0.1 : 0.9)),
    top: Array.from({ length: n }, (_, i) => (i === 41 ? "9" : "4")),
    more: 0,
  };
  const cells = cellsOf(answers, "4", 10);
  assert.equal(cells.length, 10);
  assert.deepEqual(cells[4], { from: 40, to: 49, p: 0.1, is: "wrong" });
  assert.equal(cells.filter(({ is }) => is === "right").length, 9);
  assert.equal(summary(answers, "4"), "right in 99 of 100 versions");
  assert.equal(cellWords(answers, 41, "4"), "step 2,050: 9 instead, 4 at 10.0 %");
  const odd = { steps: [1, 2], p: [NaN, null], top: ["4", null], more: 0 };
  assert.deepEqual(
    cellsOf(odd, "4", 10).map(({ is }) => is),
    ["nan", "none"],
  );
  assert.equal(summary(odd, "4"), "right in 0 of 1 version");
  assert.equal(summary({ steps: [2], p: [null], top: [null], more: 0 }, "4"), "could not be asked");
  assert.deepEqual(cellsOf({ steps: [], p: [], top: [], more: 0 }, "4", 10), []);
});
