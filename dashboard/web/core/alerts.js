// Alerts: rules that are armed, and when they fired; asked for once there is time, and again with each news of them.
// Arming, pausing and letting go of rules goes through here.
import * as api from "./api.js";
import * as live from "./live.js";
import * as state from "./state.js";
import { Emitter } from "./emitter.js";

/**
 * @typedef {{
 *   id: string, rule: string, name: string, run: string, step: number | null, wall_time: number, level: string,
 *   sentence: string, noted: number, desktop: boolean,
 * }} Crossing a moment at which a rule fired
 * @typedef {{ kind: string, [more: string]: any }} Action
 * @typedef {{
 *   id: string, version: number, text: string, title: string, runs: string, actions: Action[], source: string,
 *   armed: number, paused: boolean, ours: boolean, fired: number, last: Crossing | null, delivered: number,
 *   waiting: number, next_try: number | null, given_up: number, trouble: string | null,
 * }} Rule ours: armed by who runs this server
 * @typedef {{ rules: Rule[], crossings: Crossing[], read_only: boolean, may_command: boolean }} Known
 * @typedef {{
 *   run: string, status: string, count: number, tag: string | null,
 *   crossings: { step: number | null, wall_time: number, sentence: string, level: string, share: number,
 *     before_end_s: number }[],
 *   curve: { step: number[], min: number[], max: number[] } | null,
 * }} Fired where a rule would have fired in a run; share: of the run's length
 * @typedef {{
 *   problem: string | null, place: number | null, fired: Fired[], n_fired: number, examined: number, lacking: number,
 *   left: number, problems: { run: string, why: string }[],
 * }} BackTest problem: with the rule's text, at the character place
 */

const AFTER_MS = 2500; // the first page is not to wait for it
const AGAIN_MS = 400;

/** @type {Known} */
let found = { rules: [], crossings: [], read_only: Boolean(state.boot.read_only), may_command: false };
let draft = "";
/** @type {ReturnType<typeof setTimeout> | 0} */
let timer = 0;
let acts = 0; // what was done here, and answered
/** @type {Set<string> | null} */
let told = null; // crossings that need no notification: null before the first answer
const news = new Emitter(["change"]);

/**
 * Told "change" when other rules, or other things of them, are known.
 * @param {string | string[]} kinds
 * @param {() => void} listener
 * @returns {() => void} which ends it
 */
export const on = (kinds, listener) => news.on(kinds, listener);

export const known = () => found;

/** @param {Known} answer */
function take(answer) {
  found = answer;
  const fresh = told ? answer.crossings.filter((each) => each.desktop && !told?.has(each.id)) : [];
  told = new Set(answer.crossings.map((each) => each.id));
  for (const each of fresh.slice(-3)) notify(each);
  news.tell("change");
}

/** @param {Crossing} crossing */
function notify({ id, name, run, step, sentence }) {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const at = step === null ? "" : ` at step ${step}`;
  new Notification(name, { body: `${run}${at}: ${sentence}`, tag: id }); // of several tabs one is shown
}

/** Whether this browser shows notifications; asks its user where that is not said yet. */
export const mayNotify = async () =>
  "Notification" in window &&
  (Notification.permission === "granted" || (await Notification.requestPermission()) === "granted");

export async function read() {
  const before = acts;
  const answer = await api.json("alerts");
  if (acts === before) take(answer);
  else soon(); // it may be older than what was done here meanwhile
}

/** @param {string} path @param {object} what */
async function act(path, what) {
  const before = acts;
  const answer = await api.post(path, what);
  acts += 1;
  if (acts === before + 1) take(answer);
  else soon(); // of two acts the answer of the first may come last
}

/**
 * Where a rule would have fired.
 * @param {string} text
 * @param {string} runs
 * @returns {Promise<BackTest>}
 */
export const test = (text, runs) => api.post("alerts/test", { text, runs });

/** @param {{ text: string, title: string, runs: string, actions?: Action[], id?: string, version?: number }} rule */
export const arm = async (rule) => act("alerts", rule);

/** @param {Rule} rule @param {boolean} paused */
export const pause = async ({ id }, paused) => act("alerts/pause", { id, paused });

/** @param {Rule} rule */
export const remove = async ({ id }) => act("alerts/remove", { id });

// Opens the page with a rule that is begun.
/** @param {string} text */
export function begin(text) {
  draft = text;
  state.set("page", "alerts");
}

/** What a rule was begun with, once. */
export function begun() {
  const text = draft;
  draft = "";
  return text;
}

function soon(ms = AGAIN_MS) {
  if (timer) return;
  timer = setTimeout(() => {
    timer = 0;
    if (navigator.onLine === false) return; // a browser without a network asks once it has one again
    read().catch(() => {}); // the next news ask again
  }, ms);
}

// Follows what is told of them, for as long as the scope lasts.
/** @param {import("./scope.js").Scope} scope */
export function start(scope) {
  scope.on(live, "changed", ({ what }) => {
    if (what.includes("alerts")) soon();
  });
  scope.on(live, "restart", () => soon());
  scope.on(globalThis, "online", () => soon());
  soon(AFTER_MS);
}
