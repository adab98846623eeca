// What the page of comparison is made of before anything is known: its choices, and a card for each of its charts.
import { part } from "../../ui/dom.js";

const FRAME = `<div class="compare-tools"><label>Metric <select id="compare-metric"></select></label><label>Value
    <select id="compare-how"><option value="last">last</option><option value="min">smallest</option><option
      value="max">largest</option></select></label><span class="compare-said" role="status"></span><button
    class="text-button" id="compare-clear" hidden>Clear the brush</button></div>
  <section class="compare-card wide"><h3>Settings and outcome</h3></section>
  <section class="compare-card"><h3>What matters</h3><p class="compare-note">How much worse the metric is
    predicted when a setting is shuffled; the line spans the 5th to 95th percentile over resampled runs. Grey may be
    chance.</p></section>
  <section class="compare-card"><h3>Pairs</h3></section><section class="compare-card wide"><h3>Runs</h3></section>`;

export function makeFrame() {
  const frame = Object.assign(document.createElement("div"), { className: "compare" });
  frame.innerHTML = FRAME;
  return {
    frame,
    cards: frame.querySelectorAll(".compare-card"),
    tagChoice: part(frame, "#compare-metric", HTMLSelectElement),
    howChoice: part(frame, "#compare-how", HTMLSelectElement),
    said: part(frame, ".compare-said", HTMLElement),
    clear: part(frame, "#compare-clear", HTMLButtonElement),
  };
}
