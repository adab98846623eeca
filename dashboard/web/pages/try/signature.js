// What a model asks for, by its signature: a picture, a few numbers with a field each, words, or lists of numbers.
import { preprocessOf } from "./preprocess.js";

/**
 * @typedef {import("./preprocess.js").Input} Input
 * @typedef {import("./preprocess.js").Preprocess} Preprocess
 * @typedef {{
 *   kind: "picture" | "numbers" | "words" | "lists", input: Input, preprocess: Preprocess | null, count: number,
 * }} Wanted of one input; preprocess: of a picture; count: of numbers
 * @typedef {{
 *   name: string, inputs: Input[], outputs: Input[], classes: string[] | null, preprocess: any,
 *   versions: Version[],
 * }} Model of a run; its versions the oldest first
 * @typedef {{
 *   step: number, wall_time: number, digest: string, size: number, format: string, labels: string[],
 * }} Version
 */

const MOST_FIELDS = 64; // numbers with a field each; more are lists
const LEAST_SIDE = 4; // of what may be taken for a picture, px

/**
 * What each input of a model wants. At most one of them is a picture: the first that can be.
 * @param {Pick<Model, "inputs" | "preprocess">} model
 * @returns {Wanted[]}
 */
export function wantedBy({ inputs, preprocess }) {
  let hasPicture = false;
  const isSaid = preprocess !== null && preprocess !== undefined;
  // What is said of pictures is of the first input that has the axes of one.
  const axes = inputs.find((each) => each.shape.length === 3 || each.shape.length === 4) ?? inputs[0];
  return inputs.map((input) => {
    const isOfPictures = !hasPicture && (isSaid ? input === axes : looksLikePicture(input));
    const how = isOfPictures ? preprocessOf(preprocess, input) : null;
    if (how) {
      hasPicture = true;
      return { kind: "picture", input, preprocess: how, count: 0 };
    }
    if (/string|str|object|text/.test(input.dtype)) return { kind: "words", input, preprocess: null, count: 0 };
    const [, count, ...rest] = input.shape;
    return Number.isInteger(count) && !rest.length && Number(count) <= MOST_FIELDS
      ? { kind: "numbers", input, preprocess: null, count: Number(count) }
      : { kind: "lists", input, preprocess: null, count: 0 };
  });
}

/** @param {Input} input */
function looksLikePicture({ shape, dtype }) {
  if (!/float/.test(dtype) || shape.length !== 4) return false;
  const [, a, b, c] = shape;
  const sides = a === 1 || a === 3 ? [b, c] : c === 1 || c === 3 ? [a, b] : [];
  return sides.length === 2 && sides.every((side) => Number(side) >= LEAST_SIDE);
}

/**
 * A shape as people write it: batch × 8 × 8.
 * @param {Input} input
 */
export const shapeWords = ({ shape, dtype }) =>
  `${shape.map((side, i) => (i === 0 && side === null ? "batch" : (side ?? "any"))).join(" × ")} ${dtype}`;

/**
 * Numbers in a nest of lists of a shape.
 * @param {ArrayLike<number>} values
 * @param {number[]} shape
 * @returns {any}
 */
export function nested(values, shape) {
  let level = /** @type {any[]} */ (Array.from(values));
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const size = shape[axis],
      next = [];
    for (let i = 0; i < level.length; i += size) next.push(level.slice(i, i + size));
    level = next;
  }
  return level;
}

const WORDS = ["NaN", "Infinity", "-Infinity"];

/**
 * The numbers in a nest of lists, and its shape.
 * @param {any} lists
 * @returns {{ shape: number[], values: number[] }}
 * @throws where rows have different lengths, or something in it is no number
 */
export function flat(lists) {
  /** @type {number[]} */
  const shape = [];
  for (let level = lists; Array.isArray(level); level = level[0]) shape.push(level.length);
  const values = /** @type {number[]} */ ([]);
  /** @param {any} level @param {number} axis */
  const walk = (level, axis) => {
    if (axis === shape.length) {
      const isWord = WORDS.includes(level); // of what JSON has no numbers for
      if (typeof level !== "number" && !isWord) throw new Error(`${JSON.stringify(level)} is no number`);
      values.push(Number(level));
      return;
    }
    if (!Array.isArray(level) || level.length !== shape[axis]) throw new Error("rows are of different lengths");
    for (const each of level) walk(each, axis + 1);
  };
  walk(lists, 0);
  return { shape, values };
}
