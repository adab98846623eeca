// A picture in a grid: what it shows, what it is taken for, and the boxes and masks over it.
import * as api from "../../core/api.js";
import { node } from "../../ui/dom.js";
import { BROKEN, bars, captionOf, sizeOf, spoken } from "./captions.js";
import { drawLayers } from "./layers.js";
import { open } from "./large.js";

/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./data.js").ItemElement} ItemElement */
/** @typedef {import("./panel.js").Panel} Panel */

const STRIP = 24; // times as long as wide

// inSight: asked for at once, not when the layout has shown it to be in view.
/**
 * @param {Item} item
 * @param {Panel} panel
 * @param {boolean} [inSight]
 * @returns {ItemElement}
 */
export function make(item, panel, inSight) {
  const image = node("img", { decoding: "async", loading: inSight ? "eager" : "lazy" });
  const over = node("canvas", { class: "layers", hidden: true });
  const says = node("span", { class: "says" });
  const guesses = node("div", { class: "guesses" });
  const button = node("button", { type: "button", class: "picture-open" }, image, over);
  const element = node("figure", { class: "picture" }, button, node("figcaption", {}, says, guesses));
  let shown = item,
    isBroken = false;
  button.addEventListener("click", () => open(panel, shown));
  /** @param {boolean} is */
  const broken = (is) => {
    isBroken = is;
    element.classList.toggle("is-broken", is);
    says.textContent = is ? BROKEN : captionOf(shown.attributes);
  };
  image.addEventListener("error", () => broken(true));
  /** @param {Item} now */
  const update = (now) => {
    shown = now;
    const { attributes: about } = now;
    const { width = 0, height = 0 } = about;
    const address = api.blobAddress(panel.run, now.hash);
    const isSame = image.getAttribute("src") === address;
    broken(isSame && isBroken); // a browser says once of an address that it cannot show it
    if (!isSame) image.src = address;
    image.width = width;
    image.height = height;
    // A strip of pixels at its own shape would be a line too thin to see.
    image.classList.toggle("is-tall", height > 1.2 * width);
    image.classList.toggle("is-strip", width > STRIP * height);
    image.classList.toggle("is-column", height > STRIP * width);
    image.classList.toggle("is-small", width <= 128 && height <= 128);
    const top = (about.predictions ?? []).slice(0, 3);
    element.classList.toggle("is-wrong", top.length > 0 && about.label !== undefined && top[0].name !== about.label);
    image.alt = spoken(about);
    button.setAttribute("aria-label", `Enlarge: ${image.alt}`);
    button.title = sizeOf(about);
    bars(guesses, top, about.label);
    drawLayers(over, panel, now);
  };
  update(item);
  return Object.assign(element, { update });
}
