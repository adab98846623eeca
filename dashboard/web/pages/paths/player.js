// A step that is shown, and moves on by itself while it is played.
const LAP_S = 9; // how long a whole walk takes to play at speed 1

export class Player {
  /**
   * @param {import("../../core/scope.js").Scope} scope
   * @param {object} page
   * @param {() => number} page.last the step at which all walks are over
   * @param {() => void} page.onFrame
   * @param {(on: boolean) => void} page.onPlay
   */
  constructor(scope, page) {
    this.scope = scope;
    this.page = page;
    /** @type {number | null} */
    this.at = null; // the step that is shown; null follows the newest
    this.playing = false;
    this.speed = 1;
  }

  /** @param {boolean} on */
  play(on) {
    if (on === this.playing) return;
    this.playing = on;
    this.page.onPlay(on);
    if (!on) {
      if (this.at !== null) this.at = Math.round(this.at);
      return;
    }
    if (this.at === null || this.at >= this.page.last()) this.at = 0;
    let before = performance.now();
    /** @param {number} now */
    const frame = (now) => {
      if (!this.playing) return;
      const last = this.page.last();
      const at = (this.at ?? 0) + ((now - before) / 1000) * (last / LAP_S) * this.speed;
      before = now;
      this.at = at >= last ? null : at;
      if (this.at === null) this.play(false);
      this.page.onFrame();
      if (this.playing) this.scope.requestAnimationFrame(frame);
    };
    this.scope.requestAnimationFrame(frame);
  }
}
