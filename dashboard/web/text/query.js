// What a search box means: words that must all be there, or a regular expression between slashes: /lr=0\.1$/.
//
// A word that begins with - must not be there. Case counts only in an expression without the flag i: /Adam/ and
// /adam/i.

// Gives { test(texts), problem }: whether a text, or the texts of one thing together, pass. An expression is tried on
// each text by itself, so that ^ and $ are the ends of a name, a tag, a key=value; and on all in a row, for what spans
// several. The problem is a sentence when an expression cannot be understood.
/**
 * @param {string} text
 * @returns {{ test: (texts: string | string[]) => boolean, problem: string }}
 */
export function query(text) {
  const trimmed = text.trim();
  const found = /^\/(.*?)(?:\/([a-z]*))?$/s.exec(trimmed);
  if (found && trimmed.length > 1) {
    try {
      const expression = new RegExp(found[1], [...(found[2] ?? "")].filter((flag) => "iu".includes(flag)).join(""));
      return {
        test: (texts) =>
          [texts]
            .flat()
            .concat([texts].flat().join(" "))
            .some((text) => expression.test(text)),
        problem: "",
      };
    } catch (error) {
      const why = /** @type {Error} */ (error).message.replace(/^Invalid regular expression: /, "");
      return { test: () => true, problem: `The expression cannot be understood: ${why}` };
    }
  }
  const words = trimmed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word && word !== "-");
  return {
    test: (texts) => {
      const lower = [texts].flat().join("\n").toLowerCase();
      return words.every((word) =>
        word[0] === "-" && word.length > 1 ? !lower.includes(word.slice(1)) : lower.includes(word),
      );
    },
    problem: "",
  };
}
