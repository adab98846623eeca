// What a run printed, as it comes: with its colours, searched as one types, the newest at the end.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import { settled, spans } from "./ansi.js";
import { dictionary } from "../../core/dictionary.js";

const KEPT = 20000; // lines
const SHOWN = 2000; // of those that match: what a browser lays out at once without a pause
const PAUSE_MS = 250;

const BOX = `
  <div class="profile-tools"><h3>Console</h3><select class="select" aria-label="Run whose console is shown"></select>
    <label class="search"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13.2 13.2 17 17"/></svg><input type="search" placeholder="Search lines" aria-label="Search lines" autocomplete="off" spellcheck="false"></label>
    <span class="profile-hits" role="status"></span><span class="bar-space"></span><button class="text-button follow" hidden>Newest</button></div>
  <pre class="console-lines" tabindex="0" aria-label="What was printed"></pre>`;

export class Console {
  constructor(element, scope) {
    Object.assign(this, { element, scope, run: null, names: [], ready: false, timer: 0, frame: 0, follow: true });
    element.innerHTML = BOX;
    this.box = element.querySelector("pre");
    element.querySelector("select").addEventListener("change", (event) => this.open(event.target.value));
    element.querySelector("input").addEventListener("input", () => this.request());
    element.querySelector(".follow").addEventListener("click", () => {
      this.follow = true;
      this.request();
    });
    this.box.addEventListener("scroll", () => {
      this.follow = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 30;
      element.querySelector(".follow").hidden = this.follow;
    });
  }

  offer(runs) {
    this.element.hidden = !runs.length;
    this.names = runs.map((run) => run.name);
    const select = this.element.querySelector("select");
    select.replaceChildren(
      ...this.names.map((name) => Object.assign(document.createElement("option"), { value: name, textContent: name })),
    );
    if (!this.names.length) {
      this.ready = true;
      this.run = null;
      return;
    }
    if (this.names.includes(this.run)) select.value = this.run;
    else this.open(this.names[0]);
  }

  open(run) {
    this.run = run;
    this.cursor = dictionary();
    this.tails = new Map(); // segment and stream -> the line that has not ended
    this.lines = [];
    this.earlier = false;
    this.follow = true;
    this.load();
  }

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
      const answer = await api.json("console", { run, since: JSON.stringify(this.cursor) });
      if (run === this.run) {
        this.cursor = answer.cursor;
        this.earlier ||= answer.earlier;
        for (const piece of answer.pieces) this.#take(piece);
        if (this.lines.length > KEPT) {
          this.lines.splice(0, this.lines.length - KEPT);
          this.earlier = true;
        }
        this.problem = null;
      }
    } catch (error) {
      this.problem = error.message;
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

  #line(piece) {
    const line = { stream: piece.stream, rank: piece.rank, found: [], plain: "" };
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
    const wanted = this.element.querySelector("input").value.trim().toLowerCase();
    const matching = wanted ? this.lines.filter((line) => line.plain.toLowerCase().includes(wanted)) : this.lines;
    const shown = matching.slice(-SHOWN);
    const cut = matching.length > shown.length || (this.earlier && !wanted);
    const words = wanted
      ? `${format.plural(matching.length, "line")} of ${this.lines.length.toLocaleString("en-US")}`
      : format.plural(this.lines.length, "line");
    this.element.querySelector(".profile-hits").textContent =
      this.problem ?? `${words}${cut ? ` · the newest ${shown.length.toLocaleString("en-US")} shown` : ""}`;
    const ranks = new Set(this.lines.map((line) => line.rank)).size > 1;
    this.box.replaceChildren(
      ...shown.map((line) => {
        const row = document.createElement("span");
        row.className = `console-line${line.stream === "stderr" ? " is-error" : ""}`;
        row.title = `${format.moment(line.time)} · step ${format.step(line.step)}${line.stream === "stderr" ? " · stderr" : ""}`;
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

// A text with what was searched for marked in it.
function marked(text, look, wanted) {
  const made = [];
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
