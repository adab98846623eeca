// How wide the list of runs is, as somebody dragged its edge.
import * as state from "../core/state.js";

/** @param {HTMLElement} edge */
export function resizable(edge) {
  /** @param {number} width */
  const setWidth = (width) =>
    document.documentElement.style.setProperty("--runs-width", `${Math.min(520, Math.max(180, width))}px`);
  if (state.local.get("runsWidth")) setWidth(state.local.get("runsWidth"));
  edge.addEventListener("pointerdown", (event) => {
    edge.setPointerCapture(event.pointerId);
    edge.onpointermove = (move) => setWidth(move.clientX);
    edge.onpointerup = (up) => {
      edge.onpointermove = null;
      state.local.set("runsWidth", up.clientX);
    };
  });
}
