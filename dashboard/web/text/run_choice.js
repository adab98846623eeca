// Which runs a query lets through, and in which order runs stand. The same as dashboard/choosing/choice.py.
import { isNumber } from "./config.js";
import { inOrder, isWanted, searched } from "./run_fields.js";
import { written } from "./run_query.js";

/**
 * @typedef {import("./run_fields.js").Named} Named
 * @typedef {import("./run_fields.js").Fields} Fields
 * @typedef {import("./run_fields.js").Field} Field
 * @typedef {import("./run_query.js").Query} Query
 * @typedef {import("./run_query.js").Term} Term
 * @typedef {{
 *   names: Set<string> | null, problem: string, tags: string[], isLive: boolean,
 * }} Choice names: of those that pass, null for all; problem: a sentence where something is not understood, or is
 *   nobody's; tags: of metrics that it rests on; isLive: whether it changes when points come
 */

/**
 * What the search looks through: a run's names, tags, and settings as key=value.
 * @param {Named} run
 * @returns {string[]}
 */
export const textsOf = (run) => [
  ...new Set([run.name, run.shown, ...run.labels, ...searched(run).map(([key, value]) => `${key}=${value}`)]),
];

/** @type {WeakMap<Named, string>} */
const lowers = new WeakMap(); // the same in one text of small letters: of 10,000 runs it is asked at every letter
/** @param {Named} run */
function lowerOf(run) {
  const known = lowers.get(run);
  if (known !== undefined) return known;
  let found = `${run.name}\n${run.shown}`;
  for (const label of run.labels) found += `\n${label}`;
  for (const [key, value] of searched(run)) found += `\n${key}=${value}`;
  found = found.toLowerCase();
  lowers.set(run, found);
  return found;
}

/**
 * @param {Query} query
 * @param {Named[]} runs the newest first
 * @param {Fields} fields of them
 * @param {string | null} headline the metric that they are judged by
 * @returns {Choice}
 */
export function choose(query, runs, fields, headline) {
  const problems = query.problem ? [query.problem] : [];
  /** @type {Set<string>} */
  const tags = new Set();
  /** @type {((run: Named) => boolean)[]} */
  const tests = [];
  for (const term of query.terms) {
    const test = testOf(term, runs, fields, tags, problems);
    tests.push(term.not ? (run) => !test(run) : test);
  }
  let passing = tests.length ? runs.filter((run) => tests.every((test) => test(run))) : runs;
  if (query.pick) passing = picked(query.pick, passing, fields, headline, tags, problems);
  return {
    names: passing === runs ? null : new Set(passing.map(({ name }) => name)),
    problem: problems[0] ?? "",
    tags: [...tags],
    isLive: tags.size > 0,
  };
}

/**
 * @param {Term} term
 * @param {Named[]} runs
 * @param {Fields} fields
 * @param {Set<string>} tags
 * @param {string[]} problems
 * @returns {(run: Named) => boolean}
 */
function testOf(term, runs, fields, tags, problems) {
  if (term.is === "word") return (run) => lowerOf(run).includes(term.word);
  if (term.is === "expression") {
    const { expression } = term;
    return (run) => {
      const texts = textsOf(run);
      return texts.some((each) => expression.test(each)) || expression.test(texts.join(" "));
    };
  }
  const field = fields.find(term.key);
  if (typeof field === "string") {
    problems.push(field);
    return () => !term.not; // it lets everything through, as what is not understood does
  }
  if (!field) {
    const text = term.text.toLowerCase();
    if (term.op === "=" && runs.some((run) => lowerOf(run).includes(text))) return (run) => lowerOf(run).includes(text);
    problems.push(unknown(term.key, fields));
    return () => false;
  }
  if (field.tag) tags.add(field.tag);
  const { bounds, any } = term;
  if (bounds) {
    const { low, high } = bounds;
    /** @type {(value: number) => boolean} */
    const within =
      term.op === "<"
        ? (value) => value < high
        : term.op === ">"
          ? (value) => value > low
          : (value) => value >= low && value <= high;
    return (run) => within(numberOf(field.of(run)));
  }
  const isTag = field.id === "tag";
  return (run) => {
    const value = field.of(run);
    if (value === null) return false;
    if (isTag) return run.labels.some((label) => any.some((wanted) => isWanted(label, wanted)));
    return any.some((wanted) => isWanted(value, wanted));
  };
}

/** @param {string} key @param {Fields} fields */
function unknown(key, fields) {
  const near = fields.nearest(key);
  return `No run has a setting or metric “${key}”${near ? `. Is “${written(near)}” meant?` : "."}`;
}

/** @param {string | number | null} value @returns {number} NaN for what is none */
export const numberOf = (value) =>
  typeof value === "number" ? value : typeof value === "string" && isNumber(value) ? Number(value) : NaN;

/**
 * @param {import("./run_query.js").Pick} pick
 * @param {Named[]} runs
 * @param {Fields} fields
 * @param {string | null} headline
 * @param {Set<string>} tags
 * @param {string[]} problems
 * @returns {Named[]}
 */
function picked({ way, count, by }, runs, fields, headline, tags, problems) {
  if (way === "newest") return runs.slice(0, count);
  if (way === "oldest") return runs.slice(-count);
  const isOfBest = way === "best" || way === "worst";
  const found = by
    ? isOfBest
      ? bestOf(by, fields)
      : fields.find(by)
    : headline === null
      ? null
      : fields.metricOf(headline, "best");
  if (!found || typeof found === "string") {
    problems.push(found ?? (by ? unknown(by, fields) : `No run has a metric to pick the ${way} by.`));
    return typeof found === "string" ? runs : [];
  }
  if (found.tag) tags.add(found.tag);
  const isFalling =
    way === "highest" || (way === "best" && found.isMoreBetter) || (way === "worst" && !found.isMoreBetter);
  return sorted(
    runs.filter((run) => !Number.isNaN(numberOf(found.of(run)))),
    found,
    isFalling,
  ).slice(0, count);
}

/**
 * As find() has it; a metric that is named without more is meant at its best.
 * @param {string} key
 * @param {Fields} fields
 */
export function bestOf(key, fields) {
  const found = fields.find(key);
  return found && typeof found !== "string" && found.tag && found.aspect === "last" && !key.startsWith("last:")
    ? fields.metricOf(found.tag, "best")
    : found;
}

/**
 * Runs by what they have in a field; equal ones stay as they are, and what has nothing is last.
 * @template {Named} T
 * @param {T[]} runs
 * @param {Field} field
 * @param {boolean} isFalling
 * @returns {T[]}
 */
export const sorted = (runs, field, isFalling) =>
  runs
    .map((run) => ({ run, value: field.of(run) }))
    .sort((a, b) => inOrder(a.value, b.value, isFalling))
    .map(({ run }) => run);
