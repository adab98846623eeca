// The page of curves' own tools: how lines are drawn and grouped, charts of one's own, saved views, files.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { downloadDrawn, downloadPoints, downloadSheet } from "../../ui/download.js";
import { check, field, section, select, words } from "../../ui/form.js";
import { keysOf } from "../../text/config.js";
import { newChart } from "./new_chart.js";
import { ask, menu, popover, say, trying } from "../../ui/menu.js";

// --- how lines are drawn -------------------------------------------------------------------------------------

const KINDS = [
  ["ema", "Exponential average"],
  ["gauss", "Gaussian"],
  ["mean", "Running mean"],
];

function lineTools(anchor) {
  const box = document.createElement("div");
  box.className = "tool-sheet";
  const metric = words("metric", runs.tags("scalar"), "such as tokens, or = a / b");
  metric
    .querySelector("input")
    .addEventListener("change", (event) => state.set("x", event.target.value.trim() ? "metric" : "step"));
  box.append(
    section("Smoothing", field("Kind", select("kind", KINDS))),
    section(
      "Axes",
      field("x is the metric", metric, "Empty: by step again"),
      check("logx", "log x"),
      check("robust", "Leave outliers out of the y range"),
    ),
    section("Also shown", check("marks", "Marks: notes, learning rates, resumes")),
  );
  popover(anchor, box, "Lines");
  return metric.querySelector("input");
}

function groupTools(anchor) {
  const keys = keysOf(runs.all());
  const some = [["", "–"], ...keys.map((key) => [key, key])];
  const box = document.createElement("div");
  box.className = "tool-sheet";
  box.append(
    section(
      "Groups",
      field(
        "By settings",
        words("group", ["*", ...keys, ...keys.map((key) => `-${key}`)], "lr, width"),
        "Names with commas; -seed: all but seed; * : all runs",
      ),
      field(
        "Middle",
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
          ["range", "Least to greatest"],
          ["boot", "95 % bootstrap"],
          ["none", "None"],
        ]),
      ),
    ),
    section("Comparison", field("Difference to run", words("base", runs.names(), "the baseline's name"))),
    section("Looks", field("Colour by", select("colourBy", some)), field("Dash by", select("dashBy", some))),
  );
  popover(anchor, box, "Groups");
}

// --- saved views ---------------------------------------------------------------------------------------------

async function views(anchor) {
  const shelf = await trying(() => api.json("shelf"));
  if (!shelf) return;
  const keep = (name, value) => trying(() => api.post("shelf", { kind: "view", name, value }));
  const named = Object.entries(shelf.view);
  menu(anchor, [
    ...named.map(([name, text]) => ({ text: name, act: () => state.show(String(text), []) })),
    ...(named.length ? ["-"] : []),
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
            text: "Forget a view…",
            disabled: shelf.read_only,
            act: () =>
              menu(
                anchor,
                named.map(([name, text]) => ({
                  text: `Forget “${name}”`,
                  act: async () => {
                    await keep(name, null);
                    say(`“${name}” forgotten.`, () => keep(name, text));
                  },
                })),
              ),
          },
        ]
      : []),
    { text: "Copy the link", act: () => navigator.clipboard.writeText(location.href).catch(() => say(location.href)) },
    { text: "Back to the usual", act: () => state.show("", ["page"]) },
  ]);
}

// --- all at once ---------------------------------------------------------------------------------------------

const POINTS = { csv: "CSV", json: "JSON", parquet: "Parquet", html: "a report (HTML)" };

// Of the runs that are selected, or else shown, and the tags that the filter lets through.
function downloads(page, anchor) {
  const chosen = state.get("chosen").filter((name) => runs.get(name));
  const names = chosen.length ? chosen : runs.visible().map(({ name }) => name),
    tags = page.tagsShown();
  const about = document.createElement("p");
  about.className = "menu-about";
  about.textContent = `${format.plural(names.length, chosen.length ? "selected run" : "run")}, ${format.plural(tags.length, "tag")}`;
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
      act: () => trying(() => page.withAll((cards) => downloadSheet(cards, form))),
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
    const place = document.getElementById("own-tools");
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
    scope.on(state, ["kind", "x", "logx", "robust", "marks", "group", "base", "colourBy", "dashBy"], () => this.mark());
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
        !state.get("marks"),
    );
    this.groups.classList.toggle(
      "is-on",
      ["group", "base", "colourBy", "dashBy"].some((key) => state.get(key)),
    );
  }
}
