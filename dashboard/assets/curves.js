// The page of curves: a card for each tag, in groups, drawn when in sight and live from then on.
import * as api from "./api.js";
import * as frames from "./frames.js";
import * as live from "./live.js";
import * as format from "./format.js";
import * as runs from "./runs.js";
import * as state from "./state.js";
import { Chart } from "./chart.js";
import { Curve } from "./curve.js";
import { emptyPage } from "./empty.js";

const KEPT_CARDS = 120; // cards out of sight whose curves are kept, the latest seen

let view = null;
const cards = new Map(); // tag -> Card
const hidden = new Set(state.local.get("closedGroups", []));
let seen = 0;

const settings = () => ({ axis: state.get("x"), smooth: state.get("smooth"), logy: state.get("logy") });
const inSight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) target.card.setInSight(isIntersecting);
    watch();
  },
  { rootMargin: "200px" },
);

const CARD = `
  <div class="card-head"><h3 class="card-title"><span class="path"></span><span class="last"></span></h3><span class="card-value"></span></div>
  <div class="card-plot"><div class="skeleton"></div></div>
  <div class="card-foot"><span class="told"></span><span class="how"></span></div>
  <div class="card-actions">
    <button class="icon-button reset" hidden aria-label="Show all steps" title="Show all steps (double click)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 10a6 6 0 1 1 2 4.5M4 15v-3.5h3.5"/></svg></button>
    <button class="icon-button large" aria-label="Large" title="Large"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M12 4h4v4M8 16H4v-4M16 4l-5 5M4 16l5-5"/></svg></button>
  </div>`;

class Card {
  constructor(tag) {
    this.tag = tag;
    this.curves = new Map(); // run -> Curve
    this.asked = new Set();
    this.later = new Set(); // runs to ask for anew
    this.timer = 0;
    this.sight = false;
    this.highlight = null;
    this.lastDrawn = 0;
    const [path, last] = format.split(tag);
    const element = document.createElement("article");
    element.className = "card";
    element.card = this;
    element.setAttribute("aria-label", tag);
    element.innerHTML = CARD;
    element.querySelector(".path").textContent = path;
    element.querySelector(".last").textContent = last;
    element.querySelector(".card-title").title = tag;
    element.querySelector(".reset").addEventListener("click", () => this.chart.setZoom(null));
    element.querySelector(".large").addEventListener("click", () => this.setLarge(!element.classList.contains("is-large")));
    this.element = element;
    this.chart = new Chart(element.querySelector(".card-plot"), {
      onZoom: (zoom) => this.zoomed(zoom),
      onHover: (x) => { for (const card of cards.values()) if (card.sight) card.chart.setCursor(x); },
    });
    this.chart.over.setAttribute("aria-label", `Chart of ${tag}`);
    new ResizeObserver(() => this.redraw(true)).observe(this.chart.element);
  }

  setInSight(sight) {
    this.sight = sight;
    if (!sight) return;
    this.seen = ++seen;
    this.load();
    this.redraw(true);
  }

  setLarge(large) {
    document.querySelector(".scrim")?.remove();
    for (const card of cards.values()) card.element.classList.remove("is-large");
    this.element.classList.toggle("is-large", large);
    if (large) {
      const scrim = document.body.appendChild(Object.assign(document.createElement("div"), { className: "scrim" }));
      scrim.addEventListener("click", () => this.setLarge(false));
    }
    this.element.querySelector(".large").title = large ? "Small (Esc)" : "Large";
    this.chart.over.focus({ preventScroll: true });
  }

  // The runs whose curve belongs on this card.
  wanted() {
    return runs.visible().filter((run) => run.series.scalar?.includes(this.tag));
  }

  async load(again = []) {
    const names = [...new Set([...again, ...this.wanted().map((run) => run.name).filter((name) => !this.asked.has(name))])];
    if (!names.length) return;
    names.forEach((name) => this.asked.add(name));
    for (const name of names) if (!this.curves.has(name)) this.curves.set(name, new Curve(name));
    const body = { tag: this.tag, runs: names, columns: this.#columns() };
    if (this.chart.zoom) Object.assign(body, this.#window());
    const asked = names.map((name) => this.curves.get(name));
    for (const curve of asked) curve.ask();
    try {
      const { head, column } = await api.curves(body);
      for (const curve of head.curves) {
        const known = this.curves.get(curve.run);
        if (known && !known.load(curve, column)) this.again(curve.run);
        else if (!known) skip(curve, column);
      }
      this.problem = null;
    } catch (error) {
      this.problem = `These curves could not be read: ${error.message}`;
      names.forEach((name) => this.asked.delete(name));
    } finally {
      for (const curve of asked) curve.answered();
    }
    this.redraw(true);
  }

  #columns() {
    return Math.max(200, Math.min(4000, 2 * Math.round(this.chart.width || 400)));
  }

  #window() {
    // A little beyond what is seen, so that lines run on to the edge.
    const [low, high] = this.chart.zoom, margin = (high - low) * 0.02, axis = state.get("x");
    const whole = axis === "step" ? [Math.floor(low - margin), Math.ceil(high + margin)] : [low - margin, high + margin];
    return { start: whole[0], stop: whole[1], axis: axis === "time" ? "wall_time" : axis };
  }

  // Asks for a run's curve anew, as soon as no other question for it is under way.
  again(name) {
    this.later.add(name);
    // Not put off by the next live point that finds the gap: they come faster than this.
    this.timer ||= setTimeout(() => {
      this.timer = 0;
      const names = [...this.later];
      this.later.clear();
      this.load(names);
    }, 100);
  }

  zoomed() {
    this.element.querySelector(".reset").hidden = !this.chart.zoom;
    this.redraw(true); // at once with what is known, then finer
    this.load([...this.curves.keys()]);
  }

  take(points) {
    const curve = this.curves.get(points.run);
    if (!curve) return;
    const zoom = this.chart.zoom;
    if (zoom && curve.loaded) {
      // A zoomed card holds only its window: points beyond it come with the next question.
      const place = state.get("x") === "step" ? points.steps[0] : points.times[0] - (state.get("x") === "relative" ? curve.started ?? 0 : 0);
      if (place > zoom[1]) { curve.counts.set(points.segment, points.n + points.count); return; }
    }
    if (!curve.append(points)) this.again(points.run);
    this.redraw();
  }

  redraw(now = false) {
    if (this.sight) frames.request(this, now);
  }

  lines() {
    return this.wanted()
      .map((run) => ({ curve: this.curves.get(run.name), index: run.index, name: run.name, strong: run.name === this.highlight }))
      .filter(({ curve }) => curve?.length);
  }

  draw() {
    if (!this.sight) return;
    this.lastDrawn = performance.now();
    const lines = this.lines();
    const loading = this.wanted().some((run) => !this.curves.get(run.name)?.loaded);
    const skeleton = this.element.querySelector(".skeleton");
    skeleton.hidden = lines.length > 0 || !loading || Boolean(this.problem);
    this.#note(!lines.length && !loading ? this.problem ?? "No run that is shown has this." : this.problem && !lines.length ? this.problem : "");
    this.chart.draw(lines, settings());
    this.#words(lines);
    for (const { curve } of lines) {
      if (!curve.newest) continue;
      const logged = curve.newest;
      curve.newest = 0;
      frames.afterPaint(() => live.drawn(logged));
    }
  }

  #note(text) {
    let note = this.element.querySelector(".card-note");
    if (!text) return note?.remove();
    note ??= this.chart.element.appendChild(Object.assign(document.createElement("div"), { className: "card-note" }));
    note.textContent = text;
  }

  #words(lines) {
    const value = this.element.querySelector(".card-value");
    if (lines.length === 1) {
      const { curve } = lines[0];
      const last = curve.length - 1;
      value.textContent = format.value(curve.last[last], 5);
    } else value.textContent = "";
    let points = 0, odd = 0;
    for (const { curve } of lines) {
      points += curve.points;
      for (let i = 0; i < curve.length; i++) odd += curve.nan[i] + curve.pinf[i] + curve.ninf[i];
    }
    const told = this.element.querySelector(".told");
    told.textContent = `${format.plural(points, "point")}, 0 hidden`;
    if (odd) {
      const bad = told.appendChild(document.createElement("span"));
      bad.className = "bad";
      bad.textContent = ` · ${odd.toLocaleString("en-US")} not finite`;
    }
    this.element.querySelector(".how").textContent = this.chart.zoom ? "double click: all steps" : "drag to zoom";
  }
}

const skip = (head, column) => { for (let i = 0; i < (head.form === "points" ? 3 : 15); i++) column(head.length); };

// --- the page ----------------------------------------------------------------------------------------------

function watch() {
  live.watch(view ? [...cards.values()].filter((card) => card.sight).map((card) => card.tag) : []);
}

function matching() {
  const parts = state.get("tags").trim().toLowerCase().split(/\s+/).filter(Boolean);
  return runs.tags("scalar").filter((tag) => parts.every((part) => tag.toLowerCase().includes(part)));
}

function groupsOf(tags) {
  const groups = new Map();
  for (const tag of tags) {
    const name = tag.includes("/") ? tag.slice(0, tag.indexOf("/")) : "";
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(tag);
  }
  // What is looked at first comes first: training, validation, then the rest by name.
  const rank = (name) => { const at = ["train", "val", "valid", "validation", "eval", "test", ""].indexOf(name); return at < 0 ? 99 : at; };
  return [...groups].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function arrange() {
  if (!view) return;
  const tags = matching();
  if (!runs.tags("scalar").length || !tags.length) {
    for (const card of cards.values()) { inSight.unobserve(card.element); card.sight = false; }
    if (!runs.loaded) view.replaceChildren(...skeletons());
    else if (!runs.tags("scalar").length) view.replaceChildren(emptyPage("curves"));
    else view.replaceChildren(noMatch());
    return;
  }
  const wanted = groupsOf(tags);
  const layout = JSON.stringify(wanted);
  if (view.dataset.layout === layout && view.querySelector(".group")) return;
  view.dataset.layout = layout;
  const sections = wanted.map(([name, group]) => section(name, group));
  view.replaceChildren(...sections);
  for (const tag of cards.keys()) if (!tags.includes(tag)) { inSight.unobserve(cards.get(tag).element); cards.delete(tag); }
}

function section(name, group) {
  const element = document.createElement("section");
  element.className = "group";
  element.classList.toggle("is-closed", hidden.has(name));
  element.innerHTML = '<h2><button aria-expanded="true"><svg viewBox="0 0 12 12" aria-hidden="true"><path d="M2.5 4.5 6 8l3.5-3.5"/></svg><span></span></button><span class="count"></span></h2><div class="cards"></div>';
  const button = element.querySelector("button");
  button.querySelector("span").textContent = name || "metrics";
  button.setAttribute("aria-expanded", String(!hidden.has(name)));
  button.addEventListener("click", () => {
    const closed = element.classList.toggle("is-closed");
    button.setAttribute("aria-expanded", String(!closed));
    if (closed) hidden.add(name); else hidden.delete(name);
    state.local.set("closedGroups", [...hidden]);
  });
  element.querySelector(".count").textContent = group.length;
  for (const tag of group) {
    if (!cards.has(tag)) cards.set(tag, new Card(tag));
    const card = cards.get(tag);
    element.querySelector(".cards").append(card.element);
    inSight.observe(card.element);
  }
  return element;
}

function skeletons() {
  const group = document.createElement("section");
  group.className = "group";
  group.innerHTML = `<h2>&nbsp;</h2><div class="cards">${'<article class="card"><div class="card-plot"><div class="skeleton"></div></div></article>'.repeat(6)}</div>`;
  return [group];
}

function noMatch() {
  const element = document.createElement("div");
  element.className = "empty";
  element.append(
    Object.assign(document.createElement("h2"), { textContent: `No tag holds “${state.get("tags").trim()}”` }),
    Object.assign(document.createElement("p"), { textContent: `${format.plural(runs.tags("scalar").length, "tag")} hidden by the filter.` }),
    Object.assign(document.createElement("button"), { className: "button", textContent: "Clear the filter", onclick: () => state.set("tags", "") }),
  );
  return element;
}

const redrawAll = () => { for (const card of cards.values()) card.redraw(true); };

export function mount(element) {
  view = element;
  delete view.dataset.layout;
  arrange();
}

export function unmount() {
  for (const card of cards.values()) { inSight.unobserve(card.element); card.sight = false; }
  view = null;
  watch();
}

export function isReady() {
  const sighted = [...cards.values()].filter((card) => card.sight);
  if (!runs.loaded) return false;
  if (!runs.tags("scalar").length) return true;
  return sighted.length > 0 && sighted.every((card) => card.lastDrawn && card.wanted().every((run) => card.curves.get(run.name)?.loaded));
}

// As drawn now in the card of a tag: for automation.
export function drawn(tag) {
  const found = {};
  for (const { curve, name } of cards.get(tag)?.lines() ?? []) {
    found[name] = { step: [...curve.x1.subarray(0, curve.length)], value: [...curve.last.subarray(0, curve.length)], points: curve.points };
  }
  return found;
}

// The smallest and the largest value that a card's envelope reaches, by run: for automation.
export function extremes(tag) {
  const found = {};
  for (const { curve, name } of cards.get(tag)?.lines() ?? []) {
    let low = Infinity, high = -Infinity;
    for (let i = 0; i < curve.length; i++) { if (curve.min[i] < low) low = curve.min[i]; if (curve.max[i] > high) high = curve.max[i]; }
    found[name] = [low, high];
  }
  return found;
}

runs.onChange((what) => {
  if (!view) return;
  if (what?.highlight !== undefined) {
    for (const card of cards.values()) { card.highlight = what.highlight; card.redraw(true); }
    return;
  }
  arrange();
  for (const card of cards.values()) if (card.sight) card.load();
  redrawAll();
});
state.on("tags", arrange);
state.on(["smooth", "logy"], redrawAll);
state.on("x", () => { for (const card of cards.values()) { if (card.chart.zoom) card.chart.setZoom(null); card.redraw(true); } });
live.on("points", (points) => cards.get(points.tag)?.take(points));
live.on("again", (run, tag) => cards.get(tag)?.again(run));
live.on("changed", ({ run, what }) => {
  if (!what.includes("line")) return;
  // Points were cut off by a rewind, or a new segment began: what was known of this run may not be so any more.
  for (const card of cards.values()) if (card.curves.has(run)) { if (card.sight) card.again(run); else { card.asked.delete(run); card.curves.delete(run); } }
});
live.on("removed", (run) => { for (const card of cards.values()) { card.curves.delete(run); card.asked.delete(run); } });
live.on("restart", () => { for (const card of cards.values()) { card.asked.clear(); if (card.sight) card.load([...card.curves.keys()]); } });
document.addEventListener("themechange", redrawAll);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const card of cards.values()) if (card.element.classList.contains("is-large")) card.setLarge(false);
});
// Curves out of sight for long are let go of; they are asked for again when scrolled to.
setInterval(() => {
  const idle = [...cards.values()].filter((card) => !card.sight && card.curves.size).sort((a, b) => b.seen - a.seen);
  for (const card of idle.slice(KEPT_CARDS)) { card.curves.clear(); card.asked.clear(); }
}, 10000);
