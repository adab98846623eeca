// Curves and lines for tests of charts.
import { Curve } from "../../dashboard/web/charts/curve.js";
import { points } from "./answers.js";

// A curve of a run, as if it had been logged: a point a step.
export function logged(name, values, steps = values.map((_, i) => i)) {
  const curve = new Curve(name);
  curve.load(...points(steps, values, { run: name, started: 1e9, times: steps.map((step) => 1e9 + step), x: steps }));
  return curve;
}

// A line of a chart that shows it.
export const lineOf = (curve, more = {}) => ({
  curve,
  name: curve.run,
  label: curve.run,
  tag: "loss",
  colour: "#112233",
  dash: [],
  ...more,
});
