// A drawing context that remembers instead of painting: the same drawing becomes SVG or LaTeX (PGF).
import { cut } from "./clip.js";

const escaped = (text) =>
  text
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");
const two = (number) => String(Math.round(number * 100) / 100);
const measuring = document.createElement("canvas").getContext("2d");

export class Record {
  constructor() {
    this.marks = [];
    this.state = {
      strokeStyle: "#000",
      fillStyle: "#000",
      lineWidth: 1,
      globalAlpha: 1,
      font: "11px sans-serif",
      textAlign: "left",
      textBaseline: "alphabetic",
      dash: [],
      clip: null,
      lineJoin: "round",
      dx: 0,
      dy: 0,
    };
    this.saved = [];
    for (const key of Object.keys(this.state))
      if (key !== "dash" && key !== "clip")
        Object.defineProperty(this, key, {
          get: () => this.state[key],
          set: (value) => {
            this.state[key] = value;
          },
        });
    this.beginPath();
  }

  save() {
    this.saved.push({ ...this.state });
  }
  restore() {
    this.state = this.saved.pop();
  }
  translate(x, y) {
    this.state.dx += x;
    this.state.dy += y;
  }
  setLineDash(dash) {
    this.state.dash = dash;
  }
  measureText(text) {
    measuring.font = this.state.font;
    return measuring.measureText(text);
  }
  beginPath() {
    this.path = [];
  }
  moveTo(x, y) {
    this.path.push(["M", x + this.state.dx, y + this.state.dy]);
  }
  lineTo(x, y) {
    this.path.push([this.path.length ? "L" : "M", x + this.state.dx, y + this.state.dy]);
  }
  closePath() {
    this.path.push(["Z"]);
  }
  arc(x, y, radius) {
    this.path.push(["O", x + this.state.dx, y + this.state.dy, radius]);
  }
  rect(left, top, w, h) {
    const [x, y] = [left + this.state.dx, top + this.state.dy];
    this.path.push(["M", x, y], ["L", x + w, y], ["L", x + w, y + h], ["L", x, y + h], ["Z"]);
  }
  clip() {
    const [[, x, y], , [, r, b]] = this.path;
    this.state.clip = [x, y, r - x, b - y];
  }
  stroke() {
    this.#mark("stroke");
  }
  fill() {
    this.#mark("fill");
  }
  fillRect(x, y, w, h) {
    this.beginPath();
    this.rect(x, y, w, h);
    this.fill();
    this.beginPath();
  }
  fillText(text, x, y) {
    this.marks.push({ ...this.state, act: "text", text, x: x + this.state.dx, y: y + this.state.dy });
  }
  #mark(act) {
    const path = this.state.clip ? cut(this.path, this.state.clip, act === "fill") : [...this.path];
    if (path.length) this.marks.push({ ...this.state, act, path });
  }

  // part: what names in it begin with, where several pictures are in one file.
  svg(width, height, background, part = "") {
    const clips = [];
    const clip = (box) => {
      if (!box) return "";
      const key = box.map(two).join(" ");
      if (!clips.includes(key)) clips.push(key);
      return ` clip-path="url(#${part}c${clips.indexOf(key)})"`;
    };
    const shapes = this.marks.map((mark) => {
      if (mark.act === "text") {
        const anchor = { __proto__: null, left: "start", right: "end", center: "middle" }[mark.textAlign],
          base = { __proto__: null, middle: "central", top: "hanging" }[mark.textBaseline];
        return `<text x="${two(mark.x)}" y="${two(mark.y)}" fill="${mark.fillStyle}"${isTitle(mark) ? ' font-weight="600" font-size="13"' : ""} text-anchor="${anchor}"${base ? ` dominant-baseline="${base}"` : ""}>${escaped(mark.text)}</text>`;
      }
      const d = mark.path
        .map(([kind, x, y, r]) =>
          kind === "Z"
            ? "Z"
            : kind === "O"
              ? `M${two(x - r)} ${two(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`
              : `${kind}${two(x)} ${two(y)}`,
        )
        .join("");
      const alpha = mark.globalAlpha < 1 ? ` ${mark.act}-opacity="${two(mark.globalAlpha)}"` : "";
      if (mark.act === "fill") return `<path d="${d}" fill="${mark.fillStyle}"${alpha}${clip(mark.clip)}/>`;
      return `<path d="${d}" fill="none" stroke="${mark.strokeStyle}" stroke-width="${two(mark.lineWidth)}" stroke-linejoin="${mark.lineJoin}"${mark.dash.length ? ` stroke-dasharray="${mark.dash.join(" ")}"` : ""}${alpha}${clip(mark.clip)}/>`;
    });
    const defs = clips.map((key, i) => {
      const [x, y, w, h] = key.split(" ");
      return `<clipPath id="${part}c${i}"><rect x="${x}" y="${y}" width="${w}" height="${h}"/></clipPath>`;
    });
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">\n<defs>${defs.join("")}</defs>\n<rect width="100%" height="100%" fill="${background}"/>\n${shapes.join("\n")}\n</svg>\n`;
  }

  // For \input{…} in a document that loads pgf; 1 px is 0.75 bp.
  pgf(width, height) {
    const at = (x, y) => `\\pgfqpoint{${two(x * 0.75)}bp}{${two((height - y) * 0.75)}bp}`;
    const lines = [
      "\\begin{pgfpicture}",
      `\\pgfpathrectangle{${at(0, height)}}{\\pgfqpoint{${two(width * 0.75)}bp}{${two(height * 0.75)}bp}}\\pgfusepath{use as bounding box}`,
    ];
    for (const mark of this.marks) {
      const colour = mark.act === "stroke" ? mark.strokeStyle : mark.fillStyle;
      lines.push(
        "\\begin{pgfscope}",
        `\\definecolor{everystep}{rgb}{${rgb(colour)}}\\pgfset${mark.act === "stroke" ? "stroke" : "fill"}color{everystep}\\pgfset${mark.act === "stroke" ? "stroke" : "fill"}opacity{${two(mark.globalAlpha)}}`,
      );
      if (mark.act === "text") {
        const side = { __proto__: null, left: "left,", right: "right,", center: "" }[mark.textAlign],
          base = { __proto__: null, middle: "", top: "top", alphabetic: "base" }[mark.textBaseline];
        lines.push(
          `\\pgftext[${side}${base},at=${at(mark.x, mark.y)}]{\\fontsize{8}{10}\\${isTitle(mark) ? "bfseries\\" : ""}selectfont ${latex(mark.text)}}`
            .replace(",,", ",")
            .replace("[,", "["),
        );
      } else {
        if (mark.clip) {
          const [x, y, w, h] = mark.clip;
          lines.push(
            `\\pgfpathrectangle{${at(x, y + h)}}{\\pgfqpoint{${two(w * 0.75)}bp}{${two(h * 0.75)}bp}}\\pgfusepath{clip}`,
          );
        }
        if (mark.act === "stroke")
          lines.push(
            `\\pgfsetlinewidth{${two(mark.lineWidth * 0.75)}bp}${mark.dash.length ? `\\pgfsetdash{${mark.dash.map((each) => `{${two(each * 0.75)}bp}`).join("")}}{0bp}` : ""}`,
          );
        lines.push(
          mark.path
            .map(([kind, x, y, r]) =>
              kind === "Z"
                ? "\\pgfpathclose"
                : kind === "O"
                  ? `\\pgfpathcircle{${at(x, y)}}{${two(r * 0.75)}bp}`
                  : `\\pgfpath${kind === "M" ? "moveto" : "lineto"}{${at(x, y)}}`,
            )
            .join("\n"),
          `\\pgfusepath{${mark.act}}`,
        );
      }
      lines.push("\\end{pgfscope}");
    }
    return `% A chart of everystep. In the preamble: \\usepackage{pgf}\n${lines.join("\n")}\n\\end{pgfpicture}\n`;
  }
}

const isTitle = ({ font }) => font.startsWith("600");

function rgb(colour) {
  const hex = /^#(..)(..)(..)$/.exec(colour);
  return (hex ? hex.slice(1).map((two) => parseInt(two, 16)) : [0, 0, 0])
    .map((part) => (part / 255).toFixed(3))
    .join(",");
}

const TEX = {
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
const latex = (text) => text.replace(/[\\{}$&#%_^~−∞]/g, (sign) => TEX[sign]);
