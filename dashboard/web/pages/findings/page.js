// The page of findings: what went wrong in the visible runs, by kind or by run, each with its evidence.
import * as findings from "../../core/findings.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { SEVERITIES } from "../../text/finding_words.js";
import { choice, node } from "../../ui/dom.js";
import { countsOf, entriesOf, groupsOf, keyOf } from "./arrange.js";
import { Item } from "./item.js";
import { Section, place } from "./section.js";

/** @typedef {import("../../core/findings.js").Finding} Finding */
/** @typedef {import("./arrange.js").Group} Group */
/** @typedef {import("./item.js").ItemElement} ItemElement */

const FIRST_GROUPS = 30; // of a thousand runs, and as many more when asked for

export class FindingsPage {
  /**
   * @param {HTMLElement} view
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(view, scope) {
    this.view = view;
    this.scope = scope;
    /** @type {Map<string, Item>} */
    this.items = new Map(); // by key
    /** @type {Map<string, Section>} */
    this.sections = new Map(); // by what they are put together by, and group
    this.mostGroups = FIRST_GROUPS;
    this.unknown = 0; // visible runs that were not examined yet
    /** @type {string[]} */
    this.target = []; // what is to be scrolled to, until it was
    this.severity = choice(
      "Severity",
      [
        ["", "All"],
        ["error", "Errors"],
        ["warning", "Warnings"],
        ["info", "Infos"],
      ],
      state.get("severity"),
      (key) => state.set("severity", key),
    );
    this.by = choice(
      "Put together by",
      [
        ["kind", "By kind"],
        ["run", "By run"],
      ],
      state.get("findingsBy"),
      (key) => state.set("findingsBy", key),
    );
    this.said = node("p", { class: "findings-said", role: "status" });
    this.bar = node("div", { class: "findings-bar" }, this.severity, this.by, this.said);
    this.groups = node("div", { class: "findings-groups" });
    this.none = node("div", { class: "empty", hidden: true });
    this.more = node("button", { type: "button", class: "button findings-more", hidden: true });
    this.more.addEventListener("click", () => {
      this.mostGroups += FIRST_GROUPS;
      this.arrange();
    });
    view.replaceChildren(node("div", { class: "findings" }, this.bar, this.none, this.groups, this.more));
    this.inSight = scope.observer(
      new IntersectionObserver(
        (entries) => {
          for (const { target, isIntersecting } of entries) {
            const { item } = /** @type {ItemElement} */ (target);
            item.setInSight(isIntersecting);
          }
          this.watch();
        },
        { root: view, rootMargin: "300px" },
      ),
    );
    this.#listen(scope);
    this.aim();
  }

  /** @param {import("../../core/scope.js").Scope} scope */
  #listen(scope) {
    scope.on(findings, "change", () => this.arrange());
    scope.on(runs, ["runs", "run", "visible"], () => this.arrange());
    scope.on(state, "severity", (key) => {
      this.severity.show(key);
      this.arrange();
    });
    scope.on(state, "findingsBy", (key) => {
      this.by.show(key);
      this.arrange();
    });
    scope.on(state, "target", () => this.aim());
    scope.on(document, "themechange", () => {
      for (const item of this.items.values()) item.redraw();
    });
  }

  // What the address, or a badge, leads to.
  aim() {
    const [page, ...target] = state.get("target");
    this.target = page === "findings" ? target : [];
    this.arrange();
  }

  arrange() {
    if (!runs.loaded) return;
    findings.wantAll();
    const visible = runs.visible().toReversed(); // the newest first, as in the list
    const known = visible.map((run) => /** @type {[string, Finding[]]} */ ([run.name, findings.known(run.name) ?? []]));
    const all = entriesOf(known, ""),
      shown = entriesOf(known, state.get("severity"));
    const isByKind = state.get("findingsBy") === "kind";
    const groups = groupsOf(shown, state.get("findingsBy"));
    this.unknown = visible.filter((run) => run.findings === null && run.status !== "unreadable").length;
    this.#count(all, visible.length);
    this.#sayNone(all.length, shown.length);
    const [run = "", id = ""] = this.target,
      target = id ? keyOf(run, id) : (shown.find((entry) => entry.run === run)?.key ?? "");
    if (target)
      this.mostGroups = Math.max(
        this.mostGroups,
        groups.findIndex(({ entries }) => entries.some(({ key }) => key === target)) + 1,
      );
    const sections = groups.slice(0, this.mostGroups).map((group) => this.#section(group, isByKind, target));
    place(
      this.groups,
      sections.map(({ element }) => element),
    );
    this.groups.dataset.by = state.get("findingsBy");
    const left = groups.length - this.mostGroups;
    this.more.hidden = left <= 0;
    const of = format.plural(groups.length, isByKind ? "kind" : "run");
    this.more.textContent = `Show ${Math.min(left, FIRST_GROUPS)} more of ${of}`;
    this.#forget(sections);
    if (target) this.#goTo(target);
  }

  /** @param {Group} group @param {boolean} isByKind @param {string} target */
  #section(group, isByKind, target) {
    const key = `${isByKind}\n${group.key}`;
    const section =
      this.sections.get(key) ??
      new Section((entry) => {
        let item = this.items.get(entry.key);
        if (item) item.update(entry);
        else {
          item = new Item(entry, { onNeeds: () => this.watch() }, this.scope.child());
          this.items.set(entry.key, item);
          this.inSight.observe(item.element);
        }
        return item;
      });
    this.sections.set(key, section);
    section.show(isByKind ? group : { ...group, title: runs.get(group.key)?.shown ?? group.key }, isByKind, target);
    return section;
  }

  // Lets go of what is not shown any more.
  /** @param {Section[]} sections */
  #forget(sections) {
    const there = new Set(sections);
    for (const [key, section] of this.sections) if (!there.has(section)) this.sections.delete(key);
    const shown = new Set(sections.flatMap(({ items }) => items));
    for (const [key, item] of this.items)
      if (!shown.has(item)) {
        this.inSight.unobserve(item.element);
        item.scope.leave();
        this.items.delete(key);
      }
    this.watch();
  }

  /** @param {string} key */
  #goTo(key) {
    const item = this.items.get(key);
    if (!item) return;
    this.target = [];
    item.element.scrollIntoView({ block: "center" });
    item.element.focus({ preventScroll: true });
    item.element.classList.add("is-target");
  }

  /** @param {import("./arrange.js").Entry[]} all @param {number} visible */
  #count(all, visible) {
    const counts = countsOf(all);
    const numbers = [all.length, ...counts];
    const words = ["All", "Errors", "Warnings", "Infos"];
    this.severity.querySelectorAll("button").forEach((button, i) => {
      const text = `${words[i]} ${format.step(numbers[i])}`;
      if (button.textContent !== text) button.textContent = text;
    });
    const having = new Set(all.map(({ run }) => run)).size;
    const left = this.unknown ? ` · ${format.step(this.unknown)} not examined yet` : "";
    const text = findings.problem
      ? `The findings could not be read: ${findings.problem}`
      : `${format.step(having)} of ${format.plural(visible, "visible run")}${left}`;
    if (this.said.textContent !== text) this.said.textContent = text;
    this.bar.hidden = !all.length && !findings.problem && !this.unknown;
  }

  /** @param {number} all @param {number} shown */
  #sayNone(all, shown) {
    this.none.hidden = shown > 0 || !findings.isIdle();
    if (this.none.hidden) return;
    const severity = state.get("severity");
    const elsewhere = runs.all().filter((run) => !runs.isVisible(run.name) && findings.known(run.name)?.length).length;
    const [title, text] = all
      ? [
          `No ${SEVERITIES.find((each) => each === severity)} was found`,
          `${format.plural(all, "finding")} of another severity.`,
        ]
      : elsewhere
        ? ["Nothing was found in the visible runs", `${format.plural(elsewhere, "hidden run")} with findings.`]
        : this.unknown
          ? ["Nothing was found so far", `${format.plural(this.unknown, "visible run")} not examined yet.`]
          : ["Nothing was found", "Runs are looked at while they log: what goes wrong in one appears here by itself."];
    const parts = [node("h2", { text: title }), node("p", { text })];
    if (all || elsewhere) {
      const button = node("button", {
        type: "button",
        class: "button",
        text: all ? "Show all findings" : "Show all runs",
      });
      button.addEventListener("click", () => {
        if (all) return state.set("severity", "");
        state.set("runs", "");
        state.set("off", []);
      });
      parts.push(node("p", {}, button));
    }
    this.none.replaceChildren(...parts);
  }

  watch() {
    this.scope.watch(new Set([...this.items.values()].flatMap((item) => item.watched)));
  }

  isReady() {
    const sighted = [...this.items.values()].filter((item) => item.sight);
    return (
      runs.loaded &&
      findings.isIdle() &&
      (this.items.size === 0 || sighted.length > 0) &&
      sighted.every((item) => item.isReady)
    );
  }

  // For automation: what is shown, group by group.
  drawn() {
    return [...this.sections.values()].map((section) => ({
      title: section.title.textContent,
      findings: section.items.map(({ run, finding, charts, histogram }) => ({
        run,
        id: finding.id,
        dismissed: finding.dismissed !== null,
        charts: (charts ?? []).map((chart) => ({
          tags: chart.tags,
          window: chart.chart.zoom,
          lines: chart.chart.view?.lines.length ?? 0,
        })),
        histogram: histogram?.tag ?? null,
      })),
    }));
  }
}

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 */
export const mount = (view, scope) => new FindingsPage(view, scope);
