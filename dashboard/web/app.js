// Starts the page: runs first, then the page that is asked for; the rest follows when there is time.
import * as alerts from "./core/alerts.js";
import * as findings from "./core/findings.js";
import * as keys from "./keys.js";
import * as latency from "./core/latency.js";
import * as live from "./core/live.js";
import * as marks from "./core/marks.js";
import * as metrics from "./core/run_metrics.js";
import * as runs from "./core/runs.js";
import * as stores from "./core/live_stores.js";
import * as state from "./core/state.js";
import * as commands from "./core/commands.js";
import * as curves from "./pages/curves/page.js";
import { Router } from "./router.js";
import { Scope } from "./core/scope.js";
import { RunList } from "./ui/run_list.js";
import { dictionary } from "./core/dictionary.js";
import { plural } from "./text/format.js";
import { ranksOf } from "./text/rank_tags.js";
import { loadDash } from "./ui/dash.js";
import { isPath, isSurface } from "./text/path_tags.js";

/** @param {string} id @returns {HTMLElement} */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const pages = /** @type {Record<string, import("./router.js").Entry>} */ (
  /** @type {unknown} */ ({
    __proto__: null, // addresses name pages
    curves: { title: "Curves", load: async () => curves, kinds: ["scalar"] },
    findings: {
      title: "Findings",
      load: () => import("./pages/findings/page.js"),
      kinds: [],
      is: () => runs.all().some((run) => findings.countsOf(run).some(Boolean)),
    },
    distributions: {
      title: "Distributions",
      load: () => import("./pages/distributions/page.js"),
      kinds: ["histogram"],
    },
    graph: { title: "Graph", load: () => import("./pages/graph/page.js"), kinds: ["graph"] },
    media: {
      title: "Media",
      load: () => import("./pages/media/page.js"),
      kinds: ["image", "audio", "video", "text", "table", "figure"],
      isFor: (/** @type {string} */ tag) => !isSurface(tag),
    },
    panes: { title: "Panes", load: () => import("./pages/panes/page.js"), kinds: ["pane"] },
    profiles: { title: "Profiles", load: () => import("./pages/profiles/page.js"), kinds: ["profile"] },
    machines: { title: "Machines", load: () => import("./pages/machines/page.js"), kinds: ["environment", "console"] },
    ranks: {
      title: "Ranks",
      load: () => import("./pages/ranks/page.js"),
      kinds: [],
      is: () => runs.all().some((run) => ranksOf(run) > 1),
    },
    runs: {
      title: "Runs",
      load: () => import("./pages/runs/page.js"),
      kinds: ["scalar", "histogram", "image", "text", "graph"],
    },
    controls: {
      title: "Controls",
      load: () => import("./pages/controls/page.js"),
      kinds: ["control"],
      is: () => runs.all().some((run) => run.status === "running" || run.commands),
      waiting: () => {
        const count = runs.visible().reduce((sum, run) => sum + (run.proposals ?? 0), 0);
        return count ? `${plural(count, "proposal")} waiting for an answer` : "";
      },
    },
    paths: { title: "Paths", load: () => import("./pages/paths/page.js"), kinds: ["scalar", "text"], isFor: isPath },
    quality: { title: "Quality", load: () => import("./pages/quality/page.js"), kinds: ["pr_curve", "confusion"] },
    embeddings: { title: "Embeddings", load: () => import("./pages/embeddings/page.js"), kinds: ["embedding"] },
    try: { title: "Try", load: () => import("./pages/try/page.js"), kinds: ["model"], isApart: true },
    meshes: { title: "Meshes", load: () => import("./pages/meshes/page.js"), kinds: ["mesh"] },
    layouts: { title: "Layouts", load: () => import("./pages/layouts/page.js"), kinds: ["layout"] },
    alerts: {
      title: "Alerts",
      load: () => import("./pages/alerts/page.js"),
      kinds: [],
      is: () => alerts.known().rules.length > 0,
    },
    compare: {
      title: "Compare",
      load: () => import("./pages/compare/page.js"),
      kinds: [],
      is: () => {
        const isGiven = (/** @type {import("./core/runs.js").Run} */ run) => Object.keys(run.config ?? {}).length > 0;
        return runs.all().findIndex(isGiven) !== runs.all().findLastIndex(isGiven);
      },
    },
  })
);

const app = new Scope(); // it lasts as long as the document
state.start(app);
metrics.start(app);
runs.start(app);
stores.start(app);
marks.start(app);
commands.start(app);
alerts.start(app);
findings.start(app);
new RunList(app);
keys.start(app);
const router = new Router(pages, part("view"), part("tabs"), app);
app.on(alerts, "change", () => router.showTabs());

function toggleTheme() {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("everystep.theme", theme);
  } catch {
    /* storage may be closed to us */
  }
  document.dispatchEvent(new CustomEvent("themechange", { detail: theme }));
}

function toggleRuns() {
  const off = document.body.classList.toggle("runs-hidden");
  part("toggle-runs").setAttribute("aria-expanded", String(!off));
}

if (innerWidth <= 760) toggleRuns(); // the list would lie over the charts
app.on(part("toggle-theme"), "click", toggleTheme);
app.on(part("toggle-runs"), "click", toggleRuns);
app.on(document, "keydown", (event) => {
  if (
    event.target.matches("input, textarea, select, [contenteditable]") ||
    event.metaKey ||
    event.ctrlKey ||
    event.altKey
  )
    return;
  const act = { b: toggleRuns, t: toggleTheme }[/** @type {"b" | "t"} */ (event.key)];
  if (act) {
    act();
    event.preventDefault();
  }
});

/** The page of curves, for what only it can answer. */
function shownCurves() {
  const page = router.page("curves");
  if (!page) throw new Error(`the page of curves is not shown, but ${state.get("page")}`);
  return /** @type {import("./pages/curves/page.js").CurvesPage} */ (page);
}

const viz = {
  get ready() {
    return runs.loaded && router.isReady();
  },
  /** @param {string} tag */
  drawn: (tag) => router.page("curves")?.drawn?.(tag) ?? dictionary(),
  /** @param {string} id */
  lines: (id) => shownCurves().lines(id),
  /** @param {string} id @param {[number, number] | null} window */
  zoom: (id, window) => shownCurves().zoom(id, window),
  settled: () => shownCurves().settled(),
  /** @param {string} id */
  range: (id) => shownCurves().range(id),
  /** @param {string} id */
  marks: (id) => shownCurves().marksOf(id),
  /** @param {string} id */
  cursor: (id) => shownCurves().cursor(id),
  /** @param {string} id */
  density: (id) => shownCurves().density(id),
  /** @param {string} tag */
  extremes: (tag) => shownCurves().extremes(tag),
  runs: () => runs.names(),
  latency: () => latency.latency(),
  latencyByStage: () => latency.byStage(),
  forgetLatency: () => latency.forget(),
  page: () => router.page()?.drawn?.(),
  /** @param {number} by */
  turn: (by) => router.page()?.turn?.(by),
  get: state.get,
  set: state.set,
  on: state.on,
};
/** @type {any} */ (window).viz = viz;

document.body.classList.toggle("is-one", Boolean(state.get("one")));
live.start(app);
router.show();
runs.load().catch((error) => {
  const box = document.createElement("div");
  box.className = "empty";
  box.append(
    Object.assign(document.createElement("h2"), { textContent: "The runs could not be read" }),
    Object.assign(document.createElement("p"), { textContent: error.message }),
  );
  part("view").replaceChildren(box);
});
// The controls come once what was asked for is drawn, or after three seconds in any case: importing what renders them
// takes the server as long as the first of very many curves do. On a page that has none they come after five.
const asked = performance.now();
/** @type {Record<string, number>} */
const longest = { curves: 3000, distributions: 1000 };
const isLate = () => performance.now() - asked > (longest[state.get("page")] ?? 5000);
const begin = () => (viz.ready || isLate() ? loadDash(app) : app.setTimeout(begin, 30));
begin();
