// What somebody takes hold of on the page of paths: play, speed and step; whose surface, and how heights are told
// apart.
import * as state from "../../core/state.js";
import { part } from "../../ui/dom.js";

const SPEEDS = [0.25, 0.5, 1, 2, 4];

/**
 * @param {HTMLElement} view
 * @param {import("../../core/scope.js").Scope} scope
 * @param {import("./player.js").Player} player
 * @param {object} act
 * @param {() => void} act.redraw
 * @param {(run: string) => void} act.choose whose surface is shown
 */
export function controls(view, scope, player, { redraw, choose }) {
  const speed = part(view, ".paths-transport select", HTMLSelectElement);
  for (const each of SPEEDS) speed.append(new Option(`${each}×`, String(each), each === 1, each === 1));
  speed.addEventListener("change", () => {
    player.speed = Number(speed.value);
  });
  part(view, ".paths-play", HTMLElement).addEventListener("click", () => player.play(!player.playing));
  const of = part(view, ".paths-of select", HTMLSelectElement);
  of.addEventListener("change", () => choose(of.value));
  const heights = part(view, ".paths-heights select", HTMLSelectElement);
  heights.addEventListener("change", () => state.set("heights", heights.value));
  const slider = part(view, "input[type=range]", HTMLInputElement);
  slider.addEventListener("input", () => {
    player.play(false);
    player.at = slider.value === slider.max ? null : Number(slider.value); // at the right end it follows what comes
    redraw();
  });
  scope.on(document, "keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== " ") return;
    if (event.target instanceof Element && event.target.matches("input, select, button, textarea")) return;
    player.play(!player.playing);
    event.preventDefault();
  });
}

// Which run's surface, where each has its own; how heights are told apart.
/**
 * @param {HTMLElement} view
 * @param {string[]} owners runs that have logged a surface
 * @param {import("./surface.js").Surface} surface
 * @param {string | null} owner of the surface that is shown
 * @param {string} wanted
 */
export function tools(view, owners, surface, owner, wanted) {
  const of = part(view, ".paths-of", HTMLElement);
  of.hidden = !surface.isOwn || owners.length < 2;
  const select = part(of, "select", HTMLSelectElement);
  if (select.dataset.names !== JSON.stringify(owners)) {
    select.dataset.names = JSON.stringify(owners);
    select.replaceChildren(...owners.map((run) => new Option(run, run)));
  }
  if (owner) select.value = owner;
  part(view, ".paths-heights select", HTMLSelectElement).value = wanted;
}
