// The panes of a report: the page's renderers, with what the file itself holds.
import { parse } from "./core/dictionary.js";
import { Scope } from "./core/scope.js";
import { curvesOf, decode } from "./core/wire.js";
import { Curve } from "./charts/curve.js";
import { PaneWindow } from "./pages/panes/pane_window.js";
import { tiled } from "./pages/panes/tiling.js";
import { node } from "./ui/dom.js";

/** @typedef {import("./pages/panes/data.js").Pane} Pane */
/** @typedef {import("./pages/panes/view.js").Source} Source */
/** @typedef {Pane & { items: { data: string | null }[], width?: number | null, height?: number | null }} HeldPane */

const WIDE = 1440; // px that the report takes at the most

/** @param {Element} source */
const bytes = (source) => Uint8Array.from(atob(source.textContent), (sign) => sign.charCodeAt(0));
/** @param {string} name */
const held = (name) => [...document.querySelectorAll(`script.${name}`)];

/** @type {HeldPane[]} */
const panes = held("pane-data").map((source) => parse(new TextDecoder().decode(bytes(source))));

/** @param {string} run @param {string} tag @param {number | null | undefined} start */
const keyOf = (run, tag, start) => JSON.stringify([run, tag, start ?? null]);
/** @type {Map<string, Curve>} */
const curves = new Map();
for (const source of held("pane-curves")) {
  const { head, column } = decode(bytes(source).buffer);
  for (const { curve: found, columns } of curvesOf(head, column)) {
    const curve = new Curve(found.run);
    curve.load(found, columns);
    curves.set(keyOf(found.run, head.tag, head.start), curve);
  }
}

// Elements that look up another host by themselves, whatever the policy says, are unknown ones here; as the server has
// it (dashboard/api/panes.py).
const HINTS = /<(?=(?:link|meta|base)\b)/gi;
const QUIET = '<!doctype html><meta charset="utf-8"><meta http-equiv="x-dns-prefetch-control" content="off">';

// The colours of a document without any, as the server has them.
const OWN_COLOURS = /background|bgcolor|color-scheme/i;
const DARK = "<style>:where(html) { color-scheme: dark; background: #16191f; color: #e7e9ee }</style>";
/** @param {string} text */
const colours = (text) => (document.documentElement.dataset.theme === "dark" && !OWN_COLOURS.test(text) ? DARK : "");

const runs = [...new Set(panes.map(({ run }) => run))];

/** @type {Source} */
const source = {
  address: (_, item) => {
    const { data, form } = /** @type {{ data: string | null, form: string }} */ (/** @type {unknown} */ (item));
    return data === null
      ? ""
      : `data:${/^[\w.+-]+\/[\w.+-]+$/.test(form) ? form : "application/octet-stream"};base64,${data}`;
  },
  html: ({ content }) => {
    const text = String(content?.text ?? "").replace(HINTS, "<x-");
    return { srcdoc: QUIET + colours(text) + text };
  },
  label: (run) => run,
  number: (run) => runs.indexOf(run),
  isLive: () => false,
  curves: () => ({
    want: () => {},
    curve: ({ run, tag, start }) => curves.get(keyOf(run, tag, start)),
    problem: () => null,
    isIdle: () => true,
  }),
  chartFiles: () => [],
  seriesOf: async (pane) => {
    const { kind, tag } = pane.content ?? {};
    if (kind !== "scalar" || !curves.has(keyOf(pane.run, tag, null))) return null;
    return { ...pane, type: "lines", content: { traces: [{ name: tag, y: tag, x: null }] } };
  },
  link: () => "",
};

// Plotly, unpacked into a script of this document.
async function bringPlotly() {
  const [packed] = held("plotly-data");
  if (!packed) return;
  const stream = new Blob([bytes(packed)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const text = await new Response(stream).text();
  document.head.append(Object.assign(document.createElement("script"), { textContent: text }));
}

const scope = new Scope();
const nothing = () => {};

/** @type {import("./pages/panes/pane_window.js").Around} */
const around = {
  source,
  ask: async (run, id) => {
    const found = panes.find((pane) => pane.run === run && pane.id === id);
    if (!found) throw new Error("It is not in this file.");
    return found;
  },
  tell: nothing,
  isHeard: () => false,
  menu: nothing,
  close: nothing,
  enlarge: (window) => window.setLarge(!window.isLarge),
  raise: nothing,
  grab: nothing,
  nudge: nothing,
};

/** @param {string} run */
function board(run) {
  const windows = panes
    .filter((pane) => pane.run === run)
    .map(({ id, type, title, opts, states, step, wall_time, width, height }) => {
      const listed = { id, type, title, opts, n: 1, step, wall_time };
      const entry = { key: id, id, type, title: title || id, of: [{ run, listed }], isCompared: false };
      const size = { width: width ?? undefined, height: height ?? undefined };
      const window = new PaneWindow({ ...entry, ...size }, around, scope.child());
      if (states > 1) window.title.title += ` · the last of ${states}`;
      return window;
    });
  const element = node("div", { class: "panes" }, ...windows.map((window) => window.element));
  const lay = () => {
    const width = element.clientWidth || Math.min(WIDE, innerWidth);
    const places = tiled(
      windows.map(({ entry }) => entry),
      width,
    ); // prettier-ignore
    let height = 0;
    for (const window of windows) {
      const place = places.get(window.entry.key);
      if (!place) continue;
      window.put(place);
      height = Math.max(height, place.y + place.h);
    }
    element.style.height = `${height}px`;
  };
  new ResizeObserver(lay).observe(element);
  const inSight = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries)
        for (const window of windows) if (window.element === target) window.setSeen(isIntersecting);
    },
    { rootMargin: "200px" },
  );
  for (const { element: each } of windows) inSight.observe(each);
  return [node("h2", { text: run }), element];
}

await bringPlotly();
document.getElementById("panes")?.append(...runs.flatMap(board));
const scheme = matchMedia("(prefers-color-scheme: dark)");
scheme.addEventListener("change", () => document.dispatchEvent(new CustomEvent("themechange")));
