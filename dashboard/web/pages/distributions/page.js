// The page of distributions: for each tensor how its numbers lie, step by step. Counts are the server's, merged
// exactly; nothing here samples. A drag picks steps, "merge" picks layers, and what was picked is shown merged.
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { compareNames } from "../../text/name_order.js";
import { node, part } from "../../ui/dom.js";
import { touches } from "../../core/news.js";
import { Card } from "./card.js";
import { StepQuestions } from "../../core/histograms.js";
import { Picks } from "./pick.js";
import { emptyPage } from "../../ui/empty.js";

/** @typedef {HTMLElement & { card: Card }} CardElement */

const RUNS_AT_ONCE = 3; // of a tensor, side by side; more would leave each too small to be read

export class DistributionsPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Map<string, any>} kept what is picked
   */
  constructor(view, scope, kept) {
    this.view = view;
    this.scope = scope;
    /** @type {Map<string, Card>} */
    this.cards = new Map(); // by tag and run
    this.steps = new StepQuestions();
    this.target = ""; // the card that is to be scrolled to, until it was
    this.lead = ""; // the run that is among those side by side in any case
    this.picks = new Picks(scope, view, kept.get("picks"), () => this.#draw());
    scope.onLeave(() => kept.set("picks", this.picks.picked));
    this.inSight = scope.observer(
      new IntersectionObserver(
        (entries) => {
          for (const { target, isIntersecting } of entries) {
            const { card } = /** @type {CardElement} */ (target);
            card.setInSight(isIntersecting);
          }
        },
        { rootMargin: "200px" },
      ),
    );
    this.#listen(scope);
    this.#aim();
  }

  // What the address, or another page, leads to.
  #aim() {
    const [page, run, tag] = state.get("target");
    if (page === "distributions" && run) [this.target, this.lead] = [`${tag}\n${run}`, run];
    this.arrange();
  }

  #goTo() {
    const card = this.cards.get(this.target);
    if (!card) return;
    this.target = "";
    card.element.scrollIntoView({ block: "center" });
    card.over.focus({ preventScroll: true });
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, runs.CHANGES, () => this.arrange());
    scope.on(state, "target", () => this.#aim());
    scope.on(state, "pace", () => {
      for (const card of this.cards.values()) card.paced();
    });
    scope.on(state, ["bins", "binning"], () => {
      this.picks.show();
      for (const card of this.cards.values()) card.forget();
    });
    scope.on(live, "changed", (change) => {
      for (const card of this.cards.values())
        if (card.run === change.run && touches(change, "histogram", card.tag)) card.later();
    });
    scope.on(live, "restart", () => {
      for (const card of this.cards.values()) card.later();
    });
    scope.on(document, "themechange", () => this.#draw());
  }

  #draw() {
    for (const card of this.cards.values()) card.draw();
  }

  // Once every card in sight has something, each may ask for more.
  came() {
    if (this.isReady()) for (const card of this.cards.values()) card.refine();
  }

  arrange() {
    const tags = runs.tags("histogram");
    const shown = runs
      .visible()
      .toReversed()
      .filter((run) => run.series.histogram?.length);
    if (!tags.length) return this.view.replaceChildren(runs.loaded ? emptyPage("distributions") : "");
    /** @type {Map<string, [tag: string, run: string][]>} */
    const groups = new Map();
    let left = 0; // runs that some tensor has and that are not beside the others
    for (const tag of tags) {
      const having = shown.filter((run) => run.series.histogram.includes(tag));
      const of = having.slice(0, RUNS_AT_ONCE);
      const lead = having.find(({ name }) => name === this.lead);
      if (lead && !of.includes(lead)) of[of.length - 1] = lead;
      if (!of.length) continue;
      left = Math.max(left, having.length - of.length);
      const name = tag.includes("/") ? tag.slice(0, tag.indexOf("/")) : "";
      const group = groups.get(name) ?? [];
      groups.set(name, group);
      for (const run of of) group.push([tag, run.name]);
    }
    const rank = (/** @type {string} */ name) => {
      const at = ["weights", "params", "parameters", "gradients", "grads", "activations"].indexOf(name);
      return at < 0 ? 99 : at;
    };
    const sorted = [...groups].sort(([a], [b]) => rank(a) - rank(b) || compareNames(a, b));
    const layout = JSON.stringify([sorted, left]);
    if (this.view.dataset.layout === layout && this.view.childElementCount) return this.#goTo();
    this.view.dataset.layout = layout;
    const wanted = new Set();
    const sections = sorted.map(([name, members]) => {
      const section = document.createElement("section");
      section.className = "group";
      section.innerHTML = '<h2><span></span><span class="count"></span></h2><div class="cards"></div>';
      part(section, "span", HTMLElement).textContent = name || "tensors";
      part(section, ".count", HTMLElement).textContent = String(members.length);
      const cards = part(section, ".cards", HTMLElement);
      for (const [tag, run] of members) {
        const key = `${tag}\n${run}`;
        wanted.add(key);
        const card = this.cards.get(key) ?? new Card(tag, run, this, this.scope.child());
        this.cards.set(key, card);
        cards.append(card.element);
        this.inSight.observe(card.element);
      }
      return section;
    });
    for (const [key, card] of this.cards)
      if (!wanted.has(key)) {
        this.inSight.unobserve(card.element);
        card.scope.leave();
        this.cards.delete(key);
      }
    const note = (/** @type {string} */ text) => node("p", { class: "page-note", text });
    if (!sections.length) sections.push(note("No visible run has logged histograms. Select one in the run list."));
    else if (left)
      sections.unshift(
        note(
          `The ${RUNS_AT_ONCE} newest visible runs of each tensor, side by side; ${format.plural(left, "run")} more ` +
            `${left === 1 ? "has" : "have"} it. Hide some in the list to see others.`,
        ),
      );
    this.view.replaceChildren(...sections);
    this.picks.show();
    this.#goTo();
    // What is in sight need not wait for the observer, which speaks after the frame (measured: 100 ms of the first
    // paint).
    const { bottom } = this.view.getBoundingClientRect();
    for (const card of this.cards.values())
      if (!card.sight && card.element.getBoundingClientRect().top < bottom) card.setInSight(true);
  }

  isReady() {
    const sighted = [...this.cards.values()].filter((card) => card.sight);
    return (
      runs.loaded &&
      (!runs.tags("histogram").length || (sighted.length > 0 && sighted.every((card) => card.data || card.problem)))
    );
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 * @param {Map<string, any>} kept
 */
export const mount = (view, scope, kept) => new DistributionsPage(view, scope, kept);
