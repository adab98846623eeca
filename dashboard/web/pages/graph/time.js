// Time on the graph: what was watched of a model's parts (norms, ratios, shares) at the step of the page's cursor, and
// where the first value that is not finite was met.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { node } from "../../ui/dom.js";

const FRAME_MS = 120; // a step of the player
const SAMPLES = 40; // steps at which the scale's end is looked for

// Tags "grad_norm/conv1.weight" belong to the node conv1/weight. Norms of parts add up as lengths do, of the others the
// largest stands for all.
const length = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
const largest = (values) => Math.max(...values);
export const WATCHED = {
  __proto__: null,
  grad_norm: { title: "Gradient norm", together: length },
  weight_norm: { title: "Weight norm", together: length },
  update_ratio: { title: "Update ratio", together: largest },
  act_norm: { title: "Activation norm", together: length, ofModules: true },
  dead: { title: "Dead share", together: largest, ofModules: true },
};
for (const mode of Object.values(WATCHED))
  Object.assign(mode, { watched: true, say: (x) => (x ? format.value(x, 3) : "0") });

export class Watch {
  constructor(run) {
    this.run = run;
    this.series = new Map(); // mode -> [{ path, steps, values }]
    this.steps = [];
    this.broken = null; // { path, mode, step, text? }
    this.anomaly = null; // the same, of what the training itself found and marked
  }

  // What the training found of itself: the operation that made the first value that is not finite.
  async look() {
    const { marks } = await api.json("marks", { run: this.run });
    const found = marks.filter(({ kind, attributes }) => kind === "anomaly" && attributes?.node);
    const [first] = found.sort((a, b) => a.step - b.step);
    if (first)
      this.anomaly = {
        path: String(first.attributes.node),
        step: first.step,
        text: first.text,
        inputs: [].concat(first.attributes.inputs ?? []),
        output: first.attributes.output ?? "",
      };
    this.broken = this.anomaly ?? this.broken;
    return Boolean(first);
  }

  // Which statistics the run has.
  get modes() {
    const tags = runs.get(this.run)?.series.scalar ?? [];
    return Object.keys(WATCHED).filter((mode) => tags.some((tag) => tag.startsWith(`${mode}/`)));
  }

  async load(mode) {
    const tags = (runs.get(this.run)?.series.scalar ?? []).filter((tag) => tag.startsWith(`${mode}/`));
    const found = await Promise.all(
      tags.map(async (tag) => {
        const { head, column } = await api.curves({ tag, runs: [this.run], columns: 2000 });
        const [curve] = head.curves;
        if (!curve) return null;
        const all = Array.from({ length: curve.form === "points" ? 3 : 15 }, () => column(curve.length));
        const series = {
          path: tag.slice(mode.length + 1).replaceAll(".", "/"),
          steps: curve.form === "points" ? all[0] : all[1],
          values: curve.form === "points" ? all[2] : all[6],
          odd: curve.form === "points" ? null : all.slice(12),
        };
        series.first = series.steps.findIndex(
          (_, i) => !Number.isFinite(series.values[i]) || series.odd?.some((counts) => counts[i] > 0),
        );
        return series;
      }),
    );
    this.series.set(mode, found.filter(Boolean));
    const steps = new Set();
    for (const { steps: some } of this.series.get(mode)) for (const step of some) steps.add(step);
    this.steps = [...steps].sort((a, b) => a - b);
    this.broken = this.anomaly;
    if (!this.anomaly)
      for (const [name, list] of this.series) {
        for (const { path, steps: at, first } of list) {
          if (first >= 0 && (!this.broken || at[first] < this.broken.step))
            this.broken = { path, mode: name, step: at[first] };
        }
      }
  }

  get step() {
    const at = state.get("pace");
    return at === null
      ? this.steps[this.steps.length - 1]
      : (this.steps.findLast((step) => step <= at) ?? this.steps[0]);
  }

  // What was watched of everything at or below a path; null when nothing was.
  at(path, mode, step = this.step) {
    const values = [];
    for (const series of this.series.get(mode) ?? []) {
      if (series.path !== path && !series.path.startsWith(`${path}/`)) continue;
      const i = series.steps.findLastIndex((each) => each <= step);
      if (i >= 0) values.push(series.values[i]);
    }
    if (values.length) return WATCHED[mode].together(values);
    // What a module put out was watched of it as a whole: that is what its last operation put out.
    if (!WATCHED[mode].ofModules) return null;
    const around = (this.series.get(mode) ?? []).find((series) => path.startsWith(`${series.path}/`));
    const i = around ? around.steps.findLastIndex((each) => each <= step) : -1;
    return i >= 0 ? around.values[i] : null;
  }

  // The end of the scale: the largest that any of the paths reaches, so that colours mean the same at every step.
  most(paths, mode) {
    let most = 0;
    for (let i = 0; i < SAMPLES; i++) {
      const step = this.steps[Math.round((i / (SAMPLES - 1)) * (this.steps.length - 1))];
      for (const path of paths) {
        const value = this.at(path, mode, step);
        if (value !== null && Number.isFinite(value)) most = Math.max(most, value);
      }
    }
    return most;
  }

  get sentence() {
    if (!this.broken) return "";
    const { path, mode, step, text, inputs, output } = this.broken;
    if (text)
      return [
        `Step ${format.step(step)}: ${text}`,
        inputs.length ? `Its inputs: ${inputs.join("; ")}.` : "",
        output ? `Its output: ${output}.` : "",
      ]
        .filter(Boolean)
        .join(" ");
    return `The first value that is not finite: ${WATCHED[mode].title.toLowerCase()} of ${path} at step ${format.step(step)}.`;
  }
}

// Play, pause and a slider of steps.
export class Player {
  // find(path): called with where the first value that is not finite was met, to show it.
  constructor(find, scope) {
    this.scope = scope;
    this.button = node("button", { type: "button", class: "icon-button", "aria-label": "Play or pause", text: "▶" });
    this.slider = node("input", { type: "range", min: 0, step: 1, "aria-label": "Step of the graph" });
    this.output = node("output");
    this.said = node("button", { type: "button", class: "graph-broken" });
    this.element = node(
      "div",
      { class: "graph-player", hidden: true },
      this.button,
      this.slider,
      this.output,
      this.said,
    );
    this.slider.addEventListener("input", () => {
      this.pause();
      this.#go(Number(this.slider.value));
    });
    this.button.addEventListener("click", () => (this.timer ? this.pause() : this.#play()));
    this.said.addEventListener("click", () => {
      if (!this.watch?.broken) return;
      state.set("pace", this.watch.broken.step);
      find(this.watch.broken.path);
    });
  }

  // follows: whether the colours are those of something that was watched; else only what broke is told.
  show(watch, follows) {
    this.watch = watch;
    const plays = follows && watch.steps.length > 1;
    const said = follows || watch.anomaly ? watch.sentence : "";
    this.element.hidden = !plays && !said;
    for (const part of [this.button, this.slider, this.output]) part.hidden = !plays;
    if (!follows) this.pause();
    this.slider.max = String(watch.steps.length - 1);
    this.slider.value = String(watch.steps.indexOf(watch.step));
    this.output.textContent = watch.steps.length ? `step ${format.step(watch.step)}` : "";
    this.said.textContent = said;
    this.said.hidden = !said;
  }

  #go(at) {
    const { steps } = this.watch;
    state.set("pace", at >= steps.length - 1 ? null : steps[at]);
  }

  #play() {
    this.button.textContent = "❚❚";
    let at = Number(this.slider.value) >= this.watch.steps.length - 1 ? 0 : Number(this.slider.value);
    const stride = Math.max(1, Math.round(this.watch.steps.length / 200));
    this.timer = this.scope.setInterval(() => {
      this.#go(at);
      at += stride;
      if (at >= this.watch.steps.length) this.pause();
    }, FRAME_MS);
  }

  pause() {
    this.scope.clearTimeout(this.timer);
    this.timer = 0;
    this.button.textContent = "▶";
  }
}
