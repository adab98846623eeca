// When cards are drawn: what changed, those that wait longest first, and no more often than the machine can bear.
//
// Where the browser has no GPU (over SSH, in a virtual machine) a frame of large charts may cost it 50 ms and more.
// Drawn at a fixed rate, such a page would answer no click; so the pause after live frames grows with what they cost.
// And cards that have to be drawn anew as a whole, as all have when their axes grow, are spread over several frames,
// so that the first are seen while the last are drawn. So are those that somebody waits for, once a frame has taken its
// time: ten charts of ten thousand lines each were one task of half a second.
//
// All of this on average: after a rest one frame may follow another at once. What ten runs log at one moment comes in
// two messages, and a word about a run comes just before its point; neither is to wait for what the first frame cost.
const EVERY = 33; // ms from one live frame to the next, on average at the least
const SOONER = 100; // ms that one may come before its turn, at the most
const SHARE = 2; // live frames leave the page half of its time
const LONGEST = 250; // ms that a frame is taken to cost at the most
const WHOLE = 4; // cards that a live frame draws anew
const HURRIED = 12; // ms after which a frame that somebody waits for draws no further card anew

const waiting = new Set(); // in the order in which they were asked for
let timer = 0,
  frame = 0;
let hurry = false; // somebody acted, and waits for all of it
/** @type {number | null} */
let turn = null; // of what is being drawn, which may take several frames: when it was due
let next = 0; // when the next live frame is due
let cost = 0; // of the frames that what was asked for took of late, ms
let spent = 0; // of those so far

const pause = () => Math.max(EVERY, SHARE * cost);
const sooner = () => Math.min(SOONER, pause());

// Has thing.draw() called, which gives whether all of it was drawn anew: at the next frame when `now`, else when it is
// a live frame's turn.
/**
 * @param {{ draw(): unknown }} thing
 * @param {boolean} [now]
 */
export function request(thing, now = false) {
  waiting.add(thing);
  hurry ||= now;
  if (frame) return;
  const wait = now ? 0 : next - sooner() - performance.now();
  if (wait > 0) {
    timer ||= setTimeout(start, wait);
    return;
  }
  start();
}

// It is gone: nothing of it is drawn any more.
/** @param {{ draw(): unknown }} thing */
export function forget(thing) {
  waiting.delete(thing);
}

function start() {
  clearTimeout(timer);
  timer = 0;
  frame ||= requestAnimationFrame(run);
}

function run() {
  frame = 0;
  const began = performance.now();
  turn ??= Math.max(began, Math.min(next, began + sooner()));
  const isHurried = hurry;
  hurry = false;
  let whole = 0;
  const isFull = () => (isHurried ? whole > 0 && performance.now() - began > HURRIED : whole >= WHOLE);
  for (const thing of [...waiting]) {
    if (isFull()) break;
    waiting.delete(thing);
    if (thing.draw()) whole++;
  }
  const isLast = !waiting.size;
  hurry ||= isHurried && !isLast;
  if (!isLast) start();
  const expected = pause();
  next = turn + expected;
  if (isLast) turn = null;
  afterPaint(() => {
    // One long pause is somebody else's (a script was parsed, the page was in the background), not the charts'.
    spent += Math.min(LONGEST, performance.now() - began);
    if (!isLast) return;
    cost = 0.8 * cost + 0.2 * spent;
    next += pause() - expected;
    spent = 0;
  });
}

// Whether nothing waits to be drawn.
export const idle = () => !waiting.size;

const channel = new MessageChannel();
/** @type {(() => void)[]} */
const painted = [];
channel.port1.onmessage = () => {
  for (const done of painted.splice(0)) done();
};

// Calls back once the frame that is being made has been handed over for display.
/** @param {() => void} done */
export function afterPaint(done) {
  painted.push(done);
  if (painted.length === 1) channel.port2.postMessage(0);
}
