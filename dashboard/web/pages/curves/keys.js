// The keys of the page of curves: axes, smoothing, marks, a new chart.
import * as state from "../../core/state.js";
import { isShortcut } from "../../ui/shortcut.js";
import { newChart } from "./new_chart.js";

/**
 * @param {string[]} values
 * @param {string} value
 */
const next = (values, value) => values[(values.indexOf(value) + 1) % values.length];
const SMOOTH = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];

/**
 * @param {import("./page.js").CurvesPage} page
 * @param {import("../../core/scope.js").Scope} scope
 */
export function listenToKeys(page, scope) {
  /** @type {Record<string, () => void>} */
  const acts = {
    l: () => state.set("logy", !state.get("logy")),
    x: () => state.set("x", next(["step", "relative", "time"], state.get("x"))),
    o: () => state.set("robust", !state.get("robust")),
    m: () => state.set("marks", !state.get("marks")),
    n: () => newChart(page),
    "[": () => state.set("smooth", SMOOTH.findLast((each) => each < state.get("smooth")) ?? 0),
    "]": () => state.set("smooth", SMOOTH.find((each) => each > state.get("smooth")) ?? 0.999),
    0: () => {
      for (const { chart } of page.sighted()) if (chart?.zoom || chart?.zoomY) chart.setZoom(null);
    },
  };
  scope.on(document, "keydown", (/** @type {KeyboardEvent} */ event) => {
    if (!isShortcut(event) || !Object.hasOwn(acts, event.key)) return;
    acts[event.key]();
    event.preventDefault();
  });
}
