// Draws the picture as SVG and moves it from one state to the next. Elements are kept by what they stand for, so
// that opening a scope changes what is new and moves what was there.
import { isScope, layerOf } from "./box.js";
import { family, mix } from "./colour.js";

const NS = "http://www.w3.org/2000/svg";
const MOVE_MS = 150;
const CHEVRON = { closed: "M6 4.5 10 8.5 6 12.5", open: "M4 6.5 8 10.5 12 6.5" };

export function make(name, attributes = {}, parent = null) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.append(element);
  return element;
}

export class Drawing {
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
    this.layers = {};
    for (const name of ["backs", "rails", "edges", "ghosts", "labels", "boxes", "chips"]) {
      this.layers[name] = make("g", { class: name, "aria-hidden": String(name !== "boxes") }, this.world);
    }
    this.boxes = new Map(); // item -> { g, back, box }
    this.edges = new Map(); // key -> { path, label, edge }
    this.scene = null;
    this.frame = 0;
  }

  // Shows a scene. `onFrame(share)` is called while things move, so that the camera can move along.
  // words: of the boxes, as they are to be now
  show(scene, words, { moving = true, onFrame = () => {} } = {}) {
    this.scope.cancelAnimationFrame(this.frame);
    const before = new Map([...this.boxes].map(([id, { now }]) => [id, now]));
    this.#boxes(scene, words);
    this.#edges(scene);
    this.#chips(scene);
    this.scene = scene;
    const still = !moving || !before.size || matchMedia("(prefers-reduced-motion: reduce)").matches;
    const set = (share) => {
      for (const box of scene.boxes) {
        const from = before.get(box.id) ?? box;
        this.#put(
          box,
          Object.fromEntries(["x", "y", "w", "h"].map((key) => [key, from[key] + (box[key] - from[key]) * share])),
          before.has(box.id) ? 1 : share,
        );
      }
      for (const name of ["edges", "labels", "chips", "rails", "ghosts"])
        this.layers[name].style.opacity = share < 1 ? Math.max(0, 2 * share - 1) : "";
      onFrame(share);
    };
    if (still) {
      set(1);
      return;
    }
    const begin = performance.now();
    set(0);
    const tick = (now) => {
      const share = Math.min(1, Math.max(0, (now - begin) / MOVE_MS)); // the frame may have begun before us
      set(share < 1 ? 1 - (1 - share) ** 3 : 1);
      if (share < 1) this.frame = this.scope.requestAnimationFrame(tick);
    };
    this.frame = this.scope.requestAnimationFrame(tick);
  }

  #put(box, now, opacity) {
    const kept = this.boxes.get(box.id);
    kept.now = now;
    kept.g.setAttribute("transform", `translate(${round(now.x)} ${round(now.y)})`);
    kept.g.style.opacity = opacity < 1 ? opacity : "";
    if (kept.back) {
      for (const [key, value] of [
        ["x", now.x],
        ["y", now.y],
        ["width", now.w],
        ["height", now.h],
      ])
        kept.back.setAttribute(key, round(value));
      kept.back.style.opacity = opacity < 1 ? opacity : "";
    }
  }

  // --- boxes -----------------------------------------------------------------------------------------------

  #boxes(scene, words) {
    for (const [id, kept] of this.boxes) {
      const box = scene.byId.get(id);
      if (
        box &&
        kept.said === words.serial &&
        ["open", "w", "depth", "item", "form"].every((key) => box[key] === kept.box[key])
      )
        continue;
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
      let kept = this.edges.get(edge.key);
      if (!kept) {
        kept = {
          path: make(
            "path",
            { class: `edge${edge.back ? " is-back" : ""}${edge.quiet ? " is-quiet" : ""}` },
            this.layers.edges,
          ),
        };
        kept.path.style.strokeWidth = edge.count > 1 ? Math.min(2.2, 1.3 + 0.2 * Math.log2(edge.count)) : "";
        this.edges.set(edge.key, kept);
      }
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
        kept.label.setAttribute("x", round(x));
        kept.label.setAttribute("y", round(y + 3.5));
      }
    }
  }

  // --- what is set aside -----------------------------------------------------------------------------------

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
        `${chip.out ? "goes to" : "reads"} ${chip.more ? chip.more.map((each) => each.label).join(", ") : chip.label}`;
    }
    for (const rail of scene.rails) {
      make("path", { class: "rail", d: `M${round(rail.x)} ${round(rail.y)}v${round(rail.h)}` }, this.layers.rails);
      make("text", { class: "rail-title", x: round(rail.textX), y: round(rail.y + 4) }, this.layers.rails).textContent =
        "used all over";
    }
  }

  // Lines to and from what is set aside; only those that are traced are drawn.
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

const round = (x) => Math.round(x * 10) / 10;

// --- one box -----------------------------------------------------------------------------------------------

function classOf({ item, open, aside }) {
  const layer = isScope(item) && !open ? layerOf(item) : null;
  const kind = isScope(item)
    ? `is-scope is-${item.kind}${layer ? ` is-layer fam-${layer}` : ""}`
    : `is-leaf is-${item.kind} fam-${family(item.op)}`;
  return `box ${kind}${open ? " is-open" : ""}${aside ? " is-aside" : ""}`;
}

export function nameOf({ item, open }) {
  if (!isScope(item))
    return `${item.label}, ${item.kind === "op" ? item.op : item.kind}${item.shape ? `, shape ${item.shape}` : ""}`;
  return `${item.label}${item.members ? `, ${item.members} equal` : ""}, scope of ${item.nodes} nodes, ${open ? "open" : "closed"}`;
}

function write(g, text, attributes) {
  make("text", attributes, g).textContent = text;
}

function leaf(g, { item, w, h }, { title, side }) {
  const round = item.kind !== "op";
  make("rect", { class: "body", width: w, height: h, rx: round ? h / 2 : 6 }, g);
  if (item.kind === "input" || item.kind === "output")
    make("rect", { class: "ring", x: 2.5, y: 2.5, width: w - 5, height: h - 5, rx: (h - 5) / 2 }, g);
  const text = make("text", { class: "title", x: w / 2, y: h / 2 + 4, "text-anchor": "middle" }, g);
  text.textContent = title;
  if (side) {
    const more = make("tspan", { class: "side", dx: 6 }, text);
    more.textContent = side;
  }
  if (item.loops) make("path", { class: "loop", d: `M${w} ${h * 0.35}c10 -8 10 ${h * 0.3 + 16} 0 ${h * 0.3 + 4}` }, g);
}

function closedScope(g, { item, w, h }, words) {
  if (item.kind === "fold") {
    make("rect", { class: "sheet", x: 8, y: 7, width: w - 8, height: h - 1, rx: 8 }, g);
    make("rect", { class: "sheet", x: 4, y: 3.5, width: w - 4, height: h - 0.5, rx: 8 }, g);
  }
  const bodyW = item.kind === "fold" ? w - 4 : w;
  make("rect", { class: "body", width: bodyW, height: h, rx: 8 }, g);
  chevron(g, false);
  write(g, words.title, { class: "title", x: 26, y: 20.5 });
  write(g, words.below, { class: "below", x: 12, y: 37 });
  if (words.badge) badge(g, words.badge, bodyW - 10);
  if (layerOf(item)) return; // its fill says it
  let x = 12;
  const room = bodyW - 24;
  const shares = mix(item);
  const total = shares.reduce((sum, [, count]) => sum + count, 0);
  for (const [name, count] of shares) {
    const part = (count / total) * room;
    make(
      "rect",
      {
        class: `mix fam-${name}`,
        x: round1(x),
        y: 43.5,
        width: round1(Math.max(0, part - (part > 3 ? 1 : 0))),
        height: 3,
        rx: 1.5,
      },
      g,
    );
    x += part;
  }
}

const round1 = (x) => Math.round(x * 10) / 10;

function head(g, { w, form, depth }, words) {
  // Covers the lines that enter: they go on below it, and its words stay clear.
  make(
    "path",
    {
      class: `grip depth-${Math.min(4, depth)}`,
      d: `M0.5 30V10A9.5 9.5 0 0 1 10 0.5H${w - 10}A9.5 9.5 0 0 1 ${w - 0.5} 10V30Z`,
    },
    g,
  );
  chevron(g, true);
  write(g, words.title, { class: "title", x: 26, y: 20.5 });
  if (words.badge) badge(g, words.badge, w - 10, form);
}

function chevron(g, open) {
  const button = make("g", { class: "chevron", transform: "translate(8 8)" }, g);
  make("rect", { x: -3, y: -3, width: 22, height: 22, rx: 5 }, button);
  make("path", { d: open ? CHEVRON.open : CHEVRON.closed }, button);
}

function badge(g, text, right, form) {
  const w = 7 * text.length + 10;
  const button = make("g", { class: `badge${form ? " is-button" : ""}`, transform: `translate(${right - w} 8)` }, g);
  make("rect", { width: w, height: 17, rx: 8.5 }, button);
  write(button, text, { x: w / 2, y: 12.5, "text-anchor": "middle" });
  if (form)
    make("title", {}, button).textContent = form === "one" ? "One stands for all: show every one" : "Show one for all";
}

// --- lines -------------------------------------------------------------------------------------------------

// Straight down where it can, else a curve that leaves and arrives upright.
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
function middle(route) {
  let best = null;
  for (let i = 1; i < route.length; i++) {
    const [x0, y0] = route[i - 1],
      [x1, y1] = route[i];
    if (!best || Math.abs(y1 - y0) >= 14) best = [(x0 + x1) / 2, (y0 + y1) / 2, Math.abs(y1 - y0)];
  }
  return best;
}

// Which edges say their shape: of those that carry the same from the same box, the straightest.
function labelled(edges) {
  const best = new Map();
  const aslant = ({ route }) => Math.abs(route[0][0] - route[route.length - 1][0]) + route.length;
  for (const edge of edges) {
    const text = shapesOf(edge);
    if (!text || edge.quiet || !edge.ends[0].startsWith("i")) continue;
    const key = `${edge.ends[0]} ${text}`;
    if (!best.has(key) || aslant(edge) < aslant(best.get(key))) best.set(key, edge);
  }
  return new Set(best.values());
}

const shapesOf = ({ shapes }) => (shapes.length > 1 ? `${shapes.length} shapes` : (shapes[0] ?? ""));
