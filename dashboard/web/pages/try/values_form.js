// A form for what is no picture: a field for each of a few numbers, a line of words, or lists of numbers as JSON.
import { node } from "../../ui/dom.js";
import { parse } from "../../core/dictionary.js";
import { flat, shapeWords } from "./signature.js";

/** @typedef {import("./signature.js").Wanted} Wanted */
/** @typedef {import("./askers.js").Tensor} Tensor */

const MOST_LETTERS = 500_000;

/**
 * element: the form; value: what is in it, null while it is empty; show: fills it with a kept input.
 * @typedef {{ element: HTMLElement, value(): Tensor | null, show(kept: any): void }} Form
 */

/**
 * @param {Wanted} wanted
 * @param {() => void} changed
 * @returns {Form}
 */
export function formOf(wanted, changed) {
  const make = wanted.kind === "numbers" ? fields : lines;
  return make(wanted, changed);
}

/** @param {string} name @param {string} about @param {...Node} parts */
const section = (name, about, ...parts) =>
  node(
    "fieldset",
    { class: "try-form" },
    node("legend", {}, node("span", { text: name }), node("span", { class: "hint", text: about })),
    ...parts,
  );

// A number as people write it: 0.5, -1e-3, also nan and inf.
/** @param {string} text */
function numberIn(text) {
  const plain = text.trim().replace("−", "-").toLowerCase();
  if (/^[-+]?(inf|infinity|∞)$/.test(plain)) return plain.startsWith("-") ? -Infinity : Infinity;
  if (plain === "nan") return NaN;
  return plain === "" || Number.isNaN(Number(plain)) ? null : Number(plain);
}

/** @param {Wanted} wanted @param {() => void} changed @returns {Form} */
function fields({ input, count }, changed) {
  const all = Array.from({ length: count }, (_, i) =>
    node("input", {
      type: "text",
      inputmode: "decimal",
      class: "try-field",
      placeholder: "0",
      autocomplete: "off",
      "aria-label": `${input.name}, number ${i + 1} of ${count}`,
    }),
  );
  all.forEach((field, i) => {
    field.addEventListener("input", () => {
      field.setAttribute("aria-invalid", String(field.value.trim() !== "" && numberIn(field.value) === null));
      changed();
    });
    // A row that was copied elsewhere fills all from here on.
    field.addEventListener("paste", (event) => {
      const words = (event.clipboardData?.getData("text") ?? "").split(/[\s,;]+/).filter(Boolean);
      if (words.length < 2) return;
      event.preventDefault();
      words.slice(0, count - i).forEach((word, at) => {
        all[i + at].value = word;
      });
      changed();
    });
  });
  const grid = node(
    "div",
    { class: "try-fields" },
    ...all.map((field, i) => node("label", {}, node("span", { text: String(i + 1) }), field)),
  );
  return {
    element: section(input.name, shapeWords(input), grid),
    value() {
      if (all.every((field) => !field.value.trim())) return null;
      const values = all.map((field, i) => {
        const value = field.value.trim() ? numberIn(field.value) : 0;
        if (value === null)
          throw new Error(`${input.name}, number ${i + 1}: “${field.value.slice(0, 40)}” is no number.`);
        return value;
      });
      return { dtype: input.dtype, shape: [1, count], values };
    },
    show(kept) {
      flat(kept).values.forEach((value, i) => {
        if (all[i]) all[i].value = String(value);
      });
    },
  };
}

/** @param {Wanted} wanted @param {() => void} changed @returns {Form} */
function lines({ input, kind }, changed) {
  const isWords = kind === "words";
  const field = node("textarea", {
    class: "try-field is-lines",
    rows: isWords ? 3 : 6,
    maxlength: MOST_LETTERS,
    spellcheck: "false",
    placeholder: isWords ? "Some words" : "[[0.5, 1.25, …]]",
    "aria-label": isWords ? input.name : `${input.name}, numbers as JSON`,
  });
  field.addEventListener("input", changed);
  return {
    element: section(input.name, isWords ? "words" : `${shapeWords(input)}, as JSON`, field),
    value() {
      const text = field.value.trim();
      if (!text) return null;
      if (isWords) return { dtype: input.dtype, shape: [1], values: [field.value] };
      let lists;
      try {
        lists = parse(text);
      } catch {
        throw new Error(`${input.name}: this is not JSON yet.`);
      }
      let found;
      try {
        found = flat(lists);
      } catch (error) {
        throw new Error(`${input.name}: ${/** @type {Error} */ (error).message}.`);
      }
      // One without the axis of the batch is a batch of one.
      const shape = found.shape.length === input.shape.length - 1 ? [1, ...found.shape] : found.shape;
      return { dtype: input.dtype, shape, values: found.values };
    },
    show(kept) {
      field.value = isWords ? String([kept].flat()[0] ?? "") : JSON.stringify(kept);
    },
  };
}
