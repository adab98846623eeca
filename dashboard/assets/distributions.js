// The page of distributions: for each tensor how its numbers lie, step by step. Counts are the server's, merged exactly;
// nothing here samples. A drag picks steps, a plus picks layers, and what was picked is shown merged.
import * as api from "./api.js";
import * as live from "./live.js";
import * as format from "./format.js";
import * as runs from "./runs.js";
import * as state from "./state.js";
import { node } from "./dom.js";
import { draw, nearest, outline, rowAt, stepAt, stepScale } from "./distribution_draw.js";
import { Merge } from "./distribution_merge.js";
import { colour, css } from "./palette.js";
import { prepared } from "./chart.js";
import { hideTip, showTip } from "./tooltip.js";
import { emptyPage } from "./empty.js";

const RUNS_AT_ONCE = 3; // side by side; more would leave each too small to be read
const ROWS = { ridge: 24, overlay: 24, heat: 240, bands: 240, one: 1000 };
const BINS = { ridge: 72, overlay: 72, heat: 96, bands: 64, one: 72 };
const MANY_ROWS = new Set(["heat", "bands"]); // of so many that reading them is felt: fewer come first
const REFRESH_MS = 400; // a training that logs histograms at every step is followed this often
const PAD = { top: 10, right: 12, bottom: 22, left: 46 };
const DRAGGED = 5; // px from a click to a drag

let view = null;
let merge = null; // what was picked, merged
const picked = { run: null, tags: new Set(), start: null, stop: null };
const cards = new Map(); // "tag\nrun" -> Card

const inSight = new IntersectionObserver(
  (entries) => { for (const { target, isIntersecting } of entries) target.card.setInSight(isIntersecting); },
  { rootMargin: "200px" },
);

class Card {
  constructor(tag, run) {
    Object.assign(this, { tag, run, data: null, sight: false, range: null });
    const [path, last] = format.split(tag);
    this.dot = node("i", { class: "dot" });
    this.pick = node("button", { type: "button", class: "chip-toggle pick", "aria-pressed": "false", title: "Pick this layer, to see what was picked merged", text: "merge" });
    this.skeleton = node("div", { class: "skeleton" });
    this.canvas = node("canvas");
    this.over = node("canvas", { class: "over", tabindex: 0, role: "img", "aria-label": `Distribution of ${tag} over the steps of ${run}` });
    this.plot = node("div", { class: "card-plot" }, this.skeleton, this.canvas, this.over);
    this.slider = node("input", { type: "range", min: 0, step: 1, "aria-label": `Step of ${tag}` });
    this.output = node("output");
    this.pacer = node("div", { class: "panel-steps" }, this.slider, this.output);
    this.told = node("span", { class: "told" });
    this.how = node("span", { class: "how" });
    this.element = node("article", { class: "card distribution", "aria-label": `${tag} of ${run}` },
      node("div", { class: "card-head" },
        node("h3", { class: "card-title" }, node("span", { class: "path", text: path }), node("span", { class: "last", text: last })),
        this.pick, node("span", { class: "card-run" }, this.dot, node("span", { text: run }))),
      this.plot, this.pacer, node("div", { class: "card-foot" }, this.told, this.how));
    this.element.card = this;
    this.over.addEventListener("pointerdown", (event) => { this.over.setPointerCapture(event.pointerId); this.from = [event.offsetX, event.offsetY]; });
    this.over.addEventListener("pointermove", (event) => this.moved(event));
    this.over.addEventListener("pointerup", (event) => this.released(event));
    this.over.addEventListener("pointercancel", () => { this.from = this.range = null; });
    this.over.addEventListener("pointerleave", () => { hideTip(); this.mark(null); });
    this.over.addEventListener("dblclick", () => pick(this.run, null, null, null));
    this.slider.addEventListener("input", () => {
      const at = Number(this.slider.value);
      state.set("pace", at === this.data.rows - 1 ? null : this.data.step[at]);
    });
    this.pick.addEventListener("click", () => pick(this.run, this.tag, picked.start, picked.stop, true));
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  setInSight(sight) {
    if (this.sight === sight) return; // told by the page already
    this.sight = sight;
    if (sight) { if (!this.data || this.stale) this.load(); else this.draw(); }
  }

  // What is at hand comes first; once every card in sight has something, each asks for its finest rows.
  async load() {
    this.stale = false;
    if (this.asking) { this.stale = true; return; }
    this.asking = true;
    const mode = draw[state.get("bins")] ? state.get("bins") : "ridge";
    const rough = MANY_ROWS.has(mode) && !(this.data?.mode === mode && !this.data.rough) && !this.refining ? 1 : undefined;
    try {
      const { head, column } = await api.packed("histograms", { run: this.run, tag: this.tag, rows: ROWS[mode], bins: BINS[mode], scale: state.get("binning") === "log" ? "log" : "linear", honest: 1, rough });
      const { rows, bins } = head;
      const data = { ...head, mode, step: column(rows), time: column(rows), total: column(rows), nan: column(rows), pinf: column(rows), ninf: column(rows) };
      data.quantile = column(rows * head.quantiles.length);
      data.edges = column(bins + 1);
      data.counts = column(rows * bins);
      data.row = rows - 1;
      this.data = data;
      this.problem = null;
    } catch (error) {
      this.problem = error.message;
    }
    this.asking = this.refining = false;
    this.draw();
    if (this.stale) this.later();
    else if (isReady()) for (const card of cards.values()) card.refine();
  }

  refine() {
    if (!this.sight || !this.data?.rough || this.asking) return;
    this.refining = true;
    this.load();
  }

  later() {
    if (this.timer) return;
    this.timer = setTimeout(() => { this.timer = 0; if (this.sight) this.load(); else this.stale = true; }, REFRESH_MS);
  }

  draw() {
    if (!this.sight) return;
    this.skeleton.hidden = Boolean(this.data || this.problem);
    const run = runs.get(this.run);
    this.dot.style.background = colour(run?.index ?? 0);
    this.pick.setAttribute("aria-pressed", String(picked.run === this.run && picked.tags.has(this.tag)));
    if (!this.data) { this.told.textContent = this.problem ?? ""; return; }
    const { data } = this;
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
    if (!width || !height) return;
    const context = prepared(this.canvas, width, height);
    context.font = `11px ${css("--font")}`;
    const box = { left: ["overlay", "one"].includes(data.mode) ? 12 : PAD.left, right: width - PAD.right, top: PAD.top, bottom: height - PAD.bottom };
    this.box = box;
    const at = state.get("pace");
    data.row = data.rows && at !== null ? nearest(data, at) : data.rows - 1;
    if (data.rows) draw[data.mode](context, data, box, colour(run?.index ?? 0));
    this.pacer.hidden = data.mode !== "one" || data.rows < 2;
    this.slider.max = String(data.rows - 1);
    this.slider.value = String(data.row);
    this.output.textContent = data.rows ? `step ${format.step(data.step[data.row])}` : "";
    this.#tell();
    this.mark(null);
  }

  #tell() {
    const { data } = this;
    const total = (column) => column.reduce((a, b) => a + b, 0);
    const [nan, inf] = [total(data.nan), total(data.pinf) + total(data.ninf)];
    this.told.textContent = `${format.plural(data.steps, "step")}${data.merged > 1 ? `, ${data.merged} merged in each row` : ""}`;
    const odd = [nan ? `${nan.toLocaleString("en-US")} NaN` : "", inf ? `${inf.toLocaleString("en-US")} ±∞` : ""].filter(Boolean).join(", ");
    if (odd) this.told.append(node("span", { class: "bad", text: ` · ${odd}` }));
    const few = data.bins < BINS[data.mode] && data.scale !== "log" && data.mode !== "bands" ? ` in ${data.bins} bins` : "";
    this.how.title = few ? "Fewer bins for few elements (twice the cube root), so that what is seen is the distribution and not its noise" : "";
    this.how.textContent = data.rows ? `${format.plural(data.elements, "element")}${few}` : "";
    this.element.classList.toggle("has-odd", Boolean(odd || few));
  }

  // A drag picks steps; else the row under the mouse is marked and told.
  moved(event) {
    const { data, box } = this;
    if (!data?.rows || !box) return;
    const [px, py] = [event.offsetX, event.offsetY];
    const far = this.from && Math.hypot(px - this.from[0], py - this.from[1]) > DRAGGED;
    if (far && ["heat", "bands", "ridge"].includes(data.mode)) {
      const ends = data.mode === "ridge" ? [this.from, [px, py]].map(([x, y]) => data.step[rowAt(data, box, Math.max(box.left, Math.min(box.right, x)), Math.max(box.top, Math.min(box.bottom, y)))])
        : [stepAt(data, box, this.from[0]), stepAt(data, box, px)];
      this.range = [Math.min(...ends), Math.max(...ends)];
      hideTip();
      this.mark(null);
      return;
    }
    const place = rowAt(data, box, px, py);
    this.mark(place);
    if (place === null) return hideTip();
    this.#tip(event, place);
  }

  released(event) {
    const { data, box, range } = this;
    const was = this.from;
    this.from = this.range = null;
    if (!data?.rows || !was) return;
    if (range) { pick(this.run, this.tag, ...range); return; }
    const place = data.mode === "one" ? null : rowAt(data, box, event.offsetX, event.offsetY);
    // A click puts the page's cursor there, on the newest takes it away.
    if (place !== null) state.set("pace", place === data.rows - 1 || data.step[place] === state.get("pace") ? null : data.step[place]);
  }

  #tip(event, place) {
    const { data } = this;
    const table = document.createElement("table");
    table.createCaption().textContent = `step ${format.step(data.step[place])} · ${new Date(data.time[place] * 1000).toLocaleTimeString()}`;
    const add = (name, text) => {
      const row = table.insertRow();
      row.insertCell().append(name);
      row.insertCell().textContent = text;
    };
    const q = data.quantiles.length;
    const names = { 0: "smallest", 0.05: "5 %", 0.25: "25 %", 0.5: "median", 0.75: "75 %", 0.95: "95 %", 1: "largest" };
    for (let i = q - 1; i >= 0; i--) add(names[data.quantiles[i]] ?? String(data.quantiles[i]), format.value(data.quantile[place * q + i], 5));
    add("elements", data.total[place].toLocaleString("en-US"));
    for (const [name, column] of [["NaN", data.nan], ["+∞", data.pinf], ["−∞", data.ninf]]) if (column[place]) add(name, column[place].toLocaleString("en-US"));
    showTip(event, table);
  }

  // The hovered row, the page's cursor, and the steps that are picked.
  mark(place) {
    const { data, box } = this;
    const context = prepared(this.over, this.plot.clientWidth, this.plot.clientHeight);
    if (!data?.rows || !box) return;
    const range = this.range ?? (picked.run === this.run && picked.tags.has(this.tag) && picked.start !== null ? [picked.start, picked.stop] : null);
    const along = ["heat", "bands"].includes(data.mode);
    if (range && along) {
      const [from, to] = range.map((step) => Math.max(box.left, Math.min(box.right, stepScale(data, box)(step))));
      context.fillStyle = css("--accent");
      context.globalAlpha = 0.16;
      context.fillRect(from, box.top, Math.max(1, to - from), box.bottom - box.top);
      context.globalAlpha = 1;
    }
    context.strokeStyle = css("--text");
    const cursor = state.get("pace");
    const rows = [[place, 1.5], [cursor === null ? null : data.row, 1]];
    if (range && data.mode === "ridge") for (let row = 0; row < data.rows; row++) if (data.step[row] >= range[0] && data.step[row] <= range[1]) rows.push([row, 0.75]);
    for (const [row, width] of rows) {
      if (row === null || data.mode === "one" || data.mode === "overlay") continue;
      context.lineWidth = width;
      context.beginPath();
      if (data.mode === "ridge") outline(context, data, box, row);
      else {
        const px = stepScale(data, box)(data.step[row]);
        context.moveTo(px, box.top);
        context.lineTo(px, box.bottom);
      }
      context.stroke();
    }
  }
}

// Picks a layer, or lets go of it, and steps; tag of null lets go of everything.
function pick(run, tag, start, stop, toggles = false) {
  if (picked.run !== run || tag === null) picked.tags.clear();
  if (tag !== null && toggles && picked.tags.has(tag)) picked.tags.delete(tag);
  else if (tag !== null) picked.tags.add(tag);
  Object.assign(picked, { run, start: picked.tags.size ? start : null, stop: picked.tags.size ? stop : null });
  showMerge();
  for (const card of cards.values()) card.draw();
}

function showMerge() {
  if (!view) return;
  if (!picked.tags.size) { merge?.element.remove(); merge = null; return; }
  merge ??= new Merge(() => pick(picked.run, null, null, null));
  if (!merge.element.isConnected) view.append(merge.element);
  merge.show({ ...picked, tags: [...picked.tags] }, state.get("binning") === "log" ? "log" : "linear");
}

// --- the page ----------------------------------------------------------------------------------------------

function arrange() {
  if (!view) return;
  const tags = runs.tags("histogram");
  const shown = runs.visible().toReversed().filter((run) => run.series.histogram?.length);
  if (!tags.length) return view.replaceChildren(runs.loaded ? emptyPage("distributions") : "");
  const side = shown.slice(0, RUNS_AT_ONCE);
  const groups = new Map();
  for (const tag of tags) {
    const of = side.filter((run) => run.series.histogram.includes(tag));
    if (!of.length) continue;
    const name = tag.includes("/") ? tag.slice(0, tag.indexOf("/")) : "";
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(...of.map((run) => [tag, run.name]));
  }
  const rank = (name) => { const at = ["weights", "params", "parameters", "gradients", "grads", "activations"].indexOf(name); return at < 0 ? 99 : at; };
  const sorted = [...groups].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const layout = JSON.stringify([sorted, shown.length]);
  if (view.dataset.layout === layout && view.childElementCount) return;
  view.dataset.layout = layout;
  const wanted = new Set();
  const sections = sorted.map(([name, members]) => {
    const section = document.createElement("section");
    section.className = "group";
    section.innerHTML = '<h2><span></span><span class="count"></span></h2><div class="cards"></div>';
    section.querySelector("span").textContent = name || "tensors";
    section.querySelector(".count").textContent = members.length;
    for (const [tag, run] of members) {
      const key = `${tag}\n${run}`;
      wanted.add(key);
      if (!cards.has(key)) cards.set(key, new Card(tag, run));
      section.querySelector(".cards").append(cards.get(key).element);
      inSight.observe(cards.get(key).element);
    }
    return section;
  });
  for (const [key, card] of cards) if (!wanted.has(key)) { inSight.unobserve(card.element); cards.delete(key); }
  if (!sections.length) sections.push(Object.assign(document.createElement("p"), { className: "page-note", textContent: "No run that is shown has logged histograms. Show one in the list of runs." }));
  else if (shown.length > side.length) sections.unshift(Object.assign(document.createElement("p"), { className: "page-note", textContent: `The ${side.length} newest of ${shown.length} shown runs, side by side. Hide some in the list to see others.` }));
  view.replaceChildren(...sections);
  showMerge();
  // What is in sight need not wait for the observer, which speaks after the frame (measured: 100 ms of the first paint).
  const { bottom } = view.getBoundingClientRect();
  for (const card of cards.values()) if (!card.sight && card.element.getBoundingClientRect().top < bottom) card.setInSight(true);
}

export function mount(element) {
  view = element;
  delete view.dataset.layout;
  arrange();
}

export function unmount() {
  for (const card of cards.values()) { inSight.unobserve(card.element); card.sight = false; }
  hideTip();
  view = null;
}

export function isReady() {
  const sighted = [...cards.values()].filter((card) => card.sight);
  return runs.loaded && (!runs.tags("histogram").length || (sighted.length > 0 && sighted.every((card) => card.data || card.problem)));
}

runs.onChange((what) => { if (what?.highlight === undefined) arrange(); });
state.on("pace", () => { if (view) for (const card of cards.values()) card.draw(); });
state.on(["bins", "binning"], () => {
  showMerge();
  for (const card of cards.values()) { card.data = null; if (card.sight) card.load(); }
});
live.on("changed", ({ run, what }) => {
  if (!what.includes("histogram") && !what.includes("line")) return;
  for (const card of cards.values()) if (card.run === run) card.later();
});
live.on("restart", () => { for (const card of cards.values()) card.later(); });
document.addEventListener("themechange", () => { for (const card of cards.values()) card.draw(); });
