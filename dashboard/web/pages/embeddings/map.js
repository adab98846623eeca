// Maps of vectors, by t-SNE or UMAP: the server makes them, and is asked until one is there.
import * as api from "../../core/api.js";
import { lookup } from "../../text/lookup.js";

const ASK_MS = 500; // how often a map is asked for while it is made
const LARGE = 3000; // vectors above which a map is flat unless it is asked for: in space it takes several times as long
const METHODS = lookup({ tsne: "t-SNE", umap: "UMAP" });

/**
 * @typedef {{ kind: "tsne" | "umap", title: string, size: number, near: number, key: string }} Asked map. key: by which
 *   it is known among those of the same vectors
 * @typedef {import("./page.js").EmbeddingsPage} Page
 */

/**
 * The map that is asked for; null where vectors are seen without one.
 * @param {Page} page
 * @returns {Asked | null}
 */
export function askedFor({ way, data }) {
  const { kind } = way;
  if (kind !== "tsne" && kind !== "umap") return null;
  const size = way.size || (kind === "tsne" && data.count > LARGE ? 2 : 3);
  return { kind, title: METHODS[kind], size, near: way[kind], key: `${kind} ${size} ${way[kind]}` };
}

/**
 * Has a map made, and places the points by it, while it is the one that is asked for.
 * @param {Page} page
 * @param {Asked} asked
 */
export async function map(page, { kind, title, size, near, key }) {
  const of = page.data;
  const { run, tag } = page.where;
  const question = { run, tag, step: of.step, method: kind, size, near };
  const isWanted = () => !page.scope.isOver && page.data === of && askedFor(page)?.key === key;
  if (of.mapping === key) return;
  of.mapping = key;
  try {
    while (isWanted()) {
      const { head, column } = await api.packed("embedding/map", question);
      if (head.done) page.maps[key] = Array.from({ length: head.columns }, () => column(of.count));
      if (!isWanted()) return;
      if (head.done) {
        page.place();
        return;
      }
      if (head.problem) {
        page.say(`${title}: ${head.problem}`);
        return;
      }
      page.say(`${title}: ${Math.round(100 * head.progress)} %, ${head.said}. Until then principal components.`);
      await new Promise((done) => {
        page.scope.setTimeout(() => done(undefined), ASK_MS); // never, when the page is left
      });
    }
  } catch (error) {
    page.say(/** @type {Error} */ (error).message);
  } finally {
    if (of.mapping === key) of.mapping = null;
  }
}
