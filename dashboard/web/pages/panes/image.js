// A pane with a picture, that is zoomed and moved within its window. What it shows are bytes by their hash, or an SVG,
// which is shown as a picture as well: what stands in it cannot run and asks for nothing.
import { node } from "../../ui/dom.js";
import { ImageCamera } from "./image_camera.js";
import { pixelOf } from "./pane_events.js";

const CLICK = 4; // px; what is dragged farther is no click

class ImageView {
  /** @param {import("./view.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.camera = new ImageCamera();
    this.image = node("img", { alt: "", draggable: "false" });
    this.stage = node("div", { class: "pane-stage" }, this.image);
    this.caption = node("p", { class: "pane-caption" });
    this.element = node("div", { class: "pane-image" }, this.stage, this.caption);
    /** @type {import("./view.js").Pane | null} */
    this.pane = null;
    this.address = "";
    this.isDrawn = false;
    this.image.addEventListener("load", () => {
      this.camera.of(this.image.naturalWidth || 300, this.image.naturalHeight || 150);
      this.isDrawn = true;
      this.resize();
    });
    this.image.addEventListener("error", () => {
      this.isDrawn = true;
      if (this.address) this.caption.textContent = "This picture cannot be shown.";
    });
    frame.scope.onLeave(() => this.#forget());
    this.#listen();
  }

  #listen() {
    const { stage, camera } = this;
    /** @type {{ x: number, y: number, moved: number } | null} */
    let held = null;
    /** @param {MouseEvent} event */
    const inside = (event) => {
      const box = stage.getBoundingClientRect();
      return /** @type {const} */ ([event.clientX - box.left, event.clientY - box.top]);
    };
    stage.addEventListener(
      "wheel",
      (event) => {
        // A plain wheel scrolls the page, unless the pane fills it.
        if (!event.ctrlKey && !event.metaKey && !stage.closest(".pane.is-large")) return;
        event.preventDefault();
        camera.zoom(Math.exp(-Math.max(-240, Math.min(240, event.deltaY)) * 0.003), ...inside(event));
        this.#place();
      },
      { passive: false },
    );
    stage.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      held = { x: event.clientX, y: event.clientY, moved: 0 };
      stage.setPointerCapture(event.pointerId);
    });
    stage.addEventListener("pointermove", (event) => {
      if (!held) return;
      const dx = event.clientX - held.x,
        dy = event.clientY - held.y;
      held = { x: event.clientX, y: event.clientY, moved: held.moved + Math.abs(dx) + Math.abs(dy) };
      camera.move(dx, dy);
      this.#place();
    });
    stage.addEventListener("pointerup", (event) => {
      if (held && held.moved <= CLICK) {
        const told = pixelOf(...camera.at(...inside(event)), camera.width, camera.height);
        if (told) this.frame.tell(told);
      }
      held = null;
    });
    stage.addEventListener("pointercancel", () => {
      held = null;
    });
    stage.addEventListener("dblclick", (event) => {
      if (camera.isFitted) camera.zoom(4, ...inside(event));
      else camera.fit();
      this.#place();
    });
  }

  /** @param {import("./view.js").Pane[]} panes */
  update([pane]) {
    this.pane = pane;
    const { content, items, opts, title } = pane;
    const [item] = items;
    const said = item?.attributes?.caption ?? opts.caption ?? content?.caption;
    this.caption.textContent = typeof said === "string" ? said : "";
    this.image.alt = this.caption.textContent || title || "Picture";
    const svg = svgOf(pane);
    const address = svg !== null ? pictureOf(svg) : item ? this.frame.source.address(pane, item) : "";
    if (address === this.address) return;
    this.#forget();
    this.address = address;
    this.isDrawn = !address;
    if (address) this.image.src = address;
    else this.caption.textContent = "No picture yet";
  }

  #forget() {
    if (this.address.startsWith("blob:")) URL.revokeObjectURL(this.address);
    this.address = "";
  }

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    this.camera.within(clientWidth, clientHeight);
    this.#place();
  }

  #place() {
    const { x, y, k, width, height } = this.camera;
    this.image.style.width = `${width}px`;
    this.image.style.height = `${height}px`;
    this.image.style.transform = `translate(${x}px, ${y}px) scale(${k})`;
    this.image.classList.toggle("is-near", k >= 2);
    this.stage.classList.toggle("is-zoomed", !this.camera.isFitted);
  }

  isReady() {
    return this.isDrawn;
  }

  files() {
    const { pane } = this;
    if (!pane) return [];
    const svg = svgOf(pane);
    if (svg !== null) return [{ name: "SVG", ending: "svg", make: () => new Blob([svg], { type: "image/svg+xml" }) }];
    const [item] = pane.items;
    if (!item) return [];
    const ending = /^image\/(\w+)/.exec(item.form)?.[1] ?? "png";
    const make = async () => (await fetch(this.frame.source.address(pane, item))).blob();
    return [{ name: ending.toUpperCase(), ending, make }];
  }
}

/** @param {import("./view.js").Pane} pane @returns {string | null} */
function svgOf({ type, content }) {
  if (type !== "svg") return null;
  const text = typeof content === "string" ? content : content?.svg;
  return typeof text === "string" ? text : "";
}

// Without its namespace a browser takes an SVG for none.
/** @param {string} text */
function pictureOf(text) {
  const whole = /<svg[^>]*\sxmlns\s*=/i.test(text)
    ? text
    : text.replace(/<svg\b/i, '<svg xmlns="http://www.w3.org/2000/svg"');
  return URL.createObjectURL(new Blob([whole], { type: "image/svg+xml" }));
}

/** @type {import("./view.js").Make} */
export const make = (frame) => new ImageView(frame);
