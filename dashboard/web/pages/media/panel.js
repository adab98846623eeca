// A panel: what a run logged under a tag, at a step or at several; each kind is drawn by a module of its own.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import { lookup } from "../../text/lookup.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { node } from "../../ui/dom.js";
import { colour } from "../../charts/palette.js";
import * as audio from "./audio.js";
import * as figures from "./figure.js";
import * as images from "./image.js";
import * as tables from "./table.js";
import * as texts from "./text.js";
import * as videos from "./video.js";
import { switches } from "./layers.js";

/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./data.js").ItemElement} ItemElement */
/** @typedef {(item: Item, panel: Panel, inSight: boolean) => ItemElement} Make */
/** @typedef {number | "newest"} Step */

const REFRESH_MS = 300;
const KEPT_STEPS = 40; // answers kept, so that going back and forth asks once
const STEPS_AT_ONCE = 6; // over steps: the first, the last, and evenly between

const PICTURE = { width: 120, height: 150 }; // px that one takes in the grid, at the least
const PIECE = 40; // items made in one go when the page has nothing else to do
/** @type {(act: () => void) => unknown} */
const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 30));

/** @type {Record<string, { title: string, make: Make }>} */
export const KINDS = lookup({
  image: { title: "Images", make: images.make },
  figure: { title: "Figures", make: figures.make },
  video: { title: "Video", make: videos.make },
  audio: { title: "Audio", make: audio.make },
  table: { title: "Tables", make: tables.make },
  text: { title: "Texts", make: texts.make },
});

// When the pictures there are have come, or a second has passed: those beyond the screen would share the line with them.
/** @param {Element} holder */
function seen(holder) {
  const waiting = [...holder.querySelectorAll("img")].filter((image) => !image.complete);
  const come = waiting.map(
    (image) =>
      new Promise((done) => {
        for (const name of ["load", "error"]) image.addEventListener(name, done, { once: true });
      }),
  );
  return Promise.race([Promise.all(come), new Promise((done) => setTimeout(done, 1000))]);
}

// Takes an element away, with the players, timers and observers of what is in it.
/** @param {Element} element */
function drop(element) {
  const items = [element, ...element.querySelectorAll(".step-items > *")];
  for (const each of items) /** @type {Partial<ItemElement>} */ (each).end?.();
  element.remove();
}

export class Panel {
  /**
   * @param {string} kind a key of KINDS
   * @param {string} tag
   * @param {string} run
   * @param {import("./page.js").MediaPage} page
   * @param {import("../../core/scope.js").Scope} scope the panel's own
   */
  constructor(kind, tag, run, page, scope) {
    this.kind = kind;
    this.tag = tag;
    this.run = run;
    this.page = page;
    this.scope = scope;
    /** @type {number[]} */
    this.steps = [];
    this.sight = false;
    this.loaded = false;
    this.asking = false;
    this.again = false; // asked for while an answer was under way
    this.stale = false;
    this.problem = "";
    this.timer = 0;
    /** @type {Map<number, Item[]>} */
    this.kept = new Map(); // step -> items
    this.shows = page.layers.showsOf(tag); // of the layers over pictures; one for all runs
    /** @type {Map<Element, Item[]>} */
    this.filling = new Map(); // element -> the items that it is being filled with
    scope.onLeave(() => this.#end());
    const [path, last] = format.split(tag);
    this.dot = node("i", { class: "dot" });
    this.slider = node("input", { type: "range", min: 0, step: 1, "aria-label": `Step of ${tag}` });
    this.output = node("output");
    this.newest = node("button", { class: "text-button newest", type: "button", text: "newest", hidden: true });
    this.layers = node("div", { class: "layer-chips" });
    this.items = node("div", { class: `panel-items is-${kind}`, "aria-busy": "true" });
    this.name = node("span", { text: run });
    this.pacer = node("div", { class: "panel-steps" }, this.slider, this.output, this.newest);
    const element = node(
      "article",
      { class: "panel", "aria-label": `${tag} of ${run}` },
      node(
        "div",
        { class: "card-head" },
        node(
          "h3",
          { class: "card-title" },
          node("span", { class: "path", text: path }),
          node("span", { class: "last", text: last }),
        ),
        node("span", { class: "card-run" }, this.dot, this.name),
      ),
      this.pacer,
      this.layers,
      this.items,
    );
    this.element = Object.assign(element, { panel: /** @type {Panel} */ (this) });
    this.slider.addEventListener("input", () => {
      const at = Number(this.slider.value);
      // At the right end the page follows what comes.
      state.set("pace", at === this.steps.length - 1 ? null : this.steps[at]);
    });
    this.newest.addEventListener("click", () => state.set("pace", null));
  }

  #end() {
    this.setInSight(false);
    this.filling.clear();
    for (const each of [...this.items.children]) drop(each);
  }

  /** @param {boolean} sight */
  setInSight(sight) {
    if (this.sight === sight) return; // told by the page already
    this.sight = sight;
    if (sight) this.wanted();
  }

  // The last step that is not after the page's; the first when all are.
  get step() {
    const at = state.get("pace");
    if (at === null || !this.steps.length) return this.steps[this.steps.length - 1];
    return this.steps.findLast((step) => step <= at) ?? this.steps[0];
  }

  // The steps that are to be seen.
  get shown() {
    if (state.get("across") !== "steps" || this.steps.length < 2) return [this.step];
    const count = Math.min(STEPS_AT_ONCE, this.steps.length);
    const last = this.steps.indexOf(this.step);
    return [
      ...new Set(
        Array.from(
          { length: Math.min(count, last + 1) },
          (_, i) => this.steps[Math.round((i * last) / Math.max(1, Math.min(count, last + 1) - 1))],
        ),
      ),
    ];
  }

  async wanted() {
    if (!this.sight) return;
    if (!this.loaded || this.stale) {
      this.load("newest");
      return;
    }
    const missing = this.shown.filter((step) => !this.kept.has(step));
    this.draw();
    for (const step of missing) await this.load(step);
  }

  /** @param {Step} step */
  async load(step) {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    this.stale = false;
    try {
      /** @type {{ steps: number[], items: Item[] }} */
      const { steps, items } = await api.json("media", { run: this.run, tag: this.tag, kind: this.kind, step });
      this.steps = steps;
      const at = step === "newest" ? steps[steps.length - 1] : step;
      // What was logged last at a step stands for it: a repeated step shows its newest items.
      const newest = items.reduce((most, item) => Math.max(most, item.wall_time), -Infinity);
      this.kept.delete(at);
      this.kept.set(
        at,
        items.filter((item) => item.wall_time === newest),
      );
      for (const oldest of [...this.kept.keys()].slice(0, Math.max(0, this.kept.size - KEPT_STEPS)))
        this.kept.delete(oldest);
      this.problem = "";
    } catch (error) {
      this.problem = /** @type {Error} */ (error).message;
    }
    if (this.scope.isOver) return;
    this.loaded = true;
    this.asking = false;
    this.draw();
    const missing = !this.problem && this.shown.some((each) => !this.kept.has(each));
    if (this.again || missing) {
      this.again = false;
      this.wanted();
    }
  }

  later() {
    this.stale = true;
    if (!this.timer)
      this.timer = this.scope.setTimeout(() => {
        this.timer = 0;
        this.wanted();
      }, REFRESH_MS);
  }

  draw() {
    this.dot.style.background = colour(runs.index(this.run));
    this.name.textContent = this.name.title = runs.get(this.run)?.shown ?? this.run;
    this.items.setAttribute("aria-busy", String(!this.loaded));
    const { step } = this;
    this.pacer.hidden = this.steps.length < 2;
    this.slider.max = String(Math.max(0, this.steps.length - 1));
    this.slider.value = String(this.steps.indexOf(step));
    this.output.textContent = step === undefined ? "" : `step ${format.step(step)}`;
    this.newest.hidden = state.get("pace") === null || this.steps.length < 2;
    if (this.problem && !this.kept.size) {
      this.#fail();
      return;
    } // what was read before stays in sight
    this.items.classList.toggle(
      "is-late",
      this.shown.some((each) => !this.kept.has(each)),
    );
    const across = this.shown.length > 1;
    this.items.classList.toggle("is-across", across);
    if (!across) {
      const items = this.kept.get(step);
      if (items) {
        this.fill(this.items, items);
        this.#chips(items);
      }
      return;
    }
    const columns = this.shown;
    for (let last; (last = this.items.lastElementChild); drop(last))
      if (this.items.children.length <= columns.length && this.items.firstElementChild?.matches(".step-column")) break;
    columns.forEach((at, i) => {
      const column =
        this.items.children[i] ??
        this.items.appendChild(
          node("section", { class: "step-column" }, node("h4"), node("div", { class: "step-items" })),
        );
      const [head, holder] = column.children;
      head.textContent = `step ${format.step(at)}`;
      const items = this.kept.get(at);
      if (items) this.fill(/** @type {HTMLElement} */ (holder), items);
    });
    this.#chips(columns.flatMap((at) => this.kept.get(at) ?? []));
  }

  #fail() {
    const again = node("button", { type: "button", class: "text-button", text: "Try again" });
    again.addEventListener("click", () => this.later());
    this.items.replaceChildren(
      node("p", { class: "page-note", text: `${this.tag} could not be read: ${this.problem} ` }, again),
    );
  }

  // The items as elements, those that are there already kept and told what they are now. What fits on the screen comes
  // at once, the rest in pieces while the page is idle: a thousand pictures are 300 ms of work that nobody waits for.
  /**
   * @param {HTMLElement} holder
   * @param {Item[]} items
   */
  fill(holder, items) {
    const isOther = holder === this.items && holder.firstElementChild?.matches(".step-column, .page-note");
    for (const each of [...holder.children].slice(isOther ? 0 : items.length)) drop(each);
    this.filling.set(holder, items);
    holder.dataset.count = items.length === 1 ? "one" : items.length <= 4 ? "few" : "many";
    const { top, width } = holder.getBoundingClientRect();
    const rows = Math.max(1, Math.ceil((innerHeight - Math.max(0, top)) / PICTURE.height));
    this.#piece(holder, items, 0, this.kind === "image" ? rows * Math.max(1, Math.floor(width / PICTURE.width)) : 12);
  }

  /**
   * @param {HTMLElement} holder
   * @param {Item[]} items
   * @param {number} from
   * @param {number} to
   */
  #piece(holder, items, from, to) {
    const made = document.createDocumentFragment();
    for (let i = from; i < Math.min(to, items.length); i++) {
      const old = /** @type {ItemElement | undefined} */ (holder.children[i]);
      if (old) old.update(items[i]);
      else made.append(KINDS[this.kind].make(items[i], this, from === 0));
    }
    holder.append(made);
    if (to >= items.length) {
      this.filling.delete(holder);
      return;
    }
    const next = () =>
      idle(() => {
        if (this.filling.get(holder) === items) this.#piece(holder, items, to, to + PIECE);
      });
    if (from === 0) seen(holder).then(next);
    else next();
  }

  // Switches for what lies over pictures.
  /** @param {Item[]} items */
  #chips(items) {
    if (this.kind === "image")
      switches(this.layers, this.page.layers, this.tag, items, () => this.page.relayered(this.tag));
  }
}
