// Which runs are switched off, in few words however many they are: a name is that run, "sweep/" all below it, "/" all
// there are; with a slash in front they are shown nevertheless: "/" and "/sweep/3" leave that one. The longest word
// that speaks of a run counts.

export class Hidden {
  /** @param {readonly string[]} words */
  constructor(words) {
    this.words = words;
    /** @type {Map<string, boolean>} */
    this.runs = new Map(); // whether it is off
    /** @type {Map<string, boolean>} */
    this.folders = new Map(); // "" or "sweep/" -> whether all below it are
    for (const word of words) {
      const isShown = word.length > 1 && word[0] === "/",
        bare = isShown ? word.slice(1) : word;
      if (bare === "/") this.folders.set("", true);
      else (bare.endsWith("/") ? this.folders : this.runs).set(bare, !isShown);
    }
  }

  /** @param {string} name */
  has(name) {
    return this.runs.get(name) ?? this.#inFolders(name);
  }

  /** @param {string} name of a run, or of a folder with its slash */
  #inFolders(name) {
    if (!this.folders.size) return false;
    for (let cut = name.lastIndexOf("/", name.length - 2); cut >= 0; cut = name.lastIndexOf("/", cut - 1)) {
      const found = this.folders.get(name.slice(0, cut + 1));
      if (found !== undefined) return found;
      if (!cut) break;
    }
    return this.folders.get("") ?? false;
  }

  /**
   * The words when some are switched: what was said of them, and of all below a folder, is said no more.
   * @param {string[]} names of runs, or of folders with their slash
   * @param {boolean} off
   * @returns {string[]}
   */
  with(names, off) {
    const own = new Set(names),
      folders = names.filter((name) => name.endsWith("/"));
    const rest = this.words.filter((word) => {
      const bare = word.length > 1 && word[0] === "/" ? word.slice(1) : word;
      return !own.has(bare) && !folders.some((folder) => bare.startsWith(folder));
    });
    const before = new Hidden(rest);
    const needed = names.filter((name) => (name.endsWith("/") ? before.#inFolders(name) : before.has(name)) !== off);
    return [...rest, ...needed.map((name) => (off ? name : `/${name}`))];
  }
}

/** All but some. @param {string[]} names */
export const allBut = (names) => ["/", ...names.map((name) => `/${name}`)];
