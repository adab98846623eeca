// The legend of the page of curves, below its tools: which value or group has which colour and dash.
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { legendOf } from "../../charts/line_set.js";
import { row } from "../../charts/legend.js";

const MOST = 24; // entries of a key; a palette has no more to tell apart

/**
 * @param {string[]} names
 * @param {string[]} chosen
 */
const isAll = (names, chosen) => names.length === chosen.length && names.every((name) => chosen.includes(name));

export class LegendBar {
  /** @param {import("../../core/scope.js").Scope} scope */
  constructor(scope) {
    const bar = document.createElement("div");
    bar.className = "legend-bar";
    bar.hidden = true;
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Legend: what colours and dashes mean");
    document.getElementById("tools")?.after(bar);
    this.bar = bar;
    this.said = "";
    const paint = () => this.paint();
    scope.on(state, ["group", "colourBy", "dashBy"], paint);
    scope.on(runs, runs.CHANGES, paint);
    scope.on(document, "themechange", paint);
    scope.onLeave(() => bar.remove());
    paint();
  }

  paint() {
    const wanted = !state.get("one") && runs.loaded;
    const parts = wanted
      ? legendOf(runs.visible(), {
          group: state.get("group"),
          colourBy: state.get("colourBy"),
          dashBy: state.get("dashBy"),
        })
      : [];
    this.bar.hidden = !parts.length;
    const chosen = state.get("chosen");
    const now = JSON.stringify([parts, chosen, document.documentElement.dataset.theme]);
    if (now === this.said) return;
    this.said = now;
    const at = [...this.bar.querySelectorAll("button")].findIndex((each) => each.matches(":focus"));
    this.bar.replaceChildren(
      ...parts.map(({ key, entries }) => {
        const part = document.createElement("div");
        part.className = "legend-part";
        part.append(Object.assign(document.createElement("span"), { className: "legend-key", textContent: key }));
        for (const { names, ...entry } of entries.slice(0, MOST)) {
          const on = isAll(names, chosen);
          part.append(
            row(
              { ...entry, on, off: chosen.length > 0 && !names.some((name) => chosen.includes(name)) },
              {
                pick: () => state.set("chosen", on ? [] : names),
                enter: () => runs.highlight(names),
                leave: () => runs.highlight(null),
              },
            ),
          );
        }
        if (entries.length > MOST)
          part.append(
            Object.assign(document.createElement("span"), {
              className: "legend-key",
              textContent: `and ${entries.length - MOST} more`,
            }),
          );
        return part;
      }),
    );
    if (at >= 0) this.bar.querySelectorAll("button")[at]?.focus();
  }
}
