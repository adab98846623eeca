// Asking the server. Curves come as a JSON head and packed float64 columns; see dashboard/wire.py.
import { boot } from "./state.js";

const base = `${boot.prefix}/api/v1`;

export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let offset = 4 + length;
  const column = (count) => {
    const found = new Float64Array(buffer, offset, count);
    offset += 8 * count;
    return found;
  };
  return { head, column };
}

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

export async function curves(body, signal) {
  const answer = await fetch(`${base}/curves`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal,
  });
  return decode(await (await checked(answer)).arrayBuffer());
}

export const blobAddress = (run, hash) => `${base}/blobs/${hash}?${query({ run })}`;
