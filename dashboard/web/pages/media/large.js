// A picture at large: zoom and pan, brightness and contrast, beside another run or step or the difference from it, its
// neighbours, and what was predicted of it step by step.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import { choice, node } from "../../ui/dom.js";
import { difference } from "./difference.js";
import { drawHistory } from "./history.js";
import { bars, told } from "./image.js";
import { classesAt, drawLayers, isScored, switches } from "./layers.js";

const MOST = 64,
  LEAST = 0.05; // how far one can zoom
const ROOM = 24; // px around a picture that fits
const KNOB = 100; // a knob's ends stand for a tenth and ten times

// alone: a picture that has no steps of its own, such as one in a table's cell.
export async function open(panel, item, { alone = false } = {}) {
  const large = new Large(panel, item, alone);
  document.body.append(large.dialog);
  large.dialog.showModal();
  await large.begin();
}

const nameOf = (run) => runs.get(run)?.shown ?? run;

class Large {
  constructor(panel, item, alone) {
    Object.assign(this, {
      panel,
      item,
      alone,
      shows: panel.shows,
      scope: panel.page.scope.child(), // with the page that it was opened from it closes
      other: null,
      mode: "one",
      x: 0,
      y: 0,
      k: 0,
      light: 1,
      contrast: 1,
    });
    this.stage = node("div", {
      class: "large-stage",
      tabindex: 0,
      role: "group",
      "aria-label": "The picture: wheel or + and − zoom, drag moves, ← → step, ↑ ↓ the picture before or after",
    });
    this.frames = [this.#frame(), this.#frame()];
    this.stage.append(...this.frames.map((frame) => frame.element));
    this.slider = node("input", { type: "range", min: 0, step: 1, "aria-label": "Step" });
    this.output = node("output");
    this.run = node("select", { "aria-label": "Run to compare with" });
    this.step = node("input", { type: "range", min: 0, step: 1, "aria-label": "Step to compare with" });
    this.said = node("output");
    this.with = node(
      "div",
      { class: "large-with" },
      node("span", { text: "with" }),
      this.run,
      node("div", { class: "large-step" }, this.step, this.said),
    );
    this.modes = choice(
      "Compare",
      [
        ["one", "Single"],
        ["two", "Side by side"],
        ["diff", "Difference"],
      ],
      "one",
      (mode) => {
        this.mode = mode;
        this.k = 0;
        this.show();
      },
    );
    this.modes.hidden = alone;
    this.note = node("p", { class: "large-note" });
    this.pointed = node("p", { class: "large-pointed" });
    this.guesses = node("div", { class: "guesses" });
    this.history = node("canvas", { class: "large-history", role: "img" });
    this.legend = node("div", { class: "large-legend" });
    this.layers = node("div", { class: "layer-chips" });
    this.least = node("input", {
      type: "range",
      min: 0,
      max: 1,
      step: 0.01,
      value: this.shows.least,
      "aria-label": "Least score of a box",
    });
    this.leastSaid = node("output");
    this.least.addEventListener("input", () => {
      this.shows.least = Number(this.least.value);
      this.#relayer();
    });
    this.score = node("label", { class: "large-knob" }, node("span", { text: "Score ≥" }), this.least, this.leastSaid);
    const button = (name, text, act, more = {}) => {
      const made = node("button", {
        type: "button",
        class: "icon-button",
        "aria-label": name,
        title: name,
        text,
        ...more,
      });
      made.addEventListener("click", act);
      return made;
    };
    this.place_ = node("span", { class: "dim large-place" });
    this.before = button("The picture before (↑)", "‹", () => this.neighbour(-1));
    this.after = button("The picture after (↓)", "›", () => this.neighbour(1));
    this.save = node("a", { class: "text-button", text: "Download" });
    this.light_ = this.#knob("Brightness", (value) => {
      this.light = value;
    });
    this.contrast_ = this.#knob("Contrast", (value) => {
      this.contrast = value;
    });
    const reset = node("button", { type: "button", class: "text-button", text: "Reset view" });
    reset.addEventListener("click", () => {
      this.light_.set(0);
      this.contrast_.set(0);
      this.k = 0;
      this.place();
    });
    this.dialog = node(
      "dialog",
      { class: "large", "aria-label": `${panel.tag} of ${nameOf(panel.run)}` },
      node(
        "header",
        {},
        node("h2", { text: panel.tag }),
        node("span", { class: "dim large-run", text: nameOf(panel.run) }),
        this.modes,
        node("span", { class: "bar-space" }),
        this.before,
        this.place_,
        this.after,
        button("Close (Esc)", "✕", () => this.dialog.close()),
      ),
      node(
        "div",
        { class: "large-body" },
        this.stage,
        node(
          "aside",
          {},
          node("label", { class: "large-step" }, this.slider, this.output),
          this.with,
          this.note,
          this.layers,
          this.score,
          this.light_.element,
          this.contrast_.element,
          node("div", { class: "large-acts" }, reset, this.save),
          this.guesses,
          this.history,
          this.legend,
          this.pointed,
        ),
      ),
    );
    this.scope.onLeave(() => this.dialog.close());
    this.dialog.addEventListener("close", () => {
      this.scope.leave();
      this.dialog.remove();
    });
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    this.slider.addEventListener("input", () => this.go(this.steps[this.slider.value]));
    this.step.addEventListener("input", () => this.compare());
    this.run.addEventListener("change", () => this.compare(true));
    this.scope.on(document, "themechange", () => this.show());
    this.#listen();
  }

  #frame() {
    const image = node("img", { alt: "" }),
      over = node("canvas", { class: "layers" }),
      says = node("span", { class: "large-says" });
    const world = node("div", { class: "large-world" }, image, over);
    image.addEventListener("error", () => {
      this.note.textContent = "The picture cannot be shown: its bytes are damaged, or it is too large for a browser.";
    });
    return { image, over, world, says, element: node("div", { class: "large-frame" }, world, says) };
  }

  // A knob stands in the middle when nothing is changed; one way is as far as the other.
  #knob(name, set) {
    const input = node("input", { type: "range", min: -KNOB, max: KNOB, value: 0, "aria-label": name }),
      said = node("output");
    const apply = () => {
      const value = 10 ** (Number(input.value) / KNOB);
      set(value);
      said.textContent = `${format.value(value, 2)} ×`;
      input.setAttribute("aria-valuetext", said.textContent);
      this.filter();
    };
    input.addEventListener("input", apply);
    said.textContent = "1 ×";
    return {
      element: node("label", { class: "large-knob" }, node("span", { text: name }), input, said),
      set: (value) => {
        input.value = value;
        apply();
      },
    };
  }

  #listen() {
    this.stage.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const box = event.target.closest(".large-frame")?.getBoundingClientRect() ?? this.stage.getBoundingClientRect();
        this.zoom(
          Math.exp(-Math.max(-240, Math.min(240, event.deltaY)) * 0.002),
          event.clientX - box.left,
          event.clientY - box.top,
        );
      },
      { passive: false },
    );
    this.stage.addEventListener("pointerdown", (event) => {
      this.stage.setPointerCapture(event.pointerId);
      this.held = [event.clientX - this.x, event.clientY - this.y];
    });
    this.stage.addEventListener("pointermove", (event) => {
      if (this.held) {
        [this.x, this.y] = [event.clientX - this.held[0], event.clientY - this.held[1]];
        this.place();
      }
      this.#point(event);
    });
    this.stage.addEventListener("pointerleave", () => {
      this.pointed.textContent = "";
    });
    for (const name of ["pointerup", "pointercancel"])
      this.stage.addEventListener(name, () => {
        this.held = null;
      });
    this.stage.addEventListener("dblclick", () => {
      this.k = 0;
      this.place();
    });
    this.dialog.addEventListener("keydown", (event) => {
      if (event.target.matches("input, select, [role=radio]")) return;
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key],
        other = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (step && this.steps)
        this.go(this.steps[Math.max(0, Math.min(this.steps.length - 1, this.steps.indexOf(this.item.step) + step))]);
      else if (other) this.neighbour(other);
      else if (event.key === "+" || event.key === "=") this.zoom(1.25);
      else if (event.key === "-") this.zoom(0.8);
      else if (event.key === "0") {
        this.k = 0;
        this.place();
      } else return;
      event.preventDefault();
    });
    const sized = new ResizeObserver(() => {
      this.k = 0;
      this.place();
      this.#history();
    });
    this.scope.observer(sized).observe(this.stage);
  }

  // All that was logged at this place, step by step; a repeated step's newest stands for it.
  async #at(run) {
    const { items } = await api.json("media", {
      run,
      tag: this.panel.tag,
      kind: this.panel.kind,
      position: this.item.position,
    });
    return [...new Map(items.map((item) => [item.step, item])).values()].sort((a, b) => a.step - b.step);
  }

  async begin() {
    const { panel } = this;
    this.show();
    const names = this.alone
      ? []
      : runs
          .visible()
          .toReversed()
          .filter((run) => run.series[panel.kind]?.includes(panel.tag))
          .map((run) => run.name);
    this.run.replaceChildren(...names.map((name) => node("option", { value: name, text: nameOf(name) })));
    this.run.value = panel.run;
    this.run.hidden = names.length < 2;
    await this.#follow();
  }

  // The steps of the picture that is shown, and what it is compared with: the step before.
  async #follow() {
    const { item } = this;
    let all = [item];
    if (!this.alone)
      try {
        all = await this.#at(this.panel.run);
      } catch {
        /* the server is away: what is here can still be looked at */
      }
    if (this.item !== item) return;
    this.all = all.length ? all : [item];
    this.steps = this.all.map((each) => each.step);
    this.slider.max = String(this.steps.length - 1);
    if (this.run.value && this.run.value !== this.panel.run) {
      await this.compare(true);
      return;
    }
    this.others = this.all;
    const before = Math.max(0, this.steps.indexOf(this.item.step) - 1);
    this.step.max = String(this.steps.length - 1);
    this.step.value = String(before);
    this.other = this.all[before];
    this.show();
  }

  go(step) {
    this.item = this.all.find((item) => item.step === step) ?? this.item;
    this.show();
  }

  // The pictures that were logged together with this one.
  get together() {
    const items = this.alone ? [] : (this.panel.kept.get(this.item.step) ?? []);
    return items.some((item) => item.position === this.item.position) ? items : [this.item];
  }

  neighbour(by) {
    const items = this.together;
    const next = items[items.findIndex((item) => item.position === this.item.position) + by];
    if (!next) return;
    const { width, height } = this.item.attributes;
    if (next.attributes.width !== width || next.attributes.height !== height) this.k = 0;
    this.item = next;
    this.other = null;
    this.show();
    this.#follow();
  }

  async compare(anew = false) {
    if (anew) {
      try {
        this.others = await this.#at(this.run.value);
      } catch (error) {
        this.note.textContent = `The other run could not be read: ${error.message}`;
        return;
      }
      this.step.max = String(Math.max(0, this.others.length - 1));
      const at = this.others.findLastIndex((item) => item.step <= this.item.step);
      this.step.value = String(Math.max(0, at));
    }
    this.other = this.others[this.step.value];
    this.show();
  }

  show() {
    const [one, two] = this.frames;
    const { item, other, mode, panel } = this;
    const about = item.attributes;
    if (this.steps) this.slider.value = String(this.steps.indexOf(item.step));
    this.output.textContent = `step ${format.step(item.step)}`;
    this.slider.setAttribute("aria-valuetext", this.output.textContent);
    this.slider.parentElement.hidden = !this.steps || this.steps.length < 2;
    this.with.hidden = mode === "one";
    this.said.textContent = other ? `step ${format.step(other.step)}` : "no such picture";
    two.element.hidden = mode !== "two";
    two.world.hidden = !other;
    this.#fill(one, panel.run, item);
    if (mode !== "one" && other) this.#fill(two, this.run.value || panel.run, other);
    if (mode === "diff") one.says.textContent = other ? `${one.says.textContent} − ${two.says.textContent}` : "";
    if (mode === "diff" && other) this.#difference(item, other);
    else
      this.note.textContent = [
        about.width ? `${format.step(about.width)} × ${format.step(about.height)}` : "",
        told(about),
      ]
        .filter(Boolean)
        .join(" · ");
    const { together } = this,
      at = together.findIndex((each) => each.position === item.position);
    this.place_.textContent = together.length > 1 ? `${format.step(at + 1)} of ${format.step(together.length)}` : "";
    this.before.hidden = this.after.hidden = together.length < 2;
    this.before.disabled = at <= 0;
    this.after.disabled = at >= together.length - 1;
    this.save.href = api.blobAddress(panel.run, item.hash);
    this.save.download = `${panel.tag.replaceAll("/", "-")}-step-${item.step}-${item.position}.${(item.form ?? "image/webp").split("/")[1]}`;
    bars(this.guesses, about.predictions ?? [], about.label);
    this.#switches();
    this.place();
    this.#history();
  }

  #fill(frame, run, item) {
    const address = api.blobAddress(run, item.hash);
    if (frame.image.getAttribute("src") !== address) frame.image.src = address;
    frame.image.width = item.attributes.width;
    frame.image.height = item.attributes.height;
    frame.image.hidden = false;
    frame.diff?.remove();
    frame.diff = null;
    frame.says.textContent = this.mode === "one" ? "" : `${nameOf(run)}, step ${format.step(item.step)}`;
    drawLayers(frame.over, this.panel, item, this.shows, true, run);
    this.filter();
  }

  async #difference(item, other) {
    const [one] = this.frames;
    const { width, height } = item.attributes;
    one.over.hidden = true;
    one.over.dataset.key = "";
    if (other.attributes.width !== width || other.attributes.height !== height) {
      this.note.textContent = "The two are of different sizes; there is no difference to show.";
      return;
    }
    let found;
    try {
      found = await difference(
        api.blobAddress(this.panel.run, item.hash),
        api.blobAddress(this.run.value || this.panel.run, other.hash),
        width,
        height,
      );
    } catch (error) {
      this.note.textContent = `The difference could not be made: ${error.message}`;
      return;
    }
    if (this.mode !== "diff" || this.item !== item || this.other !== other) return;
    one.diff ??= one.world.insertBefore(node("canvas"), one.over);
    one.diff.width = width;
    one.diff.height = height;
    one.diff.getContext("2d").putImageData(found.pixels, 0, 0);
    one.image.hidden = true;
    this.note.textContent = found.most
      ? `Mean difference ${format.value(found.mean, 3)} of 255, largest ${found.most}; ${format.plural(found.changed, "pixel")} differ. Shown ${format.value(found.gain, 3)} × brighter.`
      : "The two are the same, pixel by pixel.";
    this.filter();
  }

  filter() {
    const text = this.light === 1 && this.contrast === 1 ? "" : `brightness(${this.light}) contrast(${this.contrast})`;
    for (const frame of this.frames) for (const each of [frame.image, frame.diff]) if (each) each.style.filter = text;
  }

  // Where the pointer is in the picture, the colour there, and the class that each mask says.
  async #point(event) {
    const box = this.frames[0].element.getBoundingClientRect();
    const { item } = this,
      { width, height } = item.attributes;
    const x = Math.floor((event.clientX - box.left - this.x) / this.k),
      y = Math.floor((event.clientY - box.top - this.y) / this.k);
    if (!(x >= 0 && y >= 0 && x < width && y < height) || this.mode === "diff") {
      this.pointed.textContent = "";
      return;
    }
    const [one] = this.frames;
    if (this.probed !== one.image.src && one.image.complete && one.image.naturalWidth && width * height <= 16e6) {
      this.probe ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      [this.probe.canvas.width, this.probe.canvas.height] = [width, height];
      this.probe.drawImage(one.image, 0, 0, width, height);
      this.probed = one.image.src;
    }
    const [r, g, b] = this.probed === one.image.src ? this.probe.getImageData(x, y, 1, 1).data : [];
    const shade = r === undefined ? "" : r === g && g === b ? `grey ${r}` : `rgb ${r}, ${g}, ${b}`;
    const said = await classesAt(this.panel.page.layers, item, this.panel.run, this.shows, x, y);
    if (this.item === item)
      this.pointed.textContent = [
        `x ${format.step(x)}, y ${format.step(y)}`,
        shade,
        ...said.map(([layer, name]) => `${layer}: ${name}`),
      ]
        .filter(Boolean)
        .join(" · ");
  }

  zoom(factor, px, py) {
    const box = this.frames[0].element.getBoundingClientRect();
    const [x, y] = [px ?? box.width / 2, py ?? box.height / 2];
    const k = Math.min(MOST, Math.max(LEAST, this.k * factor));
    [this.x, this.y] = [x - ((x - this.x) * k) / this.k, y - ((y - this.y) * k) / this.k];
    this.k = k;
    this.place();
  }

  // k of 0: as large as it fits.
  place() {
    const box = this.frames[0].element.getBoundingClientRect();
    const { width, height } = this.item.attributes;
    if (!box.width || !width) return;
    if (!this.k) {
      this.k = Math.min((box.width - ROOM) / width, (box.height - ROOM) / height, 40);
      [this.x, this.y] = [(box.width - width * this.k) / 2, (box.height - height * this.k) / 2];
    }
    for (const { world } of this.frames) {
      world.style.width = `${width}px`;
      world.style.height = `${height}px`;
      world.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.k})`;
      world.classList.toggle("is-near", this.k >= 2);
    }
  }

  #relayer() {
    this.show();
    this.panel.page.relayered(this.panel.tag);
  }

  #switches() {
    const items = [this.item, ...(this.mode !== "one" && this.other ? [this.other] : [])];
    switches(this.layers, this.panel.page.layers, this.panel.tag, items, () => this.#relayer());
    this.score.hidden = !isScored(items);
    this.leastSaid.textContent = format.value(this.shows.least, 2);
  }

  #history() {
    drawHistory(this.history, this.legend, this.all ?? [], this.item);
  }
}
