// A pane with HTML: a document of its own in a frame that runs no script, sends no form and leads nowhere.
//
// What such a frame holds is of another origin for the page as well, so that how high it is cannot be asked: the window
// has the height that somebody gave it, and the text scrolls within.
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";
import { textFile } from "./view.js";

/**
 * What a pane's text says, and whether it is markup.
 * @param {import("./view.js").Pane | null} pane
 * @returns {{ text: string, isHtml: boolean, cut: number }}
 */
const wordsOf = (pane) => {
  const { text, html, cut } = pane?.content ?? {};
  return { text: typeof text === "string" ? text : "", isHtml: html === true, cut: Number(cut) || 0 };
};

/** @type {import("./view.js").Make} */
export function make(frame) {
  const inner = node("iframe", { sandbox: "", referrerpolicy: "no-referrer", class: "pane-html", hidden: true });
  const plain = node("pre", { hidden: true, tabindex: 0 });
  const element = node("div", { class: "pane-text" }, inner, plain);
  /** @type {import("./view.js").Pane | null} */
  let shown = null;
  let said = "",
    isDrawn = false;
  inner.addEventListener("load", () => {
    isDrawn = true;
  });
  // Anew only where it is another one, which also one in other colours is.
  /** @param {import("./view.js").Pane} pane */
  const load = (pane) => {
    const attributes = frame.source.html(pane);
    const now = JSON.stringify(attributes);
    if (now === said) return;
    said = now;
    isDrawn = false;
    for (const name of /** @type {const} */ (["src", "srcdoc"]))
      if (attributes[name] !== undefined) inner.setAttribute(name, attributes[name] ?? "");
  };
  plain.addEventListener("click", () => frame.tell({ kind: "click" }));
  // A click within the frame is heard of by nobody but the browser, which then gives it the focus: it is taken back, so
  // that the next is noticed too, and keys are the pane's.
  frame.scope.on(globalThis, "blur", () => {
    if (document.activeElement !== inner) return;
    frame.tell({ kind: "click" });
    const holder = element.parentElement;
    frame.scope.setTimeout(() => {
      inner.blur();
      if (holder instanceof HTMLElement) holder.focus({ preventScroll: true });
    });
  });
  return {
    element,
    update: ([pane]) => {
      shown = pane;
      const { text, isHtml, cut } = wordsOf(pane);
      inner.hidden = !isHtml;
      plain.hidden = isHtml;
      if (!isHtml) {
        // Who reads the end goes on with it; who has scrolled up stays there.
        const isAtEnd = plain.scrollTop + plain.clientHeight >= plain.scrollHeight - 8;
        const before = cut ? `… ${format.plural(cut, "character")} before\n` : "";
        plain.textContent = before + text;
        if (isAtEnd && said) plain.scrollTop = plain.scrollHeight;
        said = text;
        isDrawn = true;
        return;
      }
      inner.title = pane.title || pane.id;
      load(pane);
    },
    theme: () => {
      if (shown && wordsOf(shown).isHtml) load(shown);
    },
    isReady: () => isDrawn,
    files: () =>
      wordsOf(shown).isHtml
        ? [textFile("html", "text/html", () => wordsOf(shown).text)]
        : [textFile("txt", "text/plain", () => wordsOf(shown).text)],
  };
}
