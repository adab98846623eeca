// Boots the page: runs first, then the page that is asked for; the rest follows when there is time.
import * as latency from "./core/latency.js";
import * as live from "./core/live.js";
import * as runs from "./core/runs.js";
import * as state from "./core/state.js";
import * as curves from "./pages/curves/page.js";
import "./ui/run_list.js";
import "./pages/curves/tools.js";
import "./keys.js";
import { loadDash } from "./ui/dash.js";
import { isPath, isSurface } from "./text/path_tags.js";

const view = document.getElementById("view");
const tabs = document.getElementById("tabs");
const pages = {
  __proto__: null, // addresses name pages
  curves: { title: "Curves", load: async () => curves, kinds: ["scalar"] },
  distributions: { title: "Distributions", load: () => import("./pages/distributions/page.js"), kinds: ["histogram"] },
  graph: { title: "Graph", load: () => import("./pages/graph/page.js"), kinds: ["graph"] },
  media: {
    title: "Media",
    load: () => import("./pages/media/page.js"),
    kinds: ["image", "audio", "video", "text", "table", "figure"],
    isFor: (tag) => !isSurface(tag),
  },
  profiles: { title: "Profiles", load: () => import("./pages/profiles/page.js"), kinds: ["profile"] },
  machines: { title: "Machines", load: () => import("./pages/machines/page.js"), kinds: ["environment", "console"] },
  runs: {
    title: "Runs",
    load: () => import("./pages/runs/page.js"),
    kinds: ["scalar", "histogram", "image", "text", "graph"],
  },
  paths: { title: "Paths", load: () => import("./pages/paths/page.js"), kinds: ["scalar", "text"], isFor: isPath },
  quality: { title: "Quality", load: () => import("./pages/quality/page.js"), kinds: ["pr_curve", "confusion"] },
  embeddings: { title: "Embeddings", load: () => import("./pages/embeddings/page.js"), kinds: ["embedding"] },
  meshes: { title: "Meshes", load: () => import("./pages/meshes/page.js"), kinds: ["mesh"] },
  layouts: { title: "Layouts", load: () => import("./pages/layouts/page.js"), kinds: ["layout"] },
  compare: {
    title: "Compare",
    load: () => import("./pages/compare/page.js"),
    kinds: [],
    is: () => runs.all().filter((run) => Object.keys(run.config ?? {}).length).length > 1,
  },
};
let mounted = null;

for (const [name, { title }] of Object.entries(pages)) {
  const link = tabs.appendChild(document.createElement("a"));
  link.textContent = title;
  link.href = `?p=${name}`;
  link.dataset.page = name;
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    state.set("page", name);
  });
}

// A tab is there when some run has such data; that of curves always, for the page that waits.
function showTabs() {
  for (const link of tabs.children) {
    const { page } = link.dataset;
    const { kinds, isFor = () => true, is } = pages[page];
    const any = is?.() || kinds.some((kind) => runs.tags(kind).some(isFor));
    link.hidden = page !== "curves" && !any && state.get("page") !== page;
    if (state.get("page") === page) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else link.removeAttribute("aria-current");
  }
}

async function show() {
  const name = pages[state.get("page")] ? state.get("page") : "curves";
  showTabs();
  document.title = `${pages[name].title} · everystep`;
  document.body.dataset.page = name;
  const page = await pages[name].load();
  if (mounted === page || (pages[state.get("page")] ? state.get("page") : "curves") !== name) return;
  mounted?.unmount();
  view.scrollTop = 0;
  view.replaceChildren();
  mounted = page;
  page.mount(view);
}

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
  document.getElementById("toggle-runs").setAttribute("aria-expanded", String(!off));
}

if (innerWidth <= 760) toggleRuns(); // the list would lie over the charts
document.getElementById("toggle-theme").addEventListener("click", toggleTheme);
document.getElementById("toggle-runs").addEventListener("click", toggleRuns);
document.addEventListener("keydown", (event) => {
  if (
    event.target.matches("input, textarea, select, [contenteditable]") ||
    event.metaKey ||
    event.ctrlKey ||
    event.altKey
  )
    return;
  const act = { b: toggleRuns, t: toggleTheme }[event.key];
  if (act) {
    act();
    event.preventDefault();
  }
});
state.on("page", show);
runs.onChange(showTabs);

window.viz = {
  get ready() {
    return runs.loaded && (mounted?.isReady?.() ?? Boolean(mounted));
  },
  drawn: (tag) => curves.drawn(tag),
  lines: (id) => curves.lines(id),
  zoom: (id, window) => curves.zoom(id, window),
  settled: () => curves.settled(),
  range: (id) => curves.range(id),
  marks: (id) => curves.marksOf(id),
  cursor: (id) => curves.cursor(id),
  extremes: (tag) => curves.extremes(tag),
  runs: () => runs.names(),
  latency: () => latency.latency(),
  latencyByStage: () => latency.byStage(),
  forgetLatency: () => latency.forget(),
  page: () => mounted?.drawn?.(),
  turn: (by) => mounted?.turn?.(by),
  get: state.get,
  set: state.set,
  on: state.on,
};

document.body.classList.toggle("is-one", Boolean(state.get("one")));
live.connect();
show();
runs.load().catch((error) => {
  const box = document.createElement("div");
  box.className = "empty";
  box.append(
    Object.assign(document.createElement("h2"), { textContent: "The runs could not be read" }),
    Object.assign(document.createElement("p"), { textContent: error.message }),
  );
  view.replaceChildren(box);
});
// The controls come once what was asked for is drawn, or after a second in any case; on a page that has none after five.
const asked = performance.now();
const longest = () => (["curves", "distributions"].includes(state.get("page")) ? 1000 : 5000);
const begin = () => (window.viz.ready || performance.now() - asked > longest() ? loadDash() : setTimeout(begin, 30));
begin();
