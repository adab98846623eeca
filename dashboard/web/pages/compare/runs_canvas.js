// A canvas that shows runs by their columns, on which one points at a run and drags brushes.

/**
 * Whom a chart tells of what is done on it.
 * @typedef {object} Told
 * @property {(name: string | null, range: number[] | null, isDone: boolean) => void} brush
 * @property {(index: number, event?: MouseEvent) => void} hover -1 for none
 */
/** @typedef {import("./brushes.js").Brushes} Brushes */
/** @typedef {import("./data.js").Column} Column */
/** @typedef {(event: PointerEvent, isDone: boolean) => void} Drag */

export class RunsCanvas {
  /**
   * @param {string} kind the class of the element
   * @param {Brushes} brushes
   * @param {Told} told
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(kind, brushes, told, scope) {
    this.brushes = brushes;
    this.told = told;
    /** @type {Column[]} */
    this.columns = [];
    this.count = 0; // of runs
    this.within = new Uint8Array(0); // of each run whether it is chosen
    /** @type {Float32Array[]} */
    this.places = []; // of each run in each column
    this.hovered = -1;
    /** @type {Drag | null} */
    this.drag = null;
    this.element = Object.assign(document.createElement("div"), { className: kind });
    this.canvas = document.createElement("canvas"); // the one that is pointed at
    this.element.append(this.canvas);
    this.canvas.setAttribute("role", "img");
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => {
      if (this.drag) this.drag(event, false);
      else this.told.hover(this.nearest(event), event);
    });
    this.canvas.addEventListener("pointerleave", () => this.told.hover(-1));
    this.canvas.addEventListener("dblclick", () => {
      this.brushes.clear();
      this.told.brush(null, null, true);
    });
    scope.observer(new ResizeObserver(() => this.draw())).observe(this.element);
  }

  /**
   * @param {Column[]} columns
   * @param {number} count
   * @param {Uint8Array<ArrayBuffer>} within
   */
  take(columns, count, within) {
    this.columns = columns;
    this.count = count;
    this.within = within;
    // Each run's places, once: a brush redraws them many times.
    this.places = columns.map((column) => Float32Array.from({ length: count }, (_, i) => column.place(i)));
  }

  draw() {}

  // What changes with the run that is pointed at: where it lies on a canvas of its own, that alone.
  drawOver() {
    this.draw();
  }

  /** @param {number} index */
  hover(index) {
    if (this.hovered === index) return;
    this.hovered = index;
    this.drawOver();
  }

  /** @param {PointerEvent} _event */
  begin(_event) {}

  /**
   * The run under the pointer, -1 for none.
   * @param {MouseEvent} _event
   */
  nearest(_event) {
    return -1;
  }

  /**
   * Follows the pointer until it is let go of, wherever it goes.
   * @param {PointerEvent} event
   * @param {Drag} drag
   */
  follow(event, drag) {
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = drag;
    /** @param {PointerEvent} up */
    const end = (up) => {
      drag(up, true);
      this.drag = null;
      this.canvas.removeEventListener("pointerup", end);
      this.canvas.removeEventListener("pointercancel", end);
    };
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", end);
  }
}
