// Where windows lie by themselves: side by side in the order in which they came, in cells of one size, so that nobody
// has to move anything. Nothing here knows of elements.

/** @typedef {{ x: number, y: number, w: number, h: number }} Place px within the board */
/**
 * @typedef {object} Tile a window that wants room
 * @property {string} key
 * @property {number} [width] px that somebody asked for
 * @property {number} [height]
 * @property {string} [group] windows of one group that follow each other stand in one row where that is wide enough
 */

export const GAP = 12;
const LEAST = 330, // px of a column: two beside the list of runs on a screen 1024 wide
  ROW = 156; // px from one row of cells to the next; a window is two of them high when nobody asked for more
const HEAD = 37; // px of a window that its title takes: what is asked for is of what it shows
const MOST_ROWS = 6;
export const SMALLEST = { w: 180, h: 96 };

/**
 * How many columns a board has, and how far one is from the next.
 * @param {number} width
 * @param {number} [abreast] windows that are to stand beside each other: as many columns, or twice as many …
 */
export function columnsOf(width, abreast = 1) {
  const fitting = Math.max(1, Math.floor((width + GAP) / (LEAST + GAP)));
  const count = abreast > fitting ? fitting : fitting - (fitting % abreast);
  return { count, unit: (width + GAP) / count };
}

/**
 * How many cells a window takes: as few as hold what was asked for.
 * @param {Tile} tile
 * @param {{ count: number, unit: number }} columns
 */
function cellsOf({ width, height }, { count, unit }) {
  const across = width && width > 0 ? Math.min(count, Math.max(1, Math.ceil((width + GAP) / unit - 0.25))) : 1;
  const down = height && height > 0 ? Math.min(MOST_ROWS, Math.max(1, Math.round((height + HEAD + GAP) / ROW))) : 2;
  return { across, down };
}

/**
 * The places of windows in their order, each at the first place from the top that has room.
 * @param {Tile[]} tiles
 * @param {number} width of the board, px
 * @returns {Map<string, Place>}
 */
export function tiled(tiles, width) {
  const groups = grouped(tiles);
  const columns = columnsOf(width, Math.max(1, ...groups.map((group) => group.length)));
  const { count, unit } = columns;
  /** @type {boolean[][]} */
  const taken = [];
  let full = 0; // rows from the top that have no room at all
  /** @type {Map<string, Place>} */
  const places = new Map();
  for (const group of groups) {
    const cells = group.map((tile) => cellsOf(tile, columns));
    const wide = cells.reduce((sum, { across }) => sum + across, 0);
    // What does not fit into one row is several.
    const blocks = wide <= count ? [group] : group.map((tile) => [tile]);
    for (const block of blocks) {
      const own = block.map((tile) => cells[group.indexOf(tile)]);
      const across = own.reduce((sum, each) => sum + each.across, 0),
        down = Math.max(...own.map((each) => each.down));
      const at = firstRoom(taken, full, count, across, down);
      let column = at.column;
      block.forEach((tile, i) => {
        places.set(tile.key, {
          x: Math.round(column * unit),
          y: at.row * ROW,
          w: Math.round((column + own[i].across) * unit) - Math.round(column * unit) - GAP,
          h: own[i].down * ROW - GAP,
        });
        column += own[i].across;
      });
      while (taken[full]?.every(Boolean)) full++;
    }
  }
  return places;
}

/** @param {Tile[]} tiles */
function grouped(tiles) {
  /** @type {Tile[][]} */
  const groups = [];
  for (const tile of tiles) {
    const last = groups.at(-1);
    if (last && tile.group !== undefined && last[0].group === tile.group) last.push(tile);
    else groups.push([tile]);
  }
  return groups;
}

/**
 * Takes the first room from the top, from the left.
 * @param {boolean[][]} taken
 * @param {number} from row
 * @param {number} count columns
 * @param {number} across
 * @param {number} down
 */
function firstRoom(taken, from, count, across, down) {
  for (let row = from; ; row++)
    for (let column = 0; column + across <= count; column++) {
      let isFree = true;
      for (let i = row; i < row + down && isFree; i++)
        for (let j = column; j < column + across && isFree; j++) isFree = !taken[i]?.[j];
      if (!isFree) continue;
      for (let i = row; i < row + down; i++) {
        taken[i] ??= new Array(count).fill(false);
        taken[i].fill(true, column, column + across);
      }
      return { row, column };
    }
}

/**
 * Whether two places share a pixel.
 * @param {Place} a
 * @param {Place} b
 */
export const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/**
 * The first place from the top where a new window covers none of those that somebody has placed.
 * @param {Place[]} others
 * @param {Tile} tile
 * @param {number} width
 * @returns {Place}
 */
export function roomFor(others, tile, width) {
  const columns = columnsOf(width);
  const { across, down } = cellsOf(tile, columns);
  const w = Math.round(across * columns.unit) - GAP,
    h = down * ROW - GAP;
  const rows = [...new Set([0, ...others.map((other) => other.y + other.h + GAP)])].sort((a, b) => a - b);
  for (const y of rows)
    for (let column = 0; column + across <= columns.count; column++) {
      const place = { x: Math.round(column * columns.unit), y, w, h };
      if (!others.some((other) => overlap(place, other))) return place;
    }
  return { x: 0, y: rows[rows.length - 1], w, h };
}

/**
 * A place as it is on a board of some width: none is lost beyond its edge.
 * @param {Place} place
 * @param {number} width
 * @returns {Place}
 */
export function within({ x, y, w, h }, width) {
  const wide = Math.min(Math.max(SMALLEST.w, w), Math.max(SMALLEST.w, width));
  return { x: Math.max(0, Math.min(x, width - wide)), y: Math.max(0, y), w: wide, h: Math.max(SMALLEST.h, h) };
}
