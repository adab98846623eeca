// The page of media: pictures, sounds, videos, texts, tables and figures, side by side over runs or over steps.
import * as live from "../../core/live.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { choice, node } from "../../ui/dom.js";
import { emptyPage } from "../../ui/empty.js";
import { LayerMemory } from "./layers.js";
import { KINDS, Panel } from "./panel.js";
import { isSurface } from "../../text/path_tags.js";
import { touches } from "../../core/news.js";
import { query } from "../../text/query.js";

const RUNS_AT_ONCE = 3; // side by side; more would leave each too small to be seen
const SIZES = [
  ["", "Fit"],
  ["s", "S"],
  ["m", "M"],
  ["l", "L"],
]; // of pictures; of this browser, not of a link

// Why nothing is to be seen, and the button that shows it again.
function nothing(filter, hidden, shown) {
  const box = node("div", { class: "empty" });
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

function toolbar(kinds) {
  const bar = node("div", { class: "media-tools" });
  bar.dataset.kinds = kinds.join();
  if (kinds.length > 1) {
    bar.kind = choice(
      "Kind",
      [["", "All"], ...kinds.map((kind) => [kind, KINDS[kind].title])],
      state.get("medium"),
      (kind) => state.set("medium", kind),
    );
    bar.append(bar.kind);
  }
  bar.across = choice(
    "Side by side",
    [
      ["runs", "One step"],
      ["steps", "Over steps"],
    ],
    state.get("across"),
    (value) => state.set("across", value),
  );
  bar.append(bar.across);
  const size = (value) => {
    state.local.set("pictures", value);
    document.body.dataset.pictures = value;
  };
  bar.sizes = bar.appendChild(choice("Size of pictures", SIZES, state.local.get("pictures", ""), size));
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
  return bar;
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
    /** @type {any} */
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
          for (const { target, isIntersecting } of entries) target.panel.setInSight(isIntersecting);
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
    const tagsOf = (kind) => runs.tags(kind).filter((tag) => !isSurface(tag));
    const kinds = Object.keys(KINDS).filter((kind) => tagsOf(kind).length);
    if (!kinds.length) {
      this.tools = null;
      return this.view.replaceChildren(runs.loaded ? emptyPage("media") : "");
    }
    const filter = query(state.get("tags"));
    const only = kinds.includes(state.get("medium")) ? state.get("medium") : "";
    const shown = runs
      .visible()
      .toReversed()
      .filter((run) => kinds.some((kind) => run.series[kind]?.length));
    const side = shown.slice(0, RUNS_AT_ONCE);
    const groups = [];
    let hidden = 0;
    for (const kind of kinds) {
      if (only && kind !== only) continue;
      for (const tag of tagsOf(kind)) {
        const of = side.filter((run) => run.series[kind]?.includes(tag)).map((run) => [kind, tag, run.name]);
        if (of.length && filter.test(tag)) groups.push(of);
        else if (of.length) hidden += 1;
      }
    }
    const layout = JSON.stringify([groups, hidden, shown.length, kinds, only, filter.problem]);
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
      for (const parts of of) {
        const key = parts.join("\n");
        if (!this.panels.has(key)) this.panels.set(key, new Panel(...parts, this, this.scope.child()));
        row.append(this.panels.get(key).element);
        this.inSight.observe(this.panels.get(key).element);
      }
      row.dataset.kind = of[0][0];
      return row;
    });
    if (this.tools?.dataset.kinds !== kinds.join()) this.tools = toolbar(kinds);
    if (!this.rows.isConnected || !this.tools.isConnected) this.view.replaceChildren(this.tools, this.rows);
    this.tools.kind?.show(only);
    this.showTools();
    const note =
      shown.length > side.length
        ? `The ${side.length} newest of ${shown.length} visible runs, side by side. Hide some in the list to see others.`
        : "";
    this.rows.replaceChildren(
      ...(groups.length ? [] : [nothing(filter, hidden, shown.length)]),
      ...(note ? [node("p", { class: "page-note", text: note })] : []),
      ...made,
    );
    this.askEarly();
  }

  // What is in sight need not wait for the observer, which speaks after the frame (measured: 100 ms of the first paint).
  askEarly() {
    const { bottom } = this.view.getBoundingClientRect();
    for (const panel of this.panels.values())
      if (!panel.sight && panel.element.getBoundingClientRect().top < bottom) panel.setInSight(true);
  }

  // What the tools say of the page's state, which a link or a saved view changes too.
  showTools() {
    if (!this.tools) return;
    const at = state.get("pace");
    const button = this.tools.querySelector(".pace"),
      search = this.tools.querySelector("#media-tags");
    button.hidden = at === null;
    button.textContent = `At step ${format.step(at ?? 0)}: follow the newest`;
    this.tools.across.show(state.get("across"));
    this.tools.sizes.hidden =
      !this.tools.dataset.kinds.includes("image") || !["", "image"].includes(state.get("medium"));
    if (search.value !== state.get("tags")) search.value = state.get("tags");
  }

  isReady() {
    const sighted = [...this.panels.values()].filter((panel) => panel.sight);
    const isDrawn = () => [...this.rows.querySelectorAll('img[loading="eager"]')].every((image) => image.complete);
    return (
      runs.loaded && (!this.panels.size || (sighted.length > 0 && sighted.every((panel) => panel.loaded) && isDrawn()))
    );
  }

  // What is shown of the layers of a tag has changed: in all runs that stand side by side.
  relayered(tag) {
    this.each((panel) => {
      if (panel.tag === tag && panel.loaded) panel.draw();
    });
  }

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
