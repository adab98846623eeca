// Where somebody put the cards and how large they made them; kept in this browser.
import * as state from "../../core/state.js";
import { dictionary } from "../../core/dictionary.js";

const GAP = 12; // px between two cards

export class CardPlaces {
  // moved(group, ids): called when the cards of a group stand in another order.
  constructor(moved) {
    this.moved = moved;
    this.orders = state.local.get("cardOrder", dictionary()); // group -> ids in the user's order
    this.sizes = state.local.get("cardSizes", dictionary()); // id -> [columns, height]
    this.dragged = null; // a card's element
  }

  // Puts the ids of a group in the user's order; those that nobody moved come last, as they are.
  sort(group, ids) {
    const order = this.orders[group];
    if (!order) return;
    const place = new Map(order.map((id, i) => [id, i]));
    ids.sort((a, b) => (place.get(a) ?? 1e9) - (place.get(b) ?? 1e9));
  }

  movable(element, group) {
    const place = element.querySelector(".cards");
    element.addEventListener("dragstart", (event) => {
      this.dragged = event.target.closest?.(".card");
      if (!this.dragged) return;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", this.dragged.card.title);
      event.dataTransfer.setDragImage(this.dragged, 20, 20);
      this.dragged.classList.add("is-dragged");
    });
    element.addEventListener("dragover", (event) => {
      const over = event.target.closest?.(".card");
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
        const card = event.altKey && event.target.closest(".card");
        const way = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" }[event.key];
        if (!card || !way || !card[way]) return;
        event.preventDefault();
        event.stopPropagation();
        const focused = document.activeElement;
        place.insertBefore(card, way === "previousElementSibling" ? card[way] : card[way].nextSibling);
        focused.focus();
        this.remember(group, place);
      },
      true,
    );
  }

  remember(group, place) {
    const ids = [...place.children].map((element) => element.card.id);
    this.orders[group] = ids;
    state.local.set("cardOrder", this.orders);
    this.moved(group, ids);
  }

  size(card) {
    const [columns, height] = this.sizes[card.id] ?? [1, 0];
    card.element.style.gridColumn = columns > 1 ? `span ${columns}` : "";
    card.element.style.maxWidth = columns > 1 ? "none" : "";
    card.element.style.height = height ? `${height}px` : "";
  }

  resize(card, chosen) {
    if (chosen) this.sizes[card.id] = chosen;
    else delete this.sizes[card.id];
    state.local.set("cardSizes", this.sizes);
    this.size(card);
  }

  // The corner of a card, dragged: as many columns wide and as high as the pointer says.
  grip(card, event) {
    event.preventDefault();
    const box = card.element.getBoundingClientRect();
    const most = getComputedStyle(card.element.parentNode).gridTemplateColumns.split(" ").length;
    const one = (box.width + GAP) / (this.sizes[card.id]?.[0] ?? 1);
    const target = event.target;
    target.setPointerCapture(event.pointerId);
    target.onpointermove = (move) => {
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
