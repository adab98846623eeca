// The wall times of a run once for all of its curves: what a call logs has one moment, whatever the tags are, so that
// of ten cards of ten thousand runs nine would hold what the first one has.

/** @type {Map<string, Map<string, WeakRef<Float64Array>>>} */
const known = new Map(); // by column and run, as long as some curve holds them

/** @param {string} name */
export const isTime = (name) => name.startsWith("wall_time");

/**
 * The same times, as another curve of the run has them; null where none has.
 * @param {string} name of the column
 * @param {string} run
 * @param {Float64Array} times
 */
export function timesOf(name, run, times) {
  const found = known.get(name)?.get(run)?.deref();
  return found && isSame(found, times) ? found : null;
}

/**
 * Shares them with curves that come later.
 * @param {string} name of the column
 * @param {string} run
 * @param {Float64Array} times which are not changed any more
 */
export function share(name, run, times) {
  const runs = known.get(name) ?? new Map();
  known.set(name, runs);
  runs.set(run, new WeakRef(times));
}

/** @param {Float64Array} a @param {Float64Array} b */
export function isSame(a, b) {
  if (a.length !== b.length) return false;
  for (let i = a.length - 1; i >= 0; i--) if (!Object.is(a[i], b[i])) return false;
  return true;
}
