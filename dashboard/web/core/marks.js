// Marks of runs (learning rates that change, resumes, checkpoints, notes), asked for once and again when there are new
// ones.
import * as api from "./api.js";
import * as live from "./live.js";
import { Emitter } from "./emitter.js";

/** @typedef {{ step: number | null, wall_time: number, kind: string, text: string }} Mark of a run */

/** @type {Map<string, Mark[]>} */
const found = new Map(); // run -> marks
/** @type {Set<string>} */
const asked = new Set();
const news = new Emitter(["change"]);
/** @type {Set<string>} */
const wanted = new Set();
/** @type {ReturnType<typeof setTimeout> | 0} */
let timer = 0;
let isAsking = false; // one question after the other: of two answers the older could come last

/**
 * Told "change" when there are other marks.
 * @param {string | string[]} kinds
 * @param {() => void} listener
 * @returns {() => void} which ends it
 */
export const on = (kinds, listener) => news.on(kinds, listener);

// What is known of some runs; what is not is asked for, and told when it comes.
/** @param {string[]} names */
export function known(names) {
  for (const name of names)
    if (!asked.has(name)) {
      asked.add(name);
      wanted.add(name);
    }
  soon(found.size || asked.size > wanted.size ? 100 : 1200); // first the curves
  return found;
}

/** @param {number} ms */
function soon(ms) {
  if (wanted.size && !isAsking) timer ||= setTimeout(ask, ms);
}

async function ask() {
  timer = 0;
  isAsking = true;
  const names = [...wanted].slice(0, api.MOST_RUNS);
  for (const name of names) wanted.delete(name);
  try {
    const { marks } = await api.post("marks", { runs: names });
    const gone = names.filter((name) => found.delete(name)).length; // a finding that was dismissed is marked no more
    for (const [name, each] of Object.entries(marks)) found.set(name, each);
    if (gone || Object.keys(marks).length) news.tell("change");
  } catch {
    names.forEach((name) => asked.delete(name));
  }
  isAsking = false;
  soon(100);
}

// Follows what is told of marks, for as long as the scope lasts.
/** @param {import("./scope.js").Scope} scope */
export function start(scope) {
  scope.on(live, "changed", ({ run, what }) => {
    const isNew = what.includes("marks") || what.includes("findings"); // what was found is marked too
    if (!isNew && !what.includes("line")) return;
    asked.delete(run);
    if (found.has(run) || isNew) known([run]);
  });
  scope.on(live, "restart", () => {
    const names = [...asked];
    asked.clear();
    known(names);
  });
  scope.onLeave(() => clearTimeout(timer));
}
