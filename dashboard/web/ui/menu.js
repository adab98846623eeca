// Small windows of our own: a menu at a button, a dialog in the middle, a word at the bottom. All made of text nodes.
import { Scope } from "../core/scope.js";

/**
 * @typedef {Element | { getBoundingClientRect(): DOMRect }} Anchor what something is shown at
 * @typedef {HTMLElement & { anchor: Anchor, scope: Scope }} Opened at which element, and listening for the click that
 *   closes it
 * @typedef {{
 *   text: string | Node, act: () => unknown, checked?: boolean, disabled?: boolean, hint?: string,
 * }} Item of a menu; a line between some is "-"
 */

const opened = () => /** @type {Opened | null} */ (document.querySelector("body > .menu"));

/** @param {Anchor} anchor */
const focus = (anchor) => {
  if (anchor instanceof HTMLElement) anchor.focus();
};

/**
 * @param {Anchor} anchor
 * @param {string} className
 * @returns {Opened}
 */
const box = (anchor, className) =>
  Object.assign(document.createElement("div"), { className, anchor, scope: new Scope() });

export function close() {
  const box = opened();
  box?.scope.leave();
  box?.remove();
}

// A menu at an element, or at the pointer. Asked for again at the same element it is closed.
/**
 * @param {Anchor} anchor
 * @param {(Item | "-" | HTMLElement)[]} items
 * @param {MouseEvent | null} [at]
 */
export function menu(anchor, items, at = null) {
  const same = opened()?.anchor === anchor && !at;
  close();
  if (same) return null;
  const made = box(anchor, "menu");
  made.setAttribute("role", "menu");
  for (const item of items) {
    if (item === "-") {
      made.append(document.createElement("hr"));
      continue;
    }
    if (item instanceof HTMLElement) {
      made.append(item);
      continue;
    }
    const button = document.createElement("button");
    button.setAttribute("role", item.checked === undefined ? "menuitem" : "menuitemcheckbox");
    if (item.checked !== undefined) button.setAttribute("aria-checked", String(item.checked));
    button.disabled = Boolean(item.disabled);
    button.append(item.text);
    if (item.hint)
      button.append(Object.assign(document.createElement("span"), { className: "hint", textContent: item.hint }));
    button.addEventListener("click", () => {
      close();
      focus(anchor);
      item.act();
    });
    made.append(button);
  }
  place(
    made,
    at ? { left: at.clientX, right: at.clientX, bottom: at.clientY, top: at.clientY } : anchor.getBoundingClientRect(),
  );
  made.addEventListener("keydown", (event) => {
    const buttons = /** @type {HTMLButtonElement[]} */ ([...made.querySelectorAll("button:not(:disabled)")]);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) {
      const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
      buttons.at((at + step) % buttons.length)?.focus();
      event.preventDefault();
    }
    if (event.key === "Escape") {
      close();
      focus(anchor);
      event.stopPropagation();
    }
  });
  focusFirst(made);
  return made;
}

// The first that can be chosen or filled in.
/** @param {HTMLElement} holder */
function focusFirst(holder) {
  const first = holder.querySelector("button:not(:disabled), input, select");
  if (first instanceof HTMLElement) first.focus();
}

// Any element at another, until something else is clicked.
/**
 * @param {HTMLElement} anchor
 * @param {Node} content
 * @param {string} label
 */
export function popover(anchor, content, label) {
  const same = opened()?.anchor === anchor;
  close();
  anchor.setAttribute("aria-expanded", String(!same));
  if (same) return null;
  const made = box(anchor, "menu popover");
  made.setAttribute("role", "dialog");
  made.setAttribute("aria-label", label);
  made.append(content);
  place(made, anchor.getBoundingClientRect());
  made.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
      anchor.setAttribute("aria-expanded", "false");
      anchor.focus();
      event.stopPropagation();
    }
  });
  focusFirst(made);
  return made;
}

/**
 * @param {Opened} made
 * @param {{ left: number, right: number, top: number, bottom: number }} place
 */
function place(made, { left, right, top, bottom }) {
  document.body.append(made);
  made.scope.on(document, "pointerdown", ({ target }) => {
    const { anchor } = made;
    if (made.contains(target)) return;
    if (anchor instanceof Element) {
      if (anchor.contains(target)) return;
      anchor.setAttribute("aria-expanded", "false");
    }
    close();
  });
  const { width, height } = made.getBoundingClientRect();
  const above = Math.max(8, Math.min(top - height - 4, innerHeight - height - 8)),
    below = Math.max(8, bottom + 4);
  made.style.left = `${Math.max(8, left + width > innerWidth - 8 ? right - width : left)}px`;
  made.style.top = `${bottom + 4 + height > innerHeight - 8 ? above : below}px`;
}

// A dialog in the middle: a title and what it holds. Gives the dialog; it is gone when closed.
/**
 * @param {string} title
 * @param {string | Node} content
 * @param {boolean} [wide]
 */
export function dialog(title, content, wide = false) {
  close();
  const box = document.body.appendChild(document.createElement("dialog"));
  box.className = wide ? "sheet is-wide" : "sheet";
  const head = box.appendChild(document.createElement("header"));
  head.append(Object.assign(document.createElement("h2"), { textContent: title }));
  const button = head.appendChild(
    Object.assign(document.createElement("button"), { className: "icon-button", title: "Close (Esc)" }),
  );
  button.setAttribute("aria-label", "Close");
  button.innerHTML = '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M5 5l10 10M15 5 5 15"/></svg>';
  button.addEventListener("click", () => box.close());
  box.setAttribute("aria-label", title);
  box.append(content);
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", (event) => {
    if (event.target === box) box.close();
  });
  box.showModal();
  return box;
}

// Asks for a line (or some lines) of text; gives it, or null.
/**
 * @param {string} title
 * @param {string} [value]
 * @param {{ hint?: string, lines?: number, act?: string }} [how]
 * @returns {Promise<string | null>}
 */
export function ask(title, value = "", { hint = "", lines = 1, act = "Save" } = {}) {
  return new Promise((done) => {
    const form = document.createElement("form");
    form.method = "dialog";
    const field =
      lines > 1 ? Object.assign(document.createElement("textarea"), { rows: lines }) : document.createElement("input");
    form.append(field);
    field.value = value;
    field.setAttribute("aria-label", title);
    if (hint) form.append(Object.assign(document.createElement("p"), { className: "hint", textContent: hint }));
    form.append(Object.assign(document.createElement("button"), { className: "button is-main", textContent: act }));
    /** @type {string | null} */
    let answer = null;
    form.addEventListener("submit", () => {
      answer = field.value;
    });
    const box = dialog(title, form);
    box.addEventListener("close", () => done(answer));
    field.focus();
    field.select();
  });
}

// A word at the bottom, with what undoes it.
/**
 * @param {string} text
 * @param {(() => unknown) | null} [undo]
 */
export function say(text, undo = null) {
  document.querySelector(".toast")?.remove();
  const box = document.body.appendChild(document.createElement("div"));
  box.className = "toast";
  box.setAttribute("role", "status");
  box.append(text);
  if (undo) {
    const button = box.appendChild(
      Object.assign(document.createElement("button"), { className: "text-button", textContent: "Undo" }),
    );
    button.addEventListener("click", () => {
      box.remove();
      undo();
    });
  }
  setTimeout(() => box.remove(), undo ? 12000 : 5000);
}

// Does what may fail; says why it did.
/**
 * @template T
 * @param {() => T | Promise<T>} act
 * @returns {Promise<T | undefined>}
 */
export async function trying(act) {
  try {
    return await act();
  } catch (error) {
    say(/** @type {Error} */ (error).message);
    return undefined;
  }
}
