// What can be done with a chart: take it away as a picture or as numbers, read it as a table, make it larger.
import * as alerts from "../../core/alerts.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { menu } from "../../ui/menu.js";
import { dataTable } from "../../ui/data_table.js";
import { FORMS, download } from "../../ui/download.js";

/**
 * @param {import("./card.js").Card} card
 * @param {HTMLElement} button
 * @param {{ remove: (() => void) | null, resize: (size: [number, number] | null) => void }} acts
 */
export function cardMenu(card, button, { remove, resize }) {
  /** @type {(import("../../ui/menu.js").Item | "-")[]} */
  const items = [
    { text: "Data table", act: () => dataTable(card) },
    ...Object.keys(FORMS).map((form) => ({ text: `Download ${form}`, act: () => download(card, form) })),
    "-",
    {
      text: "Use as x axis",
      disabled: card.tags.length > 1,
      act: () => {
        state.set("metric", card.tags[0]);
        state.set("x", "metric");
      },
    },
    ...(ranked(card)
      ? [
          {
            text: "Ranks of this",
            act: () => {
              state.set("target", ["ranks", ranked(card), card.tags[0], ""]);
              state.set("page", "ranks");
            },
          },
        ]
      : []),
    { text: "Alert on this…", act: () => alerts.begin(beginning(card.tags[0])) },
    { text: "Normal size", act: () => resize(null) },
    { text: "Wide", act: () => resize([2, 0]) },
  ];
  if (remove) items.push("-", { text: "Remove this chart", act: remove });
  menu(button, items);
}

// The newest run of a card's own that several ranks log into; "" where there is none.
/** @param {import("./card.js").Card} card */
const ranked = ({ tags }) =>
  runs
    .visible()
    .toReversed()
    .find((run) => run.ranks > 1 && run.has.has(tags[0]))?.name ?? "";

// How a rule over a tag, or an expression, begins: what is no plain name stands in back quotes.
/** @param {string} tag */
function beginning(tag) {
  if (tag[0] === "=") return `${tag.slice(1).trim()} > `;
  return `${/^[A-Za-z_][\w./:-]*$/.test(tag) ? tag : `\`${tag}\``} > `;
}
