// Where pictures come from: a file that is chosen, dropped or pasted, one of Media, the camera.
import { node } from "../../ui/dom.js";
import { trying } from "../../ui/menu.js";
import { photograph } from "./camera.js";
import * as media from "./media_picker.js";
import { decoded, fileIn } from "./pictures.js";

export class Sources {
  /**
   * @param {import("./question.js").Question} question
   * @param {HTMLElement} view on which pictures may be dropped
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(question, view, scope) {
    this.question = question;
    this.scope = scope;
    this.file = node("input", { type: "file", accept: "image/*", hidden: true, tabindex: -1 });
    this.file.setAttribute("aria-label", "A picture");
    this.element = node(
      "div",
      { class: "try-sources" },
      this.#button("Choose…", "A picture of this machine", () => this.file.click()),
      this.#button("Media…", "A picture that a run has logged", () => this.#fromMedia()),
      this.#button("Camera…", "Take one; the browser asks before", () => this.#fromCamera()),
      this.file,
    );
    this.file.addEventListener("change", () => {
      const [file] = this.file.files ?? [];
      if (file) trying(() => this.#take(file));
      this.file.value = ""; // the same once more is chosen once more
    });
    this.#listen(view);
  }

  /** @param {string} text @param {string} title @param {() => unknown} act */
  #button(text, title, act) {
    const button = node("button", { type: "button", class: "button is-small", title, text });
    button.addEventListener("click", () => trying(act));
    return button;
  }

  /** @param {HTMLElement} view */
  #listen(view) {
    const { scope, question } = this;
    /** @param {DragEvent | ClipboardEvent} event @param {DataTransfer | null} transfer */
    const take = (event, transfer) => {
      const file = question.takesPicture ? fileIn(transfer) : null;
      if (!file) return;
      event.preventDefault();
      trying(() => this.#take(file));
    };
    scope.on(document, "paste", (event) => {
      if (!event.target.matches?.("input, textarea")) take(event, event.clipboardData);
    });
    scope.on(view, "dragover", (event) => {
      event.preventDefault(); // else the browser leaves the page for what is dropped
      question.element.classList.toggle("is-over", question.takesPicture);
    });
    scope.on(view, ["dragleave", "drop"], () => question.element.classList.remove("is-over"));
    scope.on(view, "drop", (event) => {
      event.preventDefault();
      take(event, event.dataTransfer);
    });
  }

  /** @param {Blob} blob */
  async #take(blob) {
    const picture = await decoded(blob);
    if (!this.scope.isOver) this.question.pad.show(picture);
  }

  async #fromMedia() {
    if (!media.areThere()) throw new Error("No visible run has logged pictures.");
    const chosen = await media.choose();
    if (!chosen) return;
    const picture = await media.logged(chosen.run, chosen.hash);
    if (!this.scope.isOver) this.question.pad.show(picture);
  }

  async #fromCamera() {
    const picture = await photograph();
    if (picture && !this.scope.isOver) this.question.pad.show(picture);
  }
}
