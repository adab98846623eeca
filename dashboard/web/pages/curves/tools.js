// The page of curves' own tools: how lines are drawn and grouped, charts of one's own, saved views, files.
import "./legend_bar.js";
import * as api from "../../core/api.js";
import * as curves from "./page.js";
import * as format from "../../text/format.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { downloadDrawn, downloadPoints, downloadSheet } from "../../ui/download.js";
import { check, field, section, select, words } from "../../ui/form.js";
import { keysOf } from "../../text/config.js";
import { ask, dialog, menu, popover, say, trying } from "../../ui/menu.js";

const place = document.getElementById("own-tools");
const button = (text, label, act) => {
  const made = place.appendChild(
    Object.assign(document.createElement("button"), { className: "tool-button", textContent: text, title: label }),
  );
  made.setAttribute("aria-haspopup", "true");
  made.addEventListener("click", () => act(made));
  return made;
};

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

// --- charts of one's own -------------------------------------------------------------------------------------

export async function newChart() {
  const shelf = await trying(() => api.json("shelf"));
  if (!shelf) return;
  const form = document.createElement("form");
  form.method = "dialog";
  const text = form.appendChild(
    Object.assign(document.createElement("textarea"), {
      rows: 4,
      placeholder: "train/loss\nval/loss\n= val/loss - train/loss",
      spellcheck: false,
    }),
  );
  text.setAttribute("aria-label", "Tags and expressions, one a line");
  form.append(
    Object.assign(document.createElement("p"), {
      className: "hint",
      textContent:
        "A tag a line. A line that begins with = is an expression: + - * / ^, log, exp, sqrt, abs, min, max, cummin, cummax; a space before an operator.",
    }),
  );
  const known = form.appendChild(document.createElement("div"));
  known.className = "chips";
  const add = (name, line) => {
    const chip = known.appendChild(
      Object.assign(document.createElement("button"), {
        type: "button",
        className: "chip",
        textContent: name,
        title: line,
      }),
    );
    chip.addEventListener("click", () => {
      text.value += `${text.value && !text.value.endsWith("\n") ? "\n" : ""}${line}`;
      text.focus();
    });
  };
  for (const [name, line] of Object.entries(shelf.expression)) add(name, `= ${line}`);
  // What the cards show comes first: with hundreds of tags the one that is meant is among them.
  const offered = [...new Set([...curves.inView().flatMap((card) => card.tags), ...runs.tagsInSight("scalar")])].filter(
    (tag) => !runs.isExpression(tag),
  );
  for (const tag of offered.slice(0, 60)) add(tag, tag);
  const name = form.appendChild(
    Object.assign(document.createElement("input"), {
      placeholder: "Keep the expression by a name (if you like)",
      disabled: shelf.read_only,
    }),
  );
  name.setAttribute("aria-label", "Name to keep the expression by");
  const wrong = form.appendChild(Object.assign(document.createElement("p"), { className: "wrong" }));
  wrong.setAttribute("role", "alert");
  form.append(
    Object.assign(document.createElement("button"), { className: "button is-main", textContent: "Add the chart" }),
  );
  const box = dialog("New chart", form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const lines = text.value
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
    const expressions = lines.filter(runs.isExpression).map((line) => line.slice(1).trim());
    try {
      if (!lines.length) throw new Error("Name at least one tag.");
      const unknown = lines.filter((line) => line[0] !== "=" && !runs.tags("scalar").includes(line));
      if (unknown.length) throw new Error(`No run has logged ${unknown.join(", ")}.`);
      for (const each of expressions) await api.json("expressions", { text: each });
      if (name.value.trim() && expressions.length)
        await api.post("shelf", { kind: "expression", name: name.value.trim(), value: expressions[0] });
    } catch (error) {
      wrong.textContent = error.message;
      return;
    }
    box.close();
    const id = JSON.stringify(lines.map((line) => (runs.isExpression(line) ? `= ${line.slice(1).trim()}` : line)));
    if (!state.get("cards").includes(id)) state.set("cards", [...state.get("cards"), id]);
    document.getElementById("view").scrollTop = 0;
  });
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

const lines = button("Lines", "How lines are drawn", lineTools);
document.addEventListener("metricwanted", () => lineTools(lines)?.focus());
export const groups = button("Groups", "Groups, baseline, colours", groupTools);
button("New chart", "Several tags in one chart, or an expression", newChart);
button("Views", "Saved views", views);
// --- all at once ---------------------------------------------------------------------------------------------

const POINTS = { csv: "CSV", json: "JSON", parquet: "Parquet", html: "a report (HTML)" };

// Of the runs that are selected, or else shown, and the tags that the filter lets through.
function downloads(anchor) {
  const chosen = state.get("chosen").filter((name) => runs.get(name));
  const names = chosen.length ? chosen : runs.visible().map(({ name }) => name),
    tags = curves.tagsShown();
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
      act: () => trying(() => curves.withAll((cards) => downloadSheet(cards, form))),
    })),
    "-",
    ...["CSV", "JSON"].map((form) => ({
      text: `Lines in view as ${form}`,
      act: () => downloadDrawn(curves.inView(), form),
    })),
  ]);
}

button("Download", "All charts, or every point, at once", downloads);

// What is switched on somewhere behind a button shows on it.
function mark() {
  const [lines, group] = place.children;
  lines.classList.toggle(
    "is-on",
    state.get("kind") !== "ema" ||
      state.get("x") === "metric" ||
      state.get("logx") ||
      state.get("robust") ||
      !state.get("marks"),
  );
  group.classList.toggle(
    "is-on",
    ["group", "base", "colourBy", "dashBy"].some((key) => state.get(key)),
  );
}
state.on(["kind", "x", "logx", "robust", "marks", "group", "base", "colourBy", "dashBy"], mark);
mark();
