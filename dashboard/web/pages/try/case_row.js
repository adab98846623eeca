// A case as a row: what was asked, what is expected, and a cell for each version's answer, to which new ones come.
import { node } from "../../ui/dom.js";
import * as format from "../../text/format.js";
import { css } from "../../charts/palette.js";
import { cellsOf, cellWords, kindOf, summary } from "./cells.js";
import { levelsOf } from "./kept_input.js";
import { painted } from "./pictures.js";
import { percent } from "./ranking.js";
import { wantedBy } from "./signature.js";

/** @typedef {import("./cases.js").Case} Case */
/** @typedef {import("./cases.js").Answers} Answers */
/**
 * again: the case is asked on the page; open: a version is looked at; letGo: it is not kept any longer; null where it
 * has to be.
 * @typedef {{
 *   again(of: Case): void, open(of: Case, step: number): void, letGo: ((of: Case) => void) | null,
 * }} Hear
 */

const HEIGHT = 28; // px
const WIDEST = 9; // px of a cell
const NARROWEST = 3;

export class CaseRow {
  /**
   * @param {Case} of
   * @param {Hear} hear
   */
  constructor(of, hear) {
    this.of = of;
    this.hear = hear;
    /** @type {Answers | null} */
    this.answers = null;
    this.at = -1; // the version that the keyboard is at
    this.picture = node("canvas", { class: "try-thumb", width: 1, height: 1, hidden: true, "aria-hidden": "true" });
    const name = of.title || of.expected;
    this.again = node(
      "button",
      { type: "button", class: "try-case", title: "Ask it again", "aria-label": `Ask again: ${name}` },
      this.picture,
      node("span", { class: "try-case-name", text: name, title: name }),
      node("span", { class: "try-case-expected", text: of.title ? `expected ${of.expected}` : "expected" }),
    );
    this.again.addEventListener("click", () => hear.again(of));
    this.strip = node("canvas", { class: "try-strip", tabindex: 0, role: "slider", height: HEIGHT });
    this.sum = node("span", { class: "try-sum" });
    this.last = node("span", { class: "try-last" });
    this.gone = node("button", { type: "button", class: "tool-button", text: "Remove" });
    this.gone.setAttribute("aria-label", `Remove the case ${name}`);
    this.gone.hidden = !hear.letGo;
    this.gone.addEventListener("click", () => hear.letGo?.(of));
    this.element = node(
      "li",
      { class: "try-case-row" },
      this.again,
      this.strip,
      node("span", { class: "try-case-said" }, this.last, this.sum),
      this.gone,
    );
    this.#listen();
  }

  #listen() {
    this.strip.addEventListener("pointermove", (event) => {
      const cell = this.#cellAt(event);
      this.strip.title = cell === null || !this.answers ? "" : cellWords(this.answers, cell, this.of.expected);
    });
    this.strip.addEventListener("click", (event) => this.#open(this.#cellAt(event)));
    this.strip.addEventListener("keydown", (event) => {
      const count = this.answers?.steps.length ?? 0;
      const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -count, End: count }[
        /** @type {"Home"} */ (event.key)
      ];
      if (event.key === "Enter") this.#open(this.at);
      else if (step) this.#move(Math.max(0, Math.min(count - 1, this.at + step)));
      else return;
      event.preventDefault();
    });
  }

  /** @param {number | null} at */
  #open(at) {
    const step = at === null ? undefined : this.answers?.steps[at];
    if (step !== undefined) this.hear.open(this.of, step);
  }

  /** @param {number} at */
  #move(at) {
    this.at = at;
    this.#speak();
    this.draw();
  }

  /** @param {MouseEvent} event */
  #cellAt(event) {
    if (!this.answers) return null;
    const cells = this.#cells(),
      { left, width } = this.strip.getBoundingClientRect();
    const i = Math.floor((event.clientX - left) / this.#size(cells.length, width));
    return cells[i] ? cells[i].to : null;
  }

  #cells() {
    const most = Math.max(1, Math.floor((this.strip.clientWidth || 300) / NARROWEST));
    return this.answers ? cellsOf(this.answers, this.of.expected, most) : [];
  }

  // The width of a cell; the first is at the left, where the strip begins.
  /** @param {number} count @param {number} width */
  #size(count, width) {
    return Math.min(WIDEST, width / Math.max(1, count));
  }

  /**
   * @param {Answers | undefined} answers
   * @param {import("./signature.js").Model | undefined} model
   */
  show(answers, model) {
    if (model && this.picture.hidden) this.#picture(model);
    if (!answers) return;
    if (this.at < 0 || this.at === (this.answers?.steps.length ?? 0) - 1) this.at = answers.steps.length - 1;
    this.answers = answers;
    const { p, top, steps } = answers,
      last = steps.length - 1;
    const is = last < 0 ? "none" : kindOf(p[last], top[last], this.of.expected);
    this.last.dataset.is = is;
    const marks = { right: "✓", wrong: "✕", nan: "", none: "" };
    this.last.textContent = last < 0 || p[last] === null ? "–" : `${marks[is]} ${percent(p[last])}`;
    this.sum.textContent =
      summary(answers, this.of.expected) + (answers.more ? ` · ${format.step(answers.more)} left` : "");
    this.#speak();
    this.draw();
  }

  #speak() {
    const { strip, answers, at } = this;
    const count = answers?.steps.length ?? 0;
    strip.setAttribute("aria-label", `Answers to ${this.of.title || this.of.expected} by version`);
    strip.setAttribute("aria-valuemin", "0");
    strip.setAttribute("aria-valuemax", String(Math.max(0, count - 1)));
    strip.setAttribute("aria-valuenow", String(Math.max(0, at)));
    strip.setAttribute("aria-valuetext", answers && count ? cellWords(answers, at, this.of.expected) : "none yet");
  }

  /** @param {import("./signature.js").Model} model */
  async #picture(model) {
    const wanted = wantedBy(model).find(({ kind }) => kind === "picture");
    const how = wanted?.preprocess;
    if (!wanted || !how) return;
    this.picture.hidden = false;
    try {
      painted(await levelsOf(this.of.input[wanted.input.name], how), how.size[1], how.size[0], false, this.picture);
    } catch {
      this.picture.hidden = true; // kept of another shape than the model has now: its row says so
    }
  }

  draw() {
    const width = this.strip.clientWidth || 300,
      ratio = devicePixelRatio || 1;
    Object.assign(this.strip, { width: Math.round(width * ratio), height: Math.round(HEIGHT * ratio) });
    const context = /** @type {CanvasRenderingContext2D} */ (this.strip.getContext("2d"));
    context.scale(ratio, ratio);
    const cells = this.#cells(),
      size = this.#size(cells.length, width);
    const colours = { right: css("--good"), wrong: css("--bad"), nan: css("--bad"), none: css("--line-strong") };
    const gap = size > 4 ? 1 : 0;
    cells.forEach(({ from, to, p, is }, i) => {
      const x = i * size,
        high = p === null || Number.isNaN(p) ? 0 : Math.max(2, p * HEIGHT);
      context.fillStyle = css("--hover");
      context.fillRect(x, 0, size - gap, HEIGHT);
      context.fillStyle = colours[is];
      context.globalAlpha = is === "right" ? 0.72 : 1;
      context.fillRect(x, HEIGHT - high, size - gap, high);
      // Seen without colours.
      context.globalAlpha = 1;
      if (is !== "right") context.fillRect(x, 0, size - gap, is === "wrong" ? 3 : HEIGHT / 2 - 6);
      if (this.at >= from && this.at <= to && this.strip.matches(":focus-visible")) {
        context.strokeStyle = css("--text");
        context.strokeRect(x + 0.5, 0.5, Math.max(1, size - gap - 1), HEIGHT - 1);
      }
    });
  }

  /** As it is shown now, for automation. */
  drawn() {
    const { of, answers } = this;
    return { id: of.id, expected: of.expected, title: of.title, cells: answers?.steps.length ?? 0, answers };
  }
}
