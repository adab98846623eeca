// Where somebody put the cards and how large they made them; kept in this browser.
import * as state from "../../core/state.js";
import { dictionary } from "../../core/dictionary.js";
import { part } from "../../ui/dom.js";

const GAP = 12; // px between two cards

/** @typedef {import("./card.js").Card} Card */
/** @typedef {HTMLElement & { card: Card }} CardElement */

/**
 * The card that an event came from.
 * @param {Event} event
 */
const cardAt = (event) => /** @type {CardElement | null} */ (/** @type {Element} */ (event.target).closest(".card"));

export class CardPlaces {
  /** @param {(group: string, ids: string[]) => void} moved called when the cards of a group stand in another order */
  constructor(moved) {
    this.moved = moved;
    /** @type {Record<string, string[]>} */
    this.orders = state.local.get("cardOrder", dictionary()); // group -> ids in the user's order
    /** @type {Record<string, [columns: number, height: number]>} */
    this.sizes = state.local.get("cardSizes", dictionary()); // by id
    /** @type {CardElement | null} */
    this.dragged = null; // a card's element
  }

  // Puts the ids of a group in the user's order; those that nobody moved come last, as they are.
  /**
   * @param {string} group
   * @param {string[]} ids
   */
  sort(group, ids) {
    const order = this.orders[group];
    if (!order) return;
    const place = new Map(order.map((id, i) => [id, i]));
    ids.sort((a, b) => (place.get(a) ?? 1e9) - (place.get(b) ?? 1e9));
  }

  /**
   * @param {HTMLElement} element
   * @param {string} group
   */
  movable(element, group) {
    const place = part(element, ".cards", HTMLElement);
    element.addEventListener("dragstart", (event) => {
      this.dragged = cardAt(event);
      if (!this.dragged || !event.dataTransfer) return;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", this.dragged.card.title);
      event.dataTransfer.setDragImage(this.dragged, 20, 20);
      this.dragged.classList.add("is-dragged");
    });
    element.addEventListener("dragover", (event) => {
      const over = cardAt(event);
      if (!this.dragged || this.dragged.parentNode !== place || !over || over === this.dragged) return;
      event.preventDefault();
      const all = [...place.children];
      place.insertBefore(this.dragged, all.indexOf(this.dragged) < all.indexOf(over) ? over.nextSibling : over);
    });
    element.addEventListener("drop", (event) => event.preventDefault());
    element.addEventListener("dragend", () => {
      this.dragged?.classList.remove("is-dragged");
      if (this.dragged?.parentNode === place) this.remember(group, place);
      this.dragged = null;
    });
    // The same without a mouse: Alt and arrows move the card that has the focus.
    element.addEventListener(
      "keydown",
      (event) => {
        const card = event.altKey ? cardAt(event) : null;
        const { previousElementSibling: before, nextElementSibling: after } = card ?? {};
        const to = event.key === "ArrowLeft" ? before : event.key === "ArrowRight" ? after : null;
        if (!card || !to) return;
        event.preventDefault();
        event.stopPropagation();
        const focused = document.activeElement;
        place.insertBefore(card, to === before ? to : to.nextSibling);
        if (focused instanceof HTMLElement) focused.focus();
        this.remember(group, place);
      },
      true,
    );
  }

  /**
   * @param {string} group
   * @param {HTMLElement} place
   */
  remember(group, place) {
    const ids = [...place.children].map((element) => /** @type {CardElement} */ (element).card.id);
    this.orders[group] = ids;
    state.local.set("cardOrder", this.orders);
    this.moved(group, ids);
  }

  /** @param {Card} card */
  size(card) {
    const [columns, height] = this.sizes[card.id] ?? [1, 0];
    card.element.style.gridColumn = columns > 1 ? `span ${columns}` : "";
    card.element.style.maxWidth = columns > 1 ? "none" : "";
    card.element.style.height = height ? `${height}px` : "";
  }

  /**
   * @param {Card} card
   * @param {[columns: number, height: number] | null} chosen
   */
  resize(card, chosen) {
    if (chosen) this.sizes[card.id] = chosen;
    else delete this.sizes[card.id];
    state.local.set("cardSizes", this.sizes);
    this.size(card);
  }

  // The corner of a card, dragged: as many columns wide and as high as the pointer says.
  /**
   * @param {Card} card
   * @param {PointerEvent} event
   */
  grip(card, event) {
    event.preventDefault();
    const box = card.element.getBoundingClientRect();
    const most = getComputedStyle(/** @type {Element} */ (card.element.parentNode)).gridTemplateColumns.split(
      " ",
    ).length;
    const one = (box.width + GAP) / (this.sizes[card.id]?.[0] ?? 1);
    const target = /** @type {HTMLElement} */ (event.target);
    target.setPointerCapture(event.pointerId);
    target.onpointermove = (/** @type {PointerEvent} */ move) => {
      this.resize(card, [
        Math.min(most, Math.max(1, Math.round((move.clientX - box.left + GAP) / one))),
        Math.min(1200, Math.max(180, Math.round(move.clientY - box.top))),
      ]);
    };
    target.onpointerup = () => {
      target.onpointermove = null;
    };
  }
}
