// The list of runs at the left: legend, selection and overview in one. Only the rows in sight are there.
import * as format from "../text/format.js";
import * as live from "../core/live.js";
import * as runs from "../core/runs.js";
import * as state from "../core/state.js";
import { Sparks, drawSpark } from "./sparks.js";
import { legend } from "../charts/line_set.js";
import { colour, dashNumber } from "../charts/palette.js";
import { runMenu } from "./run_menu.js";
import { clipped, clippedPath, within } from "../text/ellipsis.js";

const ROW = 46;
const POINTS_MS = 250; // between two paintings of the rows for new points
const list = document.getElementById("runs-list");
const rows = list.appendChild(Object.assign(document.createElement("div"), { className: "runs-rows" }));
const elements = new Map(); // name -> row
// The list is there for as long as the page is.
const sparks = new Sparks(
  { setTimeout: (act, ms) => setTimeout(act, ms), onLeave: () => {} },
  { inSight: () => elements.keys(), draw: () => render() },
);
let numbers = new Map(); // run -> colour, when groups or settings give it
let shared = new Set(); // colours that several runs have
let shown = []; // what the filter lets through
let focused = null; // the run that the keyboard is at
let anchor = null; // where a range begins

let scheduled = 0,
  pending = 0;
export function render() {
  if (!scheduled)
    scheduled = requestAnimationFrame(() => {
      scheduled = 0;
      paint();
    });
}

function paint() {
  const all = runs.names();
  const chosen = new Set(state.get("chosen"));
  const grouped = state.get("page") === "curves" && (state.get("group") || state.get("colourBy"));
  numbers = grouped
    ? legend(runs.visible(), { group: state.get("group"), colourBy: state.get("colourBy") })
    : new Map();
  const worn = new Map();
  for (const run of runs.visible()) worn.set(colour(run.colour), (worn.get(colour(run.colour)) ?? 0) + 1);
  shared = new Set([...worn].filter(([, count]) => count > 1).map(([each]) => each));
  rows.style.height = `${shown.length * ROW}px`;
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 4);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 4);
  const wanted = new Set(shown.slice(first, last));
  for (const [name, element] of elements)
    if (!wanted.has(name) && !element.contains(document.activeElement)) {
      element.remove();
      elements.delete(name);
    }
  // One stop of the Tab key for the whole list; arrows go on from there.
  const stop =
    shown.indexOf(focused) >= first && shown.indexOf(focused) < last
      ? focused
      : shown[Math.min(last - 1, Math.ceil(list.scrollTop / ROW))];
  for (let i = first; i < last; i++) {
    const name = shown[i];
    let element = elements.get(name);
    if (!element) {
      element = row(name);
      elements.set(name, element);
      rows.append(element);
    }
    element.style.top = `${i * ROW}px`;
    element.setAttribute("aria-posinset", i + 1);
    element.setAttribute("aria-setsize", shown.length);
    element.querySelector("input").tabIndex = name === stop ? 0 : -1;
    fill(element, runs.get(name), chosen);
  }
  sparks.want(wanted);
  const off = all.filter(runs.isOff).length;
  const hidden = all.length - shown.length;
  document.getElementById("runs-count").textContent = !runs.loaded
    ? ""
    : `${format.plural(all.length, "run")}${chosen.size ? ` · ${chosen.size} selected` : ""}${off ? ` · ${off} hidden` : ""}${hidden ? ` · ${hidden} filtered out` : ""}`;
  document.getElementById("runs-all").textContent = off ? "Show all" : "Hide all";
  document.getElementById("runs-all").hidden = all.length < 2;
  let none = list.querySelector(".runs-none");
  const problem = runs.filterProblem();
  if (problem || (runs.loaded && all.length && !shown.length)) {
    none ??= list.appendChild(Object.assign(document.createElement("div"), { className: "runs-none" }));
    none.textContent = problem || `No run's name, tags or settings hold “${state.get("runs").trim()}”.`;
  } else none?.remove();
}

function row(name) {
  const element = document.createElement("div");
  element.className = "run";
  element.setAttribute("role", "listitem");
  element.innerHTML =
    '<input type="checkbox" class="swatch"><div><div class="name"><span class="path"></span><span class="last"></span></div><div class="about"><i class="status" role="img"></i><span class="words"></span></div></div><div class="right"><span class="value"></span><canvas aria-hidden="true"></canvas></div><button class="run-more icon-button"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 10h.01M10 10h.01M16 10h.01"/></svg></button>';
  const box = element.querySelector("input");
  box.setAttribute("aria-label", `Show ${name}`);
  box.addEventListener("change", () => runs.toggle(name));
  box.addEventListener("focus", () => {
    focused = name;
  });
  const more = element.querySelector(".run-more");
  more.setAttribute("aria-label", `More about ${name}`);
  more.tabIndex = -1; // the key m opens the same
  more.addEventListener("click", (event) => {
    event.stopPropagation();
    runMenu(more, name);
  });
  element.addEventListener("click", (event) => {
    if (event.target !== box) choose(name, event);
  });
  element.addEventListener("dblclick", (event) => {
    if (event.target !== box) {
      state.set("chosen", []);
      runs.isolate(name);
    }
  });
  element.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    runMenu(more, name, event);
  });
  element.addEventListener("pointerenter", () => runs.tell({ highlight: name }));
  element.addEventListener("pointerleave", () => runs.tell({ highlight: null }));
  return element;
}

// A click chooses a run, which then stands out in every chart; with Ctrl one more, with Shift all in between.
function choose(name, event) {
  const chosen = state.get("chosen");
  if (event.shiftKey && anchor && shown.includes(anchor)) {
    const [a, b] = [shown.indexOf(anchor), shown.indexOf(name)].sort((x, y) => x - y);
    state.set("chosen", shown.slice(a, b + 1));
  } else if (event.ctrlKey || event.metaKey)
    state.set("chosen", chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name]);
  else state.set("chosen", chosen.length === 1 && chosen[0] === name ? [] : [name]);
  anchor = name;
}

const words = {
  running: () => "running",
  finished: (run) => format.ago(run.ended ?? run.updated),
  stopped: (run) => `stopped ${format.ago(run.ended ?? run.updated)}`,
  crashed: (run) => `crashed ${run.updated ? format.ago(run.ended ?? run.updated) : ""}`,
  unreadable: () => "cannot be read",
};

function fill(element, run, chosen) {
  const [path, last] = format.split(run.shown);
  const before = element.querySelector(".path");
  const part = runs.partOf(run.shown) ?? [run.shown.length, run.shown.length];
  const end = element.querySelector(".last"),
    key = `${run.shown}\n${part}`;
  if (element.named !== key) {
    element.named = key;
    const { children, kept } = clippedPath(path, part);
    before.replaceChildren(...children);
    // So much of it is always there, less than it is wide: a little, or what tells it apart.
    before.style.minWidth = kept ? `min(${kept}ch, 60%)` : `${Math.min(4, path.length / 2)}ch`;
    end.replaceChildren(clipped(last, within(part, path.length, run.shown.length)));
  }
  const visible = runs.isVisible(run.name);
  element.classList.toggle("is-off", !visible);
  element.classList.toggle("is-chosen", chosen.has(run.name));
  const number = numbers.get(run.name) ?? run.colour;
  element.style.setProperty("--run", colour(number));
  element.querySelector("input").dataset.dash = dashesOf(run, number);
  element.classList.toggle("is-bare", !runs.headline || !run.has.has(runs.headline));
  element.querySelector("input").checked = visible;
  element.querySelector(".status").dataset.status = run.status;
  element.querySelector(".status").setAttribute("aria-label", run.status);
  const newest = runs.headline ? run.scalars[runs.headline] : null;
  const lost = Object.values(run.lost).reduce((sum, count) => sum + count, 0);
  element.querySelector(".words").textContent = [
    run.step !== null && run.step !== undefined ? `step ${format.step(run.step)}` : "",
    words[run.status]?.(run) ?? run.status,
    lost ? `${format.plural(lost, "value")} lost` : "",
    run.labels.join(", "),
  ]
    .filter(Boolean)
    .join(" · ");
  element.querySelector(".value").textContent = newest ? format.value(runs.number(newest.value)) : "";
  element.title = [
    run.name,
    run.started ? `started ${format.moment(run.started)}` : "",
    run.ending ?? "",
    ...run.problems,
    run.notes,
    run.said?.note ?? "",
    runs.headline ? `${runs.headline} ${newest ? format.exact(runs.number(newest.value)) : "–"}` : "",
  ]
    .filter(Boolean)
    .join("\n");
  drawSpark(element.querySelector("canvas"), sparks.of(run.name), number);
}

// Which dashes a run's lines have, 0 for none: where others that are shown have its colour, as in the charts.
function dashesOf(run, number) {
  if (numbers.size || state.get("colourBy") || state.get("dashBy"))
    return numbers.has(run.name) && !state.get("colourBy") ? dashNumber(number) : 0;
  return shared.has(colour(number)) ? dashNumber(number) : 0;
}

// --- what the user does -----------------------------------------------------------------------------------

document.getElementById("runs-all").addEventListener("click", () => runs.showAll(state.get("off").length > 0));
list.addEventListener("scroll", render, { passive: true });
new ResizeObserver(render).observe(list);
const search = document.getElementById("run-search");
search.value = state.get("runs");
search.addEventListener("input", () => state.set("runs", search.value));
state.on("runs", (text) => {
  if (search.value !== text) search.value = text;
});

// Arrows go from run to run, Home and End to the ends; i isolates, m opens the menu, Space shows or hides.
list.addEventListener("keydown", (event) => {
  const at = shown.indexOf(focused);
  const go = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1, PageDown: at + 10, PageUp: at - 10 }[
    event.key
  ];
  if (go !== undefined && at >= 0) {
    focus(Math.min(shown.length - 1, Math.max(0, go)));
    event.preventDefault();
  } else if (event.key === "i" && at >= 0) {
    runs.isolate(focused);
    event.stopPropagation();
  } else if (event.key === "Enter" && at >= 0 && event.target.matches("input")) choose(focused, event);
  else if (event.key === "m" && at >= 0) {
    runMenu(elements.get(focused).querySelector(".run-more"), focused);
    event.preventDefault();
    event.stopPropagation();
  }
});

function focus(i) {
  focused = shown[i];
  if (i * ROW < list.scrollTop) list.scrollTop = i * ROW;
  if ((i + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (i + 1) * ROW - list.clientHeight;
  paint();
  elements.get(focused)?.querySelector("input").focus({ preventScroll: true });
}

const resize = document.getElementById("runs-resize");
const setWidth = (width) =>
  document.documentElement.style.setProperty("--runs-width", `${Math.min(520, Math.max(180, width))}px`);
if (state.local.get("runsWidth")) setWidth(state.local.get("runsWidth"));
resize.addEventListener("pointerdown", (event) => {
  resize.setPointerCapture(event.pointerId);
  resize.onpointermove = (move) => setWidth(move.clientX);
  resize.onpointerup = (up) => {
    resize.onpointermove = null;
    state.local.set("runsWidth", up.clientX);
  };
});

// --- live -------------------------------------------------------------------------------------------------

runs.onChange((what) => {
  if (what?.highlight !== undefined) return;
  shown = runs.names().filter(runs.matches);
  render();
});
live.on("points", () => {
  // What training says can wait until the eye would notice; the curves cannot.
  pending ||= setTimeout(() => {
    pending = 0;
    render();
  }, POINTS_MS);
});
setInterval(() => {
  if (!document.hidden) render();
}, 5000); // "3 min ago" grows old by itself
document.addEventListener("themechange", render);
state.on(["group", "colourBy", "page"], render);
