// A pane with a network: nodes and edges, in places of our own.
import { colour } from "../../charts/palette.js";
import { node } from "../../ui/dom.js";
import { placed } from "./forces.js";
import { colourOf, textFile } from "./view.js";

/** @typedef {{ name: string, label: string, colour: string | null }} NetworkNode */
/** @typedef {{ from: number, to: number, label: string }} Edge */

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { x: 34, y: 22 },
  RADIUS = 6;
const NAMED = 120; // nodes with their names beside them; more are told when the pointer is on one

/** @param {unknown} value */
const text = (value) => (value === null || value === undefined ? "" : String(value).slice(0, 200));

/**
 * Nodes and edges as far as they are such: {nodes: [{name, label}], edges: [{source, target, label}]}, where edges name
 * nodes by their numbers or their names; pairs do as well.
 * @param {any} content
 * @returns {{ nodes: NetworkNode[], edges: Edge[], directed: boolean }}
 */
export function networkOf(content) {
  /** @type {any[]} */
  const saidNodes = Array.isArray(content?.nodes) ? content.nodes : [];
  /** @type {any[]} */
  const saidEdges = Array.isArray(content?.edges) ? content.edges : [];
  const nodes = saidNodes.map((each, i) => ({
    name: text(each?.name ?? each?.id ?? each ?? i),
    label: text(each?.label ?? each?.name ?? each?.id ?? (typeof each === "object" ? i : each)),
    colour: colourOf(each?.color ?? each?.colour),
  }));
  const numbers = new Map(nodes.map(({ name }, i) => [name, i]));
  /** @param {any} end */
  const numberOf = (end) => (Number.isInteger(end) ? end : (numbers.get(text(end)) ?? -1));
  /** @type {Edge[]} */
  const edges = [];
  for (const each of saidEdges) {
    const isPair = Array.isArray(each);
    const from = numberOf(isPair ? each[0] : (each?.source ?? each?.from)),
      to = numberOf(isPair ? each[1] : (each?.target ?? each?.to));
    // A network that is given by its edges alone has as many nodes as they name.
    if (from < 0 || to < 0) continue;
    while (!saidNodes.length && nodes.length <= Math.max(from, to) && nodes.length < 5000)
      nodes.push({ name: String(nodes.length), label: String(nodes.length), colour: null });
    if (from < nodes.length && to < nodes.length) edges.push({ from, to, label: text(isPair ? each[2] : each?.label) });
  }
  return { nodes, edges, directed: Boolean(content?.directed) };
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {...Node} children
 */
function svg(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

class NetworkView {
  /** @param {import("./view.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.picture = svg("svg", { class: "network", role: "img" });
    this.note = node("p", { class: "page-note", hidden: true });
    this.element = node("div", { class: "pane-network" }, this.picture, this.note);
    this.said = "";
    /** @type {ReturnType<typeof networkOf>} */
    this.network = { nodes: [], edges: [], directed: false };
    /** @type {{ x: ArrayLike<number>, y: ArrayLike<number> }} */
    this.places = { x: [], y: [] };
  }

  /** @param {import("./view.js").Pane[]} panes */
  update([pane]) {
    const said = JSON.stringify(pane.content);
    if (said === this.said) return;
    this.said = said;
    this.network = networkOf({ ...pane.content, directed: pane.content?.directed ?? pane.opts.directed });
    const { nodes, edges } = this.network;
    const about = `Network of ${nodes.length} nodes and ${edges.length} edges`;
    this.picture.setAttribute("aria-label", about);
    this.note.hidden = nodes.length > 0;
    this.note.textContent = nodes.length ? "" : "No nodes yet";
    this.places = placed(
      nodes.length,
      edges.map(({ from, to }) => [from, to]),
    );
    this.draw();
  }

  resize() {
    this.draw();
  }

  theme() {
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const { nodes, edges, directed } = this.network;
    if (!width || !height) return;
    const x = (/** @type {number} */ i) => MARGIN.x + this.places.x[i] * Math.max(1, width - 2 * MARGIN.x),
      y = (/** @type {number} */ i) => MARGIN.y + this.places.y[i] * Math.max(1, height - 2 * MARGIN.y);
    this.picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const lines = edges.map(({ from, to, label }) => {
      const group = svg("g", { class: "edge" });
      group.append(svg("line", { x1: x(from), y1: y(from), x2: x(to), y2: y(to) }));
      if (directed && from !== to) group.append(arrow(x(from), y(from), x(to), y(to)));
      if (label) group.append(word(label, (x(from) + x(to)) / 2, (y(from) + y(to)) / 2 - 3, "middle"));
      return group;
    });
    const dots = nodes.map(({ label, colour: own }, i) => {
      const title = svg("title", {});
      title.textContent = label;
      const dot = svg("circle", { cx: x(i), cy: y(i), r: RADIUS });
      dot.style.fill = own ?? colour(0);
      const group = svg("g", { class: "node", "data-node": i }, dot, title);
      const isRight = x(i) > width - 70;
      if (nodes.length <= NAMED)
        group.append(word(label, x(i) + (isRight ? -RADIUS - 3 : RADIUS + 3), y(i) + 4, isRight ? "end" : "start"));
      group.addEventListener("click", () =>
        this.frame.tell({ kind: "click", name: this.network.nodes[i].name, point: i }),
      );
      return group;
    });
    this.picture.replaceChildren(...lines, ...dots);
  }

  files() {
    return [
      textFile("svg", "image/svg+xml", () => this.#file()),
      textFile("json", "application/json", () => this.said),
    ];
  }

  // With the colours that the stylesheet gives here.
  #file() {
    const copy = /** @type {SVGElement} */ (this.picture.cloneNode(true));
    copy.setAttribute("xmlns", SVG);
    copy.setAttribute("font-family", "sans-serif");
    copy.setAttribute("font-size", "11");
    for (const line of copy.querySelectorAll("line")) line.setAttribute("stroke", "#8a93a3");
    return new XMLSerializer().serializeToString(copy);
  }
}

/**
 * @param {string} label
 * @param {number} x
 * @param {number} y
 * @param {"start" | "middle" | "end"} anchor
 */
function word(label, x, y, anchor) {
  const made = svg("text", { x, y, "text-anchor": anchor });
  made.textContent = label.length > 24 ? `${label.slice(0, 23)}…` : label;
  return made;
}

// The head of an arrow, at the rim of the node that it leads to.
/**
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 */
function arrow(x1, y1, x2, y2) {
  const far = Math.hypot(x2 - x1, y2 - y1) || 1,
    [ux, uy] = [(x2 - x1) / far, (y2 - y1) / far];
  const [tx, ty] = [x2 - ux * (RADIUS + 1), y2 - uy * (RADIUS + 1)];
  const [bx, by] = [tx - ux * 7, ty - uy * 7];
  return svg("path", {
    class: "arrow",
    d: `M${tx} ${ty}L${bx - uy * 3.5} ${by + ux * 3.5}L${bx + uy * 3.5} ${by - ux * 3.5}Z`,
  });
}

/** @type {import("./view.js").Make} */
export const make = (frame) => new NetworkView(frame);
