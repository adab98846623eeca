// How many errors and warnings were found in a run, beside its name in the list; a click leads to them.
import * as findings from "../core/findings.js";
import * as state from "../core/state.js";
import { SEVERITIES, countsInWords } from "../text/finding_words.js";
import { node } from "./dom.js";

/** The page of findings, at those of a run. @param {string} name */
export function showFindings(name) {
  state.set("severity", "");
  state.set("findingsBy", "run");
  state.set("target", ["findings", name]);
  state.set("page", "findings");
}

export class FindingsBadge {
  /** @param {string} name of the run */
  constructor(name) {
    this.name = name;
    this.counts = ""; // that are shown
    this.element = node("button", { type: "button", class: "run-findings", tabindex: -1, hidden: true });
    this.element.addEventListener("click", (event) => {
      event.stopPropagation();
      showFindings(name);
    });
    this.element.addEventListener("dblclick", (event) => event.stopPropagation());
    this.element.addEventListener("pointerenter", () => findings.want([name]));
  }

  /** @param {import("../core/runs.js").Run} run */
  show(run) {
    const counts = findings.countsOf(run);
    if (this.counts !== String(counts)) {
      this.counts = String(counts);
      this.element.hidden = !findings.isBad(run);
      this.element.setAttribute("aria-label", `${countsInWords(counts)} in ${run.shown}`);
      this.element.replaceChildren(
        ...SEVERITIES.slice(0, 2).flatMap((severity, i) =>
          counts[i] ? [node("span", { "data-severity": severity, text: String(counts[i]) })] : [],
        ),
      );
    }
    if (this.element.hidden) return;
    const first = findings.known(this.name)?.find(({ dismissed }) => !dismissed);
    this.element.title = [countsInWords(counts), first?.sentence ?? ""].filter(Boolean).join("\n");
  }
}
