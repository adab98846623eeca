// The rules that are armed, each with when it fired last and how its deliveries stand; and the newest crossings.
import * as alerts from "../../core/alerts.js";
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";
import { trying } from "../../ui/menu.js";
import { words } from "./actions.js";

/** @typedef {import("../../core/alerts.js").Rule} Rule */

const MOST_SHOWN = 50;

/** @param {Rule} rule */
export function standing(rule) {
  if (rule.source !== "page") return "from a file, followed by viz watch";
  if (!rule.ours) return "came with the logdir: arm it again to follow it";
  return rule.paused ? "paused" : "armed";
}

/** @param {Rule} rule */
export function delivery(rule) {
  const said = [];
  if (rule.delivered) said.push(`${format.step(rule.delivered)} delivered`);
  if (rule.waiting) said.push(`${format.step(rule.waiting)} waiting`);
  if (rule.given_up) said.push(`${format.step(rule.given_up)} given up`);
  if (rule.trouble) said.push(rule.trouble);
  return said.join(" · ");
}

export class RuleList {
  /** @param {(rule: Rule) => void} edit */
  constructor(edit) {
    this.edit = edit;
    this.rules = node("div", { class: "alert-rules" });
    this.crossings = node("div", { class: "alert-crossings" });
    this.element = node("section", { class: "alert-list", "aria-label": "Armed rules" }, this.rules, this.crossings);
  }

  /** @param {import("../../core/alerts.js").Known} known */
  show({ rules, crossings, read_only: isReadOnly }) {
    this.rules.replaceChildren(
      node("h2", { text: rules.length ? "Armed rules" : "No rule is armed yet" }),
      ...rules.map((rule) => this.#rule(rule, isReadOnly)),
    );
    const newest = crossings.slice(-MOST_SHOWN).reverse();
    this.crossings.replaceChildren(
      ...(newest.length ? [node("h2", { text: "Fired" })] : []),
      ...newest.map((each) =>
        node(
          "p",
          { class: `alert-crossing is-${each.level}` },
          node("time", { text: format.moment(each.wall_time) }),
          node("b", { text: each.run }),
          node("span", { text: each.step === null ? "" : `step ${format.step(each.step)}` }),
          node("span", { class: "alert-said", text: `${each.name}: ${each.sentence}` }),
        ),
      ),
    );
  }

  /** @param {Rule} rule @param {boolean} isReadOnly */
  #rule(rule, isReadOnly) {
    const mine = rule.source === "page" && !isReadOnly;
    const button = (/** @type {string} */ text, /** @type {() => unknown} */ act) => {
      const made = node("button", { type: "button", class: "text-button", text });
      made.addEventListener("click", () => trying(async () => act()));
      return made;
    };
    const tools = mine
      ? [
          button(rule.ours ? "Change" : "Arm again", () => this.edit(rule)),
          ...(rule.ours ? [button(rule.paused ? "Go on" : "Pause", () => alerts.pause(rule, !rule.paused))] : []),
          button("Delete", () => alerts.remove(rule)),
        ]
      : [];
    const last = rule.last
      ? `last fired ${format.ago(rule.last.noted)} by ${rule.last.run}, ${format.plural(rule.fired, "time")} in all`
      : "has not fired";
    return node(
      "article",
      { class: "alert-rule", "data-rule": rule.id, "data-standing": standing(rule) },
      node(
        "div",
        { class: "alert-rule-head" },
        node("code", { text: rule.text || rule.title }),
        node("span", { class: "alert-standing", text: standing(rule) }),
        node("span", { class: "alert-tools" }, ...tools),
      ),
      node("p", {
        class: "alert-about",
        text: [
          rule.text && rule.title,
          rule.runs && `runs ${rule.runs}`,
          rule.actions.map(words).join(", ") || "tells nobody",
        ]
          .filter(Boolean)
          .join(" · "),
      }),
      node("p", { class: "alert-about", text: last }, node("span", { class: "alert-delivery", text: delivery(rule) })),
    );
  }
}
