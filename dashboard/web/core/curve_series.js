// What a store knows of one tag: the curves of its runs, which of them are asked for, what is new in a window of them.
import { Curve } from "../charts/curve.js";
import { SharedSteps } from "./shared_steps.js";

const MARGIN = 0.02; // of a window, beyond it: so that lines run on to the edge

/** @typedef {InstanceType<typeof Curve>} StoredCurve */
/** @typedef {import("../charts/curve.js").Axis} Axis */

/**
 * New points of one run and tag, as they come.
 * @typedef {object} LivePoints
 * @property {string} run
 * @property {string} segment
 * @property {string} tag
 * @property {number} n how many the segment had before them
 * @property {number} count
 * @property {Float64Array} steps
 * @property {Float64Array} times
 * @property {Float64Array} values
 * @property {{ committed: number, read: number, sent: number, received: number }} at wall times of what befell them
 */

/** What is known of one tag, or of an expression. */
export class Series {
  /**
   * @param {string} tag
   * @param {import("./curve_requests.js").Form | null} form
   */
  constructor(tag, form) {
    this.tag = tag;
    this.needs = form?.x === undefined ? [tag] : [tag, form.x]; // what it is worked out from, until the server says it
    /** @type {Axis} */
    this.axis = "step"; // on which it was asked for last
    /** @type {Map<string, StoredCurve>} */
    this.curves = new Map(); // by run
    /** @type {Set<string>} */
    this.asked = new Set(); // runs that need not be asked for
    /** @type {Set<string>} */
    this.later = new Set(); // runs to ask for anew, after a pause
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {Map<string, number>} */
    this.newest = new Map(); // run -> number of the newest question for it
    /** @type {Map<string, number>} */
    this.answered = new Map(); // run -> number of the newest question that was answered
    /** @type {string | null} */
    this.problem = null;
    this.steps = new SharedSteps();
  }

  /**
   * The curve of a run, which is empty until something is known of it.
   * @param {string} run
   */
  curve(run) {
    let curve = this.curves.get(run);
    if (!curve) this.curves.set(run, (curve = new Curve(run)));
    return curve;
  }

  // Whether live points of its own tag are what it shows.
  get isOwn() {
    return this.needs.length === 1 && this.needs[0] === this.tag;
  }
}

/**
 * What is asked for to show a window of an axis, by whole steps.
 * @param {[number, number]} window
 * @param {string} [axis]
 */
export function beyond([low, high], axis = "step") {
  const margin = (high - low) * MARGIN,
    [start, stop] = [low - margin, high + margin];
  return axis === "step" ? { start: Math.floor(start), stop: Math.ceil(stop) } : { start, stop };
}

/**
 * Points up to the end of a window, and the first one beyond it, to which the line goes on: the others come with the
 * next question. null where none is left.
 * @param {StoredCurve} curve
 * @param {LivePoints} points
 * @param {Axis} axis
 * @param {number} stop
 * @returns {LivePoints | null}
 */
export function within(curve, points, axis, stop) {
  const { steps, times, values } = points;
  const [, end, shift] = curve.ends(axis),
    places = axis === "step" ? steps : times;
  const isPast = curve.length > 0 && end[curve.length - 1] - shift > stop;
  const beyond = places.findIndex((place) => place - shift > stop);
  if (beyond < 0) return points;
  const count = isPast ? beyond : beyond + 1;
  if (!count) return null;
  if (count === steps.length) return points;
  const part = (/** @type {Float64Array} */ column) => column.subarray(0, count);
  return { ...points, count, steps: part(steps), times: part(times), values: part(values) };
}
