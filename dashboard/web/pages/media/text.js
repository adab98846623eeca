// A text, as Markdown when it is such, or as it is: monospaced, every blank in its place.
import { node } from "../../ui/dom.js";
import { losesBlanks, markdown } from "../../ui/markdown.js";

/** @typedef {import("./data.js").Item} Item */

/**
 * @param {Item} item
 * @param {import("./panel.js").Panel} panel
 * @returns {import("./data.js").ItemElement}
 */
export function make(item, panel) {
  const { asItIs } = panel.page; // tag -> what somebody chose for its texts
  const words = node("div");
  const turn = node("button", { class: "text-button words-turn", type: "button" });
  const element = node(
    "div",
    { class: "words-item", tabindex: 0, role: "region", "aria-label": `Text ${panel.tag}` },
    turn,
    words,
  );
  let shown = "",
    now = item;
  turn.addEventListener("click", () => {
    asItIs.set(panel.tag, turn.textContent === "Plain text");
    update(now);
  });
  /** @param {Item} newer */
  const update = (newer) => {
    now = newer;
    const { text: logged = "", attributes } = now;
    const cut = attributes.characters ? `\n… (${attributes.characters.toLocaleString("en-US")} characters)` : "";
    const text = logged + cut;
    const plain = !now.attributes.markdown || (asItIs.get(panel.tag) ?? losesBlanks(logged));
    const key = `${now.attributes.markdown} ${plain} ${text}`;
    if (key === shown) return;
    shown = key;
    turn.hidden = !now.attributes.markdown || !text.trim();
    turn.textContent = plain ? "Markdown" : "Plain text";
    if (!text.trim()) words.replaceChildren(node("p", { class: "dim", text: "Empty text" }));
    else words.replaceChildren(plain ? node("pre", { text }) : markdown(text));
  };
  update(item);
  return Object.assign(element, { update });
}
