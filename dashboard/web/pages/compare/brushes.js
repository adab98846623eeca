// What is brushed on the page of comparison, on whichever of its charts, and the runs that are within all of it.

export class Brushes {
  constructor() {
    /** @type {Map<string, [number, number]>} */ this.ranges = new Map();
  } // column's name -> [low, high], places on its axis

  get any() {
    return this.ranges.size > 0;
  }

  /**
   * @param {string} name
   * @param {number[] | null} range
   */
  set(name, range) {
    if (range) this.ranges.set(name, [Math.min(...range), Math.max(...range)]);
    else this.ranges.delete(name);
  }

  clear() {
    this.ranges.clear();
  }

  // Of each run whether it is within; columns that are not there (any more) do not brush.
  /**
   * @param {{ name: string, place: (i: number) => number }[]} columns
   * @param {number} count
   */
  within(columns, count) {
    const found = new Uint8Array(count).fill(1);
    for (const column of columns) {
      const range = this.ranges.get(column.name);
      if (!range) continue;
      for (let i = 0; i < count; i++) {
        const place = column.place(i);
        if (!(place >= range[0] - 1e-9 && place <= range[1] + 1e-9)) found[i] = 0;
      }
    }
    return found;
  }
}
