// The machines that send runs here: when each was last heard of, and how much of it has not arrived yet.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";

/** @typedef {{ project: string, name: string, heard: number, behind: number, live: number }} Sender */

const ASK_MS = 5000;
const SILENT_S = 15; // a machine says how it stands every 5 s
const COLUMNS = ["Machine", "Last heard", "Rows behind", "Written now"];

export class Senders {
  /**
   * @param {HTMLElement} element
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(element, scope) {
    this.element = element;
    this.scope = scope;
    this.shown = "";
    element.hidden = true;
    this.#ask();
    scope.setInterval(() => document.hidden || this.#ask(), ASK_MS);
  }

  async #ask() {
    try {
      /** @type {{ senders: Sender[] | null }} */
      const { senders } = await api.json("senders");
      if (!this.scope.isOver) this.draw(senders ?? []);
    } catch {
      // what was heard last stays, with its age
    }
  }

  /** @param {Sender[]} senders @param {number} now */
  draw(senders, now = Date.now() / 1000) {
    this.element.hidden = !senders.length;
    const rows = senders.map((sender) => [
      sender.project ? `${sender.name} · ${sender.project}` : sender.name,
      now - sender.heard < SILENT_S ? "now" : format.ago(sender.heard, now),
      format.step(sender.behind),
      format.plural(sender.live, "segment"),
    ]);
    const shown = JSON.stringify(rows);
    if (shown === this.shown) return;
    this.shown = shown;
    const head = node("tr", {}, ...COLUMNS.map((name) => node("th", { scope: "col", text: name })));
    const body = rows.map(([name, heard, behind, live]) =>
      node(
        "tr",
        { class: heard === "now" ? "" : "is-silent" },
        node("th", { scope: "row" }, node("bdi", { text: name })),
        node("td", { text: heard }),
        node("td", { text: behind }),
        node("td", { text: live }),
      ),
    );
    this.element.replaceChildren(
      node("h2", { text: "Machines that send runs here" }),
      node("table", { class: "senders" }, node("thead", {}, head), node("tbody", {}, ...body)),
    );
  }
}
