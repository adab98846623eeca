// A table: sorted by a click on a head, filtered below it; only the rows in sight are there.
import * as api from "../../core/api.js";
import { csv } from "../../text/csv.js";
import * as format from "../../text/format.js";
import { offer } from "../../ui/download.js";
import { node } from "../../ui/dom.js";
import { unpacked } from "./data.js";
import { open } from "./large.js";
import { columnTest, compared, holdsPictures, isPicture, keyOf, said, widthOf, wording } from "./table_cells.js";

/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("./table_cells.js").Column} Column */

const ROW = 28,
  PICTURE_ROW = 64;
const AHEAD = 8; // rows beyond those in sight

/**
 * @param {Item} item
 * @param {Panel} panel
 * @returns {import("./data.js").ItemElement}
 */
export function make(item, panel) {
  const element = node("div", { class: "table" });
  let shown = "";
  /** @type {View | undefined} */
  let view;
  /** @param {Item} now */
  const update = async (now) => {
    if (shown === now.hash) return;
    shown = now.hash;
    try {
      /** @type {{ columns: Column[] }} */
      const { columns } = await unpacked(panel.run, now.hash);
      if (shown !== now.hash || panel.scope.isOver) return;
      const kept = view?.kept;
      view?.scope.leave();
      view = new View(element, columns, now, panel, kept);
    } catch (error) {
      const why = /** @type {Error} */ (error).message;
      element.replaceChildren(node("p", { class: "page-note", text: `The table could not be read: ${why}` }));
    }
  };
  update(item);
  return Object.assign(element, { update });
}

/**
 * @typedef {object} Kept how somebody looks at a table
 * @property {{ name: string, down: boolean } | null} sort
 * @property {Map<string, string>} filters text by the name of a column
 * @property {number} top how far it is scrolled, px
 */
/** @type {Kept} */
const NOTHING = { sort: null, filters: new Map(), top: 0 };

class View {
  /**
   * @param {HTMLElement} holder
   * @param {Column[]} columns
   * @param {Item} item
   * @param {Panel} panel
   * @param {Kept} [kept] of another step; what it was sorted and filtered by holds on
   */
  constructor(holder, columns, item, panel, { sort, filters, top } = NOTHING) {
    this.columns = columns;
    this.item = item;
    this.panel = panel;
    this.scope = panel.scope.child(); // until another step is shown
    this.rows = columns[0]?.values.length ?? 0;
    this.height = columns.some(holdsPictures) ? PICTURE_ROW : ROW;
    this.sort = sort;
    this.filters = new Map(filters);
    /** @type {number[]} */
    this.order = []; // of the rows that are not filtered out
    this.first = -1; // of the rows that are there
    this.seen = 0; // and how many are
    this.count = node("span", { class: "table-count", role: "status" });
    this.words = columns.map(wording);
    this.head = node("thead");
    this.body = node("tbody");
    this.scroller = node(
      "div",
      { class: "table-scroll", tabindex: 0, role: "region", "aria-label": `Table ${panel.tag}` },
      node(
        "table",
        { style: `--row: ${this.height}px` },
        node("colgroup", {}, ...columns.map((column) => node("col", { style: `width: ${widthOf(column)}ch` }))),
        this.head,
        this.body,
      ),
    );
    const save = node("button", {
      type: "button",
      class: "text-button",
      text: "Download CSV",
      title: "The rows as they are filtered and sorted now, every digit",
    });
    save.addEventListener("click", () => this.#download());
    holder.replaceChildren(this.scroller, node("div", { class: "table-foot" }, this.count, save));
    this.#heads();
    this.#arrange();
    this.scroller.scrollTop = top;
    this.scroller.addEventListener("scroll", () => this.#rows());
    this.scope.observer(new ResizeObserver(() => this.#rows())).observe(this.scroller);
  }

  /** @returns {Kept} */
  get kept() {
    return { sort: this.sort, filters: this.filters, top: this.scroller.scrollTop };
  }

  #heads() {
    const names = node("tr"),
      filters = node("tr", { class: "filters" });
    for (const column of this.columns) {
      const sorted = this.sort?.name === column.name ? (this.sort.down ? "descending" : "ascending") : "none";
      const button = node("button", { type: "button", text: column.name, title: `Sort by ${column.name}` });
      button.addEventListener("click", () => {
        const { sort } = this;
        // Up, down, as it was logged.
        this.sort =
          sort?.name !== column.name
            ? { name: column.name, down: false }
            : sort.down
              ? null
              : { name: column.name, down: true };
        this.#heads();
        this.#arrange();
      });
      names.append(
        node("th", { "aria-sort": sorted, class: column.kind === "number" ? "is-number" : null, scope: "col" }, button),
      );
      const input = node("input", {
        type: "search",
        "aria-label": `Filter ${column.name}`,
        placeholder: column.kind === "number" ? "> 0.5" : "",
        spellcheck: "false",
        value: this.filters.get(column.name) ?? "",
      });
      input.addEventListener("input", () => {
        this.filters.set(column.name, input.value);
        this.#arrange();
      });
      filters.append(node("td", {}, column.kind === "image" ? "" : input));
    }
    this.head.replaceChildren(names, filters);
  }

  #arrange() {
    const tests = this.columns.flatMap((column) => columnTest(column, this.filters.get(column.name) ?? "") ?? []);
    let order = Array.from({ length: this.rows }, (_, i) => i);
    if (tests.length) order = order.filter((i) => tests.every((passes) => passes(i)));
    const column = this.columns.find((each) => each.name === this.sort?.name);
    if (column) {
      const sorted = column.values.map(keyOf);
      order.sort((a, b) => compared(sorted[a], sorted[b], this.sort?.down ? -1 : 1) || a - b);
    }
    this.order = order;
    this.first = -1;
    this.count.textContent =
      order.length === this.rows
        ? format.plural(this.rows, "row")
        : `${order.length.toLocaleString("en-US")} of ${format.plural(this.rows, "row")}`;
    this.#rows();
  }

  #rows() {
    const seen = Math.ceil((this.scroller.clientHeight || 300) / this.height) + 2 * AHEAD;
    const first = Math.max(
      0,
      Math.min(Math.floor(this.scroller.scrollTop / this.height) - AHEAD, this.order.length - seen),
    );
    if (first === this.first && seen === this.seen) return;
    [this.first, this.seen] = [first, seen];
    const shown = this.order.slice(first, first + seen);
    /** @param {number} rows */
    const space = (rows) =>
      node(
        "tr",
        { class: "space", "aria-hidden": "true" },
        node("td", { colspan: Math.max(1, this.columns.length), style: `height: ${rows * this.height}px` }),
      );
    this.body.replaceChildren(
      space(first),
      ...shown.map((i) => this.#row(i)),
      space(this.order.length - first - shown.length),
    );
  }

  #download() {
    const rows = this.order.map((i) => this.columns.map(({ values }) => (isPicture(values[i]) ? "" : values[i])));
    offer(
      new Blob([csv([this.columns.map(({ name }) => name), ...rows])], { type: "text/csv" }),
      `${this.panel.tag.replaceAll("/", "-")}-step-${this.item.step}.csv`,
    );
  }

  /** @param {number} i */
  #row(i) {
    return node(
      "tr",
      {},
      ...this.columns.map(({ kind, values }, c) => {
        const cell = values[i];
        if (isPicture(cell)) {
          const part = this.item.parts?.[cell.image];
          if (!part) return node("td");
          const { caption = "" } = part.attributes;
          const button = node(
            "button",
            { type: "button", class: "picture-open", "aria-label": `Enlarge: ${caption || `picture of row ${i + 1}`}` },
            node("img", {
              src: api.blobAddress(this.panel.run, part.hash),
              loading: "lazy",
              alt: caption,
              title: caption,
            }),
          );
          button.addEventListener("click", () =>
            open(
              this.panel,
              { ...this.item, hash: part.hash, form: "image/webp", attributes: part.attributes, position: cell.image },
              { alone: true },
            ),
          );
          return node("td", {}, button);
        }
        const isNumber = typeof cell === "number";
        const text = isNumber ? this.words[c](cell) : said(cell, kind);
        return node("td", {
          class: isNumber || kind === "number" ? "is-number" : null,
          title: isNumber ? String(cell) : text,
          text,
        });
      }),
    );
  }
}
