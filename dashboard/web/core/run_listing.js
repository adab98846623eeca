// The list of runs as the server tells it: at once; of a large logdir that it looks at for the first time the newest
// first, the others as it comes to them.
import * as api from "./api.js";
import { dictionary } from "./dictionary.js";
import { firstAnswer } from "./curve_requests.js";

/** @typedef {import("./runs.js").Summary} Summary */
/**
 * @typedef {{
 *   runs: (Omit<Summary, "series"> & { series: number })[], tagsets: Record<string, string[]>[],
 *   headlines: string[], news: number, met: number, unmet: { names: string[], began: (number | null)[] },
 *   left?: number,
 * }} Listed series: a number in the tagsets, which runs share; unmet: runs that the server has not looked at yet, the
 *   oldest first
 */
/**
 * @typedef {object} Taker
 * @property {() => void} ask is told before each question
 * @property {(found: Listed, runs: { summary: Summary, has: Set<string> }[], isFirst: boolean) => void} take is given
 *   what is listed; has: the scalars
 */

const GIVES_WAY = 400; // ms that runs not looked at yet wait for the first curves, at the most
const DRAWING = 100; // ms that these take to be drawn
const TOGETHER = 1000; // ms for which answers are taken together: charts draw all of their lines anew for each

let lists = 0;

/**
 * Asks for all runs; the promise is kept when there is a list of all, with what is known of each or without.
 * @param {Taker} taker
 */
export async function listRuns(taker) {
  const number = ++lists;
  taker.ask();
  /** @type {Listed} */
  const found = await api.json("runs", { form: "page" });
  const { names, began } = found.unmet;
  const unmet = names.map((name, i) => ({ summary: unread(name, began[i]), has: NONE }));
  taker.take(found, [...unmet, ...summariesOf(found)], true);
  // Where it ends before its time, the line breaks as well: all is asked for anew when it is back.
  if (names.length) more(taker, number, found).catch(() => {});
}

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// What a hundred thousand runs that were not looked at have is theirs together: objects of their own took half a second
// of the page, most of it for the collector.
/** @type {Set<string>} */
const NONE = new Set();
const NO_LIST = /** @type {never[]} */ (Object.freeze([]));
const NO_NAMES = Object.freeze(dictionary());

/**
 * @param {Taker} taker
 * @param {number} number of the list
 * @param {Listed} before
 */
async function more(taker, number, before) {
  // The first chart goes first: both share the server, and then the page.
  await Promise.race([pause(GIVES_WAY), firstAnswer.then(() => pause(DRAWING))]);
  /** @type {{ summary: Summary, has: Set<string> }[]} */
  let gathered = [];
  let since = 0;
  for (let { met } = before; ; ) {
    if (!gathered.length) {
      taker.ask();
      since = performance.now();
    }
    /** @type {Listed} */
    const found = await api.json("runs", { form: "page", met });
    if (number !== lists) return;
    gathered.push(...summariesOf(found));
    met = found.met;
    if (found.left && performance.now() - since < TOGETHER) continue;
    taker.take(found, gathered, false);
    gathered = [];
    if (found.left) continue;
    // Those that were listed under another headline have its values.
    if (found.headlines[0] !== before.headlines[0]) await listRuns(taker);
    return;
  }
}

/** @param {Listed} found */
function summariesOf({ runs, tagsets }) {
  const has = tagsets.map((set) => new Set(set.scalar ?? []));
  return runs.map(({ series, ...rest }) => ({ summary: { ...rest, series: tagsets[series] }, has: has[series] }));
}

/**
 * A run of which there is only the name, and when it began.
 * @param {string} name
 * @param {number | null} began
 * @returns {Summary}
 */
function unread(name, began) {
  const made = {
    name,
    status: "unread",
    paused: false,
    started: began,
    ended: null,
    ending: null,
    updated: null,
    step: null,
    segments: 0,
    ranks: 1,
    bytes: null,
    group: null,
    tags: NO_LIST,
    notes: "",
    config: NO_NAMES,
    said: NO_NAMES,
    lost: NO_NAMES,
    problems: NO_LIST,
    commands: false,
    proposals: 0,
    findings: null,
    scalars: NO_NAMES,
    series: NO_NAMES,
    // What core/runs.js adds: an object that grows has them elsewhere.
    shown: name,
    labels: NO_LIST,
    has: NONE,
    index: 0,
    colour: 0,
  };
  return made;
}
