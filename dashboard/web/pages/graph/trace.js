// Who reads whom in the picture, through the borders of open scopes and through what is set aside.

export class Trace {
  constructor(scene) {
    this.scene = scene;
    this.after = new Map();
    this.before = new Map();
    const join = (from, to, what) => {
      if (!this.after.has(from)) this.after.set(from, []);
      if (!this.before.has(to)) this.before.set(to, []);
      this.after.get(from).push({ end: to, what });
      this.before.get(to).push({ end: from, what });
    };
    for (const edge of scene.edges) join(edge.ends[0], edge.ends[1], { edge });
    for (const ghost of scene.ghosts) join(`i${ghost.from}`, `i${ghost.to}`, { ghost });
  }

  // Everything an item depends on, or that depends on it: { items, edges, ghosts }. `near`: only up to the next items.
  follow(id, down, near = false) {
    const next = down ? this.after : this.before;
    const found = { items: new Set(), edges: new Set(), ghosts: new Set() };
    const seen = new Set();
    const waiting = this.#endsOf(id, down);
    while (waiting.length) {
      const end = waiting.pop();
      if (seen.has(end)) continue;
      seen.add(end);
      for (const { end: other, what } of next.get(end) ?? []) {
        if (what.edge) found.edges.add(what.edge.key);
        else found.ghosts.add(what.ghost);
        if (other.startsWith("i")) found.items.add(Number(other.slice(1)));
        if (!near || other.startsWith("p")) waiting.push(other);
      }
    }
    found.items.delete(id);
    return found;
  }

  #endsOf(id, down) {
    const box = this.scene.byId.get(id);
    if (!box?.open) return [`i${id}`];
    const begin = `p${id}:${down ? "out" : "in"}:`;
    return [`i${id}`, ...[...(down ? this.after : this.before).keys()].filter((key) => key.startsWith(begin))];
  }

  // The item to go to with an arrow key; null where there is none.
  neighbour(id, key) {
    const { byId, boxes } = this.scene;
    const box = byId.get(id);
    if (!box) return boxes[0]?.id ?? null;
    const middle = (each) => each.x + each.w / 2;
    if (key === "ArrowDown" || key === "ArrowUp") {
      const down = key === "ArrowDown";
      if (down && box.open) {
        const inside = boxes.filter((each) => each.inside === id && !each.aside).sort((a, b) => a.y - b.y || a.x - b.x);
        if (inside.length) return inside[0].id;
      }
      const near = [...this.follow(id, down, true).items].map((each) => byId.get(each)).filter(Boolean);
      const far = (each) => Math.abs(middle(each) - middle(box)) + Math.abs(each.y - box.y);
      near.sort((a, b) => far(a) - far(b) || a.id - b.id);
      return near[0]?.id ?? (!down && byId.has(box.inside) ? box.inside : null);
    }
    const left = key === "ArrowLeft";
    const beside = boxes.filter(
      (each) =>
        each.inside === box.inside && each !== box && (left ? middle(each) < middle(box) : middle(each) > middle(box)),
    );
    const far = (each) => Math.abs(each.y + each.h / 2 - box.y - box.h / 2) * 3 + Math.abs(middle(each) - middle(box));
    beside.sort((a, b) => far(a) - far(b));
    return beside[0]?.id ?? null;
  }
}
