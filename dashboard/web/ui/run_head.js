// Above the list of runs: the search with what it cannot understand, how many runs there are, their order, and whether
// they stand in folders.
import * as choice from "../core/choice.js";
import * as runs from "../core/runs.js";
import * as state from "../core/state.js";
import * as format from "../text/format.js";
import { part } from "./dom.js";
import { chooseOrder, orderInWords } from "./run_order.js";
import { searchHelp } from "./run_help.js";

const TYPED_MS = 120; // after the last letter, where there are very many runs
const MANY = 20_000;

export class RunHead {
  /**
   * @param {import("../core/scope.js").Scope} scope
   * @param {() => { rows: number, isTree: boolean, hasFolders: boolean }} list how many runs pass, and how they stand
   */
  constructor(scope, list) {
    this.scope = scope;
    this.list = list;
    this.search = part(document, "#run-search", HTMLInputElement);
    this.problem = part(document, "#run-problem", HTMLElement);
    this.count = part(document, "#runs-count", HTMLElement);
    this.all = part(document, "#runs-all", HTMLElement); // shows or hides all
    this.order = part(document, "#run-order", HTMLElement);
    this.tree = part(document, "#run-tree", HTMLElement);
    this.typed = 0; // a timer
    this.all.addEventListener("click", () => runs.showAll(state.get("off").length > 0));
    this.order.addEventListener("click", () => chooseOrder(this.order));
    this.tree.addEventListener("click", () => state.set("asTree", this.list().isTree ? "no" : "yes"));
    const help = part(document, "#run-help", HTMLElement);
    help.addEventListener("click", () => searchHelp(help, this.search));
    this.search.value = state.get("runs");
    this.search.addEventListener("input", () => this.#typed());
    scope.on(state, "runs", (text) => {
      if (this.search.value !== text && !this.typed) this.search.value = text;
    });
  }

  #typed() {
    this.scope.clearTimeout(this.typed);
    const tell = () => {
      this.typed = 0;
      state.set("runs", this.search.value);
    };
    if (runs.names().length < MANY) tell();
    else this.typed = this.scope.setTimeout(tell, TYPED_MS);
  }

  show() {
    const all = runs.names(),
      { rows, isTree, hasFolders } = this.list(),
      chosen = state.get("chosen").length,
      off = state.get("off").length ? all.filter(runs.isOff).length : 0,
      without = all.length - rows;
    const said = [
      without ? `${format.step(rows)} of ${format.plural(all.length, "run")}` : format.plural(all.length, "run"),
      chosen ? `${format.step(chosen)} selected` : "",
      off ? `${format.step(off)} hidden` : "",
    ];
    this.count.textContent = runs.loaded ? said.filter(Boolean).join(" · ") : "";
    this.all.textContent = off ? "Show all" : "Hide all";
    this.all.hidden = all.length < 2;
    const problem = choice.problem() || (runs.loaded && all.length && !rows ? this.#none() : "");
    if (this.problem.textContent !== problem) this.problem.textContent = problem;
    this.problem.hidden = !problem;
    this.problem.dataset.kind = choice.problem() ? "problem" : "words";
    this.search.setAttribute("aria-invalid", String(Boolean(choice.problem())));
    const order = orderInWords();
    if (this.order.textContent !== order) this.order.textContent = order;
    this.order.setAttribute("aria-label", `Order of runs: ${order}`);
    this.order.hidden = all.length < 2;
    this.tree.hidden = !hasFolders;
    this.tree.setAttribute("aria-pressed", String(isTree));
    this.tree.title = isTree ? "In one list" : "In folders, by the parts of their names";
    this.tree.setAttribute("aria-label", "Folders");
  }

  #none() {
    const text = state.get("runs").trim();
    if (choice.isWaiting()) return "Reading metrics…";
    return `No run is found by “${text}”.`;
  }
}
