// What a Plotly figure may say: its words without markup that leads elsewhere, its pictures without addresses.
//
// Plotly reads a little HTML in every text of a figure (<b>, <a href>, <span style>) and takes the addresses of
// pictures and maps from it. The page's policy refuses what these ask for; here it is not even asked.

/** Markup of Plotly's that only changes how words look. */
const LOOKS = new Set(["b", "i", "u", "s", "em", "strong", "sub", "sup", "br", "span", "extra"]);

const TAG = /<\/?\s*([a-zA-Z][\w:-]*)?[^<>]*>/g;
const COLOUR = /^\s*<span\s+style\s*=\s*(["'])\s*color\s*:\s*(#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,20})\s*;?\s*\1\s*>$/;

/** Kinds of traces that ask another host for the map below them. */
const ON_MAPS = /^(scatter|choropleth|density)(map|mapbox|geo)$|^choropleth$/;

/**
 * @param {string} tag
 * @param {string | undefined} name
 */
function looksOf(tag, name) {
  const known = (name ?? "").toLowerCase();
  if (!LOOKS.has(known)) return name || tag.startsWith("</") ? "" : tag;
  if (tag.startsWith("</")) return `</${known}>`;
  return COLOUR.test(tag) ? tag : `<${known}>`;
}

/**
 * A text with the tags that only change how it looks, and none of what they say besides but a colour.
 * @param {string} text
 */
export function lookOnly(text) {
  // Again until nothing is left to take out: "<<a>a href=…>" is a tag once the one within it is gone.
  for (let before = ""; text !== before && text.includes("<"); ) {
    before = text;
    text = text.replace(TAG, looksOf);
  }
  return text;
}

/**
 * The same figure, changed where it says more than what is to be seen. Throws where all of it lies on a map.
 * @param {any} figure
 * @returns {any}
 */
export function harmless(figure) {
  for (const trace of Array.isArray(figure?.data) ? figure.data : [])
    if (typeof trace?.type === "string" && ON_MAPS.test(trace.type))
      throw new Error("it lies on a map, which would be asked of another host.");
  // Not recursive: a text may be nested deeper than the stack is.
  const waiting = [figure];
  while (waiting.length) {
    const each = waiting.pop();
    if (each === null || typeof each !== "object") continue;
    if (Array.isArray(each)) {
      for (let i = 0; i < each.length; i++)
        if (typeof each[i] === "string") each[i] = lookOnly(each[i]);
        else if (typeof each[i] === "object") waiting.push(each[i]);
      continue;
    }
    for (const [name, value] of Object.entries(each)) {
      if (typeof value === "object") waiting.push(value);
      else if (typeof value !== "string") continue;
      // "source" of a picture; also as "images[0].source", which a button of the figure may set.
      else if (/(^|\.)source$/.test(name)) {
        if (!/^data:image\//i.test(value)) delete each[name];
      } else if (/(^|\.)(plotlyServerURL|topojsonURL|href|url|accesstoken)$/i.test(name)) delete each[name];
      else each[name] = lookOnly(value);
    }
  }
  return figure;
}
