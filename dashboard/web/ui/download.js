// A chart, or all of them, as a file: pictures and numbers. Nothing is sent anywhere but to this page.
import * as api from "../core/api.js";
import { css } from "../charts/palette.js";
import { drawChart } from "../charts/chart.js";
import { Record } from "../charts/record.js";
import { say } from "./menu.js";
import { shortened } from "../text/ellipsis.js";

const number = (x) => (Number.isNaN(x) ? "nan" : x === Infinity ? "inf" : x === -Infinity ? "-inf" : String(x));
// A cell of text that begins so is a formula to a spreadsheet, which may run it.
const cell = (text) => {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
};

export const FORMS = {
  PNG: { ending: "png", make: png },
  SVG: {
    ending: "svg",
    make: (card) =>
      new Blob([recorded(card, (record, w, h) => record.svg(w, h, css("--card")))], { type: "image/svg+xml" }),
  },
  CSV: { ending: "csv", make: (card) => new Blob([csv([card])], { type: "text/csv" }) },
  JSON: { ending: "json", make: (card) => new Blob([json([card])], { type: "application/json" }) },
  "LaTeX (PGF)": {
    ending: "pgf",
    make: (card) => new Blob([recorded(card, (record, w, h) => record.pgf(w, h))], { type: "text/plain" }),
  },
};

const HEAD = 28,
  ROW = 18,
  SAMPLE = 22; // px of a title, of a legend's row, of a piece of a line in it
const NAMED = 40; // lines in a legend; more names are a list and no picture
const measuring = document.createElement("canvas").getContext("2d");

// A picture that says alone what it is of: { height, draw(context, ratio) } with the card's title above the chart, and below it which
// line is which. One line of one run is told by its name too.
function composed(card) {
  const { width, height, zoom, zoomY, view } = card.chart,
    lines = card.lines();
  measuring.font = `11px ${css("--font")}`;
  const entries = lines
    .slice(0, NAMED)
    .map(({ label, colour, dash }) => ({ text: shortened(measuring, label, width - 60), colour, dash }));
  if (lines.length > NAMED) entries.push({ text: `${lines.length - NAMED} more`, colour: null, dash: [] });
  let x = 12,
    row = 0;
  for (const entry of entries) {
    const wide = (entry.colour ? SAMPLE + 6 : 0) + measuring.measureText(entry.text).width + 16;
    if (x + wide > width && x > 12) {
      x = 12;
      row++;
    }
    Object.assign(entry, { x, y: HEAD + height + ROW * row + ROW / 2 });
    x += wide;
  }
  const draw = (context, ratio) => {
    context.fillStyle = css("--text");
    context.font = `600 13px ${css("--font")}`;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.fillText(shortened(context, card.title, width - 24), 12, 19);
    context.save();
    context.translate(0, HEAD);
    drawChart(context, { width, height, lines, settings: view.settings, marks: view.marks, zoom, zoomY, ratio });
    context.restore();
    context.font = `11px ${css("--font")}`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.lineWidth = 2;
    for (const { text, colour, dash, x: left, y } of entries) {
      if (colour) {
        context.strokeStyle = colour;
        context.setLineDash(dash);
        context.beginPath();
        context.moveTo(left, y);
        context.lineTo(left + SAMPLE, y);
        context.stroke();
      }
      context.fillStyle = css("--dim");
      context.fillText(text, left + (colour ? SAMPLE + 6 : 0), y);
    }
    context.setLineDash([]);
  };
  return { width, height: HEAD + height + (entries.length ? ROW * (row + 1) + 6 : 0), draw };
}

function recorded(card, write) {
  const { width, height, draw } = composed(card),
    record = new Record();
  draw(record, 1);
  return write(record, width, height);
}

function png(card) {
  const { width, height, draw } = composed(card);
  const canvas = Object.assign(document.createElement("canvas"), { width: width * 2, height: height * 2 });
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  context.fillStyle = css("--card");
  context.fillRect(0, 0, width, height);
  draw(context, 2);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

// What lies at the places that are no steps: times, or the metric that is x.
const placeOf = (cards) => {
  const { axis, xName } = cards[0].chart.view.settings;
  return axis === "metric" ? xName : "wall_time";
};
const placesOf = (curve, axis) => (axis === "metric" ? curve.ends(axis) : [curve.w0, curve.w1]);
// How many points a column is of; of a group how many runs.
const amount = (curve, i) => curve.carried?.[i] ?? curve.count[i];

// A row for each column of each line: single points with their own value, others with their mean and extremes.
export function csv(cards) {
  const place = placeOf(cards);
  const rows = [`tag,line,step_first,step_last,${cell(`${place}_first`)},${cell(`${place}_last`)},value,min,max,count`];
  for (const card of cards)
    for (const { curve, label, tag } of card.lines()) {
      const [begin, end] = placesOf(curve, cards[0].chart.view.settings.axis);
      for (let i = 0; i < curve.length; i++) {
        const last = curve.stepOf(i) ?? curve.x1[i];
        rows.push(
          [
            cell(tag),
            cell(label),
            ...[
              curve.x0[i] === curve.x1[i] ? last : curve.x0[i],
              last,
              begin[i],
              end[i],
              curve.count[i] === 1 ? curve.last[i] : curve.mean[i],
              curve.min[i],
              curve.max[i],
              amount(curve, i),
            ].map(number),
          ].join(","),
        );
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
      const plainly = (column) => Array.from(column.subarray(0, curve.length), plain);
      const part = (field) => plainly(curve[field]);
      return {
        name: label,
        tag,
        step: part("x1"),
        [place]: plainly(placesOf(curve, cards[0].chart.view.settings.axis)[1]),
        value: Array.from({ length: curve.length }, (_, i) =>
          plain(curve.count[i] === 1 ? curve.last[i] : curve.mean[i]),
        ),
        min: part("min"),
        max: part("max"),
        count: Array.from({ length: curve.length }, (_, i) => amount(curve, i)),
      };
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

// Letters of any script stay.
const fileName = (title) => {
  const name = title
    .normalize("NFC")
    .replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "-")
    .replace(/^[-.]+|-+$/g, "");
  return [...name].slice(0, 80).join("") || "chart";
};

export async function download(card, form) {
  const { ending, make } = FORMS[form];
  offer(await make(card), `${fileName(card.title)}.${ending}`);
}

// The charts that are in view, in one file of what they draw.
export function downloadDrawn(cards, form) {
  if (!cards.length) return say("No chart is in view.");
  const text = form === "CSV" ? csv(cards) : json(cards);
  return offer(
    new Blob([text], { type: form === "CSV" ? "text/csv" : "application/json" }),
    `everystep.${form.toLowerCase()}`,
  );
}

// Every stored point of some runs and tags: from the server, where they all are.
export async function downloadPoints(form, runs, tags) {
  const { blob, leftOut } = await api.file("export", { form, runs, tags });
  offer(blob, `everystep.${form}`);
  if (leftOut) say(`The file is not whole; ${leftOut.sentence}`);
}

const GAP = 16;

// All charts on one sheet, in their order, two beside each other.
export async function downloadSheet(cards, form) {
  if (!cards.length) return say("No chart is shown.");
  const parts = cards.map(composed);
  const wide = Math.max(...parts.map((part) => part.width)),
    tall = Math.max(...parts.map((part) => part.height));
  const across = Math.min(2, cards.length),
    down = Math.ceil(cards.length / across);
  const width = across * (wide + GAP) + GAP,
    height = down * (tall + GAP) + GAP;
  const placed = parts.map((part, i) => [
    part,
    GAP + (i % across) * (wide + GAP),
    GAP + Math.floor(i / across) * (tall + GAP),
  ]);
  if (form === "SVG") {
    const drawn = placed.map(([part, x, y], i) => {
      const record = new Record();
      part.draw(record, 1);
      return `<svg x="${x}" y="${y}" width="${part.width}" height="${part.height}">${record.svg(part.width, part.height, css("--card"), `p${i}`)}</svg>`;
    });
    const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">\n<rect width="100%" height="100%" fill="${css("--card")}"/>\n${drawn.join("\n")}\n</svg>\n`;
    return offer(new Blob([text], { type: "image/svg+xml" }), "everystep.svg");
  }
  // Twice as sharp, as far as a browser's canvas goes.
  const ratio = Math.min(2, 16000 / Math.max(width, height));
  const canvas = Object.assign(document.createElement("canvas"), { width: width * ratio, height: height * ratio });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.fillStyle = css("--card");
  context.fillRect(0, 0, width, height);
  for (const [part, x, y] of placed) {
    context.save();
    context.translate(x, y);
    part.draw(context, ratio);
    context.restore();
  }
  return offer(await new Promise((done) => canvas.toBlob(done, "image/png")), "everystep.png");
}
