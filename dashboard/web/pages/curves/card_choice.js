// What is chosen on a chart: runs, which then stand out everywhere, and the step that other pages show.
import * as state from "../../core/state.js";
import { say } from "../../ui/menu.js";
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
