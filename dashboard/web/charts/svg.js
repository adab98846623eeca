// A drawing that was recorded, as SVG.

/** @typedef {import("./record.js").Mark} Mark */

/** @param {string} text */
const escaped = (text) =>
  text
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");

/** @param {number} number */
const two = (number) => String(Math.round(number * 100) / 100);

/** @type {Record<string, string | null>} */
const ANCHORS = { __proto__: null, left: "start", right: "end", center: "middle" };
/** @type {Record<string, string | null>} */
const BASELINES = { __proto__: null, middle: "central", top: "hanging" };

// Attributes as they stand in a tag, those without a value left out.
/** @param {[name: string, value: string | null | undefined][]} pairs */
const attributes = (pairs) => pairs.map(([name, value]) => (value ? ` ${name}="${value}"` : "")).join("");

/** @param {Mark} mark */
export const isTitle = ({ font }) => font.startsWith("600");

/** @param {import("./clip.js").Step} step */
function data(step) {
  if (step[0] === "Z") return "Z";
  if (step[0] !== "O") return `${step[0]}${two(step[1])} ${two(step[2])}`;
  const [, x, y, r] = step;
  return `M${two(x - r)} ${two(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
}

// part: what names in it begin with, where several pictures are in one file.
/**
 * @param {Mark[]} marks
 * @param {number} width
 * @param {number} height
 * @param {string} background
 * @param {string} part
 */
export function svg(marks, width, height, background, part) {
  /** @type {string[]} */
  const clips = [];
  /** @param {import("./record.js").State["box"]} box */
  const clip = (box) => {
    if (!box) return "";
    const key = box.map(two).join(" ");
    if (!clips.includes(key)) clips.push(key);
    return `url(#${part}c${clips.indexOf(key)})`;
  };
  const shapes = marks.map((mark) => {
    if (mark.act === "text") {
      const look = attributes([
        ["x", two(mark.x)],
        ["y", two(mark.y)],
        ["fill", mark.fillStyle],
        ["font-weight", isTitle(mark) ? "600" : null],
        ["font-size", isTitle(mark) ? "13" : null],
        ["text-anchor", ANCHORS[mark.textAlign]],
        ["dominant-baseline", BASELINES[mark.textBaseline]],
      ]);
      return `<text${look}>${escaped(mark.text)}</text>`;
    }
    const isLine = mark.act === "stroke";
    const look = attributes([
      ["d", mark.path.map(data).join("")],
      ["fill", isLine ? "none" : mark.fillStyle],
      ["stroke", isLine ? mark.strokeStyle : null],
      ["stroke-width", isLine ? two(mark.lineWidth) : null],
      ["stroke-linejoin", isLine ? mark.lineJoin : null],
      ["stroke-dasharray", isLine ? mark.dash.join(" ") : null],
      [`${mark.act}-opacity`, mark.globalAlpha < 1 ? two(mark.globalAlpha) : null],
      ["clip-path", clip(mark.box)],
    ]);
    return `<path${look}/>`;
  });
  const defs = clips.map((key, i) => {
    const [x, y, w, h] = key.split(" ");
    return `<clipPath id="${part}c${i}"><rect x="${x}" y="${y}" width="${w}" height="${h}"/></clipPath>`;
  });
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="11">
<defs>${defs.join("")}</defs>
<rect width="100%" height="100%" fill="${background}"/>
${shapes.join("\n")}
</svg>
`;
}
