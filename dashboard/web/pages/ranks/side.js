// Beside the strip: the spread over ranks, those that are silent, and the slowest.
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";
import { quantile, rankName, silent, sorted } from "./grid.js";

const SLOWEST = 12,
  SILENT = 6;

/** @typedef {import("./grid.js").Grid} Grid */

/**
 * How the newest levels of ranks lie: [what, how much] each.
 * @param {import("./grid.js").Slowness[]} slowness
 * @returns {[string, string][]}
 */
export function spreadOf(slowness) {
  const levels = sorted(slowness.map(({ level }) => level));
  if (!levels.length) return [];
  const at = (/** @type {number} */ share) => format.value(quantile(levels, share), 4);
  const [low, high] = [levels[0], levels[levels.length - 1]];
  return [
    ["least", at(0)],
    ["5 %", at(0.05)],
    ["median", at(0.5)],
    ["95 %", at(0.95)],
    ["greatest", at(1)],
    ["greatest to least", low > 0 ? `${format.value(high / low, 3)} times` : "–"],
  ];
}

/**
 * @param {Grid} grid
 * @param {import("./grid.js").Slowness[]} slowness
 * @param {number | null} chosen a row
 * @param {(row: number) => void} onChoose
 */
export function side(grid, slowness, chosen, onChoose) {
  const newest = Math.max(...grid.ranks.map((each) => each.wall_time));
  const button = (/** @type {number} */ row, /** @type {string} */ text, /** @type {string} */ title) =>
    node(
      "li",
      {},
      Object.assign(
        node(
          "button",
          { type: "button", "aria-pressed": String(row === chosen), title },
          node("span", { text: rankName(grid.ranks[row]) }),
          node("span", { text }),
        ),
        { onclick: () => onChoose(row) },
      ),
    );
  const quiet = silent(grid);
  const parts = [
    node("h3", { text: "Spread over ranks" }),
    node("dl", {}, ...spreadOf(slowness).flatMap(([word, text]) => [node("dt", { text: word }), node("dd", { text })])),
  ];
  if (quiet.length)
    parts.push(
      node("h3", { class: "bad", text: `Silent: ${format.plural(quiet.length, "rank")}` }),
      node(
        "ul",
        {},
        ...quiet
          .slice(0, SILENT)
          .map((row) =>
            button(
              row,
              `${format.duration(newest - grid.ranks[row].wall_time)} behind`,
              `Its last point is of step ${format.step(grid.ranks[row].step)}`,
            ),
          ),
      ),
    );
  parts.push(
    node("h3", { text: "Highest above the median" }),
    node(
      "ul",
      {},
      ...slowness
        .filter(({ excess }) => !Number.isNaN(excess))
        .slice(0, SLOWEST)
        .map(({ row, excess, level }) =>
          button(
            row,
            `${excess < 0 ? "−" : "+"}${Math.abs(100 * excess).toFixed(1)} %`,
            `${format.value(level, 5)} · ${grid.ranks[row].host}`,
          ),
        ),
    ),
  );
  return parts;
}
