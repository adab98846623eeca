// What a page, or a part of one, holds of the world while it is there: subscriptions, timers, frames, observers, tags
// that it watches, parts with a scope of their own. Leaving undoes all of it, so that nothing is drawn into what is
// gone.
//
// app.js makes one for as long as the document lives, and a child of it for each page that is mounted; a page makes
// children for what comes and goes within it (a card, a dialog). Listeners of elements that a part made itself need no
// scope: they go with the elements.
import { watches } from "./watches.js";

/**
 * What can be listened to: an EventTarget, or a module or object whose on() gives what undoes it.
 * @typedef {EventTarget | { on(names: any, listener: (...values: any[]) => void): () => void }} Emitter
 */

const nothing = () => {};

export class Scope {
  constructor() {
    this.controller = new AbortController();
    /** @type {Set<() => void>} */
    this.undos = new Set();
    /** @type {Map<number, () => void>} */
    this.timers = new Map(); // timer -> what forgets it
    /** @type {Map<number, () => void>} */
    this.frames = new Map(); // animation frame -> what forgets it
    this.isWatching = false;
  }

  /** Aborted on leaving: fetch(address, { signal: scope.signal }) then asks in vain. */
  get signal() {
    return this.controller.signal;
  }

  /** Whether it was left: what comes back from the server after that is not for this page any more. */
  get isOver() {
    return this.controller.signal.aborted;
  }

  /**
   * Has something done on leaving, at once if that was before. Gives what takes it back without doing it.
   * @param {() => void} undo
   * @returns {() => void}
   */
  onLeave(undo) {
    if (this.isOver) {
      undo();
      return nothing;
    }
    const own = () => undo();
    this.undos.add(own);
    return () => {
      this.undos.delete(own);
    };
  }

  /**
   * Undoes everything, the latest first, parts before the whole. Once; what throws keeps nothing else from being
   * undone.
   */
  leave() {
    if (this.isOver) return;
    this.controller.abort();
    for (const undo of [...this.undos].reverse()) {
      try {
        undo();
      } catch (error) {
        reportError(error);
      }
    }
    this.undos.clear();
    this.timers.clear();
    this.frames.clear();
  }

  /** A scope within this one: it is left by itself, or with this one. */
  child() {
    const child = new Scope();
    if (this.isOver) child.leave();
    else child.onLeave(this.onLeave(() => child.leave()));
    return child;
  }

  /**
   * Listens for as long as the scope lasts. Gives what ends it before.
   * scope.on(state, ["bins", "binning"], draw); scope.on(document, "keydown", act).
   * @param {Emitter} emitter
   * @param {string | string[]} names
   * @param {(...values: any[]) => void} listener
   * @param {AddEventListenerOptions} [options] of an EventTarget
   * @returns {() => void}
   */
  on(emitter, names, listener, options) {
    if (this.isOver) return nothing;
    /** @type {() => void} */
    let undo;
    if (emitter instanceof EventTarget || "addEventListener" in emitter) {
      const target = /** @type {EventTarget} */ (emitter);
      const all = [names].flat();
      for (const name of all) target.addEventListener(name, listener, options);
      undo = () => all.forEach((name) => target.removeEventListener(name, listener, options));
    } else undo = emitter.on(names, listener);
    const forget = this.onLeave(undo);
    return () => {
      forget();
      undo();
    };
  }

  /**
   * The browser's setTimeout, for as long as the scope lasts.
   * @param {() => void} act
   * @param {number} [ms]
   * @returns {number}
   */
  setTimeout(act, ms = 0) {
    if (this.isOver) return 0;
    const timer = /** @type {any} */ (
      setTimeout(() => {
        this.timers.get(timer)?.();
        this.timers.delete(timer);
        act();
      }, ms)
    );
    this.timers.set(
      timer,
      this.onLeave(() => clearTimeout(timer)),
    );
    return timer;
  }

  /**
   * The browser's setInterval, for as long as the scope lasts.
   * @param {() => void} act
   * @param {number} ms
   * @returns {number}
   */
  setInterval(act, ms) {
    if (this.isOver) return 0;
    const timer = /** @type {any} */ (setInterval(act, ms));
    this.timers.set(
      timer,
      this.onLeave(() => clearInterval(timer)),
    );
    return timer;
  }

  /** @param {number} timer of setTimeout or setInterval */
  clearTimeout(timer) {
    this.timers.get(timer)?.();
    this.timers.delete(timer);
    clearTimeout(timer);
  }

  /**
   * The browser's requestAnimationFrame, for as long as the scope lasts.
   * @param {(now: number) => void} act
   * @returns {number}
   */
  requestAnimationFrame(act) {
    if (this.isOver) return 0;
    const frame = requestAnimationFrame((now) => {
      this.frames.get(frame)?.();
      this.frames.delete(frame);
      act(now);
    });
    this.frames.set(
      frame,
      this.onLeave(() => cancelAnimationFrame(frame)),
    );
    return frame;
  }

  /** @param {number} frame */
  cancelAnimationFrame(frame) {
    this.frames.get(frame)?.();
    this.frames.delete(frame);
    cancelAnimationFrame(frame);
  }

  /**
   * Keeps an observer (of sizes, of what is in sight, of changes) for as long as the scope lasts, and gives it. After
   * that it observes nothing: a part that was built when its data had come, too late, leaves nothing behind.
   * @template {{ observe(...what: any[]): void, disconnect(): void }} T
   * @param {T} observer
   * @returns {T}
   */
  observer(observer) {
    this.onLeave(() => {
      observer.disconnect();
      observer.observe = nothing;
    });
    return observer;
  }

  /**
   * Which tags this part shows from now on: the server sends their points. In the place of what it watched before.
   * @param {Iterable<string>} tags
   */
  watch(tags) {
    if (this.isOver) return;
    if (!this.isWatching) this.onLeave(() => watches.delete(this));
    this.isWatching = true;
    watches.set(this, tags);
  }
}
