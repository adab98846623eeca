// What a model took a picture for, step by step: a line for each of the likeliest classes.
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";
import { colour, css } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";
import { percent } from "./captions.js";

/** @typedef {import("./data.js").Item} Item */

const LINES = 6; // classes that are followed
const LEFT = 40,
  BOTTOM = 16,
  TOP = 6; // px for the axes

// items: of all steps, in order; at: the one that is looked at.
/**
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLElement} legend
 * @param {Item[]} items
 * @param {Item} at
 */
export function drawHistory(canvas, legend, items, at) {
  const of = items.filter((item) => item.attributes.predictions?.length);
  canvas.hidden = legend.hidden = of.length < 2;
  if (canvas.hidden) return;
  /** @type {Map<string, number>} */
  const most = new Map();
  for (const item of of)
    for (const { name, probability } of item.attributes.predictions ?? [])
      most.set(name, Math.max(most.get(name) ?? 0, probability ?? 0));
  const names = [...most]
    .sort((a, b) => b[1] - a[1])
    .slice(0, LINES)
    .map(([name]) => name);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const context = prepared(canvas, width, height);
  const [low, high] = [of[0].step, of[of.length - 1].step];
  /** @param {number} step */
  const x = (step) => LEFT + ((step - low) / (high - low || 1)) * (width - LEFT - 2);
  /** @param {number} share */
  const y = (share) => height - BOTTOM - share * (height - BOTTOM - TOP);
  context.font = `11px ${css("--font")}`;
  context.fillStyle = css("--faint");
  context.strokeStyle = css("--grid");
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const share of [0, 0.5, 1]) {
    context.fillText(`${100 * share} %`, LEFT - 6, y(share));
    context.beginPath();
    context.moveTo(LEFT, y(share));
    context.lineTo(width, y(share));
    context.stroke();
  }
  context.textBaseline = "alphabetic";
  context.fillText(`step ${format.step(high)}`, width, height - 2);
  context.textAlign = "left";
  context.fillText(format.step(low), LEFT, height - 2);
  context.strokeStyle = css("--line-strong");
  context.beginPath();
  context.moveTo(x(at.step), TOP);
  context.lineTo(x(at.step), height - BOTTOM);
  context.stroke();
  context.lineJoin = "round";
  const { label } = at.attributes;
  // A class that is not among those kept of a step is less likely than all that are.
  /**
   * @param {Item} item
   * @param {string} name
   */
  const share = (item, name) => item.attributes.predictions?.find((guess) => guess.name === name)?.probability ?? 0;
  names.forEach((name, i) => {
    context.strokeStyle = colour(i);
    context.lineWidth = name === label ? 2.5 : 1.5;
    context.beginPath();
    for (const item of of) context.lineTo(x(item.step), y(share(item, name)));
    context.stroke();
  });
  legend.replaceChildren(
    ...names.map((name, i) =>
      node(
        "span",
        {},
        node("i", { class: "dot", style: `background: ${colour(i)}` }),
        name === label ? node("strong", { text: name }) : name,
        node("span", { class: "dim", text: percent(share(at, name)) }),
      ),
    ),
  );
  const now = names.map((name) => `${name} ${percent(share(at, name))}`).join(", ");
  canvas.setAttribute(
    "aria-label",
    `Predicted probabilities from step ${format.step(low)} to ${format.step(high)}; now ${now}`,
  );
}
