// Who answers: a thing that takes a model's inputs and gives what it puts out. The server can; what a browser runs
// itself is told here too.
import * as api from "../../core/api.js";
import { written } from "./kept_input.js";

/**
 * @typedef {{ run: string, name: string, step: number | null }} Place of a model: which run's, and at which step; null
 *   is the newest
 * @typedef {Place & { model: import("./signature.js").Model, version: import("./signature.js").Version }} Chosen a
 *   place, and what is known of what is there
 * @typedef {{
 *   dtype: string, shape: number[], values: ArrayLike<number> | string[], picture?: () => string,
 * }} Tensor one input, the batch of one included; picture: the same as a PNG in base64, of the network's size, where it
 *   is one that is shorter so
 * @typedef {Map<string, Tensor>} Inputs by name
 * @typedef {{ class: number, name: string, p: number }} Ranked
 * @typedef {{
 *   step: number, outputs: Map<string, { shape: number[], values: (number | string)[] }>, top: Ranked[], of: number,
 *   saliency: { shape: number[], values: number[], signed: boolean } | null, why: string, ms: number,
 * }} Answer top: the likeliest classes, none where the model has no such output; of: how many there are in all;
 *   saliency: how far each place of the picture speaks for the first of them; why there is none; ms: what the
 *   network itself took
 * @typedef {{ by: string, ask(inputs: Inputs, how: { saliency: boolean }): Promise<Answer> }} Asker
 * @typedef {{
 *   key: string, title: string, missing(): Promise<string>, make(chosen: Chosen): Asker,
 * }} Kind missing: what to install before it can answer, "" where it can
 */

export const TOP = 10; // classes of an answer

// A number, of which some are told as words; or a text that a model puts out, such as a classifier's label.
/** @param {number | string} told */
const valueIn = (told) => (/^(NaN|-?Infinity)$/.test(String(told)) ? Number(told) : told);

/**
 * @param {Place} place
 * @returns {Asker}
 */
export function serverAsker({ run, name, step }) {
  return {
    by: "server",
    async ask(inputs, { saliency }) {
      const found = await api.post("try", { run, name, step, input: written(inputs), top: TOP, saliency });
      const outputs = new Map(
        Object.entries(found.outputs).map(([key, { shape, values }]) => [key, { shape, values: values.map(valueIn) }]),
      );
      const top = found.top.map((/** @type {any} */ each) => ({ ...each, p: Number(each.p) })); // "NaN" is a word
      return { ...found, outputs, top };
    },
  };
}

/**
 * Those who can be asked: the first that is there is, unless somebody chooses another.
 * @type {readonly Kind[]}
 */
export const ASKERS = Object.freeze([{ key: "server", title: "Server", missing: async () => "", make: serverAsker }]);
