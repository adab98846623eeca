// Small windows of our own: a menu at a button, a dialog in the middle, a word at the bottom. All made of text nodes.
import { Scope } from "../core/scope.js";

/** What is open: beside which element, and listening for the click that closes it. @typedef {HTMLElement & { anchor: any, scope: Scope }} Opened */

/** @returns {Opened | null} */
const opened = () => document.querySelector("body > .menu");

export function close() {
  const box = opened();
  box?.scope.leave();
  box?.remove();
}

// A menu at an element. items: [{ text, act, checked, disabled, hint } | "-" | element].
export function menu(anchor, items, at = null) {
  const same = opened()?.anchor === anchor && !at;
  close();
  if (same) return;
  const box = document.createElement("div");
  box.className = "menu";
  box.setAttribute("role", "menu");
  box.anchor = anchor;
  for (const item of items) {
    if (item === "-") {
      box.append(document.createElement("hr"));
      continue;
    }
    if (item instanceof HTMLElement) {
      box.append(item);
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
      anchor.focus?.();
      item.act();
    });
    box.append(button);
  }
  place(
    box,
    at ? { left: at.clientX, right: at.clientX, bottom: at.clientY, top: at.clientY } : anchor.getBoundingClientRect(),
  );
  box.addEventListener("keydown", (event) => {
    const buttons = [...box.querySelectorAll("button:not(:disabled)")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      buttons.at((buttons.indexOf(document.activeElement) + step) % buttons.length)?.focus();
      event.preventDefault();
    }
    if (event.key === "Escape") {
      close();
      anchor.focus?.();
      event.stopPropagation();
    }
  });
  box.querySelector("button:not(:disabled), input, select")?.focus();
  return box;
}

// Any element at another, until something else is clicked.
export function popover(anchor, content, label) {
  const same = opened()?.anchor === anchor;
  close();
  anchor.setAttribute("aria-expanded", String(!same));
  if (same) return null;
  const box = document.createElement("div");
  box.className = "menu popover";
  box.anchor = anchor;
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-label", label);
  box.append(content);
  place(box, anchor.getBoundingClientRect());
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
      anchor.setAttribute("aria-expanded", "false");
      anchor.focus();
      event.stopPropagation();
    }
  });
  box.querySelector("input, select, button")?.focus();
  return box;
}

function place(box, { left, right, top, bottom }) {
  document.body.append(box);
  box.scope = new Scope();
  box.scope.on(document, "pointerdown", (event) => {
    if (box.contains(event.target) || box.anchor.contains?.(event.target)) return;
    box.anchor.setAttribute?.("aria-expanded", "false");
    close();
  });
  const { width, height } = box.getBoundingClientRect();
  box.style.left = `${Math.max(8, left + width > innerWidth - 8 ? right - width : left)}px`;
  box.style.top = `${Math.max(8, bottom + 4 + height > innerHeight - 8 ? Math.max(8, Math.min(top - height - 4, innerHeight - height - 8)) : bottom + 4)}px`;
}

// A dialog in the middle: a title and what it holds. Gives the dialog; it is gone when closed.
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
export function ask(title, value = "", { hint = "", lines = 1, act = "Save" } = {}) {
  return new Promise((done) => {
    const form = document.createElement("form");
    form.method = "dialog";
    const field = form.appendChild(document.createElement(lines > 1 ? "textarea" : "input"));
    field.value = value;
    field.setAttribute("aria-label", title);
    if (lines > 1) field.rows = lines;
    if (hint) form.append(Object.assign(document.createElement("p"), { className: "hint", textContent: hint }));
    form.append(Object.assign(document.createElement("button"), { className: "button is-main", textContent: act }));
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
export async function trying(act) {
  try {
    return await act();
  } catch (error) {
    say(error.message);
    return undefined;
  }
}
