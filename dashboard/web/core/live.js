// The live feed: one WebSocket, or where none gets through questions, begun again with patience; and an honest light
// that says how it stands.
import { boot } from "./state.js";
import { decode } from "./wire.js";
import * as format from "../text/format.js";
import * as latency from "./latency.js";
import { Polling } from "./long_polling.js";
import * as session from "./session.js";
import { Emitter } from "./emitter.js";
import { watches } from "./watches.js";

const news = new Emitter(["points", "changed", "again", "removed", "headlines", "restart", "greeting"]);
const light = /** @type {HTMLElement} */ (document.getElementById("live"));
/** @type {WebSocket | Polling | null} */
let socket = null;
let attempts = 0;
let unheard = 0; // WebSockets one after the other that never brought a message, though the server is there
const UNHEARD = 2; // so many, and it is asked instead
let running = false;
let newest = 0;
let everGreeted = false;
let greeted = false; // by the first message of this line: a proxy may open a line that leads nowhere
let skew = 0; // server's clock minus ours, seconds
let surest = Infinity; // the shortest trip there and back that the clocks were compared by, seconds
const PINGS = [1000, 3000, 10000]; // ms after a connection at which clocks are compared again
const REST = 30_000; // ms out of sight after which the line is closed: a page that nobody sees costs nothing
const RECENT = 400; // points of which the light tells
let asleep = false;
// Timers: of a connection, of falling asleep, of telling.
/** @type {ReturnType<typeof setTimeout> | undefined} */
let again;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let falling;
let telling = 0; // the light need not flicker with every point

/**
 * Told of points, of runs that changed or were removed, of curves to be asked for again, and of a line that was made
 * anew.
 * @param {string | string[]} kinds
 * @param {(...values: any[]) => void} listener
 * @returns {() => void} which ends it
 */
export const on = (kinds, listener) => news.on(kinds, listener);

// Which tags are on the screen: only their points are sent.
/** @param {string[]} tags */
function sendWatched(tags) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ watch: tags }));
}

/** @type {string | null} */
let trouble = null; // why the server does not follow the logdir, in its words

export function now() {
  return (performance.timeOrigin + performance.now()) / 1000 + skew;
}

// Called when points have been drawn, as they came, with the moment that their frame began.
/**
 * @param {Parameters<typeof latency.count>[0]} pieces
 * @param {number} began
 */
export function drawn(pieces, began) {
  if (!pieces.length) return;
  latency.count(pieces, began, now());
  telling ||= setTimeout(() => {
    telling = 0;
    show();
  }, 250);
}

// Whether any run is being written: without one there is nothing to be live about.
// last: when anything was logged last, by wall time.
/** @param {boolean} any */
export function setRunning(any, last = 0) {
  running = any;
  newest = last;
  show();
}

/** @param {number | null} ms */
const milliseconds = (ms) => `${Math.round(ms ?? 0)} ms`;

function show() {
  const open = greeted && socket?.readyState === WebSocket.OPEN,
    asked = open && socket instanceof Polling;
  const state = !open
    ? session.isOut()
      ? "asking"
      : session.isRefused()
        ? "refused"
        : everGreeted
          ? "reconnecting"
          : "connecting"
    : trouble
      ? "stopped"
      : running
        ? "live"
        : "idle";
  const all = latency.latency(RECENT);
  const words = {
    connecting: "connecting",
    reconnecting: "reconnecting",
    asking: "token required",
    refused: "refused",
    stopped: "not updating",
    idle: "idle",
    live: all.n ? `live ${milliseconds(all.p50)}` : "live",
  };
  light.dataset.state = state;
  light.children[1].textContent = words[state];
  light.children[2].textContent =
    newest && (state === "idle" || state === "reconnecting") ? `last point ${format.ago(newest)}` : "";
  const since = newest ? `The last point was logged ${format.moment(newest)}. ` : "";
  light.title =
    state === "stopped"
      ? `The server stopped reading the logdir: ${trouble}. What you see may be out of date.`
      : state === "asking"
        ? "Click to enter the token."
        : since +
          (all.n
            ? `From log() to drawn: median ${milliseconds(all.p50)}, ` +
              `95 % within ${milliseconds(all.p95)} (${all.n} points)`
            : "") +
          (asked ? ASKED : "");
}

const ASKED =
  "\nNo WebSocket gets through to the server, so that the page asks for what is new. In nginx, write " +
  "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";

const ping = () => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ ping: performance.now() }));
};
const OLDER = 5000; // ms after which "3 min ago" has grown old by itself, and so has what the server can

// The server's clock beside ours, as surely as the quickest of some trips tells: one that was answered while the page
// was being made may be off by half of the time it took. What may be no difference is none.
/** @param {{ pong: number, time: number }} answer */
function compare({ pong, time }) {
  const trip = (performance.now() - pong) / 1000;
  if (trip > surest) return;
  surest = trip;
  skew = time - ((performance.timeOrigin + performance.now()) / 1000 - trip / 2);
  if (Math.abs(skew) < trip / 2 + 0.02) skew = 0;
}

// All that is shown is asked for anew.
export function restart() {
  news.tell("restart");
}

function connect() {
  clearTimeout(again);
  const address = `${boot.prefix}/live`;
  const line =
    unheard < UNHEARD
      ? new WebSocket(
          `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${address}`,
          session.protocols(),
        )
      : new Polling(address);
  socket = line;
  greeted = false;
  if (line instanceof WebSocket) line.binaryType = "arraybuffer";
  line.onopen = () => {
    surest = Infinity;
    line.send(JSON.stringify({ watch: watches.union(), ping: performance.now() }));
    for (const wait of PINGS) setTimeout(ping, wait);
  };
  line.onmessage = (/** @type {{ data: ArrayBuffer }} */ event) => {
    const { head, column } = decode(event.data);
    const isFirst = !greeted;
    if (isFirst) {
      greeted = true;
      attempts = 0;
      unheard = line instanceof Polling ? UNHEARD - 1 : 0; // after questions one WebSocket is tried before the next
      session.forgetRefusal();
      // What was missed while the line was down is asked for anew: the answers say how far they go, point by point.
      if (everGreeted) restart();
      everGreeted = true;
      show();
    }
    for (const answer of head.answers) {
      compare(answer);
      if (trouble !== answer.trouble) {
        trouble = answer.trouble;
        show();
      }
    }
    if (isFirst) news.tell("greeting", head.since);
    const received = now();
    for (const { run, segment, committed, read, tags, n, counts } of head.points) {
      const at = { committed, read, sent: head.now, received };
      const total = counts.reduce((/** @type {number} */ sum, /** @type {number} */ each) => sum + each, 0);
      const steps = column(total),
        times = column(total),
        values = column(total);
      let from = 0;
      for (let i = 0; i < tags.length; i++) {
        const to = from + counts[i];
        if (to > from) newest = Math.max(newest, times[to - 1]);
        const points = {
          run,
          segment,
          tag: tags[i],
          n: n[i],
          count: counts[i],
          at,
          steps: steps.subarray(from, to),
          times: times.subarray(from, to),
          values: values.subarray(from, to),
        };
        news.tell("points", points);
        from = to;
      }
    }
    if (head.headlines) news.tell("headlines", head.headlines);
    for (const change of head.changed) news.tell("changed", change);
    for (const [run, tag] of head.again) news.tell("again", run, tag);
    for (const run of head.removed) news.tell("removed", run);
  };
  line.onclose = async () => {
    const wasHeard = greeted;
    show();
    if (asleep) return;
    attempts += 1;
    // Why a line is refused is not told to a page; the server says it to a question.
    const standing = session.isOut() ? "out" : await session.standing();
    show();
    if (standing === "out") return;
    if (standing === "in" && !wasHeard) unheard += 1;
    again = setTimeout(connect, Math.min(2000, 100 * 2 ** Math.min(attempts, 5)) * (0.75 + Math.random() / 2));
  };
}

// Connects, and stays connected for as long as the scope lasts.
/** @param {import("./scope.js").Scope} scope */
export function start(scope) {
  watches.send = sendWatched;
  scope.setInterval(() => {
    if (document.hidden) return;
    show();
    ping();
  }, OLDER);
  // Whoever closed the question finds it here again; or a server that knows the page after all.
  scope.on(light, "click", async () => {
    if (session.isOut() && (await session.standing(true)) !== "out") connect();
  });
  scope.onLeave(
    session.onLetIn(() => {
      if (!asleep) connect();
    }),
  );
  // Seen again, it asks for what it missed, as after a line that broke.
  scope.on(document, "visibilitychange", () => {
    clearTimeout(falling);
    if (document.hidden)
      falling = setTimeout(() => {
        asleep = true;
        socket?.close();
      }, REST);
    else if (asleep) {
      asleep = false;
      connect();
    }
  });
  scope.onLeave(() => {
    asleep = true;
    for (const timer of [again, falling, telling]) clearTimeout(timer);
    socket?.close();
  });
  connect();
}
