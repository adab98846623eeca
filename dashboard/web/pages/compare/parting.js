// Where two runs parted, and what about them is different: shown while just two of them are.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as state from "../../core/state.js";
import { node } from "../../ui/dom.js";

const MOST = 8; // lines of a part, before more are asked for

/**
 * @typedef {{ tag: string, step: number, first_other: number, apart: number | null, noise: number | null }} Parted
 * @typedef {{
 *   runs: string[], parted: Parted[], together: string[], unknown: string[],
 *   circumstances: Record<string, Record<string, [any, any]>>,
 * }} Found as `GET /api/v1/diff` answers
 */

/** @type {Map<string, string>} */
const SAME = new Map([
  ["settings", "the same"],
  ["code", "the same"],
  ["packages", "the same"],
  ["machine", "the same"],
  ["seeds", "the same"],
  ["controls", "nothing was changed by hand in one alone"],
]);

export class Parting {
  /** @param {import("../../core/scope.js").Scope} scope */
  constructor(scope) {
    this.scope = scope;
    this.element = node("section", {
      class: "compare-card wide parting",
      hidden: true,
      "aria-label": "Where they part",
    });
    this.key = ""; // what is shown, or asked for
    /** @type {Found | null} */
    this.found = null;
  }

  /** What is told of two runs, while two are shown. */
  get shown() {
    return this.element.hidden ? null : this.found;
  }

  /** @param {import("../../core/runs.js").Run[]} some the runs that are shown */
  show(some) {
    some = some.toReversed(); // the older first: what is different about the newer is what was changed
    const isPair = some.length === 2;
    this.element.hidden = !isPair;
    // Asked again when one of them has gone on; what is finished is asked once.
    const key = isPair ? some.map((run) => `${run.name}\n${run.updated ?? ""}`).join("\n") : "";
    if (!isPair || key === this.key) return;
    const isNew = this.found?.runs.join("\n") !== some.map((run) => run.name).join("\n");
    this.key = key;
    if (isNew) this.#say(node("p", { class: "compare-note", text: "Comparing…" }));
    this.#load(key, some[0].name, some[1].name);
  }

  /** @param {string} key @param {string} first @param {string} second */
  async #load(key, first, second) {
    try {
      const found = await api.json("diff", { first, second });
      if (key !== this.key || this.scope.isOver) return;
      this.found = found;
      this.#say(curves(found), causes(found));
    } catch (error) {
      if (key !== this.key || this.scope.isOver) return;
      this.found = null;
      this.#say(node("p", { class: "compare-note", text: /** @type {Error} */ (error).message }));
    }
  }

  /** @param {...Node} parts */
  #say(...parts) {
    this.element.replaceChildren(
      node("h3", { text: "Where they part" }),
      node("div", { class: "parting-parts" }, ...parts),
    );
  }
}

/** @param {Found} found */
function curves({ parted, together }) {
  if (!parted.length) {
    const said = together.length
      ? `None of ${format.plural(together.length, "metric")} of both leaves the other's noise.`
      : "They have no metric in common.";
    return node("p", { class: "compare-note", text: said });
  }
  const rows = parted.slice(0, MOST).map(({ tag, step, apart, noise, first_other: other }) => {
    const link = node("button", { type: "button", class: "text-button", text: tag });
    link.addEventListener("click", () => {
      state.set("tags", tag);
      state.set("page", "curves");
    });
    const by =
      apart === null
        ? "one is not finite"
        : `${format.value(apart)} apart${noise ? `, noise ${format.value(noise, 2)}` : ""}`;
    const since = other < step ? `other numbers from step ${format.step(other)} on` : "";
    return node(
      "tr",
      {},
      node("td", { text: format.step(step) }),
      node("td", {}, link),
      node("td", { class: "is-dim", text: [by, since].filter(Boolean).join("; ") }),
    );
  });
  const left = parted.length - rows.length;
  const rest = [
    left ? `${left} more part later` : "",
    together.length ? `${format.plural(together.length, "metric")} stay within noise` : "",
  ].filter(Boolean);
  const head = node("tr", {}, ...["from step", "metric", ""].map((text) => node("th", { text, scope: "col" })));
  return node(
    "div",
    {},
    node("table", { class: "parting-curves" }, node("thead", {}, head), node("tbody", {}, ...rows)),
    ...(rest.length ? [node("p", { class: "compare-note", text: `${rest.join(" · ")}.` })] : []),
  );
}

/** @param {Found} found */
function causes({ circumstances, unknown }) {
  const list = Object.entries(circumstances).map(([part, differ]) => {
    const names = Object.entries(differ);
    const said = names
      .slice(0, MOST)
      .flatMap(([name, [a, b]], i) => [
        ...(i ? [node("br")] : []),
        node("span", { class: "is-dim", text: `${name}: ` }),
        `${text(a)} → ${text(b)}`,
      ]);
    if (names.length > MOST) said.push(node("br"), `and ${names.length - MOST} more`);
    const none = unknown.includes(part) ? "nothing is known of it" : (SAME.get(part) ?? "");
    return node(
      "div",
      {},
      node("dt", { text: part }),
      node("dd", { class: names.length ? null : "is-dim" }, ...(names.length ? said : [none])),
    );
  });
  return node(
    "dl",
    { class: "parting-causes", "aria-label": "What is different, in the order in which to look" },
    ...list,
  );
}

/** @param {any} value */
function text(value) {
  const said = value === null ? "none" : typeof value === "string" ? value : JSON.stringify(value);
  return said.length > 60 ? `${said.slice(0, 59)}…` : said;
}
