// The sketches of the headline metric in the list of runs: asked for when a row comes in sight, live from then on.
import * as runs from "../core/runs.js";
import { CurveStore } from "../core/curve_store.js";
import { colour } from "../charts/palette.js";
import { prepared } from "../charts/chart.js";

const COLUMNS = 24;
const FIRST_MS = 800; // they can wait: first the curves that were asked for
const NEXT_MS = 50;

export class Sparks {
  // host: { inSight(): names of the runs whose rows are there, draw(): called when there are new ones }
  /** @param {import("../core/scope.js").Scope} scope */
  constructor(scope, host) {
    this.scope = scope;
    this.host = host;
    this.sketching = 0; // a timer
    /** @type {string | null} */
    this.tag = null; // whose curves they are
    // They are looked at when a row is painted, and ask for nothing by themselves.
    this.store = new CurveStore(
      {
        form: () => ({ columns: COLUMNS }),
        isSeen: () => false,
        isSketch: true,
        onAnswer: () => {
          if (!this.store.problem) this.host.draw(); // else each painting would ask again
        },
      },
      scope,
    );
  }

  of(run) {
    return this.store.curve(run, runs.headline);
  }

  // Those of these runs that were not asked for.
  #missing(names) {
    return this.store.missing(
      runs.headline,
      names.filter((name) => runs.get(name)?.has.has(runs.headline)),
    );
  }

  // The rows of these runs are in sight.
  want(names) {
    if (!runs.headline || !this.#missing(names).length) return;
    this.sketching ||= this.scope.setTimeout(
      () => {
        this.sketching = 0;
        if (this.tag !== runs.headline) this.store.clear();
        this.tag = runs.headline;
        if (this.tag) this.store.want(this.tag, this.#missing([...this.host.inSight()]));
      },
      this.tag === null ? FIRST_MS : NEXT_MS,
    );
  }
}

export function drawSpark(canvas, curve, number) {
  const context = prepared(canvas, 64, 18);
  if (!curve?.length) return;
  let low = Infinity,
    high = -Infinity;
  for (let i = 0; i < curve.length; i++) {
    if (curve.mean[i] < low) low = curve.mean[i];
    if (curve.mean[i] > high) high = curve.mean[i];
  }
  if (!(low <= high)) return;
  const begin = curve.x0[0],
    wide = 60 / (curve.x1[curve.length - 1] - begin || 1),
    tall = high > low ? 13 / (high - low) : 0;
  context.strokeStyle = colour(number);
  context.lineWidth = 1.25;
  context.lineJoin = "round";
  context.beginPath();
  for (let i = 0; i < curve.length; i++) {
    if (curve.mean[i] === curve.mean[i])
      context.lineTo(2 + (curve.x1[i] - begin) * wide, high > low ? 15.5 - (curve.mean[i] - low) * tall : 9);
  }
  context.stroke();
}
