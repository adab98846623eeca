// What can be done with a pane and with an environment, as menus.
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { offer } from "../../ui/download.js";
import { menu, say, trying } from "../../ui/menu.js";
import { discard, rename } from "../../ui/run_menu.js";

/** @typedef {import("./pane_window.js").PaneWindow} PaneWindow */

/** @param {string} title */
const fileName = (title) => {
  const name = title.replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "-").replace(/^[-.]+|-+$/g, "");
  return [...name].slice(0, 80).join("") || "pane";
};

/** @param {string} text */
const copy = (text) =>
  navigator.clipboard.writeText(text).then(
    () => say("The link is copied."),
    () => say("The browser does not allow copying here."),
  );

/**
 * The address of what is shown, with some of it changed.
 * @param {Record<string, string>} words as an address has them
 */
export function linkTo(words = Object.create(null)) {
  const all = new URLSearchParams(state.words());
  all.set("p", "panes");
  for (const [name, value] of Object.entries(words))
    if (value) all.set(name, value);
    else all.delete(name);
  return `${location.origin}${location.pathname}?${all}`;
}

/**
 * @param {PaneWindow} window
 * @param {HTMLElement} anchor
 * @param {MouseEvent | null} at
 * @param {{ isOpen: boolean, enlarge: () => void, rename: () => void, close: () => void, envs: string[] }} page isOpen:
 *   whether the server takes changes
 */
export function paneMenu(window, anchor, at, { isOpen, enlarge, rename, close, envs }) {
  const { entry, view } = window;
  const files = window.isLoaded ? (view.files?.() ?? []) : [];
  menu(
    anchor,
    [
      { text: window.isLarge ? "Back to its place" : "Fill the page", hint: "Enter", act: enlarge },
      { text: "Copy a link to it", act: () => copy(linkTo({ env: envs.join("\n"), pane: entry.key })) },
      ...(files.length ? [/** @type {const} */ ("-")] : []),
      ...files.map(({ name, ending, make }) => ({
        text: `Download ${name}`,
        act: () => trying(async () => offer(await make(), `${fileName(entry.title)}.${ending}`)),
      })),
      "-",
      { text: "Title…", disabled: !isOpen, act: rename },
      { text: "Close", hint: "Delete", disabled: !isOpen, act: close },
    ],
    at,
  );
}

/**
 * @param {HTMLElement} anchor
 * @param {string} name of the run
 * @param {{ readOnly: boolean, fork: () => void, save: () => void }} page
 */
export function environmentMenu(anchor, name, { readOnly, fork, save }) {
  const run = runs.get(name);
  if (!run) return;
  menu(anchor, [
    { text: "Copy a link", act: () => copy(linkTo({ env: name, pane: "" })) },
    { text: "Save as one HTML file", act: save },
    "-",
    { text: "Copy it as another…", disabled: readOnly, act: fork },
    { text: "Rename…", disabled: readOnly, act: () => rename(run) },
    { text: "Delete", disabled: readOnly, act: () => discard([name]) },
  ]);
}
