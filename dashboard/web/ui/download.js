// A chart, or all of them, as a file: pictures and numbers. Nothing is sent anywhere but to this page.
import * as api from "../core/api.js";
import { css } from "../charts/palette.js";
import { above, crowdOf, layersOf, nounOf } from "../charts/crowd.js";
import { drawChart } from "../charts/draw_chart.js";
import { Record } from "../charts/record.js";
import { say } from "./menu.js";
import { csv as written } from "../text/csv.js";
import { plural } from "../text/format.js";
import { shortened } from "../text/ellipsis.js";

/**
 * @typedef {import("../charts/curve.js").Curve} Curve
 * @typedef {{
 *   title: string, tags: string[], chart: import("../charts/chart.js").Chart,
 *   lines: () => import("../charts/line_set.js").Line[],
 * }} Card a chart, and what it is of
 * @typedef {{ ending: string, make: (card: Card) => Blob | Promise<Blob> }} Form of a file
 * @typedef {{ text: string, colour: string | null, dash: number[] }} Named a line in a picture's legend
 */

/** @type {{ [form: string]: Form }} */
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
// What a card has drawn: only those in view are offered as files.
/** @param {Card} card */
function viewOf(card) {
  if (!card.chart.view) throw new Error(`${card.title} is not drawn yet. Scroll to it, and try again.`);
  return card.chart.view;
}

/** @param {HTMLCanvasElement} canvas */
const contextOf = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
const measuring = contextOf(document.createElement("canvas"));

// A picture that says alone what it is of: the card's title above the chart, and below it which line is which. One line
// of one run is told by its name too.
/** @param {Card} card */
function composed(card) {
  const { width, height, zoom, zoomY } = card.chart,
    lines = card.lines(),
    { settings, marks } = viewOf(card),
    crowd = crowdOf(lines, settings),
    single = crowd ? above(lines, settings) : lines;
  measuring.font = `11px ${css("--font")}`;
  /** @type {Named[]} */
  const named = single
    .slice(0, NAMED)
    .map(({ label, colour, dash }) => ({ text: shortened(measuring, label, width - 60), colour, dash }));
  if (single.length > NAMED) named.push({ text: `${single.length - NAMED} more`, colour: null, dash: [] });
  if (crowd) {
    const text = `${crowd} of ${plural(lines.length, nounOf(lines))}: median, 10–90 %, min–max`;
    named.push({ text, colour: null, dash: [] });
    for (const { text: value, colour } of layersOf(lines))
      if (colour) named.push({ text: `${settings.by || "group"} ${value}: median`, colour, dash: [] });
  }
  let right = 12,
    row = 0;
  const entries = named.map((entry) => {
    const wide = (entry.colour ? SAMPLE + 6 : 0) + measuring.measureText(entry.text).width + 16;
    if (right + wide > width && right > 12) {
      right = 12;
      row++;
    }
    const x = right;
    right += wide;
    return { ...entry, x, y: HEAD + height + ROW * row + ROW / 2 };
  });
  /**
   * @param {import("../charts/record.js").Context} context
   * @param {number} ratio
   */
  const draw = (context, ratio) => {
    context.fillStyle = css("--text");
    context.font = `600 13px ${css("--font")}`;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.fillText(shortened(context, card.title, width - 24), 12, 19);
    context.save();
    context.translate(0, HEAD);
    drawChart(context, { width, height, lines, settings, marks, zoom, zoomY, ratio });
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

/**
 * @param {Card} card
 * @param {(record: Record, width: number, height: number) => string} write
 */
function recorded(card, write) {
  const { width, height, draw } = composed(card),
    record = new Record();
  draw(record, 1);
  return write(record, width, height);
}

/** @param {Card} card */
function png(card) {
  const { width, height, draw } = composed(card);
  const canvas = Object.assign(document.createElement("canvas"), { width: width * 2, height: height * 2 });
  const context = contextOf(canvas);
  context.scale(2, 2);
  context.fillStyle = css("--card");
  context.fillRect(0, 0, width, height);
  draw(context, 2);
  return blobOf(canvas);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<Blob>}
 */
const blobOf = (canvas) =>
  new Promise((done, failed) =>
    canvas.toBlob(
      (blob) => (blob ? done(blob) : failed(new Error("The browser made no picture: it is too large."))),
      "image/png",
    ),
  );

// What lies at the places that are no steps: times, or the metric that is x.
/** @param {Card[]} cards */
const placeOf = (cards) => {
  const { axis, xName } = viewOf(cards[0]).settings;
  return axis === "metric" ? xName : "wall_time";
};
/**
 * @param {Curve} curve
 * @param {import("../charts/curve.js").Axis} axis
 * @returns {Float64Array[]} where columns begin and where they end
 */
const placesOf = (curve, axis) =>
  axis === "metric" ? [curve.ends(axis)[0], curve.ends(axis)[1]] : [curve.w0, curve.w1];
// How many points a column is of; of a group how many runs.
/**
 * @param {Curve} curve
 * @param {number} i
 */
const amount = (curve, i) => curve.carried?.[i] ?? curve.count[i];

// A row for each column of each line: single points with their own value, others with their mean and extremes.
/** @param {Card[]} cards */
export function csv(cards) {
  const place = placeOf(cards);
  const head = ["tag", "line", "step_first", "step_last", `${place}_first`, `${place}_last`, "value", "min", "max"];
  /** @type {import("../text/csv.js").Cell[][]} */
  const rows = [[...head, "count"]];
  for (const card of cards)
    for (const { curve, label, tag } of card.lines()) {
      const [begin, end] = placesOf(curve, viewOf(cards[0]).settings.axis);
      for (let i = 0; i < curve.length; i++) {
        const last = curve.stepOf(i) ?? curve.x1[i];
        rows.push([
          tag,
          label,
          curve.x0[i] === curve.x1[i] ? last : curve.x0[i],
          last,
          begin[i],
          end[i],
          curve.count[i] === 1 ? curve.last[i] : curve.mean[i],
          curve.min[i],
          curve.max[i],
          amount(curve, i),
        ]);
      }
    }
  return written(rows);
}

/** @param {number} x */
const plain = (x) => (Number.isFinite(x) ? x : Number.isNaN(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity");
/** @param {Card[]} cards */
export function json(cards) {
  const place = placeOf(cards);
  const charts = cards.map((card) => ({
    tags: card.tags,
    lines: card.lines().map(({ curve, label, tag }) => {
      /** @param {Float64Array} column */
      const plainly = (column) => Array.from(column.subarray(0, curve.length), plain);
      /** @param {"x1" | "min" | "max"} field */
      const part = (field) => plainly(curve[field]);
      return {
        name: label,
        tag,
        step: part("x1"),
        [place]: plainly(placesOf(curve, viewOf(cards[0]).settings.axis)[1]),
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

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function offer(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// Letters of any script stay.
/** @param {string} title */
const fileName = (title) => {
  const name = title
    .normalize("NFC")
    .replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "-")
    .replace(/^[-.]+|-+$/g, "");
  return [...name].slice(0, 80).join("") || "chart";
};

/**
 * @param {Card} card
 * @param {string} form
 */
export async function download(card, form) {
  const { ending, make } = FORMS[form];
  offer(await make(card), `${fileName(card.title)}.${ending}`);
}

// The charts that are in view, in one file of what they draw.
/**
 * @param {Card[]} cards
 * @param {string} form
 */
export function downloadDrawn(cards, form) {
  if (!cards.length) return say("No chart is in view.");
  const text = form === "CSV" ? csv(cards) : json(cards);
  return offer(
    new Blob([text], { type: form === "CSV" ? "text/csv" : "application/json" }),
    `everystep.${form.toLowerCase()}`,
  );
}

// Every stored point of some runs and tags: from the server, where they all are.
/**
 * @param {string} form
 * @param {string[]} runs
 * @param {string[]} tags
 */
export async function downloadPoints(form, runs, tags) {
  const { blob, leftOut } = await api.file("export", { form, runs, tags });
  offer(blob, `everystep.${form}`);
  if (leftOut) say(`The file is not whole; ${leftOut.sentence}`);
}

const GAP = 16;

// All charts on one sheet, in their order, two beside each other.
/**
 * @param {Card[]} cards
 * @param {string} form
 */
export async function downloadSheet(cards, form) {
  if (!cards.length) return say("No chart is shown.");
  const parts = cards.map(composed);
  const wide = Math.max(...parts.map((part) => part.width)),
    tall = Math.max(...parts.map((part) => part.height));
  const across = Math.min(2, cards.length),
    down = Math.ceil(cards.length / across);
  const width = across * (wide + GAP) + GAP,
    height = down * (tall + GAP) + GAP;
  const placed = parts.map((part, i) => ({
    part,
    x: GAP + (i % across) * (wide + GAP),
    y: GAP + Math.floor(i / across) * (tall + GAP),
  }));
  if (form === "SVG") {
    const drawn = placed.map(({ part, x, y }, i) => {
      const record = new Record();
      part.draw(record, 1);
      const chart = record.svg(part.width, part.height, css("--card"), `p${i}`);
      return `<svg x="${x}" y="${y}" width="${part.width}" height="${part.height}">${chart}</svg>`;
    });
    const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
    const text = `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif">
<rect width="100%" height="100%" fill="${css("--card")}"/>
${drawn.join("\n")}
</svg>
`;
    return offer(new Blob([text], { type: "image/svg+xml" }), "everystep.svg");
  }
  // Twice as sharp, as far as a browser's canvas goes.
  const ratio = Math.min(2, 16000 / Math.max(width, height));
  const canvas = Object.assign(document.createElement("canvas"), { width: width * ratio, height: height * ratio });
  const context = contextOf(canvas);
  context.scale(ratio, ratio);
  context.fillStyle = css("--card");
  context.fillRect(0, 0, width, height);
  for (const { part, x, y } of placed) {
    context.save();
    context.translate(x, y);
    part.draw(context, ratio);
    context.restore();
  }
  return offer(await blobOf(canvas), "everystep.png");
}
