// The keyboard: common acts, and the sheet that says which.
import * as curves from "./pages/curves/page.js";
import * as runs from "./core/runs.js";
import * as state from "./core/state.js";
import { dialog } from "./ui/menu.js";

const SHEET = [
  [
    "Everywhere",
    [
      ["?", "this sheet"],
      ["/", "search tags"],
      ["f", "search runs"],
      ["b", "list of runs"],
      ["t", "light or dark"],
      ["1 … 9", "pages"],
      ["Esc", "close, or select nothing"],
    ],
  ],
  [
    "Curves",
    [
      ["l", "log y"],
      ["x", "step, relative, time"],
      ["[  ]", "less or more smoothing"],
      ["o", "leave outliers out"],
      ["m", "marks"],
      ["n", "new chart"],
      ["0", "show all in every chart"],
    ],
  ],
  [
    "In a picture at large",
    [
      ["← →", "step"],
      ["↑ ↓", "the picture before or after"],
      ["+ −", "zoom"],
      ["0", "as large as it fits"],
      ["drag", "move"],
      ["Esc", "close"],
    ],
  ],
  [
    "In a sound",
    [
      ["Space", "play or pause"],
      ["← →", "seek"],
      ["Home End", "to the ends"],
      ["click, drag", "seek"],
    ],
  ],
  [
    "In a chart",
    [
      ["drag", "zoom: sideways x, upwards y, across both"],
      ["Ctrl wheel", "zoom"],
      ["double click", "show all"],
      ["← →", "move the cursor"],
      ["+ −", "zoom"],
      ["click", "select the line"],
      ["s, Shift click", "hold the step: the other pages show it"],
      ["Enter", "large, and back"],
      ["p", "pin to the top"],
      ["Alt ← →", "move the card"],
    ],
  ],
  [
    "Distributions",
    [
      ["drag", "pick steps: shown merged"],
      ["click", "put the cursor there"],
      ["← →", "move the cursor"],
      ["Shift ← →", "pick steps"],
      ["Esc", "let go of what is picked"],
    ],
  ],
  [
    "Graph",
    [
      ["/", "find a node"],
      ["f", "show the whole graph"],
      ["↑ ↓ ← →", "follow the edges"],
      ["Enter", "open or close"],
      ["+ −", "zoom"],
      ["Esc", "select nothing"],
    ],
  ],
  [
    "In the table of runs",
    [
      ["↑ ↓ ← →", "go"],
      ["Space", "select"],
      ["v", "show or hide"],
      ["i", "only this"],
      ["m", "menu"],
      ["F2", "rename"],
      ["Delete", "delete"],
      ["Ctrl C", "copy a cell"],
      ["Ctrl click", "on a head: sort by it too"],
    ],
  ],
  [
    "In the list of runs",
    [
      ["↑ ↓", "go"],
      ["Space", "show or hide"],
      ["Enter", "select"],
      ["i", "only this"],
      ["m", "menu"],
      ["Shift click", "select a range"],
    ],
  ],
];

export function help() {
  const box = document.createElement("div");
  box.className = "keys body";
  for (const [title, keys] of SHEET) {
    const part = box.appendChild(document.createElement("section"));
    part.append(Object.assign(document.createElement("h3"), { textContent: title }));
    const list = part.appendChild(document.createElement("dl"));
    for (const [key, does] of keys) {
      const term = list.appendChild(document.createElement("dt"));
      term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
      list.append(Object.assign(document.createElement("dd"), { textContent: does }));
    }
  }
  dialog("Keyboard", box, true);
}

const OWN_TO_GRAPH = new Set(["/", "f"]);
const next = (values, value) => values[(values.indexOf(value) + 1) % values.length];
const SMOOTH = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];

const acts = {
  __proto__: null,
  "?": help,
  "/": () =>
    document
      .getElementById({ __proto__: null, runs: "run-search", media: "media-tags" }[state.get("page")] ?? "tags")
      ?.focus(),
  f: () => document.getElementById("run-search").focus(),
};
const curveActs = {
  __proto__: null,
  l: () => state.set("logy", !state.get("logy")),
  x: () => state.set("x", next(["step", "relative", "time"], state.get("x"))),
  o: () => state.set("robust", !state.get("robust")),
  m: () => state.set("marks", !state.get("marks")),
  n: () => import("./pages/curves/tools.js").then(({ newChart }) => newChart()),
  "[": () => state.set("smooth", SMOOTH.findLast((each) => each < state.get("smooth")) ?? 0),
  "]": () => state.set("smooth", SMOOTH.find((each) => each > state.get("smooth")) ?? 0.999),
  0: () => {
    for (const card of curves.inView()) if (card.chart.zoom || card.chart.zoomY) card.chart.setZoom(null);
  },
};

document.addEventListener("keydown", (event) => {
  if (
    event.target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]") ||
    event.metaKey ||
    event.ctrlKey ||
    event.altKey
  )
    return;
  if (document.querySelector("dialog[open]") || event.defaultPrevented || !runs.loaded) return;
  const page = /^[1-9]$/.test(event.key)
    ? [...document.getElementById("tabs").children].filter((link) => !link.hidden)[event.key - 1]?.dataset.page
    : null;
  if (state.get("page") === "graph" && OWN_TO_GRAPH.has(event.key)) return; // there it finds nodes and fits
  const act = page
    ? () => state.set("page", page)
    : (acts[event.key] ?? (state.get("page") === "curves" ? curveActs[event.key] : null));
  if (act) {
    act();
    event.preventDefault();
  }
});
document.getElementById("help").addEventListener("click", help);
