// The list of runs: what there is, what is shown, and in which colour.
import * as api from "./api.js";
import * as live from "./live.js";
import * as format from "./format.js";
import * as state from "./state.js";
import { Curve } from "./curve.js";
import { colour, css } from "./palette.js";
import { prepared } from "./chart.js";

const ROW = 46;
const list = document.getElementById("runs-list");
const rows = list.appendChild(Object.assign(document.createElement("div"), { className: "runs-rows" }));
const byName = new Map();
const listeners = new Set();
const sparks = new Map(); // run -> Curve of the headline metric
let order = []; // names, newest first
let shown = []; // of those, what the filter lets through
let headline = null;
export let loaded = false;

export const all = () => order.map((name) => byName.get(name));
export const get = (name) => byName.get(name);
export const index = (name) => byName.get(name)?.index ?? 0;
export const isVisible = (name) => !state.get("off").includes(name) && matches(name);
// In the order in which they are drawn: the newest last, on top.
export const visible = () => order.filter(isVisible).reverse().map((name) => byName.get(name));
export const onChange = (listener) => listeners.add(listener);
const tell = (what) => { for (const listener of listeners) listener(what); };

// Every tag of a kind that some run has.
export function tags(kind) {
  const found = new Set();
  for (const run of byName.values()) for (const tag of run.series[kind] ?? []) found.add(tag);
  return [...found].sort((a, b) => (a < b ? -1 : 1));
}

function matches(name) {
  const text = state.get("runs").trim();
  if (!text) return true;
  const parts = text.toLowerCase().split(/\s+/);
  return parts.every((part) => name.toLowerCase().includes(part));
}

export async function load() {
  const found = await api.json("runs");
  byName.clear();
  for (const run of found.runs) byName.set(run.name, run);
  arrange();
  loaded = true;
  tell("runs");
  loadSparks([...byName.keys()]);
}

function arrange() {
  const known = [...byName.values()].sort((a, b) => (a.started ?? 0) - (b.started ?? 0) || (a.name < b.name ? -1 : 1));
  known.forEach((run, i) => { run.index = i; }); // by age: a run keeps its colour when newer ones come
  order = known.reverse().map((run) => run.name);
  shown = order.filter(matches);
  const scalars = tags("scalar");
  headline = ["val/loss", "train/loss", "loss", "eval/loss", "test/loss"].find((tag) => scalars.includes(tag)) ?? scalars.find((tag) => /loss/i.test(tag)) ?? scalars.find((tag) => !tag.startsWith("machine/")) ?? null;
  live.setRunning(known.some((run) => run.status === "running"));
  render();
}

async function loadSparks(names) {
  if (!headline) return;
  const wanted = names.filter((name) => byName.get(name)?.scalars[headline]).slice(0, 1000);
  if (!wanted.length) return;
  let answer;
  try { answer = await api.curves({ tag: headline, runs: wanted, columns: 48 }); } catch { return; }
  for (const head of answer.head.curves) {
    const curve = new Curve(head.run);
    curve.load(head, answer.column);
    sparks.set(head.run, curve);
  }
  render();
}

// --- drawing the list -------------------------------------------------------------------------------------

let scheduled = 0;
export function render() {
  if (!scheduled) scheduled = requestAnimationFrame(() => { scheduled = 0; paint(); });
}

const elements = new Map();

function paint() {
  rows.style.height = `${shown.length * ROW}px`;
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 4);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 4);
  const wanted = new Set(shown.slice(first, last));
  for (const [name, element] of elements) if (!wanted.has(name)) { element.remove(); elements.delete(name); }
  for (let i = first; i < last; i++) {
    const name = shown[i];
    let element = elements.get(name);
    if (!element) { element = row(name); elements.set(name, element); rows.append(element); }
    element.style.top = `${i * ROW}px`;
    fill(element, byName.get(name));
  }
  const off = order.filter((name) => state.get("off").includes(name)).length;
  const hidden = order.length - shown.length;
  document.getElementById("runs-count").textContent = !loaded ? "" : `${format.plural(order.length, "run")}${off ? ` · ${off} hidden` : ""}${hidden ? ` · ${hidden} filtered out` : ""}`;
  document.getElementById("runs-all").textContent = off ? "Show all" : "Hide all";
  document.getElementById("runs-all").hidden = order.length < 2;
  let none = list.querySelector(".runs-none");
  if (loaded && order.length && !shown.length) {
    none ??= list.appendChild(Object.assign(document.createElement("div"), { className: "runs-none" }));
    none.textContent = `No run's name holds “${state.get("runs").trim()}”.`;
  } else none?.remove();
}

function row(name) {
  const element = document.createElement("div");
  element.className = "run";
  element.role = "listitem";
  element.innerHTML = '<input type="checkbox" class="swatch"><div><div class="name"><span class="path"></span><span class="last"></span></div><div class="about"><i class="status"></i><span class="words"></span></div></div><div class="right"><span class="value"></span><canvas aria-hidden="true"></canvas></div>';
  const box = element.querySelector("input");
  box.setAttribute("aria-label", `Show ${name}`);
  box.addEventListener("change", () => toggle(name));
  element.addEventListener("click", (event) => { if (event.target !== box) toggle(name); });
  element.addEventListener("dblclick", (event) => { if (event.target !== box) isolate(name); });
  element.addEventListener("pointerenter", () => tell({ highlight: name }));
  element.addEventListener("pointerleave", () => tell({ highlight: null }));
  return element;
}

const words = {
  running: () => "running",
  finished: (run) => format.ago(run.ended ?? run.updated),
  stopped: (run) => `stopped ${format.ago(run.ended ?? run.updated)}`,
  crashed: (run) => `crashed ${run.updated ? format.ago(run.ended ?? run.updated) : ""}`,
  unreadable: () => "cannot be read",
};

function fill(element, run) {
  const [path, last] = format.split(run.name);
  element.querySelector(".path").textContent = path;
  element.querySelector(".last").textContent = last;
  element.classList.toggle("is-off", !isVisible(run.name));
  element.style.setProperty("--run", colour(run.index));
  element.querySelector("input").checked = isVisible(run.name);
  element.querySelector(".status").dataset.status = run.status;
  const newest = headline ? run.scalars[headline] : null;
  const steps = Math.max(-1, ...Object.values(run.scalars).map((each) => each.step));
  const lost = Object.values(run.lost).reduce((sum, count) => sum + count, 0);
  element.querySelector(".words").textContent = [steps >= 0 ? `step ${format.step(steps)}` : "", words[run.status]?.(run) ?? run.status, lost ? `${format.plural(lost, "value")} lost` : ""].filter(Boolean).join(" · ");
  element.querySelector(".value").textContent = newest ? format.value(number(newest.value)) : "";
  element.title = [run.name, run.started ? `started ${format.moment(run.started)}` : "", run.ending ?? "", ...run.problems, run.notes, headline ? `${headline} ${newest ? format.exact(number(newest.value)) : "–"}` : ""].filter(Boolean).join("\n");
  spark(element.querySelector("canvas"), sparks.get(run.name), run.index);
}

export const number = (value) => (typeof value === "string" ? { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity }[value] : value);

function spark(canvas, curve, index) {
  const context = prepared(canvas, 64, 18);
  if (!curve?.length) return;
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < curve.length; i++) { low = Math.min(low, curve.mean[i]); high = Math.max(high, curve.mean[i]); }
  if (!(low <= high)) return;
  const begin = curve.x0[0], wide = 60 / (curve.x1[curve.length - 1] - begin || 1), tall = high > low ? 13 / (high - low) : 0;
  context.strokeStyle = colour(index);
  context.lineWidth = 1.25;
  context.lineJoin = "round";
  context.beginPath();
  for (let i = 0; i < curve.length; i++) {
    if (!Number.isNaN(curve.mean[i])) context.lineTo(2 + (curve.x1[i] - begin) * wide, high > low ? 15.5 - (curve.mean[i] - low) * tall : 9);
  }
  context.stroke();
}

// --- what the user does -----------------------------------------------------------------------------------

function toggle(name) {
  const off = state.get("off");
  state.set("off", off.includes(name) ? off.filter((each) => each !== name) : [...off, name]);
}

function isolate(name) {
  const others = order.filter((each) => each !== name);
  const alone = others.every((each) => state.get("off").includes(each));
  state.set("off", alone ? [] : others);
}

document.getElementById("runs-all").addEventListener("click", () => {
  state.set("off", state.get("off").length ? [] : [...order]);
});
list.addEventListener("scroll", render, { passive: true });
new ResizeObserver(render).observe(list);
const search = document.getElementById("run-search");
search.value = state.get("runs");
search.addEventListener("input", () => state.set("runs", search.value));
state.on("runs", () => { shown = order.filter(matches); render(); tell("visible"); });
state.on("off", () => { render(); tell("visible"); });

const resize = document.getElementById("runs-resize");
const setWidth = (width) => document.documentElement.style.setProperty("--runs-width", `${Math.min(520, Math.max(180, width))}px`);
if (state.local.get("runsWidth")) setWidth(state.local.get("runsWidth"));
resize.addEventListener("pointerdown", (event) => {
  resize.setPointerCapture(event.pointerId);
  resize.onpointermove = (move) => setWidth(move.clientX);
  resize.onpointerup = (up) => { resize.onpointermove = null; state.local.set("runsWidth", up.clientX); };
});

// --- live -------------------------------------------------------------------------------------------------

live.on("points", (points) => {
  const run = byName.get(points.run);
  if (!run || !points.count) return;
  const last = points.count - 1;
  run.scalars[points.tag] = { step: points.steps[last], wall_time: points.times[last], value: points.values[last] };
  if (points.tag === headline) {
    // Only the last point of a tag that no card shows is sent: the line is a sketch and may skip the others.
    const curve = sparks.get(points.run);
    if (curve) {
      curve.counts.set(points.segment, points.n);
      curve.append(points);
    }
  }
  render();
});

live.on("changed", ({ run, summary, what }) => {
  if (!summary) return;
  const known = byName.get(run);
  const before = known ? JSON.stringify(known.series) : "";
  byName.set(run, summary);
  arrange();
  tell(known && JSON.stringify(summary.series) === before ? "run" : "runs");
  if (!sparks.has(run) || what.includes("line")) loadSparks([run]);
});
live.on("removed", (run) => {
  byName.delete(run);
  sparks.delete(run);
  arrange();
  tell("runs");
});
live.on("restart", load);
setInterval(() => { if (!document.hidden) render(); }, 5000); // "3 min ago" grows old by itself
document.addEventListener("themechange", render);
