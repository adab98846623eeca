// Titles of Plotly figures as its version 4 hears them: {text, font, side}, where figures made for older ones, Visdom's
// foremost, say a text, and beside it titlefont, titleside, titleposition and titleoffset.

const BESIDE = ["font", "side", "position", "offset"];

/** Where names are the user's own. */
const OWN = new Set(["meta", "customdata"]);

/**
 * The same figure, changed where a title is said as before.
 * @param {any} figure
 * @returns {any}
 */
export function withTitles(figure) {
  // Not recursive: a figure may be nested deeper than the stack is.
  const waiting = [figure];
  while (waiting.length) {
    const each = waiting.pop();
    if (each === null || typeof each !== "object") continue;
    if (!Array.isArray(each)) renew(each);
    for (const [name, value] of Object.entries(each))
      if (value !== null && typeof value === "object" && !OWN.has(name)) waiting.push(value);
  }
  return figure;
}

/** @param {Record<string, any>} part of a figure */
function renew(part) {
  if (typeof part.title === "string" || typeof part.title === "number") part.title = { text: String(part.title) };
  for (const word of BESIDE) {
    const said = part[`title${word}`];
    if (said === undefined) continue;
    const title = part.title !== null && typeof part.title === "object" ? part.title : {};
    part.title = { [word]: said, ...title };
    delete part[`title${word}`];
  }
}
