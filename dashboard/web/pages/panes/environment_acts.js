// What is done with a whole environment: copied as another, saved as one file.
import * as api from "../../core/api.js";
import { offer } from "../../ui/download.js";
import { ask, say, trying } from "../../ui/menu.js";

/** @param {string} run */
export async function forked(run) {
  const name = await ask("Name of the copy", `${run}-copy`, {
    act: "Copy",
    hint: `What ${run} shows now, as another run.`,
  });
  if (!name?.trim()) return;
  await trying(async () => {
    const made = await api.post("runs/fork", { run, name: name.trim() });
    say(`${run} is copied as ${made.run}.`);
  });
}

/** @param {string[]} runs */
export const savedAsReport = (runs) =>
  trying(async () => {
    const { blob } = await api.file("export", { form: "html", runs });
    offer(blob, `${runs[0].replace(/[^\p{L}\p{N}_.-]+/gu, "-")}.html`);
  });
