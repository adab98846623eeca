// The keyboard: common acts, and the sheet that says which.
import * as state from "./core/state.js";
import { lookup } from "./text/lookup.js";
import { part } from "./ui/dom.js";
import { dialog } from "./ui/menu.js";
import { isShortcut } from "./ui/shortcut.js";

/** @type {[title: string, keys: [key: string, does: string][]][]} */
const SHEET = [
  [
    "Everywhere",
    [
      ["?", "keyboard shortcuts"],
      ["/", "search tags"],
      ["f", "search runs"],
      ["b", "list of runs"],
      ["t", "light or dark"],
      ["1 … 9", "pages"],
      ["Esc", "close, or clear the selection"],
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
    "Panes",
    [
      ["/", "filter panes"],
      ["← → ↑ ↓", "on a title: move the window"],
      ["Shift ← ↑ …", "on a title: resize it"],
      ["Enter", "on a title: fill the page, and back"],
      ["m", "on a title: menu"],
      ["Delete", "on a title: close"],
      ["others", "within: sent to the training"],
    ],
  ],
  [
    "In a picture at large",
    [
      ["← →", "step"],
      ["↑ ↓", "previous or next picture"],
      ["+ −", "zoom"],
      ["0", "fit to the window"],
      ["drag", "move"],
      ["Esc", "close"],
    ],
  ],
  [
    "In a sound",
    [
      ["Space", "play or pause"],
      ["← →", "seek"],
      ["Home End", "jump to start or end"],
      ["click, drag", "seek"],
    ],
  ],
  [
    "In a chart",
    [
      ["drag", "zoom: sideways x, upwards y, diagonal both"],
      ["Ctrl wheel", "zoom"],
      ["double click", "show all"],
      ["← →", "move the cursor"],
      ["+ −", "zoom"],
      ["click", "select the line"],
      ["Shift drag, b", "choose the runs that go through a box"],
      ["s, Shift click", "pin the step: other pages follow it"],
      ["Enter", "enlarge, or shrink"],
      ["p", "pin to the top"],
      ["Alt ← →", "move the card"],
    ],
  ],
  [
    "Distributions",
    [
      ["drag", "select steps to merge"],
      ["click", "place the cursor"],
      ["← →", "move the cursor"],
      ["Shift ← →", "select steps"],
      ["Esc", "clear the selection"],
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
      ["Esc", "clear the selection"],
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
      ["Ctrl click", "on a column head: also sort by it"],
    ],
  ],
  [
    "In the list of runs",
    [
      ["↑ ↓", "go"],
      ["← →", "close or open a folder"],
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
    const section = box.appendChild(document.createElement("section"));
    section.append(Object.assign(document.createElement("h3"), { textContent: title }));
    const list = section.appendChild(document.createElement("dl"));
    for (const [key, does] of keys) {
      const term = list.appendChild(document.createElement("dt"));
      term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
      list.append(Object.assign(document.createElement("dd"), { textContent: does }));
    }
  }
  dialog("Keyboard", box, true);
}

const OWN_TO_GRAPH = new Set(["/", "f"]);

/** @type {Record<string, string>} */
// Of a page, by the name of its element.
const searches = lookup({ runs: "run-search", media: "media-tags", panes: "pane-filter" });

/** @type {Record<string, () => void>} */
const acts = lookup({
  "?": help,
  "/": () => document.getElementById(searches[state.get("page")] ?? "tags")?.focus(),
  f: () => document.getElementById("run-search")?.focus(),
});

// Those that have a tab, in their order.
const pages = () =>
  [...part(document, "#tabs", HTMLElement).children].flatMap((link) =>
    link instanceof HTMLElement && !link.hidden ? (link.dataset.page ?? []) : [],
  );

// Listens for as long as the scope lasts.
/** @param {import("./core/scope.js").Scope} scope */
export function start(scope) {
  scope.on(document, "keydown", (event) => {
    if (!isShortcut(event)) return;
    const page = /^[1-9]$/.test(event.key) ? pages()[Number(event.key) - 1] : null;
    if (state.get("page") === "graph" && OWN_TO_GRAPH.has(event.key)) return; // there it finds nodes and fits
    const act = page ? () => state.set("page", page) : acts[event.key];
    if (!act) return;
    act();
    event.preventDefault();
  });
  scope.on(part(document, "#help", HTMLElement), "click", help);
}
