// Between the controls that Dash renders and the page's state, both ways.
import * as state from "../core/state.js";

// The slider moves evenly, the weight does not: what matters happens close to 1 (0.9, 0.99, 0.999).
/** @param {number} position */
const weightOf = (position) => (position <= 0 ? 0 : position >= 300 ? 0.999 : 1 - 10 ** (-position / 100));
/** @param {number} weight */
const positionOf = (weight) => (weight <= 0 ? 0 : Math.round(-Math.log10(1 - weight) * 100));
/** @param {number} weight */
export const shownWeight = (weight) => (weight > 0.99 ? weight.toFixed(3) : weight.toFixed(2));

/**
 * @typedef {"tags" | "smooth" | "x" | "logy" | "bins" | "binning"} Control the key that one shows
 * @typedef {import("../core/state.js").State[Control]} Value
 */

const none = () => window.dash_clientside.no_update;

// A metric was chosen that has no name yet: it is asked for, and the axis and its control stay what they were.
function nameless() {
  setTimeout(() => window.dash_clientside.set_props("x", { value: state.get("x") }));
  document.dispatchEvent(new CustomEvent("metricwanted"));
  return none();
}

/** @type {Control[]} */
const CONTROLS = ["tags", "smooth", "x", "logy", "bins", "binning"];
const ECHO_MS = 5000;

export class Controls {
  constructor() {
    // What each control shows. It is not told its own words: the answer, which may come late, would undo what was done
    // since.
    /** @type {Map<Control, Value>} */
    this.shown = new Map();
    // And what it was told comes back as if somebody had chosen it, late where the machine is busy: key -> value ->
    // when. They come in their order, so that what somebody really chose ends the waiting for those before it.
    /** @type {Map<Control, Map<Value, number>>} */
    this.told = new Map();
    this.functions = {
      set_tags: this.#hear("tags"),
      // Not back to the rounded place of what was set by hand: 0.6 stays 0.6.
      set_smooth: this.#hear("smooth", (position) =>
        position === positionOf(state.get("smooth")) ? undefined : Number(weightOf(position).toFixed(4)),
      ),
      set_x: (/** @type {import("../charts/curve.js").Axis} */ value) =>
        value === "metric" && !state.get("metric") && state.get("x") !== "metric" ? nameless() : this.#hear("x")(value),
      set_logy: this.#hear("logy"),
      set_bins: this.#hear("bins"),
      set_binning: this.#hear("binning"),
    };
  }

  /**
   * @param {Control} key
   * @param {Value} said
   */
  #isEcho(key, said) {
    const waiting = this.told.get(key) ?? new Map(),
      when = waiting.get(said);
    const late = said !== state.get(key) && when !== undefined && performance.now() - when < ECHO_MS;
    if (late) waiting.delete(said);
    else waiting.clear();
    return late;
  }

  // Gives what Dash calls with a control's value. read: what that says of the state, undefined for nothing.
  /**
   * @template {Control} K
   * @param {K} key
   * @param {(value: import("../core/state.js").State[K]) => import("../core/state.js").State[K] | undefined} [read]
   */
  #hear(key, read = (value) => value) {
    return (/** @type {import("../core/state.js").State[K] | null | undefined} */ value) => {
      const said = value === null || value === undefined ? undefined : read(value);
      if (said !== undefined && !this.#isEcho(key, said)) {
        this.shown.set(key, said);
        state.set(key, said);
      }
      return none();
    };
  }

  // Once Dash has drawn them: the controls show what the address says, and follow what is set elsewhere.
  /** @param {import("../core/scope.js").Scope} scope */
  bind(scope) {
    const props = window.dash_clientside.set_props;
    for (const key of CONTROLS) {
      const tell = () => {
        const value = state.get(key);
        if (this.shown.get(key) === value) return;
        this.shown.set(key, value);
        const told = this.told.get(key) ?? new Map();
        this.told.set(key, told.set(value, performance.now()));
        if (key === "smooth") props(key, { value: positionOf(state.get(key)) });
        else props(key, key === "logy" ? { checked: value } : { value });
      };
      tell();
      scope.on(state, key, tell);
    }
    showWeight();
    scope.on(state, "smooth", showWeight);
    const theme = () => props("theme", { forceColorScheme: document.documentElement.dataset.theme });
    theme();
    scope.on(document, "themechange", theme);
  }
}

function showWeight() {
  const output = document.getElementById("smooth-value");
  if (output) output.textContent = shownWeight(state.get("smooth"));
}
