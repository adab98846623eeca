// Asking the server. Curves come as a JSON head and packed float64 columns; see dashboard/http/wire.py.
import { parse } from "./dictionary.js";
import { boot } from "./state.js";
import { decode } from "./wire.js";
import * as session from "./session.js";

const base = `${boot.prefix}/api/v1`;

export const get = (address) => fetch(address, { headers: session.headers() });

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

const query = (values) =>
  new URLSearchParams(Object.entries(values).filter(([, value]) => value !== undefined && value !== null)).toString();

// more: pairs, for names that stand several times.
// The list of runs was fetched while the scripts came, by the address alone: with a header it would be another question.
export async function json(path, values = {}, more = []) {
  const rest = more.length ? `&${new URLSearchParams(more)}` : "";
  return parse(
    await (await checked(await (path === "runs" ? fetch : get)(`${base}/${path}?${query(values)}${rest}`))).text(),
  );
}

export async function packed(path, values = {}) {
  return decode(await (await checked(await get(`${base}/${path}?${query(values)}`))).arrayBuffer());
}

const posted = async (path, body) =>
  checked(
    await fetch(`${base}/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...session.headers() },
      body: JSON.stringify(body),
    }),
  );

export const post = async (path, body) => parse(await (await posted(path, body)).text());
export const postPacked = async (path, body) => decode(await (await posted(path, body)).arrayBuffer());
// A file to be kept, and what the server had to leave out of it: {count, of, runs, sentence}, null where that is nothing.
export async function file(path, body) {
  const answer = await posted(path, body);
  return { blob: await answer.blob(), leftOut: parse(answer.headers.get("x-left-out")) };
}
// The bytes that an address below this interface gives.
export const bytes = async (path, values) =>
  (await checked(await get(`${base}/${path}?${query(values)}`))).arrayBuffer();

export const blobAddress = (run, hash) => `${base}/blobs/${hash}?${query({ run })}`;
