// A card of distributions: one tensor of one run, step by step, as the page's mode shows it.
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { node } from "../../ui/dom.js";
import { BINS, comesRough, over } from "./data.js";
import { binAt, binName, boxOf, draw, nearest, outline, rowAt, stepAt, stepScale } from "./draw.js";
import { binning } from "./pick.js";
import { colour, css } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";
import { hideTip, showTip } from "../../charts/tooltip.js";

const REFRESH_MS = 400; // a training that logs histograms at every step is followed this often
const DRAGGED = 5; // px from a click to a drag
const ALONG = new Set(["heat", "bands"]); // steps go along x
const BRUSHED = new Set(["heat", "bands", "ridge"]);
const NAMES = { 0: "smallest", 0.05: "5 %", 0.25: "25 %", 0.5: "median", 0.75: "75 %", 0.95: "95 %", 1: "largest" };

// Elements in a bin: whole, but where a bin ends within a bucket of the server's, which it then has its share of.
const about = (count) =>
  Number.isInteger(count)
    ? count.toLocaleString("en-US")
    : count < 0.5
      ? "≈ 0"
      : `≈ ${Math.round(count).toLocaleString("en-US")}`;

export class Card {
  // page: of distributions; its came() is called when something has been drawn for the first time or anew.
  constructor(tag, run, page, scope) {
    Object.assign(this, { tag, run, page, scope, data: null, sight: false, range: null });
    const [path, last] = format.split(tag);
    this.dot = node("i", { class: "dot" });
    this.pick = node("button", {
      type: "button",
      class: "chip-toggle pick",
      "aria-pressed": "false",
      title: "Pick this layer, to see what was picked merged",
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
    this.element = node(
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
    this.element.card = this;
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
    this.over.addEventListener("dblclick", () => page.picks.pick(run, null, null, null));
    this.over.addEventListener("keydown", (event) => this.keyed(event));
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.pick.addEventListener("click", () => {
      const { start, stop } = page.picks.picked;
      page.picks.pick(run, tag, start, stop, true);
    });
    scope.observer(new ResizeObserver(() => this.draw())).observe(this.plot);
    scope.onLeave(() => {
      this.sight = false; // what comes back now is not drawn
      hideTip();
    });
  }

  setInSight(sight) {
    if (this.sight === sight) return; // told by the page already
    this.sight = sight;
    if (sight) {
      if (!this.data || this.stale) this.load();
      else this.paced();
    }
  }

  // The steps that a cursor can stand on.
  get places() {
    return this.data.places ?? this.data.step;
  }

  // Moves the page's cursor to one of the places.
  go(at) {
    const { places } = this;
    const place = Math.max(0, Math.min(places.length - 1, at));
    state.set("pace", place === places.length - 1 ? null : places[place]);
  }

  // --- what is known ---------------------------------------------------------------------------------------

  // What is at hand comes first; once every card in sight has something, each asks for its finest rows.
  async load() {
    this.stale = false;
    if (this.asking) {
      this.stale = true;
      return;
    }
    const mode = draw[state.get("bins")] ? state.get("bins") : "ridge";
    if (mode === "one") {
      this.#loadStep(true);
      return;
    }
    this.asking = true;
    const rough = comesRough(mode) && !(this.data?.mode === mode && !this.data.rough) && !this.refining;
    try {
      this.data = await over(this.run, this.tag, mode, binning(), rough);
      this.problem = null;
    } catch (error) {
      this.problem = error.message;
    }
    if (this.scope.isOver) return;
    this.asking = this.refining = false;
    if (this.again) {
      this.again = false;
      this.data = null;
      this.load();
      return;
    }
    this.draw();
    if (this.stale) this.later();
    else this.page.came();
  }

  // What the layer held at the cursor; whole: also which steps there are, and the range that all their bins share.
  #loadStep(whole) {
    const known = whole || this.data?.mode !== "one" ? null : this.data;
    const { places } = known ?? {};
    const pace = state.get("pace");
    const step = !places?.length ? pace : pace === null ? places.at(-1) : places[nearest(places, pace)];
    if (known && this.wanted === step) return;
    this.wanted = step;
    this.page.steps.ask({
      run: this.run,
      tag: this.tag,
      scale: binning(),
      step,
      span: known?.span,
      take: (data) => {
        if (this.scope.isOver || state.get("bins") !== "one" || data.scale !== binning()) return;
        this.data = { ...data, places: data.places ?? known.places, steps: (data.places ?? known.places).length };
        this.problem = null;
        if (whole) {
          // the cursor may have moved meanwhile
          this.wanted = data.rows ? data.step[0] : step;
          this.#loadStep(false);
        }
        this.draw();
        this.page.came();
      },
      fail: (error) => {
        this.problem = error.message;
        this.draw();
      },
    });
  }

  // Another picture is wanted: what is known is of no use to it.
  forget() {
    this.data = null;
    if (this.asking) {
      this.again = true;
      return;
    }
    if (this.sight) {
      this.skeleton.hidden = false;
      this.load();
    }
  }

  // The page's cursor has moved.
  paced() {
    if (this.sight && this.data?.mode === "one") this.#loadStep(false);
    this.draw();
  }

  refine() {
    if (!this.sight || !this.data?.rough || this.asking) return;
    this.refining = true;
    this.load();
  }

  later() {
    if (this.timer) return;
    this.timer = this.scope.setTimeout(() => {
      this.timer = 0;
      if (this.sight) this.load();
      else this.stale = true;
    }, REFRESH_MS);
  }

  // --- what is seen ----------------------------------------------------------------------------------------

  draw() {
    if (!this.sight) return;
    this.skeleton.hidden = Boolean(this.data || this.problem);
    const run = runs.get(this.run);
    this.dot.style.background = colour(run?.index ?? 0);
    this.pick.setAttribute("aria-pressed", String(this.page.picks.has(this.run, this.tag)));
    if (!this.data) {
      this.told.textContent = this.problem ?? "";
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
    this.#place();
    this.#tell();
    this.mark(null);
  }

  // Where the cursor stands among the steps, for the slider and for who does not see the picture.
  #place() {
    const { data, places } = this;
    const at = state.get("pace");
    const place = at === null ? places.length - 1 : nearest(places, at);
    this.pacer.hidden = data.mode !== "one" || places.length < 2;
    this.slider.max = String(places.length - 1);
    this.slider.value = String(place);
    this.output.textContent = places.length ? `step ${format.step(places[place])}` : "";
    this.over.setAttribute("aria-valuemin", "0");
    this.over.setAttribute("aria-valuemax", String(Math.max(0, places.length - 1)));
    this.over.setAttribute("aria-valuenow", String(Math.max(0, place)));
    if (!data.rows) return;
    const median = data.quantile[data.row * data.quantiles.length + data.quantiles.indexOf(0.5)];
    this.over.setAttribute(
      "aria-valuetext",
      `${this.#steps(data.row)}, ${Number.isNaN(median) ? "no finite element" : `median ${format.value(median, 3)}`}`,
    );
  }

  #steps(row) {
    const { data } = this;
    return data.first[row] === data.step[row]
      ? `step ${format.step(data.step[row])}`
      : `steps ${format.step(data.first[row])} – ${format.step(data.step[row])}`;
  }

  #tell() {
    const { data } = this;
    const total = (column) => column.reduce((a, b) => a + b, 0);
    const odd = [
      ["NaN", total(data.nan)],
      ["+∞", total(data.pinf)],
      ["−∞", total(data.ninf)],
    ].filter(([, count]) => count);
    this.told.replaceChildren(
      ...odd.flatMap(([name, count], i) => [
        i ? ", " : "",
        node("span", { class: "bad", text: `${count.toLocaleString("en-US")} ${name}` }),
      ]),
      odd.length ? `${data.mode === "one" ? " at this step" : ""} · ` : "",
      `${format.plural(data.steps, "step")}${data.merged > 1 ? `, ${data.merged} a row` : ""}`,
    );
    this.told.title = [
      data.merged > 1 ? `Each row holds ${data.merged} steps, merged exactly.` : "",
      ["ridge", "heat"].includes(data.mode) ? "Each row is measured by its own fullest bin." : "",
    ]
      .join(" ")
      .trim();
    const few =
      data.bins < BINS[data.mode] && data.scale !== "log" && data.mode !== "bands" ? ` in ${data.bins} bins` : "";
    this.how.title = few
      ? "Fewer bins for few elements (twice the cube root), so that what is seen is the distribution and not its noise"
      : "";
    this.how.textContent = data.rows
      ? `${format.plural(data.mode === "one" ? data.total[data.row] : data.elements, "element")}${few}`
      : "";
    this.element.classList.toggle("has-odd", Boolean(odd.length || few));
  }

  // The hovered row, the page's cursor, and the steps that are picked.
  mark(place) {
    const { data, box } = this;
    const context = prepared(this.over, this.plot.clientWidth, this.plot.clientHeight);
    if (!data?.rows || !box) return;
    const { picks } = this.page,
      { start, stop } = picks.picked;
    const range = this.range ?? (picks.has(this.run, this.tag) && start !== null ? [start, stop] : null);
    if (range && ALONG.has(data.mode)) {
      const [from, to] = range.map((step) => Math.max(box.left, Math.min(box.right, stepScale(data, box)(step))));
      context.fillStyle = css("--accent");
      context.globalAlpha = 0.16;
      context.fillRect(from, box.top, Math.max(1, to - from), box.bottom - box.top);
      context.globalAlpha = 1;
    }
    if (data.mode === "one") return;
    context.strokeStyle = css("--text");
    const rows = [
      [place, 1.5],
      [state.get("pace") === null ? null : data.row, 1],
    ];
    if (range && data.mode === "ridge")
      for (let row = 0; row < data.rows; row++)
        if (data.step[row] >= range[0] && data.first[row] <= range[1]) rows.push([row, 0.75]);
    for (const [row, width] of rows) {
      if (row === null) continue;
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

  // --- what is done ----------------------------------------------------------------------------------------

  // A drag picks steps; else the row under the mouse is marked and told.
  moved(event) {
    const { data, box } = this;
    if (!data?.rows || !box) return;
    const [px, py] = [event.offsetX, event.offsetY];
    const far = this.from && Math.hypot(px - this.from[0], py - this.from[1]) > DRAGGED;
    if (far && BRUSHED.has(data.mode)) {
      const inside = ([x, y]) =>
        rowAt(data, box, Math.max(box.left, Math.min(box.right, x)), Math.max(box.top, Math.min(box.bottom, y)));
      const ends =
        data.mode === "ridge"
          ? [this.from, [px, py]].map(inside).flatMap((row) => [data.first[row], data.step[row]])
          : [stepAt(data, box, this.from[0]), stepAt(data, box, px)];
      this.range = [Math.min(...ends), Math.max(...ends)];
      hideTip();
      this.mark(null);
      return;
    }
    const place = rowAt(data, box, px, py);
    this.mark(place);
    if (place === null) return hideTip();
    this.#tip(event, place);
  }

  released(event) {
    const { data, box, range } = this;
    const was = this.from;
    this.from = this.range = null;
    if (!data?.rows || !was) return;
    if (range) {
      this.page.picks.pick(this.run, this.tag, ...range);
      return;
    }
    const place = data.mode === "one" ? null : rowAt(data, box, event.offsetX, event.offsetY);
    // A click puts the page's cursor there, on the newest takes it away.
    if (place !== null)
      state.set("pace", place === data.rows - 1 || data.step[place] === state.get("pace") ? null : data.step[place]);
  }

  // Arrows move the page's cursor, with Shift they pick steps; Escape lets go of what is picked.
  keyed(event) {
    if (!this.data?.rows || event.metaKey || event.ctrlKey || event.altKey) return;
    const { places } = this;
    const now = state.get("pace") === null ? places.length - 1 : nearest(places, state.get("pace"));
    const by = {
      ArrowLeft: -1,
      ArrowDown: -1,
      ArrowRight: 1,
      ArrowUp: 1,
      PageDown: -10,
      PageUp: 10,
      Home: -Infinity,
      End: Infinity,
    }[event.key];
    if (event.key === "Escape" && this.page.picks.picked.tags.size) this.page.picks.pick(this.run, null, null, null);
    else if (by === undefined) return;
    else {
      const next = Math.max(0, Math.min(places.length - 1, now + by));
      if (event.shiftKey) {
        this.anchor ??= places[now];
        this.page.picks.pick(
          this.run,
          this.tag,
          Math.min(this.anchor, places[next]),
          Math.max(this.anchor, places[next]),
        );
      } else this.anchor = null;
      this.go(next);
    }
    event.preventDefault();
  }

  #tip(event, place) {
    const { data } = this;
    const table = document.createElement("table");
    const merged =
      data.of[place] > 1 ? `${data.of[place]} merged` : new Date(data.time[place] * 1000).toLocaleTimeString();
    table.createCaption().textContent = `${this.#steps(place)} · ${merged}`;
    const add = (name, text, bad) => {
      const row = table.insertRow();
      row.insertCell().append(name);
      row.insertCell().append(bad ? node("span", { class: "bad", text }) : text);
    };
    const bin = binAt(data, this.box, event.offsetX, event.offsetY);
    if (bin !== null) add(binName(data, bin), about(data.counts[place * data.bins + bin]));
    const q = data.quantiles.length;
    if (!Number.isNaN(data.quantile[place * q]))
      for (let i = q - 1; i >= 0; i--)
        add(NAMES[data.quantiles[i]] ?? String(data.quantiles[i]), format.value(data.quantile[place * q + i], 5));
    add("elements", data.total[place].toLocaleString("en-US"));
    for (const [name, column] of [
      ["NaN", data.nan],
      ["+∞", data.pinf],
      ["−∞", data.ninf],
    ])
      if (column[place]) add(name, column[place].toLocaleString("en-US"), true);
    showTip(event, table);
  }
}
