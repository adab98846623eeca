// The page of embeddings: vectors along their principal components, axes of one's own or a map; neighbours, labels.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import * as live from "../../core/live.js";
import * as runTip from "../../ui/run_tip.js";
import * as runs from "../../core/runs.js";
import * as session from "../../core/session.js";
import * as state from "../../core/state.js";
import { Camera } from "../../gl/camera.js";
import { parse } from "../../core/dictionary.js";
import { Points, fitted } from "../../gl/points.js";
import { css } from "../../charts/palette.js";
import { bestColour, bestLabel, colouring, drawLegend } from "./colour.js";
import { query } from "../../text/query.js";
import { emptyPage } from "../../ui/empty.js";
import { prepared } from "../../charts/chart.js";
import { decode } from "../../core/wire.js";

const ASK_MS = 500; // how often a map is asked for while it is made
const NAMES = 24; // names that are written beside points, at the most
const LISTED = 400; // results of a search that are listed
const LARGE = 3000; // vectors above which a map is flat unless it is asked for: in space it takes several times as long
const METHODS = { tsne: "t-SNE", umap: "UMAP" };

const camera = new Camera();
let view = null,
  points = null,
  data = null,
  chosen = -1,
  near = [],
  selected = [],
  found = null,
  asking = 0;
let where = null; // run, tag, step
let only = null; // the points that are shown alone
const way = {
  kind: "pca",
  x: 0,
  y: 1,
  z: 2,
  size: 0,
  tsne: 30,
  umap: 15,
  colour: -1,
  label: 0,
  pictured: false,
  distance: "cosine",
  count: 20,
};
let maps = {}; // method, size and neighbours -> columns

const frame = Object.assign(document.createElement("div"), { className: "embeddings" });
frame.innerHTML =
  '<div class="embeddings-tools"><label>Embedding <select data-is="tag"></select></label><label>Run <select data-is="run"></select></label><label data-is="steps">Step <input type="range" min="0" step="1"><output></output></label><label>Places <select data-is="kind"><option value="pca">principal components</option><option value="tsne">t-SNE</option><option value="umap">UMAP</option><option value="axis">own axis</option></select></label><label class="axes">x <select data-is="x"></select></label><label class="axes">y <select data-is="y"></select></label><label class="axes">z <select data-is="z"></select></label><label class="maps">Dimensions <select data-is="size"><option value="0">automatic</option><option>2</option><option>3</option></select></label><label class="maps" data-is="nearby">Perplexity <select data-is="near"></select></label><label>Colour <select data-is="colour"></select></label><label>Label <select data-is="label"></select></label><label data-is="pictured"><input type="checkbox"> pictures</label></div><div class="embeddings-body"><div class="embeddings-stage"><canvas aria-label="Points of the embedding" role="img" tabindex="0"></canvas><canvas class="over"></canvas><div class="embeddings-legend" role="group" aria-label="What colours mean"></div><p class="embeddings-said" role="status"></p></div><aside class="embeddings-side"><label class="search"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13.2 13.2 17 17"/></svg><input type="search" placeholder="Find a label: words or /regex/" aria-label="Find a label"></label><div class="embeddings-point"></div><div class="embeddings-list" role="list"></div><div class="embeddings-marks"><button class="text-button" data-is="mark">Bookmark this view</button><span></span></div></aside></div>';
const is = Object.fromEntries([...frame.querySelectorAll("[data-is]")].map((element) => [element.dataset.is, element]));
const [canvas, over] = frame.querySelectorAll("canvas");
const search = frame.querySelector(".search input"),
  list = frame.querySelector(".embeddings-list"),
  card = frame.querySelector(".embeddings-point"),
  legend = frame.querySelector(".embeddings-legend"),
  said = frame.querySelector(".embeddings-said");

// --- data -------------------------------------------------------------------------------------------------

async function load() {
  const here = ++asking;
  chosen = -1;
  near = [];
  selected = [];
  found = null;
  only = null;
  left = null;
  say("Reading …");
  let answer;
  try {
    answer = await api.packed("embedding", where);
  } catch (error) {
    if (here === asking) {
      data = null;
      say(error.message);
    }
    return;
  }
  if (here !== asking) return;
  const { head, column } = answer;
  const isOther = JSON.stringify(head.header) !== JSON.stringify(data?.header);
  data = { ...head, pca: Array.from({ length: head.shares.length }, () => column(head.count)) };
  maps = {};
  search.value = "";
  if (isOther || way.colour >= head.header.length)
    Object.assign(way, {
      colour: head.rows.length ? bestColour(head) : -1,
      label: head.rows.length ? bestLabel(head) : 0,
    });
  const steps = is.steps.querySelector("input");
  is.steps.hidden = head.steps.length < 2;
  steps.max = String(head.steps.length - 1);
  steps.value = String(head.steps.indexOf(head.step));
  is.steps.querySelector("output").textContent = format.step(head.step);
  is.pictured.hidden = !head.sprites;
  options(
    is.colour,
    [["-1", "none"], ...(head.rows.length ? head.header.map((name, k) => [String(k), name]) : [])],
    String(way.colour),
  );
  options(
    is.label,
    head.rows.length ? head.header.map((name, k) => [String(k), name]) : [["0", "number"]],
    String(way.label),
  );
  const axes = data.pca.map((_, k) => [String(k), `${k + 1} (${(100 * head.shares[k]).toFixed(1)} %)`]);
  for (const axis of ["x", "y", "z"]) {
    if (way[axis] >= data.pca.length) way[axis] = axis === "z" ? -1 : 0;
    options(is[axis], axis === "z" ? [...axes, ["-1", "none"]] : axes, String(way[axis]));
  }
  picture();
  place();
  fill();
}

function options(select, pairs, value) {
  select.replaceChildren(...pairs.map(([key, text]) => new Option(text, key)));
  select.value = value;
}

async function picture() {
  if (!points?.gl) return;
  points.picture(null);
  if (!way.pictured || !data?.sprites) return;
  const image = new Image();
  const { run, tag, step } = where;
  try {
    image.src = URL.createObjectURL(new Blob([await api.bytes("embedding/sprites", { run, tag, step })]));
    await image.decode();
  } catch {
    return;
  } finally {
    URL.revokeObjectURL(image.src);
  }
  if (way.pictured) points.picture(image, 64, data.sprites[2], data.sprites[1]);
}

// --- places and colours -----------------------------------------------------------------------------------

const axesOf = () => [way.x, way.y, way.z].map((k) => data.pca[k] ?? null);
const sizeOf = () => way.size || (way.kind === "tsne" && data.count > LARGE ? 2 : 3);
const keyOf = () => `${way.kind} ${sizeOf()} ${way[way.kind]}`;

function place() {
  const isMap = way.kind in METHODS,
    hasMap = isMap && maps[keyOf()];
  for (const label of frame.querySelectorAll(".axes")) label.hidden = isMap;
  for (const label of frame.querySelectorAll(".maps")) label.hidden = !isMap;
  if (isMap) {
    is.nearby.firstChild.textContent = way.kind === "tsne" ? "Perplexity " : "Neighbours ";
    options(
      is.near,
      [5, 15, 30, 50, 100].map((near) => [String(near), String(near)]),
      String(way[way.kind]),
    );
  }
  // Until there is a map the components stand in for it: never the places of another embedding.
  const columns = hasMap || (way.kind === "axis" && data.own ? [data.own, ...axesOf().slice(1)] : axesOf());
  camera.flat = !columns[2];
  points.show(fitted([columns[0], columns[1] ?? null, columns[2] ?? null], data.count, only), colours());
  explain();
  if (isMap && !hasMap) {
    say(`${METHODS[way.kind]} is asked for. Until then principal components.`);
    map();
  } else if (way.kind === "axis" && !data.own)
    say(
      "An axis runs from one selection to another: alt-drag or search, then “Begin an axis here”. Until then principal components.",
    );
  else say();
}

function colours() {
  const made = new Uint8Array(4 * data.count),
    lit = found ?? (selected.length ? selected : near.length ? [chosen, ...near.map((each) => each.index)] : null);
  const { of } = colouring(data.rows, way.colour);
  for (let i = 0; i < data.count; i++) {
    const paint = of(i);
    made.set(paint, 4 * i);
    made[4 * i + 3] = lit ? 40 : 240;
  }
  for (const i of lit ?? []) made[4 * i + 3] = 255;
  return made;
}

const repaint = () => {
  if (data && points.places) points.show(points.places, colours());
};
const name = (i) => data.rows[i]?.[way.label] ?? `vector ${i}`;

const explain = () =>
  drawLegend(legend, data.header[way.colour], colouring(data.rows, way.colour).legend, (word) =>
    select([...data.rows.keys()].filter((i) => data.rows[i][way.colour] === word)),
  );

// Points stand out together, none of them chosen.
function select(indices) {
  chosen = -1;
  near = [];
  found = null;
  selected = indices;
  repaint();
  fill();
  say();
}

function isolate(indices) {
  only = indices;
  place();
  fill();
}

function say(text) {
  said.textContent =
    text ??
    (data
      ? `${format.plural(data.count, "vector")} of ${data.width} dimensions${way.kind === "pca" ? ` · ${(100 * [way.x, way.y, way.z].reduce((sum, k) => sum + (data.shares[k] ?? 0), 0)).toFixed(1)} % of the variance` : ""}${only ? ` · ${only.length.toLocaleString("en-US")} shown` : ""}${selected.length ? ` · ${selected.length.toLocaleString("en-US")} selected` : ""}`
      : "");
}

// --- maps, neighbours, search -----------------------------------------------------------------------------

async function map() {
  const of = data,
    key = keyOf(),
    method = METHODS[way.kind];
  const asked = {
    run: where.run,
    tag: where.tag,
    step: data.step,
    method: way.kind,
    size: sizeOf(),
    near: way[way.kind],
  };
  const isWanted = () => view && data === of && way.kind in METHODS && keyOf() === key;
  if (of.mapping === key) return;
  of.mapping = key;
  try {
    while (isWanted()) {
      const { head, column } = await api.packed("embedding/map", asked);
      if (head.done) maps[key] = Array.from({ length: head.columns }, () => column(of.count));
      if (!isWanted()) return;
      if (head.done) {
        place();
        return;
      }
      if (head.problem) {
        say(`${method}: ${head.problem}`);
        return;
      }
      say(`${method}: ${Math.round(100 * head.progress)} %, ${head.said}. Until then principal components.`);
      await new Promise((done) => {
        setTimeout(done, ASK_MS);
      });
    }
  } catch (error) {
    say(error.message);
  } finally {
    if (of.mapping === key) of.mapping = null;
  }
}

let choosing = 0;

async function choose(i) {
  chosen = i;
  near = [];
  found = null;
  selected = [];
  if (i >= 0) {
    const asked = ++choosing,
      of = data; // answers may overtake each other
    try {
      const answer = await api.json("embedding/neighbours", {
        run: where.run,
        tag: where.tag,
        step: data.step,
        index: i,
        distance: way.distance,
        count: way.count,
      });
      if (asked !== choosing || chosen !== i || data !== of) return;
      near = answer.index.map((index, k) => ({ index, far: answer.distance[k] }));
    } catch (error) {
      say(error.message);
    }
  }
  repaint();
  fill();
}

function fill() {
  card.replaceChildren();
  const rows = [];
  if (!data) return;
  if (chosen >= 0) {
    const head = card.appendChild(document.createElement("h3"));
    head.textContent = name(chosen);
    if (data.rows.length)
      for (const [k, column] of data.header.entries())
        card.append(Object.assign(document.createElement("p"), { textContent: `${column}: ${data.rows[chosen][k]}` }));
    const choice = card.appendChild(document.createElement("label"));
    choice.textContent = "Nearest by ";
    const select = choice.appendChild(document.createElement("select"));
    options(
      select,
      [
        ["cosine", "cosine"],
        ["euclidean", "Euclidean"],
        ["manhattan", "Manhattan"],
      ],
      way.distance,
    );
    select.addEventListener("change", () => {
      way.distance = select.value;
      choose(chosen);
    });
    const count = choice.appendChild(Object.assign(document.createElement("select"), { ariaLabel: "How many" }));
    options(
      count,
      [5, 10, 20, 50, 100, 200].map((n) => [String(n), String(n)]),
      String(way.count),
    );
    count.addEventListener("change", () => {
      way.count = Number(count.value);
      choose(chosen);
    });
    for (const each of near) rows.push([each.index, format.value(each.far, 3)]);
  } else if (found) for (const i of found.slice(0, LISTED)) rows.push([i, ""]);
  else if (selected.length) for (const i of selected.slice(0, LISTED)) rows.push([i, ""]);
  else
    card.append(
      Object.assign(document.createElement("p"), {
        textContent:
          "Click a point for its neighbours. Drag turns, shift-drag moves, alt-drag selects, the wheel nears.",
      }),
    );
  const lit = chosen >= 0 ? [chosen, ...near.map((each) => each.index)] : selected;
  const button = (text, act) =>
    card
      .appendChild(Object.assign(document.createElement("button"), { className: "text-button", textContent: text }))
      .addEventListener("click", act);
  if (lit.length && lit.length < (only?.length ?? data.count))
    button(`Show only these ${lit.length.toLocaleString("en-US")}`, () => isolate(lit));
  if (only) button(`Show all ${data.count.toLocaleString("en-US")}`, () => isolate(null));
  if (selected.length && chosen < 0) {
    button(left ? "End the axis here" : "Begin an axis here", () => (left ? own() : begin()));
  }
  list.replaceChildren(
    ...rows.map(([i, text]) => {
      const row = document.createElement("button");
      row.className = "embeddings-row";
      row.setAttribute("role", "listitem");
      row.append(
        Object.assign(document.createElement("span"), { textContent: name(i) }),
        Object.assign(document.createElement("span"), { textContent: text }),
      );
      row.addEventListener("click", () => choose(i));
      return row;
    }),
  );
}

let left = null; // the rows that an axis of one's own begins at

function begin() {
  left = selected;
  fill();
  say("Select the other end with alt-drag or a search.");
}

async function own() {
  const ends = { ...where, step: data.step, left, right: selected };
  left = null;
  const answer = await fetch(`${state.boot.prefix}/api/v1/embedding/axis`, {
    method: "POST",
    headers: { "content-type": "application/json", ...session.headers() },
    body: JSON.stringify(ends),
  });
  if (!answer.ok) {
    say(parse(await answer.text()).error);
    return;
  }
  data.own = decode(await answer.arrayBuffer()).column(data.count);
  way.kind = is.kind.value = "axis";
  place();
}

search.addEventListener("input", () => {
  if (!data) return;
  const text = search.value.trim();
  const { test, problem } = query(text);
  chosen = -1;
  near = [];
  found = text ? [...Array(data.count).keys()].filter((i) => test(data.rows[i]?.join("\t") ?? `vector ${i}`)) : null;
  selected = found ?? [];
  repaint();
  fill();
  say(problem || (found ? `${format.plural(found.length, "vector")} with “${text}”` : undefined));
});

// --- the stage --------------------------------------------------------------------------------------------

let pressed = null;
canvas.addEventListener(
  "pointerdown",
  (event) => {
    pressed = { x: event.offsetX, y: event.offsetY, box: event.altKey };
    if (event.altKey) event.stopImmediatePropagation();
  },
  true,
);
canvas.addEventListener("pointermove", (event) => {
  if (pressed?.box) {
    frameBox(event);
    return;
  }
  if (event.buttons || !data) {
    runTip.hide();
    return;
  }
  const i = points.nearest(event.offsetX, event.offsetY);
  canvas.style.cursor = i >= 0 ? "pointer" : "grab";
  if (i < 0) runTip.hide();
  else
    runTip.show(
      event,
      name(i),
      data.rows.length > 0 && data.header.length > 1
        ? data.header.map((column, k) => [column, data.rows[i][k]]).slice(0, 12)
        : [],
    );
});
canvas.addEventListener("pointerup", (event) => {
  if (!pressed || !data) return;
  const from = pressed;
  pressed = null;
  write();
  if (from.box) {
    const [x, y] = [
      [from.x, event.offsetX],
      [from.y, event.offsetY],
    ].map((pair) => pair.sort((a, b) => a - b));
    select(points.within(x[0], y[0], x[1], y[1]));
  } else if (Math.hypot(event.offsetX - from.x, event.offsetY - from.y) < 4)
    choose(points.nearest(event.offsetX, event.offsetY));
});
canvas.addEventListener("pointerleave", () => runTip.hide());
canvas.addEventListener("dblclick", () => camera.reset());

// The names of what is chosen, beside it.
function write() {
  const context = prepared(over, over.clientWidth, over.clientHeight);
  context.font = `12px ${css("--font")}`;
  context.lineWidth = 3;
  context.strokeStyle = css("--card");
  context.fillStyle = css("--text");
  for (const i of (chosen >= 0 ? [...near.map((each) => each.index).reverse(), chosen] : selected).slice(-NAMES)) {
    const at = points.project(i);
    if (!at) continue;
    context.strokeText(name(i), at[0] + 8, at[1] + 4);
    context.fillText(name(i), at[0] + 8, at[1] + 4);
  }
}

function frameBox(event) {
  const context = prepared(over, over.clientWidth, over.clientHeight);
  context.strokeStyle = css("--accent");
  context.strokeRect(pressed.x, pressed.y, event.offsetX - pressed.x, event.offsetY - pressed.y);
}

for (const key of ["kind", "x", "y", "z", "size", "colour", "label"])
  is[key].addEventListener("change", () => {
    way[key] = key === "kind" ? is[key].value : Number(is[key].value);
    if (data) {
      place();
      fill();
    }
  });
is.near.addEventListener("change", () => {
  way[way.kind] = Number(is.near.value);
  place();
});
is.pictured.querySelector("input").addEventListener("change", (event) => {
  way.pictured = event.target.checked;
  picture();
});
is.steps.querySelector("input").addEventListener("change", (event) => {
  const at = Number(event.target.value);
  where = { ...where, step: at === data.steps.length - 1 ? undefined : data.steps[at] };
  load();
});
is.tag.addEventListener("change", () => {
  where = null;
  arrange();
});
is.run.addEventListener("change", () => {
  where = { run: is.run.value, tag: is.tag.value };
  load();
});

// --- bookmarks --------------------------------------------------------------------------------------------

const kept = () => state.local.get("bookmarks", []);
is.mark.addEventListener("click", () => {
  const { yaw, pitch, distance, panX, panY } = camera;
  state.local.set(
    "bookmarks",
    [...kept(), { where, way: { ...way }, camera: { yaw, pitch, distance, panX, panY }, chosen }].slice(-9),
  );
  marks();
});

function marks() {
  frame.querySelector(".embeddings-marks span").replaceChildren(
    ...kept().map((mark, k) => {
      const button = Object.assign(document.createElement("button"), {
        className: "text-button",
        textContent: String(k + 1),
        title: `${mark.where.tag} of ${mark.where.run}; shift-click forgets it`,
      });
      button.addEventListener("click", async (event) => {
        if (event.shiftKey) {
          state.local.set(
            "bookmarks",
            kept().filter((_, at) => at !== k),
          );
          marks();
          return;
        }
        where = mark.where;
        is.tag.value = where.tag;
        is.run.value = where.run;
        await load();
        Object.assign(way, mark.way);
        for (const key of ["kind", "x", "y", "z", "size", "colour", "label"]) is[key].value = String(way[key]);
        place();
        Object.assign(camera, mark.camera);
        camera.tell();
        if (mark.chosen >= 0) choose(mark.chosen);
      });
      return button;
    }),
  );
}

// --- the page ---------------------------------------------------------------------------------------------

function arrange() {
  if (!view) return;
  const tags = runs.tags("embedding");
  if (!tags.length) {
    view.replaceChildren(runs.loaded ? emptyPage("embeddings") : "");
    return;
  }
  if (frame.parentElement !== view) view.replaceChildren(frame);
  if (!points) {
    points = new Points(canvas, camera);
    points.onDrawn = write;
    camera.attach(canvas);
  }
  if (!points.gl) {
    say("This browser draws no WebGL, which points need.");
    return;
  }
  const tag = tags.includes(where?.tag ?? is.tag.value) ? (where?.tag ?? is.tag.value) : tags[0];
  const having = runs
    .all()
    .filter((run) => run.series.embedding?.includes(tag))
    .map((run) => run.name);
  const shown = having.filter((each) => runs.isVisible(each));
  const run = having.includes(where?.run) ? where.run : (shown[0] ?? having[0]);
  options(
    is.tag,
    tags.map((each) => [each, each]),
    tag,
  );
  options(
    is.run,
    having.map((each) => [each, each]),
    run,
  );
  if (where?.run !== run || where?.tag !== tag) {
    where = { run, tag };
    load();
  }
}

export function mount(element) {
  view = element;
  arrange();
  marks();
  points?.request();
}

export function unmount() {
  view = null;
  runTip.hide();
}

export const isReady = () => runs.loaded && (Boolean(points?.places) || !frame.isConnected);
// For automation: what is drawn now, and a way to turn it.
export const drawn = () => ({
  count: points?.count ?? 0,
  kind: way.kind,
  near: near.map((each) => each.index),
  selected: selected.length,
  shown: only?.length ?? points?.count ?? 0,
  said: said.textContent,
  at: (i) => points.project(i),
});
export function turn(by) {
  camera.yaw += by;
  points.move();
  points.gl.finish();
  return points.every;
}

runs.onChange((what) => {
  if (what === "runs" || what === "visible") arrange();
});
live.on("changed", ({ run, what }) => {
  if (view && run === where?.run && what.includes("embedding") && where.step === undefined) load();
});
document.addEventListener("themechange", () => {
  if (view && data && points?.places) {
    repaint();
    explain();
  }
});
