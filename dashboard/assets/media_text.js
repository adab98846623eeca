// A text, as Markdown when it is such.
import { node } from "./dom.js";
import { markdown } from "./markdown.js";

export function make(item) {
  const element = node("div", { class: "words-item" });
  let shown = null;
  element.update = (now) => {
    const text = now.text + (now.attributes.characters ? `\n… (${now.attributes.characters.toLocaleString("en-US")} characters)` : "");
    const key = `${now.attributes.markdown} ${text}`;
    if (key === shown) return;
    shown = key;
    element.replaceChildren(now.attributes.markdown ? markdown(text) : node("pre", { text }));
  };
  element.update(item);
  return element;
}
