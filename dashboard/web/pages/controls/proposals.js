// What agents propose to ask a run: a quiet strip for each, which a person accepts or declines. All of it is text.
import { node } from "../../ui/dom.js";
import { sureButton } from "./action.js";
import { askedWords, LONGEST, valueWords } from "./words.js";

/** @typedef {import("../../core/commands.js").Asked} Asked */
/** @typedef {import("../../core/commands.js").Control} Control */
/** @typedef {import("../../core/commands.js").Proposal} Proposal */
/**
 * answer: accepts or declines, in vain with a sentence; leave: takes the focus once there is nothing left to be at.
 * @typedef {{ answer(id: string, accept: boolean): Promise<unknown>, leave(): void }} Hear
 */

/**
 * What an agent proposes: "lab-agent proposes lr → 0.0005".
 * @param {Proposal} proposal
 */
export const proposalWords = ({ author, control, value }) =>
  `${author} proposes ${askedWords({ name: control, value, old: null })}`;

export class Proposals {
  /** @param {Hear} hear */
  constructor(hear) {
    this.hear = hear;
    /** @type {Map<string, ProposalRow>} */
    this.rows = new Map(); // by id
    this.element = node("section", { class: "control-proposals", "aria-label": "Proposals", hidden: true });
  }

  /**
   * @param {Asked} asked
   * @param {boolean} offers
   */
  show({ proposals, controls }, offers) {
    const waiting = proposals.filter((each) => each.standing === "waiting");
    const wanted = new Set(waiting.map((each) => each.id));
    const hadFocus = this.element.contains(document.activeElement);
    for (const [id, { element }] of this.rows)
      if (!wanted.has(id)) {
        element.remove();
        this.rows.delete(id);
      }
    for (const proposal of waiting) {
      const control = controls.find((each) => each.name === proposal.control);
      let row = this.rows.get(proposal.id);
      if (!row) {
        row = new ProposalRow(proposal, control?.confirm ?? false, this.hear);
        this.rows.set(proposal.id, row);
        this.element.append(row.element);
      }
      row.show(proposal, control, offers);
    }
    this.element.hidden = !waiting.length;
    if (hadFocus && !this.element.contains(document.activeElement)) this.#focus();
  }

  #focus() {
    const next = /** @type {HTMLElement | null} */ (this.element.querySelector("button:not([hidden])"));
    if (next && !this.element.hidden) next.focus();
    else this.hear.leave();
  }
}

class ProposalRow {
  /**
   * @param {Proposal} proposal
   * @param {boolean} confirm whether accepting it is to be sure
   * @param {Hear} hear
   */
  constructor(proposal, confirm, hear) {
    this.id = proposal.id;
    this.hear = hear;
    this.isBusy = false;
    this.problem = ""; // why the last answer was not taken
    this.whyNot = "";
    this.now = node("span", { class: "control-proposal-now" });
    this.said = node("span", { class: "control-said" });
    const accept = sureButton("Accept", confirm ? "Really?" : "", () => this.#answer(true), "button is-small");
    this.accept = accept.element;
    const decline = node("button", { type: "button", class: "button is-small", text: "Decline" });
    decline.addEventListener("click", () => this.#answer(false));
    this.buttons = node("span", { class: "control-proposal-buttons" }, accept.element, decline);
    const asked = askedWords({ name: proposal.control, value: proposal.value, old: null });
    this.element = node(
      "div",
      { class: "control-proposal", role: "group", "aria-label": proposalWords(proposal) },
      node(
        "p",
        { class: "control-proposal-words" },
        node("bdi", { text: proposal.author }), // by itself: letters from right to left turn nothing round
        " proposes ",
        node("bdi", { class: "control-name", text: asked }),
        this.now,
        node("bdi", { class: "control-proposal-why", text: `“${proposal.why}”` }),
      ),
      ...whole(proposal.value),
      this.said,
      this.buttons,
    );
  }

  /**
   * @param {Proposal} proposal
   * @param {Control | undefined} control
   * @param {boolean} offers
   */
  show(proposal, control, offers) {
    const hasValue = control && control.type !== "action" && !control.own;
    const now = hasValue ? ` (now ${valueWords(control.value)}): ` : ": ";
    if (this.now.textContent !== now) this.now.textContent = now;
    this.whyNot = proposal.why_not;
    this.buttons.hidden = !offers;
    this.accept.hidden = this.whyNot !== "";
    this.#tell();
  }

  #tell() {
    const text = this.problem || this.whyNot;
    if (this.said.textContent !== text) this.said.textContent = text;
    this.said.dataset.tone = this.problem ? "bad" : "";
    this.said.hidden = !text;
  }

  /** @param {boolean} accept */
  async #answer(accept) {
    if (this.isBusy) return;
    this.isBusy = true;
    this.problem = "";
    try {
      await this.hear.answer(this.id, accept);
    } catch (error) {
      this.problem = /** @type {Error} */ (error).message;
    }
    this.isBusy = false;
    this.#tell();
  }
}

// All of a text that is too long for a line: nobody accepts what he cannot read.
/** @param {unknown} value */
const whole = (value) =>
  typeof value === "string" && (value.length > LONGEST || value.includes("\n"))
    ? [node("details", {}, node("summary", { text: "All of it" }), node("pre", { text: value }))]
    : [];
