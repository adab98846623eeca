// A card of the machines page: one measure of every run that is shown, each rank and GPU a line of its own.
import * as format from "../../text/format.js";
import * as frames from "../../core/frames.js";
import * as runs from "../../core/runs.js";
import { Chart } from "../../charts/chart.js";
import { CurveStore } from "../../core/curve_store.js";
import { part } from "../../ui/dom.js";
import { bytes } from "../../text/units.js";
import { colour, dashOf } from "../../charts/palette.js";

const NAMES = [
  ["cpu_percent", "CPU", "% of all cores"],
  ["process/cpu_percent", "CPU of this process", "% of one core"],
  ["gpu/utilization_percent", "GPU", "% busy"],
  ["gpu/memory_bytes", "GPU memory", "bytes"],
  ["gpu/memory_percent", "GPU memory", "%"],
  ["gpu/power_watts", "GPU power", "W"],
  ["gpu/temperature_celsius", "GPU temperature", "°C"],
  ["memory_percent", "Memory", "%"],
  ["process/memory_bytes", "Memory of this process", "bytes"],
  ["disk/read_bytes_per_s", "Disk reads", "bytes/s"],
  ["disk/write_bytes_per_s", "Disk writes", "bytes/s"],
  ["disk/used_percent", "Disk in use", "%"],
  ["network/received_bytes_per_s", "Network received", "bytes/s"],
  ["network/sent_bytes_per_s", "Network sent", "bytes/s"],
];

// machine/rank3/gpu0/power_watts as its measure, which all ranks and GPUs share, and whose it is.
/** @param {string} tag */
export function metricOf(tag) {
  const found = /** @type {(string | undefined)[]} */ (/^(?:machine\/)?(?:rank(\d+)\/)?(?:gpu(\d+)\/)?(.*)$/.exec(tag));
  const key = found[2] === undefined ? (found[3] ?? "") : `gpu/${found[3]}`;
  const rank = NAMES.findIndex(([name]) => name === key);
  const whose = [found[1] !== undefined ? `rank ${found[1]}` : "", found[2] !== undefined ? `GPU ${found[2]}` : ""]
    .filter(Boolean)
    .join(", ");
  return { key, whose, rank: rank < 0 ? 99 : rank, dash: Number(found[1] ?? 0) + Number(found[2] ?? 0) };
}

const CARD = `
  <div class="card-head">
    <h3 class="card-title"><span class="last"></span> <span class="path"></span></h3><span class="card-value"></span>
  </div>
  <div class="card-plot"></div>
  <div class="card-foot"><span class="told"></span><span class="how"></span></div>`;

export class MachineCard {
  /**
   * @param {string} key
   * @param {object} options
   * @param {import("../../core/scope.js").Scope} options.scope
   * @param {() => "time" | "relative"} options.axis
   * @param {(x: number | null) => void} options.hover called with the time under the mouse
   */
  constructor(key, options) {
    this.key = key;
    this.options = options;
    /** @type {string[]} */
    this.tags = [];
    /** @type {string | null} */
    this.highlight = null;
    const [, title, unit] = NAMES.find(([name]) => name === key) ?? [key, key.replaceAll("_", " "), ""];
    const element = document.createElement("article");
    element.className = "card";
    element.setAttribute("aria-label", `${title}, ${unit}`);
    element.innerHTML = CARD;
    part(element, ".last", HTMLElement).textContent = title;
    part(element, ".path", HTMLElement).textContent = unit;
    this.unit = unit;
    this.element = element;
    this.chart = new Chart(part(element, ".card-plot", HTMLElement), {
      onZoom: () => {
        this.store.outdate();
        this.request();
      },
      onHover: options.hover,
    });
    this.chart.over.setAttribute("aria-label", `Chart of ${title}`);
    // All of it is asked for by steps, a part of it by the axis that it is a part of.
    const axis = () => (this.options.axis() === "time" ? "wall_time" : "relative");
    this.scope = options.scope;
    this.store = new CurveStore(
      {
        form: () => ({
          columns: Math.max(200, 2 * Math.round(this.chart.width || 400)),
          ...(this.chart.zoom ? { axis: axis() } : {}),
        }),
        window: () => this.chart.zoom,
        onAnswer: () => this.request(),
        onPoints: () => frames.request(this),
      },
      this.scope,
    );
    const resized = new ResizeObserver(() => {
      this.chart.measure();
      this.request();
    });
    this.scope.observer(resized).observe(this.chart.element);
    this.scope.onLeave(() => frames.forget(this));
  }

  /** @param {string[]} tags */
  setTags(tags) {
    this.tags = tags;
    this.load();
    this.request();
  }

  get ready() {
    return this.tags.every((tag) => this.wanted(tag).every((run) => this.store.curve(run.name, tag)?.loaded));
  }

  /** @param {string | null} name */
  setHighlight(name) {
    this.highlight = name;
    this.request();
  }

  /** @param {string} tag */
  wanted(tag) {
    return runs.visible().filter((run) => run.has.has(tag));
  }

  load() {
    for (const tag of this.tags)
      this.store.want(
        tag,
        this.wanted(tag).map((run) => run.name),
      );
  }

  request() {
    if (!this.scope.isOver) frames.request(this, true);
  }

  lines() {
    const found = [];
    for (const tag of this.tags) {
      const { whose, dash } = metricOf(tag);
      for (const run of this.wanted(tag)) {
        const curve = this.store.curve(run.name, tag);
        // The same colour for all of a run, told apart by dashes.
        if (curve?.length)
          found.push({
            curve,
            name: run.name,
            label: whose ? `${run.shown} · ${whose}` : run.shown,
            colour: colour(run.colour),
            dash: dashOf(dash),
            strong: run.name === this.highlight,
            faded: false,
          });
      }
    }
    return found;
  }

  draw() {
    if (!this.element.isConnected) return;
    const lines = this.lines();
    this.chart.draw(lines, {
      axis: this.options.axis(),
      smoothing: { kind: "ema", weight: 0 },
      logx: false,
      logy: false,
      robust: false,
      xName: "",
    });
    const last = lines.length === 1 ? lines[0].curve.last[lines[0].curve.length - 1] : NaN;
    const per = this.unit.endsWith("/s") ? "/s" : "";
    part(this.element, ".card-value", HTMLElement).textContent = Number.isNaN(last)
      ? ""
      : this.unit.startsWith("bytes")
        ? `${bytes(last)}${per}`
        : format.value(last, 3);
    part(this.element, ".told", HTMLElement).textContent = format.plural(
      lines.reduce((sum, { curve }) => sum + curve.points, 0),
      "reading",
    );
    part(this.element, ".how", HTMLElement).textContent = this.chart.zoom
      ? "double click: all of the time"
      : "drag to zoom";
  }
}
