// A knob that multiplies: brightness and contrast of a picture.
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";

const ENDS = 100; // a knob's ends stand for a tenth and ten times

/**
 * A knob stands in the middle when nothing is changed; one way is as far as the other.
 * @param {string} name
 * @param {(times: number) => void} set
 */
export function knob(name, set) {
  const input = node("input", { type: "range", min: -ENDS, max: ENDS, value: 0, "aria-label": name }),
    said = node("output");
  const apply = () => {
    const value = 10 ** (Number(input.value) / ENDS);
    said.textContent = `${format.value(value, 2)} ×`;
    input.setAttribute("aria-valuetext", said.textContent);
    set(value);
  };
  input.addEventListener("input", apply);
  said.textContent = "1 ×";
  return {
    element: node("label", { class: "large-knob" }, node("span", { text: name }), input, said),
    reset: () => {
      input.value = "0";
      apply();
    },
  };
}
