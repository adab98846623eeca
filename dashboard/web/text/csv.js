// Tables as CSV, for every download of the page: quoted where RFC 4180 asks for it, and never a formula.

/** @typedef {string | number | bigint | boolean | null | undefined} Cell */

const FORMULA = /^[=+\-@\t\r]/; // a spreadsheet takes text that begins so for a formula, and may run it
const NUMBER = /^[+-]?(Infinity|\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?)$/i;

// Numbers with every digit, nan and inf as Python and pandas read them; what is missing is an empty cell.
/** @param {Cell} value */
function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" && !Number.isFinite(value))
    return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const text = String(value);
  const isGuarded = typeof value === "string" && FORMULA.test(text) && !NUMBER.test(text);
  const safe = isGuarded ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * The rows as a file's text, the head among them.
 * @param {Iterable<Cell[]>} rows
 */
export function csv(rows) {
  let text = "";
  for (const row of rows) text += `${row.map(cell).join(",")}\n`;
  return text;
}
