// The page of embeddings: vectors along their principal components, axes of one's own or a map; neighbours, labels.
import * as api from "./api.js";
import * as format from "./format.js";
import * as live from "./live.js";
import * as runTip from "./run_tip.js";
import * as runs from "./runs.js";
import * as state from "./state.js";
import { Camera } from "./camera3d.js";
import { Points } from "./points.js";
import { colour, css, isDark } from "./palette.js";
import { shade } from "./compare_data.js";
import { emptyPage } from "./empty.js";
import { prepared } from "./chart.js";
import { decode } from "./wire.js";

const ASK_MS = 500; // how often a map is asked for while it is made
const NAMES = 24; // names that are written beside points, at the most
const LISTED = 400; // results of a search that are listed

const camera = new Camera();
let view = null, points = null, data = null, chosen = -1, near = [], selected = [], found = null, asking = 0;
let where = null; // run, tag, step
const way = { kind: "pca", x: 0, y: 1, z: 2, colour: -1, pictured: false, distance: "cosine" };
let maps = {}; // method -> columns

const frame = Object.assign(document.createElement("div"), { className: "embeddings" });
frame.innerHTML = '<div class="embeddings-tools"><label>Embedding <select data-is="tag"></select></label><label>Run <select data-is="run"></select></label><label data-is="steps">Step <input type="range" min="0" step="1"><output></output></label><label>Places <select data-is="kind"><option value="pca">principal components</option><option value="tsne">t-SNE</option><option value="umap">UMAP</option><option value="axis">own axis</option></select></label><label class="axes">x <select data-is="x"></select></label><label class="axes">y <select data-is="y"></select></label><label class="axes">z <select data-is="z"></select></label><label>Colour <select data-is="colour"></select></label><label data-is="pictured"><input type="checkbox"> pictures</label></div><div class="embeddings-body"><div class="embeddings-stage"><canvas aria-label="Points of the embedding" role="img" tabindex="0"></canvas><canvas class="over"></canvas><p class="embeddings-said" role="status"></p></div><aside class="embeddings-side"><label class="search"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13.2 13.2 17 17"/></svg><input type="search" placeholder="Find a label" aria-label="Find a label"></label><div class="embeddings-point"></div><div class="embeddings-list" role="list"></div><div class="embeddings-marks"><button class="text-button" data-is="mark">Bookmark this view</button><span></span></div></aside></div>';
const is = Object.fromEntries([...frame.querySelectorAll("[data-is]")].map((element) => [element.dataset.is, element]));
const [canvas, over] = frame.querySelectorAll("canvas");
const search = frame.querySelector(".search input"), list = frame.querySelector(".embeddings-list"), card = frame.querySelector(".embeddings-point"), said = frame.querySelector(".embeddings-said");

// --- data -------------------------------------------------------------------------------------------------

async function load() {
  const here = ++asking;
  let answer;
  try { answer = await api.packed("embedding", where); } catch (error) { if (here === asking) { data = null; say(error.message); } return; }
  if (here !== asking) return;
  const { head, column } = answer;
  data = { ...head, pca: Array.from({ length: head.shares.length }, () => column(head.count)) };
  maps = {};
  chosen = -1; near = []; selected = []; found = null;
  if (way.colour >= head.header.length) way.colour = -1;
  if (way.colour < 0 && head.rows.length) way.colour = bestColour();
  const steps = is.steps.querySelector("input");
  is.steps.hidden = head.steps.length < 2;
  steps.max = String(head.steps.length - 1);
  steps.value = String(head.steps.indexOf(head.step));
  is.steps.querySelector("output").textContent = format.step(head.step);
  is.pictured.hidden = !head.sprites;
  options(is.colour, [["-1", "none"], ...(head.rows.length ? head.header.map((name, k) => [String(k), name]) : [])], String(way.colour));
  const axes = data.pca.map((_, k) => [String(k), `${k + 1} (${(100 * head.shares[k]).toFixed(1)} %)`]);
  for (const axis of ["x", "y", "z"]) {
    if (way[axis] >= data.pca.length) way[axis] = axis === "z" ? -1 : 0;
    options(is[axis], axis === "z" ? [...axes, ["-1", "none"]] : axes, String(way[axis]));
  }
  picture();
  place();
}

// The first column that groups: of a few words, or numbers.
function bestColour() {
  const at = data.header.findIndex((_, k) => { const words = new Set(data.rows.map((row) => row[k])); return words.size > 1 && words.size <= 24; });
  return at >= 0 ? at : -1;
}

function options(select, pairs, value) {
  select.replaceChildren(...pairs.map(([key, text]) => new Option(text, key)));
  select.value = value;
}

async function picture() {
  if (!points?.gl) return;
  points.picture(null);
  if (!way.pictured || !data?.sprites) return;
  const image = new Image();
  const query = new URLSearchParams({ run: where.run, tag: where.tag, ...(where.step === undefined ? {} : { step: where.step }) });
  image.src = `${state.boot.prefix}/api/v1/embedding/sprites?${query}`;
  try { await image.decode(); } catch { return; }
  if (way.pictured) points.picture(image, 64, data.sprites[2], data.sprites[1]);
}

// --- places and colours -----------------------------------------------------------------------------------

async function place() {
  for (const label of frame.querySelectorAll(".axes")) label.hidden = way.kind !== "pca" && way.kind !== "axis";
  let columns;
  if (way.kind === "pca") columns = [way.x, way.y, way.z].map((k) => data.pca[k] ?? null);
  else if (way.kind === "axis") columns = [data.own ?? data.pca[way.x], data.pca[way.y], data.pca[way.z] ?? null];
  else if (maps[way.kind]) columns = maps[way.kind];
  else { map(way.kind); return; }
  const [x, y, z] = columns;
  camera.flat = !z;
  points.show(fitted([x, y, z ?? null], data.count), colours());
  say();
  list.childElementCount || fill();
}

// Centred, and as large as the unit ball for all but the outermost hundredth; one scale for all axes, so that
// distances stay true. What is not finite stays out of sight.
function fitted(columns, count) {
  const middle = columns.map((column) => { if (!column) return 0; let sum = 0, n = 0; for (const value of column) if (!Number.isNaN(value)) { sum += value; n += 1; } return n ? sum / n : 0; });
  const places = new Float32Array(3 * count), far = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let k = 0; k < 3; k++) { const value = columns[k] ? columns[k][i] - middle[k] : 0; places[3 * i + k] = value; sum += value * value; }
    far[i] = Math.sqrt(sum);
  }
  const sorted = far.filter((each) => !Number.isNaN(each)).sort();
  const size = sorted[Math.floor(sorted.length * 0.99)] || sorted[sorted.length - 1] || 1;
  for (let i = 0; i < places.length; i++) places[i] = Number.isNaN(places[i]) ? 1e9 : places[i] / size;
  return places;
}

const bytes = (text) => (text.startsWith("#") ? [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)) : text.match(/\d+/g).map(Number));

function colours() {
  const made = new Uint8Array(4 * data.count), lit = found ?? (selected.length ? selected : near.length ? [chosen, ...near.map((each) => each.index)] : null);
  let of = () => bytes(css("--accent"));
  if (way.colour >= 0 && data.rows.length) {
    const words = data.rows.map((row) => row[way.colour]);
    const numbers = words.map(Number), distinct = [...new Set(words)].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
    if (distinct.length > 24 && numbers.every(Number.isFinite)) {
      const low = numbers.reduce((a, b) => Math.min(a, b)), high = numbers.reduce((a, b) => Math.max(a, b));
      const shades = Array.from({ length: 64 }, (_, k) => bytes(shade(k / 63, isDark())));
      of = (i) => shades[Math.round((63 * (numbers[i] - low)) / (high - low || 1))];
    } else {
      const rank = new Map(distinct.map((word, k) => [word, bytes(colour(k))]));
      of = (i) => rank.get(words[i]);
    }
  }
  for (let i = 0; i < data.count; i++) {
    const paint = of(i);
    made.set(paint, 4 * i);
    made[4 * i + 3] = lit ? 40 : 240;
  }
  for (const i of lit ?? []) made[4 * i + 3] = 255;
  return made;
}

const repaint = () => { if (data && points.places) points.show(points.places, colours()); };
const name = (i) => (data.rows.length ? data.rows[i][Math.max(0, data.rows[i].length > 1 && way.colour >= 0 ? way.colour : 0)] : `vector ${i}`);

function say(text) {
  said.textContent = text ?? (data ? `${format.plural(data.count, "vector")} of ${data.width} dimensions${way.kind === "pca" ? ` · ${(100 * [way.x, way.y, way.z].reduce((sum, k) => sum + (data.shares[k] ?? 0), 0)).toFixed(1)} % of the variance` : ""}${selected.length ? ` · ${selected.length.toLocaleString("en-US")} selected` : ""}` : "");
}

// --- maps, neighbours, search -----------------------------------------------------------------------------

async function map(method) {
  const asked = where, of = data;
  const query = { run: where.run, tag: where.tag, step: data.step, method };
  while (view && way.kind === method && where === asked && data === of) {
    let answer;
    try { answer = await api.packed("embedding/map", query); } catch (error) { say(error.message); return; }
    const { head, column } = answer;
    if (head.problem) { say(head.problem); return; }
    if (head.done) {
      maps[method] = Array.from({ length: head.columns }, () => column(of.count));
      if (way.kind === method && data === of) place();
      return;
    }
    say(`${{ tsne: "t-SNE", umap: "UMAP" }[method]}: ${Math.round(100 * head.progress)} %, ${head.said}`);
    await new Promise((done) => { setTimeout(done, ASK_MS); });
  }
}

async function choose(i) {
  chosen = i;
  near = [];
  found = null;
  selected = [];
  if (i >= 0) {
    const asked = data;
    try {
      const answer = await api.json("embedding/neighbours", { run: where.run, tag: where.tag, step: data.step, index: i, distance: way.distance, count: 20 });
      if (chosen !== i || data !== asked) return;
      near = answer.index.map((index, k) => ({ index, far: answer.distance[k] }));
    } catch (error) { say(error.message); }
  }
  repaint();
  fill();
}

function fill() {
  card.replaceChildren();
  const rows = [];
  if (chosen >= 0) {
    const head = card.appendChild(document.createElement("h3"));
    head.textContent = name(chosen);
    if (data.rows.length) for (const [k, column] of data.header.entries()) card.append(Object.assign(document.createElement("p"), { textContent: `${column}: ${data.rows[chosen][k]}` }));
    const choice = card.appendChild(document.createElement("label"));
    choice.textContent = "Nearest by ";
    const select = choice.appendChild(document.createElement("select"));
    options(select, [["cosine", "cosine"], ["euclidean", "Euclidean"]], way.distance);
    select.addEventListener("change", () => { way.distance = select.value; choose(chosen); });
    for (const each of near) rows.push([each.index, format.value(each.far, 3)]);
  } else if (found) for (const i of found.slice(0, LISTED)) rows.push([i, ""]);
  else if (selected.length) for (const i of selected.slice(0, LISTED)) rows.push([i, ""]);
  else card.append(Object.assign(document.createElement("p"), { textContent: "Click a point for its neighbours. Drag turns, shift-drag moves, alt-drag selects, the wheel nears." }));
  if (selected.length && chosen < 0) {
    const axis = card.appendChild(Object.assign(document.createElement("button"), { className: "text-button", textContent: left ? "End the axis here" : "Begin an axis here" }));
    axis.addEventListener("click", () => (left ? own() : begin()));
  }
  list.replaceChildren(...rows.map(([i, text]) => {
    const row = document.createElement("button");
    row.className = "embeddings-row";
    row.setAttribute("role", "listitem");
    row.append(Object.assign(document.createElement("span"), { textContent: name(i) }), Object.assign(document.createElement("span"), { textContent: text }));
    row.addEventListener("click", () => choose(i));
    return row;
  }));
}

let left = null; // the rows that an axis of one's own begins at

function begin() {
  left = selected;
  fill();
  say("Select the other end with alt-drag or a search.");
}

async function own() {
  const ends = { ...where, step: data.step, left, right: selected };
  left = null;
  const answer = await fetch(`${state.boot.prefix}/api/v1/embedding/axis`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(ends) });
  if (!answer.ok) { say((await answer.json()).error); return; }
  data.own = decode(await answer.arrayBuffer()).column(data.count);
  way.kind = is.kind.value = "axis";
  place();
}

search.addEventListener("input", () => {
  if (!data) return;
  const text = search.value.trim().toLowerCase();
  chosen = -1;
  near = [];
  found = text ? [...Array(data.count).keys()].filter((i) => (data.rows[i] ?? [`vector ${i}`]).some((word) => word.toLowerCase().includes(text))) : null;
  selected = found ?? [];
  repaint();
  fill();
  say(found ? `${format.plural(found.length, "vector")} with “${search.value.trim()}”` : undefined);
});

// --- the stage --------------------------------------------------------------------------------------------

let pressed = null;
canvas.addEventListener("pointerdown", (event) => {
  pressed = { x: event.offsetX, y: event.offsetY, box: event.altKey };
  if (event.altKey) event.stopImmediatePropagation();
}, true);
canvas.addEventListener("pointermove", (event) => {
  if (pressed?.box) { frameBox(event); return; }
  if (event.buttons || !data) { runTip.hide(); return; }
  const i = points.nearest(event.offsetX, event.offsetY);
  canvas.style.cursor = i >= 0 ? "pointer" : "grab";
  if (i < 0) runTip.hide();
  else runTip.show(event, name(i), data.rows.length > 0 && data.header.length > 1 ? data.header.map((column, k) => [column, data.rows[i][k]]).slice(0, 12) : []);
});
canvas.addEventListener("pointerup", (event) => {
  if (!pressed || !data) return;
  const from = pressed;
  pressed = null;
  write();
  if (from.box) {
    const [x, y] = [[from.x, event.offsetX], [from.y, event.offsetY]].map((pair) => pair.sort((a, b) => a - b));
    chosen = -1; near = []; found = null;
    selected = points.within(x[0], y[0], x[1], y[1]);
    repaint();
    fill();
    say();
  } else if (Math.hypot(event.offsetX - from.x, event.offsetY - from.y) < 4) choose(points.nearest(event.offsetX, event.offsetY));
});
canvas.addEventListener("pointerleave", () => runTip.hide());
canvas.addEventListener("dblclick", () => camera.reset());

// The names of what is chosen, beside it.
function write() {
  const context = prepared(over, over.clientWidth, over.clientHeight);
  context.font = `12px ${css("--font")}`;
  context.lineWidth = 3;
  context.strokeStyle = css("--card");
  context.fillStyle = css("--text");
  for (const i of (chosen >= 0 ? [...near.map((each) => each.index).reverse(), chosen] : selected).slice(-NAMES)) {
    const at = points.project(i);
    if (!at) continue;
    context.strokeText(name(i), at[0] + 8, at[1] + 4);
    context.fillText(name(i), at[0] + 8, at[1] + 4);
  }
}

function frameBox(event) {
  const context = prepared(over, over.clientWidth, over.clientHeight);
  context.strokeStyle = css("--accent");
  context.strokeRect(pressed.x, pressed.y, event.offsetX - pressed.x, event.offsetY - pressed.y);
}

for (const key of ["kind", "x", "y", "z", "colour"]) is[key].addEventListener("change", () => {
  way[key] = key === "kind" ? is[key].value : Number(is[key].value);
  if (data) { place(); fill(); }
});
is.pictured.querySelector("input").addEventListener("change", (event) => { way.pictured = event.target.checked; picture(); });
is.steps.querySelector("input").addEventListener("change", (event) => {
  const at = Number(event.target.value);
  where = { ...where, step: at === data.steps.length - 1 ? undefined : data.steps[at] };
  load();
});
is.tag.addEventListener("change", () => { where = null; arrange(); });
is.run.addEventListener("change", () => { where = { run: is.run.value, tag: is.tag.value }; load(); });

// --- bookmarks --------------------------------------------------------------------------------------------

const kept = () => state.local.get("bookmarks", []);
is.mark.addEventListener("click", () => {
  const { yaw, pitch, distance, panX, panY } = camera;
  state.local.set("bookmarks", [...kept(), { where, way: { ...way }, camera: { yaw, pitch, distance, panX, panY }, chosen }].slice(-9));
  marks();
});

function marks() {
  frame.querySelector(".embeddings-marks span").replaceChildren(...kept().map((mark, k) => {
    const button = Object.assign(document.createElement("button"), { className: "text-button", textContent: String(k + 1), title: `${mark.where.tag} of ${mark.where.run}` });
    button.addEventListener("click", async () => {
      Object.assign(way, mark.way);
      where = mark.where;
      is.kind.value = way.kind;
      await load();
      Object.assign(camera, mark.camera);
      camera.tell();
      if (mark.chosen >= 0) choose(mark.chosen);
    });
    return button;
  }));
}

// --- the page ---------------------------------------------------------------------------------------------

function arrange() {
  if (!view) return;
  const tags = runs.tags("embedding");
  if (!tags.length) { view.replaceChildren(runs.loaded ? emptyPage("embeddings") : ""); return; }
  if (frame.parentElement !== view) view.replaceChildren(frame);
  if (!points) {
    points = new Points(canvas, camera);
    points.onDrawn = write;
    camera.attach(canvas);
  }
  if (!points.gl) { say("This browser draws no WebGL, which points need."); return; }
  const tag = tags.includes(where?.tag ?? is.tag.value) ? where?.tag ?? is.tag.value : tags[0];
  const having = runs.all().filter((run) => run.series.embedding?.includes(tag)).map((run) => run.name);
  const shown = having.filter((each) => runs.isVisible(each));
  const run = having.includes(where?.run) ? where.run : shown[0] ?? having[0];
  options(is.tag, tags.map((each) => [each, each]), tag);
  options(is.run, having.map((each) => [each, each]), run);
  if (where?.run !== run || where?.tag !== tag) { where = { run, tag }; load(); }
}

export function mount(element) {
  view = element;
  arrange();
  marks();
  points?.request();
}

export function unmount() {
  view = null;
  runTip.hide();
}

export const isReady = () => runs.loaded && (Boolean(points?.places) || !frame.isConnected);
// For automation: what is drawn now, and a way to turn it.
export const drawn = () => ({ count: points?.count ?? 0, kind: way.kind, near: near.map((each) => each.index), selected: selected.length, said: said.textContent, at: (i) => points.project(i) });
export function turn(by) { camera.yaw += by; points.move(); points.gl.finish(); return points.every; }

runs.onChange((what) => { if (what === "runs" || what === "visible") arrange(); });
live.on("changed", ({ run, what }) => { if (view && run === where?.run && what.includes("embedding") && where.step === undefined) load(); });
document.addEventListener("themechange", () => { if (view) repaint(); });
