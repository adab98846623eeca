// What the search over runs understands, shown by searches that find something here.
import * as choice from "../core/choice.js";
import * as runs from "../core/runs.js";
import * as state from "../core/state.js";
import { isMoreBetter } from "../text/better.js";
import { isNumber, keysOf, settingsOf } from "../text/config.js";
import { close, popover } from "./menu.js";
import { node } from "./dom.js";

/** @returns {[text: string, means: string][]} */
function examples() {
  const all = runs.all(),
    key = keysOf(all).find((each) => all.some((run) => isNumber(settingsOf(run).get(each) ?? ""))),
    tag = runs.headline;
  /** @type {[string, string][]} */
  const found = [["newest 100", "the newest, and whatever comes after them"]];
  if (tag) {
    found.push([`best 20 by ${tag}`, "as it stands at any moment"]);
    found.push([`${tag}${isMoreBetter(tag) ? ">" : "<"}0.3`, "its last value; also min: max: best:"]);
  }
  if (key) {
    const values = all.map((run) => Number(settingsOf(run).get(key) ?? NaN)).filter(Number.isFinite);
    const [low, high] = values.reduce(([a, b], each) => [Math.min(a, each), Math.max(b, each)], [Infinity, -Infinity]);
    const short = key.slice(key.lastIndexOf(".") + 1),
      said = typeof choice.fieldsNow().find(short) === "object" ? short : key;
    found.push([`${said}=${low}..${high}`, "a range, its ends in it"]);
    found.push([`${said}=${low},${high}`, "one of several; * is anything"]);
  }
  found.push(["took>10min age<7d", "both; also step, size, status, tag"]);
  found.push(["-status=crashed", "all but these; -word leaves out what has it"]);
  found.push(["/seed=[02]$/", "a regular expression"]);
  return found;
}

/**
 * @param {HTMLElement} button
 * @param {HTMLInputElement} field
 */
export function searchHelp(button, field) {
  const list = node("div", { class: "help-list" });
  for (const [text, means] of examples()) {
    const line = node("button", {}, node("code", { text }), node("span", { text: means }));
    line.addEventListener("click", () => {
      state.set("runs", text);
      close();
      button.setAttribute("aria-expanded", "false");
      field.focus();
    });
    list.append(line);
  }
  const note = node("p", {
    class: "hint",
    text: "Parts with a space between hold together. The link has the filter in it.",
  });
  popover(button, node("div", { class: "help-sheet" }, list, note), "What the filter understands");
}
