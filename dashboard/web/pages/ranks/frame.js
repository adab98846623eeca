// The parts of the page of ranks: what is chosen above, the strip with its legend, what stands beside it.
import * as state from "../../core/state.js";
import { choice, node } from "../../ui/dom.js";

export class Frame {
  /** @param {import("./strip.js").Strip} strip */
  constructor(strip) {
    this.dot = node("i", { class: "dot" });
    this.which = node("select", { class: "select", "aria-label": "Run" });
    this.tags = node("select", { class: "select", "aria-label": "Metric" });
    this.by = choice(
      "Order",
      [
        ["rank", "By rank"],
        ["slowest", "Highest first"],
      ],
      state.get("rankBy"),
      (key) => state.set("rankBy", key),
    );
    this.form = choice(
      "Value",
      [
        ["mean", "Mean"],
        ["min", "Min"],
        ["max", "Max"],
      ],
      state.get("rankValue"),
      (key) => state.set("rankValue", key),
    );
    this.curves = node("button", { class: "text-button", type: "button", text: "Open in Curves" });
    this.whole = node("button", { class: "text-button", type: "button", text: "All steps", hidden: true });
    this.told = node("p", { class: "ranks-told", role: "status" });
    this.low = node("span");
    this.high = node("span");
    this.scale = node("span", { class: "ranks-ramp", "aria-hidden": "true" });
    this.strip = strip;
    this.side = node("aside", { class: "ranks-side", "aria-label": "Ranks" });
    this.skeleton = node("div", { class: "skeleton" });
    this.strip.element.append(this.skeleton);
    this.element = node(
      "div",
      { class: "ranks" },
      node(
        "div",
        { class: "ranks-head" },
        node("h2", { class: "visually-hidden", text: "Ranks" }),
        this.dot,
        this.which,
        this.tags,
        this.by,
        this.form,
        this.whole,
        node("span", { class: "bar-space" }),
        this.curves,
      ),
      node(
        "section",
        { class: "ranks-card", "aria-label": "Ranks and steps" },
        node(
          "div",
          { class: "ranks-main" },
          this.strip.element,
          node(
            "div",
            { class: "ranks-foot" },
            this.told,
            node("span", { class: "ranks-legend" }, this.low, this.scale, this.high),
          ),
        ),
        this.side,
      ),
      node(
        "p",
        { class: "ranks-keys" },
        "drag to pick steps, double click for all · click a row to choose a rank · arrows and Enter do the same",
      ),
    );
  }
}

/**
 * Gives a list its options, where they are others than before.
 * @param {HTMLSelectElement} select
 * @param {[value: string, text: string][]} options
 * @param {string} value
 */
export function fill(select, options, value) {
  const said = JSON.stringify(options);
  if (select.dataset.said !== said) {
    select.dataset.said = said;
    select.replaceChildren(...options.map(([each, text]) => node("option", { value: each, text })));
  }
  select.value = value;
}
