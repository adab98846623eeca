// Environments side by side: what runs were run in, and where that differs.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import { node } from "../../ui/dom.js";
import { colour } from "../../charts/palette.js";
import { differs, packagesOf, rowsOf } from "./environment_facts.js";

/** @typedef {import("./environment_facts.js").Environment} Environment */
/** @typedef {import("./environment_facts.js").Row} Row */

const COLUMNS = 6; // runs
const FOLDED = 12; // packages that differ, before all are asked for

export class Environments {
  /**
   * @param {HTMLElement} element
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(element, scope) {
    this.element = element;
    this.scope = scope;
    /** @type {string[]} */
    this.shown = []; // runs
    this.hidden = 0; // how many more there are
    /** @type {Map<string, Environment>} */
    this.known = new Map();
    this.different = false; // whether only what differs is shown
    this.folded = true; // the packages
    /** @type {Map<string, number>} */
    this.turns = new Map(); // how often each was asked for: answers may overtake each other
    this.ready = false;
    /** @type {string | null} */
    this.diff = null; // the run whose changes are unfolded
  }

  /** @param {{ name: string }[]} shown */
  async show(shown) {
    this.hidden = Math.max(0, shown.length - COLUMNS);
    this.shown = shown.slice(0, COLUMNS).map((run) => run.name);
    await Promise.all(this.shown.filter((name) => !this.known.has(name)).map((name) => this.#load(name)));
    if (this.scope.isOver) return;
    this.ready = true;
    this.draw();
  }

  /** @param {string} name */
  again(name) {
    if (this.shown.includes(name)) this.#load(name).then(() => !this.scope.isOver && this.draw());
    else {
      // Asked for when it is shown: also what is on its way is from before.
      this.known.delete(name);
      this.turns.set(name, (this.turns.get(name) ?? 0) + 1);
    }
  }

  againAll() {
    for (const name of new Set([...this.shown, ...this.known.keys()])) this.again(name);
  }

  /** @param {string} name */
  async #load(name) {
    const turn = (this.turns.get(name) ?? 0) + 1;
    this.turns.set(name, turn);
    try {
      /** @type {{ environments: Environment[] }} */
      const { environments } = await api.json("environment", { run: name });
      if (this.turns.get(name) !== turn) return;
      // The first process speaks for all; that there are more is said.
      const own = environments.filter((each) => each.reason !== "child");
      const newest = own.findLast((each) => each.packages) ?? own.at(-1) ?? {};
      this.known.set(name, { ...newest, processes: own.length > 1 ? own.length : undefined });
    } catch {
      // What is known stays, and what is not is asked for when runs are shown again.
    }
  }

  draw() {
    const { element } = this;
    element.hidden = !this.shown.length;
    if (!this.shown.length) return;
    const all = this.shown.map((name) => this.known.get(name) ?? {});
    const rows = rowsOf(all);
    const packages = packagesOf(all);
    const other = packages.filter(differs);
    const titles = this.shown.map((name) =>
      node("th", {}, node("i", { class: "dot", style: `background: ${colour(runs.index(name))}` }), name),
    );
    const shown = rows.filter((row) => !this.different || differs(row)).map((row) => this.#row(row));
    const table = node(
      "table",
      { class: "environment" },
      node("thead", {}, node("tr", {}, node("th"), ...titles)),
      node("tbody", {}, ...shown, ...(packages.length ? this.#packages(packages, other) : [])),
    );
    const head = this.#head(rows.filter(differs).length + other.length);
    element.replaceChildren(head, node("div", { class: "operations-scroll" }, table), ...this.#diffs(all));
  }

  /** @param {number} count of differences */
  #head(count) {
    const isOne = this.shown.length < 2;
    const words = isOne ? "" : count ? format.plural(count, "difference") : "no differences";
    const rest = this.hidden ? ` · the ${COLUMNS} newest runs, ${this.hidden} more` : "";
    const head = node(
      "div",
      { class: "profile-tools" },
      node("h3", { text: "Environment" }),
      node("span", { class: "profile-hits", text: words + rest }),
    );
    if (isOne || !count) return head;
    const buttons = [false, true].map((flag) => {
      const text = flag ? "Differences" : "All";
      const pick = node("button", { "aria-pressed": String(this.different === flag), text });
      pick.addEventListener("click", () => {
        this.different = flag;
        this.draw();
      });
      return pick;
    });
    head.append(node("div", { class: "choice", role: "group" }, ...buttons));
    return head;
  }

  /**
   * @param {Row} row
   * @param {string} [kind]
   */
  #row(row, kind = "") {
    const marks = this.shown.length > 1 && differs(row) ? " differs" : "";
    return node(
      "tr",
      { class: `${kind}${marks}` },
      node("th", { text: row.title, scope: "row" }),
      ...row.values.map((value) => node("td", { text: String(value) })),
    );
  }

  /**
   * @param {Row[]} packages
   * @param {Row[]} other those that differ
   */
  #packages(packages, other) {
    const fold = node("button", { class: "text-button", text: this.folded ? "Show all" : "Show fewer" });
    fold.addEventListener("click", () => {
      this.folded = !this.folded;
      this.draw();
    });
    const same = other.length ? `, ${other.length} differ` : ", all the same";
    const words = `${packages.length} installed${this.shown.length > 1 ? same : ""}`;
    const listed = this.folded || this.different ? other.slice(0, this.folded ? FOLDED : Infinity) : packages;
    return [
      node(
        "tr",
        { class: "environment-fold" },
        node("th", { text: "Packages", scope: "row" }),
        node("td", { colspan: this.shown.length }, words, fold),
      ),
      ...listed.map((row) => this.#row(row, "package")),
    ];
  }

  /** @param {Environment[]} all */
  #diffs(all) {
    /** @type {HTMLElement[]} */
    const found = [];
    this.shown.forEach((name, i) => {
      const text = all[i].diff;
      if (!text) return;
      const details = document.createElement("details");
      details.className = "environment-diff";
      details.open = this.diff === name;
      details.addEventListener("toggle", () => {
        if (details.open) this.diff = name;
        else if (this.diff === name) this.diff = null;
      });
      const lines = text.split("\n");
      const added = lines.filter((line) => /^\+(?!\+\+)/.test(line)).length,
        removed = lines.filter((line) => /^-(?!--)/.test(line)).length;
      const summary = details.appendChild(document.createElement("summary"));
      summary.append(
        Object.assign(document.createElement("span"), { textContent: `Uncommitted changes of ${name}` }),
        Object.assign(document.createElement("span"), { className: "added", textContent: `+${added}` }),
        Object.assign(document.createElement("span"), { className: "removed", textContent: `−${removed}` }),
      );
      const pre = details.appendChild(document.createElement("pre"));
      for (const line of lines) {
        const kind = line.startsWith("@@")
          ? "place"
          : /^(diff|index|---|\+\+\+)/.test(line)
            ? "file"
            : line.startsWith("+")
              ? "added"
              : line.startsWith("-")
                ? "removed"
                : "";
        pre.append(Object.assign(document.createElement("span"), { className: kind, textContent: `${line}\n` }));
      }
      found.push(details);
    });
    return found;
  }
}
