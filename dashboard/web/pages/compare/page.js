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
import { Parting } from "./parting.js";
import { ScatterMatrix } from "./scatter_matrix.js";
import { axesOf } from "./axes.js";
import { others, usual } from "./metrics.js";
import { makeFrame } from "./frame.js";
import { metric as metricColumn, settings } from "./data.js";
import { emptyPage } from "../../ui/empty.js";
import { colour } from "../../charts/palette.js";

const TELL_MS = 150; // a brush is told to the other pages when the hand rests so long
const LIVE_MS = 1000;
const LIVELY = 300; // runs up to which every chart is redrawn while a brush moves
const MATRIX = 4; // settings in the scatter matrix, beside the metric

/**
 * @typedef {import("../../core/runs.js").Run} Run
 * @typedef {import("./data.js").Column} Column
 * @typedef {import("./importance.js").Share} Share
 * @typedef {{ tag: string | null, how: string }} Chosen metric, and which of its values: last, min or max
 */

/** @param {Run} run */
const fits = (run) => runs.isVisible(run.name) || runs.isOff(run.name);

/** @param {Column} column whose values are all the same */
const equation = ({ name, values }) => `${name} = ${values.find((value) => value !== undefined)}`;

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
    /** @type {Run[]} */
    this.all = [];
    /** @type {{ differing: Column[], same: Column[] }} */
    this.known = { differing: [], same: [] };
    /** @type {Column | null} */
    this.goal = null;
    this.within = new Uint8Array(0);
    /** @type {string[] | null} */
    this.before = kept.get("before") ?? null; // which runs were hidden before the first brush
    /** @type {Share[]} */
    this.ranked = []; // settings by importance
    this.outcomes = new Outcomes(scope, () => this.soon(0));
    this.parting = new Parting(scope);
    /** @type {string[]} */
    this.others = []; // further metrics in the table
    this.drawnOnce = false;
    /** @type {Brushes} */
    this.brushes = kept.get("brushes") ?? new Brushes();
    /** @type {Chosen} */
    this.chosen = { tag: null, how: "last", ...state.local.get("compare", dictionary()) };
    this.timer = 0;
    this.redrawing = 0; // a frame
    this.telling = false; // the other pages what is brushed
    this.later = 0; // a timer
    /** @type {import("./runs_canvas.js").Told & import("./table.js").Told & { found(list: Share[]): void }} */
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
    const { frame, cards, tagChoice, howChoice, said, clear } = makeFrame();
    this.frame = frame;
    this.tagChoice = tagChoice;
    this.howChoice = howChoice;
    this.said = said;
    this.clear = clear;
    const [lines, weights, pairs, rows] = cards;
    lines.before(this.parting.element);
    lines.append(this.parallel.element);
    weights.append(this.importance.element);
    pairs.append(this.matrix.element);
    this.same = rows.appendChild(Object.assign(document.createElement("p"), { className: "compare-note" }));
    rows.append(this.table.element);
    tagChoice.addEventListener("change", () => this.choose({ tag: tagChoice.value }));
    howChoice.addEventListener("change", () => this.choose({ how: howChoice.value }));
    clear.addEventListener("click", () => {
      this.brushes.clear();
      this.brush(null, null, true);
    });
    this.#listen(scope);
    scope.onLeave(() => {
      if (this.timer) this.#tellRuns(); // what was brushed last
      kept.set("sort", this.table.sort).set("brushes", this.brushes).set("before", this.before);
    });
    this.arrange();
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

  /** @param {Partial<Chosen>} what */
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
    const { tag: chosen } = this.chosen;
    const tag = chosen !== null && tags.includes(chosen) ? chosen : usual(candidates, tags);
    if (this.tagChoice.length !== tags.length || this.tagChoice.options[tags.length - 1].value !== tags.at(-1))
      this.tagChoice.replaceChildren(...tags.map((each) => new Option(each, each)));
    this.tagChoice.value = tag;
    this.howChoice.value = this.chosen.how;
    // A run that never logged the metric has no outcome to compare: it is counted and not drawn, least of all as NaN.
    this.all = candidates.filter((run) => run.has.has(tag));
    this.without = candidates.length - this.all.length;
    this.known = settings(this.all);
    this.outcomes.load(tag, this.all).then(() => this.loadOthers(others(tags, tag)));
    this.goal = metricColumn(this.all, tag, this.chosen.how, this.outcomes.of(tag, this.all));
    this.show();
    this.importance.show(this.known.differing, this.goal);
  }

  // Further metrics, for the table: one after the other, when the chosen one is there.
  /** @param {string[]} tags */
  async loadOthers(tags) {
    this.others = tags;
    for (const tag of tags) if (!this.scope.isOver) await this.outcomes.load(tag, this.all);
  }

  /** @param {Column} goal */
  axes(goal) {
    return axesOf(this.known.differing, this.ranked, this.all.length, goal);
  }

  show() {
    const { goal } = this;
    if (!goal) return;
    const columns = this.axes(goal);
    this.within = this.chosenRuns(columns);
    this.parallel.show(columns, this.all.length, this.within);
    this.matrix.show(columns.slice(-MATRIX - 1), this.all.length, this.within);
    const beside = this.others
      .filter((tag) => this.outcomes.of(tag, this.all).size)
      .map((tag) => metricColumn(this.all, tag, this.chosen.how, this.outcomes.of(tag, this.all)));
    this.table.show(
      this.all,
      [
        goal,
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
      this.known.same.length ? `The same in all runs: ${this.known.same.map(equation).join(", ")}.` : "",
      hidden > 0 ? `${format.plural(hidden, "less important setting")} in the table only.` : "",
    ]
      .filter(Boolean)
      .join(" ");
    this.drawnOnce = true;
  }

  // Without a brush the runs that are shown on every page; with one, those that it leaves.
  /** @param {Column[]} columns */
  chosenRuns(columns) {
    if (this.brushes.any) return this.brushes.within(columns, this.all.length);
    return Uint8Array.from(this.all, (run) => (runs.isOff(run.name) ? 0 : 1));
  }

  say() {
    this.parting.show(this.all.filter((_, i) => this.within[i]));
    const count = this.within.reduce((sum, each) => sum + each, 0);
    const shown =
      count === this.all.length
        ? format.plural(count, "run")
        : `${count.toLocaleString("en-US")} of ${format.plural(this.all.length, "run")} shown, here and on every page`;
    this.said.textContent = this.without ? `${shown} · ${format.step(this.without)} without this metric` : shown;
    this.clear.hidden = !this.brushes.any;
  }

  /**
   * @param {string | null} name
   * @param {number[] | null} range
   * @param {boolean} done
   */
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
    if (!this.goal) return;
    this.within = this.chosenRuns(this.axes(this.goal));
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

  /** @param {string} name */
  toggle(name) {
    this.brushes.clear();
    this.before = null;
    runs.toggle(name);
  }

  /**
   * @param {number} index -1 for none
   * @param {MouseEvent} [event]
   */
  hover(index, event) {
    const { goal } = this;
    for (const each of [this.parallel, this.matrix, this.table]) each.hover(index);
    if (index < 0 || !this.all[index] || !event || !goal) {
      runTip.hide();
      return;
    }
    /** @type {[name: string, text: string][]} */
    const said = [goal, ...this.axes(goal).slice(0, -1).reverse()].map((column) => {
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

  /** @param {Share[]} list */
  found(list) {
    this.ranked = list;
    if (this.goal) this.show();
  }

  isReady = () => runs.loaded && (this.drawnOnce || this.view.childElementCount > 0);

  // Shows what there is a little later, once for all that changes until then.
  /** @param {number} wait in ms */
  soon(wait) {
    this.later ||= this.scope.setTimeout(() => {
      this.later = 0;
      this.arrange();
    }, wait);
  }

  // For automation: what is drawn now.
  drawn() {
    const { goal } = this;
    return (
      goal && {
        columns: this.axes(goal).map((column) => column.name),
        runs: this.all.map((run) => run.name),
        within: [...this.within],
        outcome: [...goal.values],
        marks: dictionary(
          this.axes(goal).flatMap(({ name, few }) => (few ? [[name, [...few].sort((a, b) => a - b)]] : [])),
        ),
        parting: this.parting.shown,
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
