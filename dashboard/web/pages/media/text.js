// A text, as Markdown when it is such, or as it is: monospaced, every blank in its place.
import { node } from "../../ui/dom.js";
import { losesBlanks, markdown } from "../../ui/markdown.js";

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
  let shown = null,
    now = item;
  turn.addEventListener("click", () => {
    asItIs.set(panel.tag, turn.textContent === "As it is");
    element.update(now);
  });
  element.update = (newer) => {
    now = newer;
    const text =
      now.text +
      (now.attributes.characters ? `\n… (${now.attributes.characters.toLocaleString("en-US")} characters)` : "");
    const plain = !now.attributes.markdown || (asItIs.get(panel.tag) ?? losesBlanks(now.text));
    const key = `${now.attributes.markdown} ${plain} ${text}`;
    if (key === shown) return;
    shown = key;
    turn.hidden = !now.attributes.markdown || !text.trim();
    turn.textContent = plain ? "Markdown" : "As it is";
    if (!text.trim()) words.replaceChildren(node("p", { class: "dim", text: "An empty text." }));
    else words.replaceChildren(plain ? node("pre", { text }) : markdown(text));
  };
  element.update(item);
  return element;
}
