// A picture of Media to ask: the newest that runs have logged, by tag, to choose one of.
import * as api from "../../core/api.js";
import * as runs from "../../core/runs.js";
import { node } from "../../ui/dom.js";
import { dialog } from "../../ui/menu.js";
import { decoded } from "./pictures.js";

/** @typedef {{ run: string, hash: string }} Logged a picture */

const MOST_SERIES = 24;
const MOST_PICTURES = 64; // of one series

/**
 * What was chosen, as it can be drawn.
 * @param {string} run
 * @param {string} hash
 */
export async function logged(run, hash) {
  const answer = await fetch(api.blobAddress(run, hash));
  if (!answer.ok) throw new Error(`The picture could not be read: the server answered ${answer.status}.`);
  return decoded(await answer.blob());
}

/** Whether any run that is shown has pictures. */
export const areThere = () => runs.visible().some((run) => run.series.image?.length);

/**
 * @returns {Promise<Logged | null>} null where none was chosen
 */
export function choose() {
  const body = node("div", { class: "body try-media" }),
    box = dialog("A picture of Media", body, true);
  const all = runs
    .visible()
    .toReversed()
    .flatMap((run) => (run.series.image ?? []).map((tag) => ({ run, tag })));
  return new Promise((done) => {
    /** @type {Logged | null} */
    let chosen = null;
    for (const { run, tag } of all.slice(0, MOST_SERIES)) {
      const grid = node("div", { class: "try-media-grid" });
      body.append(
        node(
          "section",
          { "aria-label": `${tag} of ${run.shown}` },
          node("h3", { text: `${tag} · ${run.shown}` }),
          grid,
        ),
      );
      fill(grid, run.name, tag, (picture) => {
        chosen = picture;
        box.close();
      });
    }
    if (all.length > MOST_SERIES)
      body.append(
        node("p", {
          class: "hint",
          text: `The first ${MOST_SERIES} of ${all.length} series; hide runs in the list to see others.`,
        }),
      );
    box.addEventListener("close", () => done(chosen));
  });
}

/**
 * @param {HTMLElement} grid
 * @param {string} run
 * @param {string} tag
 * @param {(picture: Logged) => void} choose
 */
async function fill(grid, run, tag, choose) {
  let items;
  try {
    ({ items } = await api.json("media", { run, tag, kind: "image", step: "newest" }));
  } catch (error) {
    grid.append(node("p", { class: "hint", text: /** @type {Error} */ (error).message }));
    return;
  }
  for (const { hash, attributes, step } of items.slice(0, MOST_PICTURES)) {
    const says = String(attributes.caption ?? attributes.label ?? `step ${step}`);
    const image = node("img", { src: api.blobAddress(run, hash), alt: says, loading: "lazy" });
    const button = node("button", { type: "button", title: says }, image);
    button.addEventListener("click", () => choose({ run, hash }));
    grid.append(button);
  }
}
