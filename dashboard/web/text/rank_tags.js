// Tags that name a rank, as machine/rank3/cpu: those of all ranks are one, with a star in its place. The same as
// dashboard/curves/rank_tags.py. Knows nobody.

const RANK = /(?<=^|\/)(rank[_-]?)([0-9]{1,9})(?=$|\/)/i;

/**
 * What a tag is called for all ranks; itself where it names none.
 * @param {string} tag
 */
export const joined = (tag) => tag.replace(RANK, "$1*");

/** @type {WeakMap<string[], { tags: string[], ranks: number }>} */
const known = new WeakMap();

/**
 * The tags of a run, those of all ranks as one, and how many ranks they name.
 * @param {string[]} tags
 */
export function joinedTags(tags) {
  let found = known.get(tags);
  if (!found) {
    const ranks = new Set();
    const names = new Set();
    for (const tag of tags) {
      const rank = /rank/i.test(tag) ? RANK.exec(tag)?.[2] : undefined;
      if (rank !== undefined) ranks.add(Number(rank));
      names.add(rank === undefined ? tag : joined(tag));
    }
    found = { tags: [...names], ranks: ranks.size };
    known.set(tags, found);
  }
  return found;
}

/**
 * How many ranks a run has: processes that log into it, or that its tags name.
 * @param {{ ranks: number, series: Record<string, string[]> }} run
 */
export const ranksOf = (run) => Math.max(run.ranks, joinedTags(run.series.scalar ?? NONE).ranks);

/** @type {string[]} */
const NONE = [];
