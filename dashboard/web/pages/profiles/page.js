// The page of profiles: a trace in words, as a flame chart, and as a table of operations.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { parse } from "../../core/dictionary.js";
import { boot } from "../../core/state.js";
import { colour } from "../../charts/palette.js";
import { node, part } from "../../ui/dom.js";
import { emptyPage } from "../../ui/empty.js";
import { FlameChart } from "./flame.js";
import { EventPanel } from "./event_panel.js";
import { decode } from "./flame_model.js";
import { time } from "../../text/units.js";
import { OperationTable } from "./operation_table.js";

const PAGE = `
  <div class="profile-head">
    <h2 class="visually-hidden">Profile</h2><i class="dot"></i>
    <select class="select profile-which" aria-label="Which profile"></select><span class="profile-about"></span>
    <a class="text-button profile-file" download>Download the trace</a>
  </div>
  <ul class="profile-words" aria-label="In words"></ul>
  <section class="profile-card" aria-label="Flame chart">
    <div class="profile-tools">
      <label class="search">
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13.2 13.2 17 17"/>
        </svg>
        <input type="search" placeholder="Search events" aria-label="Search events" autocomplete="off"
          spellcheck="false">
      </label>
      <span class="profile-hits" role="status"></span>
      <button class="icon-button previous" hidden aria-label="Previous match" title="Previous match (Shift Enter)">
        <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M12.5 5 7.5 10l5 5"/></svg>
      </button>
      <button class="icon-button next" hidden aria-label="Next match" title="Next match (Enter)">
        <svg viewBox="0 0 20 20" aria-hidden="true"><path d="m7.5 5 5 5-5 5"/></svg>
      </button>
      <span class="bar-space"></span>
      <span class="profile-span"></span>
      <button class="icon-button out" aria-label="Zoom out" title="Zoom out (s)">
        <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M5 10h10"/></svg>
      </button>
      <button class="icon-button in" aria-label="Zoom in" title="Zoom in (w, or Ctrl and scroll)">
        <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M5 10h10M10 5v10"/></svg>
      </button>
      <button class="icon-button whole" aria-label="Show all" title="Show all (0)">
        <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 10a6 6 0 1 1 2 4.5M4 15v-3.5h3.5"/></svg>
      </button>
    </div>
    <div class="profile-body">
      <div class="profile-flame"><div class="skeleton"></div></div>
      <aside class="profile-event" aria-label="Selected event" hidden></aside>
    </div>
    <p class="profile-keys">
      drag to move · Ctrl and scroll or <kbd>w</kbd> <kbd>s</kbd> to zoom · click an event, arrows go on from it ·
      double click fits it
    </p>
  </section>
  <section class="profile-card profile-operations" aria-label="Operations"></section>`;

/** @typedef {{ run: string, tag: string, step: number, hash: string, name?: string }} Profile that was logged */
/** @typedef {{ text: string, tone: string, hint?: string, search?: string }} Sentence on a profile */

/** @param {Profile} each */
const keyOf = (each) => `${each.run}\n${each.hash}\n${each.tag}\n${each.step}`;
export class ProfilesPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, scope) {
    this.view = view;
    this.scope = scope;
    /** @type {Profile[]} */
    this.known = [];
    /** @type {Profile | null} */
    this.chosen = null;
    /** @type {import("./flame_model.js").Flame | null} */
    this.flame = null;
    /** @type {FlameChart | null} */
    this.chart = null;
    /** @type {OperationTable | null} */
    this.table = null;
    this.loading = 0;
    this.opened = 0; // ms that the last profile took from being asked for to being drawn
    this.ready = false;
    this.opening = scope.child(); // of the profile that is shown
    this.#listen(scope);
    this.list();
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(runs, runs.CHANGES, () => this.list());
    scope.on(live, "changed", ({ what }) => {
      if (what.includes("profile")) this.list();
    });
    scope.on(live, "restart", () => this.list());
    scope.on(document, "themechange", () => {
      this.chart?.picture.colours.clear();
      this.chart?.request();
    });
  }

  /** @param {string} selector */
  at(selector) {
    return part(this.view, selector, HTMLElement);
  }

  get field() {
    return part(this.view, ".profile-tools input", HTMLInputElement);
  }

  async list() {
    const wanted = runs
      .visible()
      .toReversed()
      .filter((run) => run.series.profile?.length)
      .slice(0, 40);
    if (!wanted.length) {
      this.close();
      this.ready = runs.loaded;
      this.view.replaceChildren(runs.loaded ? this.none() : "");
      return;
    }
    const answers = await Promise.all(
      wanted.map((run) => api.json("profiles", { run: run.name }).catch(() => ({ profiles: [] }))),
    );
    if (this.scope.isOver) return;
    this.known = answers.flatMap((answer) =>
      answer.profiles.map((/** @type {Omit<Profile, "run">} */ each) => ({ run: answer.run, ...each })).reverse(),
    );
    if (!this.known.length) return;
    if (!this.view.querySelector(".profile-head")) {
      this.view.innerHTML = PAGE;
      this.wire();
    }
    const select = part(this.view, ".profile-which", HTMLSelectElement);
    select.replaceChildren(
      ...this.known.map((each) => {
        const words = [each.run, each.tag, `step ${format.step(each.step)}`, each.name];
        return node("option", { value: keyOf(each), text: words.filter(Boolean).join(" · ") });
      }),
    );
    const { chosen } = this;
    const again = chosen && this.known.find((each) => keyOf(each) === keyOf(chosen));
    if (again) {
      select.value = keyOf(again);
      return;
    }
    this.open(this.known[0]);
  }

  none() {
    if (!runs.tags("profile").length) return emptyPage("profiles");
    return node("p", { class: "page-note", text: "No visible run has logged a profile. Select one in the run list." });
  }

  /** @param {Profile} which */
  async open(which) {
    const began = performance.now(),
      asked = ++this.loading;
    this.chosen = which;
    this.ready = false;
    this.close();
    part(this.view, ".profile-which", HTMLSelectElement).value = keyOf(which);
    this.at(".dot").style.background = colour(runs.index(which.run));
    const query = new URLSearchParams({ run: which.run, hash: which.hash });
    part(this.view, ".profile-file", HTMLAnchorElement).href = `${boot.prefix}/api/v1/profile/file?${query}`;
    this.at(".profile-about").textContent = "";
    this.at(".profile-words").replaceChildren();
    this.at(".profile-flame").replaceChildren(node("div", { class: "skeleton" }));
    let flame;
    try {
      const answer = await api.get(`${boot.prefix}/api/v1/profile?${query}`);
      if (!answer.ok) throw new Error(parse(await answer.text()).error);
      flame = decode(await answer.arrayBuffer());
    } catch (error) {
      if (asked !== this.loading || this.scope.isOver) return;
      const { message } = /** @type {Error} */ (error);
      const text = `This profile could not be read. ${message}`;
      this.at(".profile-flame").replaceChildren(node("p", { class: "page-note", text }));
      this.ready = true;
      return;
    }
    if (asked !== this.loading || this.scope.isOver) return;
    this.show(which, flame);
    this.opening.requestAnimationFrame(() => {
      this.opened = performance.now() - began;
      this.ready = true;
    });
  }

  /**
   * @param {Profile} which
   * @param {import("./flame_model.js").Flame} flame
   */
  show(which, flame) {
    const { head } = flame;
    const holder = this.at(".profile-flame");
    holder.replaceChildren();
    const chart = new FlameChart(
      holder,
      flame,
      { onSelect: (event) => panel.show(event), onView: (span) => this.showSpan(span) },
      this.opening,
    );
    const panel = new EventPanel(this.at(".profile-event"), chart, { run: which.run, hash: which.hash });
    this.flame = flame;
    this.chart = chart;
    holder.style.height = `${Math.min(Math.max(chart.tall + 30, 120), Math.max(320, innerHeight * 0.56))}px`;
    chart.request();
    const about = [format.plural(head.count, "event"), time(head.end), [...new Set(head.devices)].join(", ")];
    if (head.skipped) about.push(`${format.plural(head.skipped, "event")} that cannot be shown`);
    this.at(".profile-about").textContent = about.filter(Boolean).join(" · ");
    this.at(".profile-words").replaceChildren(...head.words.map((words) => this.sentence(words)));
    this.field.value = "";
    this.look("");
    this.table = new OperationTable(this.at(".profile-operations"), head.operations, (name) => this.find(name));
  }

  // Searches as if it had been typed, and goes to the first that is found.
  /** @param {string} text */
  find(text) {
    this.field.value = text;
    this.look(text);
    this.step(true);
  }

  /** @param {Sentence} sentence */
  sentence({ text, tone, hint, search }) {
    const says = node("span", { class: "says", text });
    const item = node("li", { "data-tone": tone }, says);
    if (hint) item.append(node("span", { class: "hint", text: hint }));
    if (search) {
      const show = says.appendChild(node("button", { class: "text-button", text: "Show" }));
      show.addEventListener("click", () => this.find(search));
    }
    return item;
  }

  /**
   * @param {string} text
   * @returns {number} ms that it took
   */
  look(text) {
    const began = performance.now();
    const total = this.flame?.search(text) ?? 0;
    const searching = Boolean(text.trim());
    this.at(".profile-hits").textContent = searching ? format.plural(total, "match").replace("matchs", "matches") : "";
    this.at(".profile-tools .next").hidden = this.at(".profile-tools .previous").hidden = !total;
    this.chart?.request();
    return performance.now() - began;
  }

  /** @param {boolean} forward */
  step(forward) {
    if (!this.flame || !this.chart) return;
    const next = this.flame.nextMatch(this.chart.selected, forward);
    if (next >= 0) this.chart.select(next, true);
  }

  /** @param {[from: number, to: number]} span µs */
  showSpan([from, to]) {
    this.at(".profile-span").textContent = `${time(to - from)} in view`;
  }

  wire() {
    const which = part(this.view, ".profile-which", HTMLSelectElement);
    which.addEventListener("change", () => {
      const found = this.known.find((each) => keyOf(each) === which.value);
      if (found) this.open(found);
    });
    const input = this.field;
    input.addEventListener("input", () => {
      if (this.flame) this.look(input.value);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && this.flame) {
        this.step(!event.shiftKey);
        event.preventDefault();
      }
      if (event.key === "Escape" && this.flame) {
        input.value = "";
        this.look("");
      }
    });
    this.at(".profile-tools .next").addEventListener("click", () => this.step(true));
    this.at(".profile-tools .previous").addEventListener("click", () => this.step(false));
    this.at(".profile-tools .in").addEventListener("click", () => this.chart?.zoom(0.6));
    this.at(".profile-tools .out").addEventListener("click", () => this.chart?.zoom(1 / 0.6));
    this.at(".profile-tools .whole").addEventListener("click", () => this.chart?.showAll());
  }

  close() {
    this.opening.leave();
    this.opening = this.scope.child();
    this.table = this.chart = this.flame = null;
    if (this.view.querySelector(".profile-event")) this.at(".profile-event").hidden = true;
  }

  isReady() {
    return this.ready;
  }

  // For automation and for measuring.
  drawn() {
    const { chart, flame, opened, table } = this;
    return { chart, flame, opened, table, look: (/** @type {string} */ text) => this.look(text) };
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 */
export const mount = (view, scope) => new ProfilesPage(view, scope);
