// The sketches of the headline metric in the list of runs: asked for when a row comes in sight, live from then on.
import * as runs from "../core/runs.js";
import { CurveStore } from "../core/curve_store.js";
import { colour } from "../charts/palette.js";
import { prepared } from "../charts/chart.js";

const COLUMNS = 24;
const FIRST_MS = 800; // they can wait: first the curves that were asked for
const NEXT_MS = 50;

/** @typedef {import("../core/curve_store.js").StoredCurve} StoredCurve */

export class Sparks {
  /**
   * @param {import("../core/scope.js").Scope} scope
   * @param {{ inSight: () => Iterable<string>, draw: () => void }} host runs whose rows are there; told of new ones
   */
  constructor(scope, host) {
    this.scope = scope;
    this.host = host;
    /** @type {string | null} */
    this.tag = null; // of which they are
    this.isWaiting = false;
    // They are looked at when a row is painted, and ask for nothing by themselves. Only the last point of a tag that no
    // card shows is sent: the line is a sketch and may skip the others.
    this.store = new CurveStore(
      {
        form: () => ({ columns: COLUMNS }),
        isSeen: () => false,
        isSketch: true,
        onAnswer: () => {
          if (!this.store.problem) host.draw(); // else each painting would ask again
        },
      },
      scope,
    );
  }

  /** @param {string} run */
  of(run) {
    return this.tag === null ? undefined : this.store.curve(run, this.tag);
  }

  /**
   * The rows of these runs are in sight.
   * @param {Iterable<string>} names
   */
  want(names) {
    if (this.isWaiting || !this.#missing(names).length) return;
    this.isWaiting = true;
    this.scope.setTimeout(
      () => {
        this.isWaiting = false;
        if (this.tag !== runs.headline) this.store.clear();
        this.tag = runs.headline;
        if (this.tag !== null) this.store.want(this.tag, this.#missing(this.host.inSight()));
      },
      this.tag === null ? FIRST_MS : NEXT_MS,
    );
  }

  /** @param {Iterable<string>} names */
  #missing(names) {
    const tag = runs.headline;
    if (tag === null) return [];
    const having = [...names].filter((name) => runs.get(name)?.has.has(tag));
    return this.store.missing(tag, having);
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {StoredCurve | undefined} curve
 * @param {number} number of a colour
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
    if (!Number.isNaN(curve.mean[i]))
      context.lineTo(2 + (curve.x1[i] - begin) * wide, high > low ? 15.5 - (curve.mean[i] - low) * tall : 9);
  }
  context.stroke();
}
