// A pane with a figure of Plotly's.
import { node } from "../../ui/dom.js";
import { drawFigure, picture, plain, purge } from "../../ui/plotly.js";
import { pointOf } from "./pane_events.js";
import { textFile } from "./view.js";

/** @typedef {import("./view.js").Pane} Pane */

const RESIZE_MS = 80;

/** @type {import("./view.js").Make} */
export function make(frame) {
  const holder = node("div", { class: "figure-holder" });
  const element = node("div", { class: "pane-plot" }, holder);
  /** @type {Pane | null} */
  let shown = null;
  let turn = 0, // of drawing: what is on its way when another value comes is not drawn
    isDrawn = false,
    listens = false;
  let timer = 0,
    size = ""; // in which it was drawn
  const draw = async () => {
    const own = ++turn,
      { clientWidth: width, clientHeight: height } = element;
    if (!shown || height < 20) return;
    size = `${width} ${height}`;
    const { content, title } = shown;
    const isOk = await drawFigure(holder, () => titleless(plain(content), title ?? ""), {
      isWanted: () => own === turn && !frame.scope.isOver,
      height,
    });
    if (own === turn) isDrawn = true;
    if (!isOk || listens) return;
    listens = true;
    /** @type {import("../../ui/plotly.js").Drawn} */ (/** @type {unknown} */ (holder)).on("plotly_click", (event) => {
      const [point] = event.points ?? [];
      if (point) frame.tell(pointOf(point));
    });
  };
  frame.scope.onLeave(() => {
    turn++;
    purge(holder);
  });
  return {
    element,
    update: ([pane]) => {
      shown = pane;
      draw();
    },
    // While a window is pulled larger a figure need not be made anew for each pixel.
    resize: () => {
      if (size === `${element.clientWidth} ${element.clientHeight}`) return;
      frame.scope.clearTimeout(timer);
      timer = frame.scope.setTimeout(draw, RESIZE_MS);
    },
    theme: draw,
    isReady: () => isDrawn,
    files: () => [
      { name: "PNG", ending: "png", make: () => picture(holder, "png") },
      { name: "SVG", ending: "svg", make: () => picture(holder, "svg") },
      textFile("json", "application/json", () => JSON.stringify(shown?.content)),
    ],
  };
}

// The window says the title; said twice it takes room from the figure.
/**
 * @param {any} figure
 * @param {string} title
 */
function titleless(figure, title) {
  const own = figure?.layout?.title;
  if (title && (own === title || own?.text === title)) figure.layout.title = undefined;
  return figure;
}
