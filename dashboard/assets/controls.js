// Between the controls that Dash renders and the page's state, both ways.
import * as state from "./state.js";

// The slider moves evenly, the weight does not: what matters happens close to 1 (0.9, 0.99, 0.999).
const weightOf = (position) => (position <= 0 ? 0 : position >= 300 ? 0.999 : 1 - 10 ** (-position / 100));
const positionOf = (weight) => (weight <= 0 ? 0 : Math.round(-Math.log10(1 - weight) * 100));
export const shownWeight = (weight) => (weight > 0.99 ? weight.toFixed(3) : weight.toFixed(2));

const none = () => window.dash_clientside.no_update;
const quietly = (act) => (value) => { if (value !== null && value !== undefined) act(value); return none(); };

export const functions = {
  set_tags: quietly((value) => state.set("tags", value)),
  // Not back to the rounded place of what was set by hand: 0.6 stays 0.6.
  set_smooth: quietly((value) => { if (value !== positionOf(state.get("smooth"))) state.set("smooth", Number(weightOf(value).toFixed(4))); }),
  set_x: quietly((value) => state.set("x", value)),
  set_logy: quietly((value) => state.set("logy", value)),
  set_bins: quietly((value) => state.set("bins", value)),
  set_binning: quietly((value) => state.set("binning", value)),
};

// Once Dash has drawn them: the controls show what the address says, and follow what is set elsewhere.
export function bind() {
  const props = window.dash_clientside.set_props;
  const show = {
    tags: (value) => props("tags", { value }),
    smooth: (value) => { props("smooth", { value: positionOf(value) }); showWeight(value); },
    x: (value) => props("x", { value }),
    logy: (value) => props("logy", { checked: value }),
    bins: (value) => props("bins", { value }),
    binning: (value) => props("binning", { value }),
  };
  for (const [key, act] of Object.entries(show)) {
    act(state.get(key));
    state.on(key, (value) => { if (key === "smooth") showWeight(value); else act(value); });
  }
  const theme = () => props("theme", { forceColorScheme: document.documentElement.dataset.theme });
  theme();
  document.addEventListener("themechange", theme);
}

function showWeight(weight) {
  const output = document.getElementById("smooth-value");
  if (output) output.textContent = shownWeight(weight);
}
