// The table of comparison: a row for each run, a column for each metric and setting; only rows in sight exist.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import { colour } from "../../charts/palette.js";
import { clipped } from "../../text/ellipsis.js";

/** @typedef {import("./data.js").Column} Column */
/** @typedef {import("./data.js").Run} Run */
/** @typedef {{ hover(index: number, event?: MouseEvent): void, toggle(name: string): void }} Told hover: -1 for none */

const ROW = 30;

export class CompareTable {
  /**
   * @param {Told} told
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(told, scope) {
    this.told = told;
    /** @type {Run[]} */
    this.all = [];
    /** @type {Column[]} */
    this.columns = [];
    this.within = new Uint8Array(0); // of each run whether it is chosen
    /** @type {number[]} */
    this.order = [];
    this.sort = { name: "", down: false }; // by nothing: the newest first
    this.hovered = -1;
    this.element = Object.assign(document.createElement("div"), { className: "compare-table", tabIndex: 0 });
    this.element.setAttribute("role", "table");
    this.head = this.element.appendChild(Object.assign(document.createElement("div"), { className: "compare-head" }));
    this.head.setAttribute("role", "row");
    this.body = this.element.appendChild(Object.assign(document.createElement("div"), { className: "compare-rows" }));
    this.element.addEventListener("scroll", () => this.paint(), { passive: true });
    scope.observer(new ResizeObserver(() => this.paint())).observe(this.element);
  }

  /**
   * @param {Run[]} all
   * @param {Column[]} columns
   * @param {Uint8Array<ArrayBuffer>} within
   */
  show(all, columns, within) {
    this.all = all;
    this.columns = columns;
    this.within = within;
    this.element.setAttribute(
      "aria-label",
      `${format.plural(all.length, "run")}, ${format.plural(columns.length, "column")}`,
    );
    this.element.style.setProperty(
      "--columns",
      `minmax(180px, 1.6fr) ${columns.map(() => "minmax(96px, 1fr)").join(" ")}`,
    );
    this.element.style.setProperty("--least", `${200 + 96 * columns.length}px`);
    this.drawHead();
    this.arrange();
  }

  drawHead() {
    const titles = ["run", ...this.columns.map((column) => column.name)];
    this.head.replaceChildren(
      ...titles.map((title, k) => {
        const button = document.createElement("button");
        button.setAttribute("role", "columnheader");
        const sorted = this.sort.name === title;
        button.setAttribute("aria-sort", sorted ? (this.sort.down ? "descending" : "ascending") : "none");
        button.textContent = `${title}${sorted ? (this.sort.down ? " ↓" : " ↑") : ""}`;
        button.title = title;
        button.classList.toggle("is-number", k > 0 && this.columns[k - 1].isNumeric);
        button.classList.toggle("is-metric", k > 0 && this.columns[k - 1].isMetric);
        button.addEventListener("click", () => {
          this.sort = { name: title, down: sorted ? !this.sort.down : false };
          this.drawHead();
          this.arrange();
        });
        return button;
      }),
    );
  }

  // Chosen runs first, then as sorted; what has no value comes last whichever the direction.
  arrange() {
    const column = this.columns.find((each) => each.name === this.sort.name);
    const sign = this.sort.down ? -1 : 1;
    const keys = this.all.map(({ name, index }, i) => {
      if (!column) return this.sort.name ? name : this.all.length - index;
      return column.isNumeric ? column.number(i) : String(column.values[i] ?? "");
    });
    this.order = this.all
      .map((_, i) => i)
      .sort((a, b) => {
        if (this.within[a] !== this.within[b]) return this.within[b] - this.within[a];
        const [x, y] = [keys[a], keys[b]];
        const [noX, noY] = [Number.isNaN(x), Number.isNaN(y)];
        if (noX || noY) return Number(noX) - Number(noY);
        if (typeof x === "number" && typeof y === "number") return sign * (x === y ? 0 : x - y);
        return sign * (String(x) < String(y) ? -1 : String(x) > String(y) ? 1 : 0);
      });
    this.paint();
  }

  paint() {
    const top = this.head.offsetHeight;
    this.body.style.height = `${this.order.length * ROW}px`;
    const first = Math.max(0, Math.floor((this.element.scrollTop - top) / ROW) - 3);
    const last = Math.min(this.order.length, Math.ceil((this.element.scrollTop + this.element.clientHeight) / ROW) + 3);
    while (this.body.children.length > last - first) this.body.lastElementChild?.remove();
    for (let at = first; at < last; at++) {
      const row = /** @type {HTMLElement | undefined} */ (this.body.children[at - first]);
      this.fill(row ?? this.row(), this.order[at], at);
    }
  }

  row() {
    const element = this.body.appendChild(document.createElement("div"));
    element.className = "compare-row";
    element.setAttribute("role", "row");
    element.addEventListener("pointerenter", (event) => this.told.hover(Number(element.dataset.index), event));
    element.addEventListener("pointerleave", () => this.told.hover(-1));
    element.addEventListener("click", () => this.told.toggle(this.all[Number(element.dataset.index)].name));
    return element;
  }

  /**
   * @param {HTMLElement} element
   * @param {number} i
   * @param {number} at
   */
  fill(element, i, at) {
    const run = this.all[i];
    element.dataset.index = String(i);
    element.style.top = `${at * ROW}px`;
    element.classList.toggle("is-outside", !this.within[i]);
    element.classList.toggle("is-hovered", i === this.hovered);
    while (element.children.length > this.columns.length + 1) element.lastElementChild?.remove();
    while (element.children.length < this.columns.length + 1) element.append(document.createElement("span"));
    const [name, ...cells] = Array.from(element.children, (each) => /** @type {HTMLElement} */ (each));
    const dot = name.querySelector("i") ?? document.createElement("i");
    dot.className = "dot";
    dot.style.background = colour(runs.index(run.name));
    name.replaceChildren(dot, clipped(run.name, run.shown === run.name ? runs.partOf(run.name) : null));
    name.className = "compare-name";
    name.title = run.name;
    cells.forEach((cell, k) => {
      const column = this.columns[k],
        value = column.values[i];
      cell.className = column.isNumeric ? "is-number" : "";
      const none = value === undefined || value === null;
      cell.textContent = none ? "–" : column.isNumeric ? format.value(column.number(i)) : String(value);
      cell.title = none ? "" : column.isNumeric ? format.exact(column.number(i)) : String(value);
    });
  }

  /** @param {number} index */
  hover(index) {
    this.hovered = index;
    for (const row of this.body.children)
      row.classList.toggle("is-hovered", Number(row.getAttribute("data-index")) === index);
  }
}
