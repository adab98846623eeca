// The page of panes: free windows of one environment, or of several side by side. An environment is a run.
import * as data from "./data.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { touches } from "../../core/news.js";
import { query } from "../../text/query.js";
import { node } from "../../ui/dom.js";
import { emptyPage } from "../../ui/empty.js";
import { ask, popover, say, trying } from "../../ui/menu.js";
import { Board } from "./board.js";
import { nothing } from "./empty_board.js";
import { entriesOf } from "./entries.js";
import { environmentPicker } from "./environment_picker.js";
import { forked, savedAsReport } from "./environment_acts.js";
import { environmentMenu, paneMenu } from "./pane_menu.js";
import { Places } from "./places.js";
import { source } from "./source.js";
import { toolbar } from "./toolbar.js";

/** @typedef {import("./data.js").Environment} Environment */
/** @typedef {import("./entries.js").Entry} Entry */

const REFRESH_MS = 120; // between two questions for the list of an environment
const AT_ONCE = 12; // environments side by side

export class PanesPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Map<string, any>} kept places that no server keeps
   */
  constructor(view, scope, kept) {
    this.view = view;
    this.scope = scope;
    /** @type {Map<string, Environment>} */
    this.known = new Map();
    /** @type {Map<string, string>} */
    this.problems = new Map(); // of environments that could not be read
    /** @type {Set<string>} */
    this.asking = new Set();
    /** @type {Set<string>} */
    this.stale = new Set(); // changed while they were asked for, or a moment ago
    /** @type {Map<string, number>} */
    this.closed = new Map(); // "run\nid" -> which value it had when it was closed here
    this.places = new Places(scope, kept.get("places") ?? new Map(), say);
    /** @type {Map<string, import("./tiling.js").Place>} */
    this.beside = kept.get("beside") ?? new Map(); // places of several environments side by side
    kept.set("places", this.places.byRun).set("beside", this.beside);
    this.board = new Board(
      { get: () => this.#kept(), set: (places) => this.#keep(places) },
      {
        source,
        ask: data.pane,
        tell: (entry, event) => this.tell(entry, event),
        isHeard: (run) => this.isHeard(run),
        menu: (window, anchor, at) =>
          paneMenu(window, anchor, at ?? null, {
            isOpen: !this.#isReadOnly(),
            enlarge: () => this.#enlarge(window.entry.key),
            rename: () => this.rename(window.entry),
            close: () => this.close(window.entry),
            envs: this.shown(),
          }),
        close: (window) => this.close(window.entry),
        enlarge: (window) => this.#enlarge(window.entry.key),
      },
      scope,
    );
    this.said = ""; // what the board shows
    this.note = node("div", { hidden: true });
    this.tools = toolbar({
      choose: () => this.#choose(),
      tile: () => {
        this.board.tile();
        this.#tellTools();
      },
      more: (anchor) => this.#environment(anchor),
    });
    this.#listen(scope);
    this.arrange();
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, runs.CHANGES, () => this.arrange());
    scope.on(state, ["envs", "panes"], () => this.arrange());
    scope.on(state, "pane", () => this.#showLarge());
    scope.on(live, "changed", (change) => {
      if (touches(change, "pane")) this.#again(change.run);
      for (const window of this.board.windows.values())
        for (const { run, type, content } of window.panes)
          if (type === "value" && run === change.run && touches(change, content?.kind, content?.tag)) window.refresh();
    });
    scope.on(live, "restart", () => this.known.forEach((_, run) => this.#again(run)));
    scope.on(document, "keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || !state.get("pane")) return;
      if (document.querySelector("dialog[open], .menu")) return;
      state.set("pane", "");
    });
    scope.on(document, "themechange", () => {
      for (const window of this.board.windows.values()) window.tint();
    });
  }

  /** Environments that have panes, the newest first. */
  all() {
    return runs.all().flatMap(({ name, series }) => (series.pane?.length ? [name] : []));
  }

  /** Those that are shown: what was chosen, or the newest that the list of runs shows. */
  shown() {
    const all = this.all();
    const chosen = state.get("envs").filter((name) => all.includes(name));
    if (chosen.length) return chosen.slice(0, AT_ONCE);
    return [all.find((name) => runs.isVisible(name)) ?? all[0]].filter(Boolean);
  }

  arrange() {
    const all = this.all();
    if (!all.length) {
      this.view.replaceChildren(runs.loaded ? emptyPage("panes") : "");
      return;
    }
    if (this.board.element.parentElement !== this.view)
      this.view.replaceChildren(this.tools.bar, this.note, this.board.element);
    const shown = this.shown();
    for (const run of shown) if (!this.known.has(run) && !this.problems.has(run)) this.#ask(run);
    const found = shown.flatMap((run) => this.known.get(run) ?? []);
    const open = found.map((each) => ({
      ...each,
      panes: each.panes.filter(({ id, n }) => n > (this.closed.get(`${each.run}\n${id}`) ?? 0)),
    }));
    const filter = query(state.get("panes"));
    const { entries, hidden } = entriesOf(open, filter, source.label);
    const said = JSON.stringify([entries, shown.map(source.label), shown.map(source.number)]);
    if (said !== this.said) this.board.show(entries);
    this.said = said;
    this.#tellTools();
    this.#showLarge();
    // Once the lists are there, why there is nothing to be seen.
    const isThere = shown.every((run) => this.known.has(run) || this.problems.has(run));
    this.note.hidden = entries.length > 0 || !isThere;
    const wrong = shown.flatMap((run) => this.problems.get(run) ?? []);
    this.note.className = this.note.hidden ? "" : "empty";
    if (!this.note.hidden) this.note.replaceChildren(...nothing(wrong, hidden, filter.problem, this.tools.search));
  }

  #tellTools() {
    const shown = this.shown(),
      [first] = shown;
    const isLive = shown.some((run) => source.isLive(run));
    this.tools.chooser.replaceChildren(
      node("span", { class: "hint", text: "Environment" }),
      node("span", {
        class: "environment-name",
        text: shown.length > 1 ? `${shown.length} side by side` : source.label(first ?? ""),
      }),
    );
    this.tools.tile.disabled = this.board.isTiled || !this.board.isFree;
    // What one does here is told to a training only while there is one that listens.
    this.tools.about.textContent = this.#isReadOnly()
      ? "Read-only: clicks, keys and edits are not sent."
      : isLive
        ? ""
        : shown.length > 1
          ? "The runs are over: clicks, keys and edits reach nobody."
          : "The run is over: clicks, keys and edits reach nobody.";
  }

  /** @param {HTMLElement} anchor */
  #environment(anchor) {
    const [name] = this.shown();
    const readOnly = this.#isReadOnly();
    if (name) environmentMenu(anchor, name, { readOnly, fork: () => forked(name), save: () => savedAsReport([name]) });
  }

  #choose() {
    const picker = environmentPicker(this.all(), new Set(this.shown()), source, (names, isAll) => {
      state.set("envs", names);
      state.set("pane", "");
      if (!isAll) return;
      popover(this.tools.chooser, picker, "Environments"); // closes it
      this.tools.chooser.focus();
    });
    popover(this.tools.chooser, picker, "Environments");
  }

  // --- what the server says --------------------------------------------------------------------------------

  /** @param {string} run */
  async #ask(run) {
    if (this.asking.has(run)) return;
    this.asking.add(run);
    this.stale.delete(run);
    try {
      const found = await data.environment(run);
      this.known.set(run, found);
      this.places.hear(found);
      this.problems.delete(run);
    } catch (error) {
      this.problems.set(run, `${source.label(run)}: ${/** @type {Error} */ (error).message}`);
    }
    if (this.scope.isOver) return;
    this.arrange();
    this.scope.setTimeout(() => {
      this.asking.delete(run);
      if (this.stale.has(run)) this.#ask(run);
    }, REFRESH_MS);
  }

  /** @param {string} run */
  #again(run) {
    this.stale.add(run);
    if (this.shown().includes(run)) this.#ask(run);
    else this.known.delete(run);
  }

  #isReadOnly() {
    return this.shown().some((run) => this.known.get(run)?.read_only);
  }

  // --- what somebody does ----------------------------------------------------------------------------------

  /**
   * Whether a training hears what is done in its panes.
   * @param {string} run
   */
  isHeard(run) {
    return source.isLive(run) && this.known.get(run)?.read_only === false;
  }

  /**
   * @param {Entry} entry
   * @param {import("./pane_events.js").PaneEvent} event
   */
  tell({ id, of }, event) {
    for (const { run } of of) if (this.isHeard(run)) trying(() => data.send(run, id, event));
  }

  /** @param {Entry} entry */
  async rename({ id, title, of }) {
    const text = await ask("Title of the pane", title, { hint: "Empty: as the training calls it." });
    if (text === null) return;
    await trying(() => Promise.all(of.map(({ run }) => data.rename(run, id, text.trim() || null))));
    for (const { run } of of) this.#again(run);
  }

  /** @param {Entry} entry */
  close({ id, key, of }) {
    if (this.#isReadOnly()) return say("This server is read-only; nothing can be closed.");
    if (state.get("pane") === key) state.set("pane", "");
    for (const { run, listed } of of) {
      this.closed.set(`${run}\n${id}`, listed.n);
      data.close(run, id).catch((error) => {
        this.closed.delete(`${run}\n${id}`);
        say(error.message);
        this.arrange();
      });
    }
    this.arrange();
  }

  /** @param {string} key */
  #enlarge(key) {
    state.set("pane", state.get("pane") === key ? "" : key);
  }

  #showLarge() {
    this.board.enlarge(state.get("pane"));
    this.view.classList.toggle("has-large", this.board.windows.has(state.get("pane")));
  }

  // Of one environment the server keeps the places; several side by side lie where they were put while the page lasts.
  #kept() {
    const shown = this.shown();
    return shown.length === 1 ? this.places.of(shown[0]) : this.beside;
  }

  /** @param {Map<string, import("./tiling.js").Place>} places */
  #keep(places) {
    const shown = this.shown();
    if (shown.length === 1) this.places.set(shown[0], places);
    else {
      this.beside.clear();
      for (const [key, place] of places) this.beside.set(key, place);
    }
    this.#tellTools();
  }

  isReady() {
    return (
      runs.loaded &&
      this.shown().every((run) => this.known.has(run) || this.problems.has(run)) &&
      [...this.board.windows.values()].every((window) => window.isReady())
    );
  }

  // For automation: what is shown now, and where.
  drawn() {
    return [...this.board.windows.values()].map(({ entry, place, at, view, panes, isSeen }) => ({
      id: entry.id,
      type: entry.type,
      title: entry.title,
      runs: entry.of.map(({ run }) => run),
      place,
      at,
      n: panes[0]?.n ?? null,
      isSeen,
      lines: /** @type {any} */ (view).drawn ?? null,
    }));
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 * @param {Map<string, any>} kept
 */
export const mount = (view, scope, kept) => new PanesPage(view, scope, kept);
