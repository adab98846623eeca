// The page of embeddings: vectors along their principal components, axes of one's own or a map; neighbours, labels.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import * as session from "../../core/session.js";
import * as state from "../../core/state.js";
import { Camera } from "../../gl/camera.js";
import { dictionary, parse } from "../../core/dictionary.js";
import { fitted } from "../../gl/points.js";
import { Bookmarks } from "./bookmarks.js";
import { Controls } from "./controls.js";
import { makeFrame } from "./frame.js";
import { Side } from "./side.js";
import { Stage } from "./stage.js";
import { bestColour, bestLabel, colouring, drawLegend, paints } from "./colour.js";
import { askedFor, map } from "./map.js";
import { WAY } from "./way.js";
import { sprites } from "./sprites.js";
import { part } from "../../ui/dom.js";
import { emptyPage } from "../../ui/empty.js";
import { decode } from "../../core/wire.js";

export class EmbeddingsPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Map<string, any>} kept what was looked at
   */
  constructor(view, scope, kept) {
    this.view = view;
    this.scope = scope;
    /** @type {any} */
    this.where = null; // run, tag, step
    this.way = { ...WAY };
    /** @type {any} */
    this.data = null; // what was read
    this.maps = dictionary(); // method, size and neighbours -> columns
    this.chosen = -1;
    /** @type {{ index: number, far: number }[]} */
    this.near = [];
    /** @type {number[]} */
    this.selected = [];
    /** @type {number[] | null} */
    this.found = null;
    /** @type {number[] | null} */
    this.only = null; // the points that are shown alone
    /** @type {number[] | null} */
    this.left = null; // the rows that an axis of one's own begins at
    this.asking = 0; // questions for vectors so far
    this.choosing = 0; // and for neighbours
    this.camera = kept.get("camera") ?? new Camera();
    Object.assign(this, kept.get("seen"));
    this.frame = makeFrame();
    this.legend = part(this.frame, ".embeddings-legend", HTMLElement);
    this.said = part(this.frame, ".embeddings-said", HTMLElement);
    /** @type {Stage | null} */
    this.stage = null; // once there is something to draw
    this.controls = new Controls(this, this.frame);
    this.side = new Side(this, this.frame);
    this.bookmarks = new Bookmarks(this);
    this.#listen(scope);
    scope.onLeave(() => {
      if (this.data) this.data.mapping = null; // which nobody waits for any more
      const { where, way, data, maps, chosen, near, selected, found, only, left } = this;
      kept
        .set("camera", this.camera)
        .set("seen", { where, way, data, maps, chosen, near, selected, found, only, left });
    });
    this.arrange();
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, ["runs", "visible"], () => this.arrange());
    scope.on(live, "changed", ({ run, what }) => {
      if (run === this.where?.run && what.includes("embedding") && this.where.step === undefined) this.load();
    });
    scope.on(live, "restart", () => {
      if (this.where && this.where.step === undefined) this.load(true);
    });
    scope.on(document, "themechange", () => {
      if (!this.data || !this.stage?.points.places) return;
      this.repaint();
      this.explain();
    });
  }

  // isAgain: what is chosen stays, where there is no newer one.
  async load(isAgain = false) {
    const here = ++this.asking;
    const nothing = { chosen: -1, near: [], selected: [], found: null, only: null, left: null };
    if (!isAgain) Object.assign(this, nothing).say("Reading …");
    let answer;
    try {
      answer = await api.packed("embedding", this.where);
    } catch (error) {
      if (here === this.asking && !isAgain && !this.scope.isOver) {
        this.data = null;
        this.say(/** @type {Error} */ (error).message);
      }
      return;
    }
    if (here !== this.asking || this.scope.isOver || (isAgain && answer.head.step === this.data?.step)) return;
    Object.assign(this, nothing).#take(answer);
  }

  // What was read of the vectors: kept, since it may be large.
  /** @param {ReturnType<typeof decode>} answer */
  #take({ head, column }) {
    const isOther = JSON.stringify(head.header) !== JSON.stringify(this.data?.header);
    this.data = { ...head, pca: Array.from({ length: head.shares.length }, () => column(head.count)) };
    this.maps = dictionary();
    if (isOther || this.way.colour >= head.header.length)
      Object.assign(this.way, {
        colour: head.rows.length ? bestColour(head) : -1,
        label: head.rows.length ? bestLabel(head) : 0,
      });
    this.#show();
  }

  // Shows what is known: in the controls, as points, beside them.
  #show() {
    const { data, way } = this;
    this.side.search.value = "";
    this.controls.show(data, way);
    this.picture();
    this.place();
    this.side.fill();
  }

  async picture() {
    const { stage, data } = this;
    if (!stage?.points.gl) return;
    stage.points.picture(null);
    if (!this.way.pictured || !data?.sprites) return;
    const image = await sprites(this.where);
    if (image && this.way.pictured && !this.scope.isOver)
      this.stage?.points.picture(image, 64, this.data.sprites[2], this.data.sprites[1]);
  }

  place() {
    const asked = askedFor(this);
    const isMap = asked !== null,
      hasMap = asked && this.maps[asked.key];
    this.controls.showWay(this.way, isMap);
    // Until there is a map the components stand in for it: never the places of another embedding.
    const columns =
      hasMap ||
      (this.way.kind === "axis" && this.data.own ? [this.data.own, ...this.axesOf().slice(1)] : this.axesOf());
    this.camera.flat = !columns[2];
    this.stage?.points.show(
      fitted([columns[0], columns[1] ?? null, columns[2] ?? null], this.data.count, this.only),
      this.colours(),
    );
    this.explain();
    if (asked && !hasMap) {
      this.say(`${asked.title} is asked for. Until then principal components.`);
      map(this, asked);
    } else if (this.way.kind === "axis" && !this.data.own)
      this.say(
        "An axis runs from one selection to another: alt-drag or search, then “Begin an axis here”. " +
          "Until then principal components.",
      );
    else this.say();
  }

  axesOf() {
    return [this.way.x, this.way.y, this.way.z].map((k) => this.data.pca[k] ?? null);
  }

  colours() {
    const { found, selected, near, chosen } = this;
    const beside = near.length ? [chosen, ...near.map((each) => each.index)] : null;
    return paints(this.data, this.way.colour, found ?? (selected.length ? selected : beside));
  }

  repaint() {
    const points = this.stage?.points;
    if (this.data && points?.places) points.show(points.places, this.colours());
  }

  /** @param {number} i */
  name(i) {
    return this.data.rows[i]?.[this.way.label] ?? `vector ${i}`;
  }

  explain() {
    return drawLegend(
      this.legend,
      this.data.header[this.way.colour],
      colouring(this.data.rows, this.way.colour).legend,
      (/** @type {string} */ word) =>
        this.select([...this.data.rows.keys()].filter((i) => this.data.rows[i][this.way.colour] === word)),
    );
  }

  // Points stand out together, none of them chosen.
  /** @param {number[]} indices */
  select(indices) {
    this.chosen = -1;
    this.near = [];
    this.found = null;
    this.selected = indices;
    this.repaint();
    this.side.fill();
    this.say();
  }

  /** @param {number[] | null} indices */
  isolate(indices) {
    this.only = indices;
    this.place();
    this.side.fill();
  }

  /** @param {string} [text] what is seen, when it is left out */
  say(text) {
    this.said.textContent = text ?? (this.data ? this.#summary() : "");
  }

  #summary() {
    const { data, way, only, selected } = this;
    const share = [way.x, way.y, way.z].reduce((sum, k) => sum + (data.shares[k] ?? 0), 0);
    return [
      `${format.plural(data.count, "vector")} of ${data.width} dimensions`,
      ...(way.kind === "pca" ? [`${(100 * share).toFixed(1)} % of the variance`] : []),
      ...(only ? [`${only.length.toLocaleString("en-US")} shown`] : []),
      ...(selected.length ? [`${selected.length.toLocaleString("en-US")} selected`] : []),
    ].join(" · ");
  }

  /** @param {number} i */
  async choose(i) {
    this.chosen = i;
    this.near = [];
    this.found = null;
    this.selected = [];
    if (i >= 0) {
      const asked = ++this.choosing,
        of = this.data; // answers may overtake each other
      try {
        const answer = await api.json("embedding/neighbours", {
          run: this.where.run,
          tag: this.where.tag,
          step: this.data.step,
          index: i,
          distance: this.way.distance,
          count: this.way.count,
        });
        if (this.scope.isOver || asked !== this.choosing || this.chosen !== i || this.data !== of) return;
        this.near = answer.index.map((/** @type {number} */ index, /** @type {number} */ k) => ({
          index,
          far: answer.distance[k],
        }));
      } catch (error) {
        this.say(/** @type {Error} */ (error).message);
      }
    }
    this.repaint();
    this.side.fill();
  }

  begin() {
    this.left = this.selected;
    this.side.fill();
    this.say("Select the other end with alt-drag or a search.");
  }

  async own() {
    const ends = { ...this.where, step: this.data.step, left: this.left, right: this.selected };
    this.left = null;
    const answer = await fetch(`${state.boot.prefix}/api/v1/embedding/axis`, {
      method: "POST",
      headers: { "content-type": "application/json", ...session.headers() },
      body: JSON.stringify(ends),
    });
    if (!answer.ok) {
      this.say(parse(await answer.text()).error);
      return;
    }
    if (this.scope.isOver) return;
    this.data.own = decode(await answer.arrayBuffer()).column(this.data.count);
    this.way.kind = "axis";
    this.place();
  }

  arrange() {
    const tags = runs.tags("embedding");
    if (!tags.length) {
      this.view.replaceChildren(runs.loaded ? emptyPage("embeddings") : "");
      return;
    }
    if (this.frame.parentElement !== this.view) this.view.replaceChildren(this.frame);
    const isFirst = !this.stage;
    this.stage ??= new Stage(this, this.frame, this.camera, this.scope);
    if (!this.stage.points.gl) {
      this.say("This browser draws no WebGL, which points need.");
      return;
    }
    const wanted = this.where?.tag ?? this.controls.wanted.tag;
    const tag = tags.includes(wanted) ? wanted : tags[0];
    const having = runs
      .all()
      .filter((run) => run.series.embedding?.includes(tag))
      .map((run) => run.name);
    const shown = having.filter((each) => runs.isVisible(each));
    const run = having.includes(this.where?.run) ? this.where.run : (shown[0] ?? having[0]);
    this.controls.offer(tags, tag, having, run);
    if (this.where?.run !== run || this.where?.tag !== tag) {
      this.where = { run, tag };
      this.load();
    } else if (isFirst && this.data)
      this.#show(); // as it was seen on the last visit
    else if (isFirst) this.load();
  }

  isReady() {
    return runs.loaded && (Boolean(this.stage?.points.places) || !this.frame.isConnected);
  }

  // For automation: what is drawn now, and a way to turn it.
  drawn() {
    return {
      count: this.stage?.points.count ?? 0,
      kind: this.way.kind,
      near: this.near.map((each) => each.index),
      selected: this.selected.length,
      shown: this.only?.length ?? this.stage?.points.count ?? 0,
      said: this.said.textContent,
      at: (/** @type {number} */ i) => this.stage?.points.project(i),
    };
  }

  /** @param {number} by radians */
  turn(by) {
    const { points } = /** @type {Stage} */ (this.stage);
    this.camera.yaw += by;
    points.move();
    points.gl?.finish();
    return points.every;
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 * @param {Map<string, any>} kept
 */
export const mount = (view, scope, kept) => new EmbeddingsPage(view, scope, kept);
