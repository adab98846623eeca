// A figure drawn by Plotly, which comes from this server when the first one is in sight. What a figure says is
// anybody's: it is drawn in the page's colours, and nothing of it leads, or asks, elsewhere.
import { once } from "../core/once.js";
import { COLOURS, colour, css } from "../charts/palette.js";
import { withTitles } from "./figure_titles.js";
import { harmless } from "./figure_words.js";

/** @typedef {{ data: any[], layout: Record<string, any> }} Plot what is Plotly's own is not told apart here */
/**
 * @typedef {object} Drawer Plotly, as far as it is used here
 * @property {(holder: HTMLElement, data: unknown[], layout: object, config: object) => Promise<unknown>} react
 * @property {(holder: HTMLElement) => void} purge
 * @property {(holder: HTMLElement, how: object) => Promise<string>} toImage gives a data: address
 */
/** @typedef {HTMLElement & { on(name: string, act: (event: any) => void): void }} Drawn what Plotly has drawn in */

const HEIGHT = 340,
  LOWEST = 160,
  HIGHEST = 900; // px

/** Plotly once it has come. */
const loaded = () => /** @type {{ Plotly?: Drawer }} */ (/** @type {unknown} */ (window)).Plotly;

const drawer = once(
  () =>
    /** @type {Promise<Drawer>} */ (
      new Promise((done, failed) => {
        const here = loaded(); // a report brings it along
        if (here) return done(here);
        const script = document.createElement("script");
        const fail = () => failed(new Error("Plotly could not be loaded"));
        script.src = "./packages/plotly.js"; // beside the page, wherever a proxy has put that
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

/** @param {HTMLElement} holder */
export const purge = (holder) => loaded()?.purge(holder);

// As JSON gives it, with what every object has: Plotly asks objects for it, and is what is keyed by their names.
/** @param {any} value */
export const plain = (value) => JSON.parse(JSON.stringify(value) ?? "null");

/** @param {Record<string, any>} layout */
const titled = ({ title }) => Boolean(typeof title === "string" ? title : title?.text);

/**
 * Draws a figure in an element, in the place of what was drawn there.
 * @param {HTMLElement} holder
 * @param {() => any | Promise<any>} find the figure: {data, layout}, of plain objects
 * @param {{ isWanted: () => boolean, height?: number }} how isWanted: asked once it is there; height: px, without it as
 *   high as the figure says, within reason
 * @returns {Promise<boolean>} whether it was drawn
 */
export async function drawFigure(holder, find, { isWanted, height }) {
  try {
    const [found, Plotly] = await Promise.all([find(), drawer()]);
    if (!isWanted()) return false;
    if (!holder.classList.contains("js-plotly-plot")) holder.replaceChildren();
    const ink = css("--text"),
      grid = css("--line");
    const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, automargin: true };
    const given = withTitles(harmless(found));
    /** @type {Plot} */
    const said = {
      data: Array.isArray(given?.data) ? given.data : [],
      layout: given?.layout && typeof given.layout === "object" ? given.layout : {},
    };
    /** @type {Record<string, any>} */
    const layout = {
      ...said.layout,
      template: mixed(said.layout.template, axis),
      autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, family: css("--font"), size: 12, ...said.layout.font },
    };
    const wanted = Number(said.layout.height);
    layout.height = height ?? (wanted > 0 ? Math.min(HIGHEST, Math.max(LOWEST, wanted)) : HEIGHT);
    delete layout.width;
    // Plotly's own margins leave a title's room, and half of a small card, also where there is no title.
    layout.margin = { l: 48, r: 16, b: 40, t: titled(said.layout) ? 48 : 16, ...said.layout.margin };
    holder.style.minHeight = `${layout.height}px`;
    // Nothing leaves the machine: no link to anyone's cloud, and the page's policy lets no picture of another host in.
    await Plotly.react(holder, said.data, layout, {
      responsive: true,
      displaylogo: false,
      displayModeBar: false,
      showLink: false,
      plotlyServerURL: "",
      topojsonURL: "",
    });
    if (isWanted() || holder.isConnected) return true;
    // Left while it was drawn: what Plotly has set up since then was not there to be purged.
    Plotly.purge(holder);
    return false;
  } catch (error) {
    if (isWanted())
      holder.replaceChildren(
        Object.assign(document.createElement("p"), {
          className: "page-note",
          textContent: `The figure could not be drawn: ${/** @type {Error} */ (error).message}`,
        }),
      );
    return false;
  }
}

/**
 * What is drawn as a picture.
 * @param {HTMLElement} holder
 * @param {"png" | "svg"} format
 */
export async function picture(holder, format) {
  const { clientWidth: width, clientHeight: height } = holder;
  const address = await (await drawer()).toImage(holder, { format, width, height, scale: format === "png" ? 2 : 1 });
  const [head, body] = [address.slice(0, address.indexOf(",")), address.slice(address.indexOf(",") + 1)];
  const bytes = head.endsWith(";base64")
    ? Uint8Array.from(atob(body), (sign) => sign.charCodeAt(0))
    : new TextEncoder().encode(decodeURIComponent(body));
  return new Blob([bytes], { type: format === "png" ? "image/png" : "image/svg+xml" });
}

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
      colorway: layout.colorway ?? Array.from({ length: COLOURS }, (_, i) => colour(i)),
    },
  };
}
