// What is written below a picture: its caption and label, what a model took it for, and what was clipped of it.
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";

/** @typedef {import("./data.js").Attributes} Attributes */
/** @typedef {import("./data.js").Guess} Guess */

export const BROKEN = "The picture cannot be shown: its bytes are damaged, or it is too large for a browser.";

/**
 * A picture in words, for those who do not see it.
 * @param {Attributes} about
 */
export const spoken = (about) =>
  [
    about.caption,
    about.label !== undefined ? `label ${about.label}` : "",
    about.predictions?.length ? `predicted ${about.predictions[0].name}` : "",
  ]
    .filter(Boolean)
    .join(", ") || "logged picture";

/** @param {Attributes} about */
export const captionOf = (about) =>
  [
    about.caption,
    about.label !== undefined ? `label ${about.label}` : "",
    about.clipped ? clipped(about) : "",
    about.nan ? `${about.nan.toLocaleString("en-US")} NaN` : "",
  ]
    .filter(Boolean)
    .join(" · ");

/** @param {Attributes} about */
export const sizeOf = ({ width, height }) => (width ? `${format.step(width)} × ${format.step(height ?? 0)}` : "");

// The range of the numbers says why a picture is all white.
/** @param {Attributes} about */
function clipped({ clipped: count = 0, least, most }) {
  const ranged = least !== undefined && most !== undefined;
  const range = ranged ? `: they ran from ${format.value(least, 3)} to ${format.value(most, 3)}` : "";
  return `${format.plural(count, "value")} clipped${range}`;
}

/** @param {number | null} probability */
export const percent = (probability) => (probability === null ? "NaN" : `${Math.round(100 * probability)} %`);

/**
 * The likeliest classes as bars, which grow to what they are now; that of the truth stands out.
 * @param {HTMLElement} holder
 * @param {Guess[]} guesses
 * @param {string | undefined} label
 */
export function bars(holder, guesses, label) {
  while (holder.children.length > guesses.length) holder.lastElementChild?.remove();
  guesses.forEach(({ name, probability }, i) => {
    const row = holder.children[i] ?? holder.appendChild(bar());
    const [title, share] = [row.children[0], row.children[2]];
    title.textContent = name;
    title.setAttribute("title", name);
    const width = 100 * Math.min(1, Math.max(0, probability ?? 0));
    row.querySelector("i")?.style.setProperty("width", `${width}%`);
    share.textContent = percent(probability);
    row.classList.toggle("is-right", label !== undefined && name === label);
  });
}

const bar = () =>
  node(
    "div",
    { class: "guess" },
    node("span", { class: "guess-name" }),
    node("span", { class: "guess-bar" }, node("i")),
    node("span", { class: "guess-share" }),
  );
