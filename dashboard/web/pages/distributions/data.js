// What the server answers about distributions, as a card keeps it: columns, a row for each step or for a few merged.
import * as api from "../../core/api.js";

export const ROWS = { __proto__: null, ridge: 24, overlay: 24, heat: 240, bands: 240 };
export const BINS = { __proto__: null, ridge: 72, overlay: 72, heat: 96, bands: 64, one: 72 };
const MANY_ROWS = new Set(["heat", "bands"]); // of so many that reading them is felt: fewer come first
const LAYERS = 64; // in one question about a step

export const comesRough = (mode) => MANY_ROWS.has(mode);

function columns(head, column) {
  const { rows, bins } = head;
  const data = { ...head };
  for (const name of ["first", "step", "time", "of", "total", "nan", "pinf", "ninf"]) data[name] = column(rows);
  data.quantile = column(rows * head.quantiles.length);
  data.edges = column(bins + 1);
  data.counts = column(rows * bins);
  data.row = rows - 1;
  return data;
}

// Rows over all steps.
export async function over(run, tag, mode, scale, rough) {
  const { head, column } = await api.packed("histograms", {
    run,
    tag,
    rows: ROWS[mode],
    bins: BINS[mode],
    scale,
    honest: 1,
    rough: rough ? 1 : undefined,
  });
  return { ...columns(head, column), mode };
}

// --- one step ----------------------------------------------------------------------------------------------

const wishes = new Map(); // "run\nscale" -> Map(card's key -> wish), each wish the newest of its card
const underWay = new Set();
let scheduled = false;

// Asks for a layer at a step (null: its last; with a span, one that it has); take(data) or fail(error) is called, unless the card has asked anew. What is asked
// at once is one question, and one question is under way at a time, so that a slider that is dragged skips steps rather than lag.
export function atStep(wish) {
  const group = `${wish.run}\n${wish.scale}`;
  if (!wishes.has(group)) wishes.set(group, new Map());
  wishes.get(group).set(wish.tag, wish);
  if (!scheduled) queueMicrotask(send);
  scheduled = true;
}

function send() {
  scheduled = false;
  for (const [group, some] of wishes) if (some.size && !underWay.has(group)) put(group, some);
}

async function put(group, some) {
  underWay.add(group);
  const asked = [...some.values()].slice(0, LAYERS);
  const [{ run, scale }] = asked;
  for (const { tag } of asked) some.delete(tag);
  try {
    const layers = asked.map(({ tag, step, span }) => ({ tag, step, span }));
    const { head, column } = await api.postPacked("histograms/step", { run, scale, bins: BINS.one, layers });
    asked.forEach((wish, i) => {
      const answer = head.answers[i];
      if (answer.missing) {
        wish.fail(new Error(`There is no histogram ${wish.tag} in ${run}.`));
        return;
      }
      const places = column(answer.places);
      const data = { ...columns(answer, column), scale, mode: "one", places: answer.places ? places : null };
      wish.take(data);
    });
  } catch (error) {
    for (const wish of asked) wish.fail(error);
  }
  underWay.delete(group);
  send();
}
