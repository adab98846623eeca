// What the page of curves follows while it is there: runs, settings, and cards out of sight for long.
import * as marks from "../../core/marks.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import * as worths from "../../core/worths.js";
import { tooMany } from "./kept_cards.js";

const TIDY_MS = 5000;
const BRIEF = 12; // ms for which cards ask in one go

/**
 * @param {import("./page.js").CurvesPage} page
 * @param {import("../../core/scope.js").Scope} scope
 */
export function follow(page, scope) {
  let waiting = 0;
  // Each asks for what it lacks: of very many runs one after the other, and the page answers in between.
  const loadAll = () => {
    scope.clearTimeout(waiting);
    const cards = [...page.sighted()];
    const next = () => {
      const until = performance.now() + BRIEF;
      do {
        const card = cards.shift();
        if (card?.sight) card.load();
      } while (cards.length && performance.now() < until);
      if (cards.length) waiting = scope.setTimeout(next);
    };
    next();
  };
  scope.on(runs, "highlight", ({ names }) => {
    for (const card of page.sighted()) card.setHighlight(names);
  });
  scope.on(runs, "chosen", () => page.redrawAll());
  scope.on(runs, ["runs", "run", "visible"], () => {
    page.arrange();
    loadAll();
    page.redrawAll();
  });
  scope.on(state, ["tags", "cards"], () => page.arrange());
  scope.on(state, "pins", (pins) => {
    for (const card of page.cards.values()) card.setPinned(pins.includes(card.id));
    page.arrange();
  });
  scope.on(
    state,
    ["smooth", "kind", "logx", "logy", "robust", "marks", "group", "centre", "band", "colourBy", "dashBy"],
    () => page.redrawAll(),
  );
  scope.on(state, ["many", "best", "bestBy", "pinned"], () => page.redrawAll());
  scope.on(worths, "change", () => page.redrawAll());
  scope.on(state, "logx", () => {
    for (const card of page.cards.values()) card.respace();
  });
  scope.on(state, "joinRanks", () => {
    for (const card of page.cards.values()) {
      card.replace(); // other curves of the same tags
      card.redraw(true);
    }
  });
  scope.on(state, "base", () => {
    for (const card of page.sighted()) {
      card.load();
      card.redraw(true);
    }
  });
  scope.on(state, ["x", "metric"], () => {
    const worked = page.axis === "metric" || state.get("x") === "metric";
    page.axis = state.get("x");
    for (const card of page.cards.values()) {
      if (card.chart?.zoom || card.chart?.zoomY) card.chart.setZoom(null);
      if (worked)
        card.replace(); // the places of the points themselves are others now
      else if (state.get("logx")) card.respace();
      card.redraw(true);
    }
    page.watch();
  });
  scope.on(state, "pace", () => {
    for (const card of page.sighted()) card.chart?.drawOver();
  });
  scope.on(marks, "change", () => page.redrawAll());
  scope.on(document, "themechange", () => page.redrawAll());
  scope.on(document, "keydown", (event) => {
    if (event.key !== "Escape") return;
    const large = [...page.cards.values()].find((card) => card.element.classList.contains("is-large"));
    if (large) large.setLarge(false);
    else if (state.get("chosen").length && !document.querySelector("dialog, .menu")) state.set("chosen", []);
  });
  // Cards out of sight for long are let go of; they come back when scrolled to.
  scope.setInterval(() => {
    for (const card of tooMany(page.cards.values())) card.unmount();
  }, TIDY_MS);
}
