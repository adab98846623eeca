// What is picked of distributions: layers of one run and a range of steps, shown merged at the page's foot.
import * as state from "../../core/state.js";
import { Merge } from "./merge.js";

export const picked = { run: null, tags: new Set(), start: null, stop: null };
const listeners = [];
let view = null;
let merge = null;

export const onPick = (act) => listeners.push(act);
export const binning = () => (state.get("binning") === "log" ? "log" : "linear");
export const isPicked = (run, tag) => picked.run === run && picked.tags.has(tag);

// Picks a layer, or lets go of it when it toggles, and steps; tag of null lets go of everything.
export function pick(run, tag, start, stop, toggles = false) {
  if (picked.run !== run || tag === null) picked.tags.clear();
  if (tag !== null && toggles && picked.tags.has(tag)) picked.tags.delete(tag);
  else if (tag !== null) picked.tags.add(tag);
  const any = picked.tags.size > 0;
  Object.assign(picked, { run, start: any ? start : null, stop: any ? stop : null });
  showMerge();
  for (const act of listeners) act();
}

// Where it is shown; null takes it away.
export function showIn(element) {
  view = element;
  if (view) showMerge();
}

export function showMerge() {
  if (!view) return;
  if (!picked.tags.size) {
    merge?.element.remove();
    merge = null;
    return;
  }
  merge ??= new Merge(() => pick(picked.run, null, null, null));
  if (!merge.element.isConnected) view.append(merge.element);
  merge.show({ ...picked, tags: [...picked.tags] }, binning());
}
