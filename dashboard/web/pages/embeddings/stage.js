// Where the points are: the canvas that the graphics card draws on, names beside them, and what the pointer does.
import * as runTip from "../../ui/run_tip.js";
import { Points } from "../../gl/points.js";
import { css } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";

const NAMES = 24; // names that are written beside points, at the most
const CLICK = 4; // px from a click to a drag

export class Stage {
  /**
   * @param {import("./page.js").EmbeddingsPage} page
   * @param {HTMLElement} frame
   * @param {any} camera
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(page, frame, camera, scope) {
    this.page = page;
    this.camera = camera;
    const [canvas, over] = frame.querySelectorAll("canvas");
    this.canvas = canvas;
    this.over = over;
    /** @type {{ x: number, y: number, box: boolean } | null} */
    this.pressed = null; // where the pointer went down, and whether that begins a rectangle
    /** @type {any} */
    this.points = new Points(canvas, camera);
    this.points.onDrawn = () => this.write();
    scope.onLeave(() => {
      this.points.close();
      runTip.hide();
    });
    this.#listen();
    camera.attach(canvas);
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener(
      "pointerdown",
      (event) => {
        this.pressed = { x: event.offsetX, y: event.offsetY, box: event.altKey };
        if (event.altKey) event.stopImmediatePropagation();
      },
      true,
    );
    canvas.addEventListener("pointermove", (event) => {
      if (this.pressed?.box) {
        this.frameBox(event);
        return;
      }
      if (event.buttons || !this.page.data) {
        runTip.hide();
        return;
      }
      const i = this.points.nearest(event.offsetX, event.offsetY);
      canvas.style.cursor = i >= 0 ? "pointer" : "grab";
      if (i < 0) runTip.hide();
      else
        runTip.show(
          event,
          this.page.name(i),
          this.page.data.rows.length > 0 && this.page.data.header.length > 1
            ? this.page.data.header
                .map((/** @type {string} */ column, /** @type {number} */ k) => [column, this.page.data.rows[i][k]])
                .slice(0, 12)
            : [],
        );
    });
    canvas.addEventListener("pointerup", (event) => {
      if (!this.pressed || !this.page.data) return;
      const from = this.pressed;
      this.pressed = null;
      this.write();
      if (from.box) {
        const [x, y] = [
          [from.x, event.offsetX],
          [from.y, event.offsetY],
        ].map((pair) => pair.sort((a, b) => a - b));
        this.page.select(this.points.within(x[0], y[0], x[1], y[1]));
      } else if (Math.hypot(event.offsetX - from.x, event.offsetY - from.y) < CLICK)
        this.page.choose(this.points.nearest(event.offsetX, event.offsetY));
    });
    canvas.addEventListener("pointerleave", () => runTip.hide());
    canvas.addEventListener("dblclick", () => this.camera.reset());
  }

  // The names of what is chosen, beside it.
  write() {
    const context = prepared(this.over, this.over.clientWidth, this.over.clientHeight);
    context.font = `12px ${css("--font")}`;
    context.lineWidth = 3;
    context.strokeStyle = css("--card");
    context.fillStyle = css("--text");
    for (const i of (this.page.chosen >= 0
      ? [...this.page.near.map((each) => each.index).reverse(), this.page.chosen]
      : this.page.selected
    ).slice(-NAMES)) {
      const at = this.points.project(i);
      if (!at) continue;
      context.strokeText(this.page.name(i), at[0] + 8, at[1] + 4);
      context.fillText(this.page.name(i), at[0] + 8, at[1] + 4);
    }
  }

  /** @param {PointerEvent} event */
  frameBox(event) {
    if (!this.pressed) return;
    const context = prepared(this.over, this.over.clientWidth, this.over.clientHeight);
    context.strokeStyle = css("--accent");
    context.strokeRect(this.pressed.x, this.pressed.y, event.offsetX - this.pressed.x, event.offsetY - this.pressed.y);
  }
}
