// A figure: Matplotlib's as a picture, Plotly's drawn by Plotly, which comes from this server when one is in sight.
import * as api from "../../core/api.js";
import * as format from "../../text/format.js";
import { boot } from "../../core/state.js";
import { node } from "../../ui/dom.js";
import { css } from "../../charts/palette.js";
import { once } from "../../core/once.js";
import { open } from "./large.js";
import { largeDialog } from "./large_dialog.js";
import { unpacked } from "./data.js";

/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./data.js").ItemElement} ItemElement */
/** @typedef {import("./panel.js").Panel} Panel */

/**
 * @param {Item} item
 * @param {Panel} panel
 * @returns {ItemElement}
 */
export function make(item, panel) {
  const holder = node("div", { class: "figure-holder" });
  const caption = node("span");
  const enlarge = node("button", {
    type: "button",
    class: "text-button",
    text: "Enlarge",
    "aria-label": `Enlarge figure ${panel.tag}`,
    hidden: true,
  });
  const element = node("figure", { class: "figure" }, holder, node("figcaption", {}, caption, enlarge));
  let shown = "",
    at = item;
  const theme = () => {
    shown = "";
    update(at);
  };
  enlarge.addEventListener("click", () => large(panel, at));
  /** @param {Item} now */
  const update = (now) => {
    at = now;
    caption.textContent = now.attributes.caption ?? "";
    if (shown === now.hash) return;
    shown = now.hash;
    enlarge.hidden = now.form.startsWith("image/"); // which is its own button
    if (now.form.startsWith("image/")) picture(holder, panel, now);
    else plot(holder, panel, now, () => shown === now.hash);
  };
  const scope = panel.scope.child();
  scope.on(document, "themechange", theme);
  scope.onLeave(() => {
    shown = ""; // what is on its way is not drawn
    loaded()?.purge(holder);
  });
  update(item);
  return Object.assign(element, { update, end: () => scope.leave() });
}

/**
 * @param {HTMLElement} holder
 * @param {Panel} panel
 * @param {Item} item
 */
function picture(holder, panel, item) {
  const image = node("img", {
    src: api.blobAddress(panel.run, item.hash),
    loading: "lazy",
    width: item.attributes.width,
    height: item.attributes.height,
    alt: item.attributes.caption ?? `Figure ${panel.tag}`,
  });
  const button = node(
    "button",
    { type: "button", class: "picture-open", "aria-label": `Enlarge figure ${panel.tag}` },
    image,
  );
  button.addEventListener("click", () => open(panel, item));
  loaded()?.purge(holder);
  holder.style.minHeight = "";
  holder.replaceChildren(button);
}

const HEIGHT = 340,
  LOWEST = 160,
  HIGHEST = 900; // px
/** @param {Record<string, any>} layout */
const titled = ({ title }) => Boolean(typeof title === "string" ? title : title?.text);

/** @typedef {{ data: unknown[], layout: Record<string, any> }} Plot what is Plotly's own is not told apart here */
/**
 * @typedef {object} Drawer Plotly, as far as it is used here
 * @property {(holder: HTMLElement, data: unknown[], layout: object, config: object) => Promise<unknown>} react
 * @property {(holder: HTMLElement) => void} purge
 */

/** Plotly once it has come. */
const loaded = () => /** @type {{ Plotly?: Drawer }} */ (/** @type {unknown} */ (window)).Plotly;

const drawer = once(
  () =>
    /** @type {Promise<Drawer>} */ (
      new Promise((done, failed) => {
        const script = document.createElement("script");
        const fail = () => failed(new Error("Plotly could not be loaded"));
        script.src = `${boot.prefix}/packages/plotly.js`;
        script.onload = () => {
          const found = loaded();
          if (found) done(found);
          else fail();
        };
        script.onerror = fail;
        document.head.append(script);
      })
    ),
);

// A figure on the whole page, to be hovered and zoomed in.
/**
 * @param {Panel} panel
 * @param {Item} item
 */
function large(panel, item) {
  const holder = node("div", { class: "figure-holder" });
  const dialog = largeDialog(panel.tag, {
    label: `Figure ${panel.tag}`,
    head: [
      node("span", { class: "dim", text: `step ${format.step(item.step)}` }),
      node("span", { class: "bar-space" }),
    ],
    body: holder,
    onClose: () => {
      forget();
      loaded()?.purge(holder);
    },
  });
  const forget = panel.page.scope.onLeave(() => dialog.close());
  plot(holder, panel, item, () => dialog.isConnected, holder.clientHeight);
}

// tall: px; without it as high as the figure says, within reason.
/**
 * @param {HTMLElement} holder
 * @param {Panel} panel
 * @param {Item} item
 * @param {() => boolean} isWanted
 * @param {number} [tall]
 */
async function plot(holder, panel, item, isWanted, tall) {
  try {
    // Plotly asks objects for their prototype, and is what is keyed by their names.
    const [found, Plotly] = await Promise.all([unpacked(panel.run, item.hash, JSON.parse), drawer()]);
    if (!isWanted()) return;
    if (!holder.classList.contains("js-plotly-plot")) holder.replaceChildren();
    const ink = css("--text"),
      grid = css("--line");
    const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, automargin: true };
    /** @type {Plot} */
    const plain = {
      data: Array.isArray(found.data) ? found.data.map(own) : [],
      layout: found.layout && typeof found.layout === "object" ? found.layout : {},
    };
    if (Array.isArray(plain.layout.images)) plain.layout.images = plain.layout.images.map(own);
    /** @type {Record<string, any>} */
    const layout = {
      ...plain.layout,
      template: mixed(plain.layout.template, axis),
      autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, family: css("--font"), size: 12, ...plain.layout.font },
    };
    const wanted = Number(plain.layout.height);
    layout.height = tall ?? (wanted > 0 ? Math.min(HIGHEST, Math.max(LOWEST, wanted)) : HEIGHT);
    delete layout.width;
    // Plotly's own margins leave a title's room, and half of a small card, also where there is no title.
    layout.margin = { l: 48, r: 16, b: 40, t: titled(plain.layout) ? 48 : 16, ...plain.layout.margin };
    holder.style.minHeight = `${layout.height}px`;
    // Nothing leaves the machine: no link to anyone's cloud, and the page's policy lets no picture of another host in.
    await Plotly.react(holder, plain.data, layout, {
      responsive: true,
      displaylogo: false,
      displayModeBar: false,
      showLink: false,
      plotlyServerURL: "",
      topojsonURL: "",
    });
  } catch (error) {
    if (isWanted())
      holder.replaceChildren(
        node("p", {
          class: "page-note",
          text: `The figure could not be drawn: ${/** @type {Error} */ (error).message}`,
        }),
      );
  }
}

// A trace or a picture without what lies on another host, which is not even asked for.
/** @param {any} part */
const own = (part) =>
  typeof part?.source === "string" && !/^data:image\//i.test(part.source) ? { ...part, source: undefined } : part;

// The figure's own template with axes and words in the colours of the page.
/**
 * @param {Record<string, any> | undefined} template
 * @param {Record<string, unknown>} axis
 */
function mixed(template, axis) {
  const layout = template?.layout ?? {};
  /** @param {string} name */
  const over = (name) => ({ ...layout[name], ...axis });
  // Walls as the page, and seen from far enough that the corners are within the picture.
  const wall = { ...axis, automargin: undefined, backgroundcolor: "rgba(0,0,0,0)" };
  const scene = { ...layout.scene, xaxis: wall, yaxis: wall, zaxis: wall, camera: { eye: { x: 1.5, y: 1.5, z: 1.1 } } };
  return {
    ...template,
    layout: {
      ...layout,
      scene,
      xaxis: over("xaxis"),
      yaxis: over("yaxis"),
      font: { ...layout.font, color: css("--text") },
    },
  };
}
