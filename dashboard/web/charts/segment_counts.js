// How many points of each segment a curve knows. Most runs have one segment, and a page has a hundred thousand curves:
// a Map of their own each is a fifth of what they take beside their points.

export class SegmentCounts {
  /** @param {Record<string, number>} [counts] */
  constructor(counts = {}) {
    /** @type {string | null} */
    this.segment = null; // the first of them
    this.points = 0;
    /** @type {Map<string, number> | null} */
    this.others = null;
    for (const [segment, points] of Object.entries(counts)) this.set(segment, points);
  }

  /** @param {string} segment */
  get(segment) {
    return segment === this.segment ? this.points : this.others?.get(segment);
  }

  /** @param {string} segment @param {number} points */
  set(segment, points) {
    if (this.segment === null || segment === this.segment) {
      this.segment = segment;
      this.points = points;
    } else {
      this.others ??= new Map();
      this.others.set(segment, points);
    }
  }
}
