// Asking the server. Curves come as a JSON head and packed float64 columns; see dashboard/wire.py.
import { boot } from "./state.js";
import { decode } from "./wire.js";

const base = `${boot.prefix}/api/v1`;

async function checked(answer) {
  if (answer.ok) return answer;
  let said = "";
  try { said = (await answer.json()).error; } catch { /* not JSON */ }
  throw new Error(said || `the server answered ${answer.status}`);
}

const query = (values) =>
  new URLSearchParams(Object.entries(values).filter(([, value]) => value !== undefined && value !== null)).toString();

// more: pairs, for names that stand several times.
export async function json(path, values = {}, more = []) {
  const rest = more.length ? `&${new URLSearchParams(more)}` : "";
  return (await checked(await fetch(`${base}/${path}?${query(values)}${rest}`))).json();
}

export async function packed(path, values = {}) {
  return decode(await (await checked(await fetch(`${base}/${path}?${query(values)}`))).arrayBuffer());
}

const posted = async (path, body) => checked(await fetch(`${base}/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }));

export const post = async (path, body) => (await posted(path, body)).json();
export const postPacked = async (path, body) => decode(await (await posted(path, body)).arrayBuffer());
// A file to be kept, and what the server had to leave out of it: {count, of, runs, sentence}, null where that is nothing.
export async function file(path, body) {
  const answer = await posted(path, body);
  return { blob: await answer.blob(), leftOut: JSON.parse(answer.headers.get("x-left-out")) };
}

let underWay = 0, answered = 0;

export async function curves(body) {
  underWay++;
  try {
    return decode(await (await posted("curves", body)).arrayBuffer());
  } finally {
    underWay--;
    answered = performance.now();
  }
}

// For how many milliseconds nothing was asked about curves.
export const quiet = () => (underWay ? 0 : performance.now() - answered);

export const blobAddress = (run, hash) => `${base}/blobs/${hash}?${query({ run })}`;
