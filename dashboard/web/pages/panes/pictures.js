// A pane with pictures: one alone fills its window, several stand in a grid as they were given.
import { node } from "../../ui/dom.js";
import { make as one } from "./image.js";

/** @typedef {import("./view.js").Pane} Pane */

/** @type {import("./view.js").Make} */
export function make(frame) {
  const single = one(frame);
  const grid = node("div", { class: "pane-pictures", hidden: true });
  const element = node("div", { class: "pane-series" }, single.element, grid);
  /** @type {Pane | null} */
  let shown = null;
  /** @param {Pane} pane */
  const fill = (pane) => {
    pane.items.forEach((item, i) => {
      const figure = /** @type {HTMLElement | undefined} */ (grid.children[i]) ?? grid.appendChild(cell(i));
      const [image, caption] = /** @type {any} */ (figure.children);
      const address = frame.source.address(pane, item);
      if (image.getAttribute("src") !== address) image.src = address;
      caption.textContent = String(item.attributes?.caption ?? "");
      image.alt = caption.textContent || `Picture ${i + 1}`;
    });
    while (grid.children.length > pane.items.length) grid.lastElementChild?.remove();
  };
  /** @param {number} i */
  const cell = (i) => {
    const image = node("img", { loading: "lazy", decoding: "async" });
    image.addEventListener("click", ({ offsetX, offsetY }) => {
      const k = image.naturalWidth / (image.clientWidth || 1);
      const [image_x, image_y] = [Math.floor(offsetX * k), Math.floor(offsetY * k)];
      frame.tell({ kind: "click", point: i, image_x, image_y });
    });
    return node("figure", {}, image, node("figcaption"));
  };
  return {
    element,
    update: ([pane]) => {
      shown = pane;
      const isOne = pane.items.length < 2;
      single.element.hidden = !isOne;
      grid.hidden = isOne;
      if (isOne) single.update([pane]);
      else fill(pane);
      single.resize?.();
    },
    resize: () => single.resize?.(),
    isReady: () => (shown && shown.items.length > 1 ? true : (single.isReady?.() ?? true)),
    files: () => {
      const pane = shown;
      if (!pane || pane.items.length < 2) return single.files?.() ?? [];
      return pane.items.slice(0, 8).map((item, i) => {
        const ending = /^image\/(\w+)/.exec(item.form)?.[1] ?? "png";
        const make = async () => (await fetch(frame.source.address(pane, item))).blob();
        return { name: `${i + 1} (${ending.toUpperCase()})`, ending, make };
      });
    },
  };
}
