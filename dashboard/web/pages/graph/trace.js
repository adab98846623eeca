// Who reads whom in the picture, through the borders of open scopes and through what is set aside.

/** @typedef {import("./place.js").Scene} Scene */
/** @typedef {import("./place.js").Box} Box */
/** @typedef {import("./place.js").Ghost} Ghost */
/** @typedef {{ edge?: import("./place.js").Line, ghost?: Ghost }} Way a line, or one to what is set aside */
/** @typedef {{ items: Set<number>, edges: Set<string>, ghosts: Set<Ghost> }} Found */

export class Trace {
  /** @param {Scene} scene */
  constructor(scene) {
    this.scene = scene;
    /** @type {Map<string, { end: string, what: Way }[]>} */
    this.after = new Map();
    /** @type {Map<string, { end: string, what: Way }[]>} */
    this.before = new Map();
    /**
     * @param {string} from
     * @param {string} to
     * @param {Way} what
     */
    const join = (from, to, what) => {
      listOf(this.after, from).push({ end: to, what });
      listOf(this.before, to).push({ end: from, what });
    };
    for (const edge of scene.edges) join(edge.ends[0], edge.ends[1], { edge });
    for (const ghost of scene.ghosts) join(`i${ghost.from}`, `i${ghost.to}`, { ghost });
  }

  /**
   * Everything an item depends on, or that depends on it.
   * @param {number} id
   * @param {boolean} down
   * @param {boolean} [near] only up to the next items
   * @returns {Found}
   */
  follow(id, down, near = false) {
    const next = down ? this.after : this.before;
    /** @type {Found} */
    const found = { items: new Set(), edges: new Set(), ghosts: new Set() };
    const seen = new Set();
    const waiting = this.#endsOf(id, down);
    for (let end; (end = waiting.pop()) !== undefined; ) {
      if (seen.has(end)) continue;
      seen.add(end);
      for (const { end: other, what } of next.get(end) ?? []) {
        if (what.edge) found.edges.add(what.edge.key);
        if (what.ghost) found.ghosts.add(what.ghost);
        if (other.startsWith("i")) found.items.add(Number(other.slice(1)));
        if (!near || other.startsWith("p")) waiting.push(other);
      }
    }
    found.items.delete(id);
    return found;
  }

  /**
   * @param {number} id
   * @param {boolean} down
   */
  #endsOf(id, down) {
    const box = this.scene.byId.get(id);
    if (!box?.open) return [`i${id}`];
    const begin = `p${id}:${down ? "out" : "in"}:`;
    return [`i${id}`, ...[...(down ? this.after : this.before).keys()].filter((key) => key.startsWith(begin))];
  }

  // The item to go to with an arrow key; null where there is none.
  /**
   * @param {number} id
   * @param {string} key
   * @returns {number | null}
   */
  neighbour(id, key) {
    const { byId, boxes } = this.scene;
    const box = byId.get(id);
    if (!box) return boxes[0]?.id ?? null;
    /** @param {Box} each */
    const middle = (each) => each.x + each.w / 2;
    if (key === "ArrowDown" || key === "ArrowUp") {
      const down = key === "ArrowDown";
      if (down && box.open) {
        const inside = boxes.filter((each) => each.inside === id && !each.aside).sort((a, b) => a.y - b.y || a.x - b.x);
        if (inside.length) return inside[0].id;
      }
      const near = [...this.follow(id, down, true).items].flatMap((each) => byId.get(each) ?? []);
      /** @param {Box} each */
      const far = (each) => Math.abs(middle(each) - middle(box)) + Math.abs(each.y - box.y);
      near.sort((a, b) => far(a) - far(b) || a.id - b.id);
      return near[0]?.id ?? (!down && byId.has(box.inside) ? box.inside : null);
    }
    const left = key === "ArrowLeft";
    const beside = boxes.filter(
      (each) =>
        each.inside === box.inside && each !== box && (left ? middle(each) < middle(box) : middle(each) > middle(box)),
    );
    /** @param {Box} each */
    const far = (each) => Math.abs(each.y + each.h / 2 - box.y - box.h / 2) * 3 + Math.abs(middle(each) - middle(box));
    beside.sort((a, b) => far(a) - far(b));
    return beside[0]?.id ?? null;
  }
}

/**
 * @template T
 * @param {Map<string, T[]>} lists
 * @param {string} key
 */
function listOf(lists, key) {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
