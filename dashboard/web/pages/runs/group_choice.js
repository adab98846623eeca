// The list in which the settings are chosen that runs are put together by.
import * as choice from "../../core/choice.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { keysOf } from "../../text/config.js";
import { naturally } from "../../text/name_order.js";
import { node } from "../../ui/dom.js";
import { popover } from "../../ui/menu.js";

const MOST = 60; // that are offered at once

/** @param {HTMLElement} button */
export function chooseGroups(button) {
  const differing = keysOf(runs.all());
  const rest = naturally(choice.fieldsNow().settings()).filter((key) => !differing.includes(key));
  const all = [...[...differing, ...rest].map((key) => `config:${key}`), "status", "group"];
  const search = node("input", { type: "search", placeholder: "Find a setting", "aria-label": "Find a setting" });
  const list = node("div", { class: "column-list" });
  const show = () => {
    const text = search.value.trim().toLowerCase();
    const found = all.filter((key) => key.toLowerCase().includes(text));
    list.replaceChildren(
      ...found.slice(0, MOST).map((key) => {
        const tick = node("input", { type: "checkbox" });
        tick.checked = state.get("tableBy").includes(key);
        tick.addEventListener("change", () => {
          const now = state.get("tableBy");
          state.set("tableBy", tick.checked ? [...now, key] : now.filter((each) => each !== key));
        });
        return node("label", { class: "check" }, tick, key.slice(key.indexOf(":") + 1));
      }),
    );
    if (found.length > MOST) list.append(node("p", { class: "hint", text: `and ${found.length - MOST} more` }));
  };
  search.addEventListener("input", show);
  show();
  popover(button, node("div", { class: "tool-sheet" }, search, list), "Group by");
}
