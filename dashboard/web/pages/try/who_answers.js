// Who answers: the server, or the browser itself where what it needs is installed; and what to install where it is not.
import * as state from "../../core/state.js";
import { choice, node } from "../../ui/dom.js";
import { ASKERS } from "./askers.js";
import { InBrowser } from "./in_browser.js";

const KEPT = "tryBy";

export class WhoAnswers {
  /**
   * @param {import("../../core/scope.js").Scope} scope
   * @param {() => void} changed
   */
  constructor(scope, changed) {
    this.scope = scope;
    this.changed = changed;
    /** @type {import("./askers.js").Kind[]} */
    this.kinds = [...ASKERS, new InBrowser(scope)];
    this.kind = this.kinds[0];
    this.wanted = this.kind.key;
    this.hint = node("span", { class: "hint", role: "status" });
    this.choice = choice(
      "Who answers",
      this.kinds.map(({ key, title }) => [key, title]),
      this.kind.key,
      (key) => this.choose(key),
    );
    this.element = node("div", { class: "try-who", "data-by": this.kind.key }, this.choice, this.hint);
    const kept = state.local.get(KEPT, this.kind.key);
    if (kept !== this.kind.key) this.choose(kept);
  }

  /** @param {string} key */
  async choose(key) {
    const [first] = this.kinds;
    const kind = this.kinds.find((each) => each.key === key) ?? first;
    this.wanted = kind.key;
    state.local.set(KEPT, kind.key);
    const why = await missing(kind);
    if (this.scope.isOver || this.wanted !== kind.key) return; // another was chosen meanwhile
    this.hint.textContent = why && `${why} The server answers meanwhile.`;
    this.kind = why ? first : kind;
    this.element.dataset.by = this.kind.key;
    this.choice.show(this.kind.key);
    this.changed();
  }
}

/** @param {import("./askers.js").Kind} kind @returns {Promise<string>} why it cannot answer; "" where it can */
async function missing(kind) {
  try {
    return await kind.missing();
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}
