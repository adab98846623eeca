// What was asked last by a button, and how it stands: waited for, done, or refused with a sentence.
import { node } from "../../ui/dom.js";
import { say } from "../../ui/menu.js";
import { isPending, outcomeWords } from "./words.js";

/** @typedef {import("../../core/commands.js").Command} Command */

export class LastAsked {
  /**
   * @param {import("./row.js").Host} host
   * @param {() => void} changed what to do when it stands otherwise by our own hand
   */
  constructor(host, changed) {
    this.host = host;
    this.changed = changed;
    this.problem = ""; // why it was not taken
    /** @type {Command | null} */
    this.command = null;
    this.element = node("span", { class: "control-said" });
  }

  /** @param {Command | null} command the newest that the run knows of */
  take(command) {
    if (command && command.nonce !== this.command?.nonce) this.problem = "";
    this.command = command;
  }

  /**
   * Says how it stands, which of what is waited for grows old by itself.
   * @param {() => { tone: string, text: string }} [otherwise] what is said where nothing needs to be said of it
   * @returns {string} the tone
   */
  tell(otherwise) {
    const { tone, text } = this.problem
      ? { tone: "bad", text: this.problem }
      : this.command && !(otherwise && this.command.outcome === "applied")
        ? outcomeWords(this.command, this.host.now())
        : (otherwise?.() ?? { tone: "", text: "" });
    if (this.element.textContent !== text) this.element.textContent = text;
    this.element.title = text;
    return tone;
  }

  get isPending() {
    return this.command !== null && isPending(this.command);
  }

  /** @param {string} name @param {unknown} value */
  async ask(name, value) {
    this.problem = "";
    try {
      await this.host.send(name, value, null);
    } catch (error) {
      this.problem = /** @type {Error} */ (error).message;
      if (!this.element.isConnected) say(`${name}: ${this.problem}`); // the training has ended, and its buttons went
    }
    this.changed();
  }
}
