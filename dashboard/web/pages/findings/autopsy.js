// Who made the first value that is not finite: the operation, its line, what went in and came out, and how all was
// while it was healthy; as the training marked it.
import { node } from "../../ui/dom.js";

/**
 * What a mark of kind "anomaly" says.
 * @typedef {{ step: number | null, kind: string, text: string, attributes?: Record<string, any> }} Mark
 */

/** @param {unknown} value a text, a number, or names to such */
function inWords(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** @param {unknown} value @returns {[name: string, text: string][]} */
export function rowsOf(value) {
  if (value === null || value === undefined || value === "") return [];
  if (Array.isArray(value))
    return value.flatMap((each, i) => {
      if (each && typeof each === "object") return rowsOf(each);
      return /** @type {[string, string][]} */ ([[value.length > 1 ? String(i + 1) : "", inWords(each)]]);
    });
  if (typeof value === "object") return Object.entries(value).map(([name, each]) => [name, inWords(each)]);
  return [["", inWords(value)]];
}

// The mark that belongs to a finding: the first one, or that of its step.
/**
 * @param {Mark[]} marks
 * @param {number | null} step
 * @returns {Mark | null}
 */
export function anomalyOf(marks, step) {
  const found = marks.filter(({ kind }) => kind === "anomaly").sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
  return found.find((mark) => mark.step === step) ?? found[0] ?? null;
}

/**
 * @param {Mark} mark
 * @param {((path: string) => void) | null} openGraph null where the run has no graph
 */
export function autopsy(mark, openGraph) {
  const { operation, source, inputs, output, healthy, node: path } = mark.attributes ?? {};
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
    ...part("While healthy", healthy),
  );
  const more = node("details", { class: "finding-more" }, node("summary", { text: "What happened there" }), list);
  if (openGraph && path) {
    const button = node("button", { type: "button", class: "text-button", text: "Open the graph there" });
    button.addEventListener("click", () => openGraph(String(path)));
    more.append(button);
  }
  return more;
}
