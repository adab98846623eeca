// One finding of a run: what was seen, what to try, since when; its evidence is drawn once it comes in sight.
import * as api from "../../core/api.js";
import * as findings from "../../core/findings.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { colour } from "../../charts/palette.js";
import { titleOf } from "../../text/finding_words.js";
import { node } from "../../ui/dom.js";
import { ask, trying } from "../../ui/menu.js";
import { severitySign } from "../../ui/severity.js";
import { autopsy } from "./autopsy.js";
import { anomalyOf } from "./autopsy_rows.js";
import { chartsOf, histogramOf } from "./evidence.js";
import { EvidenceChart } from "./evidence_chart.js";
import { SmallHistogram } from "./small_histogram.js";

/** @typedef {import("./arrange.js").Entry} Entry */
/** @typedef {HTMLElement & { item: Item }} ItemElement */

const REASON = "Why is it none? It is kept beside the run, for everybody who looks at it.";

export class Item {
  /**
   * @param {Entry} entry
   * @param {{ onNeeds: () => void }} host
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor({ run, finding, key }, host, scope) {
    this.run = run;
    this.key = key;
    this.finding = finding;
    this.host = host;
    this.scope = scope;
    this.sight = false;
    /** @type {EvidenceChart[] | null} */
    this.charts = null; // until it was in sight
    /** @type {SmallHistogram | null} */
    this.histogram = null;
    this.drawn = ""; // the evidence that is drawn, as JSON
    this.said = ""; // what stands there
    this.built = scope.child(); // while this evidence is drawn
    this.words = node("div", { class: "finding-words" });
    this.evidence = node("div", { class: "finding-evidence" });
    this.more = node("div", { class: "finding-autopsy" });
    const element = node("article", { class: "finding", tabindex: -1 }, this.words, this.evidence, this.more);
    this.element = Object.assign(element, { item: /** @type {Item} */ (this) });
    this.#say();
  }

  /** @param {Entry} entry */
  update({ finding }) {
    this.finding = finding;
    this.#say();
    if (!this.charts) return;
    if (this.drawn !== this.#drawn()) this.#draw();
    else for (const chart of this.charts) chart.update(finding);
  }

  /** @param {boolean} sight */
  setInSight(sight) {
    this.sight = sight;
    if (!sight) return;
    if (!this.charts) this.#draw();
    for (const chart of this.charts ?? []) chart.load();
  }

  get watched() {
    return this.sight ? (this.charts ?? []).flatMap((chart) => [...chart.store.tags]) : [];
  }

  get isReady() {
    return Boolean(this.charts?.every((chart) => chart.isLoaded)) && (this.histogram?.isLoaded ?? true);
  }

  redraw() {
    for (const chart of this.charts ?? []) chart.resized();
    this.histogram?.draw();
    this.said = "";
    this.#say();
  }

  // What decides which charts there are. A window that grows is not among it.
  #drawn() {
    const { evidence, step, layer } = this.finding;
    const run = runs.get(this.run);
    return JSON.stringify([evidence.tags, step, layer, this.#tags(), run?.series.histogram?.length ?? 0]);
  }

  #tags() {
    return this.finding.evidence.tags.filter((tag) => runs.get(this.run)?.has.has(tag));
  }

  #draw() {
    this.built.leave();
    this.built = this.scope.child();
    this.drawn = this.#drawn();
    const { finding, run } = this;
    const host = { isSeen: () => this.sight, onNeeds: this.host.onNeeds };
    this.charts = chartsOf(this.#tags()).map((tags) => new EvidenceChart(run, tags, finding, host, this.built));
    const tag = histogramOf(finding, runs.get(run)?.series.histogram ?? []);
    this.histogram = tag === null ? null : new SmallHistogram(run, tag, finding.step, this.built);
    const parts = this.charts.map(({ element }) => element);
    this.evidence.replaceChildren(...parts, ...(this.histogram ? [this.histogram.element] : []));
    this.host.onNeeds();
    if (finding.kind === "nan_or_inf") this.#look();
  }

  // What the training marked of it, which says more than a finding holds.
  async #look() {
    try {
      const { marks } = await api.json("marks", { run: this.run });
      const mark = anomalyOf(marks, this.finding.step);
      if (!mark || this.built.isOver) return;
      this.more.replaceChildren(autopsy(mark, this.#hasGraph ? (path) => this.#openGraph(path) : null));
    } catch {
      /* the finding stands without it */
    }
  }

  get #hasGraph() {
    return Boolean(runs.get(this.run)?.series.graph?.length);
  }

  /** @param {string} path of a node */
  #openGraph(path) {
    state.set("target", ["graph", this.run, path]);
    state.set("page", "graph");
  }

  // --- its words -------------------------------------------------------------------------------------------

  #say() {
    const { finding } = this,
      run = runs.get(this.run);
    const said = JSON.stringify([finding, run?.shown, run?.colour, this.#hasGraph, run?.status]);
    if (this.said === said) return;
    this.said = said;
    const focused = this.words.contains(document.activeElement) ? document.activeElement?.className : null;
    const { severity, sentence, advice, kind, dismissed } = finding;
    this.element.dataset.severity = severity;
    this.element.classList.toggle("is-dismissed", Boolean(dismissed));
    this.element.setAttribute("aria-label", `${severity}: ${titleOf(kind)} in ${run?.shown ?? this.run}`);
    const dot = node("i", { class: "dot", "aria-hidden": "true" });
    dot.style.background = colour(run?.colour ?? 0);
    this.words.replaceChildren(
      node(
        "p",
        { class: "finding-head" },
        severitySign(severity),
        node("span", { class: "finding-kind", text: titleOf(kind) }),
        node("span", { class: "finding-run", title: this.run }, dot, node("bdi", { text: run?.shown ?? this.run })),
      ),
      node("h3", {}, node("bdi", { text: sentence })),
      ...(advice
        ? [node("p", { class: "finding-advice" }, node("span", { text: "Try" }), node("bdi", { text: advice }))]
        : []),
      this.#facts(),
      ...this.#dismissal(),
    );
    if (focused) {
      const again = this.words.getElementsByClassName(focused)[0];
      if (again instanceof HTMLElement) again.focus({ preventScroll: true });
    }
  }

  #facts() {
    const { layer, step, step_last, confidence } = this.finding;
    const facts = node("dl", { class: "finding-facts" });
    /** @param {string} name @param {string | Node} value @param {string} [title] */
    const fact = (name, value, title) =>
      facts.append(node("div", { title }, node("dt", { text: name }), node("dd", {}, value)));
    if (step !== null) {
      // What goes on to the end, or shows at one step only, is told by its first.
      const isOver = step_last !== null && step_last > step && step_last < (runs.get(this.run)?.step ?? Infinity);
      if (isOver) fact("steps", `${format.step(step)} – ${format.step(step_last)}`);
      else fact("since step", format.step(step));
    }
    const rank = /^rank (\d+)$/.exec(layer ?? "");
    if (rank && (runs.get(this.run)?.ranks ?? 1) > 1) {
      const link = node("button", {
        type: "button",
        class: "evidence-link to-ranks",
        title: "Show it among the ranks",
        text: rank[1],
      });
      link.addEventListener("click", () => {
        state.set("target", ["ranks", this.run, this.finding.evidence.tags[0] ?? "", rank[1]]);
        state.set("page", "ranks");
      });
      fact("rank", link);
    } else if (layer) {
      const name = node("bdi", { text: layer });
      if (this.#hasGraph) {
        const link = node(
          "button",
          { type: "button", class: "evidence-link to-graph", title: "Show it on the graph" },
          name,
        );
        link.addEventListener("click", () => this.#openGraph(layer.replaceAll(".", "/")));
        fact("layer", link);
      } else fact("layer", name);
    }
    const sure = `${Math.round(100 * confidence)} %`;
    fact("confidence", sure, "How often a finding with such evidence was right");
    return facts;
  }

  #dismissal() {
    const { dismissed, id } = this.finding;
    const isOwn = !findings.isReadOnly();
    if (!dismissed) {
      if (!isOwn) return [];
      const button = node("button", { type: "button", class: "text-button to-dismiss", text: "Dismiss…" });
      button.addEventListener("click", () => this.#dismiss());
      return [node("p", { class: "finding-acts" }, button)];
    }
    const { reason, author, wall_time } = dismissed;
    const who = `Dismissed${author ? ` by ${author}` : ""}, ${format.ago(wall_time)}`;
    const words = node(
      "p",
      { class: "finding-acts", title: format.moment(wall_time) },
      node("bdi", { text: reason ? `${who}: ${reason}` : who }),
    );
    if (isOwn) {
      const button = node("button", { type: "button", class: "text-button to-restore", text: "Take back" });
      button.addEventListener("click", () => trying(() => findings.dismiss(this.run, id, null)));
      words.append(" ", button);
    }
    return [words];
  }

  async #dismiss() {
    const reason = await ask("Dismiss this finding", "", { hint: REASON, act: "Dismiss" });
    if (reason === null) return;
    await trying(() => findings.dismiss(this.run, this.finding.id, reason.trim()));
  }
}
