// The findings of the runs that are shown, or of those that are chosen, on top of the curves: a few lines, or one.
import * as findings from "../../core/findings.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { colour } from "../../charts/palette.js";
import { countsInWords } from "../../text/finding_words.js";
import { node } from "../../ui/dom.js";
import { severitySign } from "../../ui/severity.js";
import { linesOf } from "./finding_lines.js";

/** @typedef {import("../../core/findings.js").Finding} Finding */
/** @typedef {import("./finding_lines.js").FindingLine} FindingLine */

const MARK = `<svg viewBox="0 0 12 12" aria-hidden="true"><path d="M2.5 4.5 6 8l3.5-3.5"/></svg>`;

export class FindingsCard {
  /** @param {import("../../core/scope.js").Scope} scope */
  constructor(scope) {
    this.isClosed = Boolean(state.local.get("findingsClosed", false));
    this.shown = ""; // what stands there
    this.count = node("span", { class: "findings-count" });
    this.fold = node("button", { type: "button", class: "findings-fold" });
    this.fold.innerHTML = MARK;
    this.fold.append(node("span", { text: "Findings" }));
    this.fold.addEventListener("click", () => {
      this.isClosed = !this.isClosed;
      state.local.set("findingsClosed", this.isClosed);
      this.#fold();
    });
    const all = node("button", { type: "button", class: "text-button", text: "All findings" });
    all.addEventListener("click", () => this.#open([]));
    this.list = node("ul");
    this.element = node(
      "section",
      { class: "findings-card", "aria-label": "Findings", hidden: true },
      node("header", {}, this.fold, this.count, all),
      this.list,
    );
    scope.on(findings, "change", () => this.show());
    scope.on(runs, runs.CHANGES, () => this.show());
    scope.on(document, "themechange", () => {
      this.shown = "";
      this.show();
    });
    // What is pressed or dragged does not move away from under the hand; a drag cancels the pointer that began it.
    this.isHeld = false;
    scope.on(document, ["pointerdown", "dragstart"], () => {
      this.isHeld = true;
    });
    scope.on(document, ["pointerup", "dragend"], () => {
      this.isHeld = false;
      this.show();
    });
    this.#fold();
    this.show();
  }

  #fold() {
    this.fold.setAttribute("aria-expanded", String(!this.isClosed));
    this.list.hidden = this.isClosed;
  }

  // Those of which it speaks: what is chosen, else all that is visible; the newest first.
  #runs() {
    const visible = runs.visible().toReversed();
    const chosen = new Set(state.get("chosen"));
    const some = visible.filter(({ name }) => chosen.has(name));
    return (some.length ? some : visible).filter(findings.isBad);
  }

  show() {
    const some = this.#runs();
    findings.want(some.map(({ name }) => name));
    const { lines, counts, left } = linesOf(
      some.map((run) => /** @type {[string, Finding[]]} */ ([run.name, findings.known(run.name) ?? []])),
    );
    // While findings are on their way what stood there stays.
    if (some.length && !lines.length && !findings.isIdle()) return;
    const isOne = runs.visible().length === 1;
    const shown = JSON.stringify([lines, counts, left, isOne, lines.map(({ run }) => runs.get(run)?.shown)]);
    if (shown === this.shown || this.isHeld) return;
    this.shown = shown;
    this.element.hidden = !lines.length;
    this.count.textContent = countsInWords(counts);
    const items = lines.map((line) => this.#line(line, isOne));
    if (left) items.push(node("li", { class: "findings-left", text: `and ${format.plural(left, "more kind")}` }));
    const focused = [...this.list.children].findIndex((child) => child.contains(document.activeElement));
    this.list.replaceChildren(...items);
    this.list.children[focused]?.querySelector("button")?.focus({ preventScroll: true });
  }

  /** @param {FindingLine} line @param {boolean} isOne whether there is only one run */
  #line({ finding, title, run, more, runs: of }, isOne) {
    const known = runs.get(run);
    const dot = node("i", { class: "dot", "aria-hidden": "true" });
    dot.style.background = colour(known?.colour ?? 0);
    const name = of > 1 ? format.plural(of, "run") : (known?.shown ?? run);
    const place = [
      ...(isOne
        ? []
        : [
            node(
              "span",
              { class: "findings-run", title: of > 1 ? undefined : run },
              ...(of > 1 ? [] : [dot]),
              node("bdi", { text: name }),
            ),
          ]),
      node("span", { class: "findings-step", text: finding.step === null ? "" : `step ${format.step(finding.step)}` }),
    ];
    const button = node(
      "button",
      { type: "button", title: finding.sentence },
      severitySign(finding.severity),
      node("span", { class: "findings-kind", text: title }),
      node("bdi", { class: "findings-sentence", text: more ? `${finding.sentence} (+${more})` : finding.sentence }),
      ...place,
    );
    button.addEventListener("click", () => this.#open([run, finding.id]));
    return node("li", {}, button);
  }

  /** @param {string[]} target a run and a finding of it */
  #open(target) {
    state.set("severity", "");
    state.set("target", target.length ? ["findings", ...target] : []);
    state.set("page", "findings");
  }
}
