// What a rule is to do: a row for each action, of which some have a word more to say.
import { node } from "../../ui/dom.js";

/** @typedef {import("../../core/alerts.js").Action} Action */

const FORMS = /** @type {const} */ ([
  ["", "by its address"],
  ["json", "plain JSON"],
  ["slack", "Slack"],
  ["discord", "Discord"],
]);

/** @param {Action} action */
export function words({ kind, url, form, words: program, name, value }) {
  if (kind === "webhook") return `${form === "json" ? "webhook" : form} ${url}`;
  if (kind === "command") return `runs ${program.join(" ")}`;
  if (kind === "control") return value === null ? `asks for ${name}` : `sets ${name} to ${value}`;
  return kind === "desktop" ? "notifies" : "marks the charts";
}

export class Actions {
  constructor() {
    /** @type {Action[] | null} */
    this.before = null; // of the rule that is changed: kept as they are, for addresses are not told again
    this.mark = node("input", { type: "checkbox", checked: true });
    this.desktop = node("input", { type: "checkbox" });
    this.url = node("input", {
      type: "text",
      inputmode: "url",
      autocomplete: "off",
      placeholder: "https://…",
      "aria-label": "Address of a webhook",
    });
    this.form = node(
      "select",
      { "aria-label": "Form" },
      ...FORMS.map(([value, text]) => node("option", { value, text })),
    );
    this.command = node("input", {
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "program and words",
      "aria-label": "Command",
    });
    this.commandRow = this.#row("Command", this.command);
    this.control = node("input", {
      type: "text",
      autocomplete: "off",
      placeholder: "stop, paused, lr …",
      "aria-label": "Control",
    });
    this.wanted = node("input", { type: "text", autocomplete: "off", placeholder: "value", "aria-label": "Value" });
    this.leave = node("input", { type: "checkbox" });
    this.keptRow = node("p", { class: "alert-note" });
    this.rows = node(
      "div",
      { class: "alert-actions" },
      this.#row(
        "Tell",
        node("label", { class: "check" }, this.mark, "mark the charts"),
        node("label", { class: "check" }, this.desktop, "desktop notification"),
      ),
      this.#row("Webhook", this.url, this.form),
      this.commandRow,
      this.#row("Steer", this.control, this.wanted, node("label", { class: "check" }, this.leave, "may steer the run")),
    );
    this.element = node("div", {}, this.keptRow, this.rows);
  }

  /** @param {string} title @param {...Node} parts */
  #row(title, ...parts) {
    return node("div", { class: "alert-action" }, node("span", { text: title }), ...parts);
  }

  /** @param {boolean} mayCommand */
  show(mayCommand) {
    this.commandRow.hidden = !mayCommand;
  }

  /** @param {Action[] | null} before of the rule that is changed */
  set(before) {
    this.before = before;
    for (const field of [this.url, this.command, this.control, this.wanted]) field.value = "";
    this.leave.checked = false;
    this.rows.hidden = before !== null;
    this.keptRow.textContent = before
      ? `It goes on to do what it does: ${before.map(words).join(", ") || "nothing"}.`
      : "";
  }

  /** @returns {Action[] | null} null to leave them as they are */
  value() {
    if (this.before) return null;
    /** @type {Action[]} */
    const actions = [];
    if (this.mark.checked) actions.push({ kind: "mark" });
    if (this.desktop.checked) actions.push({ kind: "desktop" });
    const url = this.url.value.trim();
    if (url) actions.push({ kind: "webhook", url, ...(this.form.value ? { form: this.form.value } : {}) });
    const program = this.command.value.trim();
    if (program && !this.commandRow.hidden) actions.push({ kind: "command", words: program.split(/\s+/) });
    const name = this.control.value.trim();
    if (name)
      actions.push({ kind: "control", name, value: asked(this.wanted.value.trim()), leave: this.leave.checked });
    return actions;
  }
}

// What somebody typed as a control's value: a number, true or false, a text; nothing for an action.
/** @param {string} text */
function asked(text) {
  if (!text) return null;
  if (text === "true" || text === "false") return text === "true";
  return Number.isFinite(Number(text)) ? Number(text) : text;
}
