// The table of operations: what took the time, sorted as asked.
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";
import { COLUMNS, sorted } from "./operations.js";
import { brief } from "./flame_model.js";
import { compareNames } from "../../text/name_order.js";
import { time } from "../../text/units.js";

/** @typedef {import("./flame_model.js").Operation} Operation */
/** @typedef {import("./operations.js").Key} Key */
const SHOWN = 30;
export class OperationTable {
  /**
   * @param {HTMLElement} element
   * @param {Operation[]} rows
   * @param {(name: string) => void} choose
   */
  constructor(element, rows, choose) {
    this.element = element;
    this.rows = rows;
    this.choose = choose;
    /** @type {Key} */
    this.key = "self";
    this.down = true;
    this.all = false; // whether all rows are shown, or the first SHOWN
    this.device = ""; // of which only the operations are shown
    this.draw();
  }

  draw() {
    const rows = sorted(
      this.rows.filter((row) => !this.device || row.device === this.device),
      this.key,
      this.down,
    );
    const table = node("table", { class: "operations" }, this.#head(), this.#body(rows));
    /** @type {HTMLElement[]} */
    const parts = [this.#tools(rows.length), node("div", { class: "operations-scroll" }, table)];
    if (rows.length > SHOWN) parts.push(this.#more(rows.length));
    this.element.replaceChildren(...parts);
  }

  /** @param {number} count */
  #tools(count) {
    const tools = node(
      "div",
      { class: "profile-tools" },
      node("h3", { text: "Operations" }),
      node("span", { class: "profile-hits", text: format.plural(count, "kind") }),
    );
    const devices = [...new Set(this.rows.map((row) => row.device))].sort(compareNames);
    if (devices.length < 2) return tools;
    const buttons = ["", ...devices].map((device) => {
      const pick = node("button", {
        "aria-pressed": String(this.device === device),
        text: device.toUpperCase() || "All",
      });
      pick.addEventListener("click", () => {
        this.device = device;
        this.draw();
      });
      return pick;
    });
    tools.append(node("div", { class: "choice", role: "group", "aria-label": "Device" }, ...buttons));
    return tools;
  }

  #head() {
    const cells = COLUMNS.map(({ key, title }) => {
      const sort = node("button", { text: title });
      sort.addEventListener("click", () => {
        this.down = key === this.key ? !this.down : key !== "name" && key !== "device";
        this.key = key;
        this.draw();
      });
      const order = key === this.key ? (this.down ? "descending" : "ascending") : null;
      return node("th", { "aria-sort": order }, sort);
    });
    return node("thead", {}, node("tr", {}, ...cells));
  }

  /** @param {Operation[]} rows */
  #body(rows) {
    /** @type {Map<string, number>} */
    const whole = new Map(); // of each device
    for (const { device, self } of this.rows) whole.set(device, (whole.get(device) ?? 0) + self);
    const lines = (this.all ? rows : rows.slice(0, SHOWN)).map((row) => {
      const name = node("button", { text: brief(row.name), title: row.name });
      name.addEventListener("click", () => this.choose(row.name));
      const part = row.self / (whole.get(row.device) || 1);
      return node(
        "tr",
        {},
        node("td", {}, name),
        node("td", { text: row.device.toUpperCase() }),
        node("td", { text: row.count.toLocaleString("en-US") }),
        node(
          "td",
          { class: "share" },
          node("span", { text: time(row.self) }),
          node("i", { style: `--share: ${100 * part}%` }),
          node("span", { class: "percent", text: `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %` }),
        ),
        ...[row.total, row.total / row.count, row.longest].map((us) => node("td", { text: time(us) })),
      );
    });
    return node("tbody", {}, ...lines);
  }

  /** @param {number} count */
  #more(count) {
    const text = this.all ? "Show fewer" : `Show all ${count.toLocaleString("en-US")}`;
    const more = node("button", { class: "text-button", text });
    more.addEventListener("click", () => {
      this.all = !this.all;
      this.draw();
    });
    return more;
  }
}
