// What a run was asked, and what became of it, the newest first.
import { node } from "../../ui/dom.js";
import * as format from "../../text/format.js";
import { askedWords, isPending, outcomeWords } from "./words.js";

/** @typedef {import("../../core/commands.js").Command} Command */
const MOST_AUTHOR = 220; // letters: of an agent that proposed it, and of who accepted it

/** @typedef {{ element: HTMLElement, command: Command, when: HTMLElement, outcome: HTMLElement }} Entry */

export class History {
  /** @param {() => number} now seconds since the epoch, as the server counts them */
  constructor(now) {
    this.now = now;
    /** @type {Map<string, Entry>} */
    this.entries = new Map(); // by nonce
    this.list = node("ol", { class: "control-history-list", tabindex: 0, "aria-label": "What it was asked" });
    this.note = node("p", { class: "control-note" });
    this.element = node(
      "section",
      { class: "control-history" },
      node("h4", { text: "What it was asked" }),
      this.list,
      this.note,
    );
  }

  /**
   * @param {Command[]} commands the newest last
   * @param {number} earlier so many are not among them
   */
  show(commands, earlier) {
    const wanted = new Set(commands.map((each) => each.nonce));
    for (const [nonce, { element }] of this.entries)
      if (!wanted.has(nonce)) {
        element.remove();
        this.entries.delete(nonce);
      }
    /** @type {Element | null} */
    let before = null;
    for (const command of commands) {
      const entry = this.entries.get(command.nonce) ?? this.#entry(command);
      entry.command = command;
      if (entry.element.parentNode !== this.list || entry.element.nextElementSibling !== before)
        this.list.insertBefore(entry.element, before);
      before = entry.element;
      this.#tell(entry);
    }
    this.list.hidden = !commands.length;
    this.note.textContent = earlier
      ? `${format.plural(earlier, "earlier one")}`
      : commands.length
        ? ""
        : "Nothing yet.";
  }

  /** Times grow old by themselves. */
  tell() {
    for (const entry of this.entries.values()) this.#tell(entry);
  }

  /** Whether anything is waited for. */
  get isPending() {
    return [...this.entries.values()].some(({ command }) => isPending(command));
  }

  /** @param {Command} command @returns {Entry} */
  #entry(command) {
    const words = askedWords(command);
    const when = node("time", { class: "control-when" }),
      outcome = node("span", { class: "control-outcome" });
    const element = node("li", {}, node("span", { class: "control-asked", text: words, title: words }), when, outcome);
    const entry = { element, command, when, outcome };
    this.entries.set(command.nonce, entry);
    return entry;
  }

  /** @param {Entry} entry */
  #tell({ element, command, when, outcome }) {
    const { tone, text } = outcomeWords(command, this.now());
    const words = askedWords(command);
    const who = command.author ? `${text} · ${command.author.slice(0, MOST_AUTHOR)}` : text;
    element.dataset.tone = tone;
    if (outcome.textContent !== who) outcome.textContent = who;
    outcome.title = who;
    const asked = /** @type {HTMLElement} */ (element.firstChild);
    if (asked.textContent !== words) asked.textContent = words; // what it replaced is known once it was applied
    const ago = format.ago(command.asked, this.now());
    if (when.textContent !== ago) when.textContent = ago;
    when.title = format.moment(command.asked);
  }
}
