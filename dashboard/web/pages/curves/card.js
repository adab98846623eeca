// A card: the curves of one tag, of several, or of an expression; loaded and drawn when in sight, live from then on.
import * as frames from "../../core/frames.js";
import * as live from "../../core/live.js";
import * as frame from "./card_frame.js";
import * as marks from "../../core/marks.js";
import * as state from "../../core/state.js";
import * as words from "./card_words.js";
import * as worths from "../../core/worths.js";
import { CardCurves } from "./card_curves.js";
import { CardLegend } from "./card_legend.js";
import { named, showKey } from "./card_key.js";
import { brush, hold, pick } from "./card_choice.js";
import { part } from "./card_frame.js";
import { Chart } from "../../charts/chart.js";
import { say } from "../../ui/menu.js";
import { linesOf } from "../../charts/line_set.js";
import { count } from "../../charts/point_counts.js";
import { settings } from "./settings.js";

/**
 * Who shows cards.
 * @typedef {object} Host
 * @property {(x: number | null) => void} onCursor
 * @property {(card: Card, button: HTMLElement) => void} onMore
 * @property {(card: Card) => void} onPin
 * @property {(card: Card, large: boolean) => void} onLarge
 * @property {(card: Card, event: PointerEvent) => void} onGrip
 * @property {() => void} onNeeds other tags are to be watched
 */

/** @typedef {import("../../core/curve_store.js").StoredCurve} StoredCurve */
/** @typedef {import("../../core/curve_store.js").LivePoints} LivePoints */

export class Card {
  /**
   * @param {string} id
   * @param {string[]} tags tags, and expressions with = before them
   * @param {Host} host
   * @param {import("../../core/scope.js").Scope} scope
   * @param {{ zoom: any, zoomY: any } | null} [zoom] of the chart when it is made, null for all
   */
  constructor(id, tags, host, scope, zoom = null) {
    this.id = id;
    this.scope = scope;
    this.lastSeen = 0; // ms, as performance.now() tells it
    this.first = zoom;
    this.tags = tags;
    this.host = host;
    this.sight = false;
    /** @type {string | null} */
    this.highlight = null;
    // The next four until it is seen for the first time.
    /** @type {any} */
    this.chart = null;
    /** @type {CardLegend | null} */
    this.legend = null;
    /** @type {CardCurves | null} */
    this.curves = null;
    /** @type {import("../../core/scope.js").Scope | null} */
    this.seen = null;
    this.memo = new Map();
    /** @type {[StoredCurve, LivePoints][]} */
    this.fresh = []; // what came live and was not drawn yet
    this.lastDrawn = 0;
    this.drawnLines = 0;
    this.lastSeen = 0; // when it came into sight or went last
    const element = Object.assign(document.createElement("article"), { className: "card", card: this });
    element.setAttribute("aria-label", this.title);
    this.element = element;
    scope.onLeave(() => {
      this.sight = false;
      this.chart?.forget();
      frames.forget(this);
    });
  }

  get title() {
    return this.tags.join(", ");
  }

  get isLarge() {
    return this.element.classList.contains("is-large");
  }

  /**
   * @param {string} run
   * @param {string} [tag]
   */
  curve(run, tag) {
    return this.curves?.of(run, tag);
  }

  wanted() {
    return this.curves?.wanted() ?? [];
  }

  // The tags whose points are to be sent.
  get watched() {
    return this.curves?.store.tags ?? [];
  }

  // The first time that it is seen: until then a card is an empty box, so that thousands cost nothing.
  #mount() {
    if (this.chart) return;
    const { element } = this;
    frame.fill(element, this.tags);
    const on = (/** @type {string} */ name, /** @type {(event: MouseEvent) => void} */ act) =>
      part(element, name).addEventListener("click", act);
    on(".reset", () => this.chart?.setZoom(null));
    on(".enlarge", () => this.setLarge(!this.isLarge));
    on(".pin", () => this.host.onPin(this));
    on(".brush", () => this.#setBrushing(!this.chart.isBrushing));
    on(".more", (event) => this.host.onMore(this, /** @type {HTMLElement} */ (event.currentTarget)));
    part(element, ".card-grip").addEventListener("pointerdown", (event) => this.host.onGrip(this, event));
    this.chart = new Chart(part(element, ".card-plot"), {
      onZoom: () => this.zoomed(),
      onEnd: () =>
        say(
          settings().axis === "step"
            ? "Fully zoomed in: there is nothing between two steps."
            : "Fully zoomed in: there is no number between these.",
        ),
      onHover: (/** @type {number | null} */ x) => {
        this.host.onCursor(x);
        if (x === null) this.setHighlight(null);
      },
      onNear: (/** @type {string | null} */ name) => {
        if (this.drawnLines > 1) this.setHighlight(name);
      },
      onPick: pick,
      onBrush: brush,
      onDrawn: (/** @type {boolean} */ isBehind) => {
        if (isBehind) this.redraw(true);
        this.#drawn();
      },
      held: () => (settings().axis === "step" ? state.get("pace") : null),
      onHold: (/** @type {number} */ x) => hold(x, this.chart.view.x),
    });
    if (this.first) {
      Object.assign(this.chart, this.first);
      part(element, ".reset").hidden = false;
      this.first = null;
    }
    this.seen = this.scope.child();
    this.legend = new CardLegend(part(element, ".card-legend"), {
      pick,
      highlight: (name) => this.setHighlight(name),
    });
    this.curves = new CardCurves(this.tags, this.seen, {
      chart: () => this.chart,
      isSeen: () => this.sight,
      onAnswer: () => {
        this.host.onNeeds();
        this.redraw(!this.chart?.counting);
      },
      onPoints: (curve, points) => {
        // A page that nobody sees draws nothing, for hours perhaps.
        if (this.sight && !document.hidden) this.fresh.push([curve, points]);
        this.redraw();
      },
    });
    element.onkeydown = (event) => this.#act(event);
    const resized = new ResizeObserver(() => {
      this.chart?.measure();
      this.redraw(true);
    });
    this.seen.observer(resized).observe(this.chart.element);
    this.setPinned(state.get("pins").includes(this.id));
  }

  // Lets go of everything that being looked at had brought.
  unmount() {
    if (!this.chart || this.isLarge) return;
    this.seen?.leave();
    this.chart.forget();
    frames.forget(this);
    this.chart = this.legend = this.curves = null;
    this.memo.clear();
    this.fresh = [];
    this.lastDrawn = 0;
    this.element.replaceChildren();
  }

  /** @param {boolean} sight */
  setInSight(sight) {
    this.sight = sight;
    if (!sight) return;
    this.#mount();
    this.load();
    this.redraw(true);
  }

  /** @param {boolean} pinned */
  setPinned(pinned) {
    const button = /** @type {HTMLElement | null} */ (this.element.querySelector(".pin"));
    button?.setAttribute("aria-pressed", String(pinned));
    if (button) button.title = pinned ? "Unpin (p)" : "Pin to the top (p)";
  }

  // Before all others, until Escape: what is behind it can neither be clicked nor reached by the Tab key.
  /** @param {boolean} large */
  setLarge(large) {
    this.host.onLarge(this, large);
    const { element } = this;
    element.classList.toggle("is-large", large);
    element.setAttribute("role", large ? "dialog" : "article");
    if (large) element.setAttribute("aria-modal", "true");
    else element.removeAttribute("aria-modal");
    const button = part(element, ".enlarge");
    button.title = large ? "Small (Esc)" : "Large (Enter)";
    button.setAttribute("aria-pressed", String(large));
    this.#showLegend();
    this.chart.over.focus({ preventScroll: true });
  }

  // Whether a drag on the chart chooses runs.
  /** @param {boolean} isBrushing */
  #setBrushing(isBrushing) {
    this.chart.isBrushing = isBrushing;
    part(this.element, ".brush").setAttribute("aria-pressed", String(isBrushing));
  }

  /** @param {KeyboardEvent} event */
  #act(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "p") this.host.onPin(this);
    else if (event.key === "b") this.#setBrushing(!this.chart.isBrushing);
    else if (event.key === "Enter" && event.target === this.chart.over) this.setLarge(!this.isLarge);
    else if (event.key === "Tab" && this.isLarge) frame.goOn(this.element, event.shiftKey);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {string | null} name */
  setHighlight(name) {
    if (this.highlight === name) return;
    this.highlight = name;
    this.redraw();
  }

  // --- what is loaded -------------------------------------------------------------------------------------

  load() {
    this.curves?.load();
  }

  // The places of the points themselves are others now.
  replace() {
    this.memo.clear();
    this.fresh = [];
    if (this.sight) this.curves?.replace();
    else this.curves?.store.clear();
  }

  respace() {
    if (this.sight) this.curves?.respace();
    else this.curves?.store.invalidate();
  }

  zoomed() {
    part(this.element, ".reset").hidden = !this.chart.zoom && !this.chart.zoomY;
    this.redraw(true); // at once with what is known, then finer
    this.curves?.zoom(this.chart.zoom);
  }

  // --- drawn ----------------------------------------------------------------------------------------------

  redraw(now = false) {
    // Of very many lines the next picture waits for the one that is under way.
    if (this.chart?.counting && !now) this.chart.counting.isBehind = true;
    else if (this.sight) frames.request(this, now);
  }

  lines(wanted = this.wanted()) {
    if (!this.curves) return [];
    const base = state.get("base");
    const how = {
      ...settings(),
      base,
      group: state.get("group"),
      centre: state.get("centre"),
      band: state.get("band"),
      colourBy: state.get("colourBy"),
      dashBy: state.get("dashBy"),
      chosen: state.get("chosen"),
      pinned: state.get("pinned"),
      worthOf: worths.by(state.get("bestBy")),
      highlight: this.highlight,
      full: this.curves.span(wanted),
    };
    return linesOf(wanted, how, this.tags, this.memo, new Map(this.tags.map((tag) => [tag, this.curve(base, tag)])));
  }

  draw() {
    if (!this.sight || !this.curves) return;
    this.lastDrawn = performance.now();
    const began = live.now();
    const wanted = this.wanted();
    const lines = this.lines(wanted);
    const { problem } = this.curves.store;
    part(this.element, ".skeleton").hidden = lines.length > 0 || !words.isLoading(wanted) || Boolean(problem);
    const told = count(lines, settings(), this.chart.zoom);
    const isZoomed = Boolean(this.chart.zoom || this.chart.zoomY);
    const drawn = { lines, wanted, told, problem, isZoomed, outside: 0 };
    frame.note(this.chart.element, words.note(drawn));
    const isWhole = this.chart.draw(
      lines,
      settings(),
      state.get("marks") ? marks.known(lines.map((/** @type {{ name: string }} */ { name }) => name)) : null,
      wanted.some(({ run }) => run.status === "running"),
    );
    words.say(this.element, { ...drawn, outside: this.chart.view?.y.outside ?? 0 });
    if (!this.chart.counting) this.#drawn();
    this.#told(began);
    return isWhole;
  }

  // What is said of the picture that is seen by now.
  #drawn() {
    const { view, over } = this.chart;
    this.drawnLines = view?.lines.length ?? 0;
    showKey(part(this.element, ".card-key"), view);
    over.setAttribute("aria-label", named(this.title, view));
    this.#showLegend();
  }

  // Has the points that this frame is the first to show counted once it is shown; others wait for theirs.
  /** @param {number} began */
  #told(began) {
    if (!this.fresh.length) return;
    /** @type {[StoredCurve, LivePoints][]} */
    const shown = [];
    /** @type {[StoredCurve, LivePoints][]} */
    const waiting = [];
    for (const each of this.fresh) (each[0].holds(each[1]) ? shown : waiting).push(each);
    this.fresh = waiting;
    frames.afterPaint(() =>
      live.drawn(
        shown.map(([, points]) => points),
        began,
      ),
    );
  }

  #showLegend() {
    this.legend?.show(this.chart.view?.lines ?? [], state.get("chosen"), this.isLarge);
  }
}
