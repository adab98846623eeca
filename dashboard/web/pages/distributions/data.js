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

// What is asked at once is one question, and one question is under way at a time, so that a slider that is dragged skips
// steps rather than lag.
export class StepQuestions {
  constructor() {
    this.wishes = new Map(); // "run\nscale" -> Map(tag -> wish), each wish the newest of its card
    this.underWay = new Set();
    this.scheduled = false;
  }

  // Asks for a layer at a step (null: its last; with a span, one that it has); take(data) or fail(error) is called, unless
  // the card has asked anew.
  ask(wish) {
    const group = `${wish.run}\n${wish.scale}`;
    if (!this.wishes.has(group)) this.wishes.set(group, new Map());
    this.wishes.get(group).set(wish.tag, wish);
    if (!this.scheduled) queueMicrotask(() => this.#send());
    this.scheduled = true;
  }

  #send() {
    this.scheduled = false;
    for (const [group, some] of this.wishes) if (some.size && !this.underWay.has(group)) this.#put(group, some);
  }

  async #put(group, some) {
    this.underWay.add(group);
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
    this.underWay.delete(group);
    this.#send();
  }
}
