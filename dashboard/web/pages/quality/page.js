// The page of quality: precision and recall, ROC, calibration and the confusion at a threshold, of runs side by side.
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { Answers } from "./answers.js";
import { dictionary } from "../../core/dictionary.js";
import { atThreshold, calibration, precisionRecall, roc } from "./data.js";
import { ConfusionTable } from "./confusion_table.js";
import { UnitChart } from "./unit_chart.js";
import { colour } from "../../charts/palette.js";
import { touches } from "../../core/news.js";
import { part } from "../../ui/dom.js";
import { emptyPage } from "../../ui/empty.js";

const RUNS_AT_ONCE = 12; // as many as there are colours

const SECTION =
  '<div class="quality-head"><h3></h3>' +
  '<label class="quality-steps">Step <input type="range" min="0" step="1"><output></output></label>' +
  '<label class="quality-threshold">Threshold <input type="range" min="0" max="1" step="any" value="0.5">' +
  '<output></output></label></div><div class="quality-charts"></div><div class="quality-tables"></div>';

/** @typedef {import("./answers.js").Logged} Logged */
/** @typedef {[name: string, found: Logged]} Shown of a run */

// One tag of all shown runs, with a slider of steps.
class Section {
  /**
   * @param {string} kind of KINDS
   * @param {string} tag
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(kind, tag, scope) {
    this.kind = kind;
    this.tag = tag;
    this.answers = new Answers(kind, tag, scope, () => this.draw());
    /** @type {number | null} */
    this.at = null; // the step that is shown; null follows the newest
    this.threshold = 0.5;
    /** @type {UnitChart[]} */
    this.charts = [];
    /** @type {Map<string, ConfusionTable>} */
    this.tables = new Map(); // by run
    const element = Object.assign(document.createElement("section"), { className: "quality-card" });
    element.setAttribute("aria-label", tag);
    element.innerHTML = SECTION;
    part(element, "h3", HTMLElement).textContent = tag;
    const [steps, threshold] = element.querySelectorAll("input");
    steps.addEventListener("input", () => {
      const all = this.answers.steps();
      this.at = Number(steps.value) === all.length - 1 ? null : all[Number(steps.value)]; // at the right end it follows
      this.draw();
    });
    threshold.addEventListener("input", () => {
      this.threshold = Number(threshold.value);
      this.draw();
    });
    part(element, ".quality-threshold", HTMLElement).hidden = kind !== "pr_curve";
    if (kind === "pr_curve") {
      // A point of a curve is a threshold: taken hold of, it moves everything that hangs on it.
      /**
       * @param {number} line
       * @param {number} k
       */
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
      part(element, ".quality-charts", HTMLElement).append(...this.charts.map((chart) => chart.element));
    }
    this.element = element;
  }

  /** @param {string[]} names */
  show(names) {
    this.answers.show(names);
    this.draw();
  }

  // Of each run what it had logged by the step of the slider.
  shown() {
    const step = this.at ?? Infinity;
    /** @type {Shown[]} */
    const shown = [];
    for (const name of this.answers.names) {
      const found = this.answers.series.get(name)?.findLast((each) => each.step <= step);
      if (found) shown.push([name, found]);
    }
    return shown;
  }

  draw() {
    const all = this.answers.steps(),
      step = this.at ?? all[all.length - 1];
    const steps = part(this.element, ".quality-steps", HTMLElement),
      slider = part(steps, "input", HTMLInputElement);
    steps.hidden = all.length < 2;
    slider.max = String(Math.max(0, all.length - 1));
    slider.value = String(all.indexOf(step));
    part(steps, "output", HTMLElement).textContent = step === undefined ? "" : format.step(step);
    part(this.element, ".quality-threshold output", HTMLElement).textContent = this.threshold.toFixed(2);
    const shown = this.shown();
    if (this.kind === "pr_curve") this.drawCurves(shown);
    this.drawTables(shown);
  }

  /** @param {Logged} curve */
  index(curve) {
    return Math.round(this.threshold * (curve.thresholds - 1));
  }

  /** @param {Shown[]} shown */
  drawCurves(shown) {
    /** @param {(curve: Logged) => { xs: ArrayLike<number>, ys: ArrayLike<number> }} derive */
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

  /** @param {Shown[]} shown */
  drawTables(shown) {
    const holder = part(this.element, ".quality-tables", HTMLElement);
    const names = new Set(shown.map(([name]) => name));
    for (const [name, table] of this.tables)
      if (!names.has(name)) {
        table.element.remove();
        this.tables.delete(name);
      }
    for (const [name, found] of shown) {
      const table = this.tables.get(name) ?? new ConfusionTable(name);
      this.tables.set(name, table);
      holder.append(table.element);
      if (this.kind === "pr_curve") {
        const counts = atThreshold(found, this.index(found));
        /** @type {[string, number | null | undefined][]} */
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
          said.flatMap(([word, value]) => (value === null || value === undefined ? [] : [[word, value]])),
          found.step,
        );
      } else table.show(found.counts, found.classes, [], found.step);
    }
    const note = this.element.querySelector(".quality-note") ?? document.createElement("p");
    note.className = "quality-note";
    note.textContent = this.answers.problem;
    if (!this.answers.problem) note.remove();
    else if (!note.isConnected) holder.after(note);
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
      for (const { kind, tag, answers } of this.inView()) if (touches(change, kind, tag)) answers.later(change.run);
    });
    scope.on(live, "restart", () => {
      for (const { answers } of this.inView()) for (const name of answers.names) answers.later(name);
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
      const section = this.sections.get(key) ?? new Section(kind, tag, this.scope);
      this.sections.set(key, section);
      page.append(section.element);
      section.show(names);
    }
    for (const section of this.sections.values()) if (!page.contains(section.element)) section.show([]);
    this.view.replaceChildren(page);
  }

  inView() {
    return [...this.sections.values()].filter((section) => section.element.isConnected);
  }

  isReady() {
    return (
      runs.loaded &&
      this.view.childElementCount > 0 &&
      this.inView().every(({ answers }) => answers.names.every((name) => answers.series.has(name)))
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
