// The page of comparison: which settings led where. A brush on any of its charts chooses runs on every page.
import * as live from "../../core/live.js";
import * as format from "../../text/format.js";
import * as runTip from "../../ui/run_tip.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { Brushes } from "./brushes.js";
import { CompareTable } from "./table.js";
import { dictionary } from "../../core/dictionary.js";
import { Outcomes } from "./outcomes.js";
import { Importance } from "./importance.js";
import { Parallel } from "./parallel.js";
import { ScatterMatrix } from "./scatter_matrix.js";
import { metric as metricColumn, settings } from "./data.js";
import { emptyPage } from "../../ui/empty.js";
import { colour } from "../../charts/palette.js";

const TELL_MS = 150; // a brush is told to the other pages when the hand rests so long
const LIVE_MS = 1000;
const MAX_AXES = 16; // settings on the parallel coordinates, the most important first
const LIVELY = 300; // runs up to which every chart is redrawn while a brush moves
const OTHERS = 4; // metrics in the table beside the chosen one
const MATRIX = 4; // settings in the scatter matrix, beside the metric

let view = null;
let without = 0; // runs that have not logged the metric
let all = [],
  known = { differing: [], same: [] },
  goal = null;
let within = new Uint8Array(0);
let before = null; // which runs were hidden before the first brush
let ranked = []; // settings by importance
const outcomes = new Outcomes({ isSeen: () => view !== null, onAnswer: () => soon(0) });
let others = []; // further metrics in the table
let drawnOnce = false;

const brushes = new Brushes();
const told = { brush, hover, toggle, found };
const parallel = new Parallel(brushes, told);
const matrix = new ScatterMatrix(brushes, told);
const table = new CompareTable(told);
const importance = new Importance(told);
const chosen = { tag: null, how: "last", ...state.local.get("compare", dictionary()) };

const frame = Object.assign(document.createElement("div"), { className: "compare" });
frame.innerHTML =
  '<div class="compare-tools"><label>Metric <select id="compare-metric"></select></label><label>Value <select id="compare-how"><option value="last">last</option><option value="min">smallest</option><option value="max">largest</option></select></label><span class="compare-said" role="status"></span><button class="text-button" id="compare-clear" hidden>Clear the brush</button></div><section class="compare-card wide"><h3>Settings and outcome</h3></section><section class="compare-card"><h3>What matters</h3><p class="compare-note">How much worse the metric is predicted when a setting is shuffled; the line spans the 5th to 95th percentile over resampled runs. Grey may be chance.</p></section><section class="compare-card"><h3>Pairs</h3></section><section class="compare-card wide"><h3>Runs</h3></section>';
const [lines, weights, pairs, rows] = frame.querySelectorAll(".compare-card");
lines.append(parallel.element);
weights.append(importance.element);
pairs.append(matrix.element);
rows.append(table.element);
const same = rows.insertBefore(
  Object.assign(document.createElement("p"), { className: "compare-note" }),
  table.element,
);
const tagChoice = frame.querySelector("#compare-metric"),
  howChoice = frame.querySelector("#compare-how");
tagChoice.addEventListener("change", () => choose({ tag: tagChoice.value }));
howChoice.addEventListener("change", () => choose({ how: howChoice.value }));
frame.querySelector("#compare-clear").addEventListener("click", () => {
  brushes.clear();
  brush(null, null, true);
});

function choose(what) {
  Object.assign(chosen, what);
  if (goal) brushes.set(goal.name, null);
  state.local.set("compare", chosen);
  arrange();
}

// --- what there is ----------------------------------------------------------------------------------------

function arrange() {
  if (!view) return;
  const tags = runs.tags("scalar");
  const candidates = runs.all().filter(fits);
  if (!candidates.length || !tags.length) {
    view.replaceChildren(runs.loaded ? emptyPage("compare") : "");
    return;
  }
  if (frame.parentElement !== view) view.replaceChildren(frame);
  const tag = tags.includes(chosen.tag) ? chosen.tag : usual(candidates, tags);
  if (tagChoice.childElementCount !== tags.length || tagChoice.lastElementChild.value !== tags[tags.length - 1])
    tagChoice.replaceChildren(...tags.map((each) => new Option(each, each)));
  tagChoice.value = tag;
  howChoice.value = chosen.how;
  // A run that never logged the metric has no outcome to compare: it is counted and not drawn, least of all as NaN.
  all = candidates.filter((run) => run.has.has(tag));
  without = candidates.length - all.length;
  known = settings(all);
  outcomes
    .load(tag, all)
    .then(() =>
      loadOthers(
        tags.filter((each) => each !== tag && /loss|acc|error|f1|auc|score|hparam/i.test(each)).slice(0, OTHERS),
      ),
    );
  goal = metricColumn(all, tag, chosen.how, outcomes.of(tag, all));
  show();
  importance.show(known.differing, goal);
}

// The metric to begin with: what runs are judged by, among the tags that at least half of the runs have that any has.
function usual(candidates, tags) {
  const count = (tag) => candidates.filter((run) => run.has.has(tag)).length;
  const most = Math.max(...tags.map(count));
  return runs.headlines.find((tag) => count(tag) * 2 >= most) ?? tags[0];
}

const fits = (run) => runs.isVisible(run.name) || state.get("off").includes(run.name);

// Further metrics, for the table: one after the other, when the chosen one is there.
async function loadOthers(tags) {
  others = tags;
  for (const tag of tags) await outcomes.load(tag, all);
}

function axes() {
  const rank = new Map(ranked.map((each, i) => [each.name, i]));
  // What few runs have been given says little of the others, however important there.
  const isRare = (column) => column.missing * 2 > all.length;
  const order = [...known.differing].sort(
    (a, b) => isRare(a) - isRare(b) || (rank.get(a.name) ?? 99) - (rank.get(b.name) ?? 99) || a.missing - b.missing,
  );
  return [...order.slice(0, MAX_AXES).reverse(), goal];
}

function show() {
  const columns = axes();
  within = chosenRuns(columns);
  parallel.show(columns, all.length, within);
  matrix.show(columns.slice(-MATRIX - 1), all.length, within);
  const beside = others
    .filter((tag) => outcomes.of(tag, all).size)
    .map((tag) => metricColumn(all, tag, chosen.how, outcomes.of(tag, all)));
  table.show(
    all,
    [
      goal,
      ...beside,
      ...columns.slice(0, -1).reverse(),
      ...known.differing.filter((column) => !columns.includes(column)),
    ],
    within,
  );
  const hidden = known.differing.length - columns.length + 1;
  say();
  same.hidden = !known.same.length && hidden <= 0;
  same.textContent = [
    known.same.length
      ? `The same in all runs: ${known.same.map((column) => `${column.name} = ${column.values.find((value) => value !== undefined)}`).join(", ")}.`
      : "",
    hidden > 0 ? `${format.plural(hidden, "less important setting")} in the table only.` : "",
  ]
    .filter(Boolean)
    .join(" ");
  drawnOnce = true;
}

// Without a brush the runs that are shown on every page; with one, those that it leaves.
function chosenRuns(columns) {
  if (brushes.any) return brushes.within(columns, all.length);
  const off = new Set(state.get("off"));
  return Uint8Array.from(all, (run) => (off.has(run.name) ? 0 : 1));
}

function say() {
  const count = within.reduce((sum, each) => sum + each, 0);
  const shown =
    count === all.length
      ? format.plural(count, "run")
      : `${count.toLocaleString("en-US")} of ${format.plural(all.length, "run")} shown, here and on every page`;
  frame.querySelector(".compare-said").textContent = without
    ? `${shown} · ${format.step(without)} without this metric`
    : shown;
  frame.querySelector("#compare-clear").hidden = !brushes.any;
}

// --- what the user does -----------------------------------------------------------------------------------

let timer = 0,
  redrawing = 0;

function brush(name, range, done) {
  if (!before) before = state.get("off");
  if (name) brushes.set(name, range);
  redrawing ||= requestAnimationFrame(() => {
    redrawing = 0;
    redraw();
  });
  clearTimeout(timer);
  timer = setTimeout(tell, done ? 0 : TELL_MS);
}

function redraw(isWhole = false) {
  within = chosenRuns(axes());
  for (const each of [parallel, matrix, table]) each.within = within;
  parallel.draw();
  say();
  // The others follow the hand too, unless there are so many runs that they would hold it up.
  if (isWhole || all.length <= LIVELY) {
    matrix.draw();
    table.arrange();
  }
}

let telling = false;

function tell() {
  telling = true;
  if (brushes.any) {
    const names = all.filter((_, i) => !within[i]).map((run) => run.name);
    state.set("off", names);
  } else {
    state.set("off", before ?? []);
    before = null;
  }
  telling = false;
  redraw(true);
}

function toggle(name) {
  const off = state.get("off");
  brushes.clear();
  before = null;
  state.set("off", off.includes(name) ? off.filter((each) => each !== name) : [...off, name]);
}

function hover(index, event) {
  for (const each of [parallel, matrix, table]) each.hover(index);
  if (index < 0 || !all[index] || !event) {
    runTip.hide();
    return;
  }
  const said = [goal, ...axes().slice(0, -1).reverse()].map((column) => {
    const value = column.values[index];
    return [
      column.name,
      value === undefined || value === null
        ? "–"
        : column.isNumeric
          ? format.value(column.number(index))
          : String(value),
    ];
  });
  runTip.show(event, all[index].name, said, colour(runs.index(all[index].name)));
}

function found(list) {
  ranked = list;
  if (view && goal) show();
}

// --- the page ---------------------------------------------------------------------------------------------

export function mount(element) {
  view = element;
  drawnOnce = false;
  arrange();
}

export function unmount() {
  view = null;
  runTip.hide();
}

export const isReady = () => runs.loaded && (drawnOnce || Boolean(view?.childElementCount));

// For automation: what is drawn now.
export const drawn = () =>
  goal && {
    columns: axes().map((column) => column.name),
    runs: all.map((run) => run.name),
    within: [...within],
    outcome: [...(goal?.values ?? [])],
    marks: dictionary(
      axes()
        .filter((column) => column.few)
        .map((column) => [column.name, [...column.few].sort((a, b) => a - b)]),
    ),
    importance: importance.busy ? null : importance.found,
  };

let later = 0;
const soon = (wait) => {
  if (view)
    later ||= setTimeout(() => {
      later = 0;
      arrange();
    }, wait);
};
runs.onChange((what) => {
  if (!view) return;
  if (what?.highlight !== undefined) {
    hover(all.findIndex((run) => run.name === what.highlight));
    return;
  }
  if (what === "visible" && !telling) {
    brushes.clear();
    before = null;
  }
  if (what === "visible" ? !telling : true) soon(what === "runs" ? 0 : what === "visible" ? 0 : LIVE_MS);
});
live.on("points", () => soon(LIVE_MS));
document.addEventListener("themechange", () => {
  if (view && goal) show();
});
