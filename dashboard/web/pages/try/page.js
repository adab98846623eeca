// The page Try: what is asked at the left, what models at some steps answer at the right, and cases that were kept.
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import * as format from "../../text/format.js";
import { parse } from "../../core/dictionary.js";
import { emptyPage } from "../../ui/empty.js";
import { node } from "../../ui/dom.js";
import { menu, say, trying } from "../../ui/menu.js";
import { askExpected, CaseList } from "./case_list.js";
import { Cases } from "./cases.js";
import { Column } from "./column.js";
import { written } from "./kept_input.js";
import { Models, offered } from "./models.js";
import { Question } from "./question.js";
import { WhoAnswers } from "./who_answers.js";
import { Sources } from "./sources.js";

/** @typedef {import("./askers.js").Place} Place */

const EVERY_MS = 50; // 20 answers a second look smooth; each takes milliseconds that a training may want
const MOST_COLUMNS = 6;
const MOST_OFFERED = 60; // models in a menu

/** @param {string} text of the page's state @returns {Place | null} */
function placeOf(text) {
  try {
    const [run, name, step = null] = parse(text);
    const isStep = step === null || Number.isSafeInteger(step);
    return typeof run === "string" && typeof name === "string" && isStep ? { run, name, step } : null;
  } catch {
    return null; // an address may say anything
  }
}

/** @param {Place} place */
const textOf = ({ run, name, step }) => JSON.stringify(step === null ? [run, name] : [run, name, step]);

export class TryPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, scope) {
    this.view = view;
    this.scope = scope;
    this.models = new Models(scope);
    this.cases = new Cases(scope);
    this.question = new Question(() => this.askSoon());
    /** @type {Column[]} */
    this.columns = [];
    this.timer = 0; // at whose end all are asked
    this.changed = 0; // when the first change was made that is asked then
    this.asked = -Infinity; // when they were last
    this.wantsSaliency = Boolean(state.local.get("saliency", true));
    this.sources = new Sources(this.question, view, scope);
    this.keepButton = this.#button("Keep this case…", () => this.#keep(), "button is-small");
    this.saliency = node("input", { type: "checkbox", checked: this.wantsSaliency });
    this.add = node(
      "button",
      { type: "button", class: "try-add", "aria-haspopup": "menu" },
      node("span", { text: "+ Compare" }),
      node("span", { class: "hint", text: "with another checkpoint or run" }),
    );
    this.add.addEventListener("click", () =>
      this.#offer(this.add, (place) => this.#set([...this.columns.map((each) => each.place), place])),
    );
    this.holder = node("div", { class: "try-columns" }, this.add);
    this.who = new WhoAnswers(scope, () => this.ask());
    this.list = new CaseList(this.cases, scope, {
      again: (run, of) => this.#again(run, of),
      open: (run, of, step) => this.#open(run, of, step),
    });
    this.built = this.#frame();
    this.#listen();
    this.arrange();
  }

  /** @param {string} text @param {() => unknown} act @param {string} [style] */
  #button(text, act, style = "tool-button") {
    const button = node("button", { type: "button", class: style, text });
    button.addEventListener("click", act);
    return button;
  }

  #frame() {
    this.question.sheet.append(this.sources.element);
    return node(
      "div",
      { class: "try-page" },
      node(
        "section",
        { class: "try-left", "aria-label": "What is asked" },
        node("div", { class: "try-bar" }, node("h2", { text: "Ask" })),
        node("div", { class: "try-card" }, this.question.element, node("div", { class: "try-foot" }, this.keepButton)),
      ),
      node(
        "section",
        { class: "try-right", "aria-label": "Answers" },
        node(
          "div",
          { class: "try-bar" },
          node("h2", { text: "Answers" }),
          node("span", { class: "bar-space" }),
          this.who.element,
          node(
            "label",
            { class: "check", title: "How each place of the picture speaks for the answer" },
            this.saliency,
            "Saliency",
          ),
        ),
        this.holder,
      ),
      this.list.element,
    );
  }

  #listen() {
    const { scope } = this;
    scope.on(runs, ["runs", "visible"], () => this.arrange());
    scope.on(runs, "run", () => this.#showColumns());
    scope.on(state, "tried", () => this.arrange());
    scope.on(this.models, "change", () => this.#showColumns());
    scope.on(document, "themechange", () => {
      this.list.draw();
      this.ask();
    });
    this.saliency.addEventListener("change", () => {
      this.wantsSaliency = this.saliency.checked;
      state.local.set("saliency", this.wantsSaliency);
      this.ask();
    });
  }

  // --- which models ----------------------------------------------------------------------------------------

  /** @returns {Place[]} those that are chosen, or the newest run's first model */
  get places() {
    const chosen = state.get("tried").flatMap((text) => placeOf(text) ?? []);
    const [first] = chosen.length ? [] : offered();
    return (first ? [{ ...first, step: null }] : chosen).slice(0, MOST_COLUMNS);
  }

  /** @param {Place[]} places */
  #set(places) {
    state.set("tried", places.map(textOf));
  }

  /**
   * @param {HTMLElement} anchor
   * @param {(place: Place) => void} choose
   */
  #offer(anchor, choose) {
    const all = offered();
    /** @type {any[]} */
    const items = all.slice(0, MOST_OFFERED).map(({ run, name }) => ({
      text: `${runs.get(run)?.shown ?? run} · ${name}`,
      act: () => choose({ run, name, step: null }),
    }));
    if (all.length > MOST_OFFERED)
      items.push(
        node("p", { class: "menu-about", text: `${all.length - MOST_OFFERED} more: filter the list of runs.` }),
      );
    menu(anchor, items);
  }

  arrange() {
    const places = this.places;
    if (!places.length) {
      this.#keepColumns([]);
      this.view.replaceChildren(runs.loaded ? emptyPage("try") : "");
      return;
    }
    if (this.built.parentNode !== this.view) this.view.replaceChildren(this.built);
    this.#keepColumns(places);
    this.#showColumns();
  }

  // A column stays where only its step is another.
  /** @param {Place[]} places */
  #keepColumns(places) {
    while (this.columns.length > places.length) {
      const column = this.columns.pop();
      column?.end();
      column?.element.remove();
    }
    places.forEach((place, i) => {
      if (!this.columns[i]) {
        const column = new Column(place, {
          pick: (of, anchor) => this.#offer(anchor, (to) => this.#change(of, to)),
          moved: (of, step) => this.#change(of, { ...of.place, step }),
          close: (of) => this.#set(this.columns.filter((each) => each !== of).map((each) => each.place)),
          answered: () => this.#showKeep(),
        });
        this.columns.push(column);
        this.holder.insertBefore(column.element, this.add);
      }
      this.columns[i].place = place;
    });
    this.add.hidden = places.length >= MOST_COLUMNS;
  }

  /** @param {Column} column @param {Place} place */
  #change(column, place) {
    this.#set(this.columns.map((each) => (each === column ? place : each.place)));
  }

  #showColumns() {
    let isOther = false;
    for (const column of this.columns) {
      const { place } = column,
        chosen = this.models.at(place);
      const before = column.chosen;
      const why = chosen || !this.models.isKnown(place.run) ? "" : this.#why(place);
      const isSame =
        before?.version.digest === chosen?.version.digest &&
        before?.version.step === chosen?.version.step &&
        before?.run === chosen?.run &&
        before?.name === chosen?.name;
      column.show(chosen, this.columns.length === 1, why);
      isOther ||= !isSame;
    }
    const first = this.columns[0]?.chosen;
    if (first) this.question.show(first.model);
    this.list.show(this.columns.flatMap(({ chosen }) => chosen ?? []));
    if (isOther) this.ask();
  }

  /** @param {Place} place */
  #why({ run, name }) {
    const problem = this.models.problems.get(run);
    if (problem) return problem;
    return runs.get(run) ? `This run has no model ${name}.` : `There is no run ${run}.`;
  }

  // --- asking ----------------------------------------------------------------------------------------------

  /** A little later: a hand draws several points meanwhile, of which each would be made small for a question. */
  askSoon() {
    const now = performance.now();
    this.changed ||= now;
    this.timer ||= this.scope.setTimeout(() => this.ask(), Math.max(0, this.asked + EVERY_MS - now));
  }

  ask() {
    let problem = "";
    this.asked = performance.now();
    const since = this.changed || this.asked;
    this.changed = 0;
    this.scope.clearTimeout(this.timer);
    this.timer = 0;
    for (const column of this.columns) {
      column.wantsSaliency = this.wantsSaliency;
      column.by = this.who.kind;
      try {
        const model = this.question.isEmpty ? null : column.chosen?.model;
        column.ask(model ? this.question.asked(model) : null, since);
      } catch (error) {
        problem ||= /** @type {Error} */ (error).message;
        column.ask(null, since);
      }
    }
    this.question.tell(problem);
    this.#showKeep();
  }

  #showKeep() {
    const top = this.columns[0]?.answer?.top ?? [];
    this.keepButton.disabled = !top.length || this.cases.isReadOnly;
    this.keepButton.title = this.cases.isReadOnly
      ? "This server is read-only: it keeps no cases."
      : this.columns[0]?.answer && !top.length
        ? "A case is kept of a model that tells classes; this one puts out other values."
        : "With what is right: every later version of the model answers it too";
  }

  // --- cases -----------------------------------------------------------------------------------------------

  #keep() {
    const { chosen, answer } = this.columns[0];
    const asked = chosen && this.question.asked(chosen.model);
    if (!chosen || !asked || !answer) return;
    const likeliest = answer.top[0]?.name ?? "";
    const classes = chosen.model.classes ?? Array.from({ length: answer.of }, (_, i) => String(i));
    askExpected(this.keepButton, classes, likeliest, async (expected, title) => {
      await this.cases.keep(chosen.run, { model: chosen.name, input: written(asked.inputs), expected, title });
      say(`Kept: expected ${expected}.`);
    });
  }

  /** @param {string} run @param {import("./cases.js").Case} of */
  #again(run, of) {
    const model = this.models.found.get(run)?.find(({ name }) => name === of.model);
    if (model) trying(() => this.question.showKept(model, of.input));
  }

  /** @param {string} run @param {import("./cases.js").Case} of @param {number} step */
  #open(run, of, step) {
    const column = this.columns.find(({ place }) => place.run === run && place.name === of.model);
    if (column) this.#change(column, { ...column.place, step });
    this.#again(run, of);
    say(`Asked at step ${format.step(step)}.`);
  }

  // --- for automation --------------------------------------------------------------------------------------

  isReady() {
    if (!runs.loaded || this.timer) return false;
    return this.columns.every(({ chosen, asking, problem }) => (chosen || problem) && !asking.isBusy);
  }

  /** As it is shown now, for automation. */
  drawn() {
    const models = [...this.models.found.values()].flat().map(({ name }) => name);
    return { columns: this.columns.map((column) => column.drawn()), cases: this.list.drawn(), models };
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 */
export const mount = (view, scope) => new TryPage(view, scope);
