// Where panes on the page have what their content only names: from this server.
import * as api from "../../core/api.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { CurveStore } from "../../core/curve_store.js";
import { lookup } from "../../text/lookup.js";
import { FORMS } from "../../ui/download.js";
import { htmlAddress } from "./data.js";

/** @typedef {import("./view.js").Source} Source */
/** @typedef {import("./view.js").Pane} Pane */
/** @typedef {import("./view.js").Wished} Wished */

const COLUMNS = 2000; // of a curve: as many as a wide window has pixels

/** @type {Readonly<Record<string, string>>} */
const PAGES = lookup({
  histogram: "distributions",
  graph: "graph",
  profile: "profiles",
  pr_curve: "quality",
  confusion: "quality",
  embedding: "embeddings",
  mesh: "meshes",
  layout: "layouts",
  table: "media",
  video: "media",
  figure: "media",
}); // that show series of a kind

/**
 * Kept live, a store for each step from which curves are shown: each asks in its own form.
 * @param {() => void} told
 * @param {import("../../core/scope.js").Scope} scope
 * @returns {import("./view.js").Curves}
 */
function curves(told, scope) {
  /** @type {Map<number | undefined, CurveStore>} */
  const stores = new Map();
  /** @param {number | undefined} start */
  const storeOf = (start) => {
    let store = stores.get(start);
    if (!store) {
      const form = () => ({ columns: COLUMNS, ...(start === undefined ? {} : { start }) });
      store = new CurveStore({ form, onAnswer: told, onPoints: told }, scope);
      stores.set(start, store);
    }
    return store;
  };
  return {
    want: (wished) => {
      const starts = new Set(wished.map(({ start }) => start));
      for (const [start, store] of stores)
        if (!starts.has(start)) {
          store.close();
          stores.delete(start);
        }
      for (const { run, tag, start } of wished) storeOf(start).want(tag, [run]);
    },
    curve: ({ run, tag, start }) => stores.get(start)?.curve(run, tag),
    problem: () => [...stores.values()].map((store) => store.problem).find(Boolean) ?? null,
    isIdle: () => [...stores.values()].every((store) => store.isIdle),
  };
}

// The newest value of a series as a pane of its kind; null where it has a page of its own.
/**
 * @param {Pane} pane
 * @returns {Promise<Pane | null>}
 */
async function seriesOf(pane) {
  const { kind, tag } = pane.content ?? {};
  if (typeof tag !== "string") return null;
  if (kind === "scalar") return { ...pane, type: "lines", content: { traces: [{ name: tag, y: tag, x: null }] } };
  if (!["image", "audio", "text"].includes(kind)) return null;
  const { items } = await api.json("media", { run: pane.run, tag, kind, step: "newest" });
  if (!items?.length) return null;
  if (kind === "text") return { ...pane, type: "text", content: { text: items[0].text, html: false } };
  return { ...pane, type: kind, items };
}

/** @type {Source} */
export const source = {
  address: ({ run }, { hash }) => api.blobAddress(run, hash),
  html: (pane) => ({ src: htmlAddress(pane) }),
  label: (run) => runs.get(run)?.shown ?? run,
  number: (run) => runs.index(run),
  isLive: (run) => runs.get(run)?.status === "running",
  curves,
  chartFiles: (card) =>
    ["PNG", "SVG", "CSV", "JSON"].map((name) => ({
      name,
      ending: FORMS[name].ending,
      make: () => FORMS[name].make(card),
    })),
  seriesOf,
  link: ({ content }) => {
    const page = PAGES[content?.kind];
    if (!page) return "";
    const words = new URLSearchParams(state.words());
    words.set("p", page);
    words.set("tags", String(content.tag));
    return `?${words}`;
  },
};
