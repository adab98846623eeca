// Which scalars are points of panes, and no metrics: they are shown in their panes alone.

/** @param {string} tag */
export const isOfPane = (tag) => tag.startsWith("pane/");
