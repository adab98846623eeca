// A picture at large: zoom and pan, brightness and contrast, layers, beside another or its difference from it, and what
// was predicted of it step by step.
import * as api from "./api.js";
import * as format from "./format.js";
import * as runs from "./runs.js";
import { choice, node } from "./dom.js";
import { colour, css } from "./palette.js";
import { prepared } from "./chart.js";
import { bars, told } from "./media_image.js";
import { drawLayers } from "./media_layers.js";

const MOST = 64, LEAST = 0.05; // how far one can zoom
const LINES = 6; // classes whose probability is followed over the steps

export async function open(panel, item) {
  const large = new Large(panel, item);
  document.body.append(large.dialog);
  large.dialog.showModal();
  await large.begin();
}

class Large {
  constructor(panel, item) {
    Object.assign(this, { panel, item, other: null, mode: "one", x: 0, y: 0, k: 0, light: 100, contrast: 100 });
    this.off = new Set(panel.off);
    this.stage = node("div", { class: "large-stage", tabindex: 0 });
    this.frames = [this.#frame(), this.#frame()];
    this.stage.append(...this.frames.map((frame) => frame.element));
    this.slider = node("input", { type: "range", min: 0, step: 1, "aria-label": "Step" });
    this.output = node("output");
    this.run = node("select", { "aria-label": "Run to compare with" });
    this.step = node("input", { type: "range", min: 0, step: 1, "aria-label": "Step to compare with" });
    this.said = node("output");
    this.with = node("div", { class: "large-with" }, node("span", { text: "with" }), this.run, this.step, this.said);
    this.modes = choice("Compare", [["one", "Single"], ["two", "Side by side"], ["diff", "Difference"]], "one", (mode) => { this.mode = mode; this.show(); });
    this.note = node("p", { class: "large-note" });
    this.guesses = node("div", { class: "guesses" });
    this.history = node("canvas", { class: "large-history", role: "img", "aria-label": "Probabilities over the steps" });
    this.legend = node("div", { class: "large-legend" });
    this.layers = node("div", { class: "layer-chips" });
    const close = node("button", { type: "button", class: "icon-button", "aria-label": "Close", text: "✕" });
    close.addEventListener("click", () => this.dialog.close());
    const light = this.#knob("Brightness", (value) => { this.light = value; });
    const contrast = this.#knob("Contrast", (value) => { this.contrast = value; });
    const reset = node("button", { type: "button", class: "text-button", text: "Reset" });
    reset.addEventListener("click", () => { light.set(100); contrast.set(100); this.k = 0; this.place(); });
    this.dialog = node("dialog", { class: "large", "aria-label": `${panel.tag} of ${panel.run}` },
      node("header", {}, node("h2", { text: panel.tag }), node("span", { class: "dim", text: panel.run }), this.modes, node("span", { class: "bar-space" }), close),
      node("div", { class: "large-body" }, this.stage,
        node("aside", {},
          node("label", { class: "large-step" }, this.slider, this.output), this.with, this.layers,
          light.element, contrast.element, reset, this.note, this.guesses, this.history, this.legend)));
    this.dialog.addEventListener("close", () => { this.sized?.disconnect(); this.dialog.remove(); });
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
    this.slider.addEventListener("input", () => this.go(this.steps[this.slider.value]));
    this.step.addEventListener("input", () => this.compare());
    this.run.addEventListener("change", () => this.compare(true));
    this.#listen();
  }

  #frame() {
    const image = node("img", { alt: "" }), over = node("canvas", { class: "layers" }), says = node("span", { class: "large-says" });
    const world = node("div", { class: "large-world" }, image, over);
    return { image, over, world, says, element: node("div", { class: "large-frame" }, world, says) };
  }

  #knob(name, set) {
    const input = node("input", { type: "range", min: 10, max: 400, value: 100, "aria-label": name });
    const apply = () => { set(Number(input.value)); this.filter(); };
    input.addEventListener("input", apply);
    return { element: node("label", { class: "large-knob" }, node("span", { text: name }), input), set: (value) => { input.value = value; apply(); } };
  }

  #listen() {
    this.stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = event.target.closest(".large-frame")?.getBoundingClientRect() ?? this.stage.getBoundingClientRect();
      this.zoom(Math.exp(-Math.max(-240, Math.min(240, event.deltaY)) * 0.002), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    this.stage.addEventListener("pointerdown", (event) => { this.stage.setPointerCapture(event.pointerId); this.held = [event.clientX - this.x, event.clientY - this.y]; });
    this.stage.addEventListener("pointermove", (event) => { if (this.held) { [this.x, this.y] = [event.clientX - this.held[0], event.clientY - this.held[1]]; this.place(); } });
    for (const name of ["pointerup", "pointercancel"]) this.stage.addEventListener(name, () => { this.held = null; });
    this.stage.addEventListener("dblclick", () => { this.k = 0; this.place(); });
    this.dialog.addEventListener("keydown", (event) => {
      if (event.target.matches("input, select, [role=radio]")) return;
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step && this.steps) this.go(this.steps[Math.max(0, Math.min(this.steps.length - 1, this.steps.indexOf(this.item.step) + step))]);
      else if (event.key === "+" || event.key === "=") this.zoom(1.25);
      else if (event.key === "-") this.zoom(0.8);
      else if (event.key === "0") { this.k = 0; this.place(); }
      else return;
      event.preventDefault();
    });
    this.sized = new ResizeObserver(() => { this.k = 0; this.place(); this.drawHistory(); });
    this.sized.observe(this.stage);
  }

  // All that was logged at this place, step by step; a repeated step's newest stands for it.
  async #at(run) {
    const { items } = await api.json("media", { run, tag: this.panel.tag, kind: this.panel.kind, position: this.item.position });
    return [...new Map(items.map((item) => [item.step, item])).values()].sort((a, b) => a.step - b.step);
  }

  async begin() {
    this.show();
    const names = runs.visible().toReversed().filter((run) => run.series[this.panel.kind]?.includes(this.panel.tag)).map((run) => run.name);
    this.run.replaceChildren(...names.map((name) => node("option", { value: name, text: name })));
    this.run.value = this.panel.run;
    this.run.hidden = names.length < 2;
    try {
      this.all = await this.#at(this.panel.run);
    } catch { this.all = [this.item]; }
    this.steps = this.all.map((item) => item.step);
    this.slider.max = String(this.steps.length - 1);
    this.others = this.all;
    const before = Math.max(0, this.steps.indexOf(this.item.step) - 1);
    this.step.max = String(this.steps.length - 1);
    this.step.value = String(before);
    this.other = this.all[before];
    this.show();
    this.drawHistory();
  }

  go(step) {
    this.item = this.all.find((item) => item.step === step) ?? this.item;
    this.show();
    this.drawHistory();
  }

  async compare(anew = false) {
    if (anew) {
      try { this.others = await this.#at(this.run.value); } catch (error) { this.note.textContent = error.message; return; }
      this.step.max = String(this.others.length - 1);
      const at = this.others.findLastIndex((item) => item.step <= this.item.step);
      this.step.value = String(Math.max(0, at));
    }
    this.other = this.others[this.step.value];
    this.show();
  }

  show() {
    const [one, two] = this.frames;
    const { item, other, mode } = this;
    if (this.steps) this.slider.value = String(this.steps.indexOf(item.step));
    this.output.textContent = `step ${format.step(item.step)}`;
    this.slider.parentElement.hidden = !this.steps || this.steps.length < 2;
    this.with.hidden = mode === "one";
    this.said.textContent = other ? `step ${format.step(other.step)}` : "";
    two.element.hidden = mode !== "two";
    this.#fill(one, this.panel.run, item);
    if (mode !== "one" && other) this.#fill(two, this.run.value || this.panel.run, other);
    if (mode === "diff" && other) this.#difference(item, other);
    else this.note.textContent = told(item.attributes);
    bars(this.guesses, item.attributes.predictions ?? [], item.attributes.label);
    this.#chips();
    this.place();
  }

  #fill(frame, run, item) {
    const address = api.blobAddress(run, item.hash);
    if (frame.image.getAttribute("src") !== address) frame.image.src = address;
    frame.image.width = item.attributes.width;
    frame.image.height = item.attributes.height;
    frame.image.hidden = false;
    frame.diff?.remove();
    frame.diff = null;
    frame.says.textContent = this.mode === "one" ? "" : `${run}, step ${format.step(item.step)}`;
    drawLayers(frame.over, run, item, this.off, true);
    this.filter();
  }

  // |a - b| of every pixel, made bright enough to be seen, and how much it is in numbers.
  async #difference(item, other) {
    const [one] = this.frames;
    const [width, height] = [item.attributes.width, item.attributes.height];
    one.over.hidden = true;
    if (other.attributes.width !== width || other.attributes.height !== height) { this.note.textContent = "The two are of different sizes; there is no difference to show."; return; }
    const load = async (run, hash) => {
      const bitmap = await createImageBitmap(await (await fetch(api.blobAddress(run, hash))).blob());
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d");
      context.drawImage(bitmap, 0, 0, width, height);
      return context.getImageData(0, 0, width, height);
    };
    const [a, b] = await Promise.all([load(this.panel.run, item.hash), load(this.run.value || this.panel.run, other.hash)]);
    if (this.mode !== "diff" || this.item !== item || this.other !== other) return;
    let most = 0, sum = 0, changed = 0;
    for (let i = 0; i < a.data.length; i += 4) {
      let here = 0;
      for (let c = 0; c < 3; c++) { const off = Math.abs(a.data[i + c] - b.data[i + c]); a.data[i + c] = off; sum += off; here = Math.max(here, off); }
      a.data[i + 3] = 255;
      most = Math.max(most, here);
      if (here) changed += 1;
    }
    const gain = most ? 255 / most : 1;
    for (let i = 0; i < a.data.length; i += 4) for (let c = 0; c < 3; c++) a.data[i + c] *= gain;
    one.diff ??= one.world.insertBefore(node("canvas"), one.over);
    one.diff.width = width;
    one.diff.height = height;
    one.diff.getContext("2d").putImageData(a, 0, 0);
    one.image.hidden = true;
    this.note.textContent = most ? `Mean difference ${format.value(sum / (3 * width * height), 3)} of 255, largest ${most}; ${format.plural(changed, "pixel")} differ. Shown ${format.value(gain, 3)} × brighter.` : "The two are the same, pixel by pixel.";
    this.filter();
  }

  filter() {
    const text = this.light === 100 && this.contrast === 100 ? "" : `brightness(${this.light}%) contrast(${this.contrast}%)`;
    for (const frame of this.frames) for (const each of [frame.image, frame.diff]) if (each) each.style.filter = text;
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
      this.k = Math.min((box.width - 24) / width, (box.height - 24) / height, 40);
      [this.x, this.y] = [(box.width - width * this.k) / 2, (box.height - height * this.k) / 2];
    }
    for (const { world } of this.frames) {
      world.style.width = `${width}px`;
      world.style.height = `${height}px`;
      world.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.k})`;
      world.classList.toggle("is-near", this.k >= 2);
    }
  }

  #chips() {
    const names = [...(this.item.attributes.boxes ?? []), ...(this.item.attributes.masks ?? [])].map((layer) => layer.name);
    this.layers.replaceChildren(...names.map((name) => {
      const chip = node("button", { type: "button", class: "chip-toggle", "aria-pressed": String(!this.off.has(name)), text: name });
      chip.addEventListener("click", () => { if (!this.off.delete(name)) this.off.add(name); this.show(); });
      return chip;
    }));
  }

  // What the model took it for, step by step: a line for each of the likeliest classes.
  drawHistory() {
    const of = (this.all ?? []).filter((item) => item.attributes.predictions?.length);
    this.history.hidden = this.legend.hidden = of.length < 2;
    if (this.history.hidden) return;
    const most = new Map();
    for (const item of of) for (const { name, probability } of item.attributes.predictions) most.set(name, Math.max(most.get(name) ?? 0, probability ?? 0));
    const names = [...most].sort((a, b) => b[1] - a[1]).slice(0, LINES).map(([name]) => name);
    const [width, height] = [this.history.clientWidth, this.history.clientHeight];
    const context = prepared(this.history, width, height);
    const [low, high] = [of[0].step, of[of.length - 1].step];
    const x = (step) => 2 + ((step - low) / (high - low || 1)) * (width - 4), y = (share) => height - 14 - share * (height - 20);
    context.fillStyle = css("--faint");
    context.font = `11px ${css("--font")}`;
    context.fillText(format.step(low), 0, height - 1);
    context.textAlign = "right";
    context.fillText(format.step(high), width, height - 1);
    context.strokeStyle = css("--grid");
    for (const share of [0, 0.5, 1]) { context.beginPath(); context.moveTo(0, y(share)); context.lineTo(width, y(share)); context.stroke(); }
    context.strokeStyle = css("--line-strong");
    context.beginPath();
    context.moveTo(x(this.item.step), 4);
    context.lineTo(x(this.item.step), height - 14);
    context.stroke();
    context.lineJoin = "round";
    names.forEach((name, i) => {
      context.strokeStyle = colour(i);
      context.lineWidth = name === this.item.attributes.label ? 2.5 : 1.5;
      context.beginPath();
      // A class that is not among those kept of a step is less likely than all that are.
      for (const item of of) context.lineTo(x(item.step), y(item.attributes.predictions.find((guess) => guess.name === name)?.probability ?? 0));
      context.stroke();
    });
    this.legend.replaceChildren(...names.map((name, i) => node("span", {}, node("i", { class: "dot", style: `background: ${colour(i)}` }), name === this.item.attributes.label ? node("strong", { text: name }) : name)));
  }
}
