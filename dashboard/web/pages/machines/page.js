// The page of machines: how busy they were, what they are and how runs differ in it, and what was printed.
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { Console } from "./console.js";
import { compareNames } from "../../text/name_order.js";
import { emptyPage } from "../../ui/empty.js";
import { Environments } from "./environments.js";
import { MachineCard, metricOf } from "./card.js";

const PAGE = `
  <div class="machine-bar"><h2>Load</h2><div class="choice" role="group" aria-label="Time"><button data-axis="time">Clock</button><button data-axis="relative">Since the run began</button></div></div>
  <div class="cards machine-cards"></div>
  <section class="profile-card machine-environment" aria-label="Environment"></section>
  <section class="profile-card machine-console" aria-label="Console"></section>`;

let view = null;
let axis = "time";
let cards = new Map(); // metric -> MachineCard
let environments = null,
  printed = null;
const at = (selector) => view.querySelector(selector);

function arrange() {
  if (!view) return;
  const tags = runs.tags("scalar").filter((tag) => tag.startsWith("machine/"));
  if (!tags.length && !runs.tags("environment").length && !runs.tags("console").length) {
    leave();
    view.replaceChildren(runs.loaded ? emptyPage("machines") : "");
    return;
  }
  if (!at(".machine-bar")) build();
  const metrics = new Map();
  for (const tag of tags) {
    const { key } = metricOf(tag);
    if (!metrics.has(key)) metrics.set(key, []);
    metrics.get(key).push(tag);
  }
  const order = [...metrics.keys()].sort((a, b) => metricOf(a).rank - metricOf(b).rank || compareNames(a, b));
  for (const [key, card] of cards)
    if (!metrics.has(key)) {
      card.unmount();
      cards.delete(key);
    }
  for (const key of order)
    if (!cards.has(key))
      cards.set(
        key,
        new MachineCard(key, {
          axis: () => axis,
          hover: (x) => {
            for (const card of cards.values()) card.chart.setCursor(x);
          },
        }),
      );
  const elements = order.map((key) => cards.get(key).element);
  const holder = at(".machine-cards");
  if (holder.children.length !== elements.length || elements.some((element, i) => holder.children[i] !== element))
    holder.replaceChildren(...elements);
  for (const key of order) cards.get(key).setTags(metrics.get(key));
  at(".machine-bar").hidden = !tags.length;
  environments.show(
    runs
      .visible()
      .toReversed()
      .filter((run) => run.series.environment?.length),
  );
  printed.offer(
    runs
      .visible()
      .toReversed()
      .filter((run) => run.series.console?.length),
  );
  live.watch(tags);
}

function build() {
  view.innerHTML = PAGE;
  environments = new Environments(at(".machine-environment"));
  printed = new Console(at(".machine-console"));
  for (const button of view.querySelectorAll("[data-axis]")) {
    button.addEventListener("click", () => {
      axis = button.dataset.axis;
      press();
      for (const card of cards.values()) {
        if (card.chart.zoom) card.chart.setZoom(null);
        card.request();
      }
    });
  }
  press();
}

function press() {
  for (const button of view.querySelectorAll("[data-axis]"))
    button.setAttribute("aria-pressed", String(button.dataset.axis === axis));
}

function leave() {
  for (const card of cards.values()) card.unmount();
  cards = new Map();
  printed?.unmount();
  environments = printed = null;
}

export function mount(element) {
  view = element;
  arrange();
}

export function unmount() {
  leave();
  view = null;
  live.watch([]);
}

export const isReady = () =>
  runs.loaded &&
  [...cards.values()].every((card) => card.ready) &&
  (!environments || environments.ready) &&
  (!printed || printed.ready);

// As drawn now, for automation: {run: number of points} of a metric's card.
export const drawn = (key) =>
  cards
    .get(key)
    ?.lines()
    .map(({ name, curve }) => ({ name, points: format.step(curve.points) }));

runs.onChange((what) => {
  if (what?.highlight !== undefined) {
    for (const card of cards.values()) card.setHighlight(what.highlight);
    return;
  }
  arrange();
});
live.on("changed", ({ run, what }) => {
  if (!view) return;
  if (what.includes("console")) printed?.news(run);
  if (what.includes("environment")) environments?.again(run);
});
live.on("restart", () => {
  if (view) {
    printed?.news();
  }
});
document.addEventListener("themechange", () => {
  for (const card of cards.values()) card.request();
});
