// A pane with a sound or a video, in the browser's own player.
import { node } from "../../ui/dom.js";

/** @typedef {import("./view.js").Pane} Pane */

/** @param {"audio" | "video"} kind */
const maker =
  (kind) =>
  /**
   * @param {import("./view.js").Frame} frame
   * @returns {import("./view.js").View}
   */
  (frame) => {
    const player = node(kind, { controls: true, preload: "metadata" });
    const caption = node("p", { class: "pane-caption" });
    const element = node("div", { class: `pane-${kind}` }, player, caption);
    /** @type {Pane | null} */
    let shown = null;
    let hash = "";
    let address = "";
    const forget = () => {
      if (address) URL.revokeObjectURL(address);
      address = "";
    };
    frame.scope.onLeave(forget);
    /** @param {Pane} pane */
    const bytes = async (pane) => {
      const answer = await fetch(frame.source.address(pane, pane.items[0]));
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      return new Blob([await answer.arrayBuffer()], { type: pane.items[0].form });
    };
    return {
      element,
      update: ([pane]) => {
        shown = pane;
        const [item] = pane.items;
        caption.textContent = String(item?.attributes?.caption ?? pane.opts.caption ?? "");
        player.setAttribute("aria-label", pane.title || pane.id);
        if (!item || item.hash === hash) {
          if (!item) caption.textContent = `No ${kind === "audio" ? "sound" : "video"} yet`;
          return;
        }
        hash = item.hash;
        // As bytes and not as an address: a browser seeks only in what it can ask for in parts.
        bytes(pane).then(
          (blob) => {
            if (item.hash !== hash || frame.scope.isOver) return;
            forget();
            address = URL.createObjectURL(blob);
            player.src = address;
          },
          (error) => {
            caption.textContent = `It could not be read: ${error.message}`;
          },
        );
      },
      files: () => {
        const pane = shown;
        if (!pane?.items.length) return [];
        const ending = /^\w+\/(?:x-)?(\w+)/.exec(pane.items[0].form)?.[1] ?? kind;
        return [{ name: ending.toUpperCase(), ending, make: () => bytes(pane) }];
      },
    };
  };

export const audio = maker("audio");
export const video = maker("video");
