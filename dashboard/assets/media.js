// The page of media: pictures, sounds, videos, texts, tables and figures, side by side over runs or over steps.
import * as live from "./live.js";
import * as format from "./format.js";
import * as runs from "./runs.js";
import * as state from "./state.js";
import { choice, node } from "./dom.js";
import { emptyPage } from "./empty.js";
import { KINDS, Panel } from "./media_panel.js";
import { isSurface } from "./path_tags.js";

const RUNS_AT_ONCE = 3; // side by side; more would leave each too small to be seen

let view = null;
let only = ""; // the kind that is shown alone
const panels = new Map(); // "kind\ntag\nrun" -> Panel

const inSight = new IntersectionObserver(
  (entries) => { for (const { target, isIntersecting } of entries) target.panel.setInSight(isIntersecting); },
  { rootMargin: "300px" },
);

function arrange() {
  if (!view) return;
  const tagsOf = (kind) => runs.tags(kind).filter((tag) => !isSurface(tag));
  const kinds = Object.keys(KINDS).filter((kind) => tagsOf(kind).length);
  if (!kinds.length) return view.replaceChildren(runs.loaded ? emptyPage("media") : "");
  if (!kinds.includes(only)) only = "";
  const shown = runs.visible().toReversed().filter((run) => kinds.some((kind) => run.series[kind]?.length));
  const side = shown.slice(0, RUNS_AT_ONCE);
  const groups = [];
  for (const kind of kinds) {
    if (only && kind !== only) continue;
    for (const tag of tagsOf(kind)) {
      const of = side.filter((run) => run.series[kind]?.includes(tag)).map((run) => [kind, tag, run.name]);
      if (of.length) groups.push(of);
    }
  }
  const layout = JSON.stringify([groups, shown.length, kinds, only]);
  if (view.dataset.layout === layout && view.childElementCount) return;
  view.dataset.layout = layout;
  const keys = new Set(groups.flat().map((key) => key.join("\n")));
  for (const [key, panel] of panels) if (!keys.has(key)) { inSight.unobserve(panel.element); panel.end(); panels.delete(key); }
  const rows = groups.map((of) => {
    const row = node("div", { class: "panel-row" });
    for (const parts of of) {
      const key = parts.join("\n");
      if (!panels.has(key)) panels.set(key, new Panel(...parts));
      row.append(panels.get(key).element);
      inSight.observe(panels.get(key).element);
    }
    row.dataset.kind = of[0][0];
    return row;
  });
  const note = !groups.length ? "No run that is shown has logged media. Show one in the list of runs."
    : shown.length > side.length ? `The ${side.length} newest of ${shown.length} shown runs, side by side. Hide some in the list to see others.` : "";
  view.replaceChildren(tools(kinds), ...(note ? [node("p", { class: "page-note", text: note })] : []), ...rows);
  askEarly();
}

// What is in sight need not wait for the observer, which speaks after the frame (measured: 100 ms of the first paint).
function askEarly() {
  const { bottom } = view.getBoundingClientRect();
  for (const panel of panels.values()) if (!panel.sight && panel.element.getBoundingClientRect().top < bottom) panel.setInSight(true);
}

function tools(kinds) {
  const bar = node("div", { class: "media-tools" });
  if (kinds.length > 1) bar.append(choice("Kind", [["", "All"], ...kinds.map((kind) => [kind, KINDS[kind].title])], only, (kind) => { only = kind; arrange(); }));
  bar.append(choice("Side by side", [["runs", "One step"], ["steps", "Over steps"]], state.get("across"), (value) => state.set("across", value)));
  const pace = bar.appendChild(node("button", { type: "button", class: "text-button pace" }));
  pace.addEventListener("click", () => state.set("pace", null));
  showPace(bar);
  return bar;
}

function showPace(bar) {
  const button = bar?.querySelector(".pace");
  if (!button) return;
  const at = state.get("pace");
  button.hidden = at === null;
  button.textContent = `At step ${format.step(at ?? 0)}: follow the newest`;
}

export function mount(element) {
  view = element;
  delete view.dataset.layout;
  arrange();
}

export function unmount() {
  for (const panel of panels.values()) { inSight.unobserve(panel.element); panel.setInSight(false); }
  view = null;
}

export const isReady = () => {
  const sighted = [...panels.values()].filter((panel) => panel.sight);
  return runs.loaded && (!panels.size || (sighted.length > 0 && sighted.every((panel) => panel.loaded)));
};

const each = (act) => { if (view) for (const panel of panels.values()) act(panel); };

runs.onChange((what) => { if (what?.highlight === undefined) arrange(); });
state.on(["pace", "across"], () => { showPace(view); each((panel) => panel.wanted()); });
live.on("changed", ({ run, what }) => each((panel) => { if (panel.run === run && (what.includes(panel.kind) || what.includes("line"))) panel.later(); }));
live.on("restart", () => each((panel) => panel.later()));
document.addEventListener("themechange", () => each((panel) => panel.draw()));
