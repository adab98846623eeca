// A run's card: how it is, what it can be asked, and what it was asked.
import { node } from "../../ui/dom.js";
import * as commands from "../../core/commands.js";
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { ActionRow } from "./action.js";
import { colour } from "../../charts/palette.js";
import { ControlRow } from "./row.js";
import { dictionary } from "../../core/dictionary.js";
import { History } from "./history.js";
import { Proposals, proposalWords } from "./proposals.js";
import { RunButtons } from "./run_buttons.js";
import { askedWords, isPending, outcomeWords } from "./words.js";

/** @typedef {import("../../core/commands.js").Control} Control */
/** @typedef {import("../../core/commands.js").Command} Command */
/** @typedef {{ row: ControlRow | ActionRow, key: string }} Held a row, and what it was made for */

const AT_ONCE = 100; // controls that are shown before more are asked for

export class RunCard {
  /**
   * @param {string} name of the run
   * @param {import("../../core/scope.js").Scope} scope
   * @param {(words: string) => void} announce says something to who listens rather than looks
   */
  constructor(name, scope, announce) {
    this.name = name;
    this.scope = scope;
    this.announce = announce;
    /** @type {import("../../core/commands.js").Asked | undefined} */
    this.asked = undefined;
    this.offers = false;
    this.most = AT_ONCE;
    /** @type {Map<string, Held>} */
    this.rows = new Map(); // by name of the control
    /** @type {Map<string, string>} */
    this.outcomes = new Map(); // nonce -> what became of it, as it was announced
    /** @type {RunButtons | null} */
    this.buttons = null; // where the run can be asked
    this.dot = node("i", { class: "dot", "aria-hidden": "true" });
    this.title = node("h3", { class: "control-run", tabindex: -1 });
    this.status = node("span", { class: "control-status" });
    this.tools = node("div", { class: "control-tools" });
    this.list = node("div", { class: "control-rows" });
    this.note = node("p", { class: "control-note" });
    this.more = node("button", { type: "button", class: "text-button control-more" });
    this.more.addEventListener("click", () => {
      this.most += 10 * AT_ONCE;
      this.show();
    });
    this.history = new History(() => this.host.now());
    /** @type {Set<string> | null} */
    this.proposed = null; // ids of proposals that are known
    this.proposals = new Proposals({
      answer: async (id, accept) => {
        const { author, control } = await commands.answer(name, id, accept);
        announce(`${accept ? "Accepted" : "Declined"}: ${control}, proposed by ${author}`);
      },
      leave: () => this.title.focus(),
    });
    this.element = node(
      "article",
      { class: "control-card", "aria-label": name },
      node("header", { class: "control-head" }, this.dot, this.title, this.status, this.tools),
      this.proposals.element,
      node(
        "div",
        { class: "control-parts" },
        node("section", { class: "control-own", "aria-label": "Controls" }, this.list, this.note, this.more),
        this.history.element,
      ),
    );
    /** @type {import("./row.js").Host} */
    this.host = {
      offers: false,
      now: () => live.now(),
      send: (/** @type {string} */ control, /** @type {unknown} */ value, /** @type {unknown} */ expected) =>
        commands.send(name, control, value, expected),
    };
    commands.follow(name, scope);
    this.show();
  }

  get ready() {
    return this.asked !== undefined;
  }

  show() {
    const run = runs.get(this.name);
    if (!run) return;
    this.head(run);
    const asked = commands.known(this.name);
    if (!asked) return;
    this.asked = asked;
    const offers = asked.live && !commands.isReadOnly();
    if (offers !== this.offers) {
      this.offers = offers;
      this.host = { ...this.host, offers };
      this.buttons = offers ? new RunButtons(this.host) : null;
      this.tools.replaceChildren(...(this.buttons ? [this.buttons.said, this.buttons.element] : []));
    }
    /** @type {Map<string, Command[]>} */
    const byName = new Map();
    for (const command of asked.commands) {
      const own = byName.get(command.name);
      if (own) own.push(command);
      else byName.set(command.name, [command]);
    }
    this.buttons?.show(asked, byName);
    this.#showRows(asked, byName);
    const why = run.status === "running" && !asked.live ? asked.why : "";
    const more = asked.more ? `${format.plural(asked.more, "more control")} of this run cannot be shown.` : "";
    this.note.textContent = [why, asked.problem, more].filter(Boolean).join(" ");
    this.history.show(asked.commands, asked.earlier);
    this.proposals.show(asked, offers);
    this.#announce(asked.commands);
    this.#announceProposals(asked.proposals);
    this.element.dataset.pending = String(this.isPending);
  }

  /** @param {import("../../core/runs.js").Run} run */
  head(run) {
    const [path, last] = format.split(run.shown);
    this.dot.style.background = colour(run.colour);
    if (this.title.textContent !== run.shown)
      this.title.replaceChildren(node("span", { class: "path", text: path }), last);
    this.title.title = run.name;
    const step = run.step === null || run.step === undefined ? "" : ` · step ${format.step(run.step)}`;
    const standing = runs.standing(run);
    const words = `${standing}${step}`;
    if (this.status.textContent !== words) this.status.textContent = words;
    this.status.dataset.status = standing;
  }

  /**
   * @param {import("../../core/commands.js").Asked} asked
   * @param {Map<string, Command[]>} byName
   */
  #showRows({ controls }, byName) {
    const declared = controls.filter((each) => !each.own);
    const [values, actions] = [false, true].map((is) => declared.filter((each) => (each.type === "action") === is));
    const all = [...values, ...actions];
    const shown = all.slice(0, this.most);
    const wanted = new Set(shown.map((each) => each.name));
    for (const [name, { row }] of this.rows)
      if (!wanted.has(name)) {
        row.element.remove();
        this.rows.delete(name);
      }
    shown.forEach((control, i) => {
      const key = JSON.stringify([this.offers, { ...control, value: null }]); // of another kind it is another row
      let held = this.rows.get(control.name);
      if (held?.key !== key) {
        held?.row.element.remove();
        held = { row: new (control.type === "action" ? ActionRow : ControlRow)(control, this.host), key };
        this.rows.set(control.name, held);
      }
      const { element } = held.row;
      if (this.list.children[i] !== element) this.list.insertBefore(element, this.list.children[i] ?? null);
      held.row.show(control, byName.get(control.name) ?? []);
    });
    const left = all.length - shown.length;
    this.more.hidden = !left;
    this.more.textContent = `${left.toLocaleString("en-US")} more`;
    this.list.dataset.empty = String(!all.length);
  }

  // What was answered since it was last shown.
  /** @param {Command[]} commands */
  #announce(commands) {
    const isFirst = !this.outcomes.size && this.history.entries.size > 1;
    for (const command of commands) {
      const before = this.outcomes.get(command.nonce);
      if (before === command.outcome) continue;
      this.outcomes.set(command.nonce, command.outcome);
      if (!isFirst && !isPending(command))
        this.announce(`${askedWords(command)}: ${outcomeWords(command, live.now()).text}`);
    }
  }

  // What was proposed since.
  /** @param {import("../../core/commands.js").Proposal[]} proposals */
  #announceProposals(proposals) {
    for (const each of this.proposed ? proposals : [])
      if (each.standing === "waiting" && !this.proposed?.has(each.id)) this.announce(proposalWords(each));
    this.proposed = new Set(proposals.map((each) => each.id));
  }

  get isPending() {
    return this.history.isPending;
  }

  /** What grows old by itself: how long something is waited for, and when things were asked. */
  tell() {
    for (const { row } of this.rows.values()) row.tell();
    this.buttons?.tell();
    this.history.tell();
  }

  /** As it is shown now, for automation. */
  drawn() {
    const values = [...this.rows].map(([name, { row }]) => [name, row instanceof ControlRow ? row.value : null]);
    return {
      offers: this.offers,
      values: dictionary(/** @type {[string, any][]} */ (values)),
      commands: this.asked?.commands ?? [],
      proposals: this.asked?.proposals ?? [],
    };
  }
}
