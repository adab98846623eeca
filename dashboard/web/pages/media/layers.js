// Boxes and masks over a picture, on one canvas of the picture's own shape; which of them are shown, in which colours.
import * as api from "../../core/api.js";
import { colour } from "../../charts/palette.js";
import { node } from "../../ui/dom.js";

/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./data.js").Box} Box */
/** @typedef {{ off: Set<string>, least: number }} Shows what is hidden, by its key; the least score of a box */

const CLEAR = 0.45; // how much of a mask's colour covers the picture
const SHARP = 480; // boxes are drawn on at least so many pixels, however small the picture is
const MOST_CLASSES = 24; // in a legend
const MASKS = 64; // that were read and are kept

/** What all pictures of a page share: which layers are shown, the colours of their classes, masks that were read. */
export class LayerMemory {
  constructor() {
    /** @type {Map<string, Promise<ImageData | null>>} */
    this.masks = new Map(); // by address, the newest few
    /** @type {Map<string, Map<string, number>>} */
    this.numbers = new Map(); // tag -> class -> number of its colour: the same on every picture of the tag
    /** @type {Map<string, Shows>} */
    this.shown = new Map(); // by tag
  }

  /**
   * What of layers is shown: keys of layers and names of classes that are not, and the least score of a box.
   * @param {string} tag
   */
  showsOf(tag) {
    const known = this.shown.get(tag) ?? { off: new Set(), least: 0 };
    this.shown.set(tag, known);
    return known;
  }
}

/**
 * @param {string} kind boxes | masks | class
 * @param {string} name
 */
const keyOf = (kind, name) => `${kind} ${name}`;

// The layers of items, each once: [{ key, title }]; where boxes and a mask share a name the title says which it is.
/** @param {Item[]} items */
export function layersOf(items) {
  /** @type {Map<string, { kind: "boxes" | "masks", name: string }>} */
  const found = new Map();
  for (const { attributes } of items)
    for (const kind of /** @type {const} */ (["boxes", "masks"]))
      for (const { name } of attributes[kind] ?? []) found.set(keyOf(kind, name), { kind, name });
  /** @param {{ kind: string, name: string }} layer */
  const shared = ({ kind, name }) => found.has(keyOf(kind === "boxes" ? "masks" : "boxes", name));
  return [...found].map(([key, of]) => ({
    key,
    title: shared(of) ? `${of.name} ${of.kind === "boxes" ? "boxes" : "mask"}` : of.name,
  }));
}

// The classes that layers of items name, in the order of their numbers in masks, then by name.
/**
 * @param {LayerMemory} memory
 * @param {string} tag
 * @param {Item[]} items
 */
export function classesOf(memory, tag, items) {
  /** @type {Map<string, number>} */
  const ofMasks = new Map();
  /** @type {Set<string>} */
  const ofBoxes = new Set();
  for (const { attributes } of items) {
    const { boxes = [], masks: layers = [] } = attributes;
    for (const { labels } of layers)
      for (const [number, name] of Object.entries(labels ?? {})) if (number !== "0") ofMasks.set(name, Number(number));
    for (const layer of boxes) for (const { label } of layer.boxes) if (label !== undefined) ofBoxes.add(label);
  }
  const names = [
    ...new Set([...[...ofMasks].sort((a, b) => a[1] - b[1]).map(([name]) => name), ...[...ofBoxes].sort()]),
  ];
  const known = memory.numbers.get(tag) ?? new Map();
  memory.numbers.set(tag, known);
  for (const name of names) if (!known.has(name)) known.set(name, known.size);
  return names;
}

/**
 * @param {LayerMemory} memory
 * @param {string} tag
 * @param {string} name
 */
const classColour = (memory, tag, name) => colour(memory.numbers.get(tag)?.get(name) ?? 0);

// Whether boxes of an item have scores to leave out the unlikely by.
/** @param {Item[]} items */
export const isScored = (items) =>
  items.some(({ attributes }) =>
    attributes.boxes?.some((layer) => layer.boxes.some(({ score }) => score !== undefined)),
  );

// Switches for layers and for classes, in their colours; act is told when one was pressed.
/**
 * @param {HTMLElement} holder
 * @param {LayerMemory} memory
 * @param {string} tag
 * @param {Item[]} items
 * @param {() => void} act
 */
export function switches(holder, memory, tag, items, act) {
  const shows = memory.showsOf(tag);
  const layers = layersOf(items),
    classes = layers.length ? classesOf(memory, tag, items) : [];
  const said = JSON.stringify([layers, classes, document.documentElement.dataset.theme, [...shows.off]]);
  if (holder.dataset.said === said) return;
  holder.dataset.said = said;
  /**
   * @param {string} key
   * @param {string} title
   * @param {string} kind
   * @param {string} [tint]
   */
  const chip = (key, title, kind, tint) => {
    const made = node(
      "button",
      { type: "button", class: `chip-toggle ${kind}`, "aria-pressed": String(!shows.off.has(key)), "data-key": key },
      ...(tint ? [node("i", { class: "dot", style: `background: ${tint}` })] : []),
      title,
    );
    made.addEventListener("click", () => {
      if (!shows.off.delete(key)) shows.off.add(key);
      act();
      /** @type {HTMLElement | null} */ (holder.querySelector(`[data-key="${CSS.escape(key)}"]`))?.focus();
    });
    return made;
  };
  const rest = classes.length - MOST_CLASSES;
  holder.replaceChildren(
    ...layers.map(({ key, title }) => chip(key, title, "of-layer")),
    ...classes
      .slice(0, MOST_CLASSES)
      .map((name) => chip(keyOf("class", name), name, "of-class", classColour(memory, tag, name))),
    ...(rest > 0 ? [node("span", { class: "dim", text: `and ${rest} more` })] : []),
  );
}

// large: with the words of the boxes, which on a small picture nobody can read.
/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./panel.js").Panel} panel
 * @param {Item} item
 * @param {boolean} [large]
 * @param {string} [run]
 */
export async function drawLayers(canvas, panel, item, large = false, run = panel.run) {
  const memory = panel.page.layers;
  const { shows } = panel;
  const { boxes = [], masks: layers = [], width = 0, height = 0 } = item.attributes;
  canvas.hidden = !boxes.length && !layers.length;
  if (canvas.hidden) {
    canvas.dataset.key = "";
    return;
  }
  const key = `${item.hash} ${JSON.stringify([shows.least, ...shows.off])} ${document.documentElement.dataset.theme}`;
  if (canvas.dataset.key === key) return;
  canvas.dataset.key = key;
  const times = Math.max(1, Math.min(8, Math.ceil(SHARP / Math.max(width, height))));
  const fields = await Promise.all(
    layers.map((layer, i) =>
      shows.off.has(keyOf("masks", layer.name)) || !item.parts?.[i]
        ? null
        : classes(memory, api.blobAddress(run, item.parts[i].hash)),
    ),
  );
  if (canvas.dataset.key !== key) return;
  classesOf(memory, panel.tag, [item]);
  canvas.width = width * times;
  canvas.height = height * times;
  const context = canvas.getContext("2d");
  if (!context) return;
  /** @param {string | undefined} name */
  const isOff = (name) => name !== undefined && shows.off.has(keyOf("class", name));
  context.imageSmoothingEnabled = false; // the edge of a class is where its pixels end
  fields.forEach((field, i) => {
    if (field)
      context.drawImage(
        tinted(memory, field, i, layers[i].labels ?? {}, panel.tag, isOff),
        0,
        0,
        canvas.width,
        canvas.height,
      );
  });
  /** @param {Box} box */
  const isShown = ({ label, score }) => !isOff(label) && !(score !== undefined && score < shows.least);
  const kept = boxes.flatMap((layer, i) =>
    shows.off.has(keyOf("boxes", layer.name)) ? [] : layer.boxes.filter(isShown).map((box) => ({ box, i })),
  );
  /** @param {typeof rectangle | typeof words} paint */
  const painted = (paint) => {
    for (const { box, i } of kept)
      paint(
        context,
        box,
        times,
        i,
        box.label === undefined ? colour(i) : classColour(memory, panel.tag, box.label),
        large,
      );
  };
  painted(rectangle);
  if (large) painted(words); // over the lines of all
}

// Boxes of the first layer (the truth, as a rule) are whole lines with their words above, those of the next are dashed
// with their words below, so that two boxes at one place can both be read.
/** @param {CanvasRenderingContext2D} context */
const sizeOf = (context) => Math.max(11, context.canvas.height / 40);

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Box} box
 * @param {number} times
 * @param {number} layer
 * @param {string} tint
 * @param {boolean} large
 */
function rectangle(context, { box }, times, layer, tint, large) {
  const [x0, y0, x1, y1] = box.map((x) => x * times);
  context.strokeStyle = tint;
  context.lineWidth = Math.max(2, sizeOf(context) / (large ? 6 : 3));
  context.setLineDash(layer % 2 ? [3 * context.lineWidth, 2 * context.lineWidth] : []);
  context.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Box} box
 * @param {number} times
 * @param {number} layer
 * @param {string} tint
 */
function words(context, { box, label, score }, times, layer, tint) {
  const text = [label, score === undefined ? null : score.toFixed(2)]
    .filter((each) => each !== undefined && each !== null)
    .join(" ");
  if (!text) return;
  const [x0, y0, x1, y1] = box.map((x) => x * times),
    size = sizeOf(context);
  context.font = `600 ${size}px system-ui, sans-serif`;
  const wide = context.measureText(text).width + size * 0.6,
    high = size * 1.35;
  const x = Math.max(0, Math.min(x0, x1, context.canvas.width - wide));
  const y = layer % 2 ? Math.min(context.canvas.height - high, Math.max(y0, y1)) : Math.max(0, Math.min(y0, y1) - high);
  context.fillStyle = tint;
  context.fillRect(x, y, wide, high);
  context.fillStyle = document.documentElement.dataset.theme === "dark" ? "#101216" : "#ffffff";
  context.fillText(text, x + size * 0.3, y + size * 1.02);
}

/**
 * @param {LayerMemory} memory
 * @param {string} address
 */
function classes({ masks }, address) {
  const known = masks.get(address) ?? read(address).catch(() => null);
  masks.set(address, known);
  if (masks.size > MASKS) for (const oldest of [...masks.keys()].slice(0, 1)) masks.delete(oldest);
  return known;
}

/** @param {string} address */
async function read(address) {
  const bitmap = await createImageBitmap(await (await fetch(address)).blob(), {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true });
  if (!context) return null;
  context.drawImage(bitmap, 0, 0);
  const { width, height } = bitmap;
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

// The name of the class at a pixel in each mask that is shown: [[layer, class]].
/**
 * @param {LayerMemory} memory
 * @param {Item} item
 * @param {string} run
 * @param {Shows} shows
 * @param {number} x
 * @param {number} y
 */
export async function classesAt(memory, item, run, shows, x, y) {
  const layers = item.attributes.masks ?? [];
  const said = await Promise.all(
    layers.map(async ({ name, labels }, i) => {
      if (!item.parts?.[i] || shows.off.has(keyOf("masks", name))) return [];
      const field = await classes(memory, api.blobAddress(run, item.parts[i].hash));
      const kind = field?.data[4 * (y * field.width + x)];
      return kind === undefined ? [] : [[name, labels?.[kind] ?? (kind ? String(kind) : "none")]];
    }),
  );
  return said.flat();
}

// A class with a name has that name's colour in every layer; those without are told apart by layer and number.
/**
 * @param {LayerMemory} memory
 * @param {ImageData} field
 * @param {number} layer
 * @param {Record<string, string>} labels
 * @param {string} tag
 * @param {(name: string | undefined) => boolean} isOff
 */
function tinted(memory, field, layer, labels, tag, isOff) {
  const { width, height, data } = field;
  const made = new ImageData(width, height);
  /** @type {Map<number, number[] | null>} */
  const tints = new Map();
  for (let i = 0; i < data.length; i += 4) {
    const kind = data[i];
    if (!kind) continue;
    if (!tints.has(kind)) {
      const name = labels[kind];
      tints.set(
        kind,
        isOff(name)
          ? null
          : [1, 3, 5].map((at) =>
              parseInt(
                (name === undefined ? colour(kind - 1 + 3 * layer) : classColour(memory, tag, name)).slice(at, at + 2),
                16,
              ),
            ),
      );
    }
    const tint = tints.get(kind);
    if (!tint) continue;
    [made.data[i], made.data[i + 1], made.data[i + 2]] = tint;
    made.data[i + 3] = 255 * CLEAR;
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.putImageData(made, 0, 0);
  return canvas;
}
