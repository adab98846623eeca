// Beside the picture: what is known of the selected item, and the open scopes as a list, for those who read
// rather than look.
import * as format from "../../text/format.js";
import { time } from "../../text/units.js";
import { node } from "../../ui/dom.js";
import { isScope } from "./box.js";
import { bytes, family, familyName, mix, si } from "./colour.js";
import { ROOT } from "./model.js";

/** @typedef {import("./model.js").GraphModel} GraphModel */
/** @typedef {import("./model.js").Item} Item */
/** @typedef {import("./model.js").Details} Details */
/** @typedef {import("./model.js").Links} Links */
/** @typedef {[key: string, value: string, isCode?: boolean]} Row */
/** @typedef {{ select(id: number): void, toggle(id: number): void, spread(id: number): void }} Act */

/** @type {Record<import("./model.js").Kind, string>} */
const KINDS = {
  scope: "Scope",
  group: "Group of similar names",
  part: "Part of a long scope",
  fold: "Identical siblings",
  op: "Operation",
  input: "Input",
  parameter: "Parameter",
  output: "Output",
};

export class Panel {
  /**
   * @param {HTMLElement} element
   * @param {Act} act
   */
  constructor(element, act) {
    this.act = act;
    this.details = element.appendChild(node("section", { class: "graph-details", "aria-label": "Selected" }));
    const outline = element.appendChild(node("section", { class: "graph-outline", "aria-label": "Outline" }));
    this.list = node("ul", { class: "outline-list" });
    outline.append(node("h3", { text: "Outline" }), this.list);
    this.asked = 0;
  }

  // Nothing selected: the graph as a whole.
  /** @param {GraphModel} model */
  showWhole(model) {
    this.asked += 1;
    const { about } = model;
    /** @type {Row[]} */
    const told = [
      ["Nodes", about.nodes.toLocaleString("en-US")],
      ["Edges", about.edges.toLocaleString("en-US")],
      ...amounts(about),
      ["Logged", `${format.ago(about.wall_time)}${about.step > 0 ? `, step ${format.step(about.step)}` : ""}`],
    ];
    this.details.replaceChildren(
      node("h2", { text: model.run, title: model.run }),
      node("p", { class: "kind", text: about.tag === "graph" ? "Whole graph" : about.tag }),
      rows(told),
      shares(about),
      ...(about.notes ?? []).map((text) => node("p", { class: "hint graph-taken", text })),
      node("p", {
        class: "hint",
        text: "Click a box for its details, double click to open it. Arrow keys follow the edges.",
      }),
    );
  }

  /**
   * @param {GraphModel} model
   * @param {number} id
   */
  async show(model, id) {
    const asked = ++this.asked;
    const item = model.items.get(id);
    if (!item) return;
    this.#draw(model, item, null);
    try {
      const details = await model.details(id);
      if (asked === this.asked) this.#draw(model, item, details);
    } catch (error) {
      if (asked === this.asked)
        this.details.append(
          node("p", { class: "hint", text: `Could not load the details: ${/** @type {Error} */ (error).message}` }),
        );
    }
  }

  /**
   * @param {GraphModel} model
   * @param {Item} item
   * @param {Details | null} details
   */
  #draw(model, item, details) {
    const scope = isScope(item);
    /** @type {(Node | string)[]} */
    const parts = [
      node("h2", { text: item.label, title: details?.name ?? item.label }),
      node("p", { class: "kind", text: (item.kind === "op" && item.op) || KINDS[item.kind] }),
    ];
    if (scope) parts.push(this.#buttons(model, item));
    /** @type {Row[]} */
    const told = [];
    if (!scope) {
      if (item.shape) told.push(["Shape", item.shape]);
      if (item.dtype) told.push(["Type", item.dtype]);
    } else {
      if (item.members) told.push(["Identical", `${item.members}, in all:`]);
      told.push(["Nodes", item.nodes.toLocaleString("en-US")]);
    }
    told.push(...amounts(item));
    if (item.loops) told.push(["Loops", `${format.plural(item.loops, "edge")} to itself`]);
    for (const [key, value] of details?.attrs ?? [])
      told.push([key[0].toUpperCase() + key.slice(1), value, key === "source"]);
    parts.push(rows(told));
    if (scope) parts.push(shares(item));
    if (details) {
      if (details.name !== item.label) parts.push(node("p", { class: "full-name", text: details.name }));
      parts.push(
        this.#links("Inputs", "is-input", details.inputs),
        this.#links("Outputs", "is-output", details.outputs),
      );
    }
    this.details.replaceChildren(...parts);
  }

  /**
   * @param {GraphModel} model
   * @param {Item} item
   */
  #buttons(model, item) {
    const open = Boolean(model.content(item.id));
    const row = node("div", { class: "buttons" });
    /**
     * @param {string} text
     * @param {() => void} act
     */
    const button = (text, act) =>
      row.appendChild(node("button", { class: "button", type: "button", text })).addEventListener("click", act);
    button(open ? "Close" : "Open", () => this.act.toggle(item.id));
    if (item.kind === "fold")
      button(open && model.open.get(item.id) === "spread" ? "Collapse into one" : `Show all ${item.members}`, () =>
        this.act.spread(item.id),
      );
    return row;
  }

  /**
   * @param {string} title
   * @param {string} kind
   * @param {Links} ends
   */
  #links(title, kind, { total, links }) {
    const list = node("ul", { class: "links" });
    for (const [id, name, shape] of links) {
      const [path, last] = format.split(name);
      const words = [node("span", { class: "path", text: path }), node("span", { text: last })];
      const button = node("button", { type: "button", class: "link", title: name }, ...words);
      button.addEventListener("click", () => this.act.select(id));
      list.append(node("li", {}, button, ...(shape ? [node("span", { class: "shape", text: shape })] : [])));
    }
    const hint = !total
      ? "none"
      : total > links.length
        ? `and ${(total - links.length).toLocaleString("en-US")} more`
        : null;
    const heading = node("h3", { text: `${title} ` }, node("span", { class: "count", text: String(total) }));
    return node("div", { class: `ends ${kind}` }, heading, list, hint ? node("p", { class: "hint", text: hint }) : "");
  }

  // The scopes that are open, as a nested list: the same as the picture, in order.
  /**
   * @param {GraphModel} model
   * @param {number | null} selected
   */
  outline(model, selected) {
    const { activeElement } = document;
    const isInside = activeElement instanceof HTMLElement && activeElement.closest(".outline-list");
    const focused = isInside ? [activeElement.dataset.id, activeElement.className] : null;
    this.list.replaceChildren(...this.#entries(model, ROOT, selected));
    if (!focused) return;
    const again = [...this.list.querySelectorAll("button")].find(
      (each) => each.dataset.id === focused[0] && each.className === focused[1],
    );
    again?.focus({ preventScroll: true });
  }

  /**
   * @param {GraphModel} model
   * @param {number} id
   * @param {number | null} selected
   * @returns {HTMLElement[]}
   */
  #entries(model, id, selected) {
    const children = model.content(id)?.children ?? [];
    return children.map((item) => {
      const entry = node("li");
      const line = entry.appendChild(node("div", { class: "entry" }));
      const inside = model.content(item.id);
      if (isScope(item)) {
        const said = {
          "aria-expanded": String(Boolean(inside)),
          "aria-label": `${inside ? "Close" : "Open"} ${item.label}`,
        };
        const turn = line.appendChild(node("button", { type: "button", class: "turn", "data-id": item.id, ...said }));
        turn.addEventListener("click", () => this.act.toggle(item.id));
      } else line.append(node("i", { class: `dot fam-${family(item.op)}`, "aria-hidden": "true" }));
      const label = node("span", { text: item.label });
      const name = line.appendChild(
        node("button", { type: "button", class: "name", "data-id": item.id, title: item.label }, label),
      );
      if (item.members) name.append(node("span", { class: "dim", text: ` × ${item.members}` }));
      else if (item.kind === "op" && item.op && !item.label.toLowerCase().includes(item.op.toLowerCase())) {
        name.append(node("span", { class: "dim", text: ` ${item.op}` }));
      }
      if (item.id === selected) name.setAttribute("aria-current", "true");
      name.addEventListener("click", () => this.act.select(item.id));
      if (inside) entry.append(node("ul", {}, ...this.#entries(model, item.id, selected)));
      return entry;
    });
  }
}

/**
 * @param {{ parameters?: number, flops?: number, time?: number, bytes?: number }} item
 * @returns {Row[]}
 */
function amounts(item) {
  /** @type {Row[]} */
  const all = [
    ["Parameters", item.parameters ? item.parameters.toLocaleString("en-US") : ""],
    ["FLOPs", item.flops ? si(item.flops) : ""],
    ["Time", item.time ? time(item.time) : ""],
    ["Memory", item.bytes ? bytes(item.bytes) : ""],
  ];
  return all.filter(([, amount]) => amount);
}

/** @param {Row[]} told */
function rows(told) {
  const list = node("dl", { class: "told" });
  for (const [key, value, code] of told)
    list.append(node("dt", { text: key }), node("dd", { text: value, class: code ? "code" : null }));
  return list;
}

// What kinds of operations a scope is made of.
/** @param {{ ops?: [op: string, count: number][] }} item */
function shares(item) {
  const found = mix(item);
  const total = found.reduce((sum, [, count]) => sum + count, 0);
  if (!total) return "";
  const bar = node("div", { class: "mix-bar", "aria-hidden": "true" });
  const list = node("ul", { class: "mix-list" });
  for (const [name, count] of found) {
    bar.append(node("i", { class: `fam-${name}`, style: `flex-grow: ${count}` }));
    const dot = node("i", { class: `dot fam-${name}`, "aria-hidden": "true" });
    const much = node("span", { class: "count", text: count.toLocaleString("en-US") });
    list.append(node("li", {}, dot, node("span", { text: familyName(name) }), much));
  }
  return node("div", { class: "mix" }, bar, list);
}
