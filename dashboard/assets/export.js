// A chart, or all of them, as a file: pictures and numbers. Nothing is sent anywhere but to this page.
import * as api from "./api.js";
import { css } from "./palette.js";
import { drawChart } from "./chart.js";
import { Record, escape } from "./record.js";
import { say } from "./menu.js";

const number = (x) => (Number.isNaN(x) ? "nan" : x === Infinity ? "inf" : x === -Infinity ? "-inf" : String(x));
// A cell of text that begins so is a formula to a spreadsheet, which may run it.
const cell = (text) => { const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text; return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe; };

export const FORMS = {
  PNG: { ending: "png", make: png },
  SVG: { ending: "svg", make: (card) => new Blob([recorded(card, (record, w, h) => record.svg(w, h, css("--card")))], { type: "image/svg+xml" }) },
  CSV: { ending: "csv", make: (card) => new Blob([csv([card])], { type: "text/csv" }) },
  JSON: { ending: "json", make: (card) => new Blob([json([card])], { type: "application/json" }) },
  "LaTeX (PGF)": { ending: "pgf", make: (card) => new Blob([recorded(card, (record, w, h) => record.pgf(w, h))], { type: "text/plain" }) },
};

function recorded(card, write) {
  const { width, height, zoom, zoomY, view } = card.chart;
  const record = new Record();
  drawChart(record, { width, height, lines: card.lines(), settings: view.settings, marks: view.marks, zoom, zoomY, ratio: 1 });
  return write(record, width, height);
}

function painted(context, card, ratio) {
  const { width, height, zoom, zoomY, view } = card.chart;
  drawChart(context, { width, height, lines: card.lines(), settings: view.settings, marks: view.marks, zoom, zoomY, ratio });
}

function png(card) {
  const { width, height } = card.chart;
  const canvas = Object.assign(document.createElement("canvas"), { width: width * 2, height: height * 2 });
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  context.fillStyle = css("--card");
  context.fillRect(0, 0, width, height);
  painted(context, card, 2);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

// What lies at the places that are no steps: with a metric as x its values stand where times would.
const placeOf = (cards) => { const { axis, xName } = cards[0].chart.view.settings; return axis === "metric" ? xName : "wall_time"; };
// How many points a column is of; of a group how many runs.
const amount = (curve, i) => curve.carried?.[i] ?? curve.count[i];

// A row for each column of each line: single points with their own value, others with their mean and extremes.
export function csv(cards) {
  const place = placeOf(cards);
  const rows = [`tag,line,step_first,step_last,${cell(`${place}_first`)},${cell(`${place}_last`)},value,min,max,count`];
  for (const card of cards) for (const { curve, label, tag } of card.lines()) {
    for (let i = 0; i < curve.length; i++) {
      const last = curve.stepOf(i) ?? curve.x1[i];
      rows.push([cell(tag), cell(label), ...[curve.x0[i] === curve.x1[i] ? last : curve.x0[i], last, curve.w0[i], curve.w1[i], curve.count[i] === 1 ? curve.last[i] : curve.mean[i], curve.min[i], curve.max[i], amount(curve, i)].map(number)].join(","));
    }
  }
  return `${rows.join("\n")}\n`;
}

const plain = (x) => (Number.isFinite(x) ? x : Number.isNaN(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity");
export function json(cards) {
  const place = placeOf(cards);
  const charts = cards.map((card) => ({
    tags: card.tags,
    lines: card.lines().map(({ curve, label, tag }) => {
      const part = (field) => Array.from(curve[field].subarray(0, curve.length), plain);
      return { name: label, tag, step: part("x1"), [place]: part("w1"), value: Array.from({ length: curve.length }, (_, i) => plain(curve.count[i] === 1 ? curve.last[i] : curve.mean[i])), min: part("min"), max: part("max"), count: Array.from({ length: curve.length }, (_, i) => amount(curve, i)) };
    }),
  }));
  return JSON.stringify({ charts }, null, 1);
}

export function offer(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const fileName = (title) => title.replace(/[^\w.-]+/g, "-").replace(/^[-.]+|-+$/g, "").slice(0, 80) || "chart";

export async function download(card, form) {
  const { ending, make } = FORMS[form];
  offer(await make(card), `${fileName(card.title)}.${ending}`);
}

// The charts that are in view, in one file of what they draw.
export function downloadDrawn(cards, form) {
  if (!cards.length) return say("No chart is in view.");
  const text = form === "CSV" ? csv(cards) : json(cards);
  return offer(new Blob([text], { type: form === "CSV" ? "text/csv" : "application/json" }), `everystep.${form.toLowerCase()}`);
}

// Every stored point of some runs and tags: from the server, where they all are.
export async function downloadPoints(form, runs, tags) {
  offer(await api.file("export", { form, runs, tags }), `everystep.${form}`);
}

const GAP = 16, HEAD = 28;

// All charts on one sheet, in their order, two beside each other.
export async function downloadSheet(cards, form) {
  if (!cards.length) return say("No chart is shown.");
  const wide = Math.max(...cards.map(({ chart }) => chart.width)), tall = Math.max(...cards.map(({ chart }) => chart.height)) + HEAD;
  const across = Math.min(2, cards.length), down = Math.ceil(cards.length / across);
  const width = across * (wide + GAP) + GAP, height = down * (tall + GAP) + GAP;
  const placed = cards.map((card, i) => [card, GAP + (i % across) * (wide + GAP), GAP + Math.floor(i / across) * (tall + GAP)]);
  if (form === "SVG") {
    const parts = placed.map(([card, x, y], i) => `<text x="${x + 8}" y="${y + 18}" font-weight="600" font-size="13" fill="${css("--text")}">${escape(card.title)}</text>\n<svg x="${x}" y="${y + HEAD}" width="${card.chart.width}" height="${card.chart.height}">${recorded(card, (record, w, h) => record.svg(w, h, css("--card"), `p${i}`))}</svg>`);
    const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">\n<rect width="100%" height="100%" fill="${css("--card")}"/>\n${parts.join("\n")}\n</svg>\n`;
    return offer(new Blob([text], { type: "image/svg+xml" }), "everystep.svg");
  }
  // Twice as sharp, as far as a browser's canvas goes.
  const ratio = Math.min(2, 16000 / Math.max(width, height));
  const canvas = Object.assign(document.createElement("canvas"), { width: width * ratio, height: height * ratio });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.fillStyle = css("--card");
  context.fillRect(0, 0, width, height);
  for (const [card, x, y] of placed) {
    context.save();
    context.translate(x, y);
    context.fillStyle = css("--text");
    context.font = `600 13px ${css("--font")}`;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.fillText(card.title, 8, 18);
    context.translate(0, HEAD);
    painted(context, card, ratio);
    context.restore();
  }
  return offer(await new Promise((done) => canvas.toBlob(done, "image/png")), "everystep.png");
}
