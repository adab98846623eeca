// A table: sorted by a click on a head, filtered below it; only the rows in sight are there.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import { offer } from "../../ui/download.js";
import { node } from "../../ui/dom.js";
import { unpacked } from "./data.js";
import { open } from "./large.js";

const ROW = 28,
  PICTURE_ROW = 64;
const AHEAD = 8; // rows beyond those in sight

export function make(item, panel) {
  const element = node("div", { class: "table" });
  let shown = null;
  element.update = async (now) => {
    if (shown === now.hash) return;
    shown = now.hash;
    try {
      const { columns } = await unpacked(panel.run, now.hash);
      if (shown !== now.hash) return;
      element.view = new View(element, columns, now, panel, element.view);
    } catch (error) {
      element.replaceChildren(node("p", { class: "page-note", text: `The table could not be read: ${error.message}` }));
    }
  };
  element.update(item);
  return element;
}

class View {
  // `before`: the view of another step; what it was sorted and filtered by holds on.
  constructor(holder, columns, item, panel, before) {
    Object.assign(this, { columns, item, panel });
    this.rows = columns[0]?.values.length ?? 0;
    this.height = columns.some(
      (column) =>
        column.kind === "image" || (column.kind === "mixed" && column.values.some((cell) => cell?.image !== undefined)),
    )
      ? PICTURE_ROW
      : ROW;
    this.sort = before?.sort ?? null; // { name, down }
    this.filters = before?.filters ?? new Map(); // name -> text
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
    const top = before?.scroller.scrollTop ?? 0;
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
    panel.scope.observer(new ResizeObserver(() => this.#rows())).observe(this.scroller);
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
    const tests = this.columns.map((column) => test(column, this.filters.get(column.name) ?? "")).filter(Boolean);
    let order = Array.from({ length: this.rows }, (_, i) => i);
    if (tests.length) order = order.filter((i) => tests.every((passes) => passes(i)));
    const column = this.columns.find((each) => each.name === this.sort?.name);
    if (column) {
      const sign = this.sort.down ? -1 : 1;
      const key = column.values.map(keyOf);
      // What is empty or no number stands last, whichever way one sorts.
      order.sort(
        (a, b) =>
          (key[a] === null || key[b] === null
            ? (key[a] === null) - (key[b] === null)
            : typeof key[a] === typeof key[b]
              ? key[a] < key[b]
                ? -sign
                : key[a] > key[b]
                  ? sign
                  : 0
              : typeof key[a] === "number"
                ? -sign
                : sign) || a - b,
      );
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
    const cells = (i) =>
      this.columns.map(({ values }) =>
        values[i] === null ? "" : values[i]?.image !== undefined ? "" : String(values[i]),
      );
    const lines = [this.columns.map(({ name }) => name), ...this.order.map(cells)].map((row) =>
      row.map(quoted).join(","),
    );
    offer(
      new Blob([lines.join("\n"), "\n"], { type: "text/csv" }),
      `${this.panel.tag.replaceAll("/", "-")}-step-${this.item.step}.csv`,
    );
  }

  #row(i) {
    return node(
      "tr",
      {},
      ...this.columns.map(({ kind, values }, c) => {
        const cell = values[i];
        if (cell?.image !== undefined) {
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
        const number = typeof cell === "number";
        const text =
          cell === null
            ? ""
            : number
              ? this.words[c](cell)
              : kind === "number"
                ? ({ __proto__: null, NaN: "NaN", Infinity: "∞", "-Infinity": "−∞" }[cell] ?? String(cell))
                : String(cell);
        return node("td", {
          class: number || kind === "number" ? "is-number" : null,
          title: number ? String(cell) : text,
          text,
        });
      }),
    );
  }
}

// How the numbers of a column are written: whole ones with all their digits; others with as many decimals as leave five
// digits to the largest, so that points stand below each other; of very different sizes each by itself.
function wording({ values }) {
  const numbers = values.filter((cell) => typeof cell === "number" && cell !== 0);
  const most = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  if (numbers.every(Number.isInteger)) return (x) => x.toLocaleString("en-US").replace("-", "−");
  const decimals = Math.max(1, 4 - Math.max(0, Math.floor(Math.log10(most)))),
    nothing = 0.5 * 10 ** -decimals;
  if (most >= 1e7 || numbers.filter((x) => Math.abs(x) < nothing).length > numbers.length / 2)
    return (x) => format.value(x, 5);
  const written = new Intl.NumberFormat("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  // What would be written as zero and is not.
  return (x) => (x !== 0 && Math.abs(x) < nothing ? format.value(x, 2) : written.format(x).replace("-", "−"));
}

const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const keyOf = (cell) =>
  cell === null || cell === "NaN" || typeof cell === "object"
    ? null
    : cell === "Infinity"
      ? Infinity
      : cell === "-Infinity"
        ? -Infinity
        : typeof cell === "boolean"
          ? Number(cell)
          : typeof cell === "string"
            ? cell.toLowerCase()
            : cell;

// A filter as a test of a row: "> 0.5", "<= 3", "= 7", "1..2"; else what the cell's words hold.
export function test({ kind, values }, text) {
  const wanted = text.trim();
  if (!wanted) return null;
  const range = /^(-?[\d.]+(?:e[+-]?\d+)?)\s*\.\.\s*(-?[\d.]+(?:e[+-]?\d+)?)$/i.exec(wanted);
  const compared = /^(<=|>=|<|>|=|!=)\s*(-?[\d.]+(?:e[+-]?\d+)?)$/i.exec(wanted);
  if (kind !== "text" && (range || compared)) {
    const passes = range
      ? (x) => x >= Number(range[1]) && x <= Number(range[2])
      : {
          __proto__: null,
          "<": (x) => x < Number(compared[2]),
          ">": (x) => x > Number(compared[2]),
          "<=": (x) => x <= Number(compared[2]),
          ">=": (x) => x >= Number(compared[2]),
          "=": (x) => x === Number(compared[2]),
          "!=": (x) => x !== Number(compared[2]),
        }[compared[1]];
    return (i) => {
      const key = keyOf(values[i]);
      return typeof key === "number" && passes(key);
    };
  }
  const words = wanted.toLowerCase();
  return (i) => values[i] !== null && String(values[i]).toLowerCase().includes(words);
}

function widthOf({ name, kind, values }) {
  if (kind === "image") return 12;
  const written = wording({ values });
  const few = values
    .slice(0, 50)
    .map((cell) => (cell === null ? 0 : typeof cell === "number" ? written(cell).length : String(cell).length));
  return Math.max(8, Math.min(44, Math.max(name.length + 2, ...few) + 3));
}
