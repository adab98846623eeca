// Which keys are shortcuts of the page, and not meant for a field, a dialog or the browser.
import * as runs from "../core/runs.js";

const FIELDS = "input:not([type=checkbox]), textarea, select, [contenteditable]";

/** @param {KeyboardEvent} event */
export function isShortcut(event) {
  if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || !runs.loaded) return false;
  return !(/** @type {Element} */ (event.target).matches(FIELDS)) && !document.querySelector("dialog[open]");
}
