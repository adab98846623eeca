// Panes that show nothing by themselves: a series of the run, which is shown as what it is, and what this page does not
// know.
import { node } from "../../ui/dom.js";
import { textFile } from "./view.js";

/**
 * A pane that shows whatever series of the run it names.
 * @param {(type: string) => import("./view.js").Make} makerOf
 * @returns {import("./view.js").Make}
 */
export const seriesMaker = (makerOf) => (frame) => {
  const element = node("div", { class: "pane-series" });
  /** @type {import("./view.js").View | null} */
  let view = null;
  let type = "";
  let turn = 0;
  /** @param {import("./view.js").Pane} pane */
  const elsewhere = (pane) => {
    const href = frame.source.link(pane);
    const text = `${pane.content?.kind ?? "series"} ${pane.content?.tag ?? ""}`;
    const words = node("p", {
      class: "page-note",
      text: href ? `This pane shows the ${text}. ` : `${text}: nothing yet`,
    });
    if (href) words.append(node("a", { href, text: "Open its page" }));
    element.replaceChildren(words);
    view = null;
    type = "";
  };
  return {
    element,
    update: async (panes) => {
      const own = ++turn;
      const found = await Promise.all(panes.map((pane) => frame.source.seriesOf(pane).catch(() => null)));
      if (own !== turn || frame.scope.isOver) return;
      const shown = found.flatMap((each) => each ?? []);
      if (!shown.length) return elsewhere(panes[0]);
      if (!view || type !== shown[0].type) {
        type = shown[0].type;
        view = makerOf(type)(frame);
        element.replaceChildren(view.element);
        view.resize?.();
      }
      view.update(shown);
    },
    resize: () => view?.resize?.(),
    theme: () => view?.theme?.(),
    isReady: () => view?.isReady?.() ?? true,
    files: () => view?.files?.() ?? [],
  };
};

/** @type {import("./view.js").Make} */
export function unknown() {
  const words = node("p", { class: "page-note" });
  /** @type {import("./view.js").Pane | null} */
  let shown = null;
  return {
    element: node("div", { class: "pane-unknown" }, words),
    update: ([pane]) => {
      shown = pane;
      words.textContent =
        pane.type === "broken"
          ? `This pane could not be read: ${pane.content}`
          : `This version cannot show a pane of the type ${JSON.stringify(pane.type)}. Its data can be downloaded.`;
    },
    files: () => [textFile("json", "application/json", () => JSON.stringify(shown?.content, null, 1))],
  };
}
