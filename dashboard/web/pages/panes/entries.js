// Which windows a board has: those of one environment, or the panes of several side by side, each beside those of its
// name. Lines of several environments share a window, and lie over each other there.

/** @typedef {import("./data.js").Environment} Environment */
/** @typedef {import("./data.js").Listed} Listed */
/**
 * A window.
 * @typedef {object} Entry
 * @property {string} key which it keeps while other panes come and go
 * @property {string} id of the pane
 * @property {string} type
 * @property {string} title
 * @property {{ run: string, listed: Listed }[]} of whose pane it shows, of one environment or more
 * @property {boolean} isCompared whether it says whose it is
 * @property {number} [width] px that somebody asked for
 * @property {number} [height]
 * @property {string} [group] windows of one name stand beside each other
 */

/**
 * @param {Environment[]} environments
 * @param {{ test(texts: string[]): boolean }} filter
 * @param {(run: string) => string} label what an environment is called
 * @returns {{ entries: Entry[], hidden: number }} hidden: how many the filter leaves out
 */
export function entriesOf(environments, filter, label) {
  const isCompared = environments.length > 1;
  /** @type {Map<string, { run: string, listed: Listed }[]>} */
  const byId = new Map();
  for (const { run, panes } of environments)
    for (const listed of panes) {
      const of = byId.get(listed.id);
      if (of) of.push({ run, listed });
      else byId.set(listed.id, [{ run, listed }]);
    }
  /** @type {Entry[]} */
  const entries = [];
  let hidden = 0;
  for (const [id, all] of byId) {
    const lines = all.filter(({ listed }) => listed.type === "lines"),
      others = all.filter(({ listed }) => listed.type !== "lines");
    const windows = [...(lines.length ? [lines] : []), ...others.map((each) => [each])];
    const shown = windows.filter((of) =>
      filter.test([id, of[0].listed.title ?? "", of[0].listed.type, ...of.map(({ run }) => label(run))]),
    );
    hidden += windows.length - shown.length;
    for (const of of shown) {
      const [{ run, listed }] = of;
      entries.push({
        key: isCompared ? `${id}\n${of.length > 1 ? "" : run}` : id,
        id,
        type: listed.type,
        title: listed.title || id,
        of,
        isCompared,
        width: listed.width ?? undefined,
        height: listed.height ?? undefined,
        group: isCompared ? id : undefined,
      });
    }
  }
  return { entries, hidden };
}
