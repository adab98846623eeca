// The list of runs at the left: legend, selection and overview in one, flat or as a tree. Only the rows in sight are
// there.
import * as findings from "../core/findings.js";
import * as live from "../core/live.js";
import * as runs from "../core/runs.js";
import * as state from "../core/state.js";
import { legend } from "../charts/line_set.js";
import { colour, colouring, dashNumber } from "../charts/palette.js";
import { FolderRow } from "./folder_row.js";
import { RunHead } from "./run_head.js";
import { RunRow } from "./run_row.js";
import { Sparks } from "./sparks.js";
import { part } from "./dom.js";
import { resizable } from "./resizable.js";
import { runMenu } from "./run_menu.js";
import { lookup } from "../text/lookup.js";
import { Places } from "./run_places.js";

const POINTS_MS = 250; // between two paintings of the rows for new points
const OLDER = 5000; // ms after which what the rows say of times is told anew
/** @typedef {import("../core/runs.js").Run} Run */

export class RunList {
  /** @param {import("../core/scope.js").Scope} scope */
  constructor(scope) {
    this.scope = scope;
    this.list = part(document, "#runs-list", HTMLElement);
    this.holder = this.list.appendChild(Object.assign(document.createElement("div"), { className: "runs-rows" }));
    /** @type {Map<string, RunRow | FolderRow>} */
    this.rows = new Map(); // by key
    /** @type {Map<string, number>} */
    this.numbers = new Map(); // run -> colour, when groups or settings give it
    /** @type {Set<string>} */
    this.shared = new Set(); // colours that several runs have
    this.places = new Places();
    this.head = new RunHead(scope, () => this.places.told());
    this.focused = ""; // the row that the keyboard is at
    this.anchor = ""; // where a range begins
    this.isDressed = false; // whether colours are as the runs are now
    this.scheduled = 0; // a frame
    this.pending = 0; // a timer
    this.sparks = new Sparks(scope, {
      inSight: () => [...this.rows.keys()].filter((key) => runs.get(key)),
      draw: () => this.render(),
    });
    this.#listen();
  }

  #listen() {
    const { scope, list } = this;
    const draw = () => this.render();
    const redress = () => {
      this.isDressed = false;
      draw();
    };
    list.addEventListener("scroll", draw, { passive: true });
    list.addEventListener("keydown", (event) => this.#keyed(event));
    scope.observer(new ResizeObserver(draw)).observe(list);
    resizable(part(document, "#runs-resize", HTMLElement));
    scope.on(runs, [...runs.CHANGES, "order"], ({ kind }) => {
      if (kind !== "chosen") this.places.change(kind);
      redress();
    });
    scope.on(state, "asTree", () => {
      this.places.change("order");
      draw();
    });
    // What training says can wait until the eye would notice; the curves cannot.
    scope.on(live, "points", () => {
      this.pending ||= scope.setTimeout(() => {
        this.pending = 0;
        draw();
      }, POINTS_MS);
    });
    scope.setInterval(() => {
      if (!document.hidden) draw();
    }, OLDER); // "3 min ago" grows old by itself
    scope.on(document, "themechange", redress);
    scope.on(findings, "change", draw);
    scope.on(state, ["group", "colourBy", "page"], redress);
  }

  render() {
    if (!this.scheduled)
      this.scheduled = this.scope.requestAnimationFrame(() => {
        this.scheduled = 0;
        this.paint();
      });
  }

  // Which colours runs have here, and which of these several have: gone through only when something changed.
  #dress() {
    if (this.isDressed) return;
    this.isDressed = true;
    const visible = runs.visible();
    const grouped = state.get("page") === "curves" && (state.get("group") || state.get("colourBy"));
    this.numbers = grouped
      ? legend(visible, { group: state.get("group"), colourBy: state.get("colourBy") })
      : new Map();
    const worn = new Map();
    const colourOf = colouring();
    for (const run of visible) worn.set(colourOf(run.colour), (worn.get(colourOf(run.colour)) ?? 0) + 1);
    this.shared = new Set([...worn].filter(([, count]) => count > 1).map(([each]) => each));
  }

  paint() {
    this.#dress();
    const { list, places } = this;
    places.arrange();
    this.holder.style.height = `${places.height}px`;
    const [first, last] = places.between(list.scrollTop, list.scrollTop + list.clientHeight);
    const inSight = places.rows.slice(first, last),
      wanted = new Set(inSight.map(({ key }) => key));
    for (const [key, { element }] of this.rows)
      if (!wanted.has(key) && !element.contains(document.activeElement)) {
        element.remove();
        this.rows.delete(key);
      }
    // One stop of the Tab key for the whole list; arrows go on from there.
    const stop = wanted.has(this.focused) ? this.focused : (places.rows[places.at(list.scrollTop)]?.key ?? "");
    const look = {
      chosen: new Set(state.get("chosen")),
      number: (/** @type {Run} */ run) => this.numbers.get(run.name) ?? run.colour,
      dashes: (/** @type {Run} */ run, /** @type {number} */ number) => this.dashesOf(run, number),
      sketch: (/** @type {string} */ name) => this.sparks.of(name),
    };
    /** @type {Element | null} */
    let before = null;
    for (let i = first; i < last; i++) {
      const row = places.rows[i],
        shown = this.rows.get(row.key) ?? this.#made(row);
      const { element } = shown;
      // In the order in which they are seen, as they are read out; what is moved would lose the focus.
      const next = /** @type {Element | null} */ (before ? before.nextElementSibling : this.holder.firstElementChild);
      if (next !== element && !element.contains(document.activeElement)) this.holder.insertBefore(element, next);
      before = element;
      element.style.top = `${places.top(i)}px`;
      element.style.setProperty("--level", String(Math.min(row.level, 8)));
      element.setAttribute("aria-posinset", String(row.place));
      element.setAttribute("aria-setsize", String(row.of));
      element.setAttribute("aria-level", String(row.level + 1));
      shown.focusable.tabIndex = row.key === stop ? 0 : -1;
      if (shown instanceof RunRow) shown.show(row, look);
      else shown.show(row, { isOpen: places.isOpen(row.key), off: places.off(row.key) });
    }
    this.sparks.want(inSight.filter(({ folder }) => !folder).map(({ key }) => key));
    this.head.show();
  }

  /** @param {import("./run_tree.js").Row} row */
  #made({ key, folder }) {
    const made = folder
      ? new FolderRow(key, (path) => this.#fold(path))
      : new RunRow(key, (name, event) => this.choose(name, event));
    made.focusable.addEventListener("focus", () => {
      this.focused = key;
    });
    this.rows.set(key, made);
    return made;
  }

  /** @param {string} path */
  #fold(path) {
    this.places.fold(path);
    this.render();
  }

  // A click chooses a run, which then stands out in every chart; with Ctrl one more, with Shift all in between.
  /**
   * @param {string} name
   * @param {MouseEvent | KeyboardEvent} event
   */
  choose(name, event) {
    const chosen = state.get("chosen"),
      { rows } = this.places;
    const [from, to] = [this.places.indexOf(this.anchor), this.places.indexOf(name)].sort((x, y) => x - y);
    if (event.shiftKey && from >= 0)
      state.set(
        "chosen",
        rows.slice(from, to + 1).flatMap(({ key, folder }) => (folder ? [] : [key])),
      );
    else if (event.ctrlKey || event.metaKey)
      state.set("chosen", chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name]);
    else state.set("chosen", chosen.length === 1 && chosen[0] === name ? [] : [name]);
    this.anchor = name;
  }

  // Which dashes a run's lines have, 0 for none: where others that are shown have its colour, as in the charts.
  /**
   * @param {Run} run
   * @param {number} number
   */
  dashesOf(run, number) {
    if (this.numbers.size || state.get("colourBy") || state.get("dashBy"))
      return this.numbers.has(run.name) && !state.get("colourBy") ? dashNumber(number) : 0;
    return this.shared.has(colour(number)) ? dashNumber(number) : 0;
  }

  // Arrows go from row to row, Home and End to the ends, right and left into folders and out of them; i isolates, m
  // opens the menu, Space shows or hides.
  /** @param {KeyboardEvent} event */
  #keyed(event) {
    const { rows } = this.places,
      at = this.places.indexOf(this.focused);
    if (at < 0) return;
    /** @type {{ [key: string]: number }} */
    const places = lookup({
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: at + 10,
      PageUp: at - 10,
    });
    const row = rows[at],
      shown = this.rows.get(row.key),
      isOpen = row.folder !== null && this.places.isOpen(row.key);
    let go = places[event.key];
    if (event.key === "ArrowRight" && row.folder) {
      if (isOpen) go = at + 1;
      else this.#fold(row.key);
    } else if (event.key === "ArrowLeft") {
      if (isOpen) this.#fold(row.key);
      else go = this.places.above(at);
    }
    if (go !== undefined) this.focus(Math.min(rows.length - 1, Math.max(0, go)));
    else if (event.key === "i") row.folder ? runs.showOnly([row.key]) : runs.isolate(row.key);
    else if (event.key === " " && shown instanceof FolderRow) shown.box.click();
    else if (event.key === "Enter" && !row.folder) this.choose(row.key, event);
    else if (event.key === "m" && shown instanceof RunRow) runMenu(shown.more, row.key);
    else if (event.key === "m" && shown instanceof FolderRow) shown.menu();
    else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} i */
  focus(i) {
    const { list, places } = this;
    this.focused = places.rows[i].key;
    if (places.top(i) < list.scrollTop) list.scrollTop = places.top(i);
    if (places.top(i + 1) > list.scrollTop + list.clientHeight) list.scrollTop = places.top(i + 1) - list.clientHeight;
    this.paint();
    this.rows.get(this.focused)?.focusable.focus({ preventScroll: true });
  }
}
