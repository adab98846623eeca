// A picture at large: beside another run or step or the difference from it, its neighbours, and what was predicted of
// it step by step. Where it is zoomed and moved is stage.js.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";
import { BROKEN, bars, captionOf, sizeOf } from "./captions.js";
import { Comparison, nameOf } from "./comparison.js";
import { logged } from "./data.js";
import { difference } from "./difference.js";
import { drawHistory } from "./history.js";
import { iconButton, largeDialog } from "./large_dialog.js";
import { knob } from "./knob.js";
import { classesAt, isScored, switches } from "./layers.js";
import { Stage } from "./stage.js";

/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./panel.js").Panel} Panel */

/**
 * @param {Panel} panel
 * @param {Item} item
 * @param {{ alone?: boolean }} [options] alone: a picture that has no steps of its own, such as one in a table's cell
 */
export async function open(panel, item, { alone = false } = {}) {
  const large = new Large(panel, item, alone);
  await large.begin();
}

class Large {
  /**
   * @param {Panel} panel
   * @param {Item} item
   * @param {boolean} alone
   */
  constructor(panel, item, alone) {
    this.panel = panel;
    this.item = item;
    this.alone = alone;
    this.shows = panel.shows;
    /** @type {Item[]} */
    this.all = []; // of every step, once they have come
    this.stage = new Stage(panel, {
      onBroken: () => {
        this.note.textContent = BROKEN;
      },
      onPoint: (event) => this.#point(event),
      onLeave: () => {
        this.pointed.textContent = "";
      },
    });
    this.slider = node("input", { type: "range", min: 0, step: 1, "aria-label": "Step" });
    this.output = node("output");
    this.stepRow = node("label", { class: "large-step" }, this.slider, this.output);
    this.comparison = new Comparison(panel, {
      onMode: () => {
        this.stage.k = 0;
        this.show();
      },
      onOther: () => this.show(),
      onProblem: (text) => {
        this.note.textContent = text;
      },
    });
    this.comparison.modes.hidden = alone;
    this.note = node("p", { class: "large-note" });
    this.pointed = node("p", { class: "large-pointed" });
    this.guesses = node("div", { class: "guesses" });
    this.history = node("canvas", { class: "large-history", role: "img" });
    this.legend = node("div", { class: "large-legend" });
    this.layers = node("div", { class: "layer-chips" });
    this.least = node("input", {
      type: "range",
      min: 0,
      max: 1,
      step: 0.01,
      value: this.shows.least,
      "aria-label": "Minimum score of a box",
    });
    this.leastSaid = node("output");
    const score = node("span", { text: "Score ≥" });
    this.score = node("label", { class: "large-knob" }, score, this.least, this.leastSaid);
    this.place = node("span", { class: "dim large-place" });
    this.before = iconButton("Previous picture (↑)", "‹", () => this.neighbour(-1));
    this.after = iconButton("Next picture (↓)", "›", () => this.neighbour(1));
    this.save = node("a", { class: "text-button", text: "Download" });
    this.knobs = [
      knob("Brightness", (times) => {
        this.stage.light = times;
        this.stage.filter();
      }),
      knob("Contrast", (times) => {
        this.stage.contrast = times;
        this.stage.filter();
      }),
    ];
    this.reset = node("button", { type: "button", class: "text-button", text: "Reset view" });
    this.scope = panel.page.scope.child(); // with the page that it was opened from it closes
    this.dialog = this.#open();
    this.#listen();
  }

  #open() {
    const { panel } = this;
    const aside = node(
      "aside",
      {},
      this.stepRow,
      this.comparison.element,
      this.note,
      this.layers,
      this.score,
      ...this.knobs.map((each) => each.element),
      node("div", { class: "large-acts" }, this.reset, this.save),
      this.guesses,
      this.history,
      this.legend,
      this.pointed,
    );
    return largeDialog(panel.tag, {
      label: `${panel.tag} of ${nameOf(panel.run)}`,
      head: [
        node("span", { class: "dim large-run", text: nameOf(panel.run) }),
        this.comparison.modes,
        node("span", { class: "bar-space" }),
        this.before,
        this.place,
        this.after,
      ],
      body: node("div", { class: "large-body" }, this.stage.element, aside),
      onClose: () => this.scope.leave(),
    });
  }

  #listen() {
    this.reset.addEventListener("click", () => {
      for (const each of this.knobs) each.reset();
      this.stage.fit();
    });
    this.least.addEventListener("input", () => {
      this.shows.least = Number(this.least.value);
      this.#relayer();
    });
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.scope.onLeave(() => this.dialog.close());
    this.scope.on(document, "themechange", () => this.show());
    const sized = new ResizeObserver(() => {
      this.stage.fit();
      this.#history();
    });
    this.scope.observer(sized).observe(this.stage.element);
    this.dialog.addEventListener("keydown", (event) => {
      if (/** @type {Element} */ (event.target).matches("input, select, [role=radio]")) return;
      const { key } = event;
      if (key === "ArrowLeft" || key === "ArrowRight") this.go(this.at + (key === "ArrowLeft" ? -1 : 1));
      else if (key === "ArrowUp" || key === "ArrowDown") this.neighbour(key === "ArrowUp" ? -1 : 1);
      else if (key === "+" || key === "=") this.stage.zoom(1.25);
      else if (key === "-") this.stage.zoom(0.8);
      else if (key === "0") this.stage.fit();
      else return;
      event.preventDefault();
    });
  }

  async begin() {
    this.show();
    if (!this.alone) this.comparison.offer(() => this.item);
    await this.#follow();
  }

  // The steps of the picture that is shown, and what it is compared with: the step before.
  async #follow() {
    const { item } = this;
    let all = [item];
    if (!this.alone)
      try {
        all = await logged(this.panel, this.panel.run, item.position);
      } catch {
        /* the server is away: what is here can still be looked at */
      }
    if (this.item !== item) return;
    this.all = all.length ? all : [item];
    this.slider.max = String(this.all.length - 1);
    const { comparison, panel } = this;
    if (comparison.run !== panel.run) await comparison.ask(this.item);
    else comparison.within(this.all, Math.max(0, this.at - 1));
  }

  // Which of the steps is shown.
  get at() {
    return this.all.findIndex((each) => each.step === this.item.step);
  }

  /** @param {number} at */
  go(at) {
    this.item = this.all[Math.max(0, Math.min(this.all.length - 1, at))] ?? this.item;
    this.show();
  }

  // The pictures that were logged together with this one.
  get together() {
    const items = this.alone ? [] : (this.panel.kept.get(this.item.step) ?? []);
    return items.some((item) => item.position === this.item.position) ? items : [this.item];
  }

  /** @param {number} by */
  neighbour(by) {
    const items = this.together;
    const next = items[items.findIndex((item) => item.position === this.item.position) + by];
    if (!next) return;
    const { width, height } = this.item.attributes;
    if (next.attributes.width !== width || next.attributes.height !== height) this.stage.k = 0;
    this.item = next;
    this.comparison.forget();
    this.show();
    this.#follow();
  }

  show() {
    const [one, two] = this.stage.frames;
    const { item, panel, comparison } = this;
    const { other, mode } = comparison;
    const about = item.attributes;
    this.slider.value = String(this.at);
    this.output.textContent = `step ${format.step(item.step)}`;
    this.slider.setAttribute("aria-valuetext", this.output.textContent);
    this.stepRow.hidden = this.all.length < 2;
    comparison.show();
    two.element.hidden = mode !== "two";
    two.world.hidden = !other;
    const says = mode === "one" ? "" : saysOf(panel.run, item);
    const otherSays = other ? saysOf(comparison.run, other) : "";
    const of = mode !== "diff" ? says : other ? `${says} − ${otherSays}` : "";
    this.stage.fill(one, panel.run, item, of);
    if (mode !== "one" && other) this.stage.fill(two, comparison.run, other, otherSays);
    if (mode === "diff" && other) this.#difference(item, other);
    else this.note.textContent = [sizeOf(about), captionOf(about)].filter(Boolean).join(" · ");
    this.#neighbours();
    this.save.href = api.blobAddress(panel.run, item.hash);
    const ending = (item.form ?? "image/webp").split("/")[1];
    this.save.download = `${panel.tag.replaceAll("/", "-")}-step-${item.step}-${item.position}.${ending}`;
    bars(this.guesses, about.predictions ?? [], about.label);
    this.#switches();
    this.stage.place();
    this.#history();
  }

  // Where the picture stands among those logged together.
  #neighbours() {
    const { together } = this,
      at = together.findIndex((each) => each.position === this.item.position);
    this.place.textContent = together.length > 1 ? `${format.step(at + 1)} of ${format.step(together.length)}` : "";
    this.before.hidden = this.after.hidden = together.length < 2;
    this.before.disabled = at <= 0;
    this.after.disabled = at >= together.length - 1;
  }

  /**
   * @param {Item} item
   * @param {Item} other
   */
  async #difference(item, other) {
    const { comparison } = this;
    const { width = 0, height = 0 } = item.attributes;
    this.stage.hideLayers();
    if (other.attributes.width !== width || other.attributes.height !== height) {
      this.note.textContent = "The two pictures have different sizes: there is no difference to show.";
      return;
    }
    let found;
    try {
      found = await difference(
        api.blobAddress(this.panel.run, item.hash),
        api.blobAddress(comparison.run, other.hash),
        width,
        height,
      );
    } catch (error) {
      this.note.textContent = `The difference could not be computed: ${/** @type {Error} */ (error).message}`;
      return;
    }
    if (comparison.mode !== "diff" || this.item !== item || comparison.other !== other) return;
    this.stage.showDifference(found.pixels);
    this.note.textContent = found.most
      ? `Mean difference ${format.value(found.mean, 3)} of 255, largest ${found.most}; ` +
        `${format.plural(found.changed, "pixel")} differ. Shown ${format.value(found.gain, 3)} × brighter.`
      : "The two pictures are identical.";
  }

  /**
   * The pixel under the pointer, and the class that each mask says.
   * @param {PointerEvent} event
   */
  async #point(event) {
    const { item } = this;
    const pixel = this.comparison.mode === "diff" ? null : this.stage.pixelAt(event);
    if (!pixel) {
      this.pointed.textContent = "";
      return;
    }
    const { x, y, shade } = pixel;
    const said = await classesAt(this.panel.page.layers, item, this.panel.run, this.shows, x, y);
    if (this.item !== item) return;
    const classes = said.map(([layer, name]) => `${layer}: ${name}`);
    this.pointed.textContent = [`x ${format.step(x)}, y ${format.step(y)}`, shade, ...classes]
      .filter(Boolean)
      .join(" · ");
  }

  #relayer() {
    this.show();
    this.panel.page.relayered(this.panel.tag);
  }

  #switches() {
    const { mode, other } = this.comparison;
    const items = [this.item, ...(mode !== "one" && other ? [other] : [])];
    switches(this.layers, this.panel.page.layers, this.panel.tag, items, () => this.#relayer());
    this.score.hidden = !isScored(items);
    this.leastSaid.textContent = format.value(this.shows.least, 2);
  }

  #history() {
    drawHistory(this.history, this.legend, this.all, this.item);
  }
}

/**
 * @param {string} run
 * @param {Item} item
 */
const saysOf = (run, item) => `${nameOf(run)}, step ${format.step(item.step)}`;
