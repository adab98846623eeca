// The search box: finds items by name or operation, anywhere in the graph, opened or not.
import * as format from "../../text/format.js";

const PAUSE_MS = 20;

export class Search {
  // ask(text) gives { total, found }; choose(hit) shows one.
  constructor(input, list, ask, choose, scope) {
    Object.assign(this, { scope, input, list, ask, choose, hits: [], at: -1, asked: 0, timer: 0 });
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
      const option = event.target.closest("[role=option]");
      if (option) this.#take(Number(option.dataset.at));
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
    let answer;
    try {
      answer = await this.ask(text);
    } catch (error) {
      answer = { total: 0, found: [], error: error.message };
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
    else if (!total) note.textContent = `No node's name or operation holds “${text}”.`;
    else if (total > found.length) note.textContent = `The best ${found.length} of ${total.toLocaleString("en-US")}.`;
    if (note.textContent) this.list.append(note);
    this.#showList(true);
  }

  #key(event) {
    if (event.key === "Escape") {
      if (this.list.hidden) this.input.blur();
      this.clear();
    } else if (event.key === "Enter") this.#take(Math.max(0, this.at));
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!this.hits.length) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.at = (this.at + step + this.hits.length + (this.at < 0 && step < 0 ? 1 : 0)) % this.hits.length;
      [...this.list.querySelectorAll("[role=option]")].forEach((each, i) =>
        each.setAttribute("aria-selected", String(i === this.at)),
      );
      const chosen = this.list.querySelectorAll("[role=option]")[this.at];
      chosen.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", chosen.id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #take(at) {
    const hit = this.hits[at];
    if (!hit) return;
    this.#showList(false);
    this.choose(hit);
  }

  #showList(shown) {
    this.list.hidden = !shown;
    this.input.setAttribute("aria-expanded", String(shown));
    this.input.removeAttribute("aria-activedescendant");
  }
}

function option(hit, at) {
  const element = document.createElement("li");
  element.role = "option";
  element.id = `graph-hit-${at}`;
  element.dataset.at = at;
  element.setAttribute("aria-selected", "false");
  const [path, last] = format.split(hit.name);
  const part = (className, text) =>
    element.appendChild(Object.assign(document.createElement("span"), { className, textContent: text }));
  part("last", last);
  part("op", hit.op || hit.kind);
  part("path", path.replace(/\/$/, ""));
  return element;
}
