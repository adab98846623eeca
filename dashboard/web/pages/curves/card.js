// A card: the curves of one tag, of several, or of an expression; loaded and drawn when in sight, live from then on.
import * as frames from "../../core/frames.js";
import * as live from "../../core/live.js";
import * as format from "../../text/format.js";
import * as marks from "../../core/marks.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import * as words from "./card_words.js";
import { CardCurves } from "./card_curves.js";
import { CardLegend } from "./card_legend.js";
import { Chart } from "../../charts/chart.js";
import { say } from "../../ui/menu.js";
import { linesOf } from "../../charts/line_set.js";
import { count } from "../../charts/point_counts.js";
import { settings } from "./settings.js";

const CARD = `
  <div class="card-head"><h3 class="card-title"><span class="path"></span><span class="last"></span></h3><span class="card-odd"></span><span class="card-value"></span></div>
  <div class="card-plot"><div class="skeleton"></div></div>
  <div class="card-foot"><span class="told"></span><span class="how"></span></div>
  <div class="card-actions">
    <button class="icon-button reset" hidden aria-label="Show all steps" title="Show all (double click)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 10a6 6 0 1 1 2 4.5M4 15v-3.5h3.5"/></svg></button>
    <button class="icon-button pin" aria-label="Pin" aria-pressed="false" title="Pin to the top (p)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M7 3h6l-1 5 3 3H5l3-3zM10 11v6"/></svg></button>
    <button class="icon-button enlarge" aria-label="Large" title="Large (Enter)" aria-pressed="false"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M12 4h4v4M8 16H4v-4M16 4l-5 5M4 16l5-5"/></svg></button>
    <button class="icon-button more" aria-label="More" aria-haspopup="menu" title="Download, data table, more"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 10h.01M10 10h.01M16 10h.01"/></svg></button>
  </div>
  <div class="card-legend" hidden></div>
  <div class="card-grip" aria-hidden="true"></div>`;

export class Card {
  // host: { onCursor(x), onMore(card, button), onPin(card), onLarge(card, large), onGrip(card, event) }
  constructor(id, tags, host) {
    this.id = id;
    this.tags = tags; // tags, and expressions with = before them
    this.host = host;
    this.sight = false;
    this.highlight = null;
    this.chart = null; // until it is seen for the first time
    this.legend = null;
    this.curves = null;
    this.resized = null;
    this.memo = new Map();
    this.fresh = []; // [curve, points] that came live and were not drawn yet
    this.lastDrawn = 0;
    this.drawnLines = 0;
    this.seen = 0; // when it came into sight or went last
    const element = document.createElement("article");
    element.className = "card";
    element.card = this;
    element.setAttribute("aria-label", this.title);
    this.element = element;
  }

  get title() {
    return this.tags.join(", ");
  }

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
    element.innerHTML = CARD;
    const [path, last] =
      this.tags.length === 1 && !runs.isExpression(this.tags[0])
        ? format.split(this.tags[0])
        : ["", this.tags.map(runs.titleOf).join(", ")];
    element.querySelector(".path").textContent = path;
    element.querySelector(".last").textContent = last;
    element.querySelector(".card-title").title = this.title;
    const on = (name, act) => element.querySelector(name).addEventListener("click", act);
    on(".reset", () => this.chart.setZoom(null));
    on(".enlarge", () => this.setLarge(!element.classList.contains("is-large")));
    on(".pin", () => this.host.onPin(this));
    on(".more", (event) => this.host.onMore(this, event.currentTarget));
    element.querySelector(".card-grip").addEventListener("pointerdown", (event) => this.host.onGrip(this, event));
    element.querySelector(".card-head").draggable = true;
    this.chart = new Chart(element.querySelector(".card-plot"), {
      onZoom: () => this.zoomed(),
      onEnd: () =>
        say(
          settings().axis === "step"
            ? "This is as near as it goes: there is nothing between two steps."
            : "This is as near as it goes: there is no number between these.",
        ),
      onHover: (x) => {
        this.host.onCursor(x);
        if (x === null) this.setHighlight(null);
      },
      onNear: (name) => {
        if (this.drawnLines > 1) this.setHighlight(name);
      },
      onPick: (line, event) => this.#pick(line, event),
      held: () => (settings().axis === "step" ? state.get("pace") : null),
      onHold: (x) => this.#hold(x),
    });
    this.chart.over.setAttribute("aria-label", `Chart of ${this.title}`);
    this.legend = new CardLegend(element.querySelector(".card-legend"), {
      pick: (line, event) => this.#pick(line, event),
      highlight: (name) => this.setHighlight(name),
    });
    this.curves = new CardCurves(this.tags, {
      chart: () => this.chart,
      isSeen: () => this.sight,
      onAnswer: () => {
        this.host.onNeeds();
        this.redraw(true);
      },
      onPoints: (curve, points) => {
        // A page that nobody sees draws nothing, for hours perhaps.
        if (this.sight && !document.hidden) this.fresh.push([curve, points]);
        this.redraw();
      },
    });
    element.onkeydown = (event) => this.#act(event);
    this.resized = new ResizeObserver(() => {
      this.chart?.measure();
      this.redraw(true);
    });
    this.resized.observe(this.chart.element);
    this.setPinned(state.get("pins").includes(this.id));
  }

  // Lets go of everything that being looked at had brought.
  unmount() {
    if (!this.chart || this.element.classList.contains("is-large")) return;
    this.resized.disconnect();
    this.curves.store.close();
    this.chart = this.legend = this.curves = null;
    this.memo.clear();
    this.fresh = [];
    this.lastDrawn = 0;
    this.element.replaceChildren();
  }

  setInSight(sight) {
    this.sight = sight;
    if (!sight) return;
    this.#mount();
    this.load();
    this.redraw(true);
  }

  setPinned(pinned) {
    const button = this.element.querySelector(".pin");
    button?.setAttribute("aria-pressed", String(pinned));
    if (button) button.title = pinned ? "Unpin (p)" : "Pin to the top (p)";
  }

  // Before all others, until Escape: what is behind it can neither be clicked nor reached by the Tab key.
  setLarge(large) {
    this.host.onLarge(this, large);
    const { element } = this;
    element.classList.toggle("is-large", large);
    element.setAttribute("role", large ? "dialog" : "article");
    if (large) element.setAttribute("aria-modal", "true");
    else element.removeAttribute("aria-modal");
    const button = element.querySelector(".enlarge");
    button.title = large ? "Small (Esc)" : "Large (Enter)";
    button.setAttribute("aria-pressed", String(large));
    this.#showLegend();
    this.chart.over.focus({ preventScroll: true });
  }

  #act(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const isLarge = this.element.classList.contains("is-large");
    if (event.key === "p") this.host.onPin(this);
    else if (event.key === "Enter" && event.target === this.chart.over) this.setLarge(!isLarge);
    else if (event.key === "Tab" && isLarge) {
      const stops = [...this.element.querySelectorAll("button, canvas.over")].filter(
        (each) => each.offsetParent && !each.hidden,
      );
      const next = stops.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
      stops.at(next % stops.length).focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  setHighlight(name) {
    if (this.highlight === name) return;
    this.highlight = name;
    this.redraw();
  }

  #pick(line, event) {
    if (event.detail > 1) return;
    const chosen = state.get("chosen"),
      names = line?.members ?? (line ? [line.name] : []);
    if (!names.length) {
      if (chosen.length) state.set("chosen", []);
      return;
    }
    const all = names.every((name) => chosen.includes(name));
    state.set(
      "chosen",
      event.ctrlKey || event.metaKey
        ? all
          ? chosen.filter((name) => !names.includes(name))
          : [...new Set([...chosen, ...names])]
        : all && chosen.length === names.length
          ? []
          : names,
    );
  }

  // Has Distributions, Graph and Media show the step at x; where it is held already, they show the newest again.
  #hold(x) {
    if (settings().axis !== "step") return;
    const { low, high } = this.chart.view.x,
      held = state.get("pace");
    const isThere = held !== null && Math.abs(held - x) < (high - low) / 100;
    state.set("pace", isThere ? null : Math.round(x));
    say(
      isThere
        ? "Distributions, Graph and Media show the newest step."
        : `Distributions, Graph and Media show step ${state.get("pace")}.`,
    );
  }

  // --- what is loaded -------------------------------------------------------------------------------------

  load() {
    this.curves?.load();
  }

  // The places of the points themselves are others now.
  replace() {
    this.memo.clear();
    this.fresh = [];
    if (this.sight) this.curves.replace();
    else this.curves?.store.clear();
  }

  respace() {
    if (this.sight) this.curves.respace();
    else this.curves?.store.invalidate();
  }

  zoomed() {
    this.element.querySelector(".reset").hidden = !this.chart.zoom && !this.chart.zoomY;
    this.redraw(true); // at once with what is known, then finer
    this.curves.zoom(this.chart.zoom);
  }

  // --- drawn ----------------------------------------------------------------------------------------------

  redraw(now = false) {
    if (this.sight) frames.request(this, now);
  }

  lines() {
    if (!this.curves) return [];
    const how = settings();
    for (const key of ["group", "centre", "band", "base", "colourBy", "dashBy", "chosen"]) how[key] = state.get(key);
    how.highlight = this.highlight;
    const wanted = this.wanted();
    how.full = this.curves.span(wanted);
    return linesOf(
      wanted,
      how,
      this.tags,
      this.memo,
      new Map(this.tags.map((tag) => [tag, this.curve(how.base, tag)])),
    );
  }

  draw() {
    if (!this.sight || !this.chart) return;
    this.lastDrawn = performance.now();
    const began = live.now();
    const wanted = this.wanted();
    const lines = this.lines();
    this.drawnLines = lines.length;
    const { problem } = this.curves.store;
    this.element.querySelector(".skeleton").hidden = lines.length > 0 || !words.isLoading(wanted) || Boolean(problem);
    const told = count(lines, settings(), this.chart.zoom);
    const isZoomed = Boolean(this.chart.zoom || this.chart.zoomY);
    const drawn = { lines, wanted, told, problem, isZoomed, outside: 0 };
    this.#note(words.note(drawn));
    const isWhole = this.chart.draw(
      lines,
      settings(),
      state.get("marks") ? marks.known(lines.map(({ name }) => name)) : null,
      wanted.some(({ run }) => run.status === "running"),
    );
    words.say(this.element, { ...drawn, outside: this.chart.view?.y.outside ?? 0 });
    this.#showLegend();
    this.#told(began);
    return isWhole;
  }

  // Has the points that this frame is the first to show counted once it is shown; others wait for theirs.
  #told(began) {
    if (!this.fresh.length) return;
    const shown = [],
      waiting = [];
    for (const each of this.fresh) (each[0].holds(each[1]) ? shown : waiting).push(each);
    this.fresh = waiting;
    frames.afterPaint(() =>
      live.drawn(
        shown.map(([, points]) => points),
        began,
      ),
    );
  }

  #note(text) {
    let note = this.element.querySelector(".card-note");
    if (!text) return note?.remove();
    note ??= this.chart.element.appendChild(Object.assign(document.createElement("div"), { className: "card-note" }));
    note.textContent = text;
  }

  #showLegend() {
    const isLarge = this.element.classList.contains("is-large");
    this.legend.show(this.chart.view?.lines ?? [], state.get("chosen"), isLarge);
  }
}
