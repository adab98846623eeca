// The whole picture, put together from the inside outwards: each open scope is laid out by itself and is one big
// box of the scope it lies in. Where an edge crosses a scope's border the scope has a port, at the place that suits
// what is inside; outside, the edge ends at that very place.
import { layout } from "./layout.js";
import { REST, ROOT } from "./model.js";
import { chipOf } from "./box.js";

const HEAD = 34; // of an open scope, with its name
const PAD = 16;
const RAIL_GAP = 26;
const CHIP = 14; // height of a name that stands for an edge
const PORT_WEIGHT = 0.5;
const QUIET_WEIGHT = 0.004; // what only feeds constants stands beside the flow and does not bend it

const quiet = (item) =>
  item.kind === "parameter" || /^(const|constant|get_?attr|prim::(constant|getattr))$/i.test(item.op ?? "");

// All boxes, edges and names of the picture, in absolute places. A box: { id, item, x, y, w, h, depth, open, form }.
export function compose(model) {
  const root = block(model, ROOT, new Set(), model.blocks);
  const scene = { width: root.w, height: root.h, boxes: [], edges: [], chips: [], ghosts: [], rails: [] };
  flatten(model, root, ROOT, 0, 0, 0, scene);
  scene.byId = new Map(scene.boxes.map((box) => [box.id, box]));
  for (const chip of scene.chips) {
    const rail = scene.byId.get(chip.rail);
    if (rail)
      scene.ghosts.push({ chip, rail, from: chip.out ? chip.owner : chip.rail, to: chip.out ? chip.rail : chip.owner });
  }
  return scene;
}

// --- one scope ---------------------------------------------------------------------------------------------

function block(model, id, asideAbove, cache, turns = null) {
  const content = model.content(id);
  const aside = new Set([...asideAbove, ...content.rail]);
  const inner = new Map();
  for (const child of content.children)
    if (model.content(child.id)) inner.set(child.id, block(model, child.id, aside, cache));
  const sign = `${model.words.serial}|${model.open.get(id)}|${[...aside]}|${turns}|${[...inner].map(([child, made]) => `${child}:${made.serial}`)}`;
  const key = turns ? `${id} turned` : id;
  const known = cache.get(key);
  if (known?.sign === sign) return known.block;
  // The order of a scope's inputs that suits its inside may cross them outside. So first the outside is laid out as
  // if that did not matter, then the scopes whose inputs come in another order, then the outside as it is.
  const many = [...inner].filter(([, shown]) => shown.ins.size > 1);
  if (many.length) {
    const { from } = arrange(model, id, content, aside, inner, turns, true);
    for (const [child, shown] of many) {
      const wanted = [...shown.ins.keys()].sort(
        (a, b) => (from.get(`${a}>${child}`) ?? 0) - (from.get(`${b}>${child}`) ?? 0),
      );
      if (wanted.some((each, i) => each !== [...shown.ins.keys()][i]))
        inner.set(child, block(model, child, aside, cache, wanted));
    }
  }
  const made = arrange(model, id, content, aside, inner, turns);
  made.serial = model.blockSerial += 1; // so that what is made of it knows when it has changed
  cache.set(key, { sign, block: made });
  return made;
}

function arrange(model, id, content, aside, inner, turns, loose = false) {
  const { lines, chips } = sortEdges(model, id, content, aside, inner);
  const boxes = content.children.map((item) => {
    const made = inner.get(item.id);
    const size = made ?? model.words.size(item);
    const names = chips.get(item.id) ?? [];
    return {
      item,
      made,
      w: size.w,
      h: Math.max(size.h, names.length * (CHIP + 2)),
      names,
      aside: content.rail.includes(item.id),
    };
  });
  const flowing = boxes.filter((box) => !box.aside);
  const index = new Map();
  const nodes = flowing.map((box, i) => {
    index.set(box.item.id, i);
    const reach = Math.max(0, ...box.names.map((each) => each.w + 8));
    return { left: box.w / 2, right: box.w / 2 + reach, height: box.h };
  });
  const ports = { in: new Map(), out: new Map() };
  for (const { from, to, entering, leaving } of lines) {
    const port = { left: 1, right: 1, height: 0 };
    if (entering && !ports.in.has(from))
      ports.in.set(from, nodes.push({ ...port, at: "top", turn: turns ? turns.indexOf(from) : undefined }) - 1);
    if (leaving && !ports.out.has(to)) ports.out.set(to, nodes.push({ ...port, at: "bottom" }) - 1);
  }
  const weights = weigh(lines, model);
  const edges = lines.map((line, i) => {
    const source = line.entering ? null : flowing[index.get(line.from)];
    const target = line.leaving ? null : flowing[index.get(line.to)];
    const begin = source?.made && portOf(source.made.outs, line.to);
    const end = target?.made && portOf(target.made.ins, line.from);
    return {
      source: source ? index.get(line.from) : ports.in.get(line.from),
      target: target ? index.get(line.to) : ports.out.get(line.to),
      out: begin ? begin.x - source.w / 2 : 0,
      into: end && !loose ? end.x - target.w / 2 : 0,
      weight: weights[i],
      from: source
        ? source.made
          ? `p${source.item.id}:out:${begin ? begin.key : ""}`
          : `i${source.item.id}`
        : `p${id}:in:${line.from}`,
      to: target
        ? target.made
          ? `p${target.item.id}:in:${end ? end.key : ""}`
          : `i${target.item.id}`
        : `p${id}:out:${line.to}`,
      line,
    };
  });
  const made = layout(nodes, edges);
  const from = new Map(edges.map((edge) => [`${edge.line.from}>${edge.line.to}`, made.x[edge.source] + edge.out]));
  return { ...frame(model, id, { boxes, flowing, edges, ports, made }), from };
}

// How much each line is to be straight: the flow first; parameters, and inputs that join it on the way, not at all.
function weigh(lines, model) {
  const kind = (line) => {
    const item = line.entering ? null : model.items.get(line.from);
    return item && quiet(item) ? "quiet" : item?.kind === "input" ? "input" : "flow";
  };
  const fed = new Set(lines.filter((line) => kind(line) === "flow").map((line) => line.to));
  return lines.map((line) => {
    if (kind(line) === "quiet" || (kind(line) === "input" && fed.has(line.to))) return QUIET_WEIGHT;
    return line.entering || line.leaving ? PORT_WEIGHT : 1;
  });
}

// A port for another end; else the one for those not told apart, else that to the fold's next member, else none.
function portOf(ports, key) {
  for (const each of [key, REST, ...ports.keys()]) if (ports.has(each)) return { key: each, x: ports.get(each) };
  return null;
}

// The edges of a scope as lines from child or port to child or port, and as names beside a child where the other
// end is set aside.
function sortEdges(model, id, content, aside, inner) {
  const lines = new Map();
  const chips = new Map();
  const add = (from, to, count, shapes, port = {}) => {
    if (aside.has(from) || aside.has(to)) {
      // One end is told as a name beside the other: beside the one that stands in the flow, or else in this scope.
      const own =
        !aside.has(to) && !port.leaving ? to : !aside.has(from) && !port.entering ? from : port.leaving ? from : to;
      const other = own === to ? from : to;
      if (inner.has(own)) return; // an open scope shows it where it is used
      if (!chips.has(own)) chips.set(own, []);
      const names = chips.get(own);
      if (!names.some((each) => each.rail === other))
        names.push({ rail: other, out: other === to, label: model.nameOf(other, content) });
      return;
    }
    const key = `${port.entering ? "p" : ""}${from}>${port.leaving ? "p" : ""}${to}`;
    const known = lines.get(key);
    if (known) {
      known.count += count;
      known.shapes = [...new Set([...known.shapes, ...shapes])];
    } else lines.set(key, { key: `${id}:${key}`, from, to, count, shapes, ...port });
  };
  for (const [from, to, count, shapes] of content.edges) add(from, to, count, shapes);
  const coming = content.enters.map(([other, child, ...rest]) => [model.resolve(other, content), child, ...rest]);
  const going = content.leaves.map(([child, other, ...rest]) => [child, model.resolve(other, content), ...rest]);
  // What one member of a fold gives the next says nothing new where the first gets, or the last gives, the same.
  const fed = new Set(coming.filter(([other]) => other !== id).map(([, child]) => child));
  const read = new Set(going.filter(([, other]) => other !== id).map(([child]) => child));
  for (const [other, child, count, shapes] of coming)
    if (other !== id || !fed.has(child)) add(other, child, count, shapes, { entering: true });
  for (const [child, other, count, shapes] of going)
    if (other !== id || !read.has(child)) add(child, other, count, shapes, { leaving: true });
  for (const names of chips.values()) shorten(names);
  return { lines: [...lines.values()], chips };
}

function shorten(names) {
  if (names.length > 3) {
    const rest = names.splice(2);
    names.push({ rail: rest[0].rail, out: false, label: `+${rest.length}`, more: rest });
  }
  for (const each of names) Object.assign(each, chipOf(each.label, each.out));
}

// --- its frame ---------------------------------------------------------------------------------------------

function frame(model, id, { boxes, flowing, edges, ports, made }) {
  const bare = id === ROOT;
  const item = model.items.get(id);
  const rail = boxes.filter((box) => box.aside);
  const head = bare ? 0 : HEAD;
  const pad = bare ? 0 : PAD;
  const railW = Math.max(0, ...rail.map((box) => box.w + Math.max(0, ...box.names.map((each) => each.w + 8))));
  const railH = rail.reduce((sum, box) => sum + box.h + 10, rail.length ? 12 : 0);
  const wide = made.width + (rail.length ? RAIL_GAP + railW : 0);
  const w = Math.max(wide + 2 * pad, bare ? 0 : model.words.head(item) + 2 * 12);
  const left = Math.round((w - wide) / 2);
  const top = head + (bare || ports.in.size ? 0 : 4);
  const flowH = Math.max(made.height, railH);
  const h = top + flowH + (bare ? 0 : PAD);
  const placed = [];
  const chips = [];
  const put = (box, x, y) => {
    placed.push({
      id: box.item.id,
      item: box.item,
      x,
      y,
      w: box.w,
      h: box.h,
      made: box.made ?? null,
      aside: box.aside,
    });
    box.names.forEach((each, i) => {
      const at = y + box.h / 2 + (i - (box.names.length - 1) / 2) * (CHIP + 2) - CHIP / 2;
      chips.push({ ...each, owner: box.item.id, x: x + box.w + 7, y: at, h: CHIP });
    });
  };
  flowing.forEach((box, i) => put(box, left + made.x[i] - box.w / 2, top + made.y[i] - box.h / 2));
  const railX = left + made.width + RAIL_GAP;
  let railY = top + 12;
  for (const box of rail) {
    put(box, railX, railY);
    railY += box.h + 10;
  }
  const lines = edges.map((edge, i) => {
    const route = made.routes[i].map(([x, y]) => [left + x, top + y]);
    if (edge.line.entering) route.unshift([route[0][0], 0]);
    if (edge.line.leaving) route.push([route[route.length - 1][0], h]);
    return {
      ...edge.line,
      ends: [edge.from, edge.to],
      route,
      back: made.back[i],
      quiet: edge.weight === QUIET_WEIGHT && !edge.line.entering,
    };
  });
  const at = (side) => new Map([...side].map(([key, node]) => [key, left + made.x[node]]).sort((a, b) => a[1] - b[1]));
  const line = rail.length ? { x: railX - RAIL_GAP / 2, y: top, h: flowH, textX: railX } : null;
  return { w, h, placed, chips, lines, ins: at(ports.in), outs: at(ports.out), rail: line };
}

// --- all of them -------------------------------------------------------------------------------------------

function flatten(model, made, id, x, y, depth, scene) {
  for (const line of made.lines)
    scene.edges.push({ ...line, depth, route: line.route.map(([px, py]) => [x + px, y + py]) });
  for (const chip of made.chips) scene.chips.push({ ...chip, x: x + chip.x, y: y + chip.y });
  if (made.rail)
    scene.rails.push({ id, x: x + made.rail.x, y: y + made.rail.y, h: made.rail.h, textX: x + made.rail.textX });
  for (const box of made.placed) {
    const form = box.made && box.item.kind === "fold" ? model.open.get(box.id) : null;
    scene.boxes.push({
      ...box,
      x: x + box.x,
      y: y + box.y,
      depth: depth + 1,
      open: Boolean(box.made),
      form,
      inside: id,
    });
    if (box.made) flatten(model, box.made, box.id, x + box.x, y + box.y, depth + 1, scene);
  }
}
