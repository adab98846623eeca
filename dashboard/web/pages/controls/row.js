// A control of a run: its name, what it is changed with, and how it stands: a draft, waited for, applied or refused.
import { node } from "../../ui/dom.js";
import { say } from "../../ui/menu.js";
import { isSame, widgetOf } from "./widgets.js";
import { isPending, outcomeWords, valueWords } from "./words.js";

/** @typedef {import("../../core/commands.js").Control} Control */
/** @typedef {import("../../core/commands.js").Command} Command */
/**
 * What a row is part of: offers: whether anything can be asked; send: asks for it, in vain with a sentence.
 * @typedef {{
 *   offers: boolean, now(): number, send(name: string, value: unknown, expected: unknown): Promise<unknown>,
 * }} Host
 */

const MOST_DOC = 400; // letters of what is said of a control; all of them are in its title

export class ControlRow {
  /**
   * @param {Control} control
   * @param {Host} host
   */
  constructor(control, host) {
    this.name = control.name;
    this.host = host;
    /** @type {unknown} */
    this.value = control.value; // the one that holds, or is waited for
    /** @type {{ value: unknown, expected: unknown } | null} */
    this.draft = null; // what is not set yet, and what it was begun over
    /** @type {unknown} */
    this.told = control.value; // the same, as the server told it last
    this.turn = Promise.resolve(); // changes are asked for one after the other
    this.sending = 0; // so many of them
    this.problem = ""; // why the last change was not taken
    /** @type {{ value: unknown } | null} */
    this.late = null; // what was refused since it was asked over another value than there is
    /** @type {Command | null} */
    this.last = null; // the newest change
    /** @type {unknown} */
    this.drawn = control.value; // what the widget shows, but for a draft
    const offers = host.offers && !control.cut;
    this.widget = offers
      ? widgetOf(control, {
          draft: (value) => this.#draw(value),
          set: (value) => this.#set(value),
          wrong: (sentence) => this.#refuse(sentence),
        })
      : null;
    this.shown = node("output", { class: "control-value" });
    this.said = node("span", { class: "control-said" });
    this.setButton = node("button", { type: "button", class: "button is-small is-main", text: "Set" });
    this.backButton = node("button", { type: "button", class: "text-button", text: "Take back" });
    this.setButton.addEventListener("click", () => {
      if (this.draft) this.#set(this.draft.value);
      else if (this.late) this.#send(this.late.value, null);
    });
    this.backButton.addEventListener("click", () => this.#draw(undefined));
    this.element = node(
      "div",
      { class: "control", role: "group", "aria-label": control.name },
      node(
        "div",
        { class: "control-about" },
        node("span", { class: "control-name", text: control.name, title: control.name }),
        node("span", { class: "control-doc", text: aboutOf(control), title: control.doc }),
      ),
      node(
        "div",
        { class: "control-body" },
        this.widget?.element ?? this.shown,
        node("div", { class: "control-foot" }, this.said, this.setButton, this.backButton),
      ),
    );
    this.widget?.show(control.value);
    this.show(control, []);
  }

  /**
   * Shows how it stands now.
   * @param {Control} control
   * @param {Command[]} changes of it, the newest last
   */
  show(control, changes) {
    const last = changes.at(-1) ?? null;
    if (last && last.nonce !== this.last?.nonce) {
      this.problem = "";
      this.late = null;
    }
    if (last?.outcome === "refused" && isLate(last.why) && !last.cut) this.late = { value: last.value };
    this.last = last;
    const waiting = changes.findLast(isPending);
    this.told = waiting ? waiting.value : control.value;
    if (!this.sending) this.value = this.told;
    if (!this.draft && !isSame(this.value, this.drawn)) this.#drawValue(this.value);
    this.shown.textContent = control.cut
      ? `${valueWords(control.value)} (${control.cut.toLocaleString("en-US")} letters)`
      : valueWords(this.value);
    this.shown.title = typeof this.value === "string" ? this.value : "";
    this.tell();
  }

  /** What is said below: of what is waited for it grows old by itself. */
  tell() {
    const isDraft = this.draft !== null;
    this.backButton.hidden = !isDraft;
    this.setButton.hidden = !this.widget || !(isDraft || this.late);
    this.setButton.textContent = isDraft ? "Set" : "Set anyway";
    let tone = "",
      text = "";
    if (this.problem) [tone, text] = ["bad", this.problem];
    else if (this.draft) [tone, text] = ["draft", `not set yet; it is ${valueWords(this.value)}`];
    else if (this.last) {
      ({ tone, text } = outcomeWords(this.last, this.host.now()));
      if (isPending(this.last)) text = `${valueWords(this.last.old)} → ${valueWords(this.last.value)}, ${text}`;
      else if (this.last.outcome !== "applied") text = `${valueWords(this.last.value)} ${text}`;
    }
    this.element.dataset.tone = tone;
    if (this.said.textContent !== text) this.said.textContent = text;
    this.said.title = text;
  }

  /** Whether anything is waited for. */
  get isPending() {
    return this.last !== null && isPending(this.last);
  }

  /** @param {unknown} value undefined: nothing is to be set any more */
  #draw(value) {
    this.problem = "";
    this.late = null;
    if (value === undefined || isSame(value, this.value)) {
      this.draft = null;
      if (value === undefined) this.#drawValue(this.value);
    } else this.draft = { value, expected: this.draft ? this.draft.expected : this.value };
    this.tell();
  }

  /** @param {unknown} value */
  #set(value) {
    const expected = this.draft ? this.draft.expected : this.value;
    this.draft = null;
    if (isSame(value, this.value)) {
      this.#draw(undefined);
      return;
    }
    // Of a number that is none, or that a browser would round, nothing can be expected.
    this.#send(value, typeof value === typeof expected ? expected : null);
  }

  /** @param {unknown} value @param {unknown} expected null where it does not matter */
  #send(value, expected) {
    this.problem = "";
    this.late = null;
    this.value = value;
    this.#drawValue(value);
    this.tell();
    this.sending += 1;
    this.turn = this.turn.then(() => this.#sent(value, expected));
  }

  /** @param {unknown} value @param {unknown} expected */
  async #sent(value, expected) {
    try {
      await this.host.send(this.name, value, expected);
    } catch (error) {
      const sentence = /** @type {Error} */ (error).message;
      if (isLate(sentence)) this.late = { value };
      this.problem = sentence;
      if (!this.element.isConnected) say(`${this.name}: ${sentence}`); // the training has ended, and its widgets went
    }
    this.sending -= 1;
    if (!this.sending) {
      this.value = this.told;
      if (!this.draft && !isSame(this.value, this.drawn)) this.#drawValue(this.value);
    }
    this.tell();
  }

  /** @param {unknown} value */
  #drawValue(value) {
    this.drawn = value;
    this.widget?.show(value);
  }

  /** @param {string} sentence */
  #refuse(sentence) {
    this.problem = sentence;
    this.tell();
  }
}

/** Whether a refusal says that somebody, or the training itself, has changed it meanwhile. @param {string} why */
const isLate = (why) => why.startsWith("Out of date");

/**
 * What is said of a control: its doc, or between which ends it is.
 * @param {Control} control
 */
function aboutOf({ doc, low, high, type }) {
  if (doc) return doc.length > MOST_DOC ? `${doc.slice(0, MOST_DOC)}…` : doc;
  if (type !== "number" && type !== "int") return "";
  if (low !== null && high !== null) return `${valueWords(low)} to ${valueWords(high)}`;
  return low !== null ? `at least ${valueWords(low)}` : high !== null ? `at most ${valueWords(high)}` : "";
}
