// The page of curves' own tools: how lines are drawn and grouped, charts of one's own, saved views, files.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { downloadDrawn, downloadPoints, downloadSheet } from "../../ui/download.js";
import { LINES } from "../../charts/crowd.js";
import { check, field, section, select, words } from "../../ui/form.js";
import { keysOf } from "../../text/config.js";
import { newChart } from "./new_chart.js";
import { openShelf } from "./shelf.js";
import { part } from "../../ui/dom.js";
import { ask, menu, popover, say, trying } from "../../ui/menu.js";

// --- how lines are drawn -------------------------------------------------------------------------------------

/** @typedef {[value: string, text: string]} Choice */

/** @type {Choice[]} */
const KINDS = [
  ["ema", "Exponential moving average"],
  ["gauss", "Gaussian"],
  ["mean", "Moving average"],
];

/** @type {Choice[]} */
const MANY = [
  ["auto", "Automatic"],
  ["lines", "Lines"],
  ["density", "Density"],
  ["groups", "Groups"],
  ["quantiles", "Quantiles"],
];

/** @type {Choice[]} */
const BEST = ["0", "1", "3", "5", "10", "20"].map((count) => [count, count === "0" ? "None" : count]);

/** @param {HTMLElement} anchor */
function lineTools(anchor) {
  const box = document.createElement("div");
  box.className = "tool-sheet";
  const metric = words("metric", runs.tags("scalar"), "such as tokens, or = a / b");
  const input = part(metric, "input", HTMLInputElement);
  input.addEventListener("change", () => state.set("x", input.value.trim() ? "metric" : "step"));
  box.append(
    section("Smoothing", field("Kind", select("kind", KINDS))),
    section(
      "Axes",
      field("x is the metric", metric, "Empty: the step"),
      check("logx", "log x"),
      check("robust", "Ignore outliers in the y range"),
    ),
    section(
      "Many runs",
      field(
        "Drawn as",
        select("many", MANY),
        `A density has a shade for how many runs go through a place; it begins above ${LINES} lines.`,
      ),
      field("Best runs above it", select("best", BEST)),
      field("Best by", words("bestBy", runs.tags("scalar"), "the chart's own metric")),
    ),
    section(
      "Overlays",
      check("marks", "Marks: notes, learning rates, resumes"),
      ...(runs.haveRanks() ? [check("joinRanks", "Join ranks: their mean, from least to greatest")] : []),
    ),
  );
  popover(anchor, box, "Lines");
  return input;
}

/** @param {HTMLElement} anchor */
function groupTools(anchor) {
  const keys = keysOf(runs.all());
  /** @type {Choice[]} */
  const some = [["", "–"], ...keys.map((key) => /** @type {Choice} */ ([key, key]))];
  const box = document.createElement("div");
  box.className = "tool-sheet";
  box.append(
    section(
      "Groups",
      field(
        "By settings",
        words("group", ["*", ...keys, ...keys.map((key) => `-${key}`)], "lr, width"),
        "Comma-separated; -seed: all but seed; *: all runs",
      ),
      field(
        "Center line",
        select("centre", [
          ["mean", "Mean"],
          ["median", "Median"],
        ]),
      ),
      field(
        "Band",
        select("band", [
          ["std", "Standard deviation"],
          ["sem", "Standard error"],
          ["range", "Min to max"],
          ["boot", "95 % bootstrap"],
          ["none", "None"],
        ]),
      ),
    ),
    section("Comparison", field("Difference to run", words("base", runs.names(), "the baseline's name"))),
    section("Style", field("Colour by", select("colourBy", some)), field("Dash by", select("dashBy", some))),
  );
  popover(anchor, box, "Groups");
}

// --- saved views ---------------------------------------------------------------------------------------------

/** @param {HTMLElement} anchor */
async function views(anchor) {
  const shelf = await openShelf();
  if (!shelf) return;
  /**
   * @param {string} name
   * @param {unknown} value
   */
  const keep = (name, value) => trying(() => api.post("shelf", { kind: "view", name, value }));
  const named = Object.entries(shelf.view);
  /** @type {(import("../../ui/menu.js").Item | "-")[]} */
  const items = [
    ...named.map(([name, text]) => ({ text: name, act: () => state.show(String(text), []) })),
    ...(named.length ? [/** @type {const} */ ("-")] : []),
    {
      text: "Save this view…",
      disabled: shelf.read_only,
      act: async () => {
        const name = (await ask("Name of the view", ""))?.trim();
        if (name && (await keep(name, state.words()))) say(`Saved as “${name}”.`);
      },
    },
    ...(named.length
      ? [
          {
            text: "Delete a view…",
            disabled: shelf.read_only,
            act: () =>
              menu(
                anchor,
                named.map(([name, text]) => ({
                  text: `Delete “${name}”`,
                  act: async () => {
                    await keep(name, null);
                    say(`View “${name}” deleted.`, () => keep(name, text));
                  },
                })),
              ),
          },
        ]
      : []),
    { text: "Copy the link", act: () => navigator.clipboard.writeText(location.href).catch(() => say(location.href)) },
    { text: "Reset to defaults", act: () => state.show("", ["page"]) },
  ];
  menu(anchor, items);
}

// --- all at once ---------------------------------------------------------------------------------------------

const POINTS = { csv: "CSV", json: "JSON", parquet: "Parquet", html: "a report (HTML)" };

// Of the runs that are selected, or else shown, and the tags that the filter lets through.
/**
 * @param {import("./page.js").CurvesPage} page
 * @param {HTMLElement} anchor
 */
function downloads(page, anchor) {
  const chosen = state.get("chosen").filter((name) => runs.get(name));
  const names = chosen.length ? chosen : runs.visible().map(({ name }) => name),
    tags = page.tagsShown();
  const about = document.createElement("p");
  about.className = "menu-about";
  const some = format.plural(names.length, chosen.length ? "selected run" : "run");
  about.textContent = `${some}, ${format.plural(tags.length, "tag")}`;
  menu(anchor, [
    about,
    ...Object.entries(POINTS).map(([form, text]) => ({
      text: `Every point as ${text}`,
      disabled: !names.length || !tags.length,
      act: () => trying(() => downloadPoints(form, names, tags)),
    })),
    "-",
    ...["PNG", "SVG"].map((form) => ({
      text: `All charts as ${form}`,
      act: () =>
        trying(() =>
          page.withAll((/** @type {import("../../ui/download.js").Card[]} */ cards) => downloadSheet(cards, form)),
        ),
    })),
    "-",
    ...["CSV", "JSON"].map((form) => ({
      text: `Lines in view as ${form}`,
      act: () => downloadDrawn(page.sighted(), form),
    })),
  ]);
}

export class Tools {
  /**
   * @param {import("./page.js").CurvesPage} page
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(page, scope) {
    const place = part(document, "#own-tools", HTMLElement);
    /**
     * @param {string} text
     * @param {string} label
     * @param {(anchor: HTMLElement) => unknown} act
     */
    const button = (text, label, act) => {
      const made = place.appendChild(
        Object.assign(document.createElement("button"), { className: "tool-button", textContent: text, title: label }),
      );
      made.setAttribute("aria-haspopup", "true");
      made.addEventListener("click", () => act(made));
      return made;
    };
    this.lines = button("Lines", "How lines are drawn", lineTools);
    this.groups = button("Groups", "Groups, baseline, colours", groupTools);
    button("New chart", "Several tags in one chart, or an expression", () => newChart(page));
    button("Views", "Saved views", views);
    button("Download", "All charts, or every point, at once", (anchor) => downloads(page, anchor));
    scope.on(document, "metricwanted", () => lineTools(this.lines)?.focus());
    scope.on(
      state,
      [
        "kind",
        "x",
        "logx",
        "robust",
        "marks",
        "joinRanks",
        "many",
        "best",
        "bestBy",
        "group",
        "base",
        "colourBy",
        "dashBy",
      ],
      () => this.mark(),
    );
    scope.onLeave(() => place.replaceChildren());
    this.mark();
  }

  // What is switched on somewhere behind a button shows on it.
  mark() {
    this.lines.classList.toggle(
      "is-on",
      state.get("kind") !== "ema" ||
        state.get("x") === "metric" ||
        state.get("logx") ||
        state.get("robust") ||
        !state.get("marks") ||
        state.get("many") !== "auto" ||
        state.get("best") !== "5" ||
        state.get("bestBy") !== "" ||
        (runs.haveRanks() && !state.get("joinRanks")),
    );
    this.groups.classList.toggle(
      "is-on",
      /** @type {const} */ (["group", "base", "colourBy", "dashBy"]).some((key) => state.get(key)),
    );
  }
}
