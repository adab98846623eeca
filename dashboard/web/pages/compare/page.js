// The page of comparison: which settings led where. A brush on any of its charts chooses runs on every page.
import * as live from "../../core/live.js";
import * as format from "../../text/format.js";
import * as runTip from "../../ui/run_tip.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { Brushes } from "./brushes.js";
import { CompareTable } from "./table.js";
import { dictionary } from "../../core/dictionary.js";
import { Importance } from "./importance.js";
import { Outcomes } from "./outcomes.js";
import { Parallel } from "./parallel.js";
import { ScatterMatrix } from "./scatter_matrix.js";
import { metric as metricColumn, settings } from "./data.js";
import { emptyPage } from "../../ui/empty.js";
import { colour } from "../../charts/palette.js";

const TELL_MS = 150; // a brush is told to the other pages when the hand rests so long
const LIVE_MS = 1000;
const MAX_AXES = 16; // settings on the parallel coordinates, the most important first
const LIVELY = 300; // runs up to which every chart is redrawn while a brush moves
const OTHERS = 4; // metrics in the table beside the chosen one
const MATRIX = 4; // settings in the scatter matrix, beside the metric

const FRAME =
  '<div class="compare-tools"><label>Metric <select id="compare-metric"></select></label><label>Value <select id="compare-how"><option value="last">last</option><option value="min">smallest</option><option value="max">largest</option></select></label><span class="compare-said" role="status"></span><button class="text-button" id="compare-clear" hidden>Clear the brush</button></div><section class="compare-card wide"><h3>Settings and outcome</h3></section><section class="compare-card"><h3>What matters</h3><p class="compare-note">How much worse the metric is predicted when a setting is shuffled; the line spans the 5th to 95th percentile over resampled runs. Grey may be chance.</p></section><section class="compare-card"><h3>Pairs</h3></section><section class="compare-card wide"><h3>Runs</h3></section>';

// The metric to begin with: what runs are judged by, among the tags that at least half of the runs have that any has.
function usual(candidates, tags) {
  const count = (tag) => candidates.filter((run) => run.has.has(tag)).length;
  const most = Math.max(...tags.map(count));
  return runs.headlines.find((tag) => count(tag) * 2 >= most) ?? tags[0];
}

const fits = (run) => runs.isVisible(run.name) || state.get("off").includes(run.name);

export class ComparePage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Map<string, any>} kept brushes, and how the table is sorted
   */
  constructor(view, scope, kept) {
    this.view = view;
    this.scope = scope;
    this.without = 0; // runs that have not logged the metric
    /** @type {any[]} */
    this.all = [];
    this.known = { differing: [], same: [] };
    /** @type {any} */
    this.goal = null;
    this.within = new Uint8Array(0);
    /** @type {string[] | null} */
    this.before = kept.get("before") ?? null; // which runs were hidden before the first brush
    /** @type {any[]} */
    this.ranked = []; // settings by importance
    this.outcomes = new Outcomes(scope, () => this.soon(0));
    /** @type {string[]} */
    this.others = []; // further metrics in the table
    this.drawnOnce = false;
    /** @type {Brushes} */
    this.brushes = kept.get("brushes") ?? new Brushes();
    this.chosen = { tag: null, how: "last", ...state.local.get("compare", dictionary()) };
    this.timer = 0;
    this.redrawing = 0; // a frame
    this.telling = false; // the other pages what is brushed
    this.later = 0; // a timer
    const told = {
      brush: (name, range, done) => this.brush(name, range, done),
      hover: (index, event) => this.hover(index, event),
      toggle: (name) => this.toggle(name),
      found: (list) => this.found(list),
    };
    this.parallel = new Parallel(this.brushes, told, scope);
    this.matrix = new ScatterMatrix(this.brushes, told, scope);
    this.table = new CompareTable(told, scope);
    this.table.sort = kept.get("sort") ?? this.table.sort;
    this.importance = new Importance(told, scope);
    this.#build();
    this.#listen(scope);
    scope.onLeave(() => {
      if (this.timer) this.#tellRuns(); // what was brushed last
      kept.set("sort", this.table.sort).set("brushes", this.brushes).set("before", this.before);
    });
    this.arrange();
  }

  #build() {
    this.frame = Object.assign(document.createElement("div"), { className: "compare" });
    this.frame.innerHTML = FRAME;
    const [lines, weights, pairs, rows] = this.frame.querySelectorAll(".compare-card");
    lines.append(this.parallel.element);
    weights.append(this.importance.element);
    pairs.append(this.matrix.element);
    this.same = rows.appendChild(Object.assign(document.createElement("p"), { className: "compare-note" }));
    rows.append(this.table.element);
    const select = (id) => /** @type {HTMLSelectElement} */ (this.frame.querySelector(id));
    this.tagChoice = select("#compare-metric");
    this.howChoice = select("#compare-how");
    this.tagChoice.addEventListener("change", () => this.choose({ tag: this.tagChoice.value }));
    this.howChoice.addEventListener("change", () => this.choose({ how: this.howChoice.value }));
    this.frame.querySelector("#compare-clear").addEventListener("click", () => {
      this.brushes.clear();
      this.brush(null, null, true);
    });
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, "highlight", ({ names }) => this.hover(this.all.findIndex((run) => run.name === names)));
    scope.on(runs, "visible", () => {
      if (this.telling) return;
      this.brushes.clear();
      this.before = null;
      this.soon(0);
    });
    scope.on(runs, "runs", () => this.soon(0));
    scope.on(runs, ["run", "chosen"], () => this.soon(LIVE_MS));
    scope.on(live, "points", () => this.soon(LIVE_MS));
    scope.on(document, "themechange", () => {
      if (this.goal) this.show();
    });
  }

  choose(what) {
    Object.assign(this.chosen, what);
    if (this.goal) this.brushes.set(this.goal.name, null);
    state.local.set("compare", this.chosen);
    this.arrange();
  }

  // --- what there is ----------------------------------------------------------------------------------------

  arrange() {
    const tags = runs.tags("scalar");
    const candidates = runs.all().filter(fits);
    if (!candidates.length || !tags.length) {
      this.view.replaceChildren(runs.loaded ? emptyPage("compare") : "");
      return;
    }
    if (this.frame.parentElement !== this.view) this.view.replaceChildren(this.frame);
    const tag = tags.includes(this.chosen.tag) ? this.chosen.tag : usual(candidates, tags);
    if (
      this.tagChoice.childElementCount !== tags.length ||
      this.tagChoice.lastElementChild.value !== tags[tags.length - 1]
    )
      this.tagChoice.replaceChildren(...tags.map((each) => new Option(each, each)));
    this.tagChoice.value = tag;
    this.howChoice.value = this.chosen.how;
    // A run that never logged the metric has no outcome to compare: it is counted and not drawn, least of all as NaN.
    this.all = candidates.filter((run) => run.has.has(tag));
    this.without = candidates.length - this.all.length;
    this.known = settings(this.all);
    this.outcomes
      .load(tag, this.all)
      .then(() =>
        this.loadOthers(
          tags.filter((each) => each !== tag && /loss|acc|error|f1|auc|score|hparam/i.test(each)).slice(0, OTHERS),
        ),
      );
    this.goal = metricColumn(this.all, tag, this.chosen.how, this.outcomes.of(tag, this.all));
    this.show();
    this.importance.show(this.known.differing, this.goal);
  }

  // Further metrics, for the table: one after the other, when the chosen one is there.
  async loadOthers(tags) {
    this.others = tags;
    for (const tag of tags) if (!this.scope.isOver) await this.outcomes.load(tag, this.all);
  }

  axes() {
    const rank = new Map(this.ranked.map((each, i) => [each.name, i]));
    // What few runs have been given says little of the others, however important there.
    const isRare = (column) => column.missing * 2 > this.all.length;
    const order = [...this.known.differing].sort(
      (a, b) => isRare(a) - isRare(b) || (rank.get(a.name) ?? 99) - (rank.get(b.name) ?? 99) || a.missing - b.missing,
    );
    return [...order.slice(0, MAX_AXES).reverse(), this.goal];
  }

  show() {
    const columns = this.axes();
    this.within = this.chosenRuns(columns);
    this.parallel.show(columns, this.all.length, this.within);
    this.matrix.show(columns.slice(-MATRIX - 1), this.all.length, this.within);
    const beside = this.others
      .filter((tag) => this.outcomes.of(tag, this.all).size)
      .map((tag) => metricColumn(this.all, tag, this.chosen.how, this.outcomes.of(tag, this.all)));
    this.table.show(
      this.all,
      [
        this.goal,
        ...beside,
        ...columns.slice(0, -1).reverse(),
        ...this.known.differing.filter((column) => !columns.includes(column)),
      ],
      this.within,
    );
    const hidden = this.known.differing.length - columns.length + 1;
    this.say();
    this.same.hidden = !this.known.same.length && hidden <= 0;
    this.same.textContent = [
      this.known.same.length
        ? `The same in all runs: ${this.known.same.map((column) => `${column.name} = ${column.values.find((value) => value !== undefined)}`).join(", ")}.`
        : "",
      hidden > 0 ? `${format.plural(hidden, "less important setting")} in the table only.` : "",
    ]
      .filter(Boolean)
      .join(" ");
    this.drawnOnce = true;
  }

  // Without a brush the runs that are shown on every page; with one, those that it leaves.
  chosenRuns(columns) {
    if (this.brushes.any) return this.brushes.within(columns, this.all.length);
    const off = new Set(state.get("off"));
    return Uint8Array.from(this.all, (run) => (off.has(run.name) ? 0 : 1));
  }

  say() {
    const count = this.within.reduce((sum, each) => sum + each, 0);
    const shown =
      count === this.all.length
        ? format.plural(count, "run")
        : `${count.toLocaleString("en-US")} of ${format.plural(this.all.length, "run")} shown, here and on every page`;
    this.frame.querySelector(".compare-said").textContent = this.without
      ? `${shown} · ${format.step(this.without)} without this metric`
      : shown;
    this.frame.querySelector("#compare-clear").hidden = !this.brushes.any;
  }

  brush(name, range, done) {
    if (!this.before) this.before = state.get("off");
    if (name) this.brushes.set(name, range);
    this.redrawing ||= this.scope.requestAnimationFrame(() => {
      this.redrawing = 0;
      this.redraw();
    });
    this.scope.clearTimeout(this.timer);
    this.timer = this.scope.setTimeout(() => this.tell(), done ? 0 : TELL_MS);
  }

  redraw(isWhole = false) {
    this.within = this.chosenRuns(this.axes());
    for (const each of [this.parallel, this.matrix, this.table]) each.within = this.within;
    this.parallel.draw();
    this.say();
    // The others follow the hand too, unless there are so many runs that they would hold it up.
    if (isWhole || this.all.length <= LIVELY) {
      this.matrix.draw();
      this.table.arrange();
    }
  }

  tell() {
    this.#tellRuns();
    this.redraw(true);
  }

  // Which runs are left is every page's.
  #tellRuns() {
    this.timer = 0;
    this.telling = true;
    if (this.brushes.any) {
      const names = this.all.filter((_, i) => !this.within[i]).map((run) => run.name);
      state.set("off", names);
    } else {
      state.set("off", this.before ?? []);
      this.before = null;
    }
    this.telling = false;
  }

  toggle(name) {
    const off = state.get("off");
    this.brushes.clear();
    this.before = null;
    state.set("off", off.includes(name) ? off.filter((each) => each !== name) : [...off, name]);
  }

  hover(index, event) {
    for (const each of [this.parallel, this.matrix, this.table]) each.hover(index);
    if (index < 0 || !this.all[index] || !event) {
      runTip.hide();
      return;
    }
    const said = [this.goal, ...this.axes().slice(0, -1).reverse()].map((column) => {
      const value = column.values[index];
      return [
        column.name,
        value === undefined || value === null
          ? "–"
          : column.isNumeric
            ? format.value(column.number(index))
            : String(value),
      ];
    });
    runTip.show(event, this.all[index].name, said, colour(runs.index(this.all[index].name)));
  }

  found(list) {
    this.ranked = list;
    if (this.goal) this.show();
  }

  isReady() {
    return runs.loaded && (this.drawnOnce || this.view.childElementCount > 0);
  }

  // Shows what there is a little later, once for all that changes until then.
  soon(wait) {
    this.later ||= this.scope.setTimeout(() => {
      this.later = 0;
      this.arrange();
    }, wait);
  }

  // For automation: what is drawn now.
  drawn() {
    return (
      this.goal && {
        columns: this.axes().map((column) => column.name),
        runs: this.all.map((run) => run.name),
        within: [...this.within],
        outcome: [...(this.goal?.values ?? [])],
        marks: dictionary(
          this.axes()
            .filter((column) => column.few)
            .map((column) => [column.name, [...column.few].sort((a, b) => a - b)]),
        ),
        importance: this.importance.busy ? null : this.importance.found,
      }
    );
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 * @param {Map<string, any>} kept
 */
export const mount = (view, scope, kept) => new ComparePage(view, scope, kept);
