// When cards are drawn, and how long points take to the screen.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { nextFrame } from "./page.js";
import { idle, request } from "../../dashboard/web/core/frames.js";
import * as latency from "../../dashboard/web/core/latency.js";

const painted = () =>
  new Promise((done) => {
    setImmediate(done);
  });

test("what is asked for is drawn once a frame, the large ones over several, and all of it when somebody waits", async () => {
  // A clock of the test's own: on a busy machine the pause between two live frames (33 ms) would be over by itself.
  mock.timers.enable({ apis: ["setTimeout"] });
  const clock = mock.method(performance, "now", () => 1000);
  const drawn = [],
    card = (name) => ({
      draw: () => {
        drawn.push(name);
        return true;
      },
    }),
    cards = [..."abcdefg"].map(card);
  for (const each of [...cards, cards[0]]) request(each);
  assert.deepEqual([drawn.length, idle()], [0, false]);
  nextFrame();
  assert.equal(drawn.join(""), "abcd");
  nextFrame();
  assert.equal(drawn.join(""), "abcdefg");
  assert.ok(idle());
  await painted();
  for (const each of cards) request(each);
  nextFrame();
  nextFrame();
  assert.equal(drawn.length, 14, "after a rest one may follow at once");
  await painted();
  for (const each of cards) request(each);
  nextFrame();
  assert.equal(drawn.length, 14, "and the next waits for its turn");
  mock.timers.tick(33);
  nextFrame();
  assert.equal(drawn.length, 18, "and comes when it is");
  request(cards[0], true);
  nextFrame();
  assert.equal(drawn.length, 22, "who acts waits for no turn: the three that are left, and what was asked for");
  await painted();
  clock.mock.restore();
  mock.timers.reset();
});

test("live frames come no more often for it, and acting for long does not keep them off", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let now = 5000,
    live = 0;
  const clock = mock.method(performance, "now", () => now);
  const card = { draw: () => live++ },
    touched = { draw: () => {} };
  for (let ms = 0; ms < 1000; ms++) {
    request(card);
    if (ms % 16 === 0) nextFrame();
    await painted();
    now++;
    mock.timers.tick(1);
  }
  assert.ok(live >= 29 && live <= 32, `${live} in a second`);
  for (let frame = 0; frame < 60; frame++, now++, mock.timers.tick(1)) {
    request(touched, true);
    nextFrame();
    await painted();
  }
  live = 0;
  request(card);
  for (let ms = 0; ms < 34; ms++, now++) mock.timers.tick(1);
  nextFrame();
  assert.equal(live, 1);
  clock.mock.restore();
  mock.timers.reset();
});

test("what somebody waits for goes on in the next frame once one has taken its time, until all of it is drawn", async () => {
  let now = 3000;
  const clock = mock.method(performance, "now", () => now);
  let drawn = "";
  const card = (name, ms) => ({
    draw: () => {
      drawn += name;
      now += ms;
      return true;
    },
  });
  for (const each of ["a", "b", "c"].map((name) => card(name, 50))) request(each, true);
  for (const each of ["d", "e", "f", "g", "h", "i"].map((name) => card(name, 1))) request(each);
  nextFrame();
  assert.equal(drawn, "a");
  nextFrame();
  assert.equal(drawn, "ab");
  nextFrame();
  assert.equal(drawn, "abc");
  nextFrame();
  assert.equal(drawn, "abcdefghi", "and no card of it has to wait for a live frame's turn");
  assert.ok(idle());
  await painted();
  clock.mock.restore();
});

test("of the latest points the middle and the worst, and where the time went", () => {
  latency.forget();
  assert.deepEqual(latency.latency(), { p50: null, p95: null, n: 0 });
  const at = { committed: 100.2, read: 100.3, sent: 100.3, received: 100.4 };
  latency.count([{ times: Array.from({ length: 100 }, (_, i) => 100.1 - i / 1000), at }], 100.45, 100.5);
  const { p50, p95, n } = latency.latency();
  assert.ok(Math.abs(p50 - 450) < 2 && Math.abs(p95 - 495) < 2 && n === 100);
  assert.equal(latency.latency(10).n, 10);
  const stages = latency.byStage();
  assert.deepEqual(Object.keys(stages), latency.STAGES);
  assert.ok(
    Math.abs(Object.values(stages).reduce((all, { p50: ms }) => all + ms, 0) - (100.5 - (100.1 - 0.099)) * 1000) < 1,
  );
  latency.count([{ times: [0], at }], 100.45, 100.5);
  assert.equal(latency.latency().n, 100, "a page that slept for a minute says nothing of it");
});
