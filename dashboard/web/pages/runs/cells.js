// What the table of runs has in its cells beyond text: a run's name with its colour, and how it stands.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import { colour } from "../../charts/palette.js";
import { clipped, clippedPath, within } from "../../text/ellipsis.js";

// A run's name, with its colour, which shows and hides it.
export class Name {
  init({ data }) {
    this.box = Object.assign(document.createElement("div"), { className: "t-name" });
    this.swatch = this.box.appendChild(
      Object.assign(document.createElement("input"), { type: "checkbox", className: "swatch", tabIndex: -1 }),
    );
    this.text = this.box.appendChild(document.createElement("span"));
    for (const kind of ["click", "dblclick", "mousedown"])
      this.swatch.addEventListener(kind, (event) => event.stopPropagation());
    this.swatch.addEventListener("change", () => runs.toggle(this.id));
    this.refresh({ data });
  }
  getGui() {
    return this.box;
  }
  refresh({ data }) {
    this.id = data.id;
    const run = runs.get(data.id);
    if (!run) return true;
    const [path, last] = format.split(run.shown);
    const part = runs.partOf(run.shown) ?? [0, 0],
      { children, kept } = clippedPath(path, part);
    const before = Object.assign(document.createElement("span"), { className: "path" });
    before.append(...children);
    before.style.minWidth = kept ? `min(${kept}ch, 60%)` : "";
    this.text.replaceChildren(before, clipped(last, within(part, path.length, run.shown.length)));
    this.swatch.style.setProperty("--run", colour(run.colour));
    this.swatch.checked = runs.isVisible(run.name);
    this.swatch.setAttribute("aria-label", `Show ${run.shown}`);
    this.box.classList.toggle("is-off", !this.swatch.checked);
    return true;
  }
}

export class Status {
  init({ value }) {
    this.box = document.createElement("span");
    this.light = this.box.appendChild(Object.assign(document.createElement("i"), { className: "status" }));
    this.word = this.box.appendChild(document.createElement("span"));
    this.refresh({ value });
  }
  getGui() {
    return this.box;
  }
  refresh({ value }) {
    this.light.dataset.status = value;
    this.word.textContent = value ?? "";
    return true;
  }
}
