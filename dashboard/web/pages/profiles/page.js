// The page of profiles: a trace in words, as a flame chart, and as a table of operations.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runs from "../../core/runs.js";
import { parse } from "../../core/dictionary.js";
import { boot } from "../../core/state.js";
import { colour } from "../../charts/palette.js";
import { emptyPage } from "../../ui/empty.js";
import { FlameChart } from "./flame.js";
import { brief, decode } from "./flame_model.js";
import { time } from "../../text/units.js";
import { OperationTable } from "./operation_table.js";

const PAGE = `
  <div class="profile-head"><h2 class="visually-hidden">Profile</h2><i class="dot"></i><select class="select profile-which" aria-label="Which profile"></select><span class="profile-about"></span><a class="text-button profile-file" download>Download the trace</a></div>
  <ul class="profile-words" aria-label="In words"></ul>
  <section class="profile-card" aria-label="Flame chart">
    <div class="profile-tools">
      <label class="search"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13.2 13.2 17 17"/></svg><input type="search" placeholder="Search events" aria-label="Search events" autocomplete="off" spellcheck="false"></label>
      <span class="profile-hits" role="status"></span>
      <button class="icon-button previous" hidden aria-label="Previous match" title="Previous match (Shift Enter)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M12.5 5 7.5 10l5 5"/></svg></button>
      <button class="icon-button next" hidden aria-label="Next match" title="Next match (Enter)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="m7.5 5 5 5-5 5"/></svg></button>
      <span class="bar-space"></span>
      <span class="profile-span"></span>
      <button class="icon-button out" aria-label="Zoom out" title="Zoom out (s)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M5 10h10"/></svg></button>
      <button class="icon-button in" aria-label="Zoom in" title="Zoom in (w, or Ctrl and wheel)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M5 10h10M10 5v10"/></svg></button>
      <button class="icon-button whole" aria-label="Show all" title="Show all (0)"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 10a6 6 0 1 1 2 4.5M4 15v-3.5h3.5"/></svg></button>
    </div>
    <div class="profile-body"><div class="profile-flame"><div class="skeleton"></div></div><aside class="profile-event" aria-label="Selected event" hidden></aside></div>
    <p class="profile-keys">drag to move · Ctrl and wheel or <kbd>w</kbd> <kbd>s</kbd> to zoom · click an event, arrows walk on from it · double click fits it</p>
  </section>
  <section class="profile-card profile-operations" aria-label="Operations"></section>`;

let view = null;
let known = []; // {run, tag, step, hash, name}
let chosen = null;
let flame = null,
  chart = null,
  table = null;
let loading = 0;
let opened = 0; // ms that the last profile took from being asked for to being drawn
let ready = false;

const keyOf = (each) => `${each.run}\n${each.hash}\n${each.tag}\n${each.step}`;
const at = (selector) => view.querySelector(selector);

async function list() {
  if (!view) return;
  const wanted = runs
    .visible()
    .toReversed()
    .filter((run) => run.series.profile?.length)
    .slice(0, 40);
  if (!wanted.length) {
    close();
    ready = runs.loaded;
    view.replaceChildren(runs.loaded ? none() : "");
    return;
  }
  const answers = await Promise.all(
    wanted.map((run) => api.json("profiles", { run: run.name }).catch(() => ({ profiles: [] }))),
  );
  if (!view) return;
  known = answers.flatMap((answer) => answer.profiles.map((each) => ({ run: answer.run, ...each })).reverse());
  if (!known.length) return;
  if (!at(".profile-head")) {
    view.innerHTML = PAGE;
    wire();
  }
  const select = at(".profile-which");
  select.replaceChildren(
    ...known.map((each) => {
      const option = document.createElement("option");
      option.value = keyOf(each);
      option.textContent = `${each.run} · ${each.tag} · step ${format.step(each.step)}${each.name ? ` · ${each.name}` : ""}`;
      return option;
    }),
  );
  const again = chosen && known.find((each) => keyOf(each) === keyOf(chosen));
  if (again) {
    select.value = keyOf(again);
    return;
  }
  open(known[0]);
}

function none() {
  if (!runs.tags("profile").length) return emptyPage("profiles");
  return Object.assign(document.createElement("p"), {
    className: "page-note",
    textContent: "No run that is shown has logged a profile. Show one in the list of runs.",
  });
}

async function open(which) {
  const began = performance.now(),
    asked = ++loading;
  chosen = which;
  ready = false;
  close();
  at(".profile-which").value = keyOf(which);
  at(".dot").style.background = colour(runs.index(which.run));
  const query = new URLSearchParams({ run: which.run, hash: which.hash });
  at(".profile-file").href = `${boot.prefix}/api/v1/profile/file?${query}`;
  at(".profile-about").textContent = "";
  at(".profile-words").replaceChildren();
  at(".profile-flame").replaceChildren(Object.assign(document.createElement("div"), { className: "skeleton" }));
  let answer;
  try {
    answer = await api.get(`${boot.prefix}/api/v1/profile?${query}`);
    if (!answer.ok) throw new Error(parse(await answer.text()).error);
    flame = decode(await answer.arrayBuffer());
  } catch (error) {
    if (asked !== loading || !view) return;
    at(".profile-flame").replaceChildren(
      Object.assign(document.createElement("p"), {
        className: "page-note",
        textContent: `This profile could not be read. ${error.message}`,
      }),
    );
    ready = true;
    return;
  }
  if (asked !== loading || !view) return;
  show();
  requestAnimationFrame(() => {
    opened = performance.now() - began;
    ready = true;
  });
}

function show() {
  const { head } = flame;
  const holder = at(".profile-flame");
  holder.replaceChildren();
  chart = new FlameChart(holder, flame, { onSelect: showEvent, onView: showSpan });
  holder.style.height = `${Math.min(Math.max(chart.tall + 30, 120), Math.max(320, innerHeight * 0.56))}px`;
  chart.request();
  const skipped = head.skipped ? ` · ${format.plural(head.skipped, "event")} that cannot be shown` : "";
  at(".profile-about").textContent =
    `${format.plural(head.count, "event")} · ${time(head.end)}${head.devices.length ? ` · ${[...new Set(head.devices)].join(", ")}` : ""}${skipped}`;
  at(".profile-words").replaceChildren(...head.words.map(sentence));
  at(".search input").value = "";
  look("");
  table = new OperationTable(at(".profile-operations"), head.operations, (name) => {
    at(".search input").value = name;
    look(name);
    step(true);
  });
}

function sentence({ text, tone, hint, search }) {
  const item = document.createElement("li");
  item.dataset.tone = tone;
  const says = item.appendChild(
    Object.assign(document.createElement("span"), { className: "says", textContent: text }),
  );
  if (hint) item.append(Object.assign(document.createElement("span"), { className: "hint", textContent: hint }));
  if (search) {
    const button = says.appendChild(
      Object.assign(document.createElement("button"), { className: "text-button", textContent: "Show" }),
    );
    button.addEventListener("click", () => {
      at(".search input").value = search;
      look(search);
      step(true);
    });
  }
  return item;
}

function look(text) {
  const began = performance.now();
  const total = flame.search(text);
  const searching = Boolean(text.trim());
  at(".profile-hits").textContent = searching ? format.plural(total, "match").replace("matchs", "matches") : "";
  at(".profile-tools .next").hidden = at(".profile-tools .previous").hidden = !total;
  chart.request();
  return performance.now() - began;
}

function step(forward) {
  const next = flame.nextMatch(chart.selected, forward);
  if (next >= 0) chart.select(next, true);
}

function showSpan([from, to]) {
  at(".profile-span").textContent = `${time(to - from)} in view`;
}

async function showEvent(event) {
  const panel = at(".profile-event");
  panel.hidden = event < 0;
  if (event < 0) return;
  const { start, duration, own, head } = flame;
  const track = flame.trackOf(event),
    { into, out } = chart.links;
  const close = button("Close", () => chart.select(-1));
  close.className = "icon-button close";
  close.textContent = "×";
  close.setAttribute("aria-label", "Close");
  const name = Object.assign(document.createElement("h3"), { textContent: flame.nameOf(event) });
  const facts = document.createElement("dl");
  const fact = (key, value) =>
    facts.append(
      Object.assign(document.createElement("dt"), { textContent: key }),
      Object.assign(document.createElement("dd"), { textContent: value }),
    );
  fact("duration", time(duration[event]));
  if (own[event] < duration[event] * 0.995) fact("of its own", time(own[event]));
  fact("begins at", time(start[event]));
  fact("on", [track.name, track.process].filter(Boolean).join(" · "));
  if (head.categories[flame.category[event]]) fact("category", head.categories[flame.category[event]]);
  panel.replaceChildren(close, name, facts);
  // Work is launched from the host to a GPU; on one device an arrow leads from an operation to its gradient.
  for (const [launch, lead, others] of [
    ["launched by", "comes from", into],
    ["launches", "leads to", out],
  ]) {
    for (const other of others.slice(0, 8)) {
      const title = flame.trackOf(other).device === track.device ? lead : launch;
      const go = button(`${title} ${brief(flame.nameOf(other))}`, () => chart.select(other, true));
      go.className = "text-button link";
      panel.append(go);
    }
  }
  try {
    const found = await api.json("profile/event", { run: chosen.run, hash: chosen.hash, id: event });
    if (chart?.selected !== event) return;
    for (const [key, value] of Object.entries(found))
      fact(key, typeof value === "object" ? JSON.stringify(value) : String(value));
  } catch {
    /* what the columns say is shown; the rest is not essential */
  }
}

const button = (text, act) => {
  const made = Object.assign(document.createElement("button"), { textContent: text });
  made.addEventListener("click", act);
  return made;
};

function wire() {
  at(".profile-which").addEventListener("change", (event) =>
    open(known.find((each) => keyOf(each) === event.target.value)),
  );
  const input = at(".profile-tools input");
  input.addEventListener("input", () => {
    if (flame) look(input.value);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && flame) {
      step(!event.shiftKey);
      event.preventDefault();
    }
    if (event.key === "Escape" && flame) {
      input.value = "";
      look("");
    }
  });
  at(".profile-tools .next").addEventListener("click", () => step(true));
  at(".profile-tools .previous").addEventListener("click", () => step(false));
  at(".profile-tools .in").addEventListener("click", () => chart?.zoom(0.6));
  at(".profile-tools .out").addEventListener("click", () => chart?.zoom(1 / 0.6));
  at(".profile-tools .whole").addEventListener("click", () => chart?.showAll());
}

function close() {
  chart?.unmount();
  table = chart = flame = null;
  if (view && at(".profile-event")) at(".profile-event").hidden = true;
}

export function mount(element) {
  view = element;
  chosen = null;
  list();
}

export function unmount() {
  close();
  view = null;
}

export const isReady = () => ready;

// For automation and for measuring.
export const probe = {
  get chart() {
    return chart;
  },
  get flame() {
    return flame;
  },
  get opened() {
    return opened;
  },
  get table() {
    return table;
  },
  look: (text) => look(text),
};

runs.onChange((what) => {
  if (what?.highlight === undefined) list();
});
live.on("changed", ({ what }) => {
  if (view && what.includes("profile")) list();
});
document.addEventListener("themechange", () => {
  chart?.picture.colours.clear();
  chart?.request();
});
