// The page of distributions: for each tensor how its numbers lie, step by step. Counts are the server's, merged exactly;
// nothing here samples. A drag picks steps, "merge" picks layers, and what was picked is shown merged.
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { compareNames } from "../../text/name_order.js";
import { node } from "../../ui/dom.js";
import { touches } from "../../core/news.js";
import { Card } from "./card.js";
import { onPick, showIn, showMerge } from "./pick.js";
import { emptyPage } from "../../ui/empty.js";
import { hideTip } from "../../charts/tooltip.js";

const RUNS_AT_ONCE = 3; // of a tensor, side by side; more would leave each too small to be read

let view = null;
const cards = new Map(); // "tag\nrun" -> Card

const inSight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) target.card.setInSight(isIntersecting);
  },
  { rootMargin: "200px" },
);

// Once every card in sight has something, each may ask for more.
const came = () => {
  if (isReady()) for (const card of cards.values()) card.refine();
};

// --- the page ----------------------------------------------------------------------------------------------

function arrange() {
  if (!view) return;
  const tags = runs.tags("histogram");
  const shown = runs
    .visible()
    .toReversed()
    .filter((run) => run.series.histogram?.length);
  if (!tags.length) return view.replaceChildren(runs.loaded ? emptyPage("distributions") : "");
  const groups = new Map();
  let left = 0; // runs that some tensor has and that are not beside the others
  for (const tag of tags) {
    const having = shown.filter((run) => run.series.histogram.includes(tag));
    const of = having.slice(0, RUNS_AT_ONCE);
    if (!of.length) continue;
    left = Math.max(left, having.length - of.length);
    const name = tag.includes("/") ? tag.slice(0, tag.indexOf("/")) : "";
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(...of.map((run) => [tag, run.name]));
  }
  const rank = (name) => {
    const at = ["weights", "params", "parameters", "gradients", "grads", "activations"].indexOf(name);
    return at < 0 ? 99 : at;
  };
  const sorted = [...groups].sort(([a], [b]) => rank(a) - rank(b) || compareNames(a, b));
  const layout = JSON.stringify([sorted, left]);
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
      if (!cards.has(key)) cards.set(key, new Card(tag, run, came));
      section.querySelector(".cards").append(cards.get(key).element);
      inSight.observe(cards.get(key).element);
    }
    return section;
  });
  for (const [key, card] of cards)
    if (!wanted.has(key)) {
      inSight.unobserve(card.element);
      cards.delete(key);
    }
  const note = (text) => node("p", { class: "page-note", text });
  if (!sections.length)
    sections.push(note("No run that is shown has logged histograms. Show one in the list of runs."));
  else if (left)
    sections.unshift(
      note(
        `Of each tensor the ${RUNS_AT_ONCE} newest runs that are shown, side by side; ${format.plural(left, "run")} more ${left === 1 ? "has" : "have"} it. Hide some in the list to see others.`,
      ),
    );
  view.replaceChildren(...sections);
  showIn(view);
  // What is in sight need not wait for the observer, which speaks after the frame (measured: 100 ms of the first paint).
  const { bottom } = view.getBoundingClientRect();
  for (const card of cards.values())
    if (!card.sight && card.element.getBoundingClientRect().top < bottom) card.setInSight(true);
}

export function mount(element) {
  view = element;
  delete view.dataset.layout;
  arrange();
}

export function unmount() {
  for (const card of cards.values()) {
    inSight.unobserve(card.element);
    card.sight = false;
  }
  hideTip();
  showIn(null);
  view = null;
}

export function isReady() {
  const sighted = [...cards.values()].filter((card) => card.sight);
  return (
    runs.loaded &&
    (!runs.tags("histogram").length || (sighted.length > 0 && sighted.every((card) => card.data || card.problem)))
  );
}

runs.onChange((what) => {
  if (what?.highlight === undefined) arrange();
});
onPick(() => {
  for (const card of cards.values()) card.draw();
});
state.on("pace", () => {
  if (view) for (const card of cards.values()) card.paced();
});
state.on(["bins", "binning"], () => {
  showMerge();
  for (const card of cards.values()) card.forget();
});
live.on("changed", (change) => {
  for (const card of cards.values())
    if (card.run === change.run && touches(change, "histogram", card.tag)) card.later();
});
live.on("restart", () => {
  for (const card of cards.values()) card.later();
});
document.addEventListener("themechange", () => {
  for (const card of cards.values()) card.draw();
});
