// Where pictures lie at large, one or two of them: zoomed and moved together, brighter or darker, read pixel by pixel.
import * as api from "../../core/api.js";
import { node } from "../../ui/dom.js";
import { drawLayers } from "./layers.js";

/** @typedef {import("./data.js").Item} Item */
/**
 * One of the two pictures: what is logged over it, and the difference in its place.
 * @typedef {object} Frame
 * @property {HTMLElement} element
 * @property {HTMLElement} world what is moved and zoomed
 * @property {HTMLImageElement} image
 * @property {HTMLCanvasElement} over
 * @property {HTMLElement} says
 * @property {HTMLCanvasElement | null} diff
 */

const MOST = 64,
  LEAST = 0.05; // how far one can zoom
const MOST_FITTED = 40; // and how far a small picture is zoomed to fit
const ROOM = 24; // px around a picture that fits
const MOST_PROBED = 16e6; // pixels whose colours are read: those of a larger picture would take 64 MB

export class Stage {
  /**
   * @param {import("./panel.js").Panel} panel
   * @param {{ onBroken(): void, onPoint(event: PointerEvent): void, onLeave(): void }} told
   */
  constructor(panel, told) {
    this.panel = panel;
    this.told = told;
    this.width = 0; // of the picture
    this.height = 0;
    this.x = 0; // where it lies on the stage
    this.y = 0;
    this.k = 0; // px of the screen for one of the picture; 0: fit to the window
    this.light = 1;
    this.contrast = 1;
    /** @type {[number, number] | null} */
    this.held = null; // from where it is dragged
    /** @type {OffscreenCanvasRenderingContext2D | null} */
    this.probe = null; // the pixels, to be read
    this.probed = ""; // the address they are of
    this.frames = [this.#frame(), this.#frame()];
    this.element = node(
      "div",
      {
        class: "large-stage",
        tabindex: 0,
        role: "group",
        "aria-label": "Picture. Scroll or + and − to zoom, drag to move, ← → for steps, ↑ ↓ for other pictures",
      },
      ...this.frames.map((frame) => frame.element),
    );
    this.#listen();
  }

  /** @returns {Frame} */
  #frame() {
    const image = node("img", { alt: "" }),
      over = node("canvas", { class: "layers" }),
      says = node("span", { class: "large-says" });
    const world = node("div", { class: "large-world" }, image, over);
    image.addEventListener("error", () => this.told.onBroken());
    return { image, over, world, says, element: node("div", { class: "large-frame" }, world, says), diff: null };
  }

  #listen() {
    const { element } = this;
    element.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const inside = /** @type {Element} */ (event.target).closest(".large-frame") ?? element;
        const box = inside.getBoundingClientRect();
        const factor = Math.exp(-Math.max(-240, Math.min(240, event.deltaY)) * 0.002);
        this.zoom(factor, event.clientX - box.left, event.clientY - box.top);
      },
      { passive: false },
    );
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      this.held = [event.clientX - this.x, event.clientY - this.y];
    });
    element.addEventListener("pointermove", (event) => {
      if (this.held) {
        [this.x, this.y] = [event.clientX - this.held[0], event.clientY - this.held[1]];
        this.place();
      }
      this.told.onPoint(event);
    });
    element.addEventListener("pointerleave", () => this.told.onLeave());
    for (const name of ["pointerup", "pointercancel"])
      element.addEventListener(name, () => {
        this.held = null;
      });
    element.addEventListener("dblclick", () => this.fit());
  }

  /**
   * Puts a picture into a frame.
   * @param {Frame} frame
   * @param {string} run
   * @param {Item} item
   * @param {string} says
   */
  fill(frame, run, item, says) {
    const { width = 0, height = 0 } = item.attributes;
    const address = api.blobAddress(run, item.hash);
    if (frame.image.getAttribute("src") !== address) frame.image.src = address;
    frame.image.width = width;
    frame.image.height = height;
    frame.image.hidden = false;
    frame.diff?.remove();
    frame.diff = null;
    frame.says.textContent = says;
    if (frame === this.frames[0]) [this.width, this.height] = [width, height];
    drawLayers(frame.over, this.panel, item, true, run);
    this.filter();
  }

  /**
   * The difference of the two in place of the first.
   * @param {ImageData} pixels
   */
  showDifference(pixels) {
    const [one] = this.frames;
    one.diff ??= one.world.insertBefore(node("canvas"), one.over);
    one.diff.width = pixels.width;
    one.diff.height = pixels.height;
    one.diff.getContext("2d")?.putImageData(pixels, 0, 0);
    one.image.hidden = true;
    this.filter();
  }

  // A difference has no layers.
  hideLayers() {
    const [{ over }] = this.frames;
    over.hidden = true;
    over.dataset.key = "";
  }

  filter() {
    const text = this.light === 1 && this.contrast === 1 ? "" : `brightness(${this.light}) contrast(${this.contrast})`;
    for (const { image, diff } of this.frames) for (const each of [image, diff]) if (each) each.style.filter = text;
  }

  /**
   * The pixel of the first picture under the pointer, and its colour where that can be read; null beside it.
   * @param {PointerEvent} event
   */
  pixelAt(event) {
    const { width, height } = this;
    const box = this.frames[0].element.getBoundingClientRect();
    const x = Math.floor((event.clientX - box.left - this.x) / this.k),
      y = Math.floor((event.clientY - box.top - this.y) / this.k);
    if (!(x >= 0 && y >= 0 && x < width && y < height)) return null;
    const { image } = this.frames[0];
    if (this.probed !== image.src && image.complete && image.naturalWidth && width * height <= MOST_PROBED) {
      this.probe ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      if (this.probe) {
        [this.probe.canvas.width, this.probe.canvas.height] = [width, height];
        this.probe.drawImage(image, 0, 0, width, height);
        this.probed = image.src;
      }
    }
    if (this.probed !== image.src || !this.probe) return { x, y, shade: "" };
    const [r, g, b] = this.probe.getImageData(x, y, 1, 1).data;
    return { x, y, shade: r === g && g === b ? `grey ${r}` : `rgb ${r}, ${g}, ${b}` };
  }

  fit() {
    this.k = 0;
    this.place();
  }

  /**
   * @param {number} factor
   * @param {number} [px] what stays where it is; the middle
   * @param {number} [py]
   */
  zoom(factor, px, py) {
    const box = this.frames[0].element.getBoundingClientRect();
    const [x, y] = [px ?? box.width / 2, py ?? box.height / 2];
    const k = Math.min(MOST, Math.max(LEAST, this.k * factor));
    [this.x, this.y] = [x - ((x - this.x) * k) / this.k, y - ((y - this.y) * k) / this.k];
    this.k = k;
    this.place();
  }

  place() {
    const box = this.frames[0].element.getBoundingClientRect();
    const { width, height } = this;
    if (!box.width || !width) return;
    if (!this.k) {
      this.k = Math.min((box.width - ROOM) / width, (box.height - ROOM) / height, MOST_FITTED);
      [this.x, this.y] = [(box.width - width * this.k) / 2, (box.height - height * this.k) / 2];
    }
    for (const { world } of this.frames) {
      world.style.width = `${width}px`;
      world.style.height = `${height}px`;
      world.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.k})`;
      world.classList.toggle("is-near", this.k >= 2);
    }
  }
}
