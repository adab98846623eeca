// The page of media: pictures, sounds, videos, texts, tables and figures, side by side over runs or over steps.
import * as live from "../../core/live.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { choice, node } from "../../ui/dom.js";
import { emptyPage } from "../../ui/empty.js";
import { KINDS, Panel } from "./panel.js";
import { isSurface } from "../../text/path_tags.js";
import { touches } from "../../core/news.js";
import { query } from "../../text/query.js";

const RUNS_AT_ONCE = 3; // side by side; more would leave each too small to be seen
const SIZES = [
  ["", "Fit"],
  ["s", "S"],
  ["m", "M"],
  ["l", "L"],
]; // of pictures; of this browser, not of a link

let view = null;
let tools = null;
const rows = node("div", { class: "panel-rows" });
const panels = new Map(); // "kind\ntag\nrun" -> Panel

const inSight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) target.panel.setInSight(isIntersecting);
  },
  { rootMargin: "300px" },
);

function arrange() {
  if (!view) return;
  const tagsOf = (kind) => runs.tags(kind).filter((tag) => !isSurface(tag));
  const kinds = Object.keys(KINDS).filter((kind) => tagsOf(kind).length);
  if (!kinds.length) {
    tools = null;
    return view.replaceChildren(runs.loaded ? emptyPage("media") : "");
  }
  const filter = query(state.get("tags"));
  const only = kinds.includes(state.get("medium")) ? state.get("medium") : "";
  const shown = runs
    .visible()
    .toReversed()
    .filter((run) => kinds.some((kind) => run.series[kind]?.length));
  const side = shown.slice(0, RUNS_AT_ONCE);
  const groups = [];
  let hidden = 0;
  for (const kind of kinds) {
    if (only && kind !== only) continue;
    for (const tag of tagsOf(kind)) {
      const of = side.filter((run) => run.series[kind]?.includes(tag)).map((run) => [kind, tag, run.name]);
      if (of.length && filter.test(tag)) groups.push(of);
      else if (of.length) hidden += 1;
    }
  }
  const layout = JSON.stringify([groups, hidden, shown.length, kinds, only, filter.problem]);
  if (view.dataset.layout === layout && view.childElementCount) return;
  view.dataset.layout = layout;
  const keys = new Set(groups.flat().map((key) => key.join("\n")));
  for (const [key, panel] of panels)
    if (!keys.has(key)) {
      inSight.unobserve(panel.element);
      panel.end();
      panels.delete(key);
    }
  const made = groups.map((of) => {
    const row = node("div", { class: `panel-row is-${of[0][0]}` });
    for (const parts of of) {
      const key = parts.join("\n");
      if (!panels.has(key)) panels.set(key, new Panel(...parts));
      row.append(panels.get(key).element);
      inSight.observe(panels.get(key).element);
    }
    row.dataset.kind = of[0][0];
    return row;
  });
  if (tools?.dataset.kinds !== kinds.join()) tools = toolbar(kinds);
  if (!rows.isConnected || !tools.isConnected) view.replaceChildren(tools, rows);
  tools.kind?.show(only);
  showTools();
  const note =
    shown.length > side.length
      ? `The ${side.length} newest of ${shown.length} shown runs, side by side. Hide some in the list to see others.`
      : "";
  rows.replaceChildren(
    ...(groups.length ? [] : [nothing(filter, hidden, shown.length)]),
    ...(note ? [node("p", { class: "page-note", text: note })] : []),
    ...made,
  );
  askEarly();
}

// Why nothing is to be seen, and the button that shows it again.
function nothing(filter, hidden, shown) {
  const box = node("div", { class: "empty" });
  const way = (title, words, text, act) => {
    const button = node("button", { type: "button", class: "button", text });
    button.addEventListener("click", act);
    box.append(node("h2", { text: title }), node("p", { text: words }), button);
  };
  if (hidden)
    way(
      filter.problem || `No tag holds “${state.get("tags").trim()}”`,
      `${format.plural(hidden, "tag")} hidden by the filter.`,
      "Clear the filter",
      () => state.set("tags", ""),
    );
  else if (shown)
    way(
      `The runs that are shown have no ${KINDS[state.get("medium")]?.title.toLowerCase() ?? "media"}`,
      "Other kinds are there.",
      "Show all kinds",
      () => state.set("medium", ""),
    );
  else
    way(
      "No run that is shown has logged media",
      "Runs are switched off in the list, or hidden by its filter.",
      "Show all runs",
      () => {
        state.set("runs", "");
        runs.showAll(true);
      },
    );
  return box;
}

// What is in sight need not wait for the observer, which speaks after the frame (measured: 100 ms of the first paint).
function askEarly() {
  const { bottom } = view.getBoundingClientRect();
  for (const panel of panels.values())
    if (!panel.sight && panel.element.getBoundingClientRect().top < bottom) panel.setInSight(true);
}

function toolbar(kinds) {
  const bar = node("div", { class: "media-tools" });
  bar.dataset.kinds = kinds.join();
  if (kinds.length > 1) {
    bar.kind = choice(
      "Kind",
      [["", "All"], ...kinds.map((kind) => [kind, KINDS[kind].title])],
      state.get("medium"),
      (kind) => state.set("medium", kind),
    );
    bar.append(bar.kind);
  }
  bar.across = choice(
    "Side by side",
    [
      ["runs", "One step"],
      ["steps", "Over steps"],
    ],
    state.get("across"),
    (value) => state.set("across", value),
  );
  bar.append(bar.across);
  const size = (value) => {
    state.local.set("pictures", value);
    document.body.dataset.pictures = value;
  };
  bar.sizes = bar.appendChild(choice("Size of pictures", SIZES, state.local.get("pictures", ""), size));
  size(state.local.get("pictures", ""));
  const search = node("input", {
    type: "search",
    id: "media-tags",
    placeholder: "Filter tags",
    "aria-label": "Filter tags: words or /regex/",
    title: "Words or /regex/ (/)",
    autocomplete: "off",
    spellcheck: "false",
    value: state.get("tags"),
  });
  search.addEventListener("input", () => state.set("tags", search.value));
  bar.append(node("label", { class: "media-search" }, search));
  const pace = bar.appendChild(node("button", { type: "button", class: "text-button pace" }));
  pace.addEventListener("click", () => state.set("pace", null));
  return bar;
}

// What the tools say of the page's state, which a link or a saved view changes too.
function showTools() {
  if (!tools) return;
  const at = state.get("pace");
  const button = tools.querySelector(".pace"),
    search = tools.querySelector("#media-tags");
  button.hidden = at === null;
  button.textContent = `At step ${format.step(at ?? 0)}: follow the newest`;
  tools.across.show(state.get("across"));
  tools.sizes.hidden = !tools.dataset.kinds.includes("image") || !["", "image"].includes(state.get("medium"));
  if (search.value !== state.get("tags")) search.value = state.get("tags");
}

export function mount(element) {
  view = element;
  delete view.dataset.layout;
  arrange();
}

export function unmount() {
  for (const panel of panels.values()) {
    inSight.unobserve(panel.element);
    panel.setInSight(false);
  }
  view = null;
}

export const isReady = () => {
  const sighted = [...panels.values()].filter((panel) => panel.sight);
  const isDrawn = () => [...rows.querySelectorAll('img[loading="eager"]')].every((image) => image.complete);
  return runs.loaded && (!panels.size || (sighted.length > 0 && sighted.every((panel) => panel.loaded) && isDrawn()));
};

const each = (act) => {
  if (view) for (const panel of panels.values()) act(panel);
};

runs.onChange((what) => {
  if (what?.highlight === undefined) arrange();
});
state.on(["medium", "tags"], () => {
  showTools();
  arrange();
});
state.on(["pace", "across"], () => {
  showTools();
  each((panel) => panel.wanted());
});
live.on("changed", (change) =>
  each((panel) => {
    if (panel.run === change.run && touches(change, panel.kind, panel.tag)) panel.later();
  }),
);
live.on("restart", () => each((panel) => panel.later()));
document.addEventListener("themechange", () => each((panel) => panel.draw()));
