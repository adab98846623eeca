// The sketches of the headline metric in the list of runs: asked for when a row comes in sight, live from then on.
import * as api from "../core/api.js";
import * as live from "../core/live.js";
import * as runs from "../core/runs.js";
import { Curve } from "../charts/curve.js";
import { colour } from "../charts/palette.js";
import { prepared } from "../charts/chart.js";

const COLUMNS = 24;
const FIRST_MS = 800; // they can wait: first the curves that were asked for
const NEXT_MS = 50;

export class Sparks {
  /**
   * @param {import("../core/scope.js").Scope} scope
   * @param {{ inSight(): Iterable<string>, draw(): void }} host the names of the runs whose rows are there; called when there are new sketches
   */
  constructor(scope, host) {
    this.scope = scope;
    this.host = host;
    /** @type {Map<string, any>} */
    this.curves = new Map(); // run -> Curve of the headline metric, null while it is asked for
    /** @type {Set<string>} */
    this.stale = new Set(); // runs whose sketch is out of date
    this.sketching = 0; // a timer
    scope.on(live, "points", (points) => this.take(points));
    scope.on(live, "changed", ({ run, what }) => {
      if (what.includes("line")) this.again(run);
    });
    scope.on(live, "removed", (run) => this.curves.delete(run));
    scope.on(live, "restart", () => this.curves.clear());
  }

  /** @param {string} run */
  of(run) {
    return this.curves.get(run);
  }

  // The rows of these runs are in sight.
  /** @param {string[]} names */
  want(names) {
    const missing = names.some((name) => !this.curves.has(name) && runs.get(name)?.has.has(runs.headline));
    if (!missing) return;
    this.sketching ||= this.scope.setTimeout(
      () => {
        this.sketching = 0;
        this.load([...this.host.inSight()].filter((name) => !this.curves.has(name)));
      },
      this.curves.size ? NEXT_MS : FIRST_MS,
    );
  }

  /** @param {string[]} names */
  async load(names) {
    const { curves } = this;
    if (!runs.headline) return;
    const wanted = names.filter((name) => runs.get(name)?.has.has(runs.headline));
    if (!wanted.length) return;
    for (const name of wanted) if (!curves.has(name)) curves.set(name, null);
    let answer;
    try {
      answer = await api.curves({ tag: runs.headline, runs: wanted, columns: COLUMNS });
    } catch {
      for (const name of wanted) if (!curves.get(name)) curves.delete(name);
      return;
    }
    for (const head of answer.head.curves) {
      const curve = new Curve(head.run);
      curve.load(head, answer.column);
      curves.set(head.run, curve);
    }
    this.host.draw();
  }

  // Only the last point of a tag that no card shows is sent: the line is a sketch and may skip the others.
  /** @param {any} points */
  take(points) {
    if (points.tag !== runs.headline || !points.count) return;
    const curve = this.curves.get(points.run);
    if (!curve) return;
    curve.counts.set(points.segment, points.n);
    curve.append(points);
  }

  // What is known of a run may not be so any more.
  /** @param {string} run */
  again(run) {
    if (!this.curves.has(run)) return;
    if (!this.stale.size)
      this.scope.setTimeout(() => {
        const names = [...this.stale];
        this.stale.clear();
        this.load(names);
      }, FIRST_MS);
    this.stale.add(run);
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {any} curve none while it is asked for
 * @param {number} number of its colour
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
