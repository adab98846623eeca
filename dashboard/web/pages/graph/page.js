// The page of the computational graph. Asks for the graph at once; what draws it is loaded meanwhile.
import * as api from "../../core/api.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";

// All parts at once, and not each when another has turned out to need it: that took three rounds, beside a server
// that is busy reading the graph (measured: 120 ms of the first paint of ten thousand nodes).
const parts = import("./visit.js");
import("./place.js");
import("./lines.js");
import("./box.js");
import("./layout.js");
import("./order.js");
import("./coordinates.js");
import("./model.js");
import("./draw.js");
import("./draw_box.js");
import("./svg.js");
import("./trace.js");
import("./panel.js");
import("./camera.js");
import("./colour.js");
import("./colouring.js");
import("./input.js");
import("./time.js");
import("./search.js");
import("./export.js");
import("./legend.js");
import("./frame.js");
let view = null; // where it is mounted
let page = null; // what is there, once its parts have come
let early = null; // { run, about }: what was asked for before that

// Runs that have logged a graph, the newest first.
const withGraph = () => runs.all().filter((run) => run.series.graph?.length);

export async function mount(into) {
  view = into;
  into.innerHTML = `<div class="graph-skeleton">${'<i class="skeleton"></i>'.repeat(5)}</div>`; // constant text of ours
  askEarly();
  const { Page } = await parts;
  if (view !== into) return;
  page = new Page(into, withGraph, early);
  page.update();
}

export function unmount() {
  page?.end();
  view = page = early = null;
}

export const isReady = () => Boolean(page?.isReady);

function askEarly() {
  const run = runs.loaded && withGraph().find(({ name }) => runs.isVisible(name))?.name;
  if (!run || early) return;
  early = { run, about: api.json("graph/overview", { run }) };
  early.about.catch(() => {}); // told by the page, which awaits it
}

runs.onChange((what) => {
  if (page && (what === "runs" || what === "visible")) page.update();
  else if (view) askEarly();
});
live.on("changed", ({ run, what }) => {
  if (what.includes("graph")) page?.changed(run);
  if (what.includes("marks")) page?.marked(run);
  if (what.includes("profile")) page?.profiled(run);
});
live.on("restart", () => page?.changed());
document.addEventListener("themechange", () => page?.recolour());
