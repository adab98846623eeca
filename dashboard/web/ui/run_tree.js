// The list of runs as rows: flat, or as folders by the parts of their names. Folders and runs stand where the first of
// theirs does, so that a folder of the best run comes first where the best do.

/**
 * @typedef {{
 *   path: string, label: string, count: number, items: (Folder | string)[], first: string,
 * }} Folder path: with its slash; label: what of it the folders above do not say; items: folders, and names of runs;
 *   first: of its runs
 * @typedef {{ key: string, level: number, folder: Folder | null, from: number, place: number, of: number }} Row key: of
 *   a run its name, of a folder its path; from: where what its folders do not say begins in a run's name; place, of:
 *   which of so many beside it
 */

const OPEN_ROWS = 60; // folders are open at first as long as there are no more rows than that

/**
 * @param {string[]} names in their order
 * @returns {Folder} of all of them
 */
export function tree(names) {
  /** @type {Folder} */
  const root = { path: "", label: "", count: 0, items: [], first: names[0] ?? "" };
  /** @type {Map<string, Folder>} */
  const folders = new Map([["", root]]);
  /** @param {string} path @param {string} first @returns {Folder} */
  const folderOf = (path, first) => {
    const known = folders.get(path);
    if (known) return known;
    const above = folderOf(path.slice(0, path.lastIndexOf("/", path.length - 2) + 1), first);
    /** @type {Folder} */
    const made = { path, label: path.slice(above.path.length), count: 0, items: [], first };
    above.items.push(made);
    folders.set(path, made);
    return made;
  };
  for (const name of names) folderOf(name.slice(0, name.lastIndexOf("/") + 1), name).items.push(name);
  return simple(root);
}

/**
 * The same without folders of one thing: what is in them stands in their place, with their names before its own.
 * @param {Folder} folder
 * @returns {Folder}
 */
function simple(folder) {
  folder.items = folder.items.map((item) => {
    if (typeof item === "string") return item;
    const inner = simple(item);
    if (inner.items.length > 1) return inner;
    const [only] = inner.items;
    if (typeof only !== "string") only.label = inner.label + only.label;
    return only;
  });
  folder.count = folder.items.reduce((sum, item) => sum + (typeof item === "string" ? 1 : item.count), 0);
  return folder;
}

/** @param {Folder} folder @returns {Generator<string>} the names of all its runs */
export function* runsOf(folder) {
  for (const item of folder.items)
    if (typeof item === "string") yield item;
    else yield* runsOf(item);
}

/**
 * Which folders are open before anybody says otherwise: a level at a time, as long as the rows are few.
 * @param {Folder} root
 * @returns {Set<string>} their paths
 */
export function openAtFirst(root) {
  /** @type {Set<string>} */
  const open = new Set();
  /** @type {Folder[]} */
  let level = [root];
  let rows = root.items.length;
  for (;;) {
    const next = level.flatMap(({ items }) => items.filter((item) => typeof item !== "string"));
    rows += next.reduce((sum, { items }) => sum + items.length, 0);
    if (!next.length || rows > OPEN_ROWS) return open;
    for (const { path } of next) open.add(path);
    level = next;
  }
}

/**
 * @param {Folder} root
 * @param {(path: string) => boolean} isOpen
 * @returns {Row[]}
 */
export function rowsOf(root, isOpen) {
  /** @type {Row[]} */
  const rows = [];
  /** @param {Folder} folder @param {number} level */
  const add = ({ items, path }, level) => {
    for (let i = 0; i < items.length; i++) {
      const item = items[i],
        isRun = typeof item === "string";
      rows.push({
        key: isRun ? item : item.path,
        level,
        folder: isRun ? null : item,
        from: path.length,
        place: i + 1,
        of: items.length,
      });
      if (!isRun && isOpen(item.path)) add(item, level + 1);
    }
  };
  add(root, 0);
  return rows;
}

/** @param {string[]} names @returns {Row[]} without folders */
export const flatRows = (names) =>
  names.map((key, i) => ({ key, level: 0, folder: null, from: 0, place: i + 1, of: names.length }));
