// Draws the picture as SVG and moves it from one state to the next. Elements are kept by what they stand for, so
// that opening a scope changes what is new and moves what was there.
import { isScope } from "./box.js";
import { classOf, closedScope, head, leaf, nameOf } from "./draw_box.js";
import { make, round } from "./svg.js";

/** @typedef {import("./box.js").BoxWords} BoxWords */
/** @typedef {import("./layout.js").Point} Point */
/** @typedef {import("./place.js").Box} Box */
/** @typedef {import("./place.js").Ghost} Ghost */
/** @typedef {import("./place.js").Line} Line */
/** @typedef {import("./place.js").Scene} Scene */
/** @typedef {Pick<Box, "x" | "y" | "w" | "h">} Place */
/**
 * A box that is drawn.
 * @typedef {object} Drawn
 * @property {SVGGElement} g
 * @property {SVGRectElement | null} back of an open one
 * @property {Box} box
 * @property {number} said the sizes that its words are of
 * @property {Place} now where it is while it moves
 */
/** @typedef {{ path: SVGPathElement, label: SVGTextElement | null, edge: Line }} DrawnLine */

const MOVE_MS = 150;
const LAYERS = /** @type {const} */ (["backs", "rails", "edges", "ghosts", "labels", "boxes", "chips"]);
const FADING = /** @type {const} */ (["edges", "labels", "chips", "rails", "ghosts"]);
const LOOKS = /** @type {const} */ (["open", "w", "depth", "item", "form"]); // of a box: with others it is drawn anew

export class Drawing {
  /**
   * @param {SVGSVGElement} svg
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(svg, scope) {
    this.svg = svg;
    this.scope = scope;
    const defs = make("defs", {}, svg);
    for (const kind of ["plain", "input", "output"]) {
      const size = {
        viewBox: "0 0 8 8",
        refX: 7,
        refY: 4,
        markerWidth: 8,
        markerHeight: 8,
        markerUnits: "userSpaceOnUse",
      };
      const marker = make(
        "marker",
        { id: `graph-arrow-${kind}`, class: `arrow is-${kind}`, orient: "auto", ...size },
        defs,
      );
      make("path", { d: "M0.5 0.8 7.5 4 0.5 7.2Z" }, marker);
    }
    this.world = make("g", { class: "world" }, svg);
    const groups = LAYERS.map((name) =>
      make("g", { class: name, "aria-hidden": String(name !== "boxes") }, this.world),
    );
    const [backs, rails, edges, ghosts, labels, boxes, chips] = groups;
    this.layers = { backs, rails, edges, ghosts, labels, boxes, chips };
    /** @type {Map<number, Drawn>} */
    this.boxes = new Map(); // by item
    /** @type {Map<string, DrawnLine>} */
    this.edges = new Map(); // by key
    /** @type {Scene | null} */
    this.scene = null;
    this.frame = 0;
  }

  /**
   * @param {Scene} scene
   * @param {BoxWords} words of the boxes, as they are to be now
   * @param {{ moving?: boolean, onFrame?: (share: number) => void }} [options] onFrame: called while things move, so
   *   that the camera can move along
   */
  show(scene, words, { moving = true, onFrame = () => {} } = {}) {
    this.scope.cancelAnimationFrame(this.frame);
    const before = new Map([...this.boxes].map(([id, { now }]) => [id, now]));
    this.#boxes(scene, words);
    this.#edges(scene);
    this.#chips(scene);
    this.scene = scene;
    const still = !moving || !before.size || matchMedia("(prefers-reduced-motion: reduce)").matches;
    /** @param {number} share */
    const set = (share) => {
      for (const box of scene.boxes)
        this.#put(box, between(before.get(box.id) ?? box, box, share), before.has(box.id) ? 1 : share);
      for (const name of FADING) this.layers[name].style.opacity = share < 1 ? String(Math.max(0, 2 * share - 1)) : "";
      onFrame(share);
    };
    if (still) {
      set(1);
      return;
    }
    const begin = performance.now();
    set(0);
    /** @param {number} now */
    const tick = (now) => {
      const share = Math.min(1, Math.max(0, (now - begin) / MOVE_MS)); // the frame may have begun before us
      set(share < 1 ? 1 - (1 - share) ** 3 : 1);
      if (share < 1) this.frame = this.scope.requestAnimationFrame(tick);
    };
    this.frame = this.scope.requestAnimationFrame(tick);
  }

  /**
   * @param {Box} box
   * @param {Place} now
   * @param {number} opacity
   */
  #put(box, now, opacity) {
    const kept = this.boxes.get(box.id);
    if (!kept) return;
    const { g, back } = kept;
    kept.now = now;
    g.setAttribute("transform", `translate(${round(now.x)} ${round(now.y)})`);
    g.style.opacity = opacity < 1 ? String(opacity) : "";
    if (!back) return;
    back.setAttribute("x", String(round(now.x)));
    back.setAttribute("y", String(round(now.y)));
    back.setAttribute("width", String(round(now.w)));
    back.setAttribute("height", String(round(now.h)));
    back.style.opacity = g.style.opacity;
  }

  // --- boxes -----------------------------------------------------------------------------------------------

  /**
   * @param {Scene} scene
   * @param {BoxWords} words
   */
  #boxes(scene, words) {
    for (const [id, kept] of this.boxes) {
      const box = scene.byId.get(id);
      if (box && kept.said === words.serial && LOOKS.every((key) => box[key] === kept.box[key])) continue;
      kept.g.remove();
      kept.back?.remove();
      if (!box) this.boxes.delete(id);
    }
    for (const box of scene.boxes) {
      const kept = this.boxes.get(box.id);
      if (kept?.g.isConnected) {
        kept.box = box;
        if (kept.back) this.layers.backs.append(kept.back);
        continue;
      }
      const g = make(
        "g",
        { class: classOf(box), id: `graph-box-${box.id}`, "data-id": box.id, role: "img", "aria-label": nameOf(box) },
        this.layers.boxes,
      );
      const back = box.open
        ? make(
            "rect",
            {
              class: `back depth-${Math.min(4, box.depth)}${box.item.kind === "fold" ? " is-fold" : ""}`,
              rx: 10,
              "data-id": box.id,
            },
            this.layers.backs,
          )
        : null;
      if (box.open) head(g, box, words.of(box.item));
      else if (isScope(box.item)) closedScope(g, box, words.of(box.item));
      else leaf(g, box, words.of(box.item));
      make("title", {}, g).textContent = nameOf(box);
      this.boxes.set(box.id, { g, back, box, said: words.serial, now: kept?.now ?? box });
    }
  }

  // --- edges -----------------------------------------------------------------------------------------------

  /** @param {Scene} scene */
  #edges(scene) {
    const wanted = new Map(scene.edges.map((edge) => [edge.key, edge]));
    for (const [key, kept] of this.edges) {
      if (wanted.has(key)) continue;
      kept.path.remove();
      kept.label?.remove();
      this.edges.delete(key);
    }
    const told = labelled(scene.edges);
    for (const edge of scene.edges) {
      const kept = this.edges.get(edge.key) ?? this.#line(edge);
      if (!told.has(edge)) {
        kept.label?.remove();
        kept.label = null;
      } else kept.label ??= make("text", { class: "edge-label" }, this.layers.labels);
      kept.edge = edge;
      kept.path.classList.toggle("has-arrow", edge.ends[1].startsWith("i")); // not on the border of what is open
      kept.path.setAttribute("d", curve(edge.route));
      if (kept.label) {
        const [x, y] = middle(edge.route);
        kept.label.textContent = shapesOf(edge);
        kept.label.setAttribute("class", `edge-label depth-${Math.min(4, edge.depth)}`);
        kept.label.setAttribute("x", String(round(x)));
        kept.label.setAttribute("y", String(round(y + 3.5)));
      }
    }
  }

  /** @param {Line} edge */
  #line(edge) {
    const kind = `edge${edge.back ? " is-back" : ""}${edge.quiet ? " is-quiet" : ""}`;
    /** @type {DrawnLine} */
    const kept = { path: make("path", { class: kind }, this.layers.edges), label: null, edge };
    if (edge.count > 1) kept.path.style.strokeWidth = String(Math.min(2.2, 1.3 + 0.2 * Math.log2(edge.count)));
    this.edges.set(edge.key, kept);
    return kept;
  }

  // --- what is set aside -----------------------------------------------------------------------------------

  /** @param {Scene} scene */
  #chips(scene) {
    this.layers.chips.replaceChildren();
    this.layers.rails.replaceChildren();
    this.layers.ghosts.replaceChildren();
    for (const chip of scene.chips) {
      const g = make(
        "g",
        { class: "chip", "data-rail": chip.rail, transform: `translate(${round(chip.x)} ${round(chip.y)})` },
        this.layers.chips,
      );
      make("path", { d: `M-6 ${chip.h / 2}H0`, class: "chip-line" }, g);
      make("rect", { width: chip.w, height: chip.h, rx: 7 }, g);
      make("text", { x: chip.w / 2, y: chip.h / 2 + 3.5 }, g).textContent = chip.text;
      make("title", {}, g).textContent =
        `${chip.out ? "output to" : "input from"} ${(chip.more ?? [chip]).map((each) => each.label).join(", ")}`;
    }
    for (const rail of scene.rails) {
      make("path", { class: "rail", d: `M${round(rail.x)} ${round(rail.y)}v${round(rail.h)}` }, this.layers.rails);
      make("text", { class: "rail-title", x: round(rail.textX), y: round(rail.y + 4) }, this.layers.rails).textContent =
        "shared inputs";
    }
  }

  // Lines to and from what is set aside; only those that are traced are drawn.
  /** @param {{ ghost: Ghost, kind: string }[]} wanted */
  ghosts(wanted) {
    this.layers.ghosts.replaceChildren();
    for (const { ghost, kind } of wanted) {
      const { chip, rail } = ghost;
      const [x0, y0] = [chip.x + chip.w, chip.y + chip.h / 2];
      const side = rail.x >= x0 ? rail.x : rail.x + rail.w;
      const [x1, y1] = [side, rail.y + Math.min(rail.h, 30) / 2];
      const bow = Math.max(20, Math.abs(x1 - x0) / 2);
      const points = [
        [x0 + bow, y0],
        [x1 - (rail.x >= x0 ? bow : -bow), y1],
        [x1, y1],
      ].map(([x, y]) => `${round(x)} ${round(y)}`);
      make(
        "path",
        { class: `ghost is-${kind}`, d: `M${round(x0)} ${round(y0)}C${points.join(" ")}` },
        this.layers.ghosts,
      );
    }
  }
}

/**
 * @param {Place} from
 * @param {Place} to
 * @param {number} share
 * @returns {Place}
 */
function between(from, to, share) {
  /**
   * @param {number} a
   * @param {number} b
   */
  const mixed = (a, b) => a + (b - a) * share;
  return { x: mixed(from.x, to.x), y: mixed(from.y, to.y), w: mixed(from.w, to.w), h: mixed(from.h, to.h) };
}

// --- lines -------------------------------------------------------------------------------------------------

// Straight down where it can, else a curve that leaves and arrives upright.
/** @param {Point[]} route */
export function curve(route) {
  let d = `M${round(route[0][0])} ${round(route[0][1])}`;
  for (let i = 1; i < route.length; i++) {
    const [x0, y0] = route[i - 1],
      [x1, y1] = route[i];
    if (Math.abs(x0 - x1) < 0.5) {
      // A stretch of no length would leave the arrowhead without a direction.
      if (Math.abs(y0 - y1) >= 0.5) d += `V${round(y1)}`;
      continue;
    }
    const reach = (y1 - y0) / 2;
    d += `C${round(x0)} ${round(y0 + reach)} ${round(x1)} ${round(y1 - reach)} ${round(x1)} ${round(y1)}`;
  }
  return d;
}

// Where the words on a line stand: half way through the last stretch that leads on.
/**
 * @param {Point[]} route
 * @returns {Point}
 */
function middle(route) {
  let best = route[0];
  for (let i = 1; i < route.length; i++) {
    const [x0, y0] = route[i - 1],
      [x1, y1] = route[i];
    if (i === 1 || Math.abs(y1 - y0) >= 14) best = [(x0 + x1) / 2, (y0 + y1) / 2];
  }
  return best;
}

// Which edges say their shape: of those that carry the same from the same box, the straightest.
/** @param {Line[]} edges */
function labelled(edges) {
  /** @type {Map<string, Line>} */
  const best = new Map();
  /** @param {Line} line */
  const aslant = ({ route }) => Math.abs(route[0][0] - route[route.length - 1][0]) + route.length;
  for (const edge of edges) {
    const text = shapesOf(edge);
    if (!text || edge.quiet || !edge.ends[0].startsWith("i")) continue;
    const key = `${edge.ends[0]} ${text}`;
    const other = best.get(key);
    if (!other || aslant(edge) < aslant(other)) best.set(key, edge);
  }
  return new Set(best.values());
}

/** @param {Line} line */
const shapesOf = ({ shapes }) => (shapes.length > 1 ? `${shapes.length} shapes` : (shapes[0] ?? ""));
