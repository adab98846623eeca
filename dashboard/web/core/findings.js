// Findings of runs: what went wrong in each, asked for when somebody shows it, and again when it is said to be another.
import * as api from "./api.js";
import * as commands from "./commands.js";
import * as live from "./live.js";
import * as runs from "./runs.js";
import { Emitter } from "./emitter.js";

/** @typedef {{ reason: string, author: string | null, wall_time: number }} Dismissal */
/**
 * One thing that is wrong with a run, or worth knowing; see tracker/findings/finding.py.
 * @typedef {{
 *   id: string, kind: string, severity: import("../text/finding_words.js").Severity, layer: string | null,
 *   step: number | null, step_last: number | null, confidence: number, sentence: string, advice: string,
 *   evidence: { tags: string[], window: [number, number] | null }, dismissed: Dismissal | null,
 * }} Finding
 */

const TOGETHER = 6; // runs that are asked for one by one; of more, all there are
const PAUSE_MS = 30; // while others may want some, too

/** @type {Map<string, Finding[]>} */
const found = new Map(); // run -> the worst first
/** @type {Map<string, string>} */
const asked = new Map(); // run -> the counts that it had then
/** @type {Set<string>} */
let wanted = new Set();
/** @type {ReturnType<typeof setTimeout> | 0} */
let timer = 0;
let isAsking = false;
/** @type {Map<string, number>} */
const dismissing = new Map(); // run -> dismissals that the server has not answered yet
/** @type {Set<string>} */
let outdated = new Set(); // runs of which one was answered since the answer under way was asked for
let isAll = false; // whether runs without any are wanted, too: those whose findings were all dismissed
export let problem = ""; // why they could not be read
const news = new Emitter(["change"]);
/** @type {import("../text/finding_words.js").Counts} */
const NOTHING = [0, 0, 0];

/**
 * Told "change" when other things are known.
 * @param {string | string[]} kinds
 * @param {() => void} listener
 * @returns {() => void} which ends it
 */
export const on = (kinds, listener) => news.on(kinds, listener);

/** What is known of a run; undefined until it was asked for. @param {string} run */
export const known = (run) => found.get(run);

/** Errors, warnings and infos of a run that nobody dismissed. @param {import("./runs.js").Run} run */
export const countsOf = (run) => run.findings ?? NOTHING;

/** Whether a run has errors or warnings. @param {import("./runs.js").Run} run */
export const isBad = (run) => countsOf(run)[0] + countsOf(run)[1] > 0;

// What the list of runs says of the findings of one.
/** @param {string} name */
const countsIn = (name) => String(runs.get(name)?.findings ?? "");

/**
 * Asks for the findings of some runs, where they are not known as they are now.
 * @param {Iterable<string>} names
 */
export function want(names) {
  for (const name of names)
    if (asked.get(name) !== countsIn(name)) {
      asked.set(name, countsIn(name));
      wanted.add(name);
    }
  soon();
}

/** Asks for those of all runs. */
export function wantAll() {
  isAll = true;
  want(runs.names());
}

/** Whether this server keeps what is dismissed. */
export const isReadOnly = () => commands.isReadOnly();

/** Whether nothing is on its way. */
export const isIdle = () => !wanted.size && !isAsking;

function soon() {
  if (wanted.size && !isAsking) timer ||= setTimeout(ask, PAUSE_MS);
}

async function ask() {
  timer = 0;
  isAsking = true;
  const names = [...wanted];
  wanted = new Set();
  outdated = new Set();
  let isNew = false;
  try {
    for (const [name, findings] of await answers(names)) {
      if (dismissing.has(name) || outdated.has(name)) continue; // it may not know of that, and is asked once more
      isNew ||= JSON.stringify(found.get(name)) !== JSON.stringify(findings);
      found.set(name, findings);
    }
    isNew ||= problem !== "";
    problem = "";
  } catch (error) {
    for (const name of names) asked.delete(name);
    isNew = true;
    problem = /** @type {Error} */ (error).message;
  }
  isAsking = false;
  if (isNew || names.some((name) => !found.has(name))) news.tell("change");
  soon();
}

/**
 * @param {string[]} names
 * @returns {Promise<[run: string, findings: Finding[]][]>}
 */
async function answers(names) {
  if (names.length <= TOGETHER && !(isAll && !found.size))
    return Promise.all(
      names.map(async (name) => {
        /** @type {{ findings: Finding[] }} */
        const { findings } = await api.json("findings", { run: name });
        return [name, findings];
      }),
    );
  /** @type {{ runs: Record<string, Finding[]> }} */
  const told = await api.json("findings");
  return names.map((name) => [name, told.runs[name] ?? []]);
}

/**
 * Dismisses a finding with a reason, or takes that back with null; at once, until the server says otherwise.
 * @param {string} run
 * @param {string} id
 * @param {string | null} reason
 */
export async function dismiss(run, id, reason) {
  const before = found.get(run) ?? [];
  const author = commands.author() || null;
  const dismissed = reason === null ? null : { reason, author, wall_time: Date.now() / 1000 };
  found.set(
    run,
    before.map((each) => (each.id === id ? { ...each, dismissed } : each)),
  );
  news.tell("change");
  dismissing.set(run, (dismissing.get(run) ?? 0) + 1);
  try {
    await api.post("findings/dismiss", { run, id, reason, author });
  } catch (error) {
    found.set(run, before);
    news.tell("change");
    throw error;
  } finally {
    const left = (dismissing.get(run) ?? 1) - 1;
    if (left) dismissing.set(run, left);
    else dismissing.delete(run);
    outdated.add(run);
    wanted.add(run);
    soon();
  }
}

// Follows what is told of runs, for as long as the scope lasts.
/** @param {import("./scope.js").Scope} scope */
export function start(scope) {
  scope.on(live, "changed", ({ run, what }) => {
    if (!what.includes("findings")) return;
    const isFollowed = isAll || asked.delete(run);
    asked.delete(run);
    if (isFollowed) want([run]);
  });
  scope.on(runs, ["runs", "run"], () => {
    for (const name of found.keys())
      if (!runs.get(name)) {
        found.delete(name);
        asked.delete(name);
      }
    want(isAll ? runs.names() : asked.keys()); // the line was away, and the list is another
  });
  scope.on(live, "restart", () => {
    const names = [...asked.keys()];
    asked.clear();
    want(names);
  });
  scope.onLeave(() => clearTimeout(timer));
}
