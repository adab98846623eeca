// A text, as Markdown when it is such.
import { node } from "./dom.js";
import { markdown } from "./markdown.js";

export function make(item, panel) {
  const element = node("div", { class: "words-item", tabindex: 0, role: "region", "aria-label": `Text ${panel.tag}` });
  let shown = null;
  element.update = (now) => {
    const text = now.text + (now.attributes.characters ? `\n… (${now.attributes.characters.toLocaleString("en-US")} characters)` : "");
    const key = `${now.attributes.markdown} ${text}`;
    if (key === shown) return;
    shown = key;
    if (!text.trim()) element.replaceChildren(node("p", { class: "dim", text: "An empty text." }));
    else element.replaceChildren(now.attributes.markdown ? markdown(text) : node("pre", { text }));
  };
  element.update(item);
  return element;
}
