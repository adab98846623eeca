// The page of media: pictures, sounds, videos, texts, tables and figures, side by side over runs or over steps.
import * as live from "../../core/live.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { choice, node, part } from "../../ui/dom.js";
import { emptyPage } from "../../ui/empty.js";
import { LayerMemory } from "./layers.js";
import { KINDS, Panel } from "./panel.js";
import { isSurface } from "../../text/path_tags.js";
import { touches } from "../../core/news.js";
import { query } from "../../text/query.js";

const RUNS_AT_ONCE = 3; // side by side; more would leave each too small to be seen
/** @type {[key: string, title: string][]} */
const SIZES = [
  ["", "Fit"],
  ["s", "S"],
  ["m", "M"],
  ["l", "L"],
]; // of pictures; of this browser, not of a link

/** @typedef {import("../../ui/dom.js").Choice} Choice */
/** @typedef {{ bar: HTMLElement, kind: Choice | null, across: Choice, sizes: Choice }} Tools */

// Why nothing is to be seen, and the button that shows it again.
/**
 * @param {{ problem: string }} filter
 * @param {number} hidden how many tags are
 * @param {number} shown how many runs are
 */
function nothing(filter, hidden, shown) {
  const box = node("div", { class: "empty" });
  /**
   * @param {string} title
   * @param {string} words
   * @param {string} text
   * @param {() => void} act
   */
  const way = (title, words, text, act) => {
    const button = node("button", { type: "button", class: "button", text });
    button.addEventListener("click", act);
    box.append(node("h2", { text: title }), node("p", { text: words }), button);
  };
  if (hidden)
    way(
      filter.problem || `No tag matches “${state.get("tags").trim()}”`,
      `${format.plural(hidden, "tag")} hidden by the filter.`,
      "Clear the filter",
      () => state.set("tags", ""),
    );
  else if (shown)
    way(
      `The visible runs have no ${KINDS[state.get("medium")]?.title.toLowerCase() ?? "media"}`,
      "Other kinds are there.",
      "Show all kinds",
      () => state.set("medium", ""),
    );
  else
    way(
      "No visible run has logged media",
      "Runs are hidden in the run list, or by its filter.",
      "Show all runs",
      () => {
        state.set("runs", "");
        runs.showAll(true);
      },
    );
  return box;
}

/**
 * @param {string[]} kinds
 * @returns {Tools}
 */
function toolbar(kinds) {
  const bar = node("div", { class: "media-tools" });
  bar.dataset.kinds = kinds.join();
  /** @type {[key: string, title: string][]} */
  const titles = [["", "All"]];
  for (const kind of kinds) titles.push([kind, KINDS[kind].title]);
  const kind = kinds.length > 1 ? choice("Kind", titles, state.get("medium"), (key) => state.set("medium", key)) : null;
  if (kind) bar.append(kind);
  const across = choice(
    "Side by side",
    [
      ["runs", "One step"],
      ["steps", "Over steps"],
    ],
    state.get("across"),
    (value) => state.set("across", value),
  );
  bar.append(across);
  /** @param {string} value */
  const size = (value) => {
    state.local.set("pictures", value);
    document.body.dataset.pictures = value;
  };
  const sizes = bar.appendChild(choice("Size of pictures", SIZES, state.local.get("pictures", ""), size));
  size(state.local.get("pictures", ""));
  const search = node("input", {
    type: "search",
    id: "media-tags",
    placeholder: "Filter tags",
    "aria-label": "Filter tags: words or /regex/",
    title: "Words or /regex/ (/)",
    autocomplete: "off",
    spellcheck: "false",
    value: state.get("tags"),
  });
  search.addEventListener("input", () => state.set("tags", search.value));
  bar.append(node("label", { class: "media-search" }, search));
  const pace = bar.appendChild(node("button", { type: "button", class: "text-button pace" }));
  pace.addEventListener("click", () => state.set("pace", null));
  return { bar, kind, across, sizes };
}

/**
 * The newest runs that have what is asked for, and what of it stands side by side. A run that has nothing of it takes
 * no other's place.
 * @param {{ name: string, series: Record<string, string[]> }[]} visible the newest first
 * @param {string[]} kinds
 * @param {(kind: string) => string[]} tagsOf
 * @param {string} only the kind that is asked for, or nothing for all
 * @param {{ test(tag: string): boolean }} filter
 * @returns {{ groups: [kind: string, tag: string, run: string][][], hidden: number, shown: number, chosen: number }}
 *   hidden: tags that the filter hides; shown: runs with media; chosen: with what is asked for
 */
function sideBySide(visible, kinds, tagsOf, only, filter) {
  const all = kinds.map((kind) => ({ kind, tags: new Set(tagsOf(kind)) }));
  const asked = all
    .filter(({ kind }) => !only || kind === only)
    .map(({ kind, tags }) => ({ kind, tags: new Set([...tags].filter((tag) => filter.test(tag))) }));
  /** @param {typeof all} of @returns {(run: typeof visible[number]) => boolean} */
  const having = (of) => (run) => of.some(({ kind, tags }) => run.series[kind]?.some((tag) => tags.has(tag)));
  const shown = visible.filter(having(all));
  const chosen = shown.filter(having(asked));
  const side = chosen.slice(0, RUNS_AT_ONCE);
  /** @type {[kind: string, tag: string, run: string][][]} */
  const groups = [];
  for (const { kind, tags } of asked)
    for (const tag of tags) {
      const of = side.filter((run) => run.series[kind]?.includes(tag));
      if (of.length) groups.push(of.map((run) => [kind, tag, run.name]));
    }
  const others = all
    .filter(({ kind }) => !only || kind === only)
    .flatMap(({ kind, tags }) =>
      [...tags].filter((tag) => !filter.test(tag)).map((tag) => ({ kind, tags: new Set([tag]) })),
    );
  const hidden = groups.length ? 0 : others.filter((one) => shown.some(having([one]))).length;
  return { groups, hidden, shown: shown.length, chosen: chosen.length };
}

export class MediaPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Map<string, any>} kept what somebody chose to see of layers and texts
   */
  constructor(view, scope, kept) {
    this.view = view;
    this.scope = scope;
    this.rows = node("div", { class: "panel-rows" });
    /** @type {Tools | null} */
    this.tools = null;
    /** @type {Map<string, Panel>} */
    this.panels = new Map(); // by kind, tag and run
    /** @type {LayerMemory} */
    this.layers = kept.get("layers") ?? new LayerMemory();
    /** @type {Map<string, boolean>} */
    this.asItIs = kept.get("asItIs") ?? new Map(); // which texts somebody wants to see as they are, by tag
    kept.set("layers", this.layers).set("asItIs", this.asItIs);
    this.inSight = scope.observer(
      new IntersectionObserver(
        (entries) => {
          /** @type {Element & { panel: Panel }} */ for (const entry of entries) {
            const element = /** @type {Element & { panel: Panel }} */ (entry.target);
            element.panel.setInSight(entry.isIntersecting);
          }
        },
        { rootMargin: "300px" },
      ),
    );
    this.#listen(scope);
    this.arrange();
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, runs.CHANGES, () => this.arrange());
    scope.on(state, ["medium", "tags"], () => {
      this.showTools();
      this.arrange();
    });
    scope.on(state, ["pace", "across"], () => {
      this.showTools();
      this.each((panel) => panel.wanted());
    });
    scope.on(live, "changed", (change) =>
      this.each((panel) => {
        if (panel.run === change.run && touches(change, panel.kind, panel.tag)) panel.later();
      }),
    );
    scope.on(live, "restart", () => this.each((panel) => panel.later()));
    scope.on(document, "themechange", () => this.each((panel) => panel.draw()));
  }

  arrange() {
    /** @param {string} kind */
    const tagsOf = (kind) => runs.tags(kind).filter((tag) => !isSurface(tag));
    const kinds = Object.keys(KINDS).filter((kind) => tagsOf(kind).length);
    if (!kinds.length) {
      this.tools = null;
      return this.view.replaceChildren(runs.loaded ? emptyPage("media") : "");
    }
    const filter = query(state.get("tags"));
    const only = kinds.includes(state.get("medium")) ? state.get("medium") : "";
    const { groups, hidden, shown, chosen } = sideBySide(runs.visible().toReversed(), kinds, tagsOf, only, filter);
    const layout = JSON.stringify([groups, hidden, shown, chosen, kinds, only, filter.problem]);
    if (this.view.dataset.layout === layout && this.view.childElementCount) return;
    this.view.dataset.layout = layout;
    const keys = new Set(groups.flat().map((key) => key.join("\n")));
    for (const [key, panel] of this.panels)
      if (!keys.has(key)) {
        this.inSight.unobserve(panel.element);
        panel.scope.leave();
        this.panels.delete(key);
      }
    const made = groups.map((of) => {
      const row = node("div", { class: `panel-row is-${of[0][0]}` });
      for (const [kind, tag, run] of of) {
        const key = `${kind}\n${tag}\n${run}`;
        const panel = this.panels.get(key) ?? new Panel(kind, tag, run, this, this.scope.child());
        this.panels.set(key, panel);
        row.append(panel.element);
        this.inSight.observe(panel.element);
      }
      row.dataset.kind = of[0][0];
      return row;
    });
    const tools = this.tools?.bar.dataset.kinds === kinds.join() ? this.tools : toolbar(kinds);
    this.tools = tools;
    if (!this.rows.isConnected || !tools.bar.isConnected) this.view.replaceChildren(tools.bar, this.rows);
    tools.kind?.show(only);
    this.showTools();
    const note =
      chosen > RUNS_AT_ONCE
        ? `The ${RUNS_AT_ONCE} newest of ${chosen} visible runs with these, side by side. ` +
          "Hide some in the list to see others."
        : "";
    this.rows.replaceChildren(
      ...(groups.length ? [] : [nothing(filter, hidden, shown)]),
      ...(note ? [node("p", { class: "page-note", text: note })] : []),
      ...made,
    );
    this.askEarly();
  }

  // What is in sight need not wait for the observer, which speaks after the frame (measured: 100 ms of the first
  // paint).
  askEarly() {
    const { bottom } = this.view.getBoundingClientRect();
    for (const panel of this.panels.values())
      if (!panel.sight && panel.element.getBoundingClientRect().top < bottom) panel.setInSight(true);
  }

  // What the tools say of the page's state, which a link or a saved view changes too.
  showTools() {
    if (!this.tools) return;
    const at = state.get("pace");
    const { bar, across, sizes } = this.tools;
    const button = part(bar, ".pace", HTMLElement),
      search = part(bar, "#media-tags", HTMLInputElement);
    button.hidden = at === null;
    button.textContent = `At step ${format.step(at ?? 0)}: follow the newest`;
    across.show(state.get("across"));
    sizes.hidden = !bar.dataset.kinds?.includes("image") || !["", "image"].includes(state.get("medium"));
    if (search.value !== state.get("tags")) search.value = state.get("tags");
  }

  isReady() {
    const sighted = [...this.panels.values()].filter((panel) => panel.sight);
    const isDrawn = () =>
      [...this.rows.querySelectorAll('img[loading="eager"]')].every(
        (image) => /** @type {HTMLImageElement} */ (image).complete,
      );
    return (
      runs.loaded && (!this.panels.size || (sighted.length > 0 && sighted.every((panel) => panel.loaded) && isDrawn()))
    );
  }

  // What is shown of the layers of a tag has changed: in all runs that stand side by side.
  /** @param {string} tag */
  relayered(tag) {
    this.each((panel) => {
      if (panel.tag === tag && panel.loaded) panel.draw();
    });
  }

  /** @param {(panel: Panel) => void} act */
  each(act) {
    for (const panel of this.panels.values()) act(panel);
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 * @param {Map<string, any>} kept
 */
export const mount = (view, scope, kept) => new MediaPage(view, scope, kept);
