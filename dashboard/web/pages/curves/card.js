// A card: the curves of one tag, of several, or of an expression; loaded and drawn when in sight, live from then on.
import * as frames from "../../core/frames.js";
import * as live from "../../core/live.js";
import * as format from "../../text/format.js";
import * as marks from "../../core/marks.js";
import * as questions from "../../core/curve_store.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { Chart } from "../../charts/chart.js";
import { ROOM } from "../../charts/growth.js";
import { Curve } from "../../charts/curve.js";
import { row } from "../../charts/legend.js";
import { say } from "../../ui/menu.js";
import { linesOf } from "../../charts/line_set.js";
import { domain } from "../../charts/scale.js";
import { count, nothing, words } from "../../charts/point_counts.js";

const CARD = `
  <div class="card-head"><h3 class="card-title"><span class="path"></span><span class="last"></span></h3><span class="card-odd"></span><span class="card-value"></span></div>
  <div class="card-plot"><div class="skeleton"></div></div>
  <div class="card-foot"><span class="told"></span><span class="how"></span></div>
  <div class="card-actions">
    <button class="icon-button reset" hidden aria-label="Show all steps" title="Show all (double click)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 10a6 6 0 1 1 2 4.5M4 15v-3.5h3.5"/></svg></button>
    <button class="icon-button pin" aria-label="Pin" aria-pressed="false" title="Pin to the top (p)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M7 3h6l-1 5 3 3H5l3-3zM10 11v6"/></svg></button>
    <button class="icon-button enlarge" aria-label="Large" title="Large (Enter)" aria-pressed="false"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M12 4h4v4M8 16H4v-4M16 4l-5 5M4 16l5-5"/></svg></button>
    <button class="icon-button more" aria-label="More" aria-haspopup="menu" title="Download, data table, more"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 10h.01M10 10h.01M16 10h.01"/></svg></button>
  </div>
  <div class="card-legend" hidden></div>
  <div class="card-grip" aria-hidden="true"></div>`;

const LEGEND_ROWS = 300; // more names than anybody reads; the list of runs can be searched
const FIRST_RUNS = 100; // of more than twice as many, those that are drawn before the others
const ALL_COLUMNS = 160_000,
  LEAST_COLUMNS = 100; // of all curves of a card, and of one
const DERIVED_AGAIN = 1000; // ms between two questions for what the server works out from points that keep coming
const skip = (head, column) => {
  for (let i = 0; i < (head.form === "points" ? 3 : 15); i++) column(head.length);
};

const isLogX = () => state.get("logx") && state.get("x") !== "time";

export const settings = () => ({
  axis: state.get("x") === "metric" && !state.get("metric") ? "step" : state.get("x"),
  smoothing: { kind: state.get("kind"), weight: state.get("smooth"), isLog: isLogX() },
  logx: isLogX(),
  logy: state.get("logy"),
  robust: state.get("robust"),
  xName: runs.titleOf(state.get("metric")),
  yName: runs.get(state.get("base")) ? `difference to ${runs.get(state.get("base")).shown}` : "",
});

export class Card {
  // host: { onCursor(x), onMore(card, button), onPin(card), onLarge(card, large), onGrip(card, event) }
  // zoom: { zoom, zoomY } of the chart when it is made, null for all
  constructor(id, tags, host, scope, zoom = null) {
    this.id = id;
    this.scope = scope;
    this.lastSeen = 0; // ms, as performance.now() tells it
    this.first = zoom;
    this.seen = null; // a scope, while there is a chart
    this.tags = tags; // tags, and expressions with = before them
    this.host = host;
    this.sight = false;
    this.highlight = null;
    this.#forget();
    const element = document.createElement("article");
    element.className = "card";
    element.card = this;
    element.setAttribute("aria-label", this.title);
    this.element = element;
    scope.onLeave(() => {
      this.sight = false;
      frames.forget(this);
      this.#forget(); // what is on its way is nobody's
    });
  }

  get title() {
    return this.tags.join(", ");
  }

  #forget() {
    this.curves = new Map(); // key of run and tag -> Curve
    this.asked = new Set();
    this.later = new Map(); // tag -> runs to ask for anew
    this.timers = new Map();
    this.memo = new Map();
    this.needs = new Map(this.tags.map((tag) => [tag, [tag]])); // what each is worked out from
    this.fresh = []; // [curve, points] that came live and were not drawn yet
    this.lastDrawn = 0;
  }

  #key(run, tag) {
    return this.tags.length > 1 ? `${run}\n${tag}` : run;
  }
  curve(run, tag = this.tags[0]) {
    return this.curves.get(this.#key(run, tag));
  }

  // The first time that it is seen: until then a card is an empty box, so that thousands cost nothing.
  #mount() {
    if (this.chart) return;
    const { element } = this;
    element.innerHTML = CARD;
    const [path, last] =
      this.tags.length === 1 && !runs.isExpression(this.tags[0])
        ? format.split(this.tags[0])
        : ["", this.tags.map(runs.titleOf).join(", ")];
    element.querySelector(".path").textContent = path;
    element.querySelector(".last").textContent = last;
    element.querySelector(".card-title").title = this.title;
    const on = (name, act) => element.querySelector(name).addEventListener("click", act);
    on(".reset", () => this.chart.setZoom(null));
    on(".enlarge", () => this.setLarge(!element.classList.contains("is-large")));
    on(".pin", () => this.host.onPin(this));
    on(".more", (event) => this.host.onMore(this, event.currentTarget));
    element.querySelector(".card-grip").addEventListener("pointerdown", (event) => this.host.onGrip(this, event));
    element.querySelector(".card-head").draggable = true;
    this.chart = new Chart(element.querySelector(".card-plot"), {
      onZoom: () => this.zoomed(),
      onEnd: () =>
        say(
          settings().axis === "step"
            ? "This is as near as it goes: there is nothing between two steps."
            : "This is as near as it goes: there is no number between these.",
        ),
      onHover: (x) => {
        this.host.onCursor(x);
        if (x === null) this.setHighlight(null);
      },
      onNear: (name) => {
        if (this.drawnLines > 1) this.setHighlight(name);
      },
      onPick: (line, event) => this.#pick(line, event),
      held: () => (settings().axis === "step" ? state.get("pace") : null),
      onHold: (x) => this.#hold(x),
    });
    this.chart.over.setAttribute("aria-label", `Chart of ${this.title}`);
    element.onkeydown = (event) => this.#act(event);
    if (this.first) {
      Object.assign(this.chart, this.first);
      this.askedZoom = this.first.zoom;
      element.querySelector(".reset").hidden = false;
      this.first = null;
    }
    this.seen = this.scope.child();
    const resized = new ResizeObserver(() => {
      this.chart?.measure();
      this.redraw(true);
    });
    this.seen.observer(resized).observe(this.chart.element);
    this.setPinned(state.get("pins").includes(this.id));
  }

  // Lets go of everything that being looked at had brought.
  unmount() {
    if (!this.chart || this.element.classList.contains("is-large")) return;
    this.seen.leave();
    frames.forget(this);
    this.chart = null;
    this.element.replaceChildren();
    this.#forget();
  }

  setInSight(sight) {
    this.sight = sight;
    if (!sight) return;
    this.#mount();
    this.load();
    this.redraw(true);
  }

  setPinned(pinned) {
    const button = this.element.querySelector(".pin");
    button?.setAttribute("aria-pressed", String(pinned));
    if (button) button.title = pinned ? "Unpin (p)" : "Pin to the top (p)";
  }

  // Before all others, until Escape: what is behind it can neither be clicked nor reached by the Tab key.
  setLarge(large) {
    this.host.onLarge(this, large);
    const { element } = this;
    element.classList.toggle("is-large", large);
    element.setAttribute("role", large ? "dialog" : "article");
    if (large) element.setAttribute("aria-modal", "true");
    else element.removeAttribute("aria-modal");
    const button = element.querySelector(".enlarge");
    button.title = large ? "Small (Esc)" : "Large (Enter)";
    button.setAttribute("aria-pressed", String(large));
    this.#legend(this.chart.view?.lines ?? []);
    this.chart.over.focus({ preventScroll: true });
  }

  #act(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const isLarge = this.element.classList.contains("is-large");
    if (event.key === "p") this.host.onPin(this);
    else if (event.key === "Enter" && event.target === this.chart.over) this.setLarge(!isLarge);
    else if (event.key === "Tab" && isLarge) {
      const stops = [...this.element.querySelectorAll("button, canvas.over")].filter(
        (each) => each.offsetParent && !each.hidden,
      );
      const next = stops.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
      stops.at(next % stops.length).focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // The lines by name, in the order of what they end at; only where a chart covers the list of runs.
  #legend(lines) {
    const box = this.element.querySelector(".card-legend");
    box.hidden = !this.element.classList.contains("is-large") || lines.length < 2;
    this.element.classList.toggle("has-legend", !box.hidden);
    if (box.hidden) {
      box.replaceChildren();
      this.legendSays = "";
      return;
    }
    const last = ({ curve }) => curve.last[curve.length - 1];
    const chosen = state.get("chosen");
    const shown = [...lines].sort((a, b) => last(b) - last(a) || 0).slice(0, LEGEND_ROWS);
    const says = JSON.stringify(
      shown
        .map((line) => [line.label, line.colour, line.dash, line.curve.length ? format.value(last(line), 4) : ""])
        .concat(chosen),
    );
    if (says === this.legendSays) return;
    this.legendSays = says;
    const at = [...box.children].indexOf(document.activeElement),
      { scrollTop } = box;
    box.replaceChildren(
      ...shown.map((line) =>
        row(
          {
            text: line.label,
            number: line.colour,
            dash: line.dash,
            value: format.value(last(line), 4),
            on: chosen.includes(line.name),
          },
          {
            pick: (event) => this.#pick(line, event),
            enter: () => this.setHighlight(line.name),
            leave: () => this.setHighlight(null),
          },
        ),
      ),
    );
    box.scrollTop = scrollTop;
    if (at >= 0) box.children[at]?.focus();
  }

  setHighlight(name) {
    if (this.highlight === name) return;
    this.highlight = name;
    this.redraw();
  }

  #pick(line, event) {
    if (event.detail > 1) return;
    const chosen = state.get("chosen"),
      names = line?.members ?? (line ? [line.name] : []);
    if (!names.length) {
      if (chosen.length) state.set("chosen", []);
      return;
    }
    const all = names.every((name) => chosen.includes(name));
    state.set(
      "chosen",
      event.ctrlKey || event.metaKey
        ? all
          ? chosen.filter((name) => !names.includes(name))
          : [...new Set([...chosen, ...names])]
        : all && chosen.length === names.length
          ? []
          : names,
    );
  }

  // Has Distributions, Graph and Media show the step at x; where it is held already, they show the newest again.
  #hold(x) {
    if (settings().axis !== "step") return;
    const { low, high } = this.chart.view.x,
      held = state.get("pace");
    const isThere = held !== null && Math.abs(held - x) < (high - low) / 100;
    state.set("pace", isThere ? null : Math.round(x));
    say(
      isThere
        ? "Distributions, Graph and Media show the newest step."
        : `Distributions, Graph and Media show step ${state.get("pace")}.`,
    );
  }

  // --- what is loaded -------------------------------------------------------------------------------------

  // Whether a run may have what a tag or an expression asks for.
  #has(run, tag) {
    return runs.isExpression(tag)
      ? (this.needs.get(tag) ?? []).every((need) => need === tag || run.has.has(need))
      : run.has.has(tag);
  }

  // The runs and tags whose curves belong on this card, in the order of drawing.
  wanted() {
    const visible = runs.visible();
    return this.tags.flatMap((tag) =>
      visible.filter((run) => this.#has(run, tag)).map((run) => ({ run, tag, curve: this.curve(run.name, tag) })),
    );
  }

  load() {
    if (!this.chart) return;
    const base = state.get("base");
    for (const tag of this.tags) {
      const names = this.wanted()
        .filter((each) => each.tag === tag)
        .map(({ run }) => run.name);
      if (base && runs.get(base) && this.#has(runs.get(base), tag) && !names.includes(base)) names.push(base);
      const columns = this.#columns();
      // Asked for in few columns, beside very many others, and now seen among few.
      const coarse = (curve) => curve?.loaded && !curve.single && curve.columns * 1.5 <= columns;
      this.#ask(
        tag,
        names.filter((name) => !this.asked.has(this.#key(name, tag)) || coarse(this.curve(name, tag))),
      );
    }
  }

  #ask(tag, names) {
    if (!names.length || !this.chart) return;
    const { axis, logx } = settings();
    const how = { columns: this.#columns(), axis: axis === "time" ? "wall_time" : axis };
    if (logx) how.log = true;
    if (axis === "metric") how.x = state.get("metric");
    if (this.chart.zoom) Object.assign(how, this.#window(axis));
    // Of very many runs the newest first: there is something to see while the others come.
    const parts = names.length > 2 * FIRST_RUNS ? [names.slice(-FIRST_RUNS), names.slice(0, -FIRST_RUNS)] : [names];
    parts.forEach((part, i) => this.#askFor(tag, part, how, i));
  }

  #askFor(tag, names, how, part) {
    const { curves } = this; // if these are let go of meanwhile, the answer is nobody's
    const asked = names.map((name) => {
      const key = this.#key(name, tag);
      this.asked.add(key);
      if (!curves.has(key)) curves.set(key, new Curve(name));
      return curves.get(key);
    });
    for (const curve of asked) curve.ask();
    questions.ask({
      tag,
      runs: names,
      how,
      isRest: part > 0,
      rank: () => part + (this.sight ? 0 : 10),
      take: (head, column) => {
        this.needs.set(tag, head.needs);
        for (const curve of head.curves) {
          const known = curves.get(this.#key(curve.run, tag));
          if (!known) skip(curve, column);
          else {
            known.columns = how.columns;
            known.unplaced = curve.unplaced;
            known.isOutdated = false;
            if (!known.load(curve, column)) this.again(curve.run, tag);
          }
        }
        for (const { run, length } of head.tails) {
          const tail = { steps: column(length), times: column(length), values: column(length) };
          curves.get(this.#key(run, tag))?.tails.push(tail);
        }
        this.problem = null;
      },
      fail: (error) => {
        this.problem = /^The expression|names no tag/.test(error.message)
          ? error.message
          : `These curves could not be read: ${error.message}`;
        if (!runs.isExpression(tag)) names.forEach((name) => this.asked.delete(this.#key(name, tag)));
      },
      done: () => {
        for (const curve of asked) {
          curve.answered();
          curve.loaded = true;
          curve.isOutdated = false;
        }
        if (this.curves === curves) {
          this.host.onNeeds();
          this.redraw(true);
        }
      },
    });
  }

  // How many columns a curve is asked for in: two for each pixel, but of a thousand lines no more than can be told apart.
  // Fewer are as exact: each column says the extremes of what it holds.
  #columns() {
    const fitting = Math.max(200, Math.min(4000, 2 * Math.round(this.chart.width || 400)));
    return Math.min(fitting, Math.max(LEAST_COLUMNS, Math.round(ALL_COLUMNS / Math.max(1, this.wanted().length))));
  }

  #window(axis) {
    // A little beyond what is seen, so that lines run on to the edge.
    const [low, high] = this.chart.zoom,
      margin = (high - low) * 0.02;
    return axis === "step"
      ? { start: Math.floor(low - margin), stop: Math.ceil(high + margin) }
      : { start: low - margin, stop: high + margin };
  }

  // Asks for a curve anew, as soon as no other question for it is under way.
  again(run, tag, pause = 100) {
    if (!this.later.has(tag)) this.later.set(tag, new Set());
    this.later.get(tag).add(run);
    // Not put off by the next live point that finds the gap: they come faster than this.
    if (this.timers.has(tag)) return;
    this.timers.set(
      tag,
      this.seen.setTimeout(() => {
        this.timers.delete(tag);
        const names = [...(this.later.get(tag) ?? [])];
        this.later.delete(tag);
        this.#ask(tag, names);
      }, pause),
    );
  }

  // All that is known is asked for anew; what is known is shown meanwhile, unless it means something else now.
  refresh(forget = false) {
    if (forget) {
      this.curves.clear();
      this.asked.clear();
      this.memo.clear();
    }
    if (!this.sight) {
      this.asked.clear();
      return;
    }
    for (const tag of this.tags)
      this.#ask(tag, forget ? [] : runs.names().filter((name) => this.curves.has(this.#key(name, tag))));
    this.load();
  }

  // Whether x is logarithmic has changed: columns are spaced as the axis is, and points stay what they are.
  respaced() {
    if (!this.sight) {
      this.asked.clear();
      return;
    }
    for (const tag of this.tags)
      this.#ask(
        tag,
        runs.names().filter((name) => this.curve(name, tag)?.loaded && !this.curve(name, tag).single),
      );
  }

  zoomed() {
    this.element.querySelector(".reset").hidden = !this.chart.zoom && !this.chart.zoomY;
    this.redraw(true); // at once with what is known, then finer
    if (JSON.stringify(this.chart.zoom) === JSON.stringify(this.askedZoom ?? null)) return;
    this.askedZoom = this.chart.zoom;
    for (const curve of this.curves.values()) curve.isOutdated = true;
    this.refresh();
  }

  // --- live -----------------------------------------------------------------------------------------------

  take(points) {
    const metric = settings().axis === "metric";
    for (const tag of this.tags) {
      if (tag !== points.tag || metric) {
        if (
          (this.needs.get(tag)?.includes(points.tag) || (metric && points.tag === state.get("metric"))) &&
          this.curve(points.run, tag)
        )
          this.again(points.run, tag, DERIVED_AGAIN);
        continue;
      }
      const curve = this.curve(points.run, tag);
      if (!curve) continue;
      // What is known is of another window than the one that was asked for: no line leads from there to here.
      if (curve.isOutdated && curve.asked) {
        curve.pending.push(points);
        continue;
      }
      const part = this.chart.zoom && curve.loaded ? this.#within(curve, points) : points;
      if (part && !curve.append(part)) this.again(points.run, tag);
      if (part !== points) curve.counts.set(points.segment, points.n + points.count);
      if (!part) continue;
      // A page that nobody sees draws nothing, for hours perhaps.
      if (this.sight && !document.hidden) this.fresh.push([curve, points]);
      this.redraw();
    }
  }

  // A zoomed card holds only its window, and the first point beyond it, to which the line goes on: the others come with the
  // next question. null where none is left.
  #within(curve, points) {
    const { axis } = settings(),
      [, stop] = this.chart.zoom,
      { steps, times } = points;
    const [, end, shift] = curve.ends(axis),
      places = axis === "step" ? steps : times;
    const isPast = curve.length > 0 && end[curve.length - 1] - shift > stop;
    const beyond = places.findIndex((place) => place - shift > stop);
    if (beyond < 0) return points;
    const kept = isPast ? beyond : beyond + 1;
    if (!kept) return null;
    return kept === steps.length
      ? points
      : {
          ...points,
          count: kept,
          steps: steps.subarray(0, kept),
          times: times.subarray(0, kept),
          values: points.values.subarray(0, kept),
        };
  }

  // --- drawn ----------------------------------------------------------------------------------------------

  redraw(now = false) {
    if (this.sight) frames.request(this, now);
  }

  lines() {
    const how = settings();
    for (const key of ["group", "centre", "band", "base", "colourBy", "dashBy", "chosen"]) how[key] = state.get(key);
    how.highlight = this.highlight;
    const wanted = this.wanted();
    how.full = this.#span(wanted, how);
    return linesOf(
      wanted,
      how,
      this.tags,
      this.memo,
      new Map(this.tags.map((tag) => [tag, this.curve(how.base, tag)])),
    );
  }

  // What smoothing is measured by: the window, or all there is; a live chart's, while it stands still, as it stands.
  #span(wanted, { axis, logx }) {
    const zoom = this.chart?.zoom,
      view = this.chart?.view,
      known = wanted.filter(({ curve }) => curve?.length);
    const span = known.length ? domain(known, { axis, logx }, zoom).full : 0;
    const holds =
      view?.settings.axis === axis &&
      view.settings.logx === logx &&
      view.x.full <= span &&
      span <= (1 + ROOM) * view.x.full;
    return holds && wanted.some(({ run }) => run.status === "running") ? view.x.full : span;
  }

  draw() {
    if (!this.sight || !this.chart) return;
    this.lastDrawn = performance.now();
    const began = live.now();
    const wanted = this.wanted();
    const lines = this.lines();
    this.drawnLines = lines.length;
    const loading = wanted.some(({ curve }) => !curve?.loaded);
    this.element.querySelector(".skeleton").hidden = lines.length > 0 || !loading || Boolean(this.problem);
    const told = count(lines, settings(), this.chart.zoom);
    this.#note(lines.length ? nothing(told) : loading ? "" : (this.problem ?? this.#missing(wanted)));
    const isWhole = this.chart.draw(
      lines,
      settings(),
      state.get("marks") ? marks.known(lines.map(({ name }) => name)) : null,
      wanted.some(({ run }) => run.status === "running"),
    );
    this.#words(lines, told, wanted);
    this.#legend(lines);
    this.#told(began);
    return isWhole;
  }

  // Has the points that this frame is the first to show counted once it is shown; others wait for theirs.
  #told(began) {
    if (!this.fresh.length) return;
    const shown = [],
      waiting = [];
    for (const each of this.fresh) (each[0].holds(each[1]) ? shown : waiting).push(each);
    this.fresh = waiting;
    frames.afterPaint(() =>
      live.drawn(
        shown.map(([, points]) => points),
        began,
      ),
    );
  }

  #note(text) {
    let note = this.element.querySelector(".card-note");
    if (!text) return note?.remove();
    note ??= this.chart.element.appendChild(Object.assign(document.createElement("div"), { className: "card-note" }));
    note.textContent = text;
  }

  // Why there is no line.
  #missing(wanted) {
    const base = state.get("base"),
      { axis, xName } = settings();
    if (base && !runs.get(base)) return "The baseline run is not there.";
    if (base && wanted.some(({ run, curve }) => curve?.length && run.name !== base))
      return `The baseline ${base} has not logged this.`;
    if (base && wanted.some(({ curve }) => curve?.length)) return "Only the baseline itself has logged this.";
    if (axis === "metric" && wanted.length) return `No run that is shown has ${xName} beside this.`;
    return "No run that is shown has this.";
  }

  #words(lines, { odd, ...rest }, wanted) {
    const value = this.element.querySelector(".card-value");
    value.textContent = lines.length === 1 ? format.value(lines[0].curve.last[lines[0].curve.length - 1], 5) : "";
    const { outside } = this.chart.view?.y ?? {},
      { axis, xName } = settings();
    const placeless =
      axis === "metric"
        ? wanted.filter(({ curve }) => curve?.loaded && !curve.asked && !curve.length && !curve.unplaced).length
        : 0;
    const told = this.element.querySelector(".told");
    told.textContent =
      words(rest) +
      (outside ? `, ${format.step(outside)} outside the range` : "") +
      (placeless && lines.length ? `, ${format.plural(placeless, "run")} without ${xName}` : "");
    const isPart = Boolean(this.problem) && lines.length > 0;
    // In few words, for there is room for few: all of them are in the title.
    const isLoading = lines.length > 0 && wanted.some(({ curve }) => !curve?.loaded);
    if (isLoading) told.textContent = `Loading: ${format.plural(rest.points, "point")} so far`;
    else if (isPart) told.textContent = `${format.plural(rest.points, "point")}, not all could be read`;
    told.title = isPart ? `${told.textContent}. ${this.problem}` : told.textContent;
    this.element.classList.toggle("hides", rest.hidden > 0 || isPart);
    this.element.querySelector(".card-odd").textContent = odd ? `${odd.toLocaleString("en-US")} not finite` : "";
    this.element.querySelector(".how").textContent =
      this.chart.zoom || this.chart.zoomY ? "double click: show all" : "drag: zoom";
  }
}
