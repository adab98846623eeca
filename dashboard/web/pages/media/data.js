// The bytes of an item, and the JSON that some of them are; bounded, since a run may come from anywhere.
import * as api from "../../core/api.js";
import { parse } from "../../core/dictionary.js";

const LIMIT = 128 * 1024 * 1024; // unpacked; more is a mistake or an attack

export async function bytes(run, hash) {
  const answer = await fetch(api.blobAddress(run, hash));
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.arrayBuffer();
}

export async function unpacked(run, hash, read = parse) {
  const answer = await fetch(api.blobAddress(run, hash));
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
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
