// How much a metric follows each setting, with how far that would go if other runs of the same kind had been made.
import * as format from "../../text/format.js";
import { dictionary } from "../../core/dictionary.js";
import { ask } from "../../core/study_api.js";

export class Importance {
  constructor(told, scope) {
    Object.assign(this, { told, scope, asked: "", found: null });
    this.element = Object.assign(document.createElement("div"), { className: "importance" });
  }

  // Asks when what it is asked of is new; the answer to an older question is dropped.
  async show(columns, metric) {
    this.metric = metric;
    const clean = (values) =>
      values.map((value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : (value ?? null)));
    const body = {
      parameters: dictionary(columns.map((column) => [column.name, clean(column.values)])),
      target: metric.values.map((_, i) => {
        const value = metric.number(i);
        return Number.isFinite(value) ? value : null;
      }),
    };
    const question = JSON.stringify(body);
    if (question === this.asked) return;
    this.asked = question;
    this.busy = true;
    this.draw();
    let found = null,
      problem = null;
    try {
      found = (await ask("importance", question)).importance;
    } catch (error) {
      problem = error.message;
    }
    if (this.asked !== question || this.scope.isOver) return;
    Object.assign(this, { found, problem, busy: false });
    this.told.found(found ?? []);
    this.draw();
  }

  draw() {
    const { element } = this;
    element.setAttribute("aria-busy", String(Boolean(this.busy)));
    if (this.problem) return element.replaceChildren(words(this.problem));
    if (!this.found)
      return element.replaceChildren(
        ...[0, 1, 2, 3].map(() =>
          Object.assign(document.createElement("div"), { className: "skeleton importance-skeleton" }),
        ),
      );
    if (!this.found.length) {
      const runs = this.metric.values.filter((_, i) => Number.isFinite(this.metric.number(i))).length;
      return element.replaceChildren(
        words(
          runs < 8
            ? `Importance needs 8 runs that have the metric; there ${runs === 1 ? "is 1" : `are ${runs}`}.`
            : "The metric, or every setting, is the same in all runs.",
        ),
      );
    }
    const most = Math.max(0.05, ...this.found.map((each) => each.high));
    const percent = (share) => `${(100 * Math.max(0, share)) / most}%`;
    element.replaceChildren(
      ...this.found.map((each) => {
        const row = document.createElement("div");
        row.className = "importance-row";
        row.classList.toggle("is-unclear", !each.clear);
        row.innerHTML =
          '<span class="importance-name"></span><span class="importance-track"><i></i><b></b></span><span class="importance-share"></span><span class="importance-way"></span>';
        row.querySelector(".importance-name").textContent = each.name;
        row.querySelector("i").style.width = percent(each.share);
        const whisker = row.querySelector("b");
        whisker.style.left = percent(each.low);
        whisker.style.width = `calc(${percent(each.high)} - ${percent(each.low)})`;
        row.querySelector(".importance-share").textContent = each.clear ? format.value(each.share, 2) : "unsure";
        const way = typeof each.correlation === "number" ? each.correlation : NaN;
        row.querySelector(".importance-way").textContent = Number.isNaN(way)
          ? ""
          : Math.abs(way) < 0.1
            ? "·"
            : way > 0
              ? `↑ ${way.toFixed(2)}`
              : `↓ ${(-way).toFixed(2)}`;
        row.title = `${each.name}: shuffling it adds ${format.value(each.share, 2)} of the variance to the error (5th to 95th percentile ${format.value(each.low, 2)} to ${format.value(each.high, 2)}).${each.clear ? "" : "\nThat may be chance: more runs would tell."}${Number.isNaN(way) ? "" : `\nRank correlation ${way.toFixed(2)}.`}`;
        return row;
      }),
    );
  }
}

const words = (text) => Object.assign(document.createElement("p"), { className: "compare-note", textContent: text });
