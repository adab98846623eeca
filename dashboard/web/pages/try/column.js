// A column: a model at a step, what it sees of the question, and what it answers.
import { node } from "../../ui/dom.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import { colour } from "../../charts/palette.js";
import { ASKERS } from "./askers.js";
import { Bars } from "./bars.js";
import { draw, legend } from "./saliency.js";
import { Newest } from "./newest.js";
import { painted } from "./pictures.js";

/** @typedef {import("./askers.js").Place} Place */
/** @typedef {import("./askers.js").Chosen} Chosen */
/** @typedef {import("./askers.js").Answer} Answer */
/** @typedef {import("./question.js").Asked} Asked */
/**
 * What a column tells the page: another model or step was chosen, it is to go, it was answered.
 * @typedef {{
 *   pick(column: Column, anchor: HTMLElement): void, moved(column: Column, step: number | null): void,
 *   close(column: Column): void, answered(column: Column): void,
 * }} Hear
 */
/** @typedef {import("./askers.js").Kind} Kind */
/** @typedef {{ asked: Asked, chosen: Chosen, saliency: boolean, since: number, by: Kind }} Asking */

export class Column {
  /**
   * @param {Place} place
   * @param {Hear} hear
   */
  constructor(place, hear) {
    this.place = place;
    this.hear = hear;
    /** @type {Chosen | null} */
    this.chosen = null;
    /** @type {Answer | null} */
    this.answer = null;
    /** @type {import("./askers.js").Kind} */
    this.by = ASKERS[0];
    this.wantsSaliency = false;
    this.isCleared = true; // nothing is asked: an answer that comes yet is to a question that was taken back
    this.answers = 0; // so far
    this.since = 0; // when the oldest change was made that the last answer is the first to know of
    this.trip = 0; // ms from the question to its answer
    this.problem = "";
    /** @type {Newest<Asking, Answer>} */
    this.asking = new Newest({
      ask: (question) => this.#ask(question),
      answered: (answer, question) => this.#answered(answer, question),
      failed: (error) => this.#fail(error.message),
    });
    this.dot = node("i", { class: "dot", "aria-hidden": "true" });
    this.run = node("span", { class: "try-run" });
    this.name = node("span", { class: "try-name" });
    this.pick = node(
      "button",
      { type: "button", class: "try-pick", "aria-haspopup": "menu", title: "Another run or model" },
      this.dot,
      this.run,
      this.name,
    );
    this.pick.addEventListener("click", () => this.hear.pick(this, this.pick));
    this.close = node("button", { type: "button", class: "tool-button try-close", text: "Remove" });
    this.close.addEventListener("click", () => this.hear.close(this));
    this.slider = node("input", { type: "range", min: 0, step: 1 });
    this.slider.addEventListener("input", () => this.#slid());
    this.at = node("output", { class: "try-step" });
    this.newest = node("button", { type: "button", class: "text-button", text: "newest" });
    this.newest.addEventListener("click", () => this.hear.moved(this, null));
    this.steps = node("div", { class: "try-steps" }, this.slider, this.at, this.newest);
    this.picture = node("canvas", { class: "try-seen", role: "img" });
    this.over = node("canvas", { class: "try-over", "aria-hidden": "true" });
    this.caption = node("p", { class: "try-caption" });
    this.legend = node("div", { class: "try-legends" });
    this.sight = node(
      "div",
      { class: "try-sight" },
      node("div", { class: "try-frame" }, this.picture, this.over),
      node("div", { class: "try-beside" }, this.caption, this.legend),
    );
    this.bars = new Bars();
    this.said = node("p", { class: "try-said" });
    this.wrong = node("p", { class: "wrong" });
    this.element = node(
      "article",
      { class: "try-column" },
      node("header", {}, this.pick, this.close),
      this.steps,
      this.sight,
      this.bars.element,
      this.wrong,
      this.said,
    );
    this.show(null, true);
  }

  #slid() {
    const versions = this.chosen?.model.versions ?? [],
      at = Number(this.slider.value);
    // At the right end it follows what comes.
    this.hear.moved(this, at >= versions.length - 1 ? null : (versions[at]?.step ?? null));
  }

  /**
   * Shows which model it is, and at which step.
   * @param {Chosen | null} chosen null while nothing is known of it, or there is none
   * @param {boolean} isOnly whether it stands alone
   * @param {string} [why] there is none
   */
  show(chosen, isOnly, why = "") {
    if (this.chosen?.run !== chosen?.run || this.chosen?.name !== chosen?.name) this.bars.forget();
    this.chosen = chosen;
    const { run, name } = this.place,
      about = runs.get(run);
    const shown = about?.shown ?? run;
    this.dot.style.background = colour(runs.index(run));
    this.run.textContent = shown;
    this.name.textContent = name;
    this.pick.title = `${shown} · ${name}: another run or model`;
    this.element.setAttribute("aria-label", `Answer of ${name} of ${shown}`);
    this.close.hidden = isOnly;
    this.close.setAttribute("aria-label", `Remove ${name} of ${shown}`);
    const versions = chosen?.model.versions ?? [];
    this.steps.hidden = !chosen;
    if (chosen) {
      this.slider.hidden = versions.length < 2;
      this.slider.max = String(versions.length - 1);
      this.slider.value = String(versions.indexOf(chosen.version));
      this.slider.setAttribute("aria-label", `Step of ${name} of ${shown}`);
      this.slider.setAttribute("aria-valuetext", `step ${format.step(chosen.version.step)}`);
      this.at.textContent = `step ${format.step(chosen.version.step)}`;
      this.at.title = `logged ${format.moment(chosen.version.wall_time)}`;
      this.newest.hidden = versions.length < 2;
      this.newest.setAttribute("aria-pressed", String(this.place.step === null));
      this.newest.title = this.place.step === null ? "Follows the newest version" : "Follow the newest version";
    }
    if (why) this.#fail(why);
  }

  /**
   * Asks, unless the same is asked already; an answer that comes for an older question is shown until the newer comes.
   * @param {Asked | null} asked
   * @param {number} since when it was changed, by performance.now()
   */
  ask(asked, since) {
    this.#see(asked);
    this.isCleared = !asked || !this.chosen;
    if (!asked || !this.chosen) {
      this.asking.waiting = null;
      this.answer = null;
      this.bars.nothing();
      this.said.textContent = "";
      this.#fail("");
      this.over.hidden = true;
      this.legend.replaceChildren();
      return;
    }
    const waits = this.asking.waiting?.question;
    this.asking.put({
      since: waits?.since ?? since,
      asked,
      chosen: this.chosen,
      saliency: this.wantsSaliency && asked.levels !== null,
      by: this.by,
    });
  }

  // What the network sees.
  /** @param {Asked | null} asked */
  #see(asked) {
    const how = asked?.how,
      levels = asked?.levels;
    this.sight.hidden = !how || !levels;
    if (!how || !levels) return;
    const [height, width] = how.size;
    painted(levels, width, height, false, this.picture);
    const words = `${height} × ${width}, ${how.scale.map((end) => format.brief(end)).join(" … ")}`;
    this.picture.setAttribute("aria-label", `What the network sees: ${words}`);
    this.caption.textContent = `Seen as ${words}`;
    this.over.hidden ||= !this.wantsSaliency;
  }

  /** @param {Asking} question @returns {Promise<Answer>} */
  async #ask({ asked, chosen, saliency, by }) {
    const began = performance.now();
    // The version that is known, and not whatever is the newest by then: what is drawn says of which step it is.
    const answer = await by.make({ ...chosen, step: chosen.version.step }).ask(asked.inputs, { saliency });
    this.trip = performance.now() - began;
    return answer;
  }

  /** @param {Answer} answer @param {Asking} question */
  #answered(answer, { by, saliency, since }) {
    if (!this.chosen || this.isCleared) return;
    this.answer = answer;
    this.answers += 1;
    this.since = since;
    this.#fail("");
    this.bars.show(answer);
    this.element.dataset.step = String(answer.step);
    this.said.textContent = `${milliseconds(answer.ms)} by the ${by.title.toLowerCase()}`;
    const [all, own] = [this.trip, answer.ms].map(milliseconds);
    this.said.title = `Step ${format.step(answer.step)}. Answered after ${all}, of which the network took ${own}.`;
    this.#overlay(answer, saliency);
    this.hear.answered(this);
  }

  /** @param {Answer} answer @param {boolean} isWanted */
  #overlay({ saliency, why, top }, isWanted) {
    this.over.hidden = !saliency || !isWanted || !this.wantsSaliency;
    if (saliency && isWanted) {
      draw(this.over, saliency);
      this.legend.replaceChildren(
        saliency.values.some((value) => value !== 0)
          ? legend(saliency.signed, top[0]?.name ?? "")
          : node("p", {
              class: "hint",
              text: "No place speaks for it or against it: the gradient is 0, or no number.",
            }),
      );
    } else this.legend.replaceChildren(...(isWanted && why ? [node("p", { class: "hint", text: why })] : []));
  }

  /** @param {string} sentence */
  #fail(sentence) {
    this.problem = sentence;
    if (this.wrong.textContent !== sentence) this.wrong.textContent = sentence;
    if (sentence) {
      this.answer = null;
      this.bars.nothing();
      this.said.textContent = "";
      this.over.hidden = true;
    }
  }

  /** As it is shown now, for automation. */
  drawn() {
    const { answer, chosen, place } = this;
    return {
      run: place.run,
      name: place.name,
      step: answer?.step ?? null,
      newest: chosen?.model.versions.at(-1)?.step ?? null,
      top: answer?.top ?? [],
      saliency: !this.over.hidden,
      trip: this.trip,
      answers: this.answers,
      since: this.since,
      problem: this.problem,
    };
  }

  end() {
    this.asking.end();
  }
}

/** @param {number} ms */
const milliseconds = (ms) => `${ms < 10 ? format.value(ms, 2) : Math.round(ms)} ms`;
