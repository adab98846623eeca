// Boxes and masks over a picture, on one canvas of the picture's own shape.
import * as api from "./api.js";
import { colour } from "./palette.js";

const CLEAR = 0.45; // how much of a mask's colour covers the picture
const SHARP = 480; // boxes are drawn on at least so many pixels, however small the picture is
const masks = new Map(); // address -> ImageData, the newest few

// large: with the words of the boxes, which on a small picture nobody can read.
export async function drawLayers(canvas, run, item, off, large = false) {
  const { boxes = [], masks: layers = [], width, height } = item.attributes;
  const key = `${item.hash} ${[...off].join("\n")} ${document.documentElement.dataset.theme}`;
  canvas.hidden = !boxes.length && !layers.length;
  if (canvas.hidden || canvas.dataset.key === key) return;
  canvas.dataset.key = key;
  const times = Math.max(1, Math.min(8, Math.ceil(SHARP / Math.max(width, height))));
  const fields = await Promise.all(layers.map((layer, i) => (off.has(layer.name) || !item.parts?.[i] ? null : classes(api.blobAddress(run, item.parts[i].hash)))));
  if (canvas.dataset.key !== key) return;
  canvas.width = width * times;
  canvas.height = height * times;
  const context = canvas.getContext("2d");
  fields.forEach((field, i) => { if (field) context.drawImage(tinted(field, i), 0, 0, canvas.width, canvas.height); });
  boxes.forEach((layer, i) => { if (!off.has(layer.name)) for (const box of layer.boxes) rectangle(context, box, times, i, boxes.length > 1, large); });
}

function rectangle(context, { box, label, score }, times, layer, several, large) {
  const [x0, y0, x1, y1] = box.map((x) => x * times);
  const size = Math.max(11, context.canvas.height / 34);
  context.strokeStyle = context.fillStyle = colour(several ? layer : numberOf(label));
  context.lineWidth = Math.max(2, size / (large ? 6 : 3));
  context.setLineDash(layer % 2 ? [3 * context.lineWidth, 2 * context.lineWidth] : []);
  context.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
  const text = [label, score === undefined ? null : score.toFixed(2)].filter((each) => each !== undefined && each !== null).join(" ");
  if (!text || !large) return;
  context.font = `600 ${size}px system-ui, sans-serif`;
  const wide = context.measureText(text).width + size * 0.6;
  const left = Math.max(0, Math.min(Math.min(x0, x1), context.canvas.width - wide));
  const top = Math.max(0, Math.min(y0, y1) - size * 1.35);
  context.fillRect(left, top, wide, size * 1.35);
  context.fillStyle = document.documentElement.dataset.theme === "dark" ? "#101216" : "#ffffff";
  context.fillText(text, left + size * 0.3, top + size * 1.02);
}

// The same name has the same colour on every picture.
function numberOf(text = "") {
  let hash = 7;
  for (const letter of text) hash = (hash * 31 + letter.codePointAt(0)) % 9973;
  return hash;
}

async function classes(address) {
  if (!masks.has(address)) {
    masks.set(address, (async () => {
      const bitmap = await createImageBitmap(await (await fetch(address)).blob(), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(bitmap, 0, 0);
      bitmap.close();
      return context.getImageData(0, 0, canvas.width, canvas.height);
    })().catch(() => null));
    if (masks.size > 64) masks.delete(masks.keys().next().value);
  }
  return masks.get(address);
}

function tinted(field, layer) {
  const { width, height, data } = field;
  const made = new ImageData(width, height);
  const tints = new Map();
  for (let i = 0; i < data.length; i += 4) {
    const kind = data[i];
    if (!kind) continue;
    if (!tints.has(kind)) tints.set(kind, [1, 3, 5].map((at) => parseInt(colour(kind - 1 + 3 * layer).slice(at, at + 2), 16)));
    const [r, g, b] = tints.get(kind);
    made.data[i] = r;
    made.data[i + 1] = g;
    made.data[i + 2] = b;
    made.data[i + 3] = 255 * CLEAR;
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(made, 0, 0);
  return canvas;
}
