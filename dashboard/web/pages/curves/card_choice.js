// What is chosen on a chart: runs, which then stand out everywhere, and the step that other pages show.
import * as state from "../../core/state.js";
import { say } from "../../ui/menu.js";
import { plural } from "../../text/format.js";
import { settings } from "./settings.js";

/**
 * Chooses the runs of a line, with Ctrl beside those that are; none where there is no line.
 * @param {{ name: string, members?: string[] } | null} line
 * @param {MouseEvent} event
 */
export function pick(line, event) {
  if (event.detail > 1) return;
  /** @type {string[]} */
  const chosen = state.get("chosen");
  const names = line?.members ?? (line ? [line.name] : []);
  if (!names.length) {
    if (chosen.length) state.set("chosen", []);
    return;
  }
  const all = names.every((name) => chosen.includes(name));
  state.set(
    "chosen",
    event.ctrlKey || event.metaKey
      ? all
        ? chosen.filter((name) => !names.includes(name))
        : [...new Set([...chosen, ...names])]
      : all && chosen.length === names.length
        ? []
        : names,
  );
}

/**
 * Chooses the runs of lines that a box was drawn through, with Ctrl beside those that are.
 * @param {{ name: string, members?: string[] }[]} lines
 * @param {MouseEvent} event
 */
export function brush(lines, event) {
  const names = [...new Set(lines.flatMap(({ name, members }) => members ?? [name]))];
  if (!names.length) return say("No line goes through there.");
  /** @type {string[]} */
  const before = state.get("chosen");
  state.set("chosen", event.ctrlKey || event.metaKey ? [...new Set([...before, ...names])] : names);
  say(`${plural(state.get("chosen").length, "run")} selected.`, () => state.set("chosen", before));
}

/**
 * Has Distributions, Graph and Media show the step at x; where it is held already, they show the newest again.
 * @param {number} x
 * @param {{ low: number, high: number }} seen
 */
export function hold(x, { low, high }) {
  if (settings().axis !== "step") return;
  const held = state.get("pace");
  const isThere = held !== null && Math.abs(held - x) < (high - low) / 100;
  state.set("pace", isThere ? null : Math.round(x));
  say(
    isThere
      ? "Distributions, Graph and Media show the newest step."
      : `Distributions, Graph and Media show step ${state.get("pace")}.`,
  );
}
