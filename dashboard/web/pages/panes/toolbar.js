// The row above the board: whose panes, which of them, and what is to be known of both.
import * as state from "../../core/state.js";
import { node } from "../../ui/dom.js";

/** @param {{ choose: () => void, tile: () => void, more: (anchor: HTMLElement) => void }} acts */
export function toolbar(acts) {
  const chooser = node("button", { type: "button", class: "button environment-chooser", "aria-haspopup": "dialog" });
  chooser.addEventListener("click", acts.choose);
  const search = node("input", {
    type: "search",
    id: "pane-filter",
    placeholder: "Filter panes",
    "aria-label": "Filter panes: words or /regex/",
    title: "Words or /regex/ (/)",
    autocomplete: "off",
    spellcheck: "false",
  });
  search.value = state.get("panes");
  search.addEventListener("input", () => state.set("panes", search.value));
  const tile = node("button", { type: "button", class: "tool-button", text: "Tile" });
  tile.title = "All windows side by side, in the order in which they came";
  tile.addEventListener("click", acts.tile);
  const more = node("button", { type: "button", class: "tool-button", text: "Manage", "aria-haspopup": "menu" });
  more.title = "A copy of the environment, or a file of it";
  more.addEventListener("click", () => acts.more(more));
  const about = node("span", { class: "panes-about", role: "status" });
  const parts = [chooser, node("label", { class: "media-search" }, search), tile, more, about];
  return { bar: node("div", { class: "media-tools panes-tools" }, ...parts), chooser, search, tile, about };
}
