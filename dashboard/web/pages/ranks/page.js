// The page of ranks: what every process of one training logged under a tag, a row each, and which of them lags.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { Frame, fill } from "./frame.js";
import { node } from "../../ui/dom.js";
import { colour } from "../../charts/palette.js";
import { emptyPage } from "../../ui/empty.js";
import { joined, joinedTags, ranksOf } from "../../text/rank_tags.js";
import { gridOf, middles, rankName, robustRange, slowest } from "./grid.js";
import { ramp } from "../../charts/colour_maps.js";
import { side } from "./side.js";
import { Strip } from "./strip.js";
import { touches } from "../../core/news.js";

/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {import("../../core/runs.js").Run} Run */

const LEAST_REST_MS = 1000; // between two questions for a run that goes on
const REST = 4; // and so many times as long as the last answer took
const COLUMNS = 1000;
const WATCHED = 64; // tags of as many ranks: when one of them is logged, those of the others are
const TIMES = ["time/step", "step_time", "time/batch"]; // tags to begin with

const ONE = `RANK=0 WORLD_SIZE=8 python train.py   # as torchrun, SLURM and Open MPI set them
tracker.init(name="big")                  # the same name in every process: one run`;

/** @param {string} words */
const note = (words) => node("p", { class: "page-note", text: words });

export class RanksPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Map<string, any>} kept which rank is chosen
   */
  constructor(view, scope, kept) {
    this.view = view;
    this.scope = scope;
    this.kept = kept;
    /** @type {Grid | null} */
    this.grid = null;
    this.run = "";
    this.tag = "";
    /** @type {string[]} */
    this.members = []; // the tags that it stands for, or some of them
    /** @type {number | null | undefined} */
    this.chosen = kept.get("chosen"); // a rank
    /** @type {[number, number] | null} */
    this.window = null;
    this.asked = ""; // what was asked for last
    this.isAsking = false;
    this.isStale = false;
    this.took = 0; // ms
    this.problem = "";
    /** @type {number | null} */
    this.timer = null;
    this.strip = new Strip(scope, {
      onZoom: (window) => {
        this.window = window;
        this.ask();
      },
      onChoose: (row) => this.choose(row),
    });
    this.frame = new Frame(this.strip);
    this.#listen();
    scope.on(runs, runs.CHANGES, () => this.arrange());
    scope.on(state, "target", () => this.#aim());
    scope.on(state, ["rankTag", "rankBy", "rankValue"], () => this.arrange());
    scope.on(live, "points", (/** @type {any} */ points) => {
      if (points.run === this.run && joined(points.tag) === this.tag) this.#later();
    });
    scope.on(live, "changed", (/** @type {any} */ change) => {
      if (change.run === this.run && this.members.some((tag) => touches(change, "scalar", tag))) this.#later();
    });
    scope.on(live, "restart", () => this.#later());
    scope.on(document, "themechange", () => this.#show());
    this.#aim();
  }

  // What the address, or another page, leads to: a run, a tag and a rank.
  #aim() {
    const [page, run, tag, rank] = state.get("target");
    if (page === "ranks") {
      this.run = run ?? this.run;
      if (rank !== undefined) this.chosen = rank === "" ? undefined : Number(rank);
      if (tag) state.set("rankTag", tag);
    }
    this.arrange();
  }

  #listen() {
    this.frame.which.addEventListener("change", () => {
      this.run = this.frame.which.value;
      this.arrange();
    });
    this.frame.tags.addEventListener("change", () => state.set("rankTag", this.frame.tags.value));
    this.frame.whole.addEventListener("click", () => {
      this.window = null;
      this.ask();
    });
    this.frame.curves.addEventListener("click", () => {
      state.set("tags", this.tag.replace("*", " ")); // words that are all in it
      state.set("page", "curves");
    });
  }

  // --- what is shown ---------------------------------------------------------------------------------------

  arrange() {
    const having = runs.all().filter((run) => ranksOf(run) > 1);
    if (!having.length) {
      const any = runs.all().length > 0;
      this.view.replaceChildren(...(runs.loaded ? (any ? this.#one() : [emptyPage("ranks")]) : []));
      return;
    }
    const shown = runs.visible().toReversed();
    const wanted = [...shown.filter((run) => ranksOf(run) > 1), ...having.filter((run) => !shown.includes(run))];
    const run = having.find(({ name }) => name === this.run) ?? wanted[0];
    this.run = run.name;
    fill(
      this.frame.which,
      wanted.map((each) => [each.name, `${each.shown} · ${format.plural(ranksOf(each), "rank")}`]),
      run.name,
    );
    this.frame.dot.style.background = colour(run.colour);
    const { tags } = joinedTags(run.series.scalar ?? []);
    if (!tags.length) {
      this.view.replaceChildren(note("This run has logged no scalars yet."));
      return;
    }
    const asked = joined(state.get("rankTag"));
    const tag = tags.includes(asked) ? asked : usual(tags);
    if (tag !== this.tag) this.window = null;
    this.tag = tag;
    fill(
      this.frame.tags,
      tags.map((each) => [each, each]),
      tag,
    );
    this.frame.by.show(state.get("rankBy"));
    this.frame.form.show(state.get("rankValue"));
    if (!this.frame.element.isConnected) this.view.replaceChildren(this.frame.element);
    this.members = (run.series.scalar ?? []).filter((each) => joined(each) === tag).slice(0, WATCHED);
    this.scope.watch(this.members);
    if (this.asked !== JSON.stringify([run.name, tag])) {
      this.asked = JSON.stringify([run.name, tag]);
      this.grid = null;
      this.problem = "";
      this.ask();
    }
    this.#show();
  }

  #one() {
    return [
      node(
        "div",
        { class: "empty" },
        node("h2", { text: "Every run here is of one process" }),
        node("p", { text: "Ranks stand side by side once several processes of one training log into one run:" }),
        node("pre", { text: ONE }),
      ),
    ];
  }

  /** @param {number | null} row */
  choose(row) {
    this.chosen = row === null ? undefined : this.grid?.ranks[row].rank;
    this.kept.set("chosen", this.chosen);
    this.#show();
  }

  #show() {
    const { grid, strip } = this;
    this.frame.skeleton.hidden = Boolean(grid || this.problem);
    this.frame.form.hidden = !grid || grid.isSingle;
    this.frame.whole.hidden = !this.window;
    if (!grid) {
      this.frame.told.textContent = this.problem;
      return;
    }
    const values = grid[/** @type {"mean" | "min" | "max"} */ (state.get("rankValue"))];
    const middle = middles(grid);
    const slowness = slowest(grid, middle);
    const rows = grid.ranks.map((_, row) => row);
    const order = state.get("rankBy") === "slowest" ? slowness.map(({ row }) => row) : rows;
    const range = robustRange(values);
    const found = this.chosen === undefined ? -1 : grid.ranks.findIndex(({ rank }) => rank === this.chosen);
    const chosen = found < 0 ? null : found;
    this.frame.low.textContent = `≤ ${format.value(range[0], 3)}`;
    this.frame.high.textContent = `≥ ${format.value(range[1], 3)}`;
    this.frame.scale.style.background = `linear-gradient(to right, ${ramp().join(", ")})`;
    strip.show({ grid, values, middle, order, range, chosen });
    this.frame.told.textContent = this.#words(grid, chosen);
    // A button that is pressed keeps the focus when the list is made anew.
    const focused = [...this.frame.side.querySelectorAll("button")].indexOf(
      /** @type {any} */ (document.activeElement),
    );
    this.frame.side.replaceChildren(...side(grid, slowness, chosen, (row) => this.choose(row === chosen ? null : row)));
    if (focused >= 0) this.frame.side.querySelectorAll("button")[focused]?.focus();
  }

  /**
   * @param {Grid} grid
   * @param {number | null} chosen
   */
  #words(grid, chosen) {
    if (chosen === null) {
      const size = `${format.plural(grid.ranks.length, "rank")} × ${format.plural(grid.columns, "column")}`;
      return `${size} of ${format.plural(grid.width, "step")}`;
    }
    const rank = grid.ranks[chosen];
    const last = typeof rank.value === "number" ? format.value(rank.value, 5) : "NaN";
    const newest = `${last} at step ${format.step(rank.step)}, ${format.plural(rank.points, "point")}`;
    return `${rankName(rank)} on ${rank.host}, ${rank.status}: ${newest}`;
  }

  // --- asking ----------------------------------------------------------------------------------------------

  async ask() {
    if (this.isAsking) {
      this.isStale = true;
      return;
    }
    const { run, tag, window } = this;
    if (!run || !tag) return; // there is no run of several processes, or no more
    const began = performance.now();
    this.isAsking = true;
    this.isStale = false;
    try {
      const grid = gridOf(
        await api.packed("ranks", { run, tag, columns: COLUMNS, start: window?.[0], stop: window?.[1] }),
      );
      if (run === this.run && tag === this.tag) this.grid = grid;
      this.problem = "";
    } catch (error) {
      this.problem = `These ranks could not be read: ${/** @type {Error} */ (error).message}`;
    }
    this.isAsking = false;
    if (this.scope.isOver) return;
    this.took = performance.now() - began;
    this.#show();
    if (run !== this.run || tag !== this.tag || window !== this.window) this.ask();
    else if (this.isStale) this.#later();
  }

  // For a run that goes on: no more often than the answer is worth.
  #later() {
    if (this.isAsking) this.isStale = true;
    else
      this.timer ??= this.scope.setTimeout(
        () => {
          this.timer = null;
          this.ask();
        },
        Math.max(LEAST_REST_MS, REST * this.took),
      );
  }

  isReady() {
    return runs.loaded && (!this.frame.element.isConnected || (!this.isAsking && Boolean(this.grid || this.problem)));
  }

  // For automation and for measuring.
  drawn() {
    const { grid, strip, run, tag } = this;
    const order = strip.shown?.order ?? [];
    return {
      run,
      tag,
      took: strip.took,
      ranks: grid?.ranks.length ?? 0,
      columns: grid?.columns ?? 0,
      width: grid?.width ?? 0,
      order: order.slice(0, 20).map((row) => grid?.ranks[row].rank),
      chosen: this.chosen ?? null,
      cell: (/** @type {number} */ row, /** @type {number} */ column) => grid?.mean[row * grid.columns + column],
      redraw: () => {
        this.#show();
        return strip.took;
      },
    };
  }
}

/** @param {string[]} tags */
const usual = (tags) =>
  TIMES.find((tag) => tags.includes(tag)) ??
  (runs.headline !== null && tags.includes(runs.headline) ? runs.headline : tags[0]);

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 * @param {Map<string, any>} kept
 */
export const mount = (view, scope, kept) => new RanksPage(view, scope, kept);
