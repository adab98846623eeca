// When cards are drawn: all that changed together, and no more often than the machine can bear.
//
// Where the browser has no GPU (over SSH, in a virtual machine) a frame of large charts may cost it 50 ms and more.
// Drawn at a fixed rate, such a page would answer no click; so the pause after a frame grows with what it cost.
const EVERY = 50; // ms from one live frame to the next, at the least
const SHARE = 2; // live frames leave the page half of its time
const LONGEST = 250; // ms that a frame is taken to cost at the most

const waiting = new Set();
let timer = 0, frame = 0;
let next = 0; // when the next live frame may be
let cost = 0; // of a frame of late, ms

// Has thing.draw() called: at the next frame when `now`, else when it is a live frame's turn.
export function request(thing, now = false) {
  waiting.add(thing);
  if (frame) return;
  const wait = now ? 0 : next - performance.now();
  if (wait > 0) { timer ||= setTimeout(start, wait); return; }
  start();
}

function start() {
  clearTimeout(timer);
  timer = 0;
  frame ||= requestAnimationFrame(run);
}

function run() {
  frame = 0;
  const began = performance.now();
  const things = [...waiting];
  waiting.clear();
  next = began + Math.max(EVERY, SHARE * cost);
  for (const thing of things) thing.draw();
  afterPaint(() => {
    // One long pause is somebody else's (a script was parsed, the page was in the background), not the charts'.
    cost = 0.8 * cost + 0.2 * Math.min(LONGEST, performance.now() - began);
    next = began + Math.max(EVERY, SHARE * cost);
  });
}

// Whether nothing waits to be drawn.
export const idle = () => !waiting.size;

const channel = new MessageChannel();
const painted = [];
channel.port1.onmessage = () => { for (const done of painted.splice(0)) done(); };

// Calls back once the frame that is being made has been handed over for display.
export function afterPaint(done) {
  painted.push(done);
  if (painted.length === 1) channel.port2.postMessage(0);
}
