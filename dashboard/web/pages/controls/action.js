// A button that asks a run for something, twice where it is to be sure; and how that stands.
import { node } from "../../ui/dom.js";
import { LastAsked } from "./asked.js";

/** @typedef {import("../../core/commands.js").Command} Command */

/**
 * A button that, where it is to be sure, asks "really?" in its own place: Enter says yes, Esc takes it back.
 * @param {string} text
 * @param {string} question "" for none
 * @param {() => unknown} act
 * @param {string} [kind] class of the button
 * @returns {{ element: HTMLElement, button: HTMLButtonElement }}
 */
export function sureButton(text, question, act, kind = "button") {
  const button = node("button", { type: "button", class: kind, text });
  if (!question) {
    button.addEventListener("click", () => button.getAttribute("aria-disabled") !== "true" && act());
    return { element: button, button };
  }
  const yes = node("button", { type: "button", class: "button is-small is-danger", text });
  const no = node("button", { type: "button", class: "button is-small", text: "Cancel" });
  const words = node("span", { class: "control-really", text: question });
  const asked = node("span", { class: "control-sure", role: "group", "aria-label": question }, words, yes, no);
  const element = node("span", { class: "control-button" }, button, asked);
  /** @param {boolean} isAsked */
  const ask = (isAsked) => {
    button.hidden = isAsked;
    asked.hidden = !isAsked;
    (isAsked ? yes : button).focus();
  };
  asked.hidden = true;
  button.addEventListener("click", () => button.getAttribute("aria-disabled") !== "true" && ask(true));
  no.addEventListener("click", () => ask(false));
  yes.addEventListener("click", () => {
    ask(false);
    act();
  });
  asked.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    ask(false);
    event.stopPropagation();
  });
  return { element, button };
}

export class ActionRow {
  /**
   * @param {import("../../core/commands.js").Control} control
   * @param {import("./row.js").Host} host
   */
  constructor(control, host) {
    this.asked = new LastAsked(host, () => this.tell());
    const { element, button } = sureButton(
      control.name,
      control.confirm ? "Really?" : "",
      () => this.asked.ask(control.name, null),
      "button control-act",
    );
    button.title = control.doc || control.name;
    this.button = button;
    this.element = node(
      "div",
      { class: "control is-action", role: "group", "aria-label": control.name },
      node(
        "div",
        { class: "control-about" },
        host.offers ? element : node("span", { class: "control-name", text: control.name }),
      ),
      node(
        "div",
        { class: "control-body" },
        node("span", { class: "control-doc", text: control.doc.slice(0, 400), title: control.doc }),
        node("div", { class: "control-foot" }, this.asked.element),
      ),
    );
  }

  /**
   * @param {unknown} _control which never changes
   * @param {Command[]} changes how often it was asked for, the newest last
   */
  show(_control, changes) {
    this.asked.take(changes.at(-1) ?? null);
    this.tell();
  }

  tell() {
    this.element.dataset.tone = this.asked.tell();
  }

  get isPending() {
    return this.asked.isPending;
  }
}
