// Views of embeddings that somebody marked, of this browser: a click shows one again, a shift-click forgets it.
import * as state from "../../core/state.js";

const MOST = 9;
/** @type {() => any[]} */
const kept = () => state.local.get("bookmarks", []);

export class Bookmarks {
  /** @param {import("./page.js").EmbeddingsPage} page */
  constructor(page) {
    this.page = page;
    page.controls.is.mark.addEventListener("click", () => {
      const { yaw, pitch, distance, panX, panY } = page.camera;
      state.local.set(
        "bookmarks",
        [
          ...kept(),
          {
            where: page.where,
            way: { ...page.way },
            camera: { yaw, pitch, distance, panX, panY },
            chosen: page.chosen,
          },
        ].slice(-MOST),
      );
      this.show();
    });
    this.show();
  }

  show() {
    const { page } = this;
    /** @type {HTMLElement} */ (page.frame.querySelector(".embeddings-marks span")).replaceChildren(
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
            this.show();
            return;
          }
          page.where = mark.where;
          page.controls.ask(mark.where);
          await page.load();
          if (page.scope.isOver) return;
          Object.assign(page.way, mark.way);
          page.controls.set(page.way);
          page.place();
          Object.assign(page.camera, mark.camera);
          page.camera.tell();
          if (mark.chosen >= 0) page.choose(mark.chosen);
        });
        return button;
      }),
    );
  }
}
