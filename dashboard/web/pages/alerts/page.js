// The page of alerts: a rule is written and tried on what is stored, those that are armed, and when they fired.
import * as alerts from "../../core/alerts.js";
import { node } from "../../ui/dom.js";
import { Editor } from "./editor.js";
import { RuleList } from "./rule_list.js";

export class AlertsPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Map<string, any>} kept
   */
  constructor(view, scope, kept) {
    this.isKnown = false;
    this.editor = new Editor(scope, kept);
    this.list = new RuleList((rule) => this.editor.edit(rule));
    this.note = node("p", { class: "alert-note" });
    view.replaceChildren(node("div", { class: "alerts-page" }, this.note, this.editor.element, this.list.element));
    scope.on(alerts, "change", () => this.show());
    this.show();
    alerts.read().then(
      () => {
        this.isKnown = true;
      },
      (error) => {
        this.note.textContent = error.message;
      },
    );
  }

  show() {
    const known = alerts.known();
    this.note.textContent = known.read_only
      ? "This server was started with --read-only: it shows rules, and follows none."
      : "";
    this.editor.show(known);
    this.list.show(known);
  }

  isReady() {
    return this.isKnown && !this.editor.isTrying;
  }

  drawn() {
    return { rules: alerts.known().rules, test: this.editor.found };
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 * @param {Map<string, any>} kept
 */
export const mount = (view, scope, kept) => new AlertsPage(view, scope, kept);
