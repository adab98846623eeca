// Names that are too long for their place, cut in the middle: of many that begin alike the end tells them apart.

const TAIL = 16; // letters of the end that are never cut

// For a canvas: the text, or as much of both its ends as fits.
export function shortened(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let kept = text.length - 1;
  const made = () => `${text.slice(0, kept >> 1)}…${text.slice(text.length - ((kept + 1) >> 1))}`;
  while (kept > 2 && context.measureText(made()).width > width) kept--;
  return made();
}

// For the page: an element whose beginning gives way and whose end stays.
export function clipped(text) {
  const element = document.createElement("span");
  element.className = "clipped";
  const part = (className, textContent) => element.append(Object.assign(document.createElement("span"), { className, textContent }));
  if (text.length > 2 * TAIL) part("clipped-head", text.slice(0, -TAIL));
  part("clipped-tail", text.length > 2 * TAIL ? text.slice(-TAIL) : text);
  return element;
}
