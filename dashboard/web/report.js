// A report: charts of some runs in one file that needs no server. Everything it shows lies in the file.
import { parse } from "./core/dictionary.js";
import { curvesOf, decode } from "./core/wire.js";
import { Chart } from "./charts/chart.js";
import { Curve } from "./charts/curve.js";
import { undash } from "./charts/line_set.js";
import { colour, dash } from "./charts/palette.js";
import { compareNames } from "./text/name_order.js";
import { groupOf, rankOf } from "./text/tag_order.js";
import { count, nothing, words } from "./charts/point_counts.js";
import * as format from "./text/format.js";

const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer;
const { runs } = parse(new TextDecoder().decode(bytes(document.getElementById("runs-data").textContent)));
const numbers = new Map(runs.map((run, i) => [run.name, i]));
const off = new Set();
const shown = {
  axis: "step",
  smoothing: { kind: "ema", weight: 0 },
  logx: false,
  logy: false,
  robust: false,
  xName: "",
};
const cards = [];
const boxes = []; // [checkbox, run]

const element = (kind, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(...children);
  return made;
};

// --- controls ------------------------------------------------------------------------------------------------

const bar = document.getElementById("controls");
const output = element("output", { textContent: "0" });
const slider = element("input", { type: "range", min: 0, max: 300, value: 0, id: "smoothing" });
slider.addEventListener("input", () => {
  shown.smoothing.weight = Number(slider.value) ? 1 - 10 ** (-slider.value / 100) : 0;
  output.textContent = shown.smoothing.weight.toFixed(shown.smoothing.weight > 0.99 ? 3 : 2);
  draw();
});
const axis = element(
  "select",
  {},
  ...[
    ["step", "Step"],
    ["relative", "Relative time"],
    ["time", "Time"],
  ].map(([value, textContent]) => element("option", { value, textContent })),
);
axis.addEventListener("change", () => {
  shown.axis = axis.value;
  for (const { chart } of cards) {
    chart.zoom = chart.zoomY = null;
  }
  draw();
});
const tick = (text, key) => {
  const box = element("input", { type: "checkbox" });
  box.addEventListener("change", () => {
    shown[key] = box.checked;
    draw();
  });
  return element("label", { className: "check" }, box, text);
};
bar.append(
  element("label", { className: "check" }, "Smoothing", slider, output),
  element("label", { className: "check" }, "x", axis),
  tick("log y", "logy"),
  tick("Leave outliers out", "robust"),
);

const list = document.getElementById("runs");
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
  for (const box of list.querySelectorAll("input")) box.checked = !hide;
  draw();
});
if (runs.length > 1) bar.append(all);

// --- charts --------------------------------------------------------------------------------------------------

const inSight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      target.sight = isIntersecting;
      if (isIntersecting) target.draw();
    }
  },
  { rootMargin: "200px" },
);

// In the order of the page.
const read = [...document.querySelectorAll(".curves-data")].map((source) => decode(bytes(source.textContent)));
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
  const card = element(
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
      element("span", { textContent: "drag: zoom · double click: all" }),
    ),
  );
  card.setAttribute("aria-label", head.tag);
  document.getElementById("cards").append(card);
  card.draw = () => {
    const lines = curves
      .filter(({ run, length }) => length && !off.has(run))
      .map((curve) => ({
        curve,
        name: curve.run,
        label: curve.run,
        colour: colour(numbers.get(curve.run)),
        dash: dash(numbers.get(curve.run)),
        strong: card.near === curve.run,
        faded: Boolean(card.near) && card.near !== curve.run,
      }));
    undash(lines);
    chart.draw(lines, shown);
    const found = count(lines, shown, chart.zoom);
    told.textContent = words(found);
    note.textContent = lines.length ? nothing(found) : "No run that is shown has this.";
    note.hidden = !note.textContent;
    card.classList.toggle("hides", found.hidden > 0);
  };
  const chart = new Chart(plot, {
    onZoom: () => card.draw(),
    onEnd: () => {
      told.textContent = "This is as near as it goes.";
    },
    onHover: (x) => {
      for (const other of cards) if (other.card.sight) other.chart.setCursor(x);
      if (x === null && card.near) {
        card.near = null;
        card.draw();
      }
    },
    onNear: (name) => {
      if (curves.length > 1 && card.near !== name) {
        card.near = name;
        card.draw();
      }
    },
  });
  chart.over.setAttribute("aria-label", `Chart of ${head.tag}`);
  cards.push({ card, chart });
  new ResizeObserver(() => {
    chart.measure();
    if (card.sight) card.draw();
  }).observe(plot);
  inSight.observe(card);
}

function draw() {
  for (const [box, run] of boxes) box.style.accentColor = colour(numbers.get(run.name));
  all.textContent = off.size ? "Show all runs" : "Hide all runs";
  for (const { card } of cards) if (card.sight) card.draw();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
  document.documentElement.dataset.theme = event.matches ? "dark" : "light";
  draw();
});
draw();
window.report = {
  range: (i) => {
    const { x, y } = cards[i].chart.view;
    return { x: [x.low, x.high], y: [y.low, y.high] };
  },
  dashes: (i) => cards[i].chart.view.lines.map(({ dash: each }) => each),
  lines: (i) => cards[i].chart.view.lines.map(({ name }) => name),
};
