// What the list says of a run besides its name: how it stands and how far it is; and all else, when one points at it.
import * as runs from "../core/runs.js";
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

/** @param {Run} run */
export function moreAboutRun(run) {
  const { headline } = runs;
  const newest = headline ? run.scalars[headline] : null;
  return filled([
    run.name,
    run.started ? `started ${format.moment(run.started)}` : "",
    run.bytes ? `${units.bytes(run.bytes)} on disk` : "",
    run.ending,
    ...run.problems,
    run.notes,
    run.said.note,
    headline ? `${headline} ${newest ? format.exact(runs.number(newest.value)) : "–"}` : "",
  ]).join("\n");
}
