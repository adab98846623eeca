// A drawing that was recorded, as LaTeX (PGF): for \\input{…} in a document that loads pgf. 1 px is 0.75 bp.
import { isTitle } from "./svg.js";

/** @typedef {import("./record.js").Mark} Mark */

/** @param {number} px */
const bp = (px) => `${Math.round(px * 0.75 * 100) / 100}bp`;

/** @param {number} share */
const two = (share) => String(Math.round(share * 100) / 100);

/** @type {Record<string, string | null>} */
const SIDES = { __proto__: null, left: "left", right: "right" };
/** @type {Record<string, string | null>} */
const BASELINES = { __proto__: null, top: "top", alphabetic: "base" };

/** @type {Record<string, string | null>} */
const TEX = {
  __proto__: null,
  "\\": "\\textbackslash{}",
  "{": "\\{",
  "}": "\\}",
  $: "\\$",
  "&": "\\&",
  "#": "\\#",
  "%": "\\%",
  _: "\\_",
  "^": "\\textasciicircum{}",
  "~": "\\textasciitilde{}",
  "−": "$-$",
  "∞": "$\\infty$",
};
/** @param {string} text */
const latex = (text) => text.replace(/[\\{}$&#%_^~−∞]/g, (sign) => TEX[sign] ?? "");

/** @param {string} colour */
function rgb(colour) {
  const hex = /^#(..)(..)(..)$/.exec(colour);
  return (hex ? hex.slice(1).map((two) => parseInt(two, 16)) : [0, 0, 0])
    .map((part) => (part / 255).toFixed(3))
    .join(",");
}

/**
 * @param {Mark[]} marks
 * @param {number} width
 * @param {number} height
 */
export function pgf(marks, width, height) {
  /**
   * @param {number} x
   * @param {number} y
   */
  const at = (x, y) => `\\pgfqpoint{${bp(x)}}{${bp(height - y)}}`;
  /** @param {[x: number, y: number, width: number, height: number]} box */
  const rectangle = ([x, y, w, h]) => `\\pgfpathrectangle{${at(x, y + h)}}{\\pgfqpoint{${bp(w)}}{${bp(h)}}}`;
  /** @param {import("./clip.js").Step} step */
  const path = (step) => {
    if (step[0] === "Z") return "\\pgfpathclose";
    if (step[0] === "O") return `\\pgfpathcircle{${at(step[1], step[2])}}{${bp(step[3])}}`;
    return `\\pgfpath${step[0] === "M" ? "moveto" : "lineto"}{${at(step[1], step[2])}}`;
  };
  const lines = ["\\begin{pgfpicture}", `${rectangle([0, 0, width, height])}\\pgfusepath{use as bounding box}`];
  for (const mark of marks) {
    const kind = mark.act === "stroke" ? "stroke" : "fill",
      colour = mark.act === "stroke" ? mark.strokeStyle : mark.fillStyle;
    lines.push(
      "\\begin{pgfscope}",
      `\\definecolor{everystep}{rgb}{${rgb(colour)}}\\pgfset${kind}color{everystep}` +
        `\\pgfset${kind}opacity{${two(mark.globalAlpha)}}`,
    );
    if (mark.act === "text") {
      const options = [SIDES[mark.textAlign], BASELINES[mark.textBaseline], `at=${at(mark.x, mark.y)}`];
      const weight = isTitle(mark) ? "\\bfseries" : "";
      lines.push(
        `\\pgftext[${options.filter(Boolean).join()}]{\\fontsize{8}{10}${weight}\\selectfont ${latex(mark.text)}}`,
      );
    } else {
      if (mark.box) lines.push(`${rectangle(mark.box)}\\pgfusepath{clip}`);
      const dashes = mark.dash.map((each) => `{${bp(each)}}`).join("");
      if (kind === "stroke")
        lines.push(`\\pgfsetlinewidth{${bp(mark.lineWidth)}}${dashes ? `\\pgfsetdash{${dashes}}{0bp}` : ""}`);
      lines.push(mark.path.map(path).join("\n"), `\\pgfusepath{${kind}}`);
    }
    lines.push("\\end{pgfscope}");
  }
  return `% A chart of everystep. In the preamble: \\usepackage{pgf}\n${lines.join("\n")}\n\\end{pgfpicture}\n`;
}
