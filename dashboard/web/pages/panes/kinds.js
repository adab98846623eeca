// Which renderer shows a pane of a type.
import { lookup } from "../../text/lookup.js";
import * as image from "./image.js";
import * as lines from "./lines.js";
import * as network from "./network.js";
import { seriesMaker, unknown } from "./other.js";
import * as pictures from "./pictures.js";
import * as plot from "./plot.js";
import * as properties from "./properties.js";
import * as sound from "./sound.js";
import * as table from "./table.js";
import * as text from "./text.js";

/** @type {Readonly<Record<string, import("./view.js").Make>>} */
const makers = lookup({
  plot: plot.make,
  lines: lines.make,
  image: pictures.make,
  svg: image.make,
  text: text.make,
  audio: sound.audio,
  video: sound.video,
  properties: properties.make,
  network: network.make,
  table: table.make,
});

/** @param {string} type @returns {import("./view.js").Make} */
const own = (type) => makers[type] ?? unknown;

/**
 * @param {string} type
 * @returns {import("./view.js").Make}
 */
export const makerOf = (type) => (type === "value" ? seriesMaker(own) : own(type));
