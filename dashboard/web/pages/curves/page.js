// The page of curves: a card for each tag and each that the user made, in groups, in the user's order.
import * as format from "../../text/format.js";
import * as frames from "../../core/frames.js";
import * as live from "../../core/live.js";
import * as marks from "../../core/marks.js";
import * as runs from "../../core/runs.js";
import * as state from "../../core/state.js";
import { Card } from "./card.js";
import { cardMenu } from "./card_menu.js";
import { dictionary, parse } from "../../core/dictionary.js";
import { emptyPage } from "../../ui/empty.js";
import { say } from "../../ui/menu.js";
import { query } from "../../text/query.js";
import { compareNames } from "../../text/name_order.js";
import { groupOf, rankOf } from "../../text/tag_order.js";
import { settings } from "./settings.js";

const KEPT_CARDS = 40; // cards out of sight whose curves are kept, the latest seen
const PINNED = "\u0000pinned",
  OWN = "\u0000own";

let view = null;
const cards = new Map(); // id -> Card
const closed = new Set(state.local.get("closedGroups", []));
const orders = state.local.get("cardOrder", dictionary()); // group -> ids in the user's order
const sizes = state.local.get("cardSizes", dictionary()); // id -> [columns, height]
const inSight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      target.card.setInSight(isIntersecting);
      target.card.seen = performance.now();
    }
    watch();
  },
  { rootMargin: "200px" },
);
const sighted = () => [...cards.values()].filter((card) => card.sight);

const host = {
  onCursor: (x) => {
    for (const card of sighted()) card.chart?.setCursor(x);
  },
  onMore: (card, button) =>
    cardMenu(card, button, {
      remove: own(card.id)
        ? () =>
            state.set(
              "cards",
              state.get("cards").filter((each) => each !== card.id),
            )
        : null,
      resize: (size) => resize(card, size),
    }),
  onPin: (card) => {
    const pins = state.get("pins");
    const was = pins.includes(card.id);
    state.set("pins", was ? pins.filter((id) => id !== card.id) : [...pins, card.id]);
    say(`${card.title} is ${was ? "no longer pinned" : "pinned to the top"}.`);
  },
  onLarge: (card, large) => {
    document.querySelector(".scrim")?.remove();
    for (const other of cards.values()) other.element.classList.remove("is-large");
    if (!large) return;
    const scrim = document.body.appendChild(Object.assign(document.createElement("div"), { className: "scrim" }));
    scrim.addEventListener("click", () => card.setLarge(false));
  },
  onGrip: grip,
  onNeeds: () => watch(),
};

const own = (id) => state.get("cards").includes(id) || id === oneId();
const oneId = () => (state.get("one") ? JSON.stringify([state.get("one")]) : null);

function watch() {
  const tags = new Set();
  if (view) for (const card of sighted()) for (const tag of card.watched) tags.add(tag);
  live.watch([...tags]);
}

// --- which cards there are, and where ----------------------------------------------------------------------

function tagsOf(id) {
  if (!own(id)) return [id];
  try {
    const tags = parse(id);
    return Array.isArray(tags) && tags.length && tags.every((tag) => typeof tag === "string" && tag) ? tags : null;
  } catch {
    return null;
  }
}

function groupsOf(ids) {
  const pins = state.get("pins");
  const groups = new Map();
  const add = (group, id) => {
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(id);
  };
  for (const id of ids) add(pins.includes(id) ? PINNED : own(id) ? OWN : groupOf(id), id);
  if (groups.has(PINNED)) groups.get(PINNED).sort((a, b) => pins.indexOf(a) - pins.indexOf(b));
  for (const [group, members] of groups) {
    const order = orders[group];
    if (order) {
      const place = new Map(order.map((id, i) => [id, i]));
      members.sort((a, b) => (place.get(a) ?? 1e9) - (place.get(b) ?? 1e9));
    }
  }
  const rank = (name) => (name === PINNED ? -2 : name === OWN ? -1 : rankOf(name));
  return [...groups].sort(([a], [b]) => rank(a) - rank(b) || compareNames(a, b));
}

function arrange() {
  if (!view) return;
  const known = runs.tags("scalar");
  const filter = query(state.get("tags"));
  const passed = (ids) => ids.filter((id) => filter.test(tagsOf(id)));
  // A card that no run in sight could draw on is left out, and counted.
  const ids = oneId() ? [oneId()] : passed([...state.get("cards").filter(tagsOf), ...runs.tagsInSight("scalar")]);
  const elsewhere = oneId() ? 0 : passed(known).length - ids.filter((id) => !own(id)).length;
  const nobody = runs.all().length > 0 && !runs.visible().length;
  if (!known.length || !ids.length || nobody) {
    for (const card of cards.values()) {
      inSight.unobserve(card.element);
      card.sight = false;
    }
    delete view.dataset.layout;
    view.replaceChildren(
      ...(!runs.loaded
        ? skeletons()
        : [
            !known.length
              ? emptyPage("curves")
              : nobody
                ? noRuns()
                : elsewhere
                  ? noneHere(elsewhere)
                  : noMatch(filter.problem),
          ]),
    );
    return;
  }
  const wanted = groupsOf(ids);
  const layout = JSON.stringify(wanted);
  const left = elsewhere
    ? `${format.plural(elsewhere, "tag")} of hidden runs only ${elsewhere === 1 ? "is" : "are"} left out.`
    : "";
  if (view.dataset.layout === layout && view.querySelector(".group")) {
    leaveOut(left);
    return;
  }
  view.dataset.layout = layout;
  const top = view.scrollTop,
    focused = document.activeElement;
  view.replaceChildren(...wanted.map(([name, group]) => section(name, group)));
  leaveOut(left);
  view.scrollTop = top;
  // What was moved in the page has lost the keyboard.
  if (focused !== document.activeElement && view.contains(focused)) focused.focus({ preventScroll: true });
  const there = new Set(ids);
  for (const [id, card] of cards)
    if (!there.has(id)) {
      inSight.unobserve(card.element);
      card.sight = false;
      card.unmount();
      cards.delete(id);
    }
}

function leaveOut(text) {
  let line = view.querySelector(":scope > .left-out");
  if (!text) {
    line?.remove();
    return;
  }
  line ??= view.appendChild(Object.assign(document.createElement("p"), { className: "left-out" }));
  line.textContent = text;
}

function section(name, group) {
  const element = document.createElement("section");
  element.className = "group";
  // No more columns than there are cards: two share the whole width.
  element.style.setProperty("--most", String(Math.min(6, Math.max(2, group.length))));
  element.dataset.group = name;
  element.classList.toggle("is-closed", closed.has(name));
  element.innerHTML =
    '<h2><button aria-expanded="true"><svg viewBox="0 0 12 12" aria-hidden="true"><path d="M2.5 4.5 6 8l3.5-3.5"/></svg><span></span></button><span class="count"></span></h2><div class="cards"></div>';
  const button = element.querySelector("button");
  button.querySelector("span").textContent =
    { __proto__: null, [PINNED]: "Pinned", [OWN]: "Your charts" }[name] ?? (name || "metrics");
  button.setAttribute("aria-expanded", String(!closed.has(name)));
  button.addEventListener("click", () => {
    const now = element.classList.toggle("is-closed");
    button.setAttribute("aria-expanded", String(!now));
    if (now) closed.add(name);
    else closed.delete(name);
    state.local.set("closedGroups", [...closed]);
  });
  element.querySelector(".count").textContent = group.length;
  for (const id of group) {
    if (!cards.has(id)) cards.set(id, new Card(id, tagsOf(id), host));
    const card = cards.get(id);
    size(card);
    element.querySelector(".cards").append(card.element);
    inSight.observe(card.element);
  }
  movable(element, name);
  return element;
}

// --- moving and sizing --------------------------------------------------------------------------------------

let dragged = null;
function movable(element, group) {
  const place = element.querySelector(".cards");
  element.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.(".card");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.card.title);
    event.dataTransfer.setDragImage(dragged, 20, 20);
    dragged.classList.add("is-dragged");
  });
  element.addEventListener("dragover", (event) => {
    const over = event.target.closest?.(".card");
    if (!dragged || dragged.parentNode !== place || !over || over === dragged) return;
    event.preventDefault();
    const all = [...place.children];
    place.insertBefore(dragged, all.indexOf(dragged) < all.indexOf(over) ? over.nextSibling : over);
  });
  element.addEventListener("drop", (event) => event.preventDefault());
  element.addEventListener("dragend", () => {
    dragged?.classList.remove("is-dragged");
    if (dragged?.parentNode === place) remember(group, place);
    dragged = null;
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
      remember(group, place);
    },
    true,
  );
}

function remember(group, place) {
  const ids = [...place.children].map((element) => element.card.id);
  orders[group] = ids;
  state.local.set("cardOrder", orders);
  if (group === PINNED) state.set("pins", ids);
  view.dataset.layout = JSON.stringify(groupsOf(parse(view.dataset.layout).flatMap(([, members]) => members)));
}

function size(card) {
  const [columns, height] = sizes[card.id] ?? [1, 0];
  card.element.style.gridColumn = columns > 1 ? `span ${columns}` : "";
  card.element.style.maxWidth = columns > 1 ? "none" : "";
  card.element.style.height = height ? `${height}px` : "";
}

function resize(card, chosen) {
  if (chosen) sizes[card.id] = chosen;
  else delete sizes[card.id];
  state.local.set("cardSizes", sizes);
  size(card);
}

// The corner of a card, dragged: as many columns wide and as high as the pointer says.
function grip(card, event) {
  event.preventDefault();
  const box = card.element.getBoundingClientRect();
  const most = getComputedStyle(card.element.parentNode).gridTemplateColumns.split(" ").length;
  const one = (box.width + 12) / (sizes[card.id]?.[0] ?? 1);
  const target = event.target;
  target.setPointerCapture(event.pointerId);
  target.onpointermove = (move) => {
    resize(card, [
      Math.min(most, Math.max(1, Math.round((move.clientX - box.left + 12) / one))),
      Math.min(1200, Math.max(180, Math.round(move.clientY - box.top))),
    ]);
  };
  target.onpointerup = () => {
    target.onpointermove = null;
  };
}

function skeletons() {
  const group = document.createElement("section");
  group.className = "group";
  group.innerHTML = `<h2>&nbsp;</h2><div class="cards">${'<article class="card"><div class="card-plot"><div class="skeleton"></div></div></article>'.repeat(6)}</div>`;
  return [group];
}

// What is hidden, by what, and the button that shows it again. ways: [what is said, a button's text, what it does].
function hidden(title, ways) {
  const element = document.createElement("div");
  element.className = "empty";
  element.append(Object.assign(document.createElement("h2"), { textContent: title }));
  for (const [words, text, onclick] of ways)
    element.append(
      Object.assign(document.createElement("p"), { textContent: words }),
      Object.assign(document.createElement("button"), { className: "button", textContent: text, onclick }),
    );
  return element;
}

const noMatch = (problem) =>
  hidden(problem || `No tag holds “${state.get("tags").trim()}”`, [
    [
      `${format.plural(runs.tags("scalar").length, "tag")} hidden by the filter.`,
      "Clear the filter",
      () => state.set("tags", ""),
    ],
  ]);

const noneHere = (count) =>
  hidden("No run that is shown has logged this", [
    [
      `${format.plural(count, "tag")} ${count === 1 ? "is" : "are"} of hidden runs only.`,
      "Show all runs",
      () => {
        state.set("runs", "");
        runs.showAll(true);
      },
    ],
  ]);

function noRuns() {
  const off = runs.names().filter((name) => runs.isOff(name) && runs.matches(name)).length,
    filtered = runs.names().filter((name) => !runs.matches(name)).length;
  return hidden("No run is shown", [
    ...(filtered
      ? [
          [
            `${format.plural(filtered, "run")} hidden by the filter “${state.get("runs").trim()}”.`,
            "Clear the filter of runs",
            () => state.set("runs", ""),
          ],
        ]
      : []),
    ...(off
      ? [[`${format.plural(off, "run")} switched off in the list.`, "Show all runs", () => runs.showAll(true)]]
      : []),
  ]);
}

// --- the page -----------------------------------------------------------------------------------------------

const redrawAll = () => {
  for (const card of sighted()) card.redraw(true);
};

export function mount(element) {
  view = element;
  delete view.dataset.layout;
  arrange();
}

export function unmount() {
  for (const card of cards.values()) {
    inSight.unobserve(card.element);
    card.sight = false;
  }
  view = null;
  watch();
}

export function isReady() {
  if (!runs.loaded) return false;
  if (!runs.tags("scalar").length || view?.querySelector(":scope > .empty")) return true;
  return (
    frames.idle() &&
    sighted().length > 0 &&
    sighted().every((card) => card.lastDrawn && card.wanted().every(({ curve }) => curve?.loaded))
  );
}

export const get = (id) => cards.get(id);
export const inView = () => sighted();

// All cards that the filter lets through, in their order, drawn whether they are in sight or not; then act(cards).
export async function withAll(act, most = 100) {
  const all = [...view.querySelectorAll(".group:not(.is-closed) .card")].slice(0, most).map(({ card }) => card);
  const unseen = all.filter((card) => !card.sight);
  for (const card of unseen) card.setInSight(true);
  await settled();
  try {
    await act(all.filter((card) => card.chart?.view));
  } finally {
    for (const card of unseen) card.setInSight(false);
  }
}

// The tags that the filter lets through.
export function tagsShown() {
  const filter = query(state.get("tags"));
  return runs.tags("scalar").filter((tag) => filter.test(tag));
}

// As drawn now in the card of a tag: for automation. Of each column the last step and value, and the extremes that are finite.
export function drawn(tag) {
  const found = dictionary();
  for (const { curve, name } of cards.get(tag)?.lines() ?? []) {
    const of = (column) => [...column.subarray(0, curve.length)];
    found[name] = {
      step: of(curve.x1),
      value: of(curve.last),
      min: of(curve.min),
      max: of(curve.max),
      points: curve.points,
    };
  }
  return found;
}

// The lines of a card, what they are made of and how they look: for automation.
export function lines(id) {
  const card = cards.get(id);
  const { axis, smoothing } = settings();
  const part = (array, n) => Array.from(array.subarray(0, n), (value) => (Number.isNaN(value) ? null : value));
  return (card?.chart ? card.lines() : []).map(
    ({ curve, name, label, colour, dash, faded = false, strong = false, band = false }) => {
      const [begin, , shift] = curve.ends(axis),
        n = curve.length;
      const x = Array.from(begin.subarray(0, n), (value) => value - shift);
      return {
        name,
        label,
        colour,
        dash,
        faded,
        strong,
        band,
        x,
        step: part(curve.x1, n),
        mean: part(curve.mean, n),
        min: part(curve.min, n),
        max: part(curve.max, n),
        smooth: part(curve.smoothed(smoothing, axis, card.chart.view?.x.full ?? 0), n),
      };
    },
  );
}

// Shows a part of the x axis; once it is drawn from what was read for it, the promise is kept.
export async function zoom(id, window) {
  cards.get(id).chart.setZoom(window);
  await settled();
}

// Once nothing is asked for any more and all of it is painted.
export async function settled() {
  const quiet = () => frames.idle() && sighted().every((card) => card.curves.store.isIdle);
  do await new Promise((done) => frames.afterPaint(done));
  while (!quiet());
}

export function range(id) {
  const { x, y } = cards.get(id).chart.view;
  return { x: [x.low, x.high], y: [y.low, y.high] };
}

export const marksOf = (id) => cards.get(id).chart.view.placed.map(({ px }) => px);
export const cursor = (id) => cards.get(id).chart.cursor;

// The smallest and the largest value that a card's envelope reaches, by run: for automation.
export function extremes(tag) {
  const found = dictionary();
  for (const { curve, name } of cards.get(tag)?.lines() ?? []) {
    let low = Infinity,
      high = -Infinity;
    for (let i = 0; i < curve.length; i++) {
      if (curve.min[i] < low) low = curve.min[i];
      if (curve.max[i] > high) high = curve.max[i];
    }
    found[name] = [low, high];
  }
  return found;
}

runs.onChange((what) => {
  if (!view) return;
  if (what?.highlight !== undefined) {
    for (const card of sighted()) card.setHighlight(what.highlight);
    return;
  }
  if (what === "chosen") {
    redrawAll();
    return;
  }
  arrange();
  for (const card of sighted()) card.load();
  redrawAll();
});
state.on(["tags", "cards"], arrange);
state.on("pins", (pins) => {
  for (const card of cards.values()) card.setPinned(pins.includes(card.id));
  arrange();
});
state.on(
  ["smooth", "kind", "logx", "logy", "robust", "marks", "group", "centre", "band", "colourBy", "dashBy"],
  redrawAll,
);
state.on("logx", () => {
  for (const card of cards.values()) card.respace();
});
state.on("base", () => {
  for (const card of sighted()) {
    card.load();
    card.redraw(true);
  }
});
let axis = state.get("x");
state.on(["x", "metric"], () => {
  const worked = axis === "metric" || state.get("x") === "metric";
  axis = state.get("x");
  for (const card of cards.values()) {
    if (card.chart?.zoom || card.chart?.zoomY) card.chart.setZoom(null);
    if (worked)
      card.replace(); // the places of the points themselves are others now
    else if (state.get("logx")) card.respace();
    card.redraw(true);
  }
  watch();
});
state.on("pace", () => {
  for (const card of sighted()) card.chart?.drawOver();
});
marks.onChange(redrawAll);
document.addEventListener("themechange", redrawAll);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const large = [...cards.values()].find((card) => card.element.classList.contains("is-large"));
  if (large) large.setLarge(false);
  else if (state.get("chosen").length && !document.querySelector("dialog, .menu")) state.set("chosen", []);
});
// Cards out of sight for long are let go of; they come back when scrolled to.
setInterval(() => {
  const idle = [...cards.values()].filter((card) => !card.sight && card.chart).sort((a, b) => b.seen - a.seen);
  for (const card of idle.slice(KEPT_CARDS)) card.unmount();
}, 5000);
