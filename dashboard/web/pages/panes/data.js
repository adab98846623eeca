// What the server knows of panes: which there are in an environment, what one of them says now and said before, and
// where somebody put them.
import * as api from "../../core/api.js";
import { dictionary } from "../../core/dictionary.js";

/**
 * A pane as the list of its environment has it.
 * @typedef {object} Listed
 * @property {string} id
 * @property {string} type plot, lines, text, image, …; see kinds.js
 * @property {string | null} title
 * @property {Record<string, any>} opts
 * @property {number} n how many values it has had
 * @property {number} step
 * @property {number} wall_time
 * @property {number | null} [width] px that somebody asked for
 * @property {number | null} [height]
 */
/**
 * @typedef {object} Environment
 * @property {string} run
 * @property {Listed[]} panes in the order in which they came
 * @property {Record<string, any>} places
 * @property {boolean} live whether it is being written
 * @property {boolean} read_only
 */
/**
 * Something that belongs to a pane and is asked for by itself: a picture, a sound.
 * @typedef {{ hash: string, form: string, attributes: Record<string, any> }} PaneItem
 */
/**
 * One value of a pane.
 * @typedef {object} Pane
 * @property {string} run
 * @property {string} id
 * @property {string} type
 * @property {string | null} title
 * @property {Record<string, any>} opts
 * @property {any} content
 * @property {PaneItem[]} items
 * @property {number} n which of its values this is, from 1
 * @property {number} states how many there are
 * @property {number} step
 * @property {number} wall_time
 */

/** @param {unknown} value @returns {Record<string, any>} */
const tableOf = (value) => (value && typeof value === "object" && !Array.isArray(value) ? value : Object.create(null));

/**
 * @param {string} run
 * @returns {Promise<Environment>}
 */
export async function environment(run) {
  const found = await api.json("panes", { run });
  const places = tableOf(found.places);
  /** @type {Listed[]} */
  const panes = found.panes ?? [];
  // Somebody may have called one otherwise, on the page.
  for (const pane of panes) if (typeof places[pane.id]?.title === "string") pane.title = places[pane.id].title;
  return { ...found, run, panes, places };
}

/**
 * @param {string} run
 * @param {string} id
 * @param {number | null} n which value; null for the newest
 * @returns {Promise<Pane>}
 */
export async function pane(run, id, n = null) {
  const found = await api.json("pane", { run, id, n });
  return { ...found, run, id, opts: tableOf(found.opts), items: found.items ?? [] };
}

/**
 * The address of a text's HTML as a document of its own, in the colours that the page has now.
 * @param {Pane} of
 */
export const htmlAddress = ({ run, id, n }) =>
  api.address("pane/html", {
    run,
    id,
    n,
    ...(document.documentElement.dataset.theme === "dark" ? { theme: "dark" } : {}),
  });

/**
 * @param {string} run
 * @param {string} id
 * @param {import("./pane_events.js").PaneEvent} event
 */
export const send = (run, id, event) => api.post("panes/events", { ...event, run, pane: id });

/**
 * @param {string} run
 * @param {Record<string, any>} places
 */
export const keep = (run, places) => api.post("panes/places", { run, places });

/**
 * Calls a pane otherwise; null as the training calls it.
 * @param {string} run
 * @param {string} id
 * @param {string | null} title
 */
export const rename = (run, id, title) => api.post("panes/places", { run, places: dictionary([[id, { title }]]) });

/**
 * @param {string} run
 * @param {string} id
 */
export const close = (run, id) => api.post("panes/close", { run, pane: id });
