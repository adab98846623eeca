// The controls above the points: which embedding, of which run and step, where its points lie and what they look like.
import * as format from "../../text/format.js";
import { dictionary } from "../../core/dictionary.js";
import { options } from "./frame.js";

const CHOICES = ["kind", "x", "y", "z", "size", "colour", "label"]; // of a way to see vectors, each a select
const NEARBY = [5, 15, 30, 50, 100];

export class Controls {
  /**
   * @param {import("./page.js").EmbeddingsPage} page
   * @param {HTMLElement} frame
   */
  constructor(page, frame) {
    this.frame = frame;
    /** @type {Record<string, any>} */
    const is = dictionary(
      [.../** @type {NodeListOf<HTMLElement>} */ (frame.querySelectorAll("[data-is]"))].map(
        (element) => /** @type {[string, HTMLElement]} */ ([element.dataset.is, element]),
      ),
    );
    this.is = is;
    const way = () => /** @type {Record<string, any>} */ (page.way);
    for (const key of CHOICES)
      is[key].addEventListener("change", () => {
        way()[key] = key === "kind" ? is[key].value : Number(is[key].value);
        if (page.data) {
          page.place();
          page.side.fill();
        }
      });
    is.near.addEventListener("change", () => {
      way()[page.way.kind] = Number(is.near.value);
      page.place();
    });
    is.pictured.querySelector("input").addEventListener("change", (/** @type {any} */ event) => {
      page.way.pictured = event.target.checked;
      page.picture();
    });
    is.steps.querySelector("input").addEventListener("change", (/** @type {any} */ event) => {
      const at = Number(event.target.value);
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
  /** @param {{ tag: string, run: string }} where */
  ask({ tag, run }) {
    this.is.tag.value = tag;
    this.is.run.value = run;
  }

  // Which embeddings there are, and which runs have the one that is shown.
  /**
   * @param {string[]} tags
   * @param {string} tag
   * @param {string[]} names of runs
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
   * @param {any} data what was read of an embedding
   * @param {Record<string, any>} way
   */
  show(data, way) {
    const steps = this.is.steps.querySelector("input");
    this.is.steps.hidden = data.steps.length < 2;
    steps.max = String(data.steps.length - 1);
    steps.value = String(data.steps.indexOf(data.step));
    this.is.steps.querySelector("output").textContent = format.step(data.step);
    this.is.pictured.hidden = !data.sprites;
    options(
      this.is.colour,
      [
        ["-1", "none"],
        ...(data.rows.length
          ? data.header.map((/** @type {string} */ name, /** @type {number} */ k) => [String(k), name])
          : []),
      ],
      String(way.colour),
    );
    options(
      this.is.label,
      data.rows.length
        ? data.header.map((/** @type {string} */ name, /** @type {number} */ k) => [String(k), name])
        : [["0", "number"]],
      String(way.label),
    );
    const axes = data.pca.map((/** @type {unknown} */ _, /** @type {number} */ k) => [
      String(k),
      `${k + 1} (${(100 * data.shares[k]).toFixed(1)} %)`,
    ]);
    for (const axis of ["x", "y", "z"]) {
      if (way[axis] >= data.pca.length) way[axis] = axis === "z" ? -1 : 0;
      options(this.is[axis], axis === "z" ? [...axes, ["-1", "none"]] : axes, String(way[axis]));
    }
  }

  // Another way to see it, which a bookmark may have brought.
  /** @param {Record<string, any>} way */
  set(way) {
    for (const key of CHOICES) this.is[key].value = String(way[key]);
  }

  /**
   * @param {Record<string, any>} way
   * @param {boolean} isMap
   */
  showWay(way, isMap) {
    for (const label of /** @type {NodeListOf<HTMLElement>} */ (this.frame.querySelectorAll(".axes")))
      label.hidden = isMap;
    for (const label of /** @type {NodeListOf<HTMLElement>} */ (this.frame.querySelectorAll(".maps")))
      label.hidden = !isMap;
    this.is.kind.value = way.kind;
    if (!isMap) return;
    this.is.nearby.firstChild.textContent = way.kind === "tsne" ? "Perplexity " : "Neighbours ";
    options(
      this.is.near,
      NEARBY.map((near) => [String(near), String(near)]),
      String(way[way.kind]),
    );
  }
}
