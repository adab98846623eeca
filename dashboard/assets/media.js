// The page of media: pictures with what is predicted of them, and texts; one slider of steps for all of them.
import * as api from "./api.js";
import * as live from "./live.js";
import * as format from "./format.js";
import * as runs from "./runs.js";
import * as state from "./state.js";
import { colour } from "./palette.js";
import { emptyPage } from "./empty.js";
import { isSurface } from "./path_tags.js";

const RUNS_AT_ONCE = 3;
const REFRESH_MS = 300;

let view = null;
const panels = new Map(); // "kind\ntag\nrun" -> Panel

class Panel {
  constructor(kind, tag, run) {
    Object.assign(this, { kind, tag, run, items: [], steps: [], at: null });
    const [path, last] = format.split(tag);
    const element = document.createElement("article");
    element.className = "panel";
    element.setAttribute("aria-label", `${tag} of ${run}`);
    element.innerHTML = '<div class="card-head"><h3 class="card-title"><span class="path"></span><span class="last"></span></h3><span class="card-run"><i class="dot"></i><span></span></span></div><div class="panel-steps"><input type="range" min="0" step="1"><output></output><button class="text-button newest" hidden>newest</button></div><div class="panel-items"></div>';
    element.querySelector(".path").textContent = path;
    element.querySelector(".last").textContent = last;
    element.querySelector(".card-run span").textContent = run;
    const slider = element.querySelector("input");
    slider.setAttribute("aria-label", `Step of ${tag}`);
    slider.addEventListener("input", () => {
      const at = Number(slider.value);
      // At the right end the panel follows what comes.
      this.at = at === this.steps.length - 1 ? null : this.steps[at];
      this.draw();
    });
    element.querySelector(".newest").addEventListener("click", () => { this.at = null; this.draw(); });
    this.element = element;
    this.load();
  }

  async load() {
    if (this.asking) { this.stale = true; return; }
    this.asking = true;
    try {
      const { items } = await api.json("media", { run: this.run, tag: this.tag, kind: this.kind });
      this.items = items;
      this.steps = [...new Set(items.map((item) => item.step))].sort((a, b) => a - b);
      this.problem = null;
    } catch (error) {
      this.problem = error.message;
    }
    this.loaded = true;
    this.asking = false;
    this.draw();
    if (this.stale) { this.stale = false; this.later(); }
  }

  later() {
    if (this.timer) return;
    this.timer = setTimeout(() => { this.timer = 0; this.load(); }, REFRESH_MS);
  }

  draw() {
    const { element } = this;
    element.querySelector(".dot").style.background = colour(runs.index(this.run));
    const step = this.at ?? this.steps[this.steps.length - 1];
    const slider = element.querySelector("input");
    element.querySelector(".panel-steps").hidden = this.steps.length < 2;
    slider.max = String(Math.max(0, this.steps.length - 1));
    slider.value = String(this.steps.indexOf(step));
    element.querySelector("output").textContent = step === undefined ? "" : `step ${format.step(step)}`;
    element.querySelector(".newest").hidden = this.at === null;
    const holder = element.querySelector(".panel-items");
    if (this.problem) {
      holder.replaceChildren(Object.assign(document.createElement("p"), { className: "page-note", textContent: this.problem }));
      return;
    }
    // What was logged last at a step stands for it: a repeated step shows its newest items.
    const here = this.items.filter((item) => item.step === step);
    const newest = Math.max(...here.map((item) => item.wall_time));
    const shown = here.filter((item) => item.wall_time === newest);
    while (holder.children.length > shown.length) holder.lastChild.remove();
    shown.forEach((item, i) => {
      const old = holder.children[i];
      const made = this.kind === "image" ? picture(this.run, item, old) : words(item, old);
      if (!old) holder.append(made);
    });
  }
}

function picture(run, item, old) {
  const element = old ?? document.createElement("figure");
  const { attributes: about } = item;
  if (!old) {
    element.className = "picture";
    element.innerHTML = '<img decoding="async"><figcaption><span class="says"></span><div class="guesses"></div></figcaption>';
  }
  const image = element.querySelector("img");
  const address = api.blobAddress(run, item.hash);
  if (image.getAttribute("src") !== address) image.src = address;
  image.width = about.width;
  image.height = about.height;
  image.classList.toggle("is-small", about.width <= 128 && about.height <= 128);
  const guesses = about.predictions ?? [];
  const right = guesses.length && about.label !== undefined ? guesses[0].name === about.label : null;
  element.classList.toggle("is-wrong", right === false);
  image.alt = [about.caption, about.label !== undefined ? `shows ${about.label}` : "", guesses.length ? `taken for ${guesses[0].name}` : ""].filter(Boolean).join(", ") || "logged picture";
  element.querySelector(".says").textContent = [about.caption, about.label !== undefined ? `is ${about.label}` : "", about.clipped ? `${format.plural(about.clipped, "value")} clipped` : "", about.nan ? `${format.plural(about.nan, "NaN")}` : ""].filter(Boolean).join(" · ");
  const holder = element.querySelector(".guesses");
  const top = guesses.slice(0, 3);
  while (holder.children.length > top.length) holder.lastChild.remove();
  top.forEach((guess, i) => {
    let row = holder.children[i];
    if (!row) {
      row = holder.appendChild(document.createElement("div"));
      row.className = "guess";
      row.innerHTML = '<span class="guess-name"></span><span class="guess-bar"><i></i></span><span class="guess-share"></span>';
    }
    row.querySelector(".guess-name").textContent = guess.name;
    row.querySelector("i").style.width = `${100 * (guess.probability ?? 0)}%`;
    row.querySelector(".guess-share").textContent = guess.probability === null ? "NaN" : `${Math.round(100 * guess.probability)} %`;
    row.classList.toggle("is-right", about.label !== undefined && guess.name === about.label);
  });
  return element;
}

function words(item, old) {
  const element = old ?? Object.assign(document.createElement("pre"), { className: "words-item" });
  element.textContent = item.text + (item.attributes.characters ? `\n… (${item.attributes.characters.toLocaleString("en-US")} characters)` : "");
  return element;
}

// --- the page ----------------------------------------------------------------------------------------------

function arrange() {
  if (!view) return;
  const kinds = [["image", runs.tags("image")], ["text", runs.tags("text").filter((tag) => !isSurface(tag))]];
  if (!kinds.some(([, tags]) => tags.length)) return view.replaceChildren(runs.loaded ? emptyPage("media") : "");
  const shown = runs.visible().toReversed().filter((run) => run.series.image?.length || run.series.text?.length);
  const side = shown.slice(0, RUNS_AT_ONCE);
  const wanted = [];
  for (const [kind, tags] of kinds) for (const tag of tags) for (const run of side) if (run.series[kind]?.includes(tag)) wanted.push([kind, tag, run.name]);
  const layout = JSON.stringify([wanted, shown.length]);
  if (view.dataset.layout === layout && view.childElementCount) return;
  view.dataset.layout = layout;
  const keys = new Set(wanted.map((key) => key.join("\n")));
  for (const key of panels.keys()) if (!keys.has(key)) panels.delete(key);
  const grid = Object.assign(document.createElement("div"), { className: "panels" });
  for (const parts of wanted) {
    const key = parts.join("\n");
    if (!panels.has(key)) panels.set(key, new Panel(...parts));
    grid.append(panels.get(key).element);
  }
  const note = !wanted.length ? "No run that is shown has logged pictures or texts. Show one in the list of runs."
    : shown.length > side.length ? `The ${side.length} newest of ${shown.length} shown runs, side by side. Hide some in the list to see others.` : "";
  view.replaceChildren(...(note ? [Object.assign(document.createElement("p"), { className: "page-note", textContent: note })] : []), grid);
}

export function mount(element) {
  view = element;
  delete view.dataset.layout;
  arrange();
  for (const panel of panels.values()) panel.load();
}

export function unmount() {
  view = null;
}

export const isReady = () => runs.loaded && [...panels.values()].every((panel) => panel.loaded);

runs.onChange((what) => { if (what?.highlight === undefined) arrange(); });
live.on("changed", ({ run, what }) => {
  if (view && (what.includes("image") || what.includes("text") || what.includes("line"))) for (const panel of panels.values()) if (panel.run === run) panel.later();
});
live.on("restart", () => { if (view) for (const panel of panels.values()) panel.later(); });
document.addEventListener("themechange", () => { for (const panel of panels.values()) panel.draw(); });
