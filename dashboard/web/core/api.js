// Asking the server. Curves come as a JSON head and packed float64 columns; see dashboard/http/wire.py.
import { parse } from "./dictionary.js";
import { boot } from "./state.js";
import { decode } from "./wire.js";
import * as session from "./session.js";

/** Runs that a question for curves, or for marks, may name. */
export const MOST_RUNS = 5000;

const base = `${boot.prefix}/api/v1`;

/** @param {string} address */
export const get = (address) => fetch(address, { headers: session.headers() });

/** @param {Response} answer */
async function checked(answer) {
  session.heard(answer);
  if (answer.ok) return answer;
  let said = "";
  try {
    said = parse(await answer.text()).error;
  } catch {
    /* not JSON */
  }
  throw new Error(said || `the server answered ${answer.status}`);
}

/** @typedef {Record<string, string | number | boolean | null | undefined>} Values none is said of what is missing */

/** @param {Values} values */
function query(values) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== null) asked.set(name, String(value));
  return asked.toString();
}

// more: pairs, for names that stand several times. The list of runs was fetched while the scripts came, by the address
// alone: with a header it would be another question.
/**
 * @param {string} path
 * @param {Values} [values]
 * @param {[name: string, value: string][]} [more]
 */
export async function json(path, values = {}, more = []) {
  const rest = more.length ? `&${new URLSearchParams(more)}` : "";
  return parse(
    await (await checked(await (path === "runs" ? fetch : get)(`${base}/${path}?${query(values)}${rest}`))).text(),
  );
}

/**
 * @param {string} path
 * @param {Values} [values]
 */
export async function packed(path, values = {}) {
  return decode(await (await checked(await get(`${base}/${path}?${query(values)}`))).arrayBuffer());
}

/**
 * @param {string} path
 * @param {object} body
 */
const posted = async (path, body) =>
  checked(
    await fetch(`${base}/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...session.headers() },
      body: JSON.stringify(body),
    }),
  );

/**
 * @param {string} path
 * @param {object} body
 */
export const post = async (path, body) => parse(await (await posted(path, body)).text());
/**
 * @param {string} path
 * @param {object} body
 */
export const postPacked = async (path, body) => decode(await (await posted(path, body)).arrayBuffer());
/** @typedef {{ count: number, of: number, runs: number, sentence: string }} LeftOut of a file */

// A file to be kept, and what the server had to leave out of it, null where that is nothing.
/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<{ blob: Blob, leftOut: LeftOut | null }>}
 */
export async function file(path, body) {
  const answer = await posted(path, body);
  return { blob: await answer.blob(), leftOut: parse(answer.headers.get("x-left-out")) };
}
// The bytes that an address below this interface gives.
/**
 * @param {string} path
 * @param {Values} values
 */
export const bytes = async (path, values) =>
  (await checked(await get(`${base}/${path}?${query(values)}`))).arrayBuffer();

// What a browser asks for by itself: a frame, a picture.
/**
 * @param {string} path
 * @param {Values} values
 */
export const address = (path, values) => `${base}/${path}?${query(values)}`;

/**
 * @param {string} run
 * @param {string} hash
 */
export const blobAddress = (run, hash) => `${base}/blobs/${hash}?${query({ run })}`;
