// What the fills of the boxes mean: the kinds of operations that can be seen, or the scale.
import { DeviceScale, family, familyName, MODES } from "./colour.js";
import { ramp } from "../../charts/colour_maps.js";

/** @typedef {import("./colour.js").Scale} Scale */
/** @typedef {import("./place.js").Box} Box */

/**
 * @param {string} className
 * @param {string} textContent
 */
const span = (className, textContent) => Object.assign(document.createElement("span"), { className, textContent });

/**
 * @param {HTMLElement} element
 * @param {string} mode
 * @param {Scale | DeviceScale | null} scale
 * @param {Box[]} closed the boxes whose fill it is
 * @param {string} [hint]
 */
export function legend(element, mode, scale, closed, hint = "") {
  element.classList.toggle("is-families", !scale);
  element.title = hint;
  if (scale instanceof DeviceScale) {
    element.replaceChildren(...devices(scale, closed));
    return;
  }
  if (scale) {
    const bar = Object.assign(document.createElement("i"), { className: "ramp" });
    bar.style.background = `linear-gradient(90deg, ${ramp().join(", ")})`;
    element.replaceChildren(
      span("", MODES[mode].title),
      span("dim", "0"),
      bar,
      span("dim", MODES[mode].say?.(scale.most) ?? ""),
      ...(scale.odd ? [entryOf("not finite", scale.oddly.fill)] : []),
    );
    return;
  }
  /** @type {Map<string, number>} */
  const counts = new Map();
  /**
   * @param {string | undefined} op
   * @param {number} count
   */
  const note = (op, count) => counts.set(family(op), (counts.get(family(op)) ?? 0) + count);
  for (const { item } of closed)
    if (item.ops) for (const [op, count] of item.ops) note(op, count);
    else note(item.op, 1);
  counts.delete("data");
  element.replaceChildren(
    ...[...counts]
      .sort((a, b) => b[1] - a[1])
      .map(([name]) => {
        const entry = span("entry", "");
        entry.append(Object.assign(document.createElement("i"), { className: `dot fam-${name}` }), familyName(name));
        return entry;
      }),
  );
}

/**
 * @param {string} words
 * @param {string} fill
 * @param {string} [title]
 */
function entryOf(words, fill, title = words) {
  const made = Object.assign(span("entry", ""), { title });
  const dot = Object.assign(document.createElement("i"), { className: "dot" });
  dot.style.background = fill;
  made.append(dot, words);
  return made;
}

// The devices of what can be seen, and that some of it lies on several.
/**
 * @param {DeviceScale} scale
 * @param {Box[]} closed
 */
function devices(scale, closed) {
  const seen = new Set(closed.flatMap(({ item }) => item.devices ?? []));
  const found = [...seen]
    .sort((a, b) => a - b)
    .map((i) => entryOf(scale.names[i], scale.fill(i).fill, scale.devices[i]));
  const mixed = closed.some(({ item }) => (item.devices?.length ?? 0) > 1);
  return [...found, ...(mixed ? [entryOf("several devices", scale.mixed.fill)] : [])];
}
