// What the graph page is made of before there is a graph in it. Constant text of ours: what comes from a graph is
// only ever set as text.

/** @param {string} path */
const icon = (path) => `<svg viewBox="0 0 20 20" aria-hidden="true"><path d="${path}"/></svg>`;

export const FRAME = `
<div class="graph-bar">
  <div class="graph-choices">
  <label class="graph-choice"><span>Run</span><select id="graph-run"></select></label>
  <label class="graph-choice" hidden><span>Graph</span><select id="graph-tag"></select></label>
  <div class="graph-find">
    <label class="search">${icon("M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13.2 13.2 17 17")}<input
      id="graph-search" type="search" role="combobox" aria-label="Find a node by name or operation"
      aria-expanded="false" aria-controls="graph-hits" aria-autocomplete="list" placeholder="Find a node"
      autocomplete="off" spellcheck="false"></label>
    <ul id="graph-hits" class="graph-hits" role="listbox" aria-label="Matches" hidden></ul>
  </div>
  <div class="graph-modes" role="radiogroup" aria-label="Colour by"></div>
  </div>
  <button class="icon-button" id="graph-export" aria-label="Save as SVG" title="Save as SVG"
    >${icon("M10 3v9M6.5 8.5 10 12l3.5-3.5M4 15.5h12")}</button>
  <button class="icon-button" id="graph-panel-toggle" aria-label="Show or hide the details" aria-expanded="true"
    aria-controls="graph-panel" title="Details">${icon("M3.5 4.5h13v11h-13zM12 4.5v11")}</button>
</div>
<div class="graph-main">
  <div class="graph-canvas" id="graph-canvas" tabindex="0" role="application" aria-roledescription="graph"
    aria-describedby="graph-keys">
    <svg class="graph-svg" role="group"></svg>
    <div class="graph-legend" role="note" aria-label="Legend"></div>
    <canvas class="graph-map" hidden aria-hidden="true"></canvas>
    <div class="graph-zoom">
      <button class="icon-button" data-zoom="out" aria-label="Zoom out" title="Zoom out (−)"
        >${icon("M5 10h10")}</button>
      <button class="icon-button" data-zoom="in" aria-label="Zoom in" title="Zoom in (+)"
        >${icon("M5 10h10M10 5v10")}</button>
      <button class="icon-button" data-zoom="fit" aria-label="Show the whole graph" title="Fit (f)"
        >${icon("M4 7.5V4h3.5M12.5 4H16v3.5M16 12.5V16h-3.5M7.5 16H4v-3.5")}</button>
    </div>
    <p class="graph-note" role="alert" hidden></p>
  </div>
  <aside class="graph-panel" id="graph-panel" aria-label="Details"></aside>
</div>
<p id="graph-keys" class="visually-hidden">Arrow keys move along the edges, Enter opens and closes a scope, f shows the
whole graph, slash searches. The outline beside the graph lists the same.</p>
<div id="graph-said" class="visually-hidden" aria-live="polite"></div>`;

/**
 * A page that has only something to say.
 * @param {string} title
 * @param {string} words
 */
export function message(title, words) {
  const box = Object.assign(document.createElement("div"), { className: "empty" });
  box.append(
    Object.assign(document.createElement("h2"), { textContent: title }),
    Object.assign(document.createElement("p"), { textContent: words }),
  );
  return box;
}
