// What somebody does to a pane, in the shapes in which a training's handlers are told of it.
import { dictionary } from "../../core/dictionary.js";

/**
 * @typedef {{ kind: "click" | "key" | "close" | "change", [more: string]: unknown }} PaneEvent
 * @typedef {{
 *   key: string, keyCode: number, ctrlKey: boolean, shiftKey: boolean, altKey: boolean, metaKey: boolean,
 * }} Pressed of a KeyboardEvent
 */

const MOST_TEXT = 10_000; // characters of one value

// Keys that are the page's or the browser's whatever has the focus: to leave, to go on, and what only alters others.
const OURS = new Set(["Tab", "Escape", "Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "Dead", "Process"]);

/**
 * @param {Pressed} event
 * @returns {PaneEvent | null} null for what is not the pane's
 */
export const keyOf = ({ key, keyCode, ctrlKey, altKey, metaKey }) =>
  OURS.has(key) || ctrlKey || altKey || metaKey ? null : { kind: "key", key, key_code: keyCode };

/** @param {unknown} value */
const plain = (value) =>
  typeof value === "number"
    ? Number.isFinite(value)
      ? value
      : String(value)
    : typeof value === "string"
      ? value
      : null;

/**
 * A point of a figure, as Plotly tells of it.
 * @param {{ x?: unknown, y?: unknown, z?: unknown, label?: unknown, value?: unknown, curveNumber?: number,
 *   pointNumber?: unknown, data?: { name?: unknown, type?: unknown } }} point
 * @returns {PaneEvent}
 */
export function pointOf({ x, y, z, label, value, curveNumber, pointNumber, data }) {
  /** @type {[string, unknown][]} */
  const said = [
    ["x", plain(x ?? label)],
    ["y", plain(y ?? value)],
    ["z", plain(z)],
    ["name", plain(data?.name)],
    ["curve", plain(curveNumber)],
    ["point", Array.isArray(pointNumber) ? pointNumber.map(plain) : plain(pointNumber)],
  ];
  const found = dictionary(said.filter(([, each]) => each !== null));
  return Object.assign(found, { kind: /** @type {const} */ ("click") });
}

/**
 * The pixel of a picture under the pointer; null beside it.
 * @param {number} x in pixels of the picture
 * @param {number} y
 * @param {number} width
 * @param {number} height
 * @returns {PaneEvent | null}
 */
export const pixelOf = (x, y, width, height) =>
  x >= 0 && y >= 0 && x < width && y < height
    ? { kind: "click", image_x: Math.floor(x), image_y: Math.floor(y) }
    : null;

/**
 * @typedef {object} Property of a sheet
 * @property {string} type text, number, checkbox, select, button; what is none of them is text
 * @property {string} name
 * @property {any} value
 * @property {any[]} [values] of a select
 */

/**
 * What a property was changed to, of the kind that it was: a number that was written as a text stays one, and a select
 * that says which of its values is chosen by its number, as Visdom's do, is told a number.
 * @param {number} id the place of the property in the sheet
 * @param {Property} property
 * @param {string | boolean} given by the control; of a select the number of what was chosen
 * @returns {PaneEvent | null} null where it is not changed to anything: a number that is none
 */
export function changeOf(id, { type, name, value: before, values = [] }, given) {
  /** @type {unknown} */
  let value = typeof given === "string" ? given.slice(0, MOST_TEXT) : given;
  if (type === "button") value = "clicked";
  else if (type === "select") {
    if (!(Number(given) in values)) return null;
    value = values.includes(before) ? values[Number(given)] : Number(given);
  } else if (type === "number") {
    if (String(given).trim() === "" || !Number.isFinite(Number(given))) return null;
    value = typeof before === "string" ? String(given) : Number(given);
  }
  return { kind: "change", name, id, value };
}
