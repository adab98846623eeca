// What runs can be asked (controls, actions, to stop), what they were asked and answered, and what agents propose: kept
// for the runs that somebody follows, and asked for again when the live feed tells of any. Asking a run something, and
// answering a proposal, goes through here.
import * as api from "./api.js";
import * as live from "./live.js";
import { Emitter } from "./emitter.js";
import { boot, local } from "./state.js";

/**
 * @typedef {{
 *   name: string, type: string, value: any, low: number | null, high: number | null, log: boolean,
 *   choices: any[], confirm: boolean, doc: string, own: boolean, cut: number,
 * }} Control own: every run has it; cut: letters of a text that are too many to be told, of which value has the first
 * @typedef {{
 *   nonce: string, name: string, value: any, old: any, author: string | null, asked: number, answered: number | null,
 *   step: number | null, outcome: string, why: string, cut: boolean,
 * }} Command times in seconds since the epoch; outcome "pending" while there is no answer;
 *   cut: value is the beginning of a longer text
 * @typedef {{
 *   id: string, control: string, value: any, expected: any, author: string, why: string, proposed: number,
 *   standing: string, why_not: string, by: string, answered: number | null, command: Command | null,
 * }} Proposal of an agent; standing: waiting, accepted, declined, lapsed; why_not: why it cannot be accepted, or ""
 * @typedef {{
 *   run: string, live: boolean, why: string, controls: Control[], more: number, problem: string, commands: Command[],
 *   earlier: number, proposals: Proposal[],
 * }} Asked of a run, the newest command last; live: it takes commands, why: or why not; problem: of controls that
 *   cannot be read; more, earlier: so many are not told
 */

/** @type {Map<string, Asked>} */
const found = new Map();
/** @type {Map<string, number>} */
const followed = new Map(); // run -> how many follow it
/**
 * @typedef {{ again: boolean, isOld: boolean }} UnderWay again: whether it is asked once more after this; isOld: that
 *   something was done here meanwhile of which the answer may not know
 */
/** @type {Map<string, UnderWay>} */
const asking = new Map(); // run -> the answer that is under way
const news = new Emitter(["change"]);

/**
 * Told "change" with a run's name when other things are known of it.
 * @param {string | string[]} kinds
 * @param {(run: string) => void} listener
 * @returns {() => void} which ends it
 */
export const on = (kinds, listener) => news.on(kinds, listener);

/** Whether this server takes commands at all. */
export const isReadOnly = () => Boolean(boot.read_only);

/**
 * What is known of a run.
 * @param {string} run
 */
export const known = (run) => found.get(run);

/**
 * Asks for a run, and again with each news of it, for as long as the scope lasts.
 * @param {string} run
 * @param {import("./scope.js").Scope} scope
 */
export function follow(run, scope) {
  followed.set(run, (followed.get(run) ?? 0) + 1);
  scope.onLeave(() => {
    const left = (followed.get(run) ?? 1) - 1;
    if (left) followed.set(run, left);
    else {
      followed.delete(run);
      found.delete(run);
    }
  });
  ask(run);
}

/**
 * Asks the server what it knows of a run now. News that come meanwhile have it asked once more.
 * @param {string} run
 * @returns {Promise<Asked | undefined>}
 */
export async function ask(run) {
  const before = asking.get(run);
  if (before) {
    before.again = true;
    return found.get(run);
  }
  const underWay = { again: false, isOld: false };
  asking.set(run, underWay);
  try {
    // In this order: a value that is newer than what is known of its change is the one that was asked for. The other
    // way round a change that was applied would show the value before it.
    const { commands, earlier } = await api.json("commands", { run });
    const [offered, { proposals }] = await Promise.all([api.json("controls", { run }), api.json("proposals", { run })]);
    const known = /** @type {Asked} */ ({ ...offered, commands, earlier, proposals });
    if (!underWay.isOld) {
      if (followed.has(run)) found.set(run, known);
      news.tell("change", run);
    }
    return known;
  } catch {
    return found.get(run); // the run has gone, or the line broke, after which all is asked again
  } finally {
    asking.delete(run);
    if (underWay.again) ask(run);
  }
}

// An answer that was asked for before something was done here would take it back for a moment: the value that was set,
// a proposal that was accepted.
/** @param {string} run */
function outdate(run) {
  const underWay = asking.get(run);
  if (underWay) underWay.again = underWay.isOld = true;
}

/**
 * Asks a run for something: what becomes of it is news. An answer that is lost on the way is asked for again: the same
 * nonce is the same command.
 * @param {string} run
 * @param {string} name of a control, an action, or of what every run has
 * @param {unknown} value
 * @param {unknown} [expected] what it is to replace; null where that does not matter
 * @returns {Promise<Command>}
 * @throws with the server's sentence when it refuses
 */
export async function send(run, name, value, expected = null) {
  const nonce = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  const body = { run, name, value, expected, nonce, author: author() || null };
  /** @type {{ command: Command }} */
  const { command } = await patiently("commands", body);
  outdate(run);
  const known = found.get(run);
  if (known && !known.commands.some((each) => each.nonce === nonce)) {
    known.commands = [...known.commands, command];
    news.tell("change", run);
  }
  return command;
}

/**
 * Accepts what an agent proposed, which asks the run, or declines it. Twice is once.
 * @param {string} run
 * @param {string} id of the proposal
 * @param {boolean} accept
 * @returns {Promise<Proposal>} as it stands then
 * @throws with the server's sentence when it refuses
 */
export async function answer(run, id, accept) {
  /** @type {{ proposal: Proposal }} */
  const { proposal } = await patiently("proposals", { run, id, accept, author: author() || null });
  outdate(run);
  const known = found.get(run);
  if (known) {
    known.proposals = known.proposals.map((each) => (each.id === id ? proposal : each));
    news.tell("change", run);
  }
  return proposal;
}

/**
 * What the server says, asked once more where nobody answers.
 * @param {string} path
 * @param {object} body
 * @returns {Promise<any>}
 */
async function patiently(path, body) {
  for (let tries = 1; ; tries++) {
    try {
      return await api.post(path, body);
    } catch (error) {
      if (!(error instanceof TypeError) || tries === TRIES) throw error; // a TypeError is that nobody answered
      await new Promise((done) => setTimeout(done, 200 * tries));
    }
  }
}

const TRIES = 4;

/** Who asks, as the user of this browser wants to be called; "" for nobody in particular. */
export const author = () => String(local.get("author", "") || "");
/** @param {string} name */
export const setAuthor = (name) => local.set("author", name.trim().slice(0, 100));

const TELLS = ["receipts", "commands", "proposals", "control", "line", "runs"];

/**
 * Follows what is told of runs, for as long as the scope lasts.
 * @param {import("./scope.js").Scope} scope
 */
export function start(scope) {
  scope.on(live, "changed", (/** @type {{ run: string, what: string[] }} */ { run, what }) => {
    if (followed.has(run) && TELLS.some((each) => what.includes(each))) ask(run);
  });
  scope.on(live, "restart", () => {
    for (const run of followed.keys()) ask(run);
  });
}
