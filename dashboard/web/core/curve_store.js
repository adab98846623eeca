// Questions for curves: what several cards ask at the same moment becomes one, and what is seen first goes first.
//
// The server opens each run's file once for all tags of a question, which is most of what a question costs. So it is
// worth waiting for a few: one large question is under way while the answer before is drawn, and another waits there.
import * as api from "./api.js";

const UNDER_WAY = 2; // large questions at a time
const CURVES = 3000; // of one question, at the most: 15 MB of runs of 200 points
const TAGS = 64; // of one question, as many as the server takes
const SMALL = 64; // curves of a question that waits for nobody: a zoom, a live gap

const waiting = [];
let underWay = 0,
  scheduled = false,
  isWhole = false;

// wish: { tag, runs, how, isRest, rank(), take(head, column), fail(error), done() }. isRest: it makes a chart whole. how: what the wishes of one question have in
// common: columns, axis, x, start, stop. rank() is asked when a question is made; the least goes first. take() is given an
// answer and has to consume all of its columns.
export function ask(wish) {
  waiting.push({ ...wish, key: JSON.stringify([wish.how, wish.runs.length, wish.runs[0], wish.runs.at(-1)]) });
  if (!scheduled) queueMicrotask(send);
  scheduled = true;
}

const isPlain = ({ tag, how }) => tag[0] !== "=" && how.x === undefined;
const isSmall = ({ runs }) => runs.length <= SMALL;

function send() {
  scheduled = false;
  for (const wish of waiting.filter(isSmall)) if (waiting.length < 2 || !together(wish).length) put([wish]);
  const ranks = new Map(waiting.map((wish) => [wish, wish.rank()]));
  waiting.sort((a, b) => ranks.get(a) - ranks.get(b));
  while (waiting.length && underWay < UNDER_WAY) {
    const first = waiting[0];
    // The very first goes alone, and so does what makes it whole: a chart that is there is worth more than all of them a
    // moment later.
    const alone = !underWay || (first.isRest && !isWhole);
    isWhole ||= first.isRest;
    put(alone ? [first] : [first, ...together(first)]);
  }
}

// What can be asked together with a wish.
function together(first) {
  if (!isPlain(first)) return [];
  const most = Math.min(TAGS, Math.max(1, Math.floor(CURVES / first.runs.length))) - 1;
  return waiting
    .filter(
      (wish) =>
        wish !== first && wish.key === first.key && isPlain(wish) && wish.runs.every((run, i) => run === first.runs[i]),
    )
    .slice(0, most);
}

async function put(wishes) {
  for (const wish of wishes) waiting.splice(waiting.indexOf(wish), 1);
  const { runs, how, tag } = wishes[0];
  underWay++;
  try {
    const one = wishes.length === 1;
    const { head, column } = await api.curves({
      ...how,
      runs,
      ...(one ? { tag } : { tags: wishes.map((wish) => wish.tag) }),
    });
    // Of what is too large for one answer the last are left out, and have their turn next.
    const answers = one ? [head] : head.answers;
    waiting.push(...wishes.splice(answers.length));
    wishes.forEach((wish, i) => wish.take(answers[i], column));
  } catch (error) {
    for (const wish of wishes) wish.fail(error);
  } finally {
    underWay--;
    for (const wish of wishes) wish.done();
    send();
  }
}
