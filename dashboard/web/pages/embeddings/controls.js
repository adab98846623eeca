// The controls above the points: which embedding, of which run and step, where its points lie and what they look like.
import * as format from "../../text/format.js";
import { part } from "../../ui/dom.js";
import { options } from "./frame.js";

/**
 * What was read of an embedding.
 * @typedef {object} Data
 * @property {string[]} header of what is known of the points
 * @property {string[][]} rows
 * @property {unknown[]} pca its principal components
 * @property {number[]} shares of the variance
 * @property {number[]} steps
 * @property {number} step
 * @property {unknown} [sprites] pictures of the points
 */
/** @typedef {import("./page.js").EmbeddingsPage["way"]} Way to see vectors */
/** @typedef {[value: string, text: string]} Pair */

const CHOICES = /** @type {const} */ (["kind", "x", "y", "z", "size", "colour", "label"]); // each a select
const NEARBY = [5, 15, 30, 50, 100];

export class Controls {
  /**
   * @param {import("./page.js").EmbeddingsPage} page
   * @param {HTMLElement} frame
   */
  constructor(page, frame) {
    this.frame = frame;
    /** @param {string} name */
    const select = (name) => part(frame, `[data-is="${name}"]`, HTMLSelectElement);
    /** @param {string} name */
    const within = (name) => part(frame, `[data-is="${name}"]`, HTMLElement);
    this.is = {
      kind: select("kind"),
      x: select("x"),
      y: select("y"),
      z: select("z"),
      size: select("size"),
      colour: select("colour"),
      label: select("label"),
      near: select("near"),
      tag: select("tag"),
      run: select("run"),
      nearby: within("nearby"),
      pictured: within("pictured"),
      steps: within("steps"),
      mark: within("mark"),
    };
    const { is } = this;
    const pictured = part(is.pictured, "input", HTMLInputElement);
    this.slider = part(is.steps, "input", HTMLInputElement);
    this.output = part(is.steps, "output", HTMLOutputElement);
    for (const key of CHOICES)
      is[key].addEventListener("change", () => {
        if (key === "kind") page.way.kind = is.kind.value;
        else page.way[key] = Number(is[key].value);
        if (page.data) {
          page.place();
          page.side.fill();
        }
      });
    is.near.addEventListener("change", () => {
      if (page.way.kind === "tsne" || page.way.kind === "umap") page.way[page.way.kind] = Number(is.near.value);
      page.place();
    });
    pictured.addEventListener("change", () => {
      page.way.pictured = pictured.checked;
      page.picture();
    });
    this.slider.addEventListener("change", () => {
      const at = Number(this.slider.value);
      page.where = { ...page.where, step: at === page.data.steps.length - 1 ? undefined : page.data.steps[at] };
      page.load();
    });
    is.tag.addEventListener("change", () => {
      page.where = null;
      page.arrange();
    });
    is.run.addEventListener("change", () => {
      page.where = { run: is.run.value, tag: is.tag.value };
      page.load();
    });
  }

  /** The embedding and the run that are asked for. */
  get wanted() {
    return { tag: this.is.tag.value, run: this.is.run.value };
  }

  // Another embedding, which a bookmark names.
  /** @param {{ tag: string, run: string }} wanted */
  ask({ tag, run }) {
    this.is.tag.value = tag;
    this.is.run.value = run;
  }

  // Which embeddings there are, and which runs have the one that is shown.
  /**
   * @param {string[]} tags
   * @param {string} tag
   * @param {string[]} names
   * @param {string} run
   */
  offer(tags, tag, names, run) {
    options(
      this.is.tag,
      tags.map((each) => [each, each]),
      tag,
    );
    options(
      this.is.run,
      names.map((each) => [each, each]),
      run,
    );
  }

  // What can be chosen of what was read; of a way that names more than there is, it is put right.
  /**
   * @param {Data} data
   * @param {Way} way
   */
  show(data, way) {
    const { slider } = this;
    this.is.steps.hidden = data.steps.length < 2;
    slider.max = String(data.steps.length - 1);
    slider.value = String(data.steps.indexOf(data.step));
    this.output.textContent = format.step(data.step);
    this.is.pictured.hidden = !data.sprites;
    /** @type {Pair[]} */
    const columns = data.rows.length ? data.header.map((name, k) => [String(k), name]) : [];
    options(this.is.colour, [["-1", "none"], ...columns], String(way.colour));
    options(this.is.label, columns.length ? columns : [["0", "number"]], String(way.label));
    /** @type {Pair[]} */
    const axes = data.pca.map((_, k) => [String(k), `${k + 1} (${(100 * data.shares[k]).toFixed(1)} %)`]);
    for (const axis of /** @type {const} */ (["x", "y", "z"])) {
      if (way[axis] >= data.pca.length) way[axis] = axis === "z" ? -1 : 0;
      options(this.is[axis], axis === "z" ? [...axes, ["-1", "none"]] : axes, String(way[axis]));
    }
  }

  // Another way to see it, which a bookmark may have brought.
  /** @param {Way} way */
  set(way) {
    for (const key of CHOICES) this.is[key].value = String(way[key]);
  }

  /**
   * @param {Way} way
   * @param {boolean} isMap
   */
  showWay(way, isMap) {
    for (const label of this.frame.querySelectorAll(".axes")) label.toggleAttribute("hidden", isMap);
    for (const label of this.frame.querySelectorAll(".maps")) label.toggleAttribute("hidden", !isMap);
    this.is.kind.value = way.kind;
    if (!isMap) return;
    if (this.is.nearby.firstChild)
      this.is.nearby.firstChild.textContent = way.kind === "tsne" ? "Perplexity " : "Neighbours ";
    options(
      this.is.near,
      NEARBY.map((near) => [String(near), String(near)]),
      String(way.kind === "tsne" ? way.tsne : way.umap),
    );
  }
}
