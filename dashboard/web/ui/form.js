// Small forms of the page's own: a label with its control, bound to the page's state both ways.
import * as state from "../core/state.js";

export function field(text, control, hint = "") {
  const label = document.createElement("label");
  label.className = "field";
  label.append(Object.assign(document.createElement("span"), { textContent: text }), control);
  if (hint) label.append(Object.assign(document.createElement("span"), { className: "hint", textContent: hint }));
  return label;
}

// choices: [value, text]
export function select(key, choices) {
  const control = document.createElement("select");
  const values = choices.map(([value]) => value);
  if (!values.includes(state.get(key))) choices = [...choices, [state.get(key), state.get(key)]];
  for (const [value, text] of choices)
    control.append(Object.assign(document.createElement("option"), { value, textContent: text }));
  control.value = state.get(key);
  control.addEventListener("change", () => state.set(key, control.value));
  return control;
}

export function check(key, text) {
  const label = document.createElement("label");
  label.className = "check";
  const box = label.appendChild(
    Object.assign(document.createElement("input"), { type: "checkbox", checked: state.get(key) }),
  );
  label.append(text);
  box.addEventListener("change", () => state.set(key, box.checked));
  return label;
}

// A line of text with words to choose from; takes effect on Enter and when it is left.
export function words(key, known, placeholder) {
  const box = document.createElement("span");
  const input = box.appendChild(
    Object.assign(document.createElement("input"), {
      type: "text",
      value: state.get(key),
      placeholder,
      spellcheck: false,
      autocomplete: "off",
    }),
  );
  const list = box.appendChild(Object.assign(document.createElement("datalist"), { id: `words-${key}` }));
  input.setAttribute("list", list.id);
  for (const value of known.slice(0, 2000)) list.append(Object.assign(document.createElement("option"), { value }));
  input.addEventListener("change", () => state.set(key, input.value.trim()));
  return box;
}

export function section(title, ...parts) {
  const element = document.createElement("fieldset");
  element.append(Object.assign(document.createElement("legend"), { textContent: title }), ...parts);
  return element;
}
