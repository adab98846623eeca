// The kept cases of the models that are asked, a row each; and the form that keeps another.
import { node } from "../../ui/dom.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import { close, popover, trying } from "../../ui/menu.js";
import { CaseRow } from "./case_row.js";

/** @typedef {import("./cases.js").Cases} Cases */
/** @typedef {import("./cases.js").Case} Case */
/** @typedef {import("./askers.js").Chosen} Chosen */
/** @typedef {{ again(run: string, of: Case): void, open(run: string, of: Case, step: number): void }} Hear */
/** @typedef {{ row: CaseRow, run: string }} Held */

export class CaseList {
  /**
   * @param {Cases} cases
   * @param {import("../../core/scope.js").Scope} scope
   * @param {Hear} hear
   */
  constructor(cases, scope, hear) {
    this.cases = cases;
    this.hear = hear;
    /** @type {Map<string, Held>} */
    this.rows = new Map(); // by id
    /** @type {Chosen[]} */
    this.chosen = [];
    this.list = node("ol", { class: "try-case-list" });
    this.count = node("span", { class: "try-case-count" });
    this.note = node("p", { class: "try-note" });
    this.element = node(
      "section",
      { class: "try-cases", "aria-label": "Kept cases" },
      node("h2", {}, "Kept cases", this.count),
      this.note,
      this.list,
    );
    const sized = scope.observer(new ResizeObserver(() => this.draw()));
    sized.observe(this.list);
    scope.on(cases, "change", () => this.arrange());
  }

  /** @param {Chosen[]} chosen whose cases are shown */
  show(chosen) {
    this.chosen = chosen;
    this.cases.follow(chosen.map(({ run }) => run));
    this.arrange();
  }

  arrange() {
    const shown = new Map(this.chosen.map((each) => [`${each.run}\n${each.name}`, each]));
    const wanted = [...shown.values()].flatMap((each) =>
      this.cases
        .of(each.run)
        .filter((one) => one.model === each.name)
        .map((one) => ({ one, ...each })),
    );
    const ids = new Set(wanted.map(({ one }) => one.id));
    for (const [id, { row }] of this.rows)
      if (!ids.has(id)) {
        row.element.remove();
        this.rows.delete(id);
      }
    wanted.forEach(({ one, run, model }, i) => {
      const { row } = this.rows.get(one.id) ?? this.#made(one, run);
      if (this.list.children[i] !== row.element) this.list.insertBefore(row.element, this.list.children[i] ?? null);
      row.show(this.cases.answers.get(one.id), model);
    });
    const several = new Set(wanted.map(({ run }) => run)).size > 1;
    for (const { row, run } of this.rows.values())
      row.element.dataset.run = several ? (runs.get(run)?.shown ?? run) : "";
    this.count.textContent = wanted.length ? format.step(wanted.length) : "";
    this.note.textContent = wanted.length
      ? ""
      : this.cases.isReadOnly
        ? "None. This server is read-only: it keeps none."
        : "A case that is kept is a small test: every version of the model answers it, each later one as it is logged.";
  }

  /** @param {Case} one @param {string} run */
  #made(one, run) {
    const row = new CaseRow(one, {
      again: (of) => this.hear.again(run, of),
      open: (of, step) => this.hear.open(run, of, step),
      letGo: this.cases.isReadOnly ? null : (of) => trying(() => this.cases.letGo(run, of.id)),
    });
    const held = { row, run };
    this.rows.set(one.id, held);
    return held;
  }

  draw() {
    for (const { row } of this.rows.values()) row.draw();
  }

  drawn() {
    return [...this.rows.values()].map(({ row, run }) => ({ run, ...row.drawn() }));
  }
}

const FEW = 16; // classes side by side; more are a list with a field

/**
 * Asks what is expected, and has it kept.
 * @param {HTMLElement} anchor
 * @param {string[]} classes
 * @param {string} likeliest
 * @param {(expected: string, title: string) => Promise<unknown>} keep
 */
export function askExpected(anchor, classes, likeliest, keep) {
  const title = node("input", {
    type: "text",
    maxlength: 200,
    placeholder: "Name, if it needs one",
    autocomplete: "off",
  });
  title.setAttribute("aria-label", "Name of the case");
  const form = node("form", { class: "try-keep" }, node("p", { class: "try-keep-title", text: "What is it?" }));
  /** @param {string} expected */
  const act = async (expected) => {
    const isKept = await trying(() => keep(expected, title.value).then(() => true));
    if (!isKept) return;
    close();
    anchor.setAttribute("aria-expanded", "false");
    anchor.focus();
  };
  if (classes.length && classes.length <= FEW) {
    const chips = classes.map((name) => {
      const chip = node("button", { type: "button", class: "chip", text: name, title: `Keep it as ${name}` });
      chip.classList.toggle("is-likeliest", name === likeliest);
      chip.addEventListener("click", () => act(name));
      return chip;
    });
    form.append(node("div", { class: "chips", role: "group", "aria-label": "What is expected" }, ...chips), title);
    form.addEventListener("submit", (event) => event.preventDefault());
  } else {
    const known = node(
      "datalist",
      { id: "try-classes" },
      ...classes.slice(0, 2000).map((value) => node("option", { value })),
    );
    const field = node("input", { type: "text", list: "try-classes", value: likeliest, autocomplete: "off" });
    field.setAttribute("aria-label", "What is expected");
    form.append(field, known, title, node("button", { class: "button is-main", text: "Keep" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (field.value.trim()) act(field.value.trim());
    });
  }
  popover(anchor, form, "Keep this case");
}
