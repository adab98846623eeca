// Names that are too long for their place, cut in the middle: of many that begin alike the end tells them apart.

const TAIL = 16; // letters of the end that are never cut

// For a canvas: the text, or as much of both its ends as fits.
/**
 * @param {Pick<CanvasRenderingContext2D, "measureText">} context
 * @param {string} text
 * @param {number} width
 */
export function shortened(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let kept = text.length - 1;
  const made = () => `${text.slice(0, kept >> 1)}…${text.slice(text.length - ((kept + 1) >> 1))}`;
  while (kept > 2 && context.measureText(made()).width > width) kept--;
  return made();
}

const LONGEST = 24; // letters of a part that is not cut: it fits in the narrowest list

/** @typedef {[from: number, to: number]} Part a piece of a text, as `slice` takes it */

// What tells each of some names apart from the one most like it from the front and from the one most like it from
// the back: Map of name -> [from, to] in it. "a/lr0.1/x", "a/lr0.2/x": "lr0.1", "lr0.2".
/**
 * @param {string[]} names
 * @returns {Map<string, Part>}
 */
export function tellApart(names) {
  /**
   * @param {string} a
   * @param {string} b
   */
  const shared = (a, b) => {
    let n = 0;
    while (n < a.length && n < b.length && a[n] === b[n]) n++;
    return n;
  };
  /**
   * @param {string[]} texts
   * @returns {Map<string, number>}
   */
  const most = (texts) => {
    const sorted = [...texts].sort();
    return new Map(
      sorted.map((text, i) => [
        text,
        Math.max(i ? shared(sorted[i - 1], text) : 0, i < sorted.length - 1 ? shared(text, sorted[i + 1]) : 0),
      ]),
    );
  };
  /** @param {string} text */
  const backwards = (text) => [...text].reverse().join("");
  /** @param {string} sign */
  const isOfWord = (sign) => /[\p{L}\p{N}.]/u.test(sign);
  const all = [...new Set(names)],
    before = most(all),
    after = most(all.map(backwards));
  return new Map(
    all.map((name) => {
      const first = before.get(name) ?? 0,
        last = name.length - 1 - (after.get(backwards(name)) ?? 0);
      let from = Math.max(0, Math.min(first, last)),
        to = Math.min(name.length, Math.max(first, last) + 1);
      // Of a word or a number not only the letter that differs.
      for (let i = 0; i < 8 && from > 0 && isOfWord(name[from - 1]); i++) from--;
      for (let i = 0; i < 8 && to < name.length && isOfWord(name[to]); i++) to++;
      return [name, [from, Math.min(to, from + LONGEST)]];
    }),
  );
}

// For the page: an element of which one part stays and what is before and after it gives way. part: [from, to], of
// several names as `tellApart` gives it; else the end stays.
/**
 * @param {string} text
 * @param {Part | null} [part]
 */
export function clipped(text, part = null) {
  const element = document.createElement("span");
  element.className = "clipped";
  /**
   * @param {string} className
   * @param {string} textContent
   */
  const add = (className, textContent) => {
    if (textContent) element.append(Object.assign(document.createElement("span"), { className, textContent }));
  };
  const [from, to] =
    text.length <= TAIL
      ? [0, text.length]
      : part && part[0] < part[1]
        ? part
        : [text.length > 2 * TAIL ? text.length - TAIL : 0, text.length];
  add("clipped-head", text.slice(0, from));
  add("clipped-kept", text.slice(from, to));
  add("clipped-tail", text.slice(to));
  return element;
}

// The same of a name's last part alone, and of the path before it with its slash.
/**
 * @param {Part} part
 * @param {number} begin
 * @param {number} end
 * @returns {Part}
 */
export const within = ([from, to], begin, end) => [Math.max(0, from - begin), Math.min(end, to) - begin];

// A name's path as an element's children, and how many letters of it stay whatever the room, 0 for none in particular.
/**
 * @param {string} path
 * @param {Part | null} [part]
 * @returns {{ children: (string | HTMLElement)[], kept: number }}
 */
export function clippedPath(path, part) {
  const [from, to] = part ? within(part, 0, path.length) : [0, 0];
  if (!(from < to) || path.length < 3) return { children: [path], kept: 0 };
  const end = to === path.length - 1 ? path.length : to;
  return { children: [clipped(path, [from, end])], kept: Math.min(path.length, end - from + (from ? 2 : 0)) };
}
