// The window of a pane: a title to move it by, what the pane shows, its history, and what can be done with it.
import * as format from "../../text/format.js";
import { colour } from "../../charts/palette.js";
import { node } from "../../ui/dom.js";
import { keyOf } from "./pane_events.js";
import { makerOf } from "./kinds.js";

/** @typedef {import("./entries.js").Entry} Entry */
/** @typedef {import("./data.js").Pane} Pane */
/**
 * What a window asks of the page.
 * @typedef {object} Around
 * @property {import("./view.js").Source} source
 * @property {(run: string, id: string, n: number | null) => Promise<Pane>} ask
 * @property {(entry: Entry, event: import("./pane_events.js").PaneEvent) => void} tell
 * @property {(run: string) => boolean} isHeard
 * @property {(window: PaneWindow, anchor: HTMLElement, at?: MouseEvent) => void} menu
 * @property {(window: PaneWindow) => void} close
 * @property {(window: PaneWindow) => void} enlarge
 * @property {(window: PaneWindow) => void} raise
 * @property {(window: PaneWindow, how: "move" | "size", event: PointerEvent) => void} grab
 * @property {(window: PaneWindow, how: "move" | "size", dx: number, dy: number) => void} nudge
 */

/** Types that have no history of their own: their points, or what was last said, are all there is. */
const WITHOUT_HISTORY = new Set(["lines", "properties", "value"]);
const OWN_KEYS = "input, select, textarea, button, a, audio, video"; // what does something with keys itself
const NUDGE = 12; // px that a key moves a window by
const REFRESH_MS = 150; // between two questions for what one pane says
const LARGE = "M3 8V3h5M17 12v5h-5",
  SMALL = "M8 3v5H3M12 17v-5h5";

/**
 * @param {string} name
 * @param {string} path
 */
function iconButton(name, path) {
  const button = node("button", { type: "button", class: "icon-button", "aria-label": name, title: name });
  button.innerHTML = '<svg viewBox="0 0 20 20" aria-hidden="true"><path/></svg>';
  button.querySelector("path")?.setAttribute("d", path);
  return button;
}

export class PaneWindow {
  /**
   * @param {Entry} entry
   * @param {Around} around
   * @param {import("../../core/scope.js").Scope} scope its own
   */
  constructor(entry, around, scope) {
    this.entry = entry;
    this.around = around;
    this.scope = scope;
    /** @type {import("./tiling.js").Place} */
    this.place = { x: 0, y: 0, w: 0, h: 0 };
    /** @type {boolean | null} */
    this.isSeen = null; // until the browser has said so
    this.isLarge = false;
    /** @type {number | null} */
    this.at = null; // which value is shown; null for the newest
    this.said = ""; // what was asked for last
    this.asking = false;
    this.again = false;
    this.isLoaded = false;
    this.timer = 0;
    /** @type {Pane[]} */
    this.panes = [];
    this.view = makerOf(entry.type)({
      scope,
      source: around.source,
      tell: (event) => around.tell(this.entry, event),
      isHeard: around.isHeard,
    });
    this.title = node("h3", { class: "card-title" });
    this.whose = node("span", { class: "pane-whose" });
    this.largeButton = iconButton("Fill the page", LARGE);
    this.menuButton = iconButton("Menu", "M5 10h.01M10 10h.01M15 10h.01");
    this.menuButton.setAttribute("aria-haspopup", "menu");
    this.closeButton = iconButton("Close", "M5 5l10 10M15 5 5 15");
    const tools = node("span", { class: "pane-tools" }, this.menuButton, this.largeButton, this.closeButton);
    this.head = node("div", { class: "pane-head", tabindex: 0, role: "group" }, this.title, this.whose, tools);
    this.body = node("div", { class: "pane-body", tabindex: 0, role: "group" }, this.view.element);
    this.slider = node("input", { type: "range", min: 1, step: 1, "aria-label": "Value" });
    this.output = node("output");
    this.history = node("div", { class: "pane-history", hidden: true }, this.slider, this.output);
    const corner = node("div", { class: "pane-corner", "aria-hidden": "true" });
    const parts = [this.head, this.body, this.history, corner];
    this.element = node("article", { class: `pane is-${entry.type.replace(/\W/g, "")}` }, ...parts);
    this.#listen(corner);
    this.show(entry);
  }

  /** @param {HTMLElement} corner */
  #listen(corner) {
    const { around, head, body, element } = this;
    element.addEventListener("pointerdown", () => around.raise(this), { capture: true });
    element.addEventListener("focusin", () => around.raise(this));
    head.addEventListener("pointerdown", (event) => {
      if (!event.button && !(/** @type {Element} */ (event.target).closest("button"))) around.grab(this, "move", event);
    });
    corner.addEventListener("pointerdown", (event) => {
      if (!event.button) around.grab(this, "size", event);
    });
    head.addEventListener("dblclick", (event) => {
      if (!(/** @type {Element} */ (event.target).closest("button"))) around.enlarge(this);
    });
    head.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      around.menu(this, head, event);
    });
    this.menuButton.addEventListener("click", () => around.menu(this, this.menuButton));
    this.largeButton.addEventListener("click", () => around.enlarge(this));
    this.closeButton.addEventListener("click", () => around.close(this));
    head.addEventListener("keydown", (event) => this.#headKey(event));
    body.addEventListener("keydown", (event) => this.#bodyKey(event));
    this.slider.addEventListener("input", () => {
      const n = Number(this.slider.value);
      this.at = n >= Number(this.slider.max) ? null : n;
      this.#tellHistory(n);
      this.want();
    });
    this.scope.observer(new ResizeObserver(() => this.view.resize?.())).observe(body);
    this.scope.on(document, "themechange", () => this.view.theme?.());
  }

  /** @param {KeyboardEvent} event */
  #headKey(event) {
    if (event.target !== this.head || event.ctrlKey || event.metaKey || event.altKey) return;
    const dx = event.key === "ArrowLeft" ? -NUDGE : event.key === "ArrowRight" ? NUDGE : 0,
      dy = event.key === "ArrowUp" ? -NUDGE : event.key === "ArrowDown" ? NUDGE : 0;
    if (dx || dy) this.around.nudge(this, event.shiftKey ? "size" : "move", dx, dy);
    else if (event.key === "Delete") this.around.close(this);
    else if (event.key === "Enter") this.around.enlarge(this);
    else if (event.key === "m") this.around.menu(this, this.menuButton);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // What is pressed where a pane is looked at is the training's, and not the page's.
  /** @param {KeyboardEvent} event */
  #bodyKey(event) {
    if (event.defaultPrevented || !this.entry.of.some(({ run }) => this.around.isHeard(run))) return;
    if (/** @type {Element} */ (event.target).matches(OWN_KEYS)) return;
    const told = keyOf(event);
    if (!told) return;
    this.around.tell(this.entry, told);
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * The pane, as the list has it now.
   * @param {Entry} entry
   */
  show(entry) {
    this.entry = entry;
    const { title, id, of, isCompared } = entry;
    this.title.textContent = title;
    this.title.title = title === id ? id : `${title} (${id})`;
    this.element.setAttribute("aria-label", title);
    this.head.setAttribute("aria-label", `${title}. Arrows move it, with Shift they resize it, Delete closes it`);
    this.body.setAttribute("aria-label", `Content of ${title}`);
    this.tint();
    this.whose.hidden = !isCompared || of.length > 1; // a legend says it
    const [{ listed }] = of;
    this.slider.max = String(listed.n);
    if (this.at !== null && this.at >= listed.n) this.at = null;
    this.#tellHistory(this.at ?? listed.n);
    this.want();
  }

  // Whose pane it is, where there are several.
  tint() {
    const { source } = this.around;
    this.whose.replaceChildren(
      ...this.entry.of.map(({ run }) => {
        const dot = node("i", { class: "dot" });
        dot.style.backgroundColor = colour(source.number(run));
        return node("span", { title: source.label(run) }, dot, source.label(run));
      }),
    );
  }

  /** @param {number} n */
  #tellHistory(n) {
    const [{ listed }] = this.entry.of;
    this.history.hidden = listed.n < 2 || WITHOUT_HISTORY.has(this.entry.type) || this.entry.of.length > 1;
    this.slider.value = String(n);
    const own = this.panes[0]?.n === n ? this.panes[0] : listed.n === n ? listed : null;
    this.output.textContent = `${n} of ${listed.n}${own ? ` · step ${format.step(own.step)}` : ""}`;
    this.history.classList.toggle("is-past", this.at !== null);
  }

  // What it shows lies elsewhere, and is other than it was.
  refresh() {
    this.said = "";
    this.want();
  }

  /** @param {boolean} isSeen */
  setSeen(isSeen) {
    this.isSeen = isSeen;
    if (isSeen) this.want();
  }

  // Asks for what the pane says, if that may be other than what is shown; not more often than anybody can read.
  want() {
    if (!this.isSeen || this.scope.isOver) return;
    const now = JSON.stringify([this.at, this.entry.of.map(({ run, listed }) => [run, this.at === null && listed.n])]);
    if (now === this.said) return;
    if (this.asking || this.timer) {
      this.again = true;
      return;
    }
    this.#load(now);
  }

  /** @param {string} said */
  async #load(said) {
    this.said = said;
    this.asking = true;
    const { id, of } = this.entry;
    const panes = await Promise.all(
      of.map(({ run }) =>
        this.around.ask(run, id, this.at).catch((error) => this.#broken(run, /** @type {Error} */ (error))),
      ),
    );
    this.asking = false;
    if (this.scope.isOver) return;
    this.isLoaded = true;
    this.panes = panes;
    if (panes.every(({ type }) => type === this.entry.type)) this.view.update(panes);
    else this.#say(panes[0]);
    this.#tellHistory(this.at ?? panes[0].states);
    this.timer = this.scope.setTimeout(() => {
      this.timer = 0;
      if (!this.again) return;
      this.again = false;
      this.want();
    }, REFRESH_MS);
  }

  /**
   * @param {string} run
   * @param {Error} error
   * @returns {Pane}
   */
  #broken(run, error) {
    const { id, title, of } = this.entry;
    const { n, step, wall_time } = of[0].listed;
    const content = error.message;
    return { run, id, title, type: "broken", content, opts: {}, items: [], n, states: n, step, wall_time };
  }

  // What cannot be shown is said, over what was there.
  /** @param {Pane} pane */
  #say(pane) {
    const view = makerOf(pane.type)({
      scope: this.scope,
      source: this.around.source,
      tell: (event) => this.around.tell(this.entry, event),
      isHeard: this.around.isHeard,
    });
    this.view = view;
    this.body.replaceChildren(view.element);
    view.update([pane]);
    view.resize?.();
  }

  /** @param {import("./tiling.js").Place} place */
  put(place) {
    this.place = place;
    const { style } = this.element;
    style.left = `${place.x}px`;
    style.top = `${place.y}px`;
    style.width = `${place.w}px`;
    style.height = `${place.h}px`;
  }

  /** @param {boolean} isLarge */
  setLarge(isLarge) {
    this.isLarge = isLarge;
    this.element.classList.toggle("is-large", isLarge);
    const name = isLarge ? "Back to its place" : "Fill the page";
    this.largeButton.title = name;
    this.largeButton.setAttribute("aria-label", name);
    this.largeButton.querySelector("path")?.setAttribute("d", isLarge ? SMALL : LARGE);
  }

  isReady() {
    if (this.isSeen === null) return false;
    return !this.isSeen || (this.isLoaded && !this.asking && (this.view.isReady?.() ?? true));
  }
}
