// What the page of embeddings is made of before anything is in it. Constant text of ours: labels are only ever set as text.

const FRAME =
  '<div class="embeddings-tools"><label>Embedding <select data-is="tag"></select></label><label>Run <select data-is="run"></select></label><label data-is="steps">Step <input type="range" min="0" step="1"><output></output></label><label>Places <select data-is="kind"><option value="pca">principal components</option><option value="tsne">t-SNE</option><option value="umap">UMAP</option><option value="axis">own axis</option></select></label><label class="axes">x <select data-is="x"></select></label><label class="axes">y <select data-is="y"></select></label><label class="axes">z <select data-is="z"></select></label><label class="maps">Dimensions <select data-is="size"><option value="0">automatic</option><option>2</option><option>3</option></select></label><label class="maps" data-is="nearby">Perplexity <select data-is="near"></select></label><label>Colour <select data-is="colour"></select></label><label>Label <select data-is="label"></select></label><label data-is="pictured"><input type="checkbox"> pictures</label></div><div class="embeddings-body"><div class="embeddings-stage"><canvas aria-label="Points of the embedding" role="img" tabindex="0"></canvas><canvas class="over"></canvas><div class="embeddings-legend" role="group" aria-label="What colours mean"></div><p class="embeddings-said" role="status"></p></div><aside class="embeddings-side"><label class="search"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13.2 13.2 17 17"/></svg><input type="search" placeholder="Find a label: words or /regex/" aria-label="Find a label"></label><div class="embeddings-point"></div><div class="embeddings-list" role="list"></div><div class="embeddings-marks"><button class="text-button" data-is="mark">Bookmark this view</button><span></span></div></aside></div>';

export function makeFrame() {
  const frame = Object.assign(document.createElement("div"), { className: "embeddings" });
  frame.innerHTML = FRAME;
  return frame;
}

// The choices of a select: pairs of a value and its text, and which of them holds.
/**
 * @param {HTMLSelectElement} select
 * @param {[string, string][]} pairs
 * @param {string} value
 */
export function options(select, pairs, value) {
  select.replaceChildren(...pairs.map(([key, text]) => new Option(text, key)));
  select.value = value;
}
