// A report: charts of some runs in one file that needs no server. Everything it shows lies in the file.
import { parse } from "./core/dictionary.js";
import { curvesOf, decode } from "./core/wire.js";
import { Chart } from "./charts/chart.js";
import { Curve } from "./charts/curve.js";
import { sample } from "./charts/legend.js";
import { legendOf, linesOf } from "./charts/line_set.js";
import { colour } from "./charts/palette.js";
import { domain } from "./charts/scale.js";
import { keysOf } from "./text/config.js";
import { compareNames } from "./text/name_order.js";
import { groupOf, rankOf } from "./text/tag_order.js";
import { count, nothing, words } from "./charts/point_counts.js";
import * as format from "./text/format.js";
import { part } from "./ui/dom.js";
import { ReportFindings } from "./report_findings.js";

/**
 * @typedef {{
 *   name: string, status: string, config: import("./text/config.js").Config,
 *   findings: import("./core/findings.js").Finding[],
 * }} Run as the report holds it
 * @typedef {{
 *   element: HTMLElement, chart: Chart, sight: boolean, near: string | null, draw: () => void,
 * }} Card sight: whether it is in sight; near: the run that the pointer is at
 */

/** @param {Element} source */
const bytes = (source) => Uint8Array.from(atob(source.textContent), (sign) => sign.charCodeAt(0)).buffer;
/** @type {{ runs: Run[] }} */
const { runs } = parse(new TextDecoder().decode(bytes(part(document, "#runs-data", HTMLElement))));
const numbers = new Map(runs.map((run, i) => [run.name, i]));
/** @param {string} name */
const numberOf = (name) => numbers.get(name) ?? 0;
// As lines have them: no list of runs stands beside a report, and what runs are called is their name.
const dressed = runs.map((run, i) => ({ ...run, shown: run.name, colour: i }));
/** @type {Set<string>} */
const off = new Set();
let colourBy = "";
/** @type {string[]} */
let chosen = [];
/** @type {import("./charts/chart.js").Settings} */
const shown = {
  axis: "step",
  smoothing: { kind: "ema", weight: 0 },
  logx: false,
  logy: false,
  robust: false,
  xName: "",
  many: "auto",
};
/** @type {Card[]} */
const cards = [];
/** @type {[box: HTMLInputElement, run: Run][]} */
const boxes = [];

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} kind
 * @param {Partial<HTMLElementTagNameMap[K]>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
const element = (kind, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(...children);
  return made;
};

// --- controls ------------------------------------------------------------------------------------------------

const bar = part(document, "#controls", HTMLElement);
const output = element("output", { textContent: "0" });
const slider = element("input", { type: "range", min: "0", max: "300", value: "0", id: "smoothing" });
slider.addEventListener("input", () => {
  const position = Number(slider.value);
  shown.smoothing.weight = position ? 1 - 10 ** (-position / 100) : 0;
  output.textContent = shown.smoothing.weight.toFixed(shown.smoothing.weight > 0.99 ? 3 : 2);
  draw();
});
/** @type {[axis: import("./charts/curve.js").Axis, text: string][]} */
const AXES = [
  ["step", "Step"],
  ["relative", "Relative time"],
  ["time", "Time"],
];
const axis = element("select", {}, ...AXES.map(([value, textContent]) => element("option", { value, textContent })));
axis.addEventListener("change", () => {
  shown.axis = AXES[axis.selectedIndex][0];
  for (const { chart } of cards) {
    chart.zoom = chart.zoomY = null;
  }
  draw();
});
/**
 * @param {string} text
 * @param {"logy" | "robust"} key
 */
const tick = (text, key) => {
  const box = element("input", { type: "checkbox" });
  box.addEventListener("change", () => {
    shown[key] = box.checked;
    draw();
  });
  return element("label", { className: "check" }, box, text);
};
/**
 * @param {[value: string, text: string][]} options
 * @param {(value: string) => void} act
 */
const choice = (options, act) => {
  const made = element(
    "select",
    {},
    ...options.map(([value, textContent]) => element("option", { value, textContent })),
  );
  made.addEventListener("change", () => {
    act(options[made.selectedIndex][0]);
    draw();
  });
  return made;
};
const many = choice(
  [
    ["auto", "Automatic"],
    ["lines", "Lines"],
    ["density", "Density"],
    ["groups", "Groups"],
    ["quantiles", "Quantiles"],
  ],
  (value) => {
    shown.many = value;
  },
);
const keys = keysOf(runs);
const colours = choice([["", "runs"], ...keys.map((key) => /** @type {[string, string]} */ ([key, key]))], (value) => {
  colourBy = shown.by = value;
});
const legend = element("p", { className: "report-legend", hidden: true });
bar.append(
  element("label", { className: "check" }, "Smoothing", slider, output),
  element("label", { className: "check" }, "x", axis),
  ...(runs.length > 1 ? [element("label", { className: "check" }, "Drawn as", many)] : []),
  ...(keys.length ? [element("label", { className: "check" }, "Colours", colours)] : []),
  tick("log y", "logy"),
  tick("Leave outliers out", "robust"),
);

const list = part(document, "#runs", HTMLElement);
for (const run of runs) {
  const box = element("input", { type: "checkbox", checked: true });
  boxes.push([box, run]);
  box.addEventListener("change", () => {
    if (box.checked) off.delete(run.name);
    else off.add(run.name);
    draw();
  });
  list.append(
    element(
      "label",
      { className: "check", title: JSON.stringify(run.config, null, 1) },
      box,
      run.name,
      element("small", { textContent: run.status }),
    ),
  );
}
// Of many runs one is seen alone by switching all others off.
const all = element("button", { className: "text-button", textContent: "Hide all runs" });
all.addEventListener("click", () => {
  const hide = off.size === 0;
  off.clear();
  for (const run of hide ? runs : []) off.add(run.name);
  for (const [box] of boxes) box.checked = !hide;
  draw();
});
if (runs.length > 1) bar.append(all);

bar.after(legend);
function showLegend() {
  const [part] = legendOf(
    dressed.filter(({ name }) => !off.has(name)),
    { group: "", colourBy, dashBy: "" },
  );
  legend.hidden = !part;
  legend.replaceChildren(
    ...(part ? [`${part.key}: `] : []),
    ...(part?.entries ?? []).map(({ text, number }) => element("span", {}, sample(number), text)),
  );
}

const place = document.querySelector("#findings");
const findings = place instanceof HTMLElement ? new ReportFindings(place, runs) : null;

// --- charts --------------------------------------------------------------------------------------------------

const inSight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries)
      for (const card of cards.filter(({ element }) => element === target)) {
        card.sight = isIntersecting;
        if (isIntersecting) card.draw();
      }
  },
  { rootMargin: "200px" },
);

// In the order of the page.
const read = [...document.querySelectorAll(".curves-data")].map((source) => decode(bytes(source)));
/** @param {{ head: { tag: string } }} one */
const rank = ({ head: { tag } }) => rankOf(groupOf(tag));
read.sort((a, b) => rank(a) - rank(b) || compareNames(a.head.tag, b.head.tag));
for (const { head, column } of read) {
  const curves = curvesOf(head, column).map(({ curve: found, columns }) => {
    const curve = new Curve(found.run);
    curve.load(found, columns);
    return curve;
  });
  const [path, last] = format.split(head.tag);
  const plot = element("div", { className: "card-plot" });
  const told = element("span", { className: "told" }),
    note = plot.appendChild(element("div", { className: "card-note", hidden: true }));
  const article = element(
    "article",
    { className: "card" },
    element(
      "div",
      { className: "card-head" },
      element(
        "h3",
        { className: "card-title" },
        element("span", { className: "path", textContent: path }),
        element("span", { className: "last", textContent: last }),
      ),
    ),
    plot,
    element(
      "div",
      { className: "card-foot" },
      told,
      element("span", { textContent: "drag: zoom · Shift drag: choose runs · double click: all" }),
    ),
  );
  article.setAttribute("aria-label", head.tag);
  part(document, "#cards", HTMLElement).append(article);
  const memo = new Map();
  const draw = () => {
    const seen = curves.filter(({ run, length }) => length && !off.has(run));
    const wanted = seen.map((curve) => ({ run: dressed[numberOf(curve.run)], tag: head.tag, curve }));
    const { full } = domain(
      seen.map((curve) => ({ curve })),
      shown,
      chart.zoom,
    );
    const how = {
      ...{ ...shown, full, colourBy, chosen, highlight: card.near },
      ...{ group: "", centre: "mean", band: "std", base: "", dashBy: "" },
    };
    const lines = linesOf(wanted, how, [head.tag], memo, new Map());
    chart.draw(lines, shown);
    const found = count(lines, shown, chart.zoom);
    const isDensity = chart.view?.density || chart.counting;
    told.textContent = `${words(found)}${isDensity ? `, density of ${format.plural(lines.length, "run")}` : ""}`;
    note.textContent = lines.length ? nothing(found) : "No visible run has logged this metric.";
    note.hidden = !note.textContent;
    article.classList.toggle("hides", found.hidden > 0);
  };
  const chart = new Chart(plot, {
    onZoom: draw,
    onDrawn: (isBehind) => {
      if (isBehind) draw();
    },
    onEnd: () => {
      told.textContent = "Fully zoomed in.";
    },
    onPick: (line) => {
      chosen = line ? (line.members ?? [line.name]) : [];
      draw();
    },
    onBrush: (lines) => {
      chosen = lines.flatMap(({ name, members }) => members ?? [name]);
      draw();
    },
    onHover: (x) => {
      for (const other of cards) if (other.sight) other.chart.setCursor(x);
      if (x === null && card.near) {
        card.near = null;
        draw();
      }
    },
    onNear: (name) => {
      if (curves.length > 1 && card.near !== name) {
        card.near = name;
        draw();
      }
    },
  });
  chart.over.setAttribute("aria-label", `Chart of ${head.tag}`);
  /** @type {Card} */
  const card = { element: article, chart, sight: false, near: null, draw };
  cards.push(card);
  new ResizeObserver(() => {
    chart.measure();
    if (card.sight) draw();
  }).observe(plot);
  inSight.observe(article);
}

function draw() {
  for (const [box, run] of boxes) box.style.accentColor = colour(numberOf(run.name));
  all.textContent = off.size ? "Show all runs" : "Hide all runs";
  findings?.show(off);
  showLegend();
  for (const card of cards) if (card.sight) card.draw();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
  document.documentElement.dataset.theme = event.matches ? "dark" : "light";
  draw();
});
draw();

// For tests: what the chart with a number shows.
window.report = {
  range: (i) => {
    const { x, y } = cards[i].chart.view ?? { x: null, y: null };
    return { x: x && [x.low, x.high], y: y && [y.low, y.high] };
  },
  dashes: (i) => cards[i].chart.view?.lines.map(({ dash: each }) => each),
  lines: (i) => cards[i].chart.view?.lines.map(({ name }) => name),
  layers: (i) => cards[i].chart.view?.layers.map(({ text, lines }) => [text, lines.length]),
};
