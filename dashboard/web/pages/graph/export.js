// The picture as a file: an SVG that looks the same without our stylesheet.

import { offer } from "../../ui/download.js";

// What of an element's look comes from the stylesheet and matters in a drawing, and what it is when nothing is said.
const LOOK = {
  fill: "rgb(0, 0, 0)",
  "fill-opacity": "1",
  stroke: "none",
  "stroke-width": "1px",
  "stroke-dasharray": "none",
  "stroke-opacity": "1",
  "stroke-linecap": "butt",
  "stroke-linejoin": "miter",
  opacity: "1",
  "font-size": "",
  "font-weight": "400",
  "text-anchor": "start",
  "paint-order": "normal",
  "marker-end": "none",
};
const GROUPS = /^(defs|g|marker|svg|title)$/;
const MARGIN = 24;

// The picture as text. Nothing in it may be on the move: the look is read as it is at this moment.
/**
 * @param {SVGSVGElement} svg
 * @param {{ width: number, height: number }} scene
 * @param {string} background
 */
export function asFile(svg, scene, background) {
  const before = svg.getAttribute("class") ?? "";
  svg.classList.add("is-near", "is-still");
  svg.classList.remove("is-far", "is-tracing");
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  const originals = svg.querySelectorAll("*");
  /** @type {Element[]} */
  const gone = [];
  copy.querySelectorAll("*").forEach((element, i) => {
    const look = getComputedStyle(originals[i]);
    if (look.display === "none") gone.push(element);
    for (const name of ["class", "style", "role", "data-id", "data-rail", "aria-hidden", "aria-label"])
      element.removeAttribute(name);
    if (GROUPS.test(element.localName)) return;
    for (const [name, usual] of Object.entries(LOOK)) {
      const value = look.getPropertyValue(name);
      // A marker's address is told as that of the page.
      if (value && value !== usual)
        element.setAttribute(name, value.replace(/url\("[^"#]*#/, 'url("#').replaceAll('"', ""));
    }
  });
  for (const element of gone) element.remove();
  svg.setAttribute("class", before);
  copy.querySelector("g")?.setAttribute("transform", `translate(${MARGIN} ${MARGIN})`);
  const [width, height] = [Math.ceil(scene.width + 2 * MARGIN), Math.ceil(scene.height + 2 * MARGIN)];
  /**
   * @param {Element} element
   * @param {Record<string, string | number | null>} attributes
   */
  const set = (element, attributes) => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  };
  for (const name of copy.getAttributeNames()) copy.removeAttribute(name);
  set(copy, {
    xmlns: copy.namespaceURI,
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    "font-family": getComputedStyle(svg).fontFamily.replaceAll('"', "'"),
  });
  const page = document.createElementNS(copy.namespaceURI, "rect");
  set(page, { width, height, fill: background });
  copy.prepend(page);
  return new XMLSerializer().serializeToString(copy);
}

/**
 * @param {string} text
 * @param {string} name
 */
export const save = (text, name) => offer(new Blob([text], { type: "image/svg+xml" }), name);
