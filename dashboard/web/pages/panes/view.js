// What shows a pane, and what it may ask of the window around it. Renderers know nothing else of the page, so that a
// report, which has no server, shows panes with the same ones.

/** @typedef {import("../../core/scope.js").Scope} Scope */
/** @typedef {import("./data.js").Pane} Pane */
/** @typedef {import("./data.js").PaneItem} PaneItem */
/** @typedef {import("../../charts/curve.js").Curve} Curve */

/**
 * Where a renderer has from what a pane's content only names.
 * @typedef {object} Source
 * @property {(pane: Pane, item: PaneItem) => string} address of the bytes of an item
 * @property {(pane: Pane) => { src?: string, srcdoc?: string }} html attributes of the frame that shows a pane's HTML
 * @property {(run: string) => string} label what a run is called
 * @property {(run: string) => number} number of its colour
 * @property {(run: string) => boolean} isLive whether it goes on
 * @property {(told: () => void, scope: Scope) => Curves} curves told: when there are more
 * @property {(card: import("../../ui/download.js").Card) => PaneFile[]} chartFiles as what a chart of ours can be saved
 * @property {(pane: Pane) => Promise<Pane | null>} seriesOf the newest value of the run's series that a pane shows, as
 *   a pane of its kind; null where it has a page of its own
 * @property {(pane: Pane) => string} link to the page that shows a pane's series; "" for none
 */

/**
 * A tag of a run from some step on, from the first where that is undefined.
 * @typedef {{ run: string, tag: string, start: number | undefined }} Wished
 */
/**
 * Curves of scalars, as far as they are known.
 * @typedef {object} Curves
 * @property {(wished: Wished[]) => void} want these, and none besides
 * @property {(wished: Wished) => Curve | undefined} curve
 * @property {() => string | null} problem
 * @property {() => boolean} isIdle
 */

/**
 * @typedef {object} Frame the window of a pane
 * @property {import("../../core/scope.js").Scope} scope
 * @property {Source} source
 * @property {(event: import("./pane_events.js").PaneEvent) => void} tell the training of what somebody did
 * @property {(run: string) => boolean} isHeard whether anybody would hear of it
 */

/** @typedef {{ name: string, ending: string, make: () => Blob | Promise<Blob> }} PaneFile */

/**
 * @typedef {object} View
 * @property {HTMLElement} element fills its window
 * @property {(panes: Pane[]) => void} update panes: one, or the same of several environments where they are overlaid
 * @property {() => void} [resize] the window has another size
 * @property {() => void} [theme] the colours are others
 * @property {() => boolean} [isReady] whether what there is to be seen is drawn; at once without it
 * @property {() => PaneFile[]} [files] as what it can be saved
 */

/** @typedef {(frame: Frame) => View} Make */

/**
 * A text as a file.
 * @param {string} ending
 * @param {string} form
 * @param {() => string} text
 * @returns {PaneFile}
 */
export const textFile = (ending, form, text) => ({
  name: ending.toUpperCase(),
  ending,
  make: () => new Blob([text()], { type: form }),
});

/**
 * A colour of somebody's as far as it is one, else none: an address would be asked for.
 * @param {unknown} text
 * @returns {string | null}
 */
export const colourOf = (text) =>
  typeof text === "string" && /^(#[0-9a-f]{3,8}|[a-z]{3,20}|(rgb|hsl)a?\([\d.,%/\s]{1,60}\))$/i.test(text.trim())
    ? text.trim()
    : null;
