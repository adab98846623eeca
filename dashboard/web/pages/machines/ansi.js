// What a terminal would show of a text: colours as classes, overwritten lines only as they ended. Pure.

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const CODES = /\u001b\[([0-9;:?]*)([A-Za-z])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-Z\\-_]/g;

// Pieces of text of one look: [{text, look}], look being classes separated by spaces; and the look that goes on.
/**
 * @param {string} text
 * @param {string} [look]
 */
export function spans(text, look = "") {
  /** @type {{ text: string, look: string }[]} */
  const found = [];
  let at = 0;
  /** @param {string} words */
  const add = (words) => {
    if (words) found.push({ text: words, look });
  };
  for (const match of text.matchAll(CODES)) {
    add(text.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === "m") look = styled(look, match[1]);
  }
  add(text.slice(at));
  return { found, look };
}

/**
 * @param {string} before
 * @param {string} codes
 */
function styled(before, codes) {
  const looks = new Set(before.split(" ").filter(Boolean));
  /** @param {string | null} name */
  const colour = (name) => {
    for (const each of looks) if (each.startsWith("ansi-c")) looks.delete(each);
    if (name) looks.add(`ansi-c-${name}`);
  };
  const numbers = codes.split(/[;:]/).map(Number);
  for (let i = 0; i < numbers.length; i++) {
    const code = numbers[i];
    if (code === 0) looks.clear();
    else if (code === 1) looks.add("ansi-bold");
    else if (code === 2) looks.add("ansi-dim");
    else if (code === 4) looks.add("ansi-under");
    else if (code === 22) {
      looks.delete("ansi-bold");
      looks.delete("ansi-dim");
    } else if (code === 24) looks.delete("ansi-under");
    else if (code >= 30 && code <= 37) colour(COLOURS[code - 30]);
    else if (code >= 90 && code <= 97) colour(COLOURS[code - 90]);
    else if (code === 39) colour(null);
    else if (code === 38 || code === 48) {
      // 256 colours and true colour: the nearest of the eight for the first sixteen, else as it is.
      if (numbers[i + 1] === 5) {
        const n = numbers[i + 2];
        if (code === 38) colour(n < 16 ? COLOURS[n % 8] : null);
        i += 2;
      } else if (numbers[i + 1] === 2) i += 4;
    }
  }
  return [...looks].join(" ");
}

// A line as it stands after its carriage returns and backspaces.
/** @param {string} line */
export function settled(line) {
  if (!line.includes("\r") && !line.includes("\u0008")) return line;
  const parts = line.replace(/\r+$/, "").split("\r");
  return parts[parts.length - 1].replace(/[^\u0008]\u0008/g, "");
}
