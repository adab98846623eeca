// What can be done with runs: name, tag, note, colour, baseline, stop and pause, delete with undo.
import * as api from "../core/api.js";
import * as commands from "../core/commands.js";
import * as findings from "../core/findings.js";
import * as runs from "../core/runs.js";
import * as state from "../core/state.js";
import * as format from "../text/format.js";
import { ask, close, menu, say, trying } from "./menu.js";
import { colour, COLOURS } from "../charts/palette.js";
import { countsInWords } from "../text/finding_words.js";
import { showFindings } from "./findings_badge.js";

/** @typedef {import("../core/runs.js").Run} Run */

// Of one run, or of all that are selected when it is one of them.
/**
 * @param {import("./menu.js").Anchor} anchor
 * @param {string} name
 * @param {MouseEvent | null} [at]
 */
export function runMenu(anchor, name, at = null) {
  const chosen = state.get("chosen");
  const names = chosen.length > 1 && chosen.includes(name) ? chosen : [name];
  const run = runs.get(name),
    one = names.length === 1;
  if (!run) return;
  menu(
    anchor,
    [
      {
        text: one ? "Only this" : "Only these",
        hint: "i",
        act: () => runs.showOnly(names),
      },
      {
        text: state.get("base") === name ? "No baseline" : "Compare all to this",
        disabled: !one,
        act: () => state.set("base", state.get("base") === name ? "" : name),
      },
      pinning(names),
      "-",
      { text: "Rename…", disabled: !one, act: () => rename(run) },
      { text: "Tags…", act: () => tag(names, run) },
      { text: "Note…", disabled: !one, act: () => note(run) },
      colours(names, run),
      "-",
      ...(one ? going(anchor, run, at) : []),
      ...(one && findings.isBad(run)
        ? [{ text: "Findings", hint: countsInWords(findings.countsOf(run)), act: () => showFindings(name) }]
        : []),
      {
        text: "Copy the name",
        act: () =>
          navigator.clipboard.writeText(names.join("\n")).catch(() => say("The browser does not allow copying here.")),
      },
      { text: one ? "Delete" : `Delete ${names.length} runs`, act: () => discard(names) },
    ],
    at,
  );
}

// Runs that are pinned are lines above every density.
/** @param {string[]} names */
function pinning(names) {
  const pinned = state.get("pinned");
  const all = names.every((name) => pinned.includes(name));
  return {
    text: all ? "Unpin from charts" : "Pin on charts",
    act: () =>
      state.set("pinned", all ? pinned.filter((name) => !names.includes(name)) : [...new Set([...pinned, ...names])]),
  };
}

// What a run that is going on can be asked at once; all else is on the page of controls.
/**
 * @param {import("./menu.js").Anchor} anchor
 * @param {Run} run
 * @param {MouseEvent | null} at
 * @returns {(import("./menu.js").Item | "-")[]}
 */
function going(anchor, run, at) {
  if (run.status !== "running" || commands.isReadOnly()) return [];
  /** @param {string} name @param {unknown} value @param {string} done */
  const ask = (name, value, done) =>
    trying(async () => {
      await commands.send(run.name, name, value);
      say(done);
    });
  const stop = () => ask("stop", null, `Asked ${run.shown} to stop: it ends where it reads run.should_stop.`);
  return [
    {
      text: run.paused ? "Go on" : "Pause",
      act: () => ask("paused", !run.paused, `Asked ${run.shown} to ${run.paused ? "go on" : "pause"}.`),
    },
    {
      text: "Stop…",
      act: () =>
        menu(
          anchor,
          [
            { text: "Stop the training", act: stop },
            { text: "Cancel", act: () => {} },
          ],
          at,
        ),
    },
    "-",
  ];
}

/** @param {Run} run */
export async function rename(run) {
  const text = await ask("Name of the run", run.shown, { hint: `Stored as ${run.name}, which stays.` });
  if (text !== null)
    await trying(() => runs.say([run.name], "name", text.trim() && text.trim() !== run.name ? text.trim() : null));
}

/**
 * @param {string[]} names
 * @param {Run} run
 */
export async function tag(names, run) {
  const text = await ask("Tags", (run.said?.tags ?? []).join(", "), { hint: "Words, with commas between them." });
  if (text === null) return;
  const tags = text
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
  await trying(() => runs.say(names, "tags", tags.length ? tags : null));
}

/** @param {Run} run */
export async function note(run) {
  const text = await ask(`Note on ${run.shown}`, run.said?.note ?? "", { lines: 6 });
  if (text !== null) await trying(() => runs.say([run.name], "note", text.trim() || null));
}

/** @param {string[]} names */
export async function discard(names) {
  await trying(async () => {
    await api.post("trash", { runs: names });
    state.set(
      "chosen",
      state.get("chosen").filter((name) => !names.includes(name)),
    );
    say(`${format.plural(names.length, "run")} deleted.`, () =>
      trying(() => api.post("trash", { runs: names, restore: true })),
    );
  });
}

/**
 * @param {string[]} names
 * @param {Run} run
 */
function colours(names, run) {
  const box = document.createElement("div");
  box.className = "swatches";
  for (let i = 0; i < COLOURS; i++) {
    const button = box.appendChild(document.createElement("button"));
    button.style.background = colour(i);
    button.setAttribute("role", "menuitemradio");
    button.setAttribute("aria-checked", String(run.said?.colour === i));
    button.setAttribute("aria-label", `Colour ${i + 1}`);
    button.addEventListener("click", () => {
      trying(() => runs.say(names, "colour", run.said?.colour === i ? null : i));
      close();
    });
  }
  return box;
}
