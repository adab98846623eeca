// The page of runs: a table of all of them, with their settings and metrics; sorted, filtered, changed.
import * as api from "./api.js";
import * as format from "./format.js";
import * as live from "./live.js";
import * as runs from "./runs.js";
import * as state from "./state.js";
import { emptyPage } from "./empty.js";
import { keysOf, settingsOf } from "./lines.js";
import { dialog, popover, say, trying } from "./menu.js";
import { colour } from "./palette.js";
import { discard, note, rename, runMenu, tag } from "./run_menu.js";

const ROW = 32;
const METRICS = 4; // metric columns at first
let view = null, body = null, scroller = null, head = null;
let metrics = {}; // run -> tag -> [last, least, greatest, points]
let loaded = false;
let sorted = []; // runs in the order of the table

// --- columns ------------------------------------------------------------------------------------------------

const number = (value) => runs.number(value);
const FIXED = {
  name: { title: "Run", of: (run) => run.shown, wide: 240 },
  status: { title: "Status", of: (run) => run.status, wide: 90 },
  started: { title: "Started", of: (run) => run.started, text: (run) => (run.started ? format.ago(run.started) : ""), tip: (run) => (run.started ? format.moment(run.started) : ""), wide: 96, right: true },
  took: { title: "Took", of: (run) => (run.started ? (run.ended ?? run.updated ?? run.started) - run.started : null), text: (run) => (run.started ? format.duration((run.ended ?? run.updated ?? run.started) - run.started) : ""), wide: 96, right: true },
  step: { title: "Step", of: (run) => run.step, text: (run) => (run.step === null || run.step === undefined ? "" : format.step(run.step)), wide: 80, right: true },
  labels: { title: "Tags", of: (run) => run.labels.join(", "), wide: 110 },
  note: { title: "Note", of: (run) => run.said?.note ?? run.notes ?? "", wide: 150 },
};
const WAYS = ["last", "min", "max"];

function column(id) {
  if (FIXED[id]) return { id, ...FIXED[id] };
  const [kind, ...rest] = id.split(":"), name = rest.join(":");
  if (kind === "config") return { id, title: name, group: "setting", of: (run) => { const text = settingsOf(run).get(name); return text !== undefined && text !== "" && Number.isFinite(Number(text)) ? Number(text) : text ?? null; }, text: (run) => settingsOf(run).get(name) ?? "", wide: 96, right: true };
  const way = WAYS.indexOf(kind);
  const of = (run) => { const found = metrics[run.name]?.[name]; return found ? number(found[way]) : null; };
  return { id, title: name, group: kind, of, text: (run) => { const value = of(run); return value === null ? "" : format.value(value, 5); }, tip: (run) => { const value = of(run); return value === null ? "" : format.exact(value); }, wide: 112, right: true };
}

function usual() {
  const all = runs.all();
  const tags = runs.tags("scalar");
  const first = [...new Set([runs.headline, ...tags.filter((tag) => /loss|acc/i.test(tag)), ...tags])].filter(Boolean).slice(0, METRICS);
  return ["name", "status", "started", "took", "step", ...(all.some((run) => run.labels.length) ? ["labels"] : []), ...(all.some((run) => run.said?.note || run.notes) ? ["note"] : []), ...keysOf(all).slice(0, 8).map((key) => `config:${key}`), ...first.flatMap((tag) => [`last:${tag}`, `${/acc|score|reward|auc|f1/i.test(tag) ? "max" : "min"}:${tag}`])];
}

const columns = () => (state.get("columns").length ? ["name", ...state.get("columns").filter((id) => id !== "name")] : usual()).map(column);

// --- rows ---------------------------------------------------------------------------------------------------

function sort() {
  const key = state.get("sort").replace(/^-/, ""), way = state.get("sort").startsWith("-") ? -1 : 1;
  sorted = runs.all().filter(({ name }) => runs.matches(name));
  if (!key) return;
  const { of } = column(key);
  const value = new Map(sorted.map((run) => [run, of(run)]));
  const none = (each) => each === null || each === undefined || each === "" || Number.isNaN(each);
  // What has no value is at the end either way.
  sorted.sort((a, b) => {
    const [x, y] = [value.get(a), value.get(b)];
    if (none(x) || none(y)) return none(x) - none(y);
    return way * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true }));
  });
}

let scheduled = 0;
function render(all = true) {
  if (!view || scheduled === 2) return;
  if (!scheduled) requestAnimationFrame(() => { const everything = scheduled === 2; scheduled = 0; if (view) paint(everything); });
  scheduled = all ? 2 : 1;
}

let shownColumns = [];
function paint(all) {
  if (!runs.all().length) { view.replaceChildren(runs.loaded ? emptyPage("runs") : ""); scroller = null; return; }
  if (!scroller) build();
  if (all) { sort(); shownColumns = columns(); paintHead(); }
  const chosen = new Set(state.get("chosen"));
  const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - 6);
  const last = Math.min(sorted.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / ROW) + 6);
  body.style.height = `${sorted.length * ROW}px`;
  const focused = body.contains(document.activeElement) ? document.activeElement.closest(".t-row")?.dataset.run : null;
  body.replaceChildren(...sorted.slice(first, last).map((run, i) => row(run, first + i, chosen)));
  if (focused) [...body.children].find((each) => each.dataset.run === focused)?.querySelector("input")?.focus({ preventScroll: true });
  head.parentNode.setAttribute("aria-rowcount", sorted.length + 1);
  const names = state.get("chosen").filter((name) => runs.get(name));
  for (const button of view.querySelectorAll("[data-needs]")) button.disabled = button.dataset.needs === "one" ? names.length !== 1 : !names.length;
  view.querySelector(".table-told").textContent = `${format.plural(sorted.length, "run")}${names.length ? ` · ${names.length} selected` : ""}${loaded ? "" : " · reading metrics…"}`;
}

function paintHead() {
  const wide = ["64px", ...shownColumns.map(({ wide, id }) => (id === "name" ? `minmax(${wide}px, 1fr)` : `${wide}px`))].join(" ");
  head.parentNode.style.setProperty("--columns", wide);
  const cells = [cell("div", "columnheader", "")];
  cells[0].append(Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: "Shown, selected" }));
  for (const { id, title, group, right } of shownColumns) {
    const one = cell("div", "columnheader", "");
    const [key, falling] = [state.get("sort").replace(/^-/, ""), state.get("sort").startsWith("-")];
    one.setAttribute("aria-sort", key === id ? (falling ? "descending" : "ascending") : "none");
    const button = one.appendChild(document.createElement("button"));
    button.title = `Sort by ${group ? `${group} ` : ""}${title}`;
    if (group) button.append(Object.assign(document.createElement("small"), { textContent: group }));
    button.append(Object.assign(document.createElement("span"), { textContent: title }));
    button.addEventListener("click", () => state.set("sort", key !== id ? id : falling ? "" : `-${id}`));
    if (right) one.classList.add("is-right");
    cells.push(one);
  }
  head.replaceChildren(...cells);
}

function cell(kind, role, text) {
  const made = document.createElement(kind);
  made.setAttribute("role", role);
  made.textContent = text;
  return made;
}

function row(run, i, chosen) {
  const made = cell("div", "row", "");
  made.className = "t-row";
  made.dataset.run = run.name;
  made.style.top = `${i * ROW}px`;
  made.setAttribute("aria-rowindex", i + 2);
  made.setAttribute("aria-selected", String(chosen.has(run.name)));
  made.classList.toggle("is-off", !runs.isVisible(run.name));
  const first = cell("div", "cell", "");
  first.className = "t-first";
  const pick = first.appendChild(Object.assign(document.createElement("input"), { type: "checkbox", checked: chosen.has(run.name) }));
  pick.setAttribute("aria-label", `Select ${run.shown}`);
  pick.addEventListener("change", () => state.set("chosen", pick.checked ? [...state.get("chosen"), run.name] : state.get("chosen").filter((name) => name !== run.name)));
  const show = first.appendChild(Object.assign(document.createElement("input"), { type: "checkbox", className: "swatch", checked: runs.isVisible(run.name) }));
  show.style.setProperty("--run", colour(run.colour));
  show.setAttribute("aria-label", `Show ${run.shown}`);
  show.addEventListener("change", () => runs.toggle(run.name));
  made.append(first);
  for (const { id, of, text, tip, right } of shownColumns) {
    const one = cell("div", "cell", text ? text(run) : String(of(run) ?? ""));
    one.title = tip ? tip(run) : one.textContent;
    if (right) one.classList.add("is-right");
    if (id === "name") one.classList.add("t-name");
    if (id === "status") one.prepend(Object.assign(document.createElement("i"), { className: "status" }));
    if (id === "status") one.firstChild.dataset.status = run.status;
    made.append(one);
  }
  made.addEventListener("contextmenu", (event) => { event.preventDefault(); runMenu(made, run.name, event); });
  made.addEventListener("dblclick", (event) => { if (event.target.closest(".t-name")) rename(run); });
  return made;
}

// --- the page -----------------------------------------------------------------------------------------------

function build() {
  const bar = document.createElement("div");
  bar.className = "table-bar";
  const told = bar.appendChild(Object.assign(document.createElement("span"), { className: "table-told" }));
  told.setAttribute("role", "status");
  const act = (text, needs, does) => {
    const button = bar.appendChild(Object.assign(document.createElement("button"), { className: "tool-button", textContent: text }));
    if (needs) { button.dataset.needs = needs; button.disabled = true; }
    button.addEventListener("click", () => does(state.get("chosen").filter((name) => runs.get(name)), button));
  };
  act("Rename", "one", ([name]) => rename(runs.get(name)));
  act("Tags", "some", (names) => tag(names, runs.get(names[0])));
  act("Note", "one", ([name]) => note(runs.get(name)));
  act("Delete", "some", discard);
  act("Columns", null, (_, button) => choose(button));
  act("Trash", null, trash);
  act("CSV", null, save);
  const box = document.createElement("div");
  box.className = "table";
  box.setAttribute("role", "grid");
  box.setAttribute("aria-label", "Runs");
  scroller = document.createElement("div");
  scroller.className = "table-scroll";
  head = cell("div", "row", "");
  head.className = "t-head";
  body = cell("div", "rowgroup", "");
  body.className = "t-body";
  box.append(head, body);
  scroller.append(box);
  scroller.tabIndex = 0;
  scroller.addEventListener("scroll", () => render(false), { passive: true });
  view.replaceChildren(bar, scroller);
}

function choose(button) {
  const box = document.createElement("div");
  box.className = "tool-sheet";
  const now = columns().map(({ id }) => id);
  const search = box.appendChild(Object.assign(document.createElement("input"), { type: "search", placeholder: "Find a column" }));
  search.setAttribute("aria-label", "Find a column");
  const list = box.appendChild(document.createElement("div"));
  list.className = "column-list";
  const all = [...Object.keys(FIXED).filter((id) => id !== "name"), ...keysOf(runs.all()).map((key) => `config:${key}`), ...runs.tags("scalar").flatMap((tag) => WAYS.map((way) => `${way}:${tag}`))];
  const show = () => list.replaceChildren(...all.filter((id) => id.toLowerCase().includes(search.value.toLowerCase())).slice(0, 200).map((id) => {
    const label = document.createElement("label");
    label.className = "check";
    const tick = label.appendChild(Object.assign(document.createElement("input"), { type: "checkbox", checked: now.includes(id) }));
    const { group, title } = column(id);
    label.append(group ? `${group} ${title}` : title);
    tick.addEventListener("change", () => { if (tick.checked) now.push(id); else now.splice(now.indexOf(id), 1); state.set("columns", [...now]); });
    return label;
  }));
  search.addEventListener("input", show);
  show();
  popover(button, box, "Columns");
}

async function trash() {
  const found = await trying(() => api.json("trash"));
  if (!found) return;
  const list = document.createElement("div");
  list.className = "body";
  if (!found.runs.length) list.append("The trash is empty.");
  for (const name of found.runs) {
    const line = list.appendChild(Object.assign(document.createElement("div"), { className: "trash-line" }));
    line.append(Object.assign(document.createElement("span"), { textContent: name }));
    const back = line.appendChild(Object.assign(document.createElement("button"), { className: "text-button", textContent: "Restore" }));
    back.setAttribute("aria-label", `Restore ${name}`);
    back.addEventListener("click", () => trying(async () => { await api.post("trash", { runs: [name], restore: true }); line.remove(); say(`${name} is back.`); }));
  }
  list.append(Object.assign(document.createElement("p"), { className: "hint", textContent: "Deleted runs lie in the folder .trash of the logdir until you empty it." }));
  dialog("Trash", list);
}

function save() {
  const quote = (text) => { const safe = /^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text)) ? `'${text}` : text; return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe; };
  const lines = [shownColumns.map(({ title, group }) => quote(group ? `${group} ${title}` : title)).join(",")];
  for (const run of sorted) lines.push(shownColumns.map(({ of }) => quote(String(of(run) ?? ""))).join(","));
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" })), download: "runs.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

let reading = 0;
async function load() {
  if (!view) return;
  try { metrics = (await api.json("table")).runs; loaded = true; } catch (error) { say(`The metrics could not be read: ${error.message}`); }
  render();
}
const soon = () => { reading ||= setTimeout(() => { reading = 0; load(); }, 2000); };

export function mount(element) {
  view = element;
  view.classList.add("is-table");
  scroller = null;
  render();
  load();
}

export function unmount() {
  view.classList.remove("is-table");
  view = scroller = null;
}

export const isReady = () => runs.loaded && (!runs.all().length || (loaded && Boolean(body?.children.length)));

runs.onChange((what) => { if (what?.highlight === undefined) { render(); if (what === "runs" || what === "run") soon(); } });
state.on(["sort", "columns"], () => render());
live.on("points", () => { if (view) soon(); });
new ResizeObserver(() => render(false)).observe(document.getElementById("view"));
document.addEventListener("themechange", () => render());
