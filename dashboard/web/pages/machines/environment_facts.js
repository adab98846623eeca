// What is told of the environment of a run, row by row, beside those of others. Pure.
import { naturally } from "../../text/name_order.js";
import { bytes } from "../../text/units.js";

/**
 * What a process was run in, as far as it was recorded.
 * @typedef {object} Environment
 * @property {string} [reason]
 * @property {string} [host]
 * @property {string[]} [command]
 * @property {string} [script]
 * @property {{ commit?: string, branch?: string, changed?: number }} [git]
 * @property {string} [python]
 * @property {string} [platform]
 * @property {{ name: string, cores: number }} [cpu]
 * @property {number} [memory_bytes]
 * @property {{ name: string, memory_bytes: number }[]} [gpus]
 * @property {Record<string, string>} [packages] versions by name
 * @property {string} [diff] of the working tree from its commit
 * @property {number} [processes] where they are several
 */
/** @typedef {{ title: string, values: (string | number)[] }} Row a value for each run */

/** @type {[title: string, of: (each: Environment) => string | number | undefined][]} */
const FACTS = [
  ["Host", (each) => each.host],
  ["Command", (each) => each.command?.join(" ") ?? each.script],
  ["Commit", (each) => each.git?.commit?.slice(0, 12)],
  ["Branch", (each) => each.git?.branch],
  ["Changed files", (each) => each.git?.changed],
  ["Python", (each) => each.python],
  ["System", (each) => each.platform],
  ["CPU", (each) => each.cpu && `${each.cpu.name} × ${each.cpu.cores}`],
  ["Memory", (each) => (each.memory_bytes ? bytes(each.memory_bytes) : undefined)],
  ["GPUs", (each) => each.gpus && (each.gpus.length ? summed(each.gpus.map(gpuOf)) : "none")],
  ["Processes", (each) => each.processes],
];

/** @param {{ name: string, memory_bytes: number }} gpu */
const gpuOf = (gpu) => `${gpu.name}, ${bytes(gpu.memory_bytes)}`;

/** @param {string[]} names */
const summed = (names) =>
  [...new Set(names)]
    .map((name) => {
      const n = names.filter((other) => other === name).length;
      return n > 1 ? `${n} × ${name}` : name;
    })
    .join(" · ");

/** @param {Row} row */
export const differs = ({ values }) => new Set(values.map(String)).size > 1;

/**
 * What is known of some of them.
 * @param {Environment[]} all
 * @returns {Row[]}
 */
export const rowsOf = (all) =>
  FACTS.map(([title, of]) => ({ title, values: all.map((each) => of(each) ?? "") })).filter(({ values }) =>
    values.some((value) => value !== ""),
  );

/**
 * The packages of all; a dash for one that is not installed.
 * @param {Environment[]} all
 * @returns {Row[]}
 */
export const packagesOf = (all) =>
  naturally(new Set(all.flatMap((each) => Object.keys(each.packages ?? {})))).map((name) => ({
    title: name,
    values: all.map(({ packages }) => (packages ? (packages[name] ?? "–") : "")),
  }));
