// The search box: finds items by name or operation, anywhere in the graph, opened or not.
import * as format from "../../text/format.js";

/** @typedef {import("./model.js").Hit} Hit */
/** @typedef {import("./model.js").Hits} Hits */

const PAUSE_MS = 20;

export class Search {
  /**
   * @param {HTMLInputElement} input
   * @param {HTMLElement} list
   * @param {(text: string) => Promise<Hits>} ask
   * @param {(hit: Hit) => void} choose shows one
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(input, list, ask, choose, scope) {
    this.input = input;
    this.list = list;
    this.ask = ask;
    this.choose = choose;
    this.scope = scope;
    /** @type {Hit[]} */
    this.hits = [];
    this.at = -1; // which of them the arrow keys have come to
    this.asked = 0;
    this.timer = 0;
    input.addEventListener("input", () => {
      scope.clearTimeout(this.timer);
      this.timer = scope.setTimeout(() => this.#look(), PAUSE_MS);
    });
    input.addEventListener("focus", () => {
      if (this.hits.length) this.#showList(true);
    });
    input.addEventListener("keydown", (event) => this.#key(event));
    input.addEventListener("blur", () => scope.setTimeout(() => this.#showList(false), 120));
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
    list.addEventListener("click", (event) => {
      const option = /** @type {HTMLElement} */ (event.target).closest("[role=option]");
      if (option instanceof HTMLElement) this.#take(Number(option.dataset.at));
    });
  }

  clear() {
    this.input.value = "";
    this.hits = [];
    this.#showList(false);
  }

  async #look() {
    const text = this.input.value.trim();
    const asked = ++this.asked;
    if (!text) {
      this.hits = [];
      this.#showList(false);
      return;
    }
    /** @type {Hits & { error?: string }} */
    let answer;
    try {
      answer = await this.ask(text);
    } catch (error) {
      answer = { total: 0, found: [], error: /** @type {Error} */ (error).message };
    }
    if (asked !== this.asked || this.scope.isOver) return;
    this.hits = answer.found;
    this.at = -1;
    this.list.replaceChildren(...answer.found.map((hit, i) => option(hit, i)));
    const note = document.createElement("li");
    note.className = "note";
    note.role = "presentation";
    const { total, found, error } = answer;
    if (error) note.textContent = error;
    else if (!total) note.textContent = `No node matches “${text}”.`;
    else if (total > found.length)
      note.textContent = `Showing ${found.length} of ${total.toLocaleString("en-US")} matches.`;
    if (note.textContent) this.list.append(note);
    this.#showList(true);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape") {
      if (this.list.hidden) this.input.blur();
      this.clear();
    } else if (event.key === "Enter") this.#take(Math.max(0, this.at));
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!this.hits.length) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.at = (this.at + step + this.hits.length + (this.at < 0 && step < 0 ? 1 : 0)) % this.hits.length;
      const options = [...this.list.querySelectorAll("[role=option]")];
      options.forEach((each, i) => each.setAttribute("aria-selected", String(i === this.at)));
      const chosen = options[this.at];
      chosen.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", chosen.id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} at */
  #take(at) {
    const hit = this.hits[at];
    if (!hit) return;
    this.#showList(false);
    this.choose(hit);
  }

  /** @param {boolean} shown */
  #showList(shown) {
    this.list.hidden = !shown;
    this.input.setAttribute("aria-expanded", String(shown));
    this.input.removeAttribute("aria-activedescendant");
  }
}

/**
 * @param {Hit} hit
 * @param {number} at
 */
function option(hit, at) {
  const element = document.createElement("li");
  element.role = "option";
  element.id = `graph-hit-${at}`;
  element.dataset.at = String(at);
  element.setAttribute("aria-selected", "false");
  const [path, last] = format.split(hit.name);
  /**
   * @param {string} className
   * @param {string} text
   */
  const part = (className, text) =>
    element.appendChild(Object.assign(document.createElement("span"), { className, textContent: text }));
  part("last", last);
  part("op", hit.op || hit.kind);
  part("path", path.replace(/\/$/, ""));
  return element;
}
