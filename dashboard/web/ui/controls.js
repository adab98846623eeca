// Between the controls that Dash renders and the page's state, both ways.
import * as state from "../core/state.js";

// The slider moves evenly, the weight does not: what matters happens close to 1 (0.9, 0.99, 0.999).
const weightOf = (position) => (position <= 0 ? 0 : position >= 300 ? 0.999 : 1 - 10 ** (-position / 100));
const positionOf = (weight) => (weight <= 0 ? 0 : Math.round(-Math.log10(1 - weight) * 100));
export const shownWeight = (weight) => (weight > 0.99 ? weight.toFixed(3) : weight.toFixed(2));

const none = () => window.dash_clientside.no_update;

// A metric was chosen that has no name yet: it is asked for, and the axis and its control stay what they were.
function nameless() {
  setTimeout(() => window.dash_clientside.set_props("x", { value: state.get("x") }));
  document.dispatchEvent(new CustomEvent("metricwanted"));
  return none();
}

const ECHO_MS = 5000;

export class Controls {
  constructor() {
    // What each control shows. It is not told its own words: the answer, which may come late, would undo what was done since.
    this.shown = new Map();
    // And what it was told comes back as if somebody had chosen it, late where the machine is busy: key -> value -> when.
    // They come in their order, so that what somebody really chose ends the waiting for those before it.
    this.told = new Map();
    this.functions = {
      set_tags: this.#hear("tags"),
      // Not back to the rounded place of what was set by hand: 0.6 stays 0.6.
      set_smooth: this.#hear("smooth", (value) =>
        value === positionOf(state.get("smooth")) ? undefined : Number(weightOf(value).toFixed(4)),
      ),
      set_x: (value) =>
        value === "metric" && !state.get("metric") && state.get("x") !== "metric" ? nameless() : this.#hear("x")(value),
      set_logy: this.#hear("logy"),
      set_bins: this.#hear("bins"),
      set_binning: this.#hear("binning"),
    };
  }

  #isEcho(key, said) {
    const waiting = this.told.get(key) ?? new Map(),
      when = waiting.get(said);
    const late = said !== state.get(key) && when !== undefined && performance.now() - when < ECHO_MS;
    if (late) waiting.delete(said);
    else waiting.clear();
    return late;
  }

  #hear(key, read = (value) => value) {
    return (value) => {
      const said = value === null || value === undefined ? undefined : read(value);
      if (said !== undefined && !this.#isEcho(key, said)) {
        this.shown.set(key, said);
        state.set(key, said);
      }
      return none();
    };
  }

  // Once Dash has drawn them: the controls show what the address says, and follow what is set elsewhere.
  bind(scope) {
    const props = window.dash_clientside.set_props;
    const show = {
      tags: (value) => props("tags", { value }),
      smooth: (value) => {
        props("smooth", { value: positionOf(value) });
        showWeight(value);
      },
      x: (value) => props("x", { value }),
      logy: (value) => props("logy", { checked: value }),
      bins: (value) => props("bins", { value }),
      binning: (value) => props("binning", { value }),
    };
    for (const [key, act] of Object.entries(show)) {
      const tell = (value) => {
        if (this.shown.get(key) !== value) {
          this.shown.set(key, value);
          if (!this.told.has(key)) this.told.set(key, new Map());
          this.told.get(key).set(value, performance.now());
          act(value);
        }
      };
      tell(state.get(key));
      scope.on(state, key, (value) => {
        if (key === "smooth") showWeight(value);
        tell(value);
      });
    }
    const theme = () => props("theme", { forceColorScheme: document.documentElement.dataset.theme });
    theme();
    scope.on(document, "themechange", theme);
  }
}

function showWeight(weight) {
  const output = document.getElementById("smooth-value");
  if (output) output.textContent = shownWeight(weight);
}
