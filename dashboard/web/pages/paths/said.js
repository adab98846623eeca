// What the page of paths says beside its pictures: which surfaces there are, formulas, how far what is computed is.
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { part } from "../../ui/dom.js";
import { progress } from "./surface.js";

// Formula and progress of what is computed.
/**
 * @param {HTMLElement} panel
 * @param {import("./surface.js").Told & { broken: number }} what
 * @param {string | null} run whose it is
 * @param {string} formula
 */
export function said(panel, what, run, formula) {
  const isLive = run !== null && runs.get(run)?.status === "running";
  const words = part(panel, ".paths-formula", HTMLElement);
  words.textContent = words.title = [progress(what, isLive), formula].filter(Boolean).join(" · ");
  const bar = part(panel, ".paths-progress", HTMLElement);
  bar.hidden = !(what.state === "computing" && isLive);
  part(bar, "i", HTMLElement).style.width = `${(100 * what.done) / (what.total || 1)}%`;
}

// A choice of surfaces, of which one is shown.
/**
 * @param {HTMLElement} holder
 * @param {string[]} names
 * @param {string} chosen
 */
export function choices(holder, names, chosen) {
  if (holder.dataset.names !== JSON.stringify(names)) {
    holder.dataset.names = JSON.stringify(names);
    holder.replaceChildren(
      ...names.map((name) => {
        const button = document.createElement("button");
        button.setAttribute("role", "radio");
        button.textContent = name;
        button.addEventListener("click", () => state.set("surface", name));
        return button;
      }),
    );
  }
  for (const button of holder.children) button.setAttribute("aria-checked", String(button.textContent === chosen));
}
