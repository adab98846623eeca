// What every run that is going on can be asked: to stop, to pause and go on, to log more for a while.
import { node } from "../../ui/dom.js";
import { sureButton } from "./action.js";
import { LastAsked } from "./asked.js";
import { isPending } from "./words.js";

/** @typedef {import("../../core/commands.js").Command} Command */

const LOG_MORE = 100; // steps, to begin with

export class RunButtons {
  /** @param {import("./row.js").Host} host */
  constructor(host) {
    this.asked = new LastAsked(host, () => this.tell()); // of these the newest
    this.isPaused = false;
    this.pause = node("button", { type: "button", class: "button", text: "Pause" });
    this.pause.addEventListener("click", () => {
      if (this.pause.getAttribute("aria-disabled") !== "true") this.asked.ask("paused", !this.isPaused);
    });
    const stop = sureButton("Stop", "Stop the training?", () => this.asked.ask("stop", null), "button is-danger");
    this.stop = stop.button;
    this.element = node(
      "div",
      { class: "run-buttons", role: "group", "aria-label": "The training" },
      this.#more(),
      this.pause,
      stop.element,
    );
  }

  // "Log more…", which asks for how many steps in its own place.
  #more() {
    const button = node("button", { type: "button", class: "text-button", text: "Log more…" });
    const field = node("input", {
      type: "number",
      class: "control-field is-steps",
      min: 1,
      max: 1_000_000_000,
      value: LOG_MORE,
      "aria-label": "For how many steps",
    });
    const form = node(
      "form",
      { class: "control-sure" },
      "Log more for",
      field,
      "steps",
      node("button", { class: "button is-small is-main", text: "Start" }),
    );
    form.hidden = true;
    /** @param {boolean} isOpen */
    const open = (isOpen) => {
      form.hidden = !isOpen;
      button.hidden = isOpen;
      (isOpen ? field : button).focus();
      if (isOpen) field.select();
    };
    button.addEventListener("click", () => open(true));
    form.addEventListener("keydown", (event) => event.key === "Escape" && open(false));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      open(false);
      this.asked.ask("log more", Number(field.value));
    });
    return node("span", { class: "control-button" }, button, form);
  }

  /**
   * @param {import("../../core/commands.js").Asked} asked
   * @param {Map<string, Command[]>} byName
   */
  show({ controls, commands }, byName) {
    const own = new Set(controls.filter((each) => each.own).map((each) => each.name));
    const waits = (/** @type {string} */ name) => byName.get(name)?.findLast(isPending);
    this.isPaused = controls.some((each) => each.own && each.name === "paused" && each.value === true);
    const pausing = waits("paused"),
      stopping = waits("stop");
    this.pause.textContent = pausing ? (pausing.value ? "Pausing…" : "Going on…") : this.isPaused ? "Go on" : "Pause";
    this.stop.textContent = stopping ? "Stopping…" : "Stop";
    this.pause.setAttribute("aria-disabled", String(Boolean(pausing)));
    this.stop.setAttribute("aria-disabled", String(Boolean(stopping)));
    this.asked.take(commands.findLast((each) => own.has(each.name)) ?? null);
    this.tell();
  }

  tell() {
    const paused = () => (this.isPaused ? { tone: "waiting", text: "paused" } : { tone: "", text: "" });
    this.said.dataset.tone = this.asked.tell(paused);
  }

  get said() {
    return this.asked.element;
  }

  get isPending() {
    return this.asked.isPending;
  }
}
