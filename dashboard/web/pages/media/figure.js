// A figure: Matplotlib's as a picture, Plotly's drawn by Plotly, which comes from this server when one is in sight.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";
import { drawFigure, purge } from "../../ui/plotly.js";
import { open } from "./large.js";
import { largeDialog } from "./large_dialog.js";
import { unpacked } from "./data.js";

/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./data.js").ItemElement} ItemElement */
/** @typedef {import("./panel.js").Panel} Panel */

/**
 * @param {Item} item
 * @param {Panel} panel
 * @returns {ItemElement}
 */
export function make(item, panel) {
  const holder = node("div", { class: "figure-holder" });
  const caption = node("span");
  const enlarge = node("button", {
    type: "button",
    class: "text-button",
    text: "Enlarge",
    "aria-label": `Enlarge figure ${panel.tag}`,
    hidden: true,
  });
  const element = node("figure", { class: "figure" }, holder, node("figcaption", {}, caption, enlarge));
  let shown = "",
    at = item;
  const theme = () => {
    shown = "";
    update(at);
  };
  enlarge.addEventListener("click", () => large(panel, at));
  /** @param {Item} now */
  const update = (now) => {
    at = now;
    caption.textContent = now.attributes.caption ?? "";
    if (shown === now.hash) return;
    shown = now.hash;
    enlarge.hidden = now.form.startsWith("image/"); // which is its own button
    if (now.form.startsWith("image/")) picture(holder, panel, now);
    else plot(holder, panel, now, () => shown === now.hash);
  };
  const scope = panel.scope.child();
  scope.on(document, "themechange", theme);
  scope.onLeave(() => {
    shown = ""; // what is on its way is not drawn
    purge(holder);
  });
  update(item);
  return Object.assign(element, { update, end: () => scope.leave() });
}

/**
 * @param {HTMLElement} holder
 * @param {Panel} panel
 * @param {Item} item
 */
function picture(holder, panel, item) {
  const image = node("img", {
    src: api.blobAddress(panel.run, item.hash),
    loading: "lazy",
    width: item.attributes.width,
    height: item.attributes.height,
    alt: item.attributes.caption ?? `Figure ${panel.tag}`,
  });
  const button = node(
    "button",
    { type: "button", class: "picture-open", "aria-label": `Enlarge figure ${panel.tag}` },
    image,
  );
  button.addEventListener("click", () => open(panel, item));
  purge(holder);
  holder.style.minHeight = "";
  holder.replaceChildren(button);
}

// A figure on the whole page, to be hovered and zoomed in.
/**
 * @param {Panel} panel
 * @param {Item} item
 */
function large(panel, item) {
  const holder = node("div", { class: "figure-holder" });
  const dialog = largeDialog(panel.tag, {
    label: `Figure ${panel.tag}`,
    head: [
      node("span", { class: "dim", text: `step ${format.step(item.step)}` }),
      node("span", { class: "bar-space" }),
    ],
    body: holder,
    onClose: () => {
      forget();
      purge(holder);
    },
  });
  const forget = panel.page.scope.onLeave(() => dialog.close());
  plot(holder, panel, item, () => dialog.isConnected, holder.clientHeight);
}

/**
 * @param {HTMLElement} holder
 * @param {Panel} panel
 * @param {Item} item
 * @param {() => boolean} isWanted
 * @param {number} [height] px
 */
const plot = (holder, panel, item, isWanted, height) =>
  drawFigure(holder, () => unpacked(panel.run, item.hash, JSON.parse), { isWanted, height });
