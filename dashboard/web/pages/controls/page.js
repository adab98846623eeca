// The page of controls: what runs that are going on can be asked, and what all were asked and answered.
import * as commands from "../../core/commands.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { dictionary } from "../../core/dictionary.js";
import { emptyPage } from "../../ui/empty.js";
import { node } from "../../ui/dom.js";
import { RunCard } from "./card.js";

const STEP_MS = 250; // between two tellings of how far runs are
const OLDER_MS = 1000; // what is waited for has grown older
const AT_ONCE = 20; // cards, before more are asked for

export class ControlsPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, scope) {
    this.view = view;
    this.scope = scope;
    /** @type {Map<string, RunCard>} */
    this.cards = new Map(); // by run
    this.most = AT_ONCE;
    this.pending = 0; // a timer
    this.heard = node("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
    this.going = node("div", { class: "control-cards" });
    this.over = node("div", { class: "control-cards" });
    this.overTitle = node("h2", { class: "control-section", text: "Over" });
    this.more = node("button", { type: "button", class: "text-button", text: "Older runs" });
    this.more.addEventListener("click", () => {
      this.most += AT_ONCE;
      this.arrange();
    });
    this.built = node(
      "div",
      { class: "controls-page" },
      this.#bar(),
      this.heard,
      this.going,
      this.overTitle,
      this.over,
      this.more,
    );
    this.#listen(scope);
    this.arrange();
  }

  // Who asks; or that nothing can be asked here.
  #bar() {
    if (commands.isReadOnly())
      return node("p", { class: "control-note", text: "This server is read-only: runs can be asked nothing here." });
    const field = node("input", {
      type: "text",
      class: "control-field",
      placeholder: "page",
      maxlength: 100,
      autocomplete: "name",
      spellcheck: "false",
    });
    field.value = commands.author();
    field.addEventListener("change", () => commands.setAuthor(field.value));
    field.addEventListener("keydown", (event) => event.key === "Enter" && field.blur());
    return node("div", { class: "control-bar" }, node("label", {}, "Signed as", field));
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, ["runs", "run", "visible"], () => this.arrange());
    scope.on(commands, "change", (run) => this.cards.get(run)?.show());
    scope.on(live, "points", () => {
      this.pending ||= scope.setTimeout(() => {
        this.pending = 0;
        for (const [name, card] of this.cards) {
          const run = runs.get(name);
          if (run) card.head(run);
        }
      }, STEP_MS);
    });
    let beat = 0;
    scope.setInterval(() => {
      beat += 1;
      if (document.hidden) return;
      for (const card of this.cards.values()) if (card.isPending || beat % 10 === 0) card.tell();
    }, OLDER_MS);
    scope.on(document, "themechange", () => this.arrange());
  }

  arrange() {
    const all = runs.visible().toReversed(); // the newest first
    const going = all.filter((run) => run.status === "running");
    const told = all.filter((run) => run.status !== "running" && (run.commands || run.series.control?.length));
    const over = told.slice(0, Math.max(0, this.most - going.length));
    const shown = [...going.slice(0, this.most), ...over];
    if (!shown.length) {
      this.#keep([]);
      this.view.replaceChildren(runs.loaded ? emptyPage("controls") : "");
      return;
    }
    if (this.built.parentNode !== this.view) this.view.replaceChildren(this.built);
    this.#keep(shown.map((run) => run.name));
    this.#fill(this.going, going.slice(0, this.most));
    this.#fill(this.over, over);
    this.overTitle.hidden = !over.length || !going.length;
    this.more.hidden = going.length + told.length <= shown.length;
  }

  /** @param {string[]} names of the runs that have cards from now on */
  #keep(names) {
    const wanted = new Set(names);
    for (const [name, card] of this.cards)
      if (!wanted.has(name)) {
        card.scope.leave();
        card.element.remove();
        this.cards.delete(name);
      }
    for (const name of names)
      if (!this.cards.has(name))
        this.cards.set(
          name,
          new RunCard(name, this.scope.child(), (words) => {
            this.heard.textContent = words;
          }),
        );
  }

  // Cards move only where they stand elsewhere: one that is moved loses the focus.
  /**
   * @param {HTMLElement} holder
   * @param {import("../../core/runs.js").Run[]} some
   */
  #fill(holder, some) {
    some.forEach((run, i) => {
      const card = /** @type {RunCard} */ (this.cards.get(run.name));
      if (holder.children[i] !== card.element) holder.insertBefore(card.element, holder.children[i] ?? null);
      card.show();
    });
  }

  isReady() {
    return runs.loaded && [...this.cards.values()].every((card) => card.ready);
  }

  /** As it is shown now, for automation: by run what it can be and was asked. */
  drawn() {
    return dictionary([...this.cards].map(([name, card]) => [name, card.drawn()]));
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 */
export const mount = (view, scope) => new ControlsPage(view, scope);
