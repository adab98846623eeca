// Which keys are shortcuts of the page, and not meant for a field, a dialog or the browser.
import * as runs from "../core/runs.js";

const FIELDS = "input:not([type=checkbox]), textarea, select, [contenteditable]";

/** @param {KeyboardEvent} event */
export function isShortcut(event) {
  const { target } = event;
  if (target instanceof Element && target.matches(FIELDS)) return false;
  if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return false;
  return runs.loaded && !document.querySelector("dialog[open]");
}
