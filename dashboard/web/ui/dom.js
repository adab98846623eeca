// Elements from plain values: text is set as text, attributes as attributes, nothing is parsed.

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {{ text?: string, [attribute: string]: unknown }} [attributes] null, undefined and false: without it
 * @param {...(Node | string)} children
 */
export function node(name, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== null && value !== undefined && value !== false)
      element.setAttribute(key, value === true ? "" : String(value));
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

/**
 * An element that our own markup holds.
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T}
 */
export function part(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new TypeError(`there is no ${kind.name} ${selector}`);
  return found;
}

/** @typedef {HTMLDivElement & { show(key: string): void }} Choice show: without telling of it */

/**
 * A row of choices of which one holds.
 * @param {string} label
 * @param {[key: string, title: string][]} options
 * @param {string} value
 * @param {(key: string) => void} act when another is chosen
 * @returns {Choice}
 */
export function choice(label, options, value, act) {
  const buttons = options.map(([key, title]) =>
    node("button", {
      type: "button",
      role: "radio",
      "aria-checked": String(key === value),
      "data-key": key,
      text: title,
    }),
  );
  const group = node("div", { class: "choice", role: "radiogroup", "aria-label": label }, ...buttons);
  /** @param {string} key */
  const show = (key) => {
    for (const button of buttons) {
      button.setAttribute("aria-checked", String(button.dataset.key === key));
      button.tabIndex = button.dataset.key === key ? 0 : -1;
    }
  };
  buttons.forEach((button, i) => {
    button.addEventListener("click", () => {
      const [key] = options[i];
      show(key);
      act(key);
    });
  });
  group.addEventListener("keydown", (event) => {
    const isOn = event.key === "ArrowRight" || event.key === "ArrowDown";
    const step = isOn ? 1 : event.key === "ArrowLeft" || event.key === "ArrowUp" ? -1 : 0;
    if (!step) return;
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    const next = buttons[(at + step + buttons.length) % buttons.length];
    next.focus();
    next.click();
    event.preventDefault();
  });
  show(value);
  return Object.assign(group, { show });
}
