// Which keys are shortcuts of the page, and not meant for a field, a dialog or the browser.
import * as runs from "../core/runs.js";

/** @param {KeyboardEvent} event */
export const isShortcut = (event) =>
  !(
    /** @type {Element} */ (
      event.target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]") ||
        event.metaKey ||
        event.ctrlKey ||
        event.altKey ||
        document.querySelector("dialog[open]") ||
        event.defaultPrevented ||
        !runs.loaded
    )
  );
