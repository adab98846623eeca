// The list of runs at the left: legend, selection and overview in one. Only the rows in sight are there.
import * as format from "../text/format.js";
import * as findings from "../core/findings.js";
import * as live from "../core/live.js";
import * as runs from "../core/runs.js";
import * as state from "../core/state.js";
import { legend } from "../charts/line_set.js";
import { colour, dashNumber } from "../charts/palette.js";
import { FindingsBadge } from "./findings_badge.js";
import { Sparks, drawSpark } from "./sparks.js";
import { part } from "./dom.js";
import { resizable } from "./resizable.js";
import { runMenu } from "./run_menu.js";
import { aboutRun, moreAboutRun } from "./run_words.js";
import { clipped, clippedPath, within } from "../text/ellipsis.js";
import { lookup } from "../text/lookup.js";

const ROW = 46;
const POINTS_MS = 250; // between two paintings of the rows for new points
const OLDER = 5000; // ms after which what the rows say of times is told anew
/**
 * @typedef {import("../core/runs.js").Run} Run
 * @typedef {{
 *   element: HTMLElement, box: HTMLInputElement, more: HTMLButtonElement, path: HTMLElement, last: HTMLElement,
 *   status: HTMLElement, words: HTMLElement, value: HTMLElement, canvas: HTMLCanvasElement, badge: FindingsBadge,
 *   named: string,
 * }} Row of a run, and its parts; named: the name that it shows, and which part of that stays
 */

const ROW_MARKUP = `
<input type="checkbox" class="swatch">
<div>
  <div class="name"><span class="path"></span><span class="last"></span></div>
  <div class="about"><i class="status" role="img"></i><span class="words"></span></div>
</div>
<div class="right"><span class="value"></span><canvas aria-hidden="true"></canvas></div>
<button class="run-more icon-button">
  <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 10h.01M10 10h.01M16 10h.01"/></svg>
</button>`;
export class RunList {
  /** @param {import("../core/scope.js").Scope} scope */
  constructor(scope) {
    this.scope = scope;
    this.list = part(document, "#runs-list", HTMLElement);
    this.count = part(document, "#runs-count", HTMLElement);
    this.all = part(document, "#runs-all", HTMLElement); // shows or hides all
    this.holder = this.list.appendChild(Object.assign(document.createElement("div"), { className: "runs-rows" }));
    /** @type {Map<string, Row>} */
    this.rows = new Map(); // by name
    /** @type {Map<string, number>} */
    this.numbers = new Map(); // run -> colour, when groups or settings give it
    /** @type {Set<string>} */
    this.shared = new Set(); // colours that several runs have
    /** @type {string[]} */
    this.shown = []; // what the filter lets through
    this.focused = ""; // the run that the keyboard is at
    this.anchor = ""; // where a range begins
    this.scheduled = 0; // a frame
    this.pending = 0; // a timer
    this.sparks = new Sparks(scope, {
      inSight: () => this.rows.keys(),
      draw: () => this.render(),
    });
    this.#listen();
  }

  #listen() {
    const { scope, list } = this;
    const draw = () => this.render();
    this.all.addEventListener("click", () => runs.showAll(state.get("off").length > 0));
    list.addEventListener("scroll", draw, { passive: true });
    list.addEventListener("keydown", (event) => this.#keyed(event));
    scope.observer(new ResizeObserver(draw)).observe(list);
    const search = part(document, "#run-search", HTMLInputElement);
    search.value = state.get("runs");
    search.addEventListener("input", () => state.set("runs", search.value));
    scope.on(state, "runs", (text) => {
      if (search.value !== text) search.value = text;
    });
    resizable(part(document, "#runs-resize", HTMLElement));
    scope.on(runs, runs.CHANGES, () => {
      this.shown = runs.names().filter(runs.matches);
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
    scope.on(document, "themechange", draw);
    scope.on(findings, "change", draw);
    scope.on(state, ["group", "colourBy", "page"], draw);
  }

  render() {
    if (!this.scheduled)
      this.scheduled = this.scope.requestAnimationFrame(() => {
        this.scheduled = 0;
        this.paint();
      });
  }

  paint() {
    const all = runs.names();
    const chosen = new Set(state.get("chosen"));
    const grouped = state.get("page") === "curves" && (state.get("group") || state.get("colourBy"));
    this.numbers = grouped
      ? legend(runs.visible(), { group: state.get("group"), colourBy: state.get("colourBy") })
      : new Map();
    const worn = new Map();
    for (const run of runs.visible()) worn.set(colour(run.colour), (worn.get(colour(run.colour)) ?? 0) + 1);
    this.shared = new Set([...worn].filter(([, count]) => count > 1).map(([each]) => each));
    this.holder.style.height = `${this.shown.length * ROW}px`;
    const first = Math.max(0, Math.floor(this.list.scrollTop / ROW) - 4);
    const last = Math.min(this.shown.length, Math.ceil((this.list.scrollTop + this.list.clientHeight) / ROW) + 4);
    const wanted = new Set(this.shown.slice(first, last));
    for (const [name, { element }] of this.rows)
      if (!wanted.has(name) && !element.contains(document.activeElement)) {
        element.remove();
        this.rows.delete(name);
      }
    // One stop of the Tab key for the whole list; arrows go on from there.
    const stop =
      this.shown.indexOf(this.focused) >= first && this.shown.indexOf(this.focused) < last
        ? this.focused
        : this.shown[Math.min(last - 1, Math.ceil(this.list.scrollTop / ROW))];
    for (let i = first; i < last; i++) {
      const name = this.shown[i],
        run = runs.get(name);
      if (!run) continue;
      let row = this.rows.get(name);
      if (!row) {
        row = this.row(name);
        this.rows.set(name, row);
        this.holder.append(row.element);
      }
      row.element.style.top = `${i * ROW}px`;
      row.element.setAttribute("aria-posinset", String(i + 1));
      row.element.setAttribute("aria-setsize", String(this.shown.length));
      row.box.tabIndex = name === stop ? 0 : -1;
      this.fill(row, run, chosen);
    }
    this.sparks.want([...wanted]);
    const off = all.filter(runs.isOff).length;
    const hidden = all.length - this.shown.length;
    const said = [
      format.plural(all.length, "run"),
      chosen.size ? `${chosen.size} selected` : "",
      off ? `${off} hidden` : "",
      hidden ? `${hidden} filtered out` : "",
    ];
    this.count.textContent = runs.loaded ? said.filter(Boolean).join(" · ") : "";
    this.all.textContent = off ? "Show all" : "Hide all";
    this.all.hidden = all.length < 2;
    let none = this.list.querySelector(".runs-none");
    const problem = runs.filterProblem();
    if (problem || (runs.loaded && all.length && !this.shown.length)) {
      none ??= this.list.appendChild(Object.assign(document.createElement("div"), { className: "runs-none" }));
      none.textContent = problem || `No run's name, tags or settings hold “${state.get("runs").trim()}”.`;
    } else none?.remove();
  }

  /**
   * @param {string} name
   * @returns {Row}
   */
  row(name) {
    const element = document.createElement("div");
    element.className = "run";
    element.setAttribute("role", "listitem");
    element.innerHTML = ROW_MARKUP;
    const box = part(element, "input", HTMLInputElement);
    box.setAttribute("aria-label", `Show ${name}`);
    box.addEventListener("change", () => runs.toggle(name));
    box.addEventListener("focus", () => {
      this.focused = name;
    });
    const more = part(element, ".run-more", HTMLButtonElement);
    more.setAttribute("aria-label", `More about ${name}`);
    more.tabIndex = -1; // the key m opens the same
    more.addEventListener("click", (event) => {
      event.stopPropagation();
      runMenu(more, name);
    });
    element.addEventListener("click", (event) => {
      if (event.target !== box) this.choose(name, event);
    });
    element.addEventListener("dblclick", (event) => {
      if (event.target !== box) {
        state.set("chosen", []);
        runs.isolate(name);
      }
    });
    element.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      runMenu(more, name, event);
    });
    element.addEventListener("pointerenter", () => runs.highlight(name));
    element.addEventListener("pointerleave", () => runs.highlight(null));
    const badge = new FindingsBadge(name);
    part(element, ".name", HTMLElement).append(badge.element);
    return {
      element,
      box,
      more,
      path: part(element, ".path", HTMLElement),
      last: part(element, ".last", HTMLElement),
      status: part(element, ".status", HTMLElement),
      words: part(element, ".words", HTMLElement),
      value: part(element, ".value", HTMLElement),
      canvas: part(element, "canvas", HTMLCanvasElement),
      badge,
      named: "",
    };
  }

  // A click chooses a run, which then stands out in every chart; with Ctrl one more, with Shift all in between.
  /**
   * @param {string} name
   * @param {MouseEvent | KeyboardEvent} event
   */
  choose(name, event) {
    const chosen = state.get("chosen");
    if (event.shiftKey && this.anchor && this.shown.includes(this.anchor)) {
      const [a, b] = [this.shown.indexOf(this.anchor), this.shown.indexOf(name)].sort((x, y) => x - y);
      state.set("chosen", this.shown.slice(a, b + 1));
    } else if (event.ctrlKey || event.metaKey)
      state.set("chosen", chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name]);
    else state.set("chosen", chosen.length === 1 && chosen[0] === name ? [] : [name]);
    this.anchor = name;
  }

  /**
   * @param {Row} row
   * @param {Run} run
   * @param {Set<string>} chosen
   */
  fill(row, run, chosen) {
    const { element } = row;
    const [path, last] = format.split(run.shown);
    /** @type {import("../text/ellipsis.js").Part} */
    const kept = runs.partOf(run.shown) ?? [run.shown.length, run.shown.length];
    const key = `${run.shown}\n${kept}`;
    if (row.named !== key) {
      row.named = key;
      const { children, kept: letters } = clippedPath(path, kept);
      row.path.replaceChildren(...children);
      // So much of it is always there, less than it is wide: a little, or what tells it apart.
      row.path.style.minWidth = letters ? `min(${letters}ch, 60%)` : `${Math.min(4, path.length / 2)}ch`;
      row.last.replaceChildren(clipped(last, within(kept, path.length, run.shown.length)));
    }
    const visible = runs.isVisible(run.name);
    element.classList.toggle("is-off", !visible);
    element.classList.toggle("is-chosen", chosen.has(run.name));
    const number = this.numbers.get(run.name) ?? run.colour;
    element.style.setProperty("--run", colour(number));
    row.box.dataset.dash = String(this.dashesOf(run, number));
    element.classList.toggle("is-bare", !runs.headline || !run.has.has(runs.headline));
    row.box.checked = visible;
    const standing = runs.standing(run);
    row.status.dataset.status = standing;
    row.status.setAttribute("aria-label", standing);
    const newest = runs.headline ? run.scalars[runs.headline] : null;
    row.words.textContent = aboutRun(run);
    row.badge.show(run);
    row.value.textContent = newest ? format.value(runs.number(newest.value)) : "";
    element.title = moreAboutRun(run);
    drawSpark(row.canvas, this.sparks.of(run.name), number);
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

  // Arrows go from run to run, Home and End to the ends; i isolates, m opens the menu, Space shows or hides.
  /** @param {KeyboardEvent} event */
  #keyed(event) {
    const at = this.shown.indexOf(this.focused);
    if (at < 0) return;
    /** @type {{ [key: string]: number }} */
    const places = lookup({
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: this.shown.length - 1,
      PageDown: at + 10,
      PageUp: at - 10,
    });
    const go = places[event.key];
    if (go !== undefined) {
      this.focus(Math.min(this.shown.length - 1, Math.max(0, go)));
      event.preventDefault();
    } else if (event.key === "i") {
      runs.isolate(this.focused);
      event.stopPropagation();
    } else if (event.key === "Enter" && event.target instanceof HTMLInputElement) this.choose(this.focused, event);
    else if (event.key === "m") {
      const row = this.rows.get(this.focused);
      if (row) runMenu(row.more, this.focused);
      event.preventDefault();
      event.stopPropagation();
    }
  }

  /** @param {number} i */
  focus(i) {
    this.focused = this.shown[i];
    if (i * ROW < this.list.scrollTop) this.list.scrollTop = i * ROW;
    if ((i + 1) * ROW > this.list.scrollTop + this.list.clientHeight)
      this.list.scrollTop = (i + 1) * ROW - this.list.clientHeight;
    this.paint();
    this.rows.get(this.focused)?.box.focus({ preventScroll: true });
  }
}
