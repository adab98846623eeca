// The page of profiles: a trace in words, as a flame chart, and as a table of operations.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { parse } from "../../core/dictionary.js";
import { boot } from "../../core/state.js";
import { colour } from "../../charts/palette.js";
import { emptyPage } from "../../ui/empty.js";
import { FlameChart } from "./flame.js";
import { brief, decode } from "./flame_model.js";
import { time } from "../../text/units.js";
import { OperationTable } from "./operation_table.js";

const PAGE = `
  <div class="profile-head"><h2 class="visually-hidden">Profile</h2><i class="dot"></i><select class="select profile-which" aria-label="Which profile"></select><span class="profile-about"></span><a class="text-button profile-file" download>Download the trace</a></div>
  <ul class="profile-words" aria-label="In words"></ul>
  <section class="profile-card" aria-label="Flame chart">
    <div class="profile-tools">
      <label class="search"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13.2 13.2 17 17"/></svg><input type="search" placeholder="Search events" aria-label="Search events" autocomplete="off" spellcheck="false"></label>
      <span class="profile-hits" role="status"></span>
      <button class="icon-button previous" hidden aria-label="Previous match" title="Previous match (Shift Enter)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M12.5 5 7.5 10l5 5"/></svg></button>
      <button class="icon-button next" hidden aria-label="Next match" title="Next match (Enter)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="m7.5 5 5 5-5 5"/></svg></button>
      <span class="bar-space"></span>
      <span class="profile-span"></span>
      <button class="icon-button out" aria-label="Zoom out" title="Zoom out (s)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M5 10h10"/></svg></button>
      <button class="icon-button in" aria-label="Zoom in" title="Zoom in (w, or Ctrl and wheel)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M5 10h10M10 5v10"/></svg></button>
      <button class="icon-button whole" aria-label="Show all" title="Show all (0)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 10a6 6 0 1 1 2 4.5M4 15v-3.5h3.5"/></svg></button>
    </div>
    <div class="profile-body"><div class="profile-flame"><div class="skeleton"></div></div><aside class="profile-event" aria-label="Selected event" hidden></aside></div>
    <p class="profile-keys">drag to move · Ctrl and wheel or <kbd>w</kbd> <kbd>s</kbd> to zoom · click an event, arrows walk on from it · double click fits it</p>
  </section>
  <section class="profile-card profile-operations" aria-label="Operations"></section>`;

const keyOf = (each) => `${each.run}\n${each.hash}\n${each.tag}\n${each.step}`;
const button = (text, act) => {
  const made = Object.assign(document.createElement("button"), { textContent: text });
  made.addEventListener("click", act);
  return made;
};

export class ProfilesPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, scope) {
    this.view = view;
    this.scope = scope;
    /** @type {any[]} */
    this.known = []; // {run, tag, step, hash, name}
    this.chosen = null;
    this.flame = null;
    this.chart = null;
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
    scope.on(document, "themechange", () => {
      this.chart?.picture.colours.clear();
      this.chart?.request();
    });
  }

  at(selector) {
    return this.view.querySelector(selector);
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
    this.known = answers.flatMap((answer) => answer.profiles.map((each) => ({ run: answer.run, ...each })).reverse());
    if (!this.known.length) return;
    if (!this.at(".profile-head")) {
      this.view.innerHTML = PAGE;
      this.wire();
    }
    const select = this.at(".profile-which");
    select.replaceChildren(
      ...this.known.map((each) => {
        const option = document.createElement("option");
        option.value = keyOf(each);
        option.textContent = `${each.run} · ${each.tag} · step ${format.step(each.step)}${each.name ? ` · ${each.name}` : ""}`;
        return option;
      }),
    );
    const again = this.chosen && this.known.find((each) => keyOf(each) === keyOf(this.chosen));
    if (again) {
      select.value = keyOf(again);
      return;
    }
    this.open(this.known[0]);
  }

  none() {
    if (!runs.tags("profile").length) return emptyPage("profiles");
    return Object.assign(document.createElement("p"), {
      className: "page-note",
      textContent: "No visible run has logged a profile. Select one in the run list.",
    });
  }

  async open(which) {
    const began = performance.now(),
      asked = ++this.loading;
    this.chosen = which;
    this.ready = false;
    this.close();
    this.at(".profile-which").value = keyOf(which);
    this.at(".dot").style.background = colour(runs.index(which.run));
    const query = new URLSearchParams({ run: which.run, hash: which.hash });
    this.at(".profile-file").href = `${boot.prefix}/api/v1/profile/file?${query}`;
    this.at(".profile-about").textContent = "";
    this.at(".profile-words").replaceChildren();
    this.at(".profile-flame").replaceChildren(Object.assign(document.createElement("div"), { className: "skeleton" }));
    let answer;
    try {
      answer = await api.get(`${boot.prefix}/api/v1/profile?${query}`);
      if (!answer.ok) throw new Error(parse(await answer.text()).error);
      this.flame = decode(await answer.arrayBuffer());
    } catch (error) {
      if (asked !== this.loading || this.scope.isOver) return;
      this.at(".profile-flame").replaceChildren(
        Object.assign(document.createElement("p"), {
          className: "page-note",
          textContent: `This profile could not be read. ${error.message}`,
        }),
      );
      this.ready = true;
      return;
    }
    if (asked !== this.loading || this.scope.isOver) return;
    this.show();
    this.opening.requestAnimationFrame(() => {
      this.opened = performance.now() - began;
      this.ready = true;
    });
  }

  show() {
    const { head } = this.flame;
    const holder = this.at(".profile-flame");
    holder.replaceChildren();
    this.chart = new FlameChart(
      holder,
      this.flame,
      {
        onSelect: (event) => this.showEvent(event),
        onView: (span) => this.showSpan(span),
      },
      this.opening,
    );
    holder.style.height = `${Math.min(Math.max(this.chart.tall + 30, 120), Math.max(320, innerHeight * 0.56))}px`;
    this.chart.request();
    const skipped = head.skipped ? ` · ${format.plural(head.skipped, "event")} that cannot be shown` : "";
    this.at(".profile-about").textContent =
      `${format.plural(head.count, "event")} · ${time(head.end)}${head.devices.length ? ` · ${[...new Set(head.devices)].join(", ")}` : ""}${skipped}`;
    this.at(".profile-words").replaceChildren(...head.words.map((words) => this.sentence(words)));
    this.at(".search input").value = "";
    this.look("");
    this.table = new OperationTable(this.at(".profile-operations"), head.operations, (name) => {
      this.at(".search input").value = name;
      this.look(name);
      this.step(true);
    });
  }

  sentence({ text, tone, hint, search }) {
    const item = document.createElement("li");
    item.dataset.tone = tone;
    const says = item.appendChild(
      Object.assign(document.createElement("span"), { className: "says", textContent: text }),
    );
    if (hint) item.append(Object.assign(document.createElement("span"), { className: "hint", textContent: hint }));
    if (search) {
      const button = says.appendChild(
        Object.assign(document.createElement("button"), { className: "text-button", textContent: "Show" }),
      );
      button.addEventListener("click", () => {
        this.at(".search input").value = search;
        this.look(search);
        this.step(true);
      });
    }
    return item;
  }

  look(text) {
    const began = performance.now();
    const total = this.flame.search(text);
    const searching = Boolean(text.trim());
    this.at(".profile-hits").textContent = searching ? format.plural(total, "match").replace("matchs", "matches") : "";
    this.at(".profile-tools .next").hidden = this.at(".profile-tools .previous").hidden = !total;
    this.chart.request();
    return performance.now() - began;
  }

  step(forward) {
    const next = this.flame.nextMatch(this.chart.selected, forward);
    if (next >= 0) this.chart.select(next, true);
  }

  showSpan([from, to]) {
    this.at(".profile-span").textContent = `${time(to - from)} in view`;
  }

  async showEvent(event) {
    const panel = this.at(".profile-event");
    panel.hidden = event < 0;
    if (event < 0) return;
    const { start, duration, own, head } = this.flame;
    const track = this.flame.trackOf(event),
      { into, out } = this.chart.links;
    const shut = button("Close", () => this.chart.select(-1));
    shut.className = "icon-button close";
    shut.textContent = "×";
    shut.setAttribute("aria-label", "Close");
    const name = Object.assign(document.createElement("h3"), { textContent: this.flame.nameOf(event) });
    const facts = document.createElement("dl");
    const fact = (key, value) =>
      facts.append(
        Object.assign(document.createElement("dt"), { textContent: key }),
        Object.assign(document.createElement("dd"), { textContent: value }),
      );
    fact("duration", time(duration[event]));
    if (own[event] < duration[event] * 0.995) fact("self", time(own[event]));
    fact("begins at", time(start[event]));
    fact("on", [track.name, track.process].filter(Boolean).join(" · "));
    if (head.categories[this.flame.category[event]]) fact("category", head.categories[this.flame.category[event]]);
    panel.replaceChildren(shut, name, facts);
    // Work is launched from the host to a GPU; on one device an arrow leads from an operation to its gradient.
    for (const [launch, lead, others] of [
      ["launched by", "comes from", into],
      ["launches", "leads to", out],
    ]) {
      for (const other of others.slice(0, 8)) {
        const title = this.flame.trackOf(other).device === track.device ? lead : launch;
        const go = button(`${title} ${brief(this.flame.nameOf(other))}`, () => this.chart.select(other, true));
        go.className = "text-button link";
        panel.append(go);
      }
    }
    try {
      const found = await api.json("profile/event", { run: this.chosen.run, hash: this.chosen.hash, id: event });
      if (this.chart?.selected !== event) return;
      for (const [key, value] of Object.entries(found))
        fact(key, typeof value === "object" ? JSON.stringify(value) : String(value));
    } catch {
      /* what the columns say is shown; the rest is not essential */
    }
  }

  wire() {
    this.at(".profile-which").addEventListener("change", (event) =>
      this.open(this.known.find((each) => keyOf(each) === event.target.value)),
    );
    const input = this.at(".profile-tools input");
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
    if (this.at(".profile-event")) this.at(".profile-event").hidden = true;
  }

  isReady() {
    return this.ready;
  }

  // For automation and for measuring.
  drawn() {
    const { chart, flame, opened, table } = this;
    return { chart, flame, opened, table, look: (text) => this.look(text) };
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 */
export const mount = (view, scope) => new ProfilesPage(view, scope);
