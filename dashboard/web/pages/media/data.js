// The bytes of an item, and the JSON that some of them are; bounded, since a run may come from anywhere.
import * as api from "../../core/api.js";
import { parse } from "../../core/dictionary.js";

/**
 * A class, and how likely a model took it to be; null is a NaN.
 * @typedef {{ name: string, probability: number | null }} Guess
 */
/** @typedef {{ box: number[], label?: string, score?: number }} Box x0, y0, x1, y1 in px of the picture */
/** @typedef {{ name: string, boxes: Box[] }} BoxLayer */
/** @typedef {{ name: string, labels?: Record<string, string> }} MaskLayer names of classes by their numbers */
/**
 * What is known of an item beside its bytes; which of it depends on its kind.
 * @typedef {object} Attributes
 * @property {string} [caption]
 * @property {string} [label] the class that it is
 * @property {Guess[]} [predictions] the likeliest first
 * @property {number} [width] px
 * @property {number} [height] px
 * @property {number} [clipped] values that were outside of what can be shown
 * @property {number} [least]
 * @property {number} [most]
 * @property {number} [nan]
 * @property {BoxLayer[]} [boxes]
 * @property {MaskLayer[]} [masks]
 * @property {number} [seconds]
 * @property {number} [channels]
 * @property {number} [sample_rate] Hz
 * @property {number} [frames]
 * @property {number} [fps]
 * @property {boolean} [markdown]
 * @property {number} [characters] of a text that was cut off
 */
/**
 * One thing that was logged, as the server tells of it.
 * @typedef {object} Item
 * @property {number} step
 * @property {number} wall_time
 * @property {number} position among those logged together
 * @property {string} form media type of the bytes
 * @property {string} hash of the bytes, which are asked for by it
 * @property {Attributes} attributes
 * @property {{ hash: string, attributes: Attributes }[]} [parts] masks of a picture, pictures of a table
 * @property {string} [text]
 */
/**
 * What shows an item, and can be told of another that takes its place.
 * @typedef {HTMLElement & { update(item: Item): void, end?(): void }} ItemElement
 */

const LIMIT = 128 * 1024 * 1024; // unpacked; more is a mistake or an attack

/**
 * @param {string} run
 * @param {string} hash
 */
export async function bytes(run, hash) {
  const answer = await fetch(api.blobAddress(run, hash));
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.arrayBuffer();
}

/**
 * @param {string} run
 * @param {string} hash
 * @param {(text: string) => any} [read]
 */
export async function unpacked(run, hash, read = parse) {
  const answer = await fetch(api.blobAddress(run, hash));
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  if (!answer.body) throw new Error("the server answered nothing");
  const reader = answer.body.pipeThrough(new DecompressionStream("deflate")).getReader();
  const decoder = new TextDecoder();
  let text = "",
    size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > LIMIT) {
      await reader.cancel();
      throw new Error("it is larger than 128 MiB and not shown");
    }
    text += decoder.decode(value, { stream: true });
  }
  return read(text + decoder.decode());
}

/**
 * All that a run logged at a place of a tag, step by step; a repeated step's newest stands for it.
 * @param {{ tag: string, kind: string }} panel
 * @param {string} run
 * @param {number} position
 * @returns {Promise<Item[]>}
 */
export async function logged({ tag, kind }, run, position) {
  /** @type {{ items: Item[] }} */
  const { items } = await api.json("media", { run, tag, kind, position });
  return [...new Map(items.map((item) => [item.step, item])).values()].sort((a, b) => a.step - b.step);
}
