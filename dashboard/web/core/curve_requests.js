// Questions for curves: what several places ask at the same moment becomes one, and what is seen first goes first.
//
// The server opens each run's file once for all tags of a question, which is most of what a question costs. So it is
// worth waiting for a few: one large question is under way while the answer before is drawn, and another waits there.
import { MOST_RUNS, postPacked } from "./api.js";

const UNDER_WAY = 2; // large questions at a time
const CURVES = 3000; // of one question, at the most: 15 MB of runs of 200 points
const TAGS = 64; // of one question, as many as the server takes
const FIRST_RUNS = 100; // of more than twice as many, those that are asked for before the others
const PART_RUNS = 3000; // of one part, but for the last
const MANY = 200; // runs from which on a question says what will be asked next
const SMALL = 64; // curves of a question that waits for nobody: a zoom, a live gap

/**
 * In what form curves are asked for, which the wishes of one question have in common.
 * @typedef {object} Form
 * @property {number} columns
 * @property {"step" | "wall_time" | "relative" | "metric"} [axis]
 * @property {boolean} [log] whether columns are as wide as each other on a logarithmic axis
 * @property {"joined"} [ranks] whether what several ranks logged is one curve
 * @property {string} [x] with axis metric: a tag, or an expression
 * @property {number} [start]
 * @property {number} [stop]
 */

/** @typedef {(count: number) => Float64Array} Column */

/**
 * @typedef {object} Wish
 * @property {string} tag
 * @property {string[]} runs
 * @property {Form} form
 * @property {boolean} isRest whether it makes a chart whole
 * @property {() => number} rank asked when a question is made; the least goes first
 * @property {(head: any, column: Column) => void} take is given an answer and has to consume all of its columns
 * @property {(error: Error) => void} fail
 * @property {() => void} done after either
 */

/** @type {(Wish & { key: string })[]} */
const waiting = [];
let underWay = 0,
  scheduled = false,
  isWhole = false,
  answered = 0;

/** @param {Wish} wish */
export function ask(wish) {
  waiting.push({ ...wish, key: JSON.stringify([wish.form, wish.runs.length, wish.runs[0], wish.runs.at(-1)]) });
  if (!scheduled) queueMicrotask(send);
  scheduled = true;
}

/**
 * The runs of each question, of very many the newest first: there is something to see while the others come. Each part
 * is larger than all before it, as whoever draws them draws all of them again.
 * @param {string[]} runs in the order of drawing
 */
export function partsOf(runs) {
  const parts = [];
  let size = FIRST_RUNS,
    end = runs.length;
  while (end > Math.min(2 * size, MOST_RUNS)) {
    parts.push(runs.slice(end - size, end));
    end -= size;
    size = Math.min(PART_RUNS, size * 4);
  }
  return end ? [...parts, runs.slice(0, end)] : parts;
}

// For how many milliseconds nothing was asked about curves.
export const quiet = () => (underWay ? 0 : performance.now() - answered);

let tellAnswered = () => {};
/** Kept once the first question was answered. @type {Promise<void>} */
export const firstAnswer = new Promise((done) => {
  tellAnswered = done;
});

/** @param {Wish} wish */
const isPlain = ({ tag, form }) => tag[0] !== "=" && form.x === undefined;
/** @param {Wish} wish */
const isSmall = ({ runs }) => runs.length <= SMALL;

function send() {
  scheduled = false;
  for (const wish of waiting.filter(isSmall)) if (waiting.length < 2 || !together(wish).length) put([wish]);
  const ranks = new Map(waiting.map((wish) => [wish, wish.rank()]));
  const rank = (/** @type {Wish & { key: string }} */ wish) => /** @type {number} */ (ranks.get(wish));
  waiting.sort((a, b) => rank(a) - rank(b));
  while (waiting.length && underWay < UNDER_WAY) {
    const first = waiting[0];
    // The very first goes alone, and so does what makes it whole: a chart that is there is worth more than all of them
    // a moment later.
    const alone = !underWay || (first.isRest && !isWhole);
    isWhole ||= first.isRest;
    put(alone ? [first] : [first, ...together(first)]);
  }
}

// What can be asked together with a wish.
/** @param {Wish & { key: string }} first */
function together(first) {
  if (!isPlain(first)) return [];
  return same(first).slice(0, Math.min(TAGS, Math.max(1, Math.floor(CURVES / first.runs.length))) - 1);
}

// What waits and is of the same runs, in the same form.
/** @param {Wish & { key: string }} first */
const same = (first) =>
  waiting.filter(
    (wish) =>
      wish !== first && wish.key === first.key && isPlain(wish) && wish.runs.every((run, i) => run === first.runs[i]),
  );

/** @param {(Wish & { key: string })[]} wishes */
async function put(wishes) {
  for (const wish of wishes) waiting.splice(waiting.indexOf(wish), 1);
  const [{ runs, form, tag }] = wishes;
  underWay++;
  try {
    const one = wishes.length === 1;
    const tags = one ? { tag } : { tags: wishes.map((wish) => wish.tag) };
    // Of very many runs the server reads at once what will be asked for next.
    const also = runs.length > MANY ? same(wishes[0]).map((wish) => wish.tag) : [];
    const more = also.length ? { also: also.slice(0, TAGS - wishes.length) } : {};
    const { head, column } = await postPacked("curves", { ...form, runs, ...tags, ...more });
    // Of what is too large for one answer the last are left out, and have their turn next.
    const answers = one ? [head] : head.answers;
    waiting.push(...wishes.splice(answers.length));
    wishes.forEach((wish, i) => wish.take(answers[i], column));
  } catch (error) {
    for (const wish of wishes) wish.fail(/** @type {Error} */ (error));
  } finally {
    underWay--;
    answered = performance.now();
    for (const wish of wishes) wish.done();
    tellAnswered();
    send();
  }
}
