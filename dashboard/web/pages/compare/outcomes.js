// What runs came to: of each the last, the least and the greatest value of a metric, as one column of its curve says.
// The list of runs brings only the headline's.
import { CurveStore } from "../../core/curve_store.js";

const LIVE_MS = 1000; // of what is not watched only the last points come: a run that goes on is asked for so often

export class Outcomes {
  /**
   * @param {import("../../core/scope.js").Scope} scope
   * @param {() => void} onAnswer
   */
  constructor(scope, onAnswer) {
    this.store = new CurveStore(
      {
        form: () => ({ columns: 1 }),
        pause: LIVE_MS,
        onAnswer: () => {
          if (!this.store.problem) onAnswer();
        },
      },
      scope,
    );
  }

  /**
   * Asks for those that are not known; a promise of them.
   * @param {string} tag
   * @param {{ name: string, has: Set<string> }[]} runs
   */
  load(tag, runs) {
    return this.store.want(
      tag,
      runs.filter(({ has }) => has.has(tag)).map(({ name }) => name),
    );
  }

  /**
   * By run, of those that have any.
   * @param {string} tag
   * @param {{ name: string }[]} runs
   */
  of(tag, runs) {
    /** @type {Map<string, { last: number, min: number, max: number }>} */
    const found = new Map();
    for (const { name } of runs) {
      const curve = this.store.curve(name, tag);
      if (!curve?.length) continue;
      const outcome = { last: curve.last[curve.length - 1], min: Infinity, max: -Infinity };
      for (let i = 0; i < curve.length; i++) {
        if (curve.min[i] < outcome.min) outcome.min = curve.min[i];
        if (curve.max[i] > outcome.max) outcome.max = curve.max[i];
      }
      found.set(name, outcome);
    }
    return found;
  }
}
