// A card of distributions: one tensor of one run, step by step, as the page's mode shows it.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { lookup } from "../../text/lookup.js";
import { node } from "../../ui/dom.js";
import { draw, outline } from "./draw.js";
import { binAt, boxOf, nearest, rowAt, stepAt, stepScale } from "./geometry.js";
import { Loader } from "./loader.js";
import { fewBins, oddOf, rowTip, spoken } from "./row_tip.js";
import { colour, css } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";
import { hideTip, showTip } from "../../charts/tooltip.js";

/** @typedef {import("../../core/histograms.js").Distribution} Distribution */
/** @typedef {import("../../charts/histogram.js").Box} Box */
/** @typedef {[number, number]} Pair */

const DRAGGED = 5; // px from a click to a drag
const ALONG = new Set(["heat", "bands"]); // steps go along x
/** @type {Record<string, number>} */
const KEYS = lookup({
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
  Home: -Infinity,
  End: Infinity,
}); // how many steps they go
const BRUSHED = new Set(["heat", "bands", "ridge"]);
export class Card {
  /**
   * @param {string} tag
   * @param {string} run
   * @param {import("./page.js").DistributionsPage} page
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(tag, run, page, scope) {
    this.tag = tag;
    this.run = run;
    this.scope = scope;
    this.picks = page.picks;
    this.sight = false;
    const told = { isInSight: () => this.sight, onChange: () => this.draw(), onCame: () => page.came() };
    this.loader = new Loader(run, tag, told, page.steps, scope);
    /** @type {Box | null} */
    this.box = null; // where the picture is
    /** @type {Pair | null} */
    this.from = null; // where the pointer went down
    /** @type {Pair | null} */
    this.range = null; // the steps that are being picked
    /** @type {number | null} */
    this.anchor = null; // from where Shift and the arrows pick
    const [path, last] = format.split(tag);
    this.dot = node("i", { class: "dot" });
    this.pick = node("button", {
      type: "button",
      class: "chip-toggle pick",
      "aria-pressed": "false",
      title: "Add this layer to the merged histogram",
      text: "merge",
    });
    this.skeleton = node("div", { class: "skeleton" });
    this.canvas = node("canvas");
    this.over = node("canvas", {
      class: "over",
      tabindex: 0,
      role: "slider",
      "aria-label": `Step of the distribution of ${tag} of ${run}`,
      "aria-valuenow": 0,
    });
    this.plot = node("div", { class: "card-plot" }, this.skeleton, this.canvas, this.over);
    this.slider = node("input", { type: "range", min: 0, step: 1, "aria-label": `Step of ${tag}` });
    this.output = node("output");
    this.pacer = node("div", { class: "panel-steps" }, this.slider, this.output);
    this.told = node("span", { class: "told" });
    this.how = node("span", { class: "how" });
    const element = node(
      "article",
      { class: "card distribution", "aria-label": `${tag} of ${run}` },
      node(
        "div",
        { class: "card-head" },
        node(
          "h3",
          { class: "card-title", title: tag },
          node("span", { class: "path", text: path }),
          node("span", { class: "last", text: last }),
        ),
        this.pick,
        node("span", { class: "card-run", title: run }, this.dot, node("span", { text: run })),
      ),
      this.plot,
      this.pacer,
      node("div", { class: "card-foot" }, this.told, this.how),
    );
    this.element = Object.assign(element, { card: /** @type {Card} */ (this) });
    this.over.addEventListener("pointerdown", (event) => {
      this.over.setPointerCapture(event.pointerId);
      this.from = [event.offsetX, event.offsetY];
    });
    this.over.addEventListener("pointermove", (event) => this.moved(event));
    this.over.addEventListener("pointerup", (event) => this.released(event));
    this.over.addEventListener("pointercancel", () => {
      this.from = this.range = null;
    });
    this.over.addEventListener("pointerleave", () => {
      hideTip();
      this.mark(null);
    });
    this.over.addEventListener("dblclick", () => this.picks.pick(run, null, null, null));
    this.over.addEventListener("keydown", (event) => this.keyed(event));
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.pick.addEventListener("click", () => {
      const { start, stop } = this.picks.picked;
      this.picks.pick(run, tag, start, stop, true);
    });
    scope.observer(new ResizeObserver(() => this.draw())).observe(this.plot);
    scope.onLeave(() => {
      this.sight = false; // what comes back now is not drawn
      hideTip();
    });
  }

  get data() {
    return this.loader.data;
  }

  get problem() {
    return this.loader.problem;
  }

  /** @param {boolean} sight */
  setInSight(sight) {
    if (this.sight === sight) return; // told by the page already
    this.sight = sight;
    if (sight) this.loader.seen();
    this.draw();
  }

  // Moves the page's cursor to one of the places.
  /** @param {number} at */
  go(at) {
    const { places } = this.loader;
    const place = Math.max(0, Math.min(places.length - 1, at));
    state.set("pace", place === places.length - 1 ? null : places[place]);
  }

  // Another picture is wanted.
  forget() {
    this.loader.forget();
    if (this.sight) this.skeleton.hidden = false;
  }

  // The page's cursor has moved.
  paced() {
    this.loader.paced();
    this.draw();
  }

  refine() {
    this.loader.refine();
  }

  later() {
    this.loader.later();
  }

  // --- what is seen ----------------------------------------------------------------------------------------

  draw() {
    if (!this.sight) return;
    this.skeleton.hidden = Boolean(this.data || this.problem);
    const run = runs.get(this.run);
    this.dot.style.background = colour(run?.index ?? 0);
    this.pick.setAttribute("aria-pressed", String(this.picks.has(this.run, this.tag)));
    if (!this.data) {
      this.told.textContent = this.problem;
      this.element.classList.toggle("has-odd", Boolean(this.problem));
      return;
    }
    const { data } = this;
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
    if (!width || !height) return;
    const context = prepared(this.canvas, width, height);
    context.font = `11px ${css("--font")}`;
    const box = boxOf(context, data, width, height);
    this.box = box;
    const at = state.get("pace");
    data.row = data.rows && at !== null ? nearest(data.step, at) : data.rows - 1;
    if (data.rows) draw[data.mode](context, data, box, colour(run?.index ?? 0));
    this.#place(data);
    this.#tell(data);
    this.mark(null);
  }

  // Where the cursor stands among the steps, for the slider and for who does not see the picture.
  /** @param {Distribution} data */
  #place(data) {
    const { places } = this.loader;
    const at = state.get("pace");
    const place = at === null ? places.length - 1 : nearest(places, at);
    this.pacer.hidden = data.mode !== "one" || places.length < 2;
    this.slider.max = String(places.length - 1);
    this.slider.value = String(place);
    this.output.textContent = places.length ? `step ${format.step(places[place])}` : "";
    this.over.setAttribute("aria-valuemin", "0");
    this.over.setAttribute("aria-valuemax", String(Math.max(0, places.length - 1)));
    this.over.setAttribute("aria-valuenow", String(Math.max(0, place)));
    if (data.rows) this.over.setAttribute("aria-valuetext", spoken(data, data.row));
  }

  /** @param {Distribution} data */
  #tell(data) {
    const odd = oddOf(data);
    this.told.replaceChildren(
      ...odd.flatMap(({ name, text }, i) => [i ? ", " : "", node("span", { class: "bad", text: `${text} ${name}` })]),
      odd.length ? `${data.mode === "one" ? " at this step" : ""} · ` : "",
      `${format.plural(data.steps, "step")}${data.merged > 1 ? `, ${data.merged} per row` : ""}`,
    );
    this.told.title = [
      data.merged > 1 ? `Each row holds ${data.merged} steps, merged exactly.` : "",
      ["ridge", "heat"].includes(data.mode) ? "Each row is scaled to its own fullest bin." : "",
    ]
      .join(" ")
      .trim();
    const few = fewBins(data);
    this.how.title = few
      ? "Few elements get fewer bins (twice the cube root of their number), so that noise is not taken for shape"
      : "";
    this.how.textContent = data.rows
      ? `${format.plural(data.mode === "one" ? data.total[data.row] : data.elements, "element")}${few}`
      : "";
    this.element.classList.toggle("has-odd", Boolean(odd.length || few));
  }

  // The hovered row, the page's cursor, and the steps that are picked.
  /** @param {number | null} place */
  mark(place) {
    const { data, box } = this;
    const context = prepared(this.over, this.plot.clientWidth, this.plot.clientHeight);
    if (!data?.rows || !box) return;
    const range = this.range ?? this.#picked();
    if (range && ALONG.has(data.mode)) {
      const [from, to] = range.map((step) => Math.max(box.left, Math.min(box.right, stepScale(data, box)(step))));
      context.fillStyle = css("--accent");
      context.globalAlpha = 0.16;
      context.fillRect(from, box.top, Math.max(1, to - from), box.bottom - box.top);
      context.globalAlpha = 1;
    }
    if (data.mode === "one") return;
    context.strokeStyle = css("--text");
    /** @type {{ row: number, width: number }[]} */
    const rows = [];
    if (place !== null) rows.push({ row: place, width: 1.5 });
    if (state.get("pace") !== null) rows.push({ row: data.row, width: 1 });
    if (range && data.mode === "ridge")
      for (let row = 0; row < data.rows; row++)
        if (data.step[row] >= range[0] && data.first[row] <= range[1]) rows.push({ row, width: 0.75 });
    for (const { row, width } of rows) {
      context.lineWidth = width;
      context.beginPath();
      if (ALONG.has(data.mode)) {
        const px = stepScale(data, box)(data.step[row]);
        context.moveTo(px, box.top);
        context.lineTo(px, box.bottom);
      } else outline(context, data, box, row);
      context.stroke();
    }
  }

  /** @returns {Pair | null} */
  #picked() {
    const { start, stop } = this.picks.picked;
    return this.picks.has(this.run, this.tag) && start !== null && stop !== null ? [start, stop] : null;
  }

  // --- what is done ----------------------------------------------------------------------------------------

  // A drag picks steps; else the row under the mouse is marked and told.
  /** @param {PointerEvent} event */
  moved(event) {
    const { data, box } = this;
    if (!data?.rows || !box) return;
    const [px, py] = [event.offsetX, event.offsetY];
    const { from } = this;
    if (from && Math.hypot(px - from[0], py - from[1]) > DRAGGED && BRUSHED.has(data.mode)) {
      /** @param {Pair} at */
      const inside = ([x, y]) =>
        rowAt(data, box, Math.max(box.left, Math.min(box.right, x)), Math.max(box.top, Math.min(box.bottom, y))) ?? 0;
      const ends =
        data.mode === "ridge"
          ? [inside(from), inside([px, py])].flatMap((row) => [data.first[row], data.step[row]])
          : [stepAt(data, box, from[0]), stepAt(data, box, px)];
      this.range = [Math.min(...ends), Math.max(...ends)];
      hideTip();
      this.mark(null);
      return;
    }
    const place = rowAt(data, box, px, py);
    this.mark(place);
    if (place === null) hideTip();
    else showTip(event, rowTip(data, place, binAt(data, box, px, py)));
  }

  /** @param {PointerEvent} event */
  released(event) {
    const { data, box, range } = this;
    const was = this.from;
    this.from = this.range = null;
    if (!data?.rows || !box || !was) return;
    if (range) {
      this.picks.pick(this.run, this.tag, ...range);
      return;
    }
    const place = data.mode === "one" ? null : rowAt(data, box, event.offsetX, event.offsetY);
    // A click puts the page's cursor there, on the newest takes it away.
    if (place !== null)
      state.set("pace", place === data.rows - 1 || data.step[place] === state.get("pace") ? null : data.step[place]);
  }

  // Arrows move the page's cursor, with Shift they pick steps; Escape lets go of what is picked.
  /** @param {KeyboardEvent} event */
  keyed(event) {
    if (!this.data?.rows || event.metaKey || event.ctrlKey || event.altKey) return;
    const { places } = this.loader;
    const pace = state.get("pace");
    const now = pace === null ? places.length - 1 : nearest(places, pace);
    const by = KEYS[event.key];
    if (event.key === "Escape" && this.picks.picked.tags.size) this.picks.pick(this.run, null, null, null);
    else if (by === undefined) return;
    else {
      const next = Math.max(0, Math.min(places.length - 1, now + by));
      if (event.shiftKey) {
        this.anchor ??= places[now];
        const [start, stop] = [Math.min(this.anchor, places[next]), Math.max(this.anchor, places[next])];
        this.picks.pick(this.run, this.tag, start, stop);
      } else this.anchor = null;
      this.go(next);
    }
    event.preventDefault();
  }
}
