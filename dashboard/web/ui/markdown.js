// Markdown as elements: headings, lists, quotes, code, tables, emphasis, links. No text becomes HTML, nothing is
// loaded from anywhere, and what is not understood stands as it was written.
import { node } from "./dom.js";

const DEEPEST = 6; // quotes in quotes, lists in lists

const INDENTED = /^( {4}|\t)/;

// Whether lines that begin with blanks would lose them as Markdown: as code and traces do that stand in no fence.
/** @param {string} text */
export function losesBlanks(text) {
  /** @type {string | null} */
  let fence = null;
  const lines = text.split("\n");
  return lines.some((line, i) => {
    const found = FENCE.exec(line)?.[1];
    if (found) {
      fence = fence === null ? found : line.trim().startsWith(fence) ? null : fence;
      return false;
    }
    return (
      fence === null &&
      INDENTED.test(line) &&
      line.trim() !== "" &&
      i > 0 &&
      lines[i - 1].trim() !== "" &&
      !INDENTED.test(lines[i - 1]) &&
      !ITEM.test(lines[i - 1])
    );
  });
}

/** @param {string} text */
export function markdown(text) {
  const holder = node("div", { class: "prose" });
  blocks(text.replaceAll("\r\n", "\n").split("\n"), holder, 0);
  return holder;
}

const FENCE = /^ {0,3}(```+|~~~+)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const HEADINGS = /** @type {const} */ (["h3", "h4", "h5", "h6", "h6", "h6"]); // the page has its own two above
const RULE = /^ {0,3}([-*_])\s*(\1\s*){2,}$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])\s+/;
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/**
 * @param {string[]} lines
 * @param {HTMLElement} holder
 * @param {number} depth
 */
function blocks(lines, holder, depth) {
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    if (!line.trim()) {
      i += 1;
      continue;
    }
    const fence = FENCE.exec(line);
    if (fence) {
      let end = i + 1;
      while (end < lines.length && !lines[end].trim().startsWith(fence[1])) end += 1;
      holder.append(node("pre", {}, node("code", { text: lines.slice(i + 1, end).join("\n") })));
      i = end + 1;
      continue;
    }
    if (INDENTED.test(line)) {
      const code = [];
      while (i < lines.length && (INDENTED.test(lines[i]) || !lines[i].trim()))
        code.push(lines[i++].replace(INDENTED, ""));
      holder.append(node("pre", {}, node("code", { text: code.join("\n").trimEnd() })));
      continue;
    }
    const heading = HEADING.exec(line);
    if (heading) {
      holder.append(inline(node(HEADINGS[heading[1].length - 1]), heading[2]));
      i += 1;
      continue;
    }
    if (RULE.test(line)) {
      holder.append(node("hr"));
      i += 1;
      continue;
    }
    if (QUOTE.test(line) && depth < DEEPEST) {
      const inner = [];
      while (i < lines.length && QUOTE.test(lines[i])) inner.push(lines[i++].replace(QUOTE, ""));
      blocks(inner, holder.appendChild(node("blockquote")), depth + 1);
      continue;
    }
    if (ITEM.test(line) && depth < DEEPEST) {
      i = list(lines, i, holder, depth);
      continue;
    }
    if (line.includes("|") && DIVIDER.test(lines[i + 1] ?? "") && lines[i + 1].includes("-")) {
      i = table(lines, i, holder);
      continue;
    }
    const words = [];
    while (
      i < lines.length &&
      lines[i].trim() &&
      !(
        words.length &&
        (FENCE.test(lines[i]) ||
          HEADING.test(lines[i]) ||
          RULE.test(lines[i]) ||
          QUOTE.test(lines[i]) ||
          ITEM.test(lines[i]))
      )
    )
      words.push(lines[i++].trimStart());
    holder.append(inline(node("p"), words.join("\n")));
  }
}

/**
 * @param {string[]} lines
 * @param {number} start
 * @param {HTMLElement} holder
 * @param {number} depth
 */
function list(lines, start, holder, depth) {
  const first = ITEM.exec(lines[start])?.[2] ?? "",
    ordered = /\d/.test(first);
  const made = ordered ? Object.assign(node("ol"), { start: Number.parseInt(first, 10) }) : node("ul");
  holder.append(made);
  let i = start;
  while (i < lines.length) {
    const found = ITEM.exec(lines[i]);
    if (!found || /\d/.test(found[2]) !== ordered) break;
    const indent = found[0].length;
    const inner = [lines[i].slice(indent)];
    i += 1;
    /** @param {string | undefined} line */
    const inside = (line) => line !== undefined && line.search(/\S/) >= Math.min(indent, 2);
    while (i < lines.length && (inside(lines[i]) || (!lines[i].trim() && inside(lines[i + 1]))))
      inner.push(lines[i++].replace(new RegExp(`^ {0,${indent}}`), ""));
    const item = made.appendChild(node("li"));
    if (inner.length === 1) inline(item, inner[0]);
    else blocks(inner, item, depth + 1);
    while (i < lines.length && !lines[i].trim() && ITEM.test(lines[i + 1] ?? "")) i += 1;
  }
  return i;
}

/**
 * @param {string[]} lines
 * @param {number} start
 * @param {HTMLElement} holder
 */
function table(lines, start, holder) {
  /** @param {string} line */
  const cells = (line) =>
    line
      .trim()
      .replace(/^\|/, "")
      .replace(/\|$/, "")
      .split("|")
      .map((cell) => cell.trim());
  const sides = cells(lines[start + 1]).map((cell) =>
    cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "right") : "left",
  );
  /**
   * @param {string} line
   * @param {"td" | "th"} name
   */
  const row = (line, name) => {
    const made = node("tr");
    cells(line).forEach((cell, i) => {
      made.append(inline(node(name, { class: `to-${sides[i] ?? "left"}` }), cell));
    });
    return made;
  };
  const body = node("tbody");
  let i = start + 2;
  for (; i < lines.length && lines[i].includes("|") && lines[i].trim(); i++) body.append(row(lines[i], "td"));
  holder.append(
    node("div", { class: "prose-table" }, node("table", {}, node("thead", {}, row(lines[start], "th")), body)),
  );
  return i;
}

// `code`, **strong**, *emphasis*, ~~struck~~, [words](address), ![picture](address), a line's end.
const INLINE = new RegExp(
  [
    /(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)/,
    /\*\*(?=\S)([\s\S]*?\S)\*\*/,
    /__(?=\S)([\s\S]*?\S)__/,
    /\*(?=\S)([^*]*?\S)\*/,
    /(?<!\w)_(?=\S)([^_]*?\S)_(?!\w)/,
    /~~(?=\S)([\s\S]*?\S)~~/,
    /(!?)\[([^\]\n]{0,500})\]\(((?:[^()\s]|\([^()\s]{0,200}\)){0,2000})(?:\s+"[^"\n]*")?\)/,
    /\\([\\`*_{}[\]()#+\-.!|~>])/,
    /( {2,}\n|\n)/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "g",
);

/**
 * @template {HTMLElement} E
 * @param {E} holder
 * @param {string} text
 * @returns {E} the holder
 */
function inline(holder, text, depth = 0) {
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > from) holder.append(text.slice(from, found.index));
    from = found.index + found[0].length;
    const [whole, , code, strong, strong2, emphasis, emphasis2, struck, picture, words, address, escaped, end] = found;
    if (code !== undefined) holder.append(node("code", { text: code.trim() }));
    else if (escaped !== undefined) holder.append(escaped);
    else if (end !== undefined) holder.append(end === "\n" ? "\n" : node("br"));
    else if (words !== undefined) holder.append(link(picture ? `[${words || "picture"}]` : words, address, depth));
    else if (depth < DEEPEST) {
      const name = (strong ?? strong2) ? "strong" : (emphasis ?? emphasis2) ? "em" : "del";
      holder.append(inline(node(name), strong ?? strong2 ?? emphasis ?? emphasis2 ?? struck, depth + 1));
    } else holder.append(whole);
  }
  if (from < text.length) holder.append(text.slice(from));
  return holder;
}

// Only to the web, in a tab of its own that knows nothing of ours; another address is shown and not linked.
/**
 * @param {string} words
 * @param {string} address
 * @param {number} depth
 * @returns {HTMLElement}
 */
function link(words, address, depth) {
  const known = /^(https?:\/\/|mailto:)/i.test(address);
  const made = known
    ? node("a", { href: address, target: "_blank", rel: "noopener noreferrer", title: address })
    : node("span", { title: address });
  return inline(made, words, depth + 1);
}
