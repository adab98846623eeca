// The page of machines: how busy they were, what they are and how runs differ in it, and what was printed.
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { Console } from "./console.js";
import { compareNames } from "../../text/name_order.js";
import { emptyPage } from "../../ui/empty.js";
import { Environments } from "./environments.js";
import { MachineCard, metricOf } from "./card.js";
import { Senders } from "./senders.js";

const PAGE = `
  <section class="profile-card machine-senders" aria-label="Machines that send runs here" hidden></section>
  <div class="machine-bar">
    <h2>Load</h2>
    <div class="choice" role="group" aria-label="Time">
      <button data-axis="time">Clock</button><button data-axis="relative">Since the run began</button>
    </div>
  </div>
  <div class="cards machine-cards"></div>
  <section class="profile-card machine-environment" aria-label="Environment"></section>
  <section class="profile-card machine-console" aria-label="Console"></section>`;

export class MachinesPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, scope) {
    this.view = view;
    this.scope = scope;
    /** @type {"time" | "relative"} */
    this.axis = "time";
    /** @type {Map<string, MachineCard>} */
    this.cards = new Map(); // by metric
    /** @type {Environments | null} */
    this.environments = null;
    /** @type {Console | null} */
    this.printed = null;
    /** @type {import("../../core/scope.js").Scope | null} */
    this.built = null; // a scope, of those two
    this.#listen(scope);
    this.arrange();
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, "highlight", ({ names }) => {
      for (const card of this.cards.values()) card.setHighlight(names);
    });
    scope.on(runs, runs.CHANGES, () => this.arrange());
    scope.on(live, "changed", ({ run, what }) => {
      if (what.includes("console")) this.printed?.news(run);
      if (what.includes("environment")) this.environments?.again(run);
    });
    scope.on(live, "restart", () => {
      this.printed?.news();
      this.environments?.againAll();
    });
    scope.on(document, "themechange", () => {
      for (const card of this.cards.values()) card.request();
    });
  }

  /**
   * @param {string} selector
   * @returns {HTMLElement}
   */
  at(selector) {
    return /** @type {HTMLElement} */ (this.view.querySelector(selector));
  }

  arrange() {
    const tags = runs.tags("scalar").filter((/** @type {string} */ tag) => tag.startsWith("machine/"));
    if (!tags.length && !runs.tags("environment").length && !runs.tags("console").length) {
      this.#clear();
      this.view.replaceChildren(runs.loaded ? emptyPage("machines") : "");
      return;
    }
    if (!this.built) this.build();
    const metrics = new Map();
    for (const tag of tags) {
      const { key } = metricOf(tag);
      if (!metrics.has(key)) metrics.set(key, []);
      metrics.get(key).push(tag);
    }
    const order = [...metrics.keys()].sort((a, b) => metricOf(a).rank - metricOf(b).rank || compareNames(a, b));
    for (const [key, card] of this.cards)
      if (!metrics.has(key)) {
        card.scope.leave();
        this.cards.delete(key);
      }
    for (const key of order)
      if (!this.cards.has(key))
        this.cards.set(
          key,
          new MachineCard(key, {
            axis: () => this.axis,
            hover: (x) => {
              for (const card of this.cards.values()) card.chart.setCursor(x);
            },
            scope: this.scope.child(),
          }),
        );
    const elements = order.map((key) => /** @type {MachineCard} */ (this.cards.get(key)).element);
    const holder = this.at(".machine-cards");
    if (holder.children.length !== elements.length || elements.some((element, i) => holder.children[i] !== element))
      holder.replaceChildren(...elements);
    for (const key of order) this.cards.get(key)?.setTags(metrics.get(key));
    this.at(".machine-bar").hidden = !tags.length;
    this.environments?.show(
      runs
        .visible()
        .toReversed()
        .filter((run) => run.series.environment?.length),
    );
    this.printed?.offer(
      runs
        .visible()
        .toReversed()
        .filter((run) => run.series.console?.length),
    );
    this.scope.watch(tags);
  }

  build() {
    this.view.innerHTML = PAGE;
    this.built = this.scope.child();
    this.environments = new Environments(this.at(".machine-environment"), this.built);
    this.printed = new Console(this.at(".machine-console"), this.built);
    new Senders(this.at(".machine-senders"), this.built);
    for (const button of this.buttons) {
      button.addEventListener("click", () => {
        this.axis = button.dataset.axis === "relative" ? "relative" : "time";
        this.press();
        for (const card of this.cards.values()) {
          if (card.chart.zoom) card.chart.setZoom(null);
          card.request();
        }
      });
    }
    this.press();
  }

  /** @returns {NodeListOf<HTMLElement>} */
  get buttons() {
    return this.view.querySelectorAll("[data-axis]");
  }

  press() {
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.axis === this.axis));
  }

  // Nothing is shown any more.
  #clear() {
    for (const card of this.cards.values()) card.scope.leave();
    this.cards.clear();
    this.built?.leave();
    this.built = null;
    this.environments = this.printed = null;
  }

  isReady() {
    return (
      runs.loaded &&
      [...this.cards.values()].every((card) => card.ready) &&
      (!this.environments || this.environments.ready) &&
      (!this.printed || this.printed.ready)
    );
  }

  // As drawn now, for automation: {run: number of points} of a metric's card.
  /** @param {string} key of a metric */
  drawn(key) {
    return this.cards
      .get(key)
      ?.lines()
      .map(({ name, curve }) => ({ name, points: format.step(curve.points) }));
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 */
export const mount = (view, scope) => new MachinesPage(view, scope);
