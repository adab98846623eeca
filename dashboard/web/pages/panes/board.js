// The board on which windows lie: by themselves, side by side, until somebody moves one; then where they were put.
import { moved, resized } from "./snapping.js";
import { PaneWindow } from "./pane_window.js";
import { columnsOf, roomFor, tiled, within } from "./tiling.js";

/** @typedef {import("./entries.js").Entry} Entry */
/** @typedef {import("./tiling.js").Place} Place */
/**
 * Where windows were put, by their keys; empty where they lie by themselves.
 * @typedef {{ get: () => Map<string, Place>, set: (places: Map<string, Place>) => void }} Kept
 */

const BELOW = 24; // px of room below the lowest

export class Board {
  /**
   * @param {Kept} kept
   * @param {Omit<import("./pane_window.js").Around, "raise" | "grab" | "nudge">} page
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(kept, page, scope) {
    this.kept = kept;
    this.scope = scope;
    this.element = Object.assign(document.createElement("div"), { className: "panes" });
    /** @type {Map<string, PaneWindow>} */
    this.windows = new Map(); // by key, in their order
    this.top = 1; // z-index of what was touched last
    /** @type {import("./pane_window.js").Around} */
    this.around = {
      ...page,
      raise: (window) => this.#raise(window),
      grab: (window, how, event) => this.#grab(window, how, event),
      nudge: (window, how, dx, dy) => this.#change(window, how, dx, dy, window.place, []),
    };
    this.inSight = scope.observer(
      new IntersectionObserver(
        (entries) => {
          for (const { target, isIntersecting } of entries)
            for (const window of this.windows.values())
              if (window.element === target) window.setSeen(isIntersecting || window.isLarge);
        },
        { root: document.getElementById("view"), rootMargin: "200px" },
      ),
    );
    scope.observer(new ResizeObserver(() => this.arrange())).observe(this.element);
  }

  /**
   * @param {Entry[]} entries
   */
  show(entries) {
    const wanted = new Map(entries.map((entry) => [entry.key, entry]));
    for (const [key, window] of this.windows) {
      const entry = wanted.get(key);
      if (entry && entry.type === window.entry.type && entry.isCompared === window.entry.isCompared) continue;
      window.scope.leave();
      window.element.remove();
      this.windows.delete(key);
    }
    /** @type {Map<string, PaneWindow>} */
    const inOrder = new Map();
    for (const entry of entries) {
      let window = this.windows.get(entry.key);
      if (window) window.show(entry);
      else {
        window = new PaneWindow(entry, this.around, this.scope.child());
        this.element.append(window.element);
        this.inSight.observe(window.element);
      }
      inOrder.set(entry.key, window);
    }
    this.windows = inOrder;
    // In the order of reading, which the Tab key follows; what has the focus is not moved, as it would lose it.
    /** @type {HTMLElement | null} */
    let before = null;
    for (const { element } of inOrder.values()) {
      /** @type {Element | null} */
      const next = before ? before.nextElementSibling : this.element.firstElementChild;
      if (next !== element && !element.contains(document.activeElement)) {
        if (before) before.after(element);
        else this.element.prepend(element);
      }
      before = element;
    }
    this.arrange();
  }

  get width() {
    return this.element.clientWidth;
  }

  // Whether windows can be put anywhere: on a narrow screen they are a column.
  get isFree() {
    return columnsOf(this.width).count > 1;
  }

  arrange() {
    const { width } = this;
    if (!width) return;
    const entries = [...this.windows.values()].map(({ entry }) => entry);
    const kept = this.isFree ? this.kept.get() : new Map();
    /** @type {Map<string, Place>} */
    let places;
    if (!kept.size) places = tiled(entries, width);
    else {
      places = new Map();
      // Beside those that were put somewhere, also if they are filtered away now, new ones find room.
      const taken = [...kept.values()].map((place) => within(place, width));
      for (const entry of entries) {
        const own = kept.get(entry.key);
        const place = own ? within(own, width) : roomFor(taken, entry, width);
        if (!own) taken.push(place);
        places.set(entry.key, place);
      }
    }
    let height = 0;
    for (const [key, window] of this.windows) {
      const place = places.get(key);
      if (!place) continue;
      window.put(place);
      height = Math.max(height, place.y + place.h);
    }
    this.element.style.height = `${height + BELOW}px`;
    this.element.classList.toggle("is-free", this.isFree);
  }

  /** All lie by themselves again. */
  tile() {
    this.kept.set(new Map());
    this.arrange();
  }

  get isTiled() {
    return !this.kept.get().size;
  }

  /** @param {PaneWindow} window */
  #raise(window) {
    if (Number(window.element.style.zIndex) === this.top) return;
    window.element.style.zIndex = String(++this.top);
  }

  /** @param {PaneWindow} window */
  #others(window) {
    return [...this.windows.values()].filter((other) => other !== window).map(({ place }) => place);
  }

  /**
   * Follows the pointer until it is let go of, or Escape takes it back.
   * @param {PaneWindow} window
   * @param {"move" | "size"} how
   * @param {PointerEvent} event
   */
  #grab(window, how, event) {
    if (!this.isFree || window.isLarge) return;
    const handle = /** @type {HTMLElement} */ (event.currentTarget);
    const view = this.element.parentElement;
    const from = window.place,
      others = this.#others(window),
      top = view?.scrollTop ?? 0;
    const start = { x: event.clientX, y: event.clientY };
    const held = this.scope.child();
    let isMoved = false;
    handle.setPointerCapture(event.pointerId);
    this.element.classList.add("is-grabbed");
    held.onLeave(() => this.element.classList.remove("is-grabbed"));
    held.on(handle, "pointermove", (/** @type {PointerEvent} */ now) => {
      const dx = now.clientX - start.x,
        dy = now.clientY - start.y + ((view?.scrollTop ?? 0) - top);
      if (!isMoved && Math.hypot(dx, dy) < 4) return;
      isMoved = true;
      this.#change(window, how, dx, dy, from, others, false);
    });
    held.on(handle, ["pointerup", "lostpointercapture"], () => {
      held.leave();
      if (isMoved) this.#keep();
    });
    held.on(document, "keydown", (/** @type {KeyboardEvent} */ key) => {
      if (key.key !== "Escape") return;
      held.leave();
      window.put(from);
      this.arrange();
    });
  }

  /**
   * @param {PaneWindow} window
   * @param {"move" | "size"} how
   * @param {number} dx
   * @param {number} dy
   * @param {Place} from
   * @param {Place[]} others whose edges catch it
   * @param {boolean} [isDone]
   */
  #change(window, how, dx, dy, from, others, isDone = true) {
    if (!this.isFree || window.isLarge) return;
    window.put((how === "move" ? moved : resized)(from, dx, dy, others, this.width));
    const { y, h } = window.place;
    const height = Math.max(parseFloat(this.element.style.height) || 0, y + h + BELOW);
    this.element.style.height = `${height}px`;
    if (isDone) this.#keep();
  }

  // From the first window that is moved on all stay where they are: nothing jumps into the room that it leaves.
  #keep() {
    const kept = new Map(this.kept.get());
    for (const [key, { place }] of this.windows) kept.set(key, place);
    this.kept.set(kept);
    this.arrange();
  }

  /** @param {string} key the one that fills the page; "" for none */
  enlarge(key) {
    this.element.classList.toggle("has-large", this.windows.has(key));
    for (const [own, window] of this.windows) {
      if (window.isLarge !== (own === key)) window.setLarge(own === key);
      if (own === key) window.setSeen(true);
    }
  }
}
