// The page of curves: a card for each tag and each that the user made, in groups, in the user's order.
import * as format from "../../text/format.js";
import * as frames from "../../core/frames.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import * as drawn from "./drawn.js";
import { Card } from "./card.js";
import { CardPlaces } from "./card_places.js";
import { PINNED, groupsOf, oneId, own, section, tagsOf } from "./groups.js";
import { LegendBar } from "./legend_bar.js";
import { FindingsCard } from "./findings_card.js";
import { Tools } from "./tools.js";
import { listenToKeys } from "./keys.js";
import { follow } from "./follow.js";
import { cardMenu } from "./card_menu.js";
import { noMatch, noRuns, noneHere, skeletons } from "./empty_state.js";
import { parse } from "../../core/dictionary.js";
import { part } from "../../ui/dom.js";
import { emptyPage } from "../../ui/empty.js";
import { say } from "../../ui/menu.js";
import { query } from "../../text/query.js";

/** @typedef {import("./card_places.js").CardElement} CardElement */

/** @param {string} id of a card that is shown */
const tagsIn = (id) => /** @type {string[]} */ (tagsOf(id));

export class CurvesPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Map<string, any>} kept of the last visit: into which part of it each card was zoomed
   */
  constructor(view, scope, kept) {
    this.view = view;
    this.scope = scope;
    /** @type {Map<string, Card>} */
    this.cards = new Map(); // by id
    this.closed = new Set(state.local.get("closedGroups", []));
    this.places = new CardPlaces((group, ids) => this.#moved(group, ids));
    this.axis = state.get("x");
    /** @type {Map<string, { zoom: any, zoomY: any }>} */
    this.zooms = kept.get("axis") === this.axis ? kept.get("zooms") : new Map();
    this.host = this.#host();
    this.findings = new FindingsCard(scope);
    this.inSight = scope.observer(
      new IntersectionObserver(
        (entries) => {
          for (const { target, isIntersecting } of entries)
            this.#seen(/** @type {CardElement} */ (target).card, isIntersecting);
          this.watch();
        },
        { rootMargin: "200px" },
      ),
    );
    follow(this, scope);
    new LegendBar(scope);
    new Tools(this, scope);
    listenToKeys(this, scope);
    scope.onLeave(() => {
      kept.set("zooms", this.#zoomed()).set("axis", this.axis);
      document.querySelector(".scrim")?.remove();
    });
    this.arrange();
    this.watch();
  }

  // What cards ask of their page.
  /** @returns {import("./card.js").Host} */
  #host() {
    return {
      onCursor: (x) => {
        for (const card of this.sighted()) card.chart?.setCursor(x);
      },
      onMore: (card, button) =>
        cardMenu(card, button, {
          remove: own(card.id)
            ? () =>
                state.set(
                  "cards",
                  state.get("cards").filter((each) => each !== card.id),
                )
            : null,
          resize: (size) => this.places.resize(card, size),
        }),
      onPin: (card) => {
        const pins = state.get("pins");
        const was = pins.includes(card.id);
        state.set("pins", was ? pins.filter((id) => id !== card.id) : [...pins, card.id]);
        say(`${card.title} is ${was ? "no longer pinned" : "pinned to the top"}.`);
      },
      onLarge: (card, large) => {
        document.querySelector(".scrim")?.remove();
        for (const other of this.cards.values()) other.element.classList.remove("is-large");
        if (!large) return;
        const scrim = document.body.appendChild(Object.assign(document.createElement("div"), { className: "scrim" }));
        scrim.addEventListener("click", () => card.setLarge(false));
      },
      onGrip: (card, event) => this.places.grip(card, event),
      onNeeds: () => this.watch(),
    };
  }

  /**
   * @param {Card} card
   * @param {boolean} isInSight
   */
  #seen(card, isInSight) {
    card.setInSight(isInSight);
    card.lastSeen = performance.now();
  }

  /** @param {string} id */
  #card(id) {
    const zoom = this.zooms.get(id) ?? null;
    this.zooms.delete(id);
    return new Card(id, tagsIn(id), this.host, this.scope.child(), zoom);
  }

  // Into which part each card is zoomed, those too that were not in sight on this visit.
  #zoomed() {
    const found = new Map(this.zooms);
    for (const { id, chart } of this.cards.values())
      if (chart?.zoom || chart?.zoomY) found.set(id, { zoom: chart.zoom, zoomY: chart.zoomY });
    return found;
  }

  /**
   * @param {string} name
   * @param {string[]} ids
   */
  #group(name, ids) {
    const element = section(name, ids.length, this.closed);
    const cards = part(element, ".cards", HTMLElement);
    for (const id of ids) {
      const card = this.cards.get(id) ?? this.#card(id);
      this.cards.set(id, card);
      this.places.size(card);
      cards.append(card.element);
      this.inSight.observe(card.element);
    }
    this.places.movable(element, name);
    return element;
  }

  // Somebody moved a card of a group.
  /**
   * @param {string} group
   * @param {string[]} ids
   */
  #moved(group, ids) {
    if (group === PINNED) state.set("pins", ids);
    const { dataset } = this.view;
    dataset.layout = JSON.stringify(
      groupsOf(
        parse(dataset.layout ?? null).flatMap((/** @type {[string, string[]]} */ [, members]) => members),
        this.places,
      ),
    );
  }

  sighted() {
    return [...this.cards.values()].filter((card) => card.sight);
  }

  watch() {
    const tags = new Set();
    for (const card of this.sighted()) for (const tag of card.watched) tags.add(tag);
    this.scope.watch(tags);
  }

  arrange() {
    const known = runs.tags("scalar");
    const filter = query(state.get("tags"));
    const passed = (/** @type {string[]} */ ids) => ids.filter((id) => filter.test(tagsIn(id)));
    // A card that no run in sight could draw on is left out, and counted.
    const one = oneId();
    const ids = one ? [one] : passed([...state.get("cards").filter(tagsOf), ...runs.tagsInSight("scalar")]);
    const elsewhere = one ? 0 : passed(known).length - ids.filter((id) => !own(id)).length;
    const nobody = runs.all().length > 0 && !runs.visible().length;
    if (!known.length || !ids.length || nobody) {
      for (const card of this.cards.values()) {
        this.inSight.unobserve(card.element);
        card.sight = false;
      }
      delete this.view.dataset.layout;
      this.view.replaceChildren(
        ...(!runs.loaded
          ? skeletons()
          : [
              !known.length
                ? emptyPage("curves")
                : nobody
                  ? noRuns()
                  : elsewhere
                    ? noneHere(elsewhere)
                    : noMatch(filter.problem),
            ]),
      );
      return;
    }
    const wanted = groupsOf(ids, this.places);
    const layout = JSON.stringify(wanted);
    const left = elsewhere
      ? `${format.plural(elsewhere, "tag")} of hidden runs only ${elsewhere === 1 ? "is" : "are"} left out.`
      : "";
    if (this.view.dataset.layout === layout && this.view.querySelector(".group")) {
      this.leaveOut(left);
      return;
    }
    this.view.dataset.layout = layout;
    const top = this.view.scrollTop,
      focused = document.activeElement;
    this.view.replaceChildren(this.findings.element, ...wanted.map(([name, ids]) => this.#group(name, ids)));
    this.leaveOut(left);
    this.view.scrollTop = top;
    // What was moved in the page has lost the keyboard.
    if (focused instanceof HTMLElement && focused !== document.activeElement && this.view.contains(focused))
      focused.focus({ preventScroll: true });
    const there = new Set(ids);
    for (const [id, card] of this.cards)
      if (!there.has(id)) {
        this.inSight.unobserve(card.element);
        card.scope.leave();
        this.cards.delete(id);
      }
  }

  /** @param {string} text */
  leaveOut(text) {
    let line = this.view.querySelector(":scope > .left-out");
    if (!text) {
      line?.remove();
      return;
    }
    line ??= this.view.appendChild(Object.assign(document.createElement("p"), { className: "left-out" }));
    line.textContent = text;
  }

  redrawAll() {
    for (const card of this.sighted()) card.redraw(true);
  }

  isReady() {
    if (!runs.loaded) return false;
    if (!runs.tags("scalar").length || this.view.querySelector(":scope > .empty")) return true;
    return (
      frames.idle() &&
      this.sighted().length > 0 &&
      this.sighted().every((card) => card.lastDrawn && card.wanted().every(({ curve }) => curve?.loaded))
    );
  }

  // All cards that the filter lets through, in their order, drawn whether they are in sight or not; then act(cards).
  /**
   * @param {(cards: Card[]) => unknown} act
   * @param {number} [most]
   */
  async withAll(act, most = 100) {
    /** @type {NodeListOf<CardElement>} */
    const elements = this.view.querySelectorAll(".group:not(.is-closed) .card");
    const all = [...elements].slice(0, most).map(({ card }) => card);
    const unseen = all.filter((card) => !card.sight);
    for (const card of unseen) card.setInSight(true);
    await this.settled();
    try {
      await act(all.filter((card) => card.chart?.view));
    } finally {
      for (const card of unseen) card.setInSight(false);
    }
  }

  // Shows a part of the x axis; once it is drawn from what was read for it, the promise is kept.
  /**
   * @param {string} id
   * @param {[number, number] | null} window
   */
  async zoom(id, window) {
    this.#chart(id).setZoom(window);
    await this.settled();
  }

  // Once nothing is asked for any more and all of it is painted.
  async settled() {
    const quiet = () =>
      frames.idle() && this.sighted().every((card) => !card.chart?.counting && (card.curves?.store.isIdle ?? true));
    do await new Promise((done) => frames.afterPaint(() => done(undefined)));
    while (!quiet());
  }

  // The chart of a card that was seen.
  /**
   * @param {string} id
   * @returns {any}
   */
  #chart(id) {
    return this.cards.get(id)?.chart;
  }

  /** @param {string} id */
  range(id) {
    const { x, y } = this.#chart(id).view;
    return { x: [x.low, x.high], y: [y.low, y.high] };
  }

  /** @param {string} id */
  marksOf(id) {
    return this.#chart(id).view.placed.map((/** @type {{ px: number }} */ { px }) => px);
  }

  /** @param {string} id */
  cursor(id) {
    return this.#chart(id).cursor;
  }

  // The tags that the filter lets through.
  tagsShown() {
    const filter = query(state.get("tags"));
    return runs.tags("scalar").filter((tag) => filter.test(tag));
  }

  /** @param {string} tag */
  drawn(tag) {
    return drawn.drawn(this.cards.get(tag));
  }

  /** @param {string} id */
  lines(id) {
    return drawn.lines(this.cards.get(id));
  }

  /** @param {string} id */
  density(id) {
    return drawn.density(this.cards.get(id));
  }

  /** @param {string} tag */
  extremes(tag) {
    return drawn.extremes(this.cards.get(tag));
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 * @param {Map<string, any>} kept
 */
export const mount = (view, scope, kept) => new CurvesPage(view, scope, kept);
