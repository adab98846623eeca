// What is asked: a sheet to draw on or a picture, and a form for what else the model takes; and the tools of both.
import { node } from "../../ui/dom.js";
import { formOf } from "./values_form.js";
import { Pad } from "./pad.js";
import { fitted, numbersOf, shapeOf } from "./preprocess.js";
import { painted, pngOf } from "./pictures.js";
import { levelsOf } from "./kept_input.js";
import { wantedBy } from "./signature.js";

/** @typedef {import("./signature.js").Model} Model */
/** @typedef {import("./askers.js").Inputs} Inputs */
/** @typedef {import("./preprocess.js").Preprocess} Preprocess */
/** @typedef {{ inputs: Inputs, levels: Uint8Array | null, how: Preprocess | null }} Asked levels: of the picture */

const SMALL = 32; // px a side, of networks that learned from drawings
const MARGIN = 4 / 28; // of data sets with a frame around their drawings, as those of 28 px have

export class Question {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.pad = new Pad(() => {
      this.#forget();
      changed();
    });
    /** @type {Map<string, import("./values_form.js").Form>} */
    this.forms = new Map(); // by input
    this.key = ""; // of the signature that the forms are for
    this.isCentred = false;
    this.takesPicture = false;
    /** @type {Map<string, Uint8Array>} */
    this.seen = new Map(); // levels of the picture, by how it is seen, until it changes
    this.tools = node("div", { class: "try-tools" });
    this.side = node("div", { class: "try-forms" });
    this.problem = node("p", { class: "try-problem wrong", role: "status" });
    this.sheet = node("div", { class: "try-drawing" }, this.pad.element, this.tools);
    this.element = node("div", { class: "try-question" }, this.sheet, this.side, this.problem);
    this.centre = this.#check("Centre the drawing", "As data sets of digits have it: in the middle, as large as fits");
    this.dark = this.#check("Light on dark", "For networks that learned so, as on white digits on black");
    this.brush = node("input", { type: "range", min: 2, max: 25, step: 1, value: 10, "aria-label": "Brush" });
    this.#build();
  }

  /** @param {string} text @param {string} title */
  #check(text, title) {
    const box = node("input", { type: "checkbox" });
    return { box, label: node("label", { class: "check", title }, box, text) };
  }

  #build() {
    const { pad, brush } = this;
    const undo = node("button", { type: "button", class: "tool-button", text: "Undo", title: "Take back (Ctrl Z)" });
    const clear = node("button", { type: "button", class: "tool-button", text: "Clear", title: "Clear (Delete)" });
    undo.addEventListener("click", () => pad.undo());
    clear.addEventListener("click", () => pad.clear());
    brush.addEventListener("input", () => {
      pad.brush = Number(brush.value) / 100;
    });
    this.centre.box.addEventListener("change", () => {
      this.isCentred = this.centre.box.checked;
      this.#forget();
      this.changed();
    });
    this.dark.box.addEventListener("change", () => pad.setDark(this.dark.box.checked));
    this.tools.append(
      node(
        "div",
        { class: "try-row" },
        undo,
        clear,
        node("span", { class: "bar-space" }),
        node("label", { class: "try-brush" }, "Brush", brush),
      ),
      node("div", { class: "try-row is-checks" }, this.centre.label, this.dark.label),
    );
  }

  #forget() {
    this.seen.clear();
  }

  /**
   * Which model the question is for: its forms, and what a drawing looks like for it.
   * @param {Model} model
   */
  show(model) {
    const key = JSON.stringify([model.inputs, model.preprocess]);
    if (key === this.key) return;
    this.key = key;
    const wanted = wantedBy(model);
    const picture = wanted.find(({ kind }) => kind === "picture")?.preprocess ?? null;
    this.takesPicture = picture !== null;
    this.sheet.hidden = !picture;
    this.forms = new Map(
      wanted.filter(({ kind }) => kind !== "picture").map((each) => [each.input.name, formOf(each, this.changed)]),
    );
    this.side.replaceChildren(...[...this.forms.values()].map(({ element }) => element));
    if (!picture || !this.pad.isEmpty) return;
    const isSmall = picture.mode === "L" && Math.max(...picture.size) <= SMALL;
    this.isCentred = this.centre.box.checked = isSmall;
    this.dark.box.checked = picture.mode === "L" && !picture.invert;
    this.pad.brush = isSmall ? 0.1 : 0.03;
    this.brush.value = String(this.pad.brush * 100);
    this.pad.setDark(this.dark.box.checked);
  }

  /** Whether there is nothing to ask yet. */
  get isEmpty() {
    if (this.takesPicture && !this.pad.isEmpty) return false;
    return ![...this.forms.values()].some((form) => {
      try {
        return form.value() !== null;
      } catch {
        return true;
      }
    });
  }

  /**
   * The question as a model takes it.
   * @param {Model} model
   * @returns {Asked | null} null while there is none
   * @throws a sentence where something in a form is not what the model takes
   */
  asked(model) {
    /** @type {Inputs} */
    const inputs = new Map();
    let levels = null,
      how = null;
    for (const { kind, input, preprocess } of wantedBy(model)) {
      if (kind === "picture" && preprocess) {
        if (this.pad.isEmpty) return null;
        how = preprocess;
        levels = this.#levels(how);
        const [height, width] = how.size,
          shown = levels,
          isInverted = how.invert;
        inputs.set(input.name, {
          dtype: input.dtype,
          shape: shapeOf(how),
          values: numbersOf(levels, how),
          picture: () => pngOf(shown, width, height, isInverted),
        });
        continue;
      }
      const form = this.forms.get(input.name);
      if (!form) throw new Error(`This model takes “${input.name}” as well, which the first one does not.`);
      const value = form.value();
      if (!value) return null;
      inputs.set(input.name, value);
    }
    return { inputs, levels, how };
  }

  // Models that see it alike share it.
  /** @param {Preprocess} how */
  #levels(how) {
    const { size, mode, resize, fit, invert } = how,
      key = JSON.stringify([size, mode, resize, fit, invert]);
    let levels = this.seen.get(key);
    if (!levels) {
      const margin = Math.min(...size) < 20 ? 0 : MARGIN;
      levels = fitted(this.pad.picture(this.isCentred, margin), how);
      this.seen.set(key, levels);
    }
    return levels;
  }

  /**
   * Asks a kept case again.
   * @param {Model} model
   * @param {Record<string, any>} input as it was kept
   */
  async showKept(model, input) {
    this.show(model);
    for (const { kind, input: of, preprocess } of wantedBy(model)) {
      const kept = input[of.name];
      if (kept === undefined) continue;
      if (kind !== "picture" || !preprocess) {
        this.forms.get(of.name)?.show(kept);
        continue;
      }
      const [height, width] = preprocess.size;
      const levels = await levelsOf(kept, preprocess);
      this.pad.show(painted(levels, width, height, preprocess.invert));
    }
    this.changed();
  }

  /** @param {string} sentence why it cannot be asked; "" where it can */
  tell(sentence) {
    if (this.problem.textContent !== sentence) this.problem.textContent = sentence;
  }
}
