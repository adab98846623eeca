// What the search over runs says, taken apart: words, /expressions/, conditions on settings and metrics, and a pick as
// "best 20 by val/loss". The same as dashboard/choosing/query.py; tests/web/run_query.json holds both to it.
//
//   adam -sgd               words that are there, and one that is not
//   /seed=[02]$/i           an expression
//   lr=1e-4..1e-2           a setting or the last value of a metric within bounds, which belong to it
//   optimizer=adam,lion     one of several; * stands for anything
//   min:val/loss<0.3        the least value of a metric; also max: best: last:
//   took>90min size>1GB step>10k
//   "a \"b\""="c, d"        within quotation marks everything is a letter, and \" a quotation mark
//   newest 100              a pick of those that pass all else; best 20, worst 5, lowest 3, highest 3 by val/loss
import { lookup } from "./lookup.js";

/**
 * @typedef {{ text: string, number: number | null, pattern: RegExp | null, isQuoted: boolean }} Wanted a value that is
 *   wanted; as a number where it is one, and where it has a * as what fits; one in quotes is what a setting says: "10k"
 *   is not 10000
 * @typedef {{ low: number, high: number }} Bounds which belong to it
 * @typedef {{ is: "word", word: string }} Word in small letters
 * @typedef {{ is: "expression", expression: RegExp }} Expression
 * @typedef {{
 *   is: "condition", key: string, op: "=" | "<" | "<=" | ">" | ">=", any: Wanted[], bounds: Bounds | null,
 *   text: string,
 * }} Condition any: texts of which one is to be equal; text: as it was written
 * @typedef {(Word | Expression | Condition) & { not: boolean }} Term
 * @typedef {"newest" | "oldest" | "best" | "worst" | "lowest" | "highest"} Way
 * @typedef {{ way: Way, count: number, by: string }} Pick by: a key, or nothing for what runs are judged by
 * @typedef {{ terms: Term[], pick: Pick | null, problem: string }} Query problem: a sentence where it is not understood
 */

/** @type {Readonly<Record<string, number>>} */
const UNITS = lookup({
  ...{ "": 1, k: 1e3, M: 1e6, G: 1e9 },
  ...{ s: 1, min: 60, h: 3600, d: 86400, w: 604800 },
  ...{ B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 },
});
const NUMBER = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([A-Za-z]*)$/i;
const ENDLESS = /^([+-]?)inf(?:inity)?$/i;
const SIGN = /!=|<=|>=|=|<|>/;
const PIECE = /^(?:"((?:[^"\\]|\\.)*)"|([^"\s]+))/s;
const BARE = /^(?:[a-z_][\w./:@%+-]*|(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?)$/i;
const WAYS = /^(newest|oldest|best|worst|lowest|highest)$/i;
const EXPRESSION = /^\/(.*?)\/([a-z]*)(?=\s|$)/s;
const UNFINISHED = /^\/(.+)$/s; // an expression whose end is not written yet

/** What was written and cannot be understood; its message is a sentence for whoever wrote it. */
class Unclear extends Error {}

/**
 * A number as people write it: 0.1, 1e-4, 10k, 90min, 2GB, inf; NaN for nan, null for what is none.
 * @param {string} text
 * @returns {number | null}
 */
export function numberIn(text) {
  const found = NUMBER.exec(text);
  if (found) return found[2] in UNITS ? Number(found[1]) * UNITS[found[2]] : null;
  const endless = ENDLESS.exec(text);
  if (endless) return endless[1] === "-" ? -Infinity : Infinity;
  return /^nan$/i.test(text) ? NaN : null;
}

/**
 * A name or a value as a search has it: in quotation marks where it would say something else without them.
 * @param {string} text
 */
export const written = (text) =>
  BARE.test(text) && !text.includes("..") && (/^\d/.test(text) || numberIn(text) === null)
    ? text
    : `"${text.replace(/["\\]/g, "\\$&")}"`;

/**
 * @param {string} text
 * @returns {Query}
 */
export function parse(text) {
  try {
    const tokens = [...tokensOf(text)];
    /** @type {Term[]} */
    const terms = [];
    /** @type {Pick | null} */
    let pick = null;
    for (let i = 0; i < tokens.length; i++) {
      const found = pickAt(tokens, i);
      if (!found) {
        const term = termOf(tokens[i]);
        if (term) terms.push(term);
        continue;
      }
      if (pick) throw new Unclear("Only one of newest, oldest, best, worst, lowest and highest can be asked for.");
      pick = found.pick;
      i += found.length - 1;
    }
    return { terms, pick, problem: "" };
  } catch (error) {
    if (!(error instanceof Unclear)) throw error;
    return { terms: [], pick: null, problem: error.message };
  }
}

/**
 * @typedef {{ text: string, isQuoted: boolean }} Piece
 * @typedef {{ pieces: Piece[], expression: [body: string, flags: string] | null, not: boolean }} Token
 */

/**
 * What stands between spaces; within quotes and expressions a space is one of theirs.
 * @param {string} text
 * @returns {Generator<Token>}
 */
function* tokensOf(text) {
  let rest = text.trim();
  while (rest) {
    const not = rest.length > 1 && rest[0] === "-" && !/^-\s/.test(rest);
    if (not) rest = rest.slice(1);
    const expression = EXPRESSION.exec(rest) ?? UNFINISHED.exec(rest);
    /** @type {Piece[]} */
    const pieces = [];
    if (expression) rest = rest.slice(expression[0].length);
    else
      while (/^\S/.test(rest)) {
        const found = PIECE.exec(rest);
        if (!found) throw new Unclear(`A quotation mark is open: ${rest}`);
        const [all, quoted, plain] = found;
        const isQuoted = quoted !== undefined;
        pieces.push({ text: isQuoted ? quoted.replace(/\\(["\\])/g, "$1") : plain, isQuoted });
        rest = rest.slice(all.length);
      }
    rest = rest.trimStart();
    yield { pieces, expression: expression ? [expression[1], expression[2] ?? ""] : null, not };
  }
}

/** @param {Piece[]} pieces */
const joined = (pieces) => pieces.map(({ text }) => text).join("");
/** @param {Piece[]} pieces */
const hasQuotes = (pieces) => pieces.some(({ isQuoted }) => isQuoted);

/**
 * What stands before and after the first of it that is not in quotation marks; null for none.
 * @param {Piece[]} pieces
 * @param {RegExp} at
 * @returns {{ before: Piece[], sign: string, after: Piece[] } | null}
 */
function cutAt(pieces, at) {
  for (const [i, { text, isQuoted }] of pieces.entries()) {
    const found = isQuoted ? null : at.exec(text);
    if (!found) continue;
    const plain = (/** @type {string} */ part) => (part ? [{ text: part, isQuoted: false }] : []);
    return {
      before: [...pieces.slice(0, i), ...plain(text.slice(0, found.index))],
      sign: found[0],
      after: [...plain(text.slice(found.index + found[0].length)), ...pieces.slice(i + 1)],
    };
  }
  return null;
}

/**
 * @param {Token} token
 * @returns {Term | null} null for what says nothing
 */
function termOf({ pieces, expression, not }) {
  if (expression) return { is: "expression", expression: expressionOf(...expression), not };
  const text = joined(pieces),
    found = cutAt(pieces, SIGN);
  if (!found?.before.length)
    return text && (text !== "-" || hasQuotes(pieces)) ? { is: "word", word: text.toLowerCase(), not } : null;
  const { before, sign, after } = found;
  const key = joined(before),
    op = /** @type {Condition["op"]} */ (sign === "!=" ? "=" : sign);
  if (!after.length) {
    const name = written(key);
    throw new Unclear(`${name}${sign} wants a value, such as ${name}${sign}0.1.`);
  }
  const bounds = boundsOf(key, op, after);
  const any = bounds ? [] : partsOf(after).map(wantedOf);
  return { is: "condition", key, op, any, bounds, text, not: not !== (sign === "!=") };
}

/** Values with a comma between; a list is one. @param {Piece[]} value */
function partsOf(value) {
  if (!value[0].isQuoted && value[0].text.startsWith("[")) return [value];
  const parts = [];
  let rest = value;
  for (let found = cutAt(rest, /,/); found; found = cutAt(rest, /,/)) {
    parts.push(found.before);
    rest = found.after;
  }
  return [...parts, rest].filter((part) => part.length);
}

/** @param {Piece[]} part @returns {Wanted} */
function wantedOf(part) {
  const text = joined(part);
  const escaped = (/** @type {string} */ each) => each.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const fits = part.map((each) => {
    const lower = each.text.toLowerCase();
    return each.isQuoted ? escaped(lower) : lower.split("*").map(escaped).join("[^]*");
  });
  const pattern = cutAt(part, /\*/) ? new RegExp(`^${fits.join("")}$`) : null;
  return { text: text.toLowerCase(), number: numberIn(text), pattern, isQuoted: hasQuotes(part) };
}

/**
 * Null where values are to be equal to one of some.
 * @param {string} key
 * @param {Condition["op"]} op
 * @param {Piece[]} pieces
 * @returns {Bounds | null}
 */
function boundsOf(key, op, pieces) {
  const name = written(key),
    value = joined(pieces);
  if (op !== "=") {
    const bound = numberIn(value);
    if (bound === null || Number.isNaN(bound))
      throw new Unclear(`After ${name}${op} comes a number, such as ${name}${op}0.1, and not “${value}”.`);
    return op[0] === "<" ? { low: -Infinity, high: bound } : { low: bound, high: Infinity };
  }
  const found = cutAt(pieces, /\.\./);
  if (!found) return null;
  const [from, to] = [joined(found.before), joined(found.after)];
  const low = from ? numberIn(from) : -Infinity,
    high = to ? numberIn(to) : Infinity;
  if (low === null && high === null) return null; // dots within a text
  if (low === null || high === null || Number.isNaN(low) || Number.isNaN(high))
    throw new Unclear(`${name}=${value} is no range: both ends are numbers, such as ${name}=1e-4..1e-2.`);
  if (low > high) throw new Unclear(`${name}=${value} holds nothing: the lesser end comes first.`);
  return { low, high };
}

/**
 * @param {string} body
 * @param {string} flags
 */
function expressionOf(body, flags) {
  try {
    return new RegExp(body, [...new Set(flags)].filter((flag) => "iu".includes(flag)).join(""));
  } catch (error) {
    const why = /** @type {Error} */ (error).message.replace(/^Invalid regular expression: /, "");
    throw new Unclear(`The expression cannot be understood: ${why}`);
  }
}

/**
 * @param {Token[]} tokens
 * @param {number} i
 * @returns {{ pick: Pick, length: number } | null}
 */
function pickAt(tokens, i) {
  const word = (/** @type {number} */ at) => {
    const token = tokens[at];
    return token && !hasQuotes(token.pieces) && !token.not && !token.expression ? joined(token.pieces) : "";
  };
  if (!WAYS.test(word(i)) || !/^\d+$/.test(word(i + 1))) return null;
  const way = /** @type {Way} */ (word(i).toLowerCase()),
    count = Number(word(i + 1));
  if (!count) throw new Unclear(`${way} wants a number of runs, such as ${way} 20.`);
  if (/^(newest|oldest)$/.test(way) || word(i + 2).toLowerCase() !== "by")
    return { pick: { way, count, by: "" }, length: 2 };
  const by = tokens[i + 3];
  if (!by || by.expression)
    throw new Unclear(`After “by” comes a metric or a setting, such as ${way} ${count} by val/loss.`);
  return { pick: { way, count, by: joined(by.pieces) }, length: 4 };
}
