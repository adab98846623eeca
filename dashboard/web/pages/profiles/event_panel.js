// What is said of the selected event: its facts, and the events that led to it or that it leads to.
import * as api from "../../core/api.js";
import { node } from "../../ui/dom.js";
import { time } from "../../text/units.js";
import { brief } from "./flame_model.js";

/** @typedef {import("./flame.js").FlameChart} FlameChart */

const MOST_LINKS = 8; // of a kind

export class EventPanel {
  /**
   * @param {HTMLElement} element
   * @param {FlameChart} chart
   * @param {{ run: string, hash: string }} profile
   */
  constructor(element, chart, profile) {
    this.element = element;
    this.chart = chart;
    this.profile = profile;
  }

  /** @param {number} event negative for none */
  async show(event) {
    this.element.hidden = event < 0;
    if (event < 0) return;
    const facts = node("dl");
    /** @param {string} key @param {string} value */
    const fact = (key, value) => facts.append(node("dt", { text: key }), node("dd", { text: value }));
    for (const [key, value] of this.#known(event)) fact(key, value);
    const shut = node("button", { class: "icon-button close", "aria-label": "Close", text: "×" });
    shut.addEventListener("click", () => this.chart.select(-1));
    const name = node("h3", { text: this.chart.flame.nameOf(event) });
    this.element.replaceChildren(shut, name, facts, ...this.#links(event));
    try {
      const found = await api.json("profile/event", { ...this.profile, id: event });
      if (this.chart.selected !== event) return;
      for (const [key, value] of Object.entries(found))
        fact(key, typeof value === "object" ? JSON.stringify(value) : String(value));
    } catch {
      /* what the columns say is shown; the rest is not essential */
    }
  }

  /**
   * @param {number} event
   * @returns {[key: string, value: string][]}
   */
  #known(event) {
    const { start, duration, own, head, category } = this.chart.flame;
    const track = this.chart.flame.trackOf(event);
    /** @type {[key: string, value: string][]} */
    const found = [["duration", time(duration[event])]];
    if (own[event] < duration[event] * 0.995) found.push(["self", time(own[event])]);
    found.push(["begins at", time(start[event])], ["on", [track.name, track.process].filter(Boolean).join(" · ")]);
    const kind = head.categories[category[event]];
    if (kind) found.push(["category", kind]);
    return found;
  }

  // Work is launched from the host to a GPU; on one device an arrow leads from an operation to its gradient.
  /** @param {number} event */
  #links(event) {
    const { flame, links } = this.chart;
    const { device } = flame.trackOf(event);
    /** @param {number[]} others @param {string} launch @param {string} lead */
    const buttons = (others, launch, lead) =>
      others.slice(0, MOST_LINKS).map((other) => {
        const title = flame.trackOf(other).device === device ? lead : launch;
        const go = node("button", { class: "text-button link", text: `${title} ${brief(flame.nameOf(other))}` });
        go.addEventListener("click", () => this.chart.select(other, true));
        return go;
      });
    return [...buttons(links.into, "launched by", "comes from"), ...buttons(links.out, "launches", "leads to")];
  }
}
