// What the fills of the boxes mean: the kinds of operations that can be seen, or the scale.
import { DeviceScale, family, familyName, MODES } from "./colour.js";
import { ramp } from "../../charts/ramps.js";

const span = (className, textContent) => Object.assign(document.createElement("span"), { className, textContent });

// closed: the boxes whose fill it is.
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
      span("dim", MODES[mode].say(scale.most)),
      ...(scale.odd ? [entryOf("not finite", scale.oddly.fill)] : []),
    );
    return;
  }
  const counts = new Map();
  const note = (op, count) => counts.set(family(op), (counts.get(family(op)) ?? 0) + count);
  for (const { item } of closed) for (const [op, count] of item.ops ?? [[item.op, 1]]) note(op, count);
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

function entryOf(words, fill, title = words) {
  const made = Object.assign(span("entry", ""), { title });
  const dot = Object.assign(document.createElement("i"), { className: "dot" });
  dot.style.background = fill;
  made.append(dot, words);
  return made;
}

// The devices of what can be seen, and that some of it lies on several.
function devices(scale, closed) {
  const seen = new Set(closed.flatMap(({ item }) => item.devices ?? []));
  const found = [...seen]
    .sort((a, b) => a - b)
    .map((i) => entryOf(scale.names[i], scale.fill(i).fill, scale.devices[i]));
  const mixed = closed.some(({ item }) => item.devices?.length > 1);
  return [...found, ...(mixed ? [entryOf("several devices", scale.mixed.fill)] : [])];
}
