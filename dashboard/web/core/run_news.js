// When it is told that runs changed: a message may tell of a thousand, and while a server reads a large logdir there is
// a message for every few.
import { afterPaint } from "./frames.js";

const SHARE = 3; // what is told takes the page a third of its time at the most
const BRIEF = 20; // ms for which they are put in order and told in one go
const LONGEST = 250; // ms that it is taken to cost at the most

/**
 * @param {() => void} arrange puts them in order
 * @param {(what: string) => void} tell
 */
export function runNews(arrange, tell) {
  /** @type {"run" | "runs" | null} */
  let pending = null;
  let isTelling = false;
  let next = 0; // when it is told again
  function now() {
    const told = pending,
      began = performance.now();
    pending = null;
    arrange();
    const go = () => {
      if (told) tell(told);
      afterPaint(() => {
        next = performance.now() + (SHARE - 1) * Math.min(LONGEST, performance.now() - began);
      });
    };
    if (performance.now() - began < BRIEF) go();
    else setTimeout(go); // of very many the page answers in between
  }
  return {
    // They are put in order once, after the last of a message; of the messages that follow at once, once as well.
    /** @param {"run" | "runs"} what */
    soon(what) {
      if (!pending) {
        const wait = next - performance.now();
        if (wait > 0) setTimeout(now, wait);
        else queueMicrotask(now);
      }
      pending = pending === "runs" ? "runs" : what;
    },
    // How far runs go changes no order: of thousands it is told now and then.
    /** @param {number} ms */
    later(ms) {
      if (!isTelling)
        setTimeout(() => {
          isTelling = false;
          tell("run");
        }, ms);
      isTelling = true;
    },
  };
}
