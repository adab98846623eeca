// When it is told that runs changed: a message may tell of a thousand, and there may be a message for every few.

/**
 * @param {() => void} arrange puts them in order
 * @param {(what: string) => void} tell
 */
export function runNews(arrange, tell) {
  /** @type {"run" | "runs" | null} */
  let pending = null;
  let isTelling = false;
  return {
    // They are put in order once, after the last of a message.
    /** @param {"run" | "runs"} what */
    soon(what) {
      if (!pending)
        queueMicrotask(() => {
          const told = pending;
          pending = null;
          arrange();
          if (told) tell(told);
        });
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
