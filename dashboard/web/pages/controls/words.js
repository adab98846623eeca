// What is said of a command and of what became of it, in words.
import * as format from "../../text/format.js";
import { lookup } from "../../text/lookup.js";

/** @typedef {import("../../core/commands.js").Command} Command */
/** @typedef {"waiting" | "good" | "bad" | "over"} Tone of what became of a command */

export const LONGEST = 80; // letters of a value; all of them are in its title

/**
 * A value of a control, in a few letters.
 * @param {unknown} value
 * @returns {string}
 */
export function valueWords(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "number") return format.brief(value);
  if (value === "") return "“”";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

/** @type {Readonly<Record<string, (value: unknown) => string>>} */
const OWN = lookup({
  stop: () => "Stop",
  paused: (value) => (value ? "Pause" : "Go on"),
  "log more": (value) => `Log more for ${typeof value === "number" ? format.plural(value, "step") : "some steps"}`,
});

/**
 * What was asked for: what every run has by its button's name, a control with its old and new value, an action alone.
 * @param {Pick<Command, "name" | "value" | "old">} command
 * @returns {string}
 */
export function askedWords({ name, value, old }) {
  const own = OWN[name];
  if (own) return own(value);
  if (value === null || value === undefined) return name;
  return old === null || old === undefined
    ? `${name} → ${valueWords(value)}`
    : `${name} ${valueWords(old)} → ${valueWords(value)}`;
}

/** @type {Readonly<Record<string, [tone: Tone, word: string]>>} */
const OUTCOMES = lookup({
  applied: ["good", "applied"],
  started: ["waiting", "started"],
  done: ["good", "done"],
  failed: ["bad", "failed"],
  refused: ["bad", "refused"],
  "never applied": ["over", "never applied"],
});

/**
 * What became of it: "applied at step 1,234", "refused: …", "waiting 3 s".
 * @param {Command} command
 * @param {number} now seconds since the epoch, as the server counts them
 * @returns {{ tone: Tone, text: string }}
 */
export function outcomeWords(command, now) {
  const { outcome, step, why } = command;
  if (outcome === "pending") return { tone: "waiting", text: waitingWords(command, now) };
  const [tone, word] = OUTCOMES[outcome] ?? ["over", String(outcome)];
  const at = step === null || step === undefined || tone === "over" ? "" : ` at step ${format.step(step)}`;
  return { tone, text: why ? `${word}${at}: ${why}` : `${word}${at}` };
}

const PATIENCE_S = 10; // after which it is said what is waited for

/**
 * @param {Command} command
 * @param {number} now
 * @returns {string}
 */
function waitingWords({ asked, why }, now) {
  const seconds = Math.max(0, now - asked);
  const waited = seconds < 1 ? "waiting" : `waiting ${format.duration(Math.floor(seconds))}`;
  return seconds < PATIENCE_S || !why ? waited : `${waited}: ${why}`;
}

/**
 * Whether a command still waits for its answer.
 * @param {Command} command
 */
export const isPending = ({ outcome }) => outcome === "pending" || outcome === "started";
