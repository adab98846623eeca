// The step that the other pages show: a line with a flag, so that it is not taken for the cursor.
import { css } from "./palette.js";

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./chart.js").View} view
 * @param {number} px
 */
export function drawHeld(context, { plot, rail }, px) {
  context.strokeStyle = context.fillStyle = css("--accent");
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(px, plot.top);
  context.lineTo(px, plot.bottom + rail);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(px - 4, plot.top - 4);
  context.lineTo(px + 4, plot.top - 4);
  context.lineTo(px, plot.top + 2);
  context.fill();
}
