// Who made the first value that is not finite: the operation, its line, what went in and came out, and how all was
// while it was healthy; as the training marked it.
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";
import { rowsOf } from "./autopsy_rows.js";

/** @typedef {import("./autopsy_rows.js").Mark} Mark */

/**
 * @param {Mark} mark
 * @param {((path: string) => void) | null} openGraph null where the run has no graph
 */
export function autopsy(mark, openGraph) {
  const { operation, source, inputs, output, healthy, healthy_step: at, node: path } = mark.attributes ?? {};
  /** @param {string} title @param {unknown} value */
  const part = (title, value) => {
    const rows = rowsOf(value);
    if (!rows.length) return [];
    const texts = rows.map(([name, text]) =>
      node("p", {}, ...(name ? [node("bdi", { class: "autopsy-name", text: name })] : []), node("code", { text })),
    );
    return [node("dt", { text: title }), node("dd", {}, ...texts)];
  };
  const list = node(
    "dl",
    { class: "autopsy" },
    ...part("Operation", operation),
    ...part("Line", source),
    ...part("Inputs", inputs),
    ...part("Output", output),
    ...part(typeof at === "number" ? `Healthy at step ${format.step(at)}` : "While healthy", healthy),
  );
  const more = node("details", { class: "finding-more" }, node("summary", { text: "What happened there" }), list);
  if (openGraph && path) {
    const button = node("button", { type: "button", class: "text-button", text: "Open the graph there" });
    button.addEventListener("click", () => openGraph(String(path)));
    more.append(button);
  }
  return more;
}
