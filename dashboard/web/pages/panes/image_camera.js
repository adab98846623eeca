// Where a picture lies in its window: fitted, zoomed around a place, moved. Numbers only.

const MOST = 64; // px of the screen for one of the picture
const MOST_FITTED = 40; // a small picture is not blown up further by itself

export class ImageCamera {
  constructor() {
    this.width = 0; // of the picture
    this.height = 0;
    this.room = { w: 0, h: 0 }; // of the window
    this.k = 1; // px of the screen for one of the picture
    this.x = 0; // where its corner lies
    this.y = 0;
    this.isFitted = true;
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  of(width, height) {
    const isOther = width !== this.width || height !== this.height;
    this.width = width;
    this.height = height;
    if (isOther || this.isFitted) this.fit();
  }

  /**
   * @param {number} w
   * @param {number} h
   */
  within(w, h) {
    this.room = { w, h };
    if (this.isFitted) this.fit();
    else this.#hold();
  }

  /** As much of the window as it fills at its own shape. */
  fit() {
    this.isFitted = true;
    const { width, height, room } = this;
    if (!width || !height || !room.w) return;
    this.k = Math.min(room.w / width, room.h / height, MOST_FITTED);
    this.x = (room.w - width * this.k) / 2;
    this.y = (room.h - height * this.k) / 2;
  }

  /**
   * @param {number} factor
   * @param {number} px what stays where it is
   * @param {number} py
   */
  zoom(factor, px, py) {
    const least = Math.min(this.room.w / this.width, this.room.h / this.height, MOST_FITTED);
    const k = Math.min(MOST, Math.max(least, this.k * factor));
    this.x = px - ((px - this.x) * k) / this.k;
    this.y = py - ((py - this.y) * k) / this.k;
    this.k = k;
    this.isFitted = k === least;
    if (this.isFitted) this.fit();
    else this.#hold();
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  move(dx, dy) {
    if (this.isFitted) return;
    this.x += dx;
    this.y += dy;
    this.#hold();
  }

  // What is larger than the window fills it, what is smaller stays within.
  #hold() {
    const { width, height, k, room } = this;
    /** @type {(at: number, size: number, all: number) => number} */
    const held = (at, size, all) =>
      size > all ? Math.min(0, Math.max(all - size, at)) : Math.min(all - size, Math.max(0, at));
    this.x = held(this.x, width * k, room.w);
    this.y = held(this.y, height * k, room.h);
  }

  /**
   * The pixel of the picture at a place of the window, as fractions of pixels.
   * @param {number} px
   * @param {number} py
   * @returns {[x: number, y: number]}
   */
  at(px, py) {
    return [(px - this.x) / this.k, (py - this.y) / this.k];
  }
}
