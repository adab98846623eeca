// Writing a rule: its text, which is tried on every stored run while it is typed, and what it is to do.
import * as alerts from "../../core/alerts.js";
import { node } from "../../ui/dom.js";
import { say, trying } from "../../ui/menu.js";
import { Actions } from "./actions.js";
import { outcome } from "./outcome.js";

/** @typedef {import("../../core/alerts.js").Rule} Rule */

const PAUSE_MS = 350; // of typing, before the rule is tried

const EXAMPLES = [
  "val/loss > 1.2 * min(val/loss) for 100 steps",
  "isnan(train/loss)",
  "crash",
  "silence 10 minutes",
  "finding error",
  "alert warning",
];

export class Editor {
  /**
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Map<string, any>} kept
   */
  constructor(scope, kept) {
    this.scope = scope;
    this.kept = kept;
    /** @type {Rule | null} */
    this.rule = null; // that is armed otherwise
    /** @type {import("../../core/alerts.js").BackTest | null} */
    this.found = null;
    this.isTrying = false;
    this.asked = 0;
    /** @type {number} */
    this.timer = 0;
    const input = (/** @type {Record<string, unknown>} */ how) =>
      node("input", { type: "text", autocomplete: "off", spellcheck: "false", ...how });
    this.text = input({
      class: "alert-text",
      maxlength: 500,
      placeholder: EXAMPLES[0],
      "aria-describedby": "alert-problem",
    });
    this.title = input({ maxlength: 200, placeholder: "what it is called in messages" });
    this.runs = input({ maxlength: 500, placeholder: "all, or a pattern: mnist/*" });
    this.problem = node("p", { class: "alert-problem", id: "alert-problem", role: "status" });
    this.result = node("div", { class: "alert-result", "aria-live": "polite" });
    this.actions = new Actions();
    this.armButton = node("button", { type: "submit", class: "button is-primary", text: "Arm this rule" });
    this.cancel = node("button", { type: "button", class: "text-button", text: "Cancel", hidden: true });
    this.heading = node("h2", { text: "Alert when" });
    this.details = node("div", { class: "alert-details" });
    this.element = this.#frame();
    this.text.value = alerts.begun() || (kept.get("text") ?? "");
    this.runs.value = kept.get("runs") ?? "";
    for (const field of [this.text, this.runs]) scope.on(field, "input", () => this.#soon());
    scope.on(this.cancel, "click", () => this.edit(null));
    this.#try();
  }

  #frame() {
    const examples = EXAMPLES.map((text) => {
      const button = node("button", { type: "button", class: "alert-example", text });
      button.addEventListener("click", () => {
        this.text.value = text;
        this.text.focus();
        this.#soon();
      });
      return button;
    });
    const field = (/** @type {string} */ text, /** @type {Node} */ control) =>
      node("label", { class: "alert-field" }, node("span", { text }), control);
    this.details.append(
      node("div", { class: "alert-fields" }, field("Title", this.title), field("Runs", this.runs)),
      this.actions.element,
      node("div", { class: "alert-foot" }, this.armButton, this.cancel),
    );
    const form = node(
      "form",
      { class: "alert-card", "aria-label": "A rule" },
      this.heading,
      field("Rule", this.text),
      this.problem,
      node("div", { class: "alert-examples" }, node("span", { text: "such as" }), ...examples),
      this.result,
      this.details,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      trying(() => this.#arm());
    });
    return form;
  }

  /** @param {import("../../core/alerts.js").Known} known */
  show(known) {
    this.details.hidden = known.read_only;
    this.actions.show(known.may_command);
  }

  /** @param {Rule | null} rule that is to be armed otherwise */
  edit(rule) {
    this.rule = rule;
    this.text.value = rule?.text ?? "";
    this.title.value = rule?.title ?? "";
    this.runs.value = rule?.runs ?? "";
    this.heading.textContent = rule ? "Change this rule" : "Alert when";
    this.armButton.textContent = rule ? "Arm it so" : "Arm this rule";
    this.cancel.hidden = !rule;
    this.actions.set(rule?.actions ?? null);
    this.#try();
    if (rule) this.text.focus();
  }

  async #arm() {
    const { rule } = this;
    const actions = this.actions.value();
    const said = { text: this.text.value, title: this.title.value, runs: this.runs.value };
    if (actions?.some((each) => each.kind === "desktop") && !(await alerts.mayNotify()))
      say("This browser shows no notifications; the server's desktop may.");
    await alerts.arm({
      ...said,
      ...(actions ? { actions } : {}),
      ...(rule ? { id: rule.id, version: rule.version } : {}),
    });
    this.edit(null);
    say("The rule is armed. What happened before now is not told.");
  }

  #soon() {
    this.kept.set("text", this.text.value);
    this.kept.set("runs", this.runs.value);
    if (this.timer) this.scope.clearTimeout(this.timer);
    this.timer = this.scope.setTimeout(() => {
      this.timer = 0;
      this.#try();
    }, PAUSE_MS);
  }

  async #try() {
    const text = this.text.value.trim();
    const asked = ++this.asked;
    this.armButton.disabled = true;
    if (!text) {
      this.found = null;
      this.#tell("", null);
      return;
    }
    this.isTrying = true;
    try {
      const found = await alerts.test(this.text.value, this.runs.value);
      if (asked !== this.asked || this.scope.isOver) return;
      this.found = found;
      this.armButton.disabled = Boolean(found.problem);
      this.#tell(found.problem ?? "", found.place);
      if (!found.problem) this.result.replaceChildren(outcome(found));
    } catch (error) {
      if (asked === this.asked) this.#tell(error instanceof Error ? error.message : String(error), null);
    } finally {
      if (asked === this.asked) this.isTrying = false;
    }
  }

  // What is wrong with the text, and where; none when it is understood.
  /** @param {string} problem @param {number | null} place */
  #tell(problem, place) {
    this.text.setAttribute("aria-invalid", String(Boolean(problem)));
    if (problem || !this.text.value.trim()) this.result.replaceChildren();
    const where = place === null ? "" : `${this.text.value.slice(0, place)}`.slice(-24);
    const [, ...rest] = problem.split("\n");
    const why = (rest.length ? rest : [problem]).map((line) => line.trim().replace(/\s+/g, " ")).join("; ");
    this.problem.replaceChildren(
      ...(problem
        ? [where ? node("code", { text: `${where}` }) : "", node("b", { text: place === null ? "" : "▸" }), ` ${why}`]
        : []),
    );
  }
}
