// Beside the points: what is chosen, its neighbours or what a search found, and what can be done with them.
import * as format from "../../text/format.js";
import { query } from "../../text/query.js";
import { options } from "./frame.js";

const LISTED = 400; // results of a search that are listed

export class Side {
  /**
   * @param {import("./page.js").EmbeddingsPage} page
   * @param {HTMLElement} frame
   */
  constructor(page, frame) {
    this.page = page;
    /** @param {string} selector */
    const part = (selector) => /** @type {HTMLElement} */ (frame.querySelector(selector));
    const search = /** @type {HTMLInputElement} */ (part(".search input"));
    this.search = search;
    this.list = part(".embeddings-list");
    this.card = part(".embeddings-point");
    search.addEventListener("input", () => {
      if (!page.data) return;
      const text = search.value.trim();
      const { test, problem } = query(text);
      page.chosen = -1;
      page.near = [];
      page.found = text
        ? [...Array(page.data.count).keys()].filter((i) => test(page.data.rows[i]?.join("\t") ?? `vector ${i}`))
        : null;
      page.selected = page.found ?? [];
      page.repaint();
      this.fill();
      const count = page.found && format.plural(page.found.length, "vector");
      page.say(problem || (count ? `${count} with “${text}”` : undefined));
    });
  }

  fill() {
    const { page } = this;
    this.card.replaceChildren();
    /** @type {[number, string][]} */
    const rows = [];
    if (!page.data) return;
    if (page.chosen >= 0) {
      const head = this.card.appendChild(document.createElement("h3"));
      head.textContent = page.name(page.chosen);
      if (page.data.rows.length)
        for (const [k, column] of page.data.header.entries())
          this.card.append(
            Object.assign(document.createElement("p"), { textContent: `${column}: ${page.data.rows[page.chosen][k]}` }),
          );
      const choice = this.card.appendChild(document.createElement("label"));
      choice.textContent = "Nearest by ";
      const measure = choice.appendChild(document.createElement("select"));
      options(
        measure,
        [
          ["cosine", "cosine"],
          ["euclidean", "Euclidean"],
          ["manhattan", "Manhattan"],
        ],
        page.way.distance,
      );
      measure.addEventListener("change", () => {
        page.way.distance = measure.value;
        page.choose(page.chosen);
      });
      const count = choice.appendChild(Object.assign(document.createElement("select"), { ariaLabel: "How many" }));
      options(
        count,
        [5, 10, 20, 50, 100, 200].map((n) => [String(n), String(n)]),
        String(page.way.count),
      );
      count.addEventListener("change", () => {
        page.way.count = Number(count.value);
        page.choose(page.chosen);
      });
      for (const each of page.near) rows.push([each.index, format.value(each.far, 3)]);
    } else if (page.found) for (const i of page.found.slice(0, LISTED)) rows.push([i, ""]);
    else if (page.selected.length) for (const i of page.selected.slice(0, LISTED)) rows.push([i, ""]);
    else
      this.card.append(
        Object.assign(document.createElement("p"), {
          textContent:
            "Click a point to see its neighbours. Drag to rotate, shift-drag to pan, alt-drag to select, " +
            "scroll to zoom.",
        }),
      );
    const lit = page.chosen >= 0 ? [page.chosen, ...page.near.map((each) => each.index)] : page.selected;
    /**
     * @param {string} text
     * @param {() => void} act
     */
    const button = (text, act) =>
      this.card
        .appendChild(Object.assign(document.createElement("button"), { className: "text-button", textContent: text }))
        .addEventListener("click", act);
    if (lit.length && lit.length < (page.only?.length ?? page.data.count))
      button(`Show only these ${lit.length.toLocaleString("en-US")}`, () => page.isolate(lit));
    if (page.only) button(`Show all ${page.data.count.toLocaleString("en-US")}`, () => page.isolate(null));
    if (page.selected.length && page.chosen < 0) {
      button(page.left ? "End the axis here" : "Start an axis here", () => (page.left ? page.own() : page.begin()));
    }
    this.list.replaceChildren(
      ...rows.map(([i, text]) => {
        const row = document.createElement("button");
        row.className = "embeddings-row";
        row.setAttribute("role", "listitem");
        row.append(
          Object.assign(document.createElement("span"), { textContent: page.name(i) }),
          Object.assign(document.createElement("span"), { textContent: text }),
        );
        row.addEventListener("click", () => page.choose(i));
        return row;
      }),
    );
  }
}
