// What every run that is going on can be asked: to stop, to pause and go on, to log more for a while.
import { node } from "../../ui/dom.js";
import { sureButton } from "./action.js";
import { isPending, outcomeWords } from "./words.js";

/** @typedef {import("../../core/commands.js").Command} Command */

const LOG_MORE = 100; // steps, to begin with

export class RunButtons {
  /** @param {import("./row.js").Host} host */
  constructor(host) {
    this.host = host;
    this.problem = "";
    this.isPaused = false;
    /** @type {Command | null} */
    this.last = null; // the newest of these
    this.said = node("span", { class: "control-said" });
    this.pause = node("button", { type: "button", class: "button", text: "Pause" });
    this.pause.addEventListener("click", () => {
      if (this.pause.getAttribute("aria-disabled") !== "true") this.#ask("paused", !this.isPaused);
    });
    const stop = sureButton("Stop", "Stop the training?", () => this.#ask("stop", null), "button is-danger");
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
      this.#ask("log more", Number(field.value));
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
    const last = commands.findLast((each) => own.has(each.name)) ?? null;
    if (last && last.nonce !== this.last?.nonce) this.problem = "";
    this.last = last;
    this.tell();
  }

  tell() {
    const { tone, text } = this.problem
      ? { tone: "bad", text: this.problem }
      : this.last && (isPending(this.last) || this.last.outcome !== "applied")
        ? outcomeWords(this.last, this.host.now())
        : this.isPaused
          ? { tone: "waiting", text: "paused" }
          : { tone: "", text: "" };
    this.said.dataset.tone = tone;
    if (this.said.textContent !== text) this.said.textContent = text;
  }

  get isPending() {
    return this.last !== null && isPending(this.last);
  }

  /** @param {string} name @param {unknown} value */
  async #ask(name, value) {
    this.problem = "";
    try {
      await this.host.send(name, value, null);
    } catch (error) {
      this.problem = /** @type {Error} */ (error).message;
    }
    this.tell();
  }
}
