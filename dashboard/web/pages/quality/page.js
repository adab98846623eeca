// The page of quality: precision and recall, ROC, calibration and the confusion at a threshold, of runs side by side.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { dictionary } from "../../core/dictionary.js";
import { atThreshold, calibration, precisionRecall, roc } from "./data.js";
import { ConfusionTable } from "./confusion_table.js";
import { UnitChart } from "./unit_chart.js";
import { colour } from "../../charts/palette.js";
import { touches } from "../../core/news.js";
import { emptyPage } from "../../ui/empty.js";

const RUNS_AT_ONCE = 12; // as many as there are colours
const REFRESH_MS = 300;

// One tag of all shown runs, with a slider of steps.
class Section {
  constructor(kind, tag, scope) {
    Object.assign(this, { kind, tag, scope, series: new Map(), asking: new Set(), at: null, threshold: 0.5 });
    const element = Object.assign(document.createElement("section"), { className: "quality-card" });
    element.setAttribute("aria-label", tag);
    element.innerHTML =
      '<div class="quality-head"><h3></h3><label class="quality-steps">Step <input type="range" min="0" step="1"><output></output></label><label class="quality-threshold">Threshold <input type="range" min="0" max="1" step="any" value="0.5"><output></output></label></div><div class="quality-charts"></div><div class="quality-tables"></div>';
    element.querySelector("h3").textContent = tag;
    const [steps, threshold] = element.querySelectorAll("input");
    steps.addEventListener("input", () => {
      const all = this.steps();
      this.at = Number(steps.value) === all.length - 1 ? null : all[Number(steps.value)]; // at the right end it follows
      this.draw();
    });
    threshold.addEventListener("input", () => {
      this.threshold = Number(threshold.value);
      this.draw();
    });
    element.querySelector(".quality-threshold").hidden = kind !== "pr_curve";
    if (kind === "pr_curve") {
      // A point of a curve is a threshold: taken hold of, it moves everything that hangs on it.
      const onPick = (line, k) => {
        const curve = this.shown()[line][1];
        this.threshold = Math.min(1, k / (curve.thresholds - 1));
        threshold.value = String(this.threshold);
        this.draw();
      };
      this.charts = [
        new UnitChart("Precision and recall", "recall", "precision", { onPick }, scope),
        new UnitChart("ROC", "false positive rate", "true positive rate", { hint: "diagonal", onPick }, scope),
        new UnitChart("Calibration", "predicted", "true share", { hint: "diagonal" }, scope),
      ];
      element.querySelector(".quality-charts").append(...this.charts.map((chart) => chart.element));
    }
    this.tables = new Map();
    this.element = element;
  }

  load(names) {
    for (const name of this.series.keys()) if (!names.includes(name)) this.series.delete(name);
    this.names = names;
    for (const name of names) if (!this.series.has(name)) this.ask(name);
    this.draw();
  }

  async ask(name) {
    if (this.asking.has(name)) {
      this.again = true;
      return;
    }
    this.asking.add(name);
    try {
      const { head, column } = await api.packed(this.kind === "pr_curve" ? "quality" : "confusion", {
        run: name,
        tag: this.tag,
      });
      this.series.set(
        name,
        this.kind === "pr_curve"
          ? head.curves.map((curve) => {
              const [tp, fp, tn, fn, confidence] = Array.from({ length: curve.rows }, () => column(curve.thresholds));
              return { ...curve, tp, fp, tn, fn, confidence };
            })
          : head.matrices.map((matrix) => ({ ...matrix, counts: column(matrix.size ** 2) })),
      );
      this.problem = "";
    } catch (error) {
      this.series.set(name, []);
      this.problem = `${name}: ${error.message}`;
    }
    if (this.scope.isOver) return;
    this.asking.delete(name);
    this.draw();
    if (this.again) {
      this.again = false;
      this.later(name);
    }
  }

  later(name) {
    this.timers ??= new Map();
    if (!this.timers.has(name))
      this.timers.set(
        name,
        this.scope.setTimeout(() => {
          this.timers.delete(name);
          this.ask(name);
        }, REFRESH_MS),
      );
  }

  steps() {
    return [...new Set([...this.series.values()].flatMap((series) => series.map((each) => each.step)))].sort(
      (a, b) => a - b,
    );
  }

  // Of each run what it had logged by the step of the slider.
  shown() {
    const step = this.at ?? Infinity;
    return (this.names ?? [])
      .map((name) => [name, this.series.get(name)?.findLast((each) => each.step <= step)])
      .filter(([, found]) => found);
  }

  draw() {
    const all = this.steps(),
      step = this.at ?? all[all.length - 1];
    const slider = this.element.querySelector(".quality-steps");
    slider.hidden = all.length < 2;
    slider.querySelector("input").max = String(Math.max(0, all.length - 1));
    slider.querySelector("input").value = String(all.indexOf(step));
    slider.querySelector("output").textContent = step === undefined ? "" : format.step(step);
    this.element.querySelector(".quality-threshold output").textContent = this.threshold.toFixed(2);
    const shown = this.shown();
    if (this.kind === "pr_curve") this.drawCurves(shown);
    this.drawTables(shown);
  }

  index(curve) {
    return Math.round(this.threshold * (curve.thresholds - 1));
  }

  drawCurves(shown) {
    const lines = (derive) =>
      shown.map(([name, curve]) => ({ ...derive(curve), colour: colour(runs.index(name)), at: this.index(curve) }));
    const alone = shown.length === 1 ? shown[0][1] : null;
    this.charts[0].show(lines(precisionRecall), alone?.ap != null ? `AP ${format.value(alone.ap, 4)}` : "");
    this.charts[1].show(lines(roc), alone?.auc != null ? `AUC ${format.value(alone.auc, 4)}` : "");
    const errors = shown.map(([, curve]) => calibration(curve));
    this.charts[2].show(
      shown.map(([name], i) => ({
        xs: errors[i].points.map((point) => point.x),
        ys: errors[i].points.map((point) => point.y),
        sizes: errors[i].points.map((point) => 2 + 6 * Math.sqrt(point.share)),
        colour: colour(runs.index(name)),
        at: -1,
      })),
      alone ? `ECE ${errors[0].isExact ? "" : "≈ "}${format.value(errors[0].error, 3)}` : "",
    );
  }

  drawTables(shown) {
    const holder = this.element.querySelector(".quality-tables");
    const names = new Set(shown.map(([name]) => name));
    for (const [name, table] of this.tables)
      if (!names.has(name)) {
        table.element.remove();
        this.tables.delete(name);
      }
    for (const [name, found] of shown) {
      if (!this.tables.has(name)) this.tables.set(name, new ConfusionTable(name));
      const table = this.tables.get(name);
      holder.append(table.element);
      if (this.kind === "pr_curve") {
        const counts = atThreshold(found, this.index(found));
        const said = [
          ["precision", counts.precision],
          ["recall", counts.recall],
          ["F1", counts.f1],
          ["accuracy", counts.accuracy],
          ["AUC", found.auc],
          ["AP", found.ap],
          ["ECE", calibration(found).error],
          ["Brier", found.brier],
        ];
        table.show(
          [counts.tn, counts.fp, counts.fn, counts.tp],
          ["false", "true"],
          said.filter(([, value]) => value !== null && value !== undefined),
          found.step,
        );
      } else table.show(found.counts, found.classes, [], found.step);
    }
    let note = this.element.querySelector(".quality-note");
    if (this.problem)
      (note ??= holder.insertAdjacentElement(
        "afterend",
        Object.assign(document.createElement("p"), { className: "quality-note" }),
      )).textContent = this.problem;
    else note?.remove();
  }
}

// --- the page ---------------------------------------------------------------------------------------------

const KINDS = ["pr_curve", "confusion"];

export class QualityPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, scope) {
    this.view = view;
    this.scope = scope;
    /** @type {Map<string, Section>} */
    this.sections = new Map(); // by kind and tag
    this.#listen(scope);
    this.arrange();
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, ["runs", "visible"], () => this.arrange());
    scope.on(live, "changed", (change) => {
      for (const section of this.inView())
        if (section.names.includes(change.run) && touches(change, section.kind, section.tag)) section.later(change.run);
    });
    scope.on(live, "restart", () => {
      for (const section of this.inView()) for (const name of section.names) section.later(name);
    });
    scope.on(document, "themechange", () => {
      for (const section of this.inView()) section.draw();
    });
  }

  arrange() {
    const wanted = KINDS.flatMap((kind) => runs.tags(kind).map((tag) => [kind, tag]));
    if (!wanted.length) return this.view.replaceChildren(runs.loaded ? emptyPage("quality") : "");
    const visible = runs.visible().toReversed();
    const page = Object.assign(document.createElement("div"), { className: "quality" });
    const side = visible.filter((run) => KINDS.some((kind) => run.series[kind]?.length));
    const note = !side.length
      ? "No visible run has logged curves of quality. Select one in the run list."
      : side.length > RUNS_AT_ONCE
        ? `The ${RUNS_AT_ONCE} newest of ${side.length} visible runs.`
        : "";
    if (note) page.append(Object.assign(document.createElement("p"), { className: "quality-note", textContent: note }));
    for (const [kind, tag] of wanted) {
      const key = `${kind}\n${tag}`;
      const names = side
        .slice(0, RUNS_AT_ONCE)
        .filter((run) => run.series[kind]?.includes(tag))
        .map((run) => run.name);
      if (!names.length) continue;
      if (!this.sections.has(key)) this.sections.set(key, new Section(kind, tag, this.scope));
      page.append(this.sections.get(key).element);
      this.sections.get(key).load(names);
    }
    this.view.replaceChildren(page);
  }

  inView() {
    return [...this.sections.values()].filter((section) => section.element.isConnected);
  }

  isReady() {
    return (
      runs.loaded &&
      this.view.childElementCount > 0 &&
      this.inView().every((section) => section.names.every((name) => section.series.has(name)))
    );
  }

  // For automation: what is drawn now.
  drawn() {
    return dictionary(
      this.inView().map((section) => [
        section.tag,
        dictionary(
          section
            .shown()
            .map(([name, found]) => [
              name,
              section.kind === "pr_curve"
                ? { step: found.step, ...atThreshold(found, section.index(found)) }
                : { step: found.step, counts: [...found.counts] },
            ]),
        ),
      ]),
    );
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 */
export const mount = (view, scope) => new QualityPage(view, scope);
