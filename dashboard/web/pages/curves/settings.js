// How the charts of the page of curves are drawn, as its state says.
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";

const base = () => runs.get(state.get("base"));
const isLogX = () => state.get("logx") && state.get("x") !== "time";

/** @returns {import("../../charts/chart.js").Settings} */
export const settings = () => ({
  axis: state.get("x") === "metric" && !state.get("metric") ? "step" : state.get("x"),
  smoothing: { kind: state.get("kind"), weight: state.get("smooth"), isLog: isLogX() },
  logx: isLogX(),
  logy: state.get("logy"),
  robust: state.get("robust"),
  many: state.get("many"),
  best: Number(state.get("best")),
  bestBy: state.get("bestBy"),
  by: state.get("colourBy") || state.get("group"),
  xName: runs.titleOf(state.get("metric")),
  yName: base() ? `difference to ${base()?.shown}` : "",
});
