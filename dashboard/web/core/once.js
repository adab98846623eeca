// What is loaded once for the whole document: whoever asks first has it loaded, and a failure is tried again by the
// next.

/**
 * @template T
 * @param {() => Promise<T>} load
 * @returns {() => Promise<T>}
 */
export function once(load) {
  /** @type {Promise<T> | null} */
  let found = null;
  return () =>
    (found ??= load().catch((error) => {
      found = null;
      throw error;
    }));
}
