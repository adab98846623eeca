// A picture in a grid: what it shows, what it is taken for, and the boxes and masks over it.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";
import { drawLayers } from "./layers.js";
import { open } from "./large.js";

const STRIP = 24; // times as long as wide
const BROKEN = "The picture cannot be shown: its bytes are damaged, or it is too large for a browser.";

// inSight: asked for at once, not when the layout has shown it to be in view.
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
  const broken = (is) => {
    isBroken = is;
    element.classList.toggle("is-broken", is);
    says.textContent = is ? BROKEN : told(shown.attributes);
  };
  image.addEventListener("error", () => broken(true));
  element.update = (now) => {
    shown = now;
    const { attributes: about } = now;
    const address = api.blobAddress(panel.run, now.hash);
    const isSame = image.getAttribute("src") === address;
    broken(isSame && isBroken); // a browser says once of an address that it cannot show it
    if (!isSame) image.src = address;
    image.width = about.width;
    image.height = about.height;
    // A strip of pixels at its own shape would be a line too thin to see.
    image.classList.toggle("is-tall", about.height > 1.2 * about.width);
    image.classList.toggle("is-strip", about.width > STRIP * about.height);
    image.classList.toggle("is-column", about.height > STRIP * about.width);
    image.classList.toggle("is-small", about.width <= 128 && about.height <= 128);
    const top = (about.predictions ?? []).slice(0, 3);
    element.classList.toggle("is-wrong", top.length > 0 && about.label !== undefined && top[0].name !== about.label);
    image.alt = spoken(about);
    button.setAttribute("aria-label", `Enlarge: ${image.alt}`);
    button.title = about.width ? `${format.step(about.width)} × ${format.step(about.height)}` : "";
    bars(guesses, top, about.label);
    drawLayers(over, panel, now, panel.shows);
  };
  element.update(item);
  return element;
}

const spoken = (about) =>
  [
    about.caption,
    about.label !== undefined ? `shows ${about.label}` : "",
    about.predictions?.length ? `taken for ${about.predictions[0].name}` : "",
  ]
    .filter(Boolean)
    .join(", ") || "logged picture";

export const told = (about) =>
  [
    about.caption,
    about.label !== undefined ? `label ${about.label}` : "",
    about.clipped ? clipped(about) : "",
    about.nan ? `${about.nan.toLocaleString("en-US")} NaN` : "",
  ]
    .filter(Boolean)
    .join(" · ");

// From where to where the numbers ran says why a picture is all white.
const clipped = ({ clipped: count, least, most }) =>
  `${format.plural(count, "value")} clipped${least !== undefined && most !== undefined ? `: they ran from ${format.value(least, 3)} to ${format.value(most, 3)}` : ""}`;

// The likeliest classes as bars; that of the truth stands out.
export function bars(holder, guesses, label) {
  while (holder.children.length > guesses.length) holder.lastChild.remove();
  guesses.forEach((guess, i) => {
    const row =
      holder.children[i] ??
      holder.appendChild(
        node(
          "div",
          { class: "guess" },
          node("span", { class: "guess-name" }),
          node("span", { class: "guess-bar" }, node("i")),
          node("span", { class: "guess-share" }),
        ),
      );
    row.children[0].textContent = guess.name;
    row.children[0].title = guess.name;
    row.children[1].firstChild.style.width = `${100 * Math.min(1, Math.max(0, guess.probability ?? 0))}%`;
    row.children[2].textContent = guess.probability === null ? "NaN" : `${Math.round(100 * guess.probability)} %`;
    row.classList.toggle("is-right", label !== undefined && guess.name === label);
  });
}
