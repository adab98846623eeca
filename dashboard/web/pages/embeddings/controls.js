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
    const is = dictionary([...frame.querySelectorAll("[data-is]")].map((element) => [element.dataset.is, element]));
    this.is = is;
    for (const key of CHOICES)
      is[key].addEventListener("change", () => {
        page.way[key] = key === "kind" ? is[key].value : Number(is[key].value);
        if (page.data) {
          page.place();
          page.side.fill();
        }
      });
    is.near.addEventListener("change", () => {
      page.way[page.way.kind] = Number(is.near.value);
      page.place();
    });
    is.pictured.querySelector("input").addEventListener("change", (event) => {
      page.way.pictured = event.target.checked;
      page.picture();
    });
    is.steps.querySelector("input").addEventListener("change", (event) => {
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
  ask({ tag, run }) {
    this.is.tag.value = tag;
    this.is.run.value = run;
  }

  // Which embeddings there are, and which runs have the one that is shown.
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
  show(data, way) {
    const steps = this.is.steps.querySelector("input");
    this.is.steps.hidden = data.steps.length < 2;
    steps.max = String(data.steps.length - 1);
    steps.value = String(data.steps.indexOf(data.step));
    this.is.steps.querySelector("output").textContent = format.step(data.step);
    this.is.pictured.hidden = !data.sprites;
    options(
      this.is.colour,
      [["-1", "none"], ...(data.rows.length ? data.header.map((name, k) => [String(k), name]) : [])],
      String(way.colour),
    );
    options(
      this.is.label,
      data.rows.length ? data.header.map((name, k) => [String(k), name]) : [["0", "number"]],
      String(way.label),
    );
    const axes = data.pca.map((_, k) => [String(k), `${k + 1} (${(100 * data.shares[k]).toFixed(1)} %)`]);
    for (const axis of ["x", "y", "z"]) {
      if (way[axis] >= data.pca.length) way[axis] = axis === "z" ? -1 : 0;
      options(this.is[axis], axis === "z" ? [...axes, ["-1", "none"]] : axes, String(way[axis]));
    }
  }

  // Another way to see it, which a bookmark may have brought.
  set(way) {
    for (const key of CHOICES) this.is[key].value = String(way[key]);
  }

  showWay(way, isMap) {
    for (const label of this.frame.querySelectorAll(".axes")) label.hidden = isMap;
    for (const label of this.frame.querySelectorAll(".maps")) label.hidden = !isMap;
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
