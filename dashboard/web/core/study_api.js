// What the pages of studies ask the server; see dashboard/api/.
import { dictionary, parse } from "./dictionary.js";
import { headers, heard } from "./session.js";
import { boot } from "./state.js";

// Sends JSON and answers with JSON. A body that is text is JSON already.
/**
 * @param {string} path
 * @param {object | string} body
 */
export async function ask(path, body) {
  const answer = await fetch(`${boot.prefix}/api/v1/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers() },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  let said = dictionary();
  try {
    said = parse(await answer.text());
  } catch {
    /* not JSON: said below */
  }
  heard(answer);
  if (!answer.ok) throw new Error(said.error || `the server answered ${answer.status}`);
  return said;
}
