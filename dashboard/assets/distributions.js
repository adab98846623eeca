// The page of distributions: for each tensor how its numbers lie, step by step, as ridges, as a heat map or as bands
// of percentiles. Counts are the server's, merged exactly; nothing here samples.
import * as api from "./api.js";
import * as live from "./live.js";
import * as format from "./format.js";
import * as runs from "./runs.js";
import * as state from "./state.js";
import * as ticks from "./ticks.js";
import { colour, css, isDark } from "./palette.js";
import { prepared } from "./chart.js";
import { hideTip, showTip } from "./tooltip.js";
import { emptyPage } from "./empty.js";

const RUNS_AT_ONCE = 3; // side by side; more would leave each too small to be read
const ROWS = { ridge: 36, heat: 200, bands: 200 };
const REFRESH_MS = 400; // a training that logs histograms at every step is followed this often
const PAD = { top: 10, right: 12, bottom: 22, left: 46 };

let view = null;
const cards = new Map(); // "tag\nrun" -> Card

const inSight = new IntersectionObserver(
  (entries) => { for (const { target, isIntersecting } of entries) target.card.setInSight(isIntersecting); },
  { rootMargin: "200px" },
);

class Card {
  constructor(tag, run) {
    this.tag = tag;
    this.run = run;
    this.data = null;
    this.sight = false;
    const [path, last] = format.split(tag);
    const element = document.createElement("article");
    element.className = "card";
    element.card = this;
    element.setAttribute("aria-label", `${tag} of ${run}`);
    element.innerHTML = '<div class="card-head"><h3 class="card-title"><span class="path"></span><span class="last"></span></h3><span class="card-run"><i class="dot"></i><span></span></span></div><div class="card-plot"><div class="skeleton"></div><canvas></canvas><canvas class="over" tabindex="0" role="img"></canvas></div><div class="card-foot"><span class="told"></span><span class="how"></span></div>';
    element.querySelector(".path").textContent = path;
    element.querySelector(".last").textContent = last;
    element.querySelector(".card-run span").textContent = run;
    element.querySelector(".over").setAttribute("aria-label", `Distribution of ${tag} over the steps of ${run}`);
    this.element = element;
    this.canvas = element.querySelector("canvas");
    this.over = element.querySelector("canvas.over");
    this.over.addEventListener("pointermove", (event) => this.hover(event));
    this.over.addEventListener("pointerleave", () => { hideTip(); this.mark(null); });
    new ResizeObserver(() => this.draw()).observe(element.querySelector(".card-plot"));
  }

  setInSight(sight) {
    this.sight = sight;
    if (sight) { if (!this.data || this.stale) this.load(); else this.draw(); }
  }

  async load() {
    this.stale = false;
    if (this.asking) { this.stale = true; return; }
    this.asking = true;
    const mode = state.get("bins");
    try {
      const { head, column } = await api.packed("histograms", { run: this.run, tag: this.tag, rows: ROWS[mode], bins: mode === "heat" ? 96 : 72 });
      const { rows, bins } = head;
      const data = { ...head, mode, step: column(rows), time: column(rows), total: column(rows), nan: column(rows), pinf: column(rows), ninf: column(rows) };
      data.quantile = column(rows * head.quantiles.length);
      data.counts = column(rows * bins);
      this.data = data;
      this.problem = null;
    } catch (error) {
      this.problem = error.message;
    }
    this.asking = false;
    this.draw();
    if (this.stale) this.later();
  }

  later() {
    if (this.timer) return;
    this.timer = setTimeout(() => { this.timer = 0; if (this.sight) this.load(); else this.stale = true; }, REFRESH_MS);
  }

  draw() {
    if (!this.sight) return;
    this.element.querySelector(".skeleton").hidden = Boolean(this.data || this.problem);
    const run = runs.get(this.run);
    this.element.querySelector(".dot").style.background = colour(run?.index ?? 0);
    if (!this.data) { this.element.querySelector(".told").textContent = this.problem ?? ""; return; }
    const { data } = this;
    const plot = this.element.querySelector(".card-plot");
    const [width, height] = [plot.clientWidth, plot.clientHeight];
    if (!width || !height) return;
    const context = prepared(this.canvas, width, height);
    context.font = `11px ${css("--font")}`;
    const box = { left: PAD.left, right: width - PAD.right, top: PAD.top, bottom: height - PAD.bottom };
    this.box = box;
    ({ ridge, heat, bands })[data.mode](context, data, box, colour(run?.index ?? 0));
    const odd = data.nan.reduce((a, b) => a + b, 0) + data.pinf.reduce((a, b) => a + b, 0) + data.ninf.reduce((a, b) => a + b, 0);
    const told = this.element.querySelector(".told");
    told.textContent = `${format.plural(data.steps, "step")}${data.merged > 1 ? `, ${data.merged} merged in each row` : ""}`;
    if (odd) told.append(Object.assign(document.createElement("span"), { className: "bad", textContent: ` · ${odd.toLocaleString("en-US")} not finite` }));
    this.element.querySelector(".how").textContent = data.rows ? `${format.plural(data.total[data.rows - 1] / Math.max(1, lastMerged(data)), "element")}` : "";
    this.element.classList.toggle("has-odd", odd > 0);
  }

  // The row under the mouse, marked and told.
  hover(event) {
    const { data, box } = this;
    if (!data?.rows || !box) return;
    const at = this.over.getBoundingClientRect();
    const [px, py] = [event.clientX - at.left, event.clientY - at.top];
    const place = rowAt(data, box, px, py);
    this.mark(place);
    if (place === null) return hideTip();
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

  mark(place) {
    const plot = this.element.querySelector(".card-plot");
    const context = prepared(this.over, plot.clientWidth, plot.clientHeight);
    const { data, box } = this;
    if (place === null || !data) return;
    context.strokeStyle = css("--text");
    context.lineWidth = 1.5;
    if (data.mode === "ridge") {
      context.beginPath();
      outline(context, data, box, place);
      context.stroke();
      return;
    }
    const px = stepScale(data, box)(data.step[place]);
    context.globalAlpha = 0.5;
    context.beginPath();
    context.moveTo(px, box.top);
    context.lineTo(px, box.bottom);
    context.stroke();
  }
}

const lastMerged = (data) => (data.steps % data.merged || data.merged);

function stepScale(data, box) {
  const low = data.step[0], high = data.step[data.rows - 1];
  return (step) => (high > low ? box.left + ((step - low) / (high - low)) * (box.right - box.left) : (box.left + box.right) / 2);
}

// Where a ridge stands: rows from the back to the front, the newest in front.
function ridgeBase(data, box, row) {
  const depth = Math.min(box.bottom - box.top - 40, 16 * (data.rows - 1), (box.bottom - box.top) * 0.62);
  return data.rows > 1 ? box.bottom - depth + (depth * row) / (data.rows - 1) : box.bottom;
}

function outline(context, data, box, row) {
  const { bins } = data;
  const base = ridgeBase(data, box, row);
  const tall = Math.max(34, ridgeBase(data, box, 0) - box.top - 2);
  let peak = 0;
  for (let i = 0; i < bins; i++) peak = Math.max(peak, data.counts[row * bins + i]);
  const wide = (box.right - box.left) / bins;
  context.moveTo(box.left, base);
  for (let i = 0; i < bins; i++) {
    const height = peak ? (data.counts[row * bins + i] / peak) * tall : 0;
    context.lineTo(box.left + (i + 0.5) * wide, base - height);
  }
  context.lineTo(box.right, base);
}

function rowAt(data, box, px, py) {
  if (px < box.left - 8 || px > box.right + 8 || py < box.top - 8 || py > box.bottom + 8) return null;
  if (data.mode === "ridge") {
    let best = null, distance = Infinity;
    for (let row = 0; row < data.rows; row++) {
      const off = Math.abs(ridgeBase(data, box, row) - py);
      if (off < distance) { distance = off; best = row; }
    }
    return best;
  }
  const scale = stepScale(data, box);
  let best = 0;
  for (let row = 1; row < data.rows; row++) if (Math.abs(scale(data.step[row]) - px) < Math.abs(scale(data.step[best]) - px)) best = row;
  return best;
}

function valueAxis(context, data, box, along) {
  const marks = ticks.linear(data.low, data.high, along === "x" ? Math.max(2, (box.right - box.left) / 70) : 5);
  context.fillStyle = css("--faint");
  context.strokeStyle = css("--grid");
  context.lineWidth = 1;
  for (const { at, text } of marks) {
    const share = (at - data.low) / (data.high - data.low);
    if (share < 0 || share > 1) continue;
    if (along === "x") {
      const px = box.left + share * (box.right - box.left);
      context.textAlign = "center";
      context.textBaseline = "alphabetic";
      context.fillText(text, px, box.bottom + 15);
    } else {
      const py = Math.round(box.bottom - share * (box.bottom - box.top)) + 0.5;
      context.beginPath();
      context.moveTo(box.left, py);
      context.lineTo(box.right, py);
      context.stroke();
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.fillText(text, box.left - 6, py);
    }
  }
}

function stepAxis(context, data, box) {
  const scale = stepScale(data, box);
  context.fillStyle = css("--faint");
  context.textBaseline = "alphabetic";
  const low = data.step[0], high = data.step[data.rows - 1];
  const marks = high > low ? ticks.linear(low, high, Math.max(2, (box.right - box.left) / 74)) : [{ at: low, text: format.step(low) }];
  for (const { at, text } of marks) {
    const half = context.measureText(text).width / 2;
    context.textAlign = "center";
    context.fillText(text, Math.min(Math.max(scale(at), box.left + half - 4), box.right - half + 6), box.bottom + 15);
  }
}

function ridge(context, data, box, tint) {
  valueAxis(context, data, box, "x");
  const card = css("--card");
  context.lineWidth = 1;
  context.textAlign = "right";
  context.textBaseline = "middle";
  const labels = new Set([0, data.rows - 1, Math.round((data.rows - 1) / 2)]);
  for (let row = 0; row < data.rows; row++) {
    const share = data.rows > 1 ? row / (data.rows - 1) : 1;
    context.beginPath();
    outline(context, data, box, row);
    context.closePath();
    context.globalAlpha = 1;
    context.fillStyle = card;
    context.fill();
    context.globalAlpha = 0.18 + 0.5 * share;
    context.fillStyle = tint;
    context.fill();
    context.globalAlpha = 0.5 + 0.5 * share;
    context.strokeStyle = isDark() ? tint : card;
    context.lineWidth = isDark() ? 0.75 : 1;
    context.stroke();
    context.globalAlpha = 1;
    if (labels.has(row)) {
      context.fillStyle = css("--faint");
      context.fillText(format.step(data.step[row]), box.left - 6, ridgeBase(data, box, row) - 3);
    }
  }
}

function heat(context, data, box, tint) {
  const { rows, bins } = data;
  valueAxis(context, data, box, "y");
  const image = new OffscreenCanvas(rows, bins);
  const pixels = new ImageData(rows, bins);
  const scale = shades(tint);
  for (let row = 0; row < rows; row++) {
    let peak = 0;
    for (let i = 0; i < bins; i++) peak = Math.max(peak, data.counts[row * bins + i]);
    for (let i = 0; i < bins; i++) {
      const count = data.counts[row * bins + i];
      const place = 4 * ((bins - 1 - i) * rows + row);
      if (!count || !peak) continue;
      const [r, g, b] = scale(Math.sqrt(count / peak));
      pixels.data.set([r, g, b, 255], place);
    }
  }
  image.getContext("2d").putImageData(pixels, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(image, box.left, box.top, box.right - box.left, box.bottom - box.top);
  stepAxis(context, data, box);
}

// From the card's own colour to the run's.
function shades(tint) {
  const parse = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const from = parse(css("--card")), to = parse(tint);
  const end = isDark() ? to.map((c) => Math.min(255, c + 40)) : to.map((c) => Math.round(c * 0.75));
  return (share) => from.map((c, i) => (share < 0.7 ? c + ((to[i] - c) * share) / 0.7 : to[i] + ((end[i] - to[i]) * (share - 0.7)) / 0.3));
}

function bands(context, data, box, tint) {
  valueAxis(context, data, box, "y");
  stepAxis(context, data, box);
  const q = data.quantiles.length;
  const scale = stepScale(data, box);
  const y = (value) => box.bottom - ((value - data.low) / (data.high - data.low)) * (box.bottom - box.top);
  const rows = [...Array(data.rows).keys()].filter((row) => !Number.isNaN(data.quantile[row * q]));
  context.fillStyle = context.strokeStyle = tint;
  for (let i = 0; i < (q - 1) / 2; i++) {
    context.globalAlpha = 0.16;
    context.beginPath();
    for (const row of rows) context.lineTo(scale(data.step[row]), y(data.quantile[row * q + i]));
    for (const row of rows.toReversed()) context.lineTo(scale(data.step[row]), y(data.quantile[row * q + q - 1 - i]));
    context.closePath();
    context.fill();
  }
  context.globalAlpha = 1;
  context.lineWidth = 1.75;
  context.lineJoin = "round";
  context.beginPath();
  for (const row of rows) context.lineTo(scale(data.step[row]), y(data.quantile[row * q + (q - 1) / 2]));
  context.stroke();
  if (rows.length === 1) { context.beginPath(); context.arc(scale(data.step[rows[0]]), y(data.quantile[rows[0] * q + (q - 1) / 2]), 3, 0, 7); context.fill(); }
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
state.on("bins", () => { for (const card of cards.values()) { card.data = null; if (card.sight) card.load(); } });
live.on("changed", ({ run, what }) => {
  if (!what.includes("histogram") && !what.includes("line")) return;
  for (const card of cards.values()) if (card.run === run) card.later();
});
live.on("restart", () => { for (const card of cards.values()) card.later(); });
document.addEventListener("themechange", () => { for (const card of cards.values()) card.draw(); });
