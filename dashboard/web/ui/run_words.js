// What the list says of a run besides its name: how it stands and how far it is; and all else, when one points at it.
import * as runs from "../core/runs.js";
import { sortedBy } from "../core/choice.js";
import * as format from "../text/format.js";
import * as units from "../text/units.js";
import { lookup } from "../text/lookup.js";

/** @typedef {import("../core/runs.js").Run} Run */

// When a run was there last, as people say it.
/** @param {Run} run */
const ago = ({ ended, updated }) => format.ago(ended ?? updated ?? NaN);

/** @type {{ [status: string]: (run: Run) => string }} */
const words = lookup({
  running: () => "running",
  paused: () => "paused",
  finished: ago,
  stopped: (run) => `stopped ${ago(run)}`,
  crashed: (run) => `crashed ${run.updated ? ago(run) : ""}`,
  unreadable: () => "cannot be read",
  unread: () => "not read yet",
});

/** @param {(string | null | undefined)[]} said */
const filled = (said) => said.filter(Boolean);

/** @param {Run} run */
export function aboutRun(run) {
  const standing = runs.standing(run);
  const lost = Object.values(run.lost).reduce((sum, count) => sum + count, 0);
  return filled([
    run.step !== null && run.step !== undefined ? `step ${format.step(run.step)}` : "",
    words[standing]?.(run) ?? standing,
    lost ? `${format.plural(lost, "value")} lost` : "",
    run.labels.join(", "),
  ]).join(" · ");
}

/** @type {{ [id: string]: (value: number) => string }} */
const amounts = lookup({
  took: format.duration,
  age: format.duration,
  started: format.ago,
  size: units.bytes,
  step: format.step,
});

/**
 * What a run has of a field, in words; nothing where it has none.
 * @param {import("../text/run_fields.js").Field} field
 * @param {Run} run
 */
export function fieldOfRun(field, run) {
  const value = field.of(run);
  if (value === null) return "";
  return typeof value === "string" ? value : (amounts[field.id] ?? format.value)(value);
}

/** What runs are sorted by, in words. @param {import("../text/run_fields.js").Field} field */
export const nameOfField = ({ kind, id, tag, aspect }) =>
  kind === "metric" ? `${aspect} ${tag}` : id.slice(id.indexOf(":") + 1);

/** What stands at the right of a run: what runs are sorted by, else the last value of what they are judged by. */
/** @param {Run} run */
export function valueOfRun(run) {
  const field = sortedBy();
  if (field && field.id !== "name") return fieldOfRun(field, run);
  const newest = runs.headline ? run.scalars[runs.headline] : null;
  return newest ? format.value(runs.number(newest.value)) : "";
}

/** @param {Run} run */
export function moreAboutRun(run) {
  const { headline } = runs;
  const newest = headline ? run.scalars[headline] : null;
  const field = sortedBy();
  return filled([
    run.name,
    run.started ? `started ${format.moment(run.started)}` : "",
    run.bytes ? `${units.bytes(run.bytes)} on disk` : "",
    run.ending,
    ...run.problems,
    run.notes,
    run.said.note,
    field && field.kind !== "own" ? `${nameOfField(field)} ${fieldOfRun(field, run) || "–"}` : "",
    headline ? `${headline} ${newest ? format.exact(runs.number(newest.value)) : "–"}` : "",
  ]).join("\n");
}
