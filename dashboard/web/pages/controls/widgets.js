// What a control is changed with: a slider with its number, a switch, choices, a line of text. Nothing is sent before
// it is let go of, set with Enter, or its button is pressed.
import { node } from "../../ui/dom.js";
import { lookup } from "../../text/lookup.js";
import { notch, numberIn, placeOf, PLACES, rangeOf, valueAt } from "./slider.js";
import { valueWords } from "./words.js";

/** @typedef {import("../../core/commands.js").Control} Control */
/**
 * What a widget tells: draft(value) of what is not set yet (undefined: there is no such thing any more), set(value) of
 * what is; wrong(sentence) of what cannot be set.
 * @typedef {{ draft(value: any): void, set(value: any): void, wrong(sentence: string): void }} Hear
 */
/**
 * show: has it show a value, which may be a draft of its own.
 * @typedef {{ element: HTMLElement, show(value: any): void }} Widget
 */

/**
 * The widget of a control; null where there is none for its kind.
 * @param {Control} control
 * @param {Hear} hear
 * @returns {Widget | null}
 */
export const widgetOf = (control, hear) => WIDGETS[control.type]?.(control, hear) ?? null;

/** @type {Readonly<Record<string, (control: Control, hear: Hear) => Widget>>} */
const WIDGETS = lookup({ number: numberField, int: numberField, bool: toggle, choice: choices, text: line });

/**
 * Writes into a field that somebody may be at. What was selected as a whole, to be typed over, is still: else what is
 * typed next would stand behind a value that came in between, and 97 and 45 would be 9745.
 * @param {HTMLInputElement | HTMLTextAreaElement} field
 * @param {string} text
 */
function rewrite(field, text) {
  if (field.value === text) return; // the caret stays where it is
  const isAll =
    field === document.activeElement && field.selectionStart === 0 && field.selectionEnd === field.value.length;
  field.value = text;
  if (isAll) field.select();
}

/** @param {Control} control @param {Hear} hear @returns {Widget} */
function numberField(control, hear) {
  const range = rangeOf(control),
    whole = control.type === "int";
  let shown = NaN;
  const field = node("input", {
    type: "text",
    class: "control-field is-number",
    inputmode: "decimal",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": control.name,
  });
  const slider = node("input", {
    type: "range",
    min: 0,
    max: PLACES,
    step: 1,
    "aria-label": `${control.name}, slider`,
  });
  /** @param {number} value */
  const place = (value) => {
    if (!range) return;
    slider.value = String(placeOf(range, value));
    slider.setAttribute("aria-valuetext", valueWords(value));
    slider.style.setProperty("--share", `${Number(slider.value) / (PLACES / 100)}%`);
  };
  /** @param {number} value */
  const write = (value) => {
    shown = value;
    rewrite(field, typeof value === "number" ? String(value) : valueWords(value));
    place(value);
  };
  // The arrow keys try values; the pointer has chosen one when it lets go.
  let byKey = false;
  slider.addEventListener("pointerdown", () => {
    byKey = false;
  });
  slider.addEventListener("keydown", (event) => {
    byKey = true;
    if (event.key === "Enter") hear.set(shown);
    if (event.key === "Escape") hear.draft(undefined);
  });
  const slid = () => (range ? valueAt(range, Number(slider.value)) : NaN);
  slider.addEventListener("input", () => {
    write(slid());
    hear.draft(shown);
  });
  slider.addEventListener("change", () => {
    if (!byKey) hear.set(slid());
  });
  field.addEventListener("input", () => {
    const value = numberIn(field.value, whole);
    if (value !== null) {
      shown = value;
      place(value);
      hear.draft(value);
    }
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hear.draft(undefined);
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      write(notch(control, shown, event.key === "ArrowUp" ? 1 : -1));
      hear.draft(shown);
      event.preventDefault();
    }
    if (event.key !== "Enter") return;
    const value = numberIn(field.value, whole);
    if (value === null) hear.wrong(`“${field.value.slice(0, 40)}” is no ${whole ? "whole number" : "number"}.`);
    else hear.set(value);
  });
  /** @param {string} sign @param {string} word @param {1 | -1} way */
  const step = (sign, word, way) => {
    const button = node("button", {
      type: "button",
      class: "control-step",
      "aria-label": `${word} ${control.name}`,
      text: sign,
    });
    button.addEventListener("click", () => hear.set(notch(control, shown, way)));
    return button;
  };
  const element = node(
    "div",
    { class: range ? "control-number" : "control-number is-bare" },
    ...(range ? [slider] : []),
    node("span", { class: "control-stepper" }, step("−", "Less", -1), field, step("+", "More", 1)),
  );
  return { element, show: write };
}

/** @param {Control} control @param {Hear} hear @returns {Widget} */
function toggle(control, hear) {
  const button = node("button", {
    type: "button",
    class: "control-switch",
    role: "switch",
    "aria-label": control.name,
  });
  button.append(node("i", { "aria-hidden": "true" }), node("span"));
  button.addEventListener("click", () => hear.set(button.getAttribute("aria-checked") !== "true"));
  return {
    element: node("div", { class: "control-bool" }, button),
    show(value) {
      button.setAttribute("aria-checked", String(value === true));
      /** @type {HTMLElement} */ (button.lastChild).textContent = valueWords(value);
    },
  };
}

const SEGMENTS = 6; // choices side by side, of so many letters all together; more are a list that opens
const SEGMENT_LETTERS = 48;

/** @param {Control} control @param {Hear} hear @returns {Widget} */
function choices(control, hear) {
  const words = control.choices.map(valueWords);
  const isShort = words.length <= SEGMENTS && words.join("").length <= SEGMENT_LETTERS;
  return (isShort ? segments : list)(control, words, hear);
}

/** @param {Control} control @param {string[]} words @param {Hear} hear @returns {Widget} */
function segments(control, words, hear) {
  const buttons = words.map((text, i) => {
    const button = node("button", { type: "button", text, title: text });
    button.addEventListener("click", () => hear.set(control.choices[i]));
    return button;
  });
  return {
    element: node("div", { class: "choice", role: "group", "aria-label": control.name }, ...buttons),
    show(value) {
      buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(isSame(control.choices[i], value))));
    },
  };
}

/** @param {Control} control @param {string[]} words @param {Hear} hear @returns {Widget} */
function list(control, words, hear) {
  const select = node("select", { class: "select", "aria-label": control.name });
  words.forEach((text, i) => select.append(node("option", { value: i, text })));
  select.addEventListener("change", () => hear.draft(control.choices[Number(select.value)]));
  select.addEventListener("keydown", (event) => {
    if (event.key === "Enter") hear.set(control.choices[Number(select.value)]);
    if (event.key === "Escape") hear.draft(undefined);
  });
  return {
    element: node("div", { class: "control-list" }, select),
    show(value) {
      select.selectedIndex = control.choices.findIndex((each) => isSame(each, value));
    },
  };
}

/** @param {Control} control @param {Hear} hear @returns {Widget} */
function line(control, hear) {
  const isLong = typeof control.value === "string" && (control.value.includes("\n") || control.value.length > 80);
  const shape = { class: "control-field", autocomplete: "off", spellcheck: "false", "aria-label": control.name };
  const field = isLong ? node("textarea", { rows: 3, ...shape }) : node("input", { type: "text", ...shape });
  field.addEventListener("input", () => hear.draft(field.value));
  field.addEventListener("keydown", (given) => {
    const event = /** @type {KeyboardEvent} */ (given);
    if (event.key === "Escape") hear.draft(undefined);
    if (event.key !== "Enter" || (isLong && !event.ctrlKey && !event.metaKey)) return;
    hear.set(field.value);
    event.preventDefault();
  });
  return {
    element: node("div", { class: "control-text" }, field),
    show(value) {
      rewrite(field, typeof value === "string" ? value : valueWords(value));
    },
  };
}

/**
 * Whether two JSON values are the same.
 * @param {unknown} one
 * @param {unknown} other
 */
export const isSame = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);
