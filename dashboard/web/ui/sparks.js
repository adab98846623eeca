// The sketches of the headline metric in the list of runs: asked for when a row comes in sight, live from then on.
import * as runs from "../core/runs.js";
import { CurveStore } from "../core/curve_store.js";
import { colour } from "../charts/palette.js";
import { prepared } from "../charts/chart.js";

const COLUMNS = 24;
const FIRST_MS = 800; // they can wait: first the curves that were asked for
const NEXT_MS = 50;

/** @typedef {import("../charts/curve.js").Curve} Curve */

export class Sparks {
  // host: the names of the runs whose rows are there; draw() is called when there are new sketches.
  /**
   * @param {import("../core/scope.js").Scope} scope
   * @param {{ inSight: () => Iterable<string>, draw: () => void }} host
   */
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

  /** @param {string} run */
  of(run) {
    return runs.headline === null ? undefined : this.store.curve(run, runs.headline);
  }

  // Those of these runs that have the tag and were not asked for.
  /**
   * @param {string} tag
   * @param {Iterable<string>} names
   */
  #missing(tag, names) {
    return this.store.missing(
      tag,
      [...names].filter((name) => runs.get(name)?.has.has(tag)),
    );
  }

  // The rows of these runs are in sight.
  /** @param {string[]} names */
  want(names) {
    if (!runs.headline || !this.#missing(runs.headline, names).length) return;
    this.sketching ||= this.scope.setTimeout(
      () => {
        this.sketching = 0;
        if (this.tag !== runs.headline) this.store.clear();
        this.tag = runs.headline;
        if (this.tag) this.store.want(this.tag, this.#missing(this.tag, this.host.inSight()));
      },
      this.tag === null ? FIRST_MS : NEXT_MS,
    );
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Curve | null | undefined} curve
 * @param {number} number
 */
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
