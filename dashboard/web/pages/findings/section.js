// The findings of one kind, or of one run, under a heading; of very many the first, and more when asked for.
import * as format from "../../text/format.js";
import { node } from "../../ui/dom.js";

/** @typedef {import("./arrange.js").Group} Group */
/** @typedef {import("./arrange.js").Entry} Entry */
/** @typedef {import("./item.js").Item} Item */

const FIRST = 5;
const MORE = 20;

export class Section {
  /** @param {(entry: Entry) => Item} itemOf makes an item, or brings it up to date */
  constructor(itemOf) {
    this.itemOf = itemOf;
    this.most = FIRST;
    /** @type {Group | null} */
    this.group = null;
    this.title = node("bdi");
    this.count = node("span", { class: "count" });
    this.list = node("div", { class: "findings-list" });
    this.more = node("button", { type: "button", class: "button findings-more", hidden: true });
    this.more.addEventListener("click", () => {
      this.most += MORE;
      if (this.group) this.show(this.group, false);
      const next = this.list.children[this.most - MORE];
      if (next instanceof HTMLElement) next.focus({ preventScroll: true });
    });
    this.element = node(
      "section",
      { class: "findings-group" },
      node("h2", {}, this.title, this.count),
      this.list,
      this.more,
    );
  }

  /** The items that are shown. */
  get items() {
    return [...this.list.children].map((element) => /** @type {import("./item.js").ItemElement} */ (element).item);
  }

  /**
   * @param {Group} group
   * @param {boolean} isByKind
   * @param {string} [target] the key of one that has to be among those that are shown
   */
  show(group, isByKind, target = "") {
    this.group = group;
    const { entries } = group;
    this.title.textContent = group.title;
    const of = new Set(entries.map(({ run }) => run)).size;
    this.count.textContent =
      isByKind && (of > 1 || entries.length > 1)
        ? `${entries.length} in ${format.plural(of, "run")}`
        : String(entries.length);
    this.most = Math.max(this.most, entries.findIndex(({ key }) => key === target) + 1);
    place(
      this.list,
      entries.slice(0, this.most).map((entry) => this.itemOf(entry).element),
    );
    const left = entries.length - this.most;
    this.more.hidden = left <= 0;
    this.more.textContent = `Show ${Math.min(left, MORE)} more of ${entries.length}`;
  }
}

/**
 * Puts children in their order without moving those that are in it: what is looked at stays as it is.
 * @param {HTMLElement} holder
 * @param {HTMLElement[]} wanted
 */
export function place(holder, wanted) {
  const there = new Set(wanted);
  for (const child of [...holder.children]) if (!there.has(/** @type {HTMLElement} */ (child))) child.remove();
  wanted.forEach((element, i) => {
    if (holder.children[i] !== element) holder.insertBefore(element, holder.children[i] ?? null);
  });
}
