// What a run printed, as it comes: with its colours, searched as one types, the newest at the end.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import { settled, spans } from "./ansi.js";
import { dictionary } from "../../core/dictionary.js";

const KEPT = 20000; // lines
const SHOWN = 2000; // of those that match: what a browser lays out at once without a pause
const PAUSE_MS = 250;

/** @typedef {{ text: string, look: string }} Span */
/**
 * What was printed at once.
 * @typedef {object} Piece
 * @property {string} segment
 * @property {string} stream stdout | stderr
 * @property {number | null} rank
 * @property {string} text
 * @property {number} step
 * @property {number} wall_time
 */
/** @typedef {Pick<Piece, "stream" | "rank" | "step"> & { time: number, found: Span[], plain: string }} Line */
/** @typedef {{ text: string, look: string, line: Line | null }} Tail a line that has not ended */

const BOX = `
  <div class="profile-tools"><h3>Console</h3><select class="select" aria-label="Run whose console is shown"></select>
    <label class="search"><svg viewBox="0 0 20 20" aria-hidden="true"><path
      d="M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13.2 13.2 17 17"/></svg><input type="search"
      placeholder="Search lines" aria-label="Search lines" autocomplete="off" spellcheck="false"></label>
    <span class="profile-hits" role="status"></span><span class="bar-space"></span><button
      class="text-button follow" hidden>Newest</button></div>
  <pre class="console-lines" tabindex="0" aria-label="Output of the run"></pre>`;

export class Console {
  /**
   * @param {HTMLElement} element
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(element, scope) {
    this.element = element;
    this.scope = scope;
    /** @type {string | null} */
    this.run = null;
    /** @type {string[]} */
    this.names = []; // of runs that have printed something
    this.ready = false;
    this.asking = false;
    this.stale = false; // there was news while an answer was under way
    this.problem = "";
    this.timer = 0;
    this.frame = 0;
    this.follow = true; // whether the newest line stays in sight
    this.cursor = dictionary(); // how far it was read, as the server says it
    /** @type {Map<string, Tail>} */
    this.tails = new Map(); // by segment and stream
    /** @type {Line[]} */
    this.lines = [];
    this.earlier = false; // whether there are lines before those
    element.innerHTML = BOX;
    const { box, select, input, newest } = partsOf(element);
    this.box = box;
    this.select = select;
    this.input = input;
    select.addEventListener("change", () => this.open(select.value));
    input.addEventListener("input", () => this.request());
    newest.addEventListener("click", () => {
      this.follow = true;
      this.request();
    });
    box.addEventListener("scroll", () => {
      this.follow = box.scrollHeight - box.scrollTop - box.clientHeight < 30;
      newest.hidden = this.follow;
    });
  }

  /** @param {{ name: string }[]} runs */
  offer(runs) {
    this.element.hidden = !runs.length;
    this.names = runs.map((run) => run.name);
    this.select.replaceChildren(...this.names.map((name) => new Option(name, name)));
    if (!this.names.length) {
      this.ready = true;
      this.run = null;
      return;
    }
    if (this.run !== null && this.names.includes(this.run)) this.select.value = this.run;
    else this.open(this.names[0]);
  }

  /** @param {string} run */
  open(run) {
    this.run = run;
    this.cursor = dictionary();
    this.tails = new Map();
    this.lines = [];
    this.earlier = false;
    this.follow = true;
    this.load();
  }

  /** @param {string | null} [run] */
  news(run = this.run) {
    if (run === this.run && run)
      this.timer ||= this.scope.setTimeout(() => {
        this.timer = 0;
        this.load();
      }, PAUSE_MS);
  }

  async load() {
    const run = this.run;
    if (this.asking) {
      this.stale = true;
      return;
    }
    this.asking = true;
    try {
      /** @type {{ cursor: Record<string, any>, earlier: boolean, pieces: Piece[] }} */
      const answer = await api.json("console", { run, since: JSON.stringify(this.cursor) });
      if (run === this.run) {
        this.cursor = answer.cursor;
        this.earlier ||= answer.earlier;
        for (const piece of answer.pieces) this.#take(piece);
        if (this.lines.length > KEPT) {
          this.lines.splice(0, this.lines.length - KEPT);
          this.earlier = true;
        }
        this.problem = "";
      }
    } catch (error) {
      this.problem = /** @type {Error} */ (error).message;
    }
    if (this.scope.isOver) return;
    this.asking = false;
    this.ready = true;
    this.request();
    if (this.stale || run !== this.run) {
      this.stale = false;
      this.load();
    }
  }

  /** @param {Piece} piece */
  #take(piece) {
    const key = `${piece.segment} ${piece.stream}`;
    const tail = this.tails.get(key) ?? { text: "", look: "", line: null };
    const parts = (tail.text + piece.text).split("\n");
    parts.forEach((text, i) => {
      const ended = i < parts.length - 1;
      if (!ended && !text) {
        tail.text = "";
        tail.line = null;
        return;
      }
      tail.line ??= this.#line(piece);
      const { found, look } = spans(settled(text), tail.look);
      Object.assign(tail.line, {
        found,
        plain: found.map((each) => each.text).join(""),
        step: piece.step,
        time: piece.wall_time,
      });
      if (ended) {
        tail.look = look;
        tail.line = null;
      } else tail.text = text;
    });
    this.tails.set(key, tail);
  }

  /** @param {Piece} piece */
  #line(piece) {
    const { stream, rank, step, wall_time: time } = piece;
    /** @type {Line} */
    const line = { stream, rank, step, time, found: [], plain: "" };
    this.lines.push(line);
    return line;
  }

  request() {
    this.frame ||= this.scope.requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  draw() {
    if (!this.run) return;
    const wanted = this.input.value.trim().toLowerCase();
    const matching = wanted ? this.lines.filter((line) => line.plain.toLowerCase().includes(wanted)) : this.lines;
    const shown = matching.slice(-SHOWN);
    const cut = matching.length > shown.length || (this.earlier && !wanted);
    const words = wanted
      ? `${format.plural(matching.length, "line")} of ${this.lines.length.toLocaleString("en-US")}`
      : format.plural(this.lines.length, "line");
    const said = this.element.querySelector(".profile-hits");
    const about = `${words}${cut ? ` · showing the last ${shown.length.toLocaleString("en-US")}` : ""}`;
    if (said) said.textContent = this.problem || about;
    const ranks = new Set(this.lines.map((line) => line.rank)).size > 1;
    this.box.replaceChildren(
      ...shown.map((line) => {
        const row = document.createElement("span");
        row.className = `console-line${line.stream === "stderr" ? " is-error" : ""}`;
        const stderr = line.stream === "stderr" ? " · stderr" : "";
        row.title = `${format.moment(line.time)} · step ${format.step(line.step)}${stderr}`;
        if (ranks)
          row.append(
            Object.assign(document.createElement("span"), {
              className: "console-rank",
              textContent: `${line.rank ?? "–"} `,
            }),
          );
        for (const { text, look } of line.found) row.append(...marked(text, look, wanted));
        row.append("\n");
        return row;
      }),
    );
    if (this.follow) this.box.scrollTop = this.box.scrollHeight;
  }
}

/** @param {HTMLElement} element with BOX in it */
const partsOf = (element) => ({
  box: /** @type {HTMLPreElement} */ (element.querySelector("pre")),
  select: /** @type {HTMLSelectElement} */ (element.querySelector("select")),
  input: /** @type {HTMLInputElement} */ (element.querySelector("input")),
  newest: /** @type {HTMLButtonElement} */ (element.querySelector(".follow")),
});

// A text with what was searched for marked in it.
/**
 * @param {string} text
 * @param {string} look
 * @param {string} wanted in lower case
 */
function marked(text, look, wanted) {
  /** @type {HTMLElement[]} */
  const made = [];
  /** @param {string} words */
  const plain = (words) => {
    if (words) made.push(Object.assign(document.createElement("span"), { className: look, textContent: words }));
  };
  if (!wanted) {
    plain(text);
    return made;
  }
  const lower = text.toLowerCase();
  let at = 0;
  for (let found = lower.indexOf(wanted); found >= 0; found = lower.indexOf(wanted, at)) {
    plain(text.slice(at, found));
    made.push(
      Object.assign(document.createElement("mark"), {
        className: look,
        textContent: text.slice(found, found + wanted.length),
      }),
    );
    at = found + wanted.length;
  }
  plain(text.slice(at));
  return made;
}
