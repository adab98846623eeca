// A pane with a sheet of properties: what is changed there is told to the training, which says what becomes of it.
import { node } from "../../ui/dom.js";
import { csv } from "../../text/csv.js";
import { changeOf } from "./pane_events.js";
import { textFile } from "./view.js";

/** @typedef {import("./pane_events.js").Property} Property */

/** @param {any} content @returns {Property[]} */
const propertiesOf = (content) =>
  (Array.isArray(content) ? content : Array.isArray(content?.properties) ? content.properties : [])
    .filter((/** @type {any} */ each) => each && typeof each === "object")
    .map((/** @type {any} */ each) => ({ ...each, type: String(each.type ?? "text"), name: String(each.name ?? "") }));

/** @param {unknown} value */
const shownAs = (value) =>
  value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

/**
 * Which of a select's values is chosen: one that is among them, or the number of one.
 * @param {Property} property
 */
const chosenOf = ({ value, values = [] }) => (values.includes(value) ? values.indexOf(value) : Number(value));

/**
 * @param {Property} property
 * @param {(given: string | boolean) => void} change
 * @returns {HTMLElement}
 */
function control(property, change) {
  const { type, name, value } = property;
  if (type === "button") {
    const button = node("button", { type: "button", class: "button", text: shownAs(value) || name });
    button.addEventListener("click", () => change("clicked"));
    return button;
  }
  if (type === "checkbox") {
    const box = node("input", { type: "checkbox", "aria-label": name });
    box.checked = value === true || value === "true";
    box.addEventListener("change", () => change(box.checked));
    return box;
  }
  if (type === "select") {
    const values = Array.isArray(property.values) ? property.values : [];
    const options = values.map((each, i) => node("option", { value: i, text: shownAs(each) }));
    const select = node("select", { "aria-label": name }, ...options);
    select.selectedIndex = chosenOf({ ...property, values });
    select.addEventListener("change", () => change(select.value));
    return select;
  }
  const input = node("input", {
    type: type === "number" ? "number" : "text",
    step: type === "number" ? "any" : null,
    "aria-label": name,
    autocomplete: "off",
    spellcheck: "false",
  });
  input.defaultValue = shownAs(value);
  input.addEventListener("change", () => change(input.value));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") input.blur();
  });
  return input;
}

/** @type {import("./view.js").Make} */
export function make(frame) {
  const sheet = node("div", { class: "pane-sheet" });
  /** @type {import("./view.js").Pane | null} */
  let shown = null;
  /** @type {Property[]} */
  let properties = [];
  let said = "", // what the sheet is to be made of
    drawn = ""; // and what it is made of
  let isHeard = false;
  const draw = () => {
    const rows = properties.map((property, id) => {
      const change = (/** @type {string | boolean} */ given) => {
        const event = changeOf(id, property, given);
        if (event) frame.tell(event);
        else again(); // it is no such value: back to the one that holds
      };
      const made = control(property, change);
      if (!isHeard) made.toggleAttribute("disabled", true);
      const name = node("span", { class: "pane-property", text: property.name, title: property.name });
      return property.type === "button" ? node("div", {}, name, made) : node("label", {}, name, made);
    });
    sheet.replaceChildren(...(rows.length ? rows : [node("p", { class: "page-note", text: "No properties" })]));
  };
  const isWriting = () => {
    const { activeElement: field } = document;
    return field instanceof HTMLInputElement && sheet.contains(field) && field.value !== field.defaultValue;
  };
  sheet.addEventListener("focusout", () => {
    if (drawn !== said) frame.scope.setTimeout(again);
  });
  const again = () => {
    drawn = said;
    const at = [...sheet.querySelectorAll("input, select, button")].indexOf(
      /** @type {Element} */ (document.activeElement),
    );
    draw();
    if (at >= 0) /** @type {HTMLElement[]} */ ([...sheet.querySelectorAll("input, select, button")])[at]?.focus();
  };
  return {
    element: sheet,
    update: ([pane]) => {
      shown = pane;
      isHeard = frame.isHeard(pane.run);
      properties = propertiesOf(pane.content);
      const now = JSON.stringify([properties, isHeard]);
      if (now === said) return;
      said = now;
      // What somebody is writing is not written over.
      if (!isWriting()) again();
    },
    files: () => [
      textFile("csv", "text/csv", () =>
        csv([["name", "type", "value"], ...properties.map(({ name, type, value }) => [name, type, shownAs(value)])]),
      ),
      textFile("json", "application/json", () => JSON.stringify(shown?.content, null, 1)),
    ],
  };
}
