// The page's side of the worker that runs networks: which of them are open there, and questions with their answers.

/**
 * @typedef {import("./askers.js").Inputs} Inputs
 * @typedef {Map<string, { shape: number[], values: number[] }>} Outputs by name
 * @typedef {{ script?: string, text?: string, wasm: ArrayBuffer, isPacked?: boolean }} Runtime ONNX Runtime: its script
 *   by address or as text, and its WebAssembly, compressed where that is said
 * @typedef {{ resolve(answer: any): void, reject(error: Error): void }} Waiting
 */

const MOST_OPEN = 8; // networks at once; the one that was asked longest ago is let go of
const NOBODY = "Nobody waits for this answer any more.";

/** @type {Map<string, any>} */
const ARRAYS = new Map(
  Object.entries({
    float32: Float32Array,
    float64: Float64Array,
    int8: Int8Array,
    uint8: Uint8Array,
    bool: Uint8Array,
    int16: Int16Array,
    uint16: Uint16Array,
    int32: Int32Array,
    uint32: Uint32Array,
  }),
);

export class ModelHost {
  /**
   * @param {() => Promise<Runtime>} bring gives ONNX Runtime, once, when the first network is opened
   * @param {() => Worker} start
   */
  constructor(bring, start) {
    this.bring = bring;
    this.start = start;
    /** @type {Worker | null} */
    this.worker = null;
    this.number = 0;
    /** @type {Map<number, Waiting>} */
    this.waiting = new Map(); // by number of the question
    /** @type {Map<string, Promise<void>>} */
    this.opened = new Map(); // by digest, in the order in which they were asked
    /** @type {Promise<void> | null} */
    this.begun = null;
    this.life = 0; // counts how often all was let go of
  }

  /**
   * What a network puts out. It is opened when it is asked first.
   * @param {string} key names what it is: its digest
   * @param {() => Promise<ArrayBuffer>} fetched gives its ONNX file
   * @param {Inputs} inputs
   * @returns {Promise<{ outputs: Outputs, ms: number }>} ms: what the network itself took
   */
  async ask(key, fetched, inputs) {
    await this.open(key, fetched);
    const told = [...inputs].map(([name, { dtype, shape, values }]) => [
      name,
      { dtype, shape, values: packed(dtype, values) },
    ]);
    const { outputs, ms } = await this.#post({ do: "ask", key, inputs: told });
    return { outputs: new Map(outputs), ms };
  }

  /**
   * Opens a network, once.
   * @param {string} key
   * @param {() => Promise<ArrayBuffer>} fetched
   */
  async open(key, fetched) {
    const known = this.opened.get(key);
    const opening = known ?? this.#open(key, fetched);
    this.opened.delete(key);
    this.opened.set(key, opening); // the last is the one that was asked last
    try {
      await opening;
    } catch (error) {
      if (this.opened.get(key) === opening) this.opened.delete(key); // the next question tries again
      throw error;
    }
  }

  /** @param {string} key @param {() => Promise<ArrayBuffer>} fetched */
  async #open(key, fetched) {
    const model = fetched(); // while what runs it is brought
    model.catch(() => {}); // said below, or something before it is
    await this.begin();
    const bytes = await model;
    await this.#post({ do: "open", key, model: bytes }, [bytes]);
    for (const old of [...this.opened.keys()].slice(0, -MOST_OPEN)) {
      this.opened.delete(old);
      this.#post({ do: "close", key: old }).catch(() => {}); // it has ended, and the network with it
    }
  }

  /** Brings what runs networks, once: the first question then waits for less. */
  begin() {
    this.begun ??= this.#started();
    return this.begun;
  }

  async #started() {
    const { life } = this;
    try {
      const runtime = await this.bring();
      if (life !== this.life) throw new Error(NOBODY);
      this.worker = this.start();
      this.worker.addEventListener("message", ({ data }) => this.#heard(data));
      this.worker.addEventListener("error", (event) => {
        event.preventDefault();
        this.#fail(new Error(`The browser cannot run networks: ${event.message || "its worker does not start"}.`));
      });
      await this.#post({ do: "begin", ...runtime }, [runtime.wasm]);
    } catch (error) {
      if (life === this.life) this.end();
      throw error;
    }
  }

  /** @param {{ number: number, answer?: any, error?: string, isBroken?: boolean }} data */
  #heard({ number, answer, error, isBroken }) {
    const waiting = this.waiting.get(number);
    this.waiting.delete(number);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(error.slice(0, 500)));
    if (isBroken) this.end();
  }

  /** @param {object} message @param {Transferable[]} [transferred] @returns {Promise<any>} */
  #post(message, transferred = []) {
    this.number += 1;
    const { number, worker } = this;
    if (!worker) return Promise.reject(new Error("The browser has stopped to run networks."));
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      worker.postMessage({ ...message, number }, transferred);
    });
  }

  /** @param {Error} error */
  #fail(error) {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    this.end();
  }

  /** Lets go of all; what is asked later begins anew. */
  end() {
    this.life += 1;
    this.worker?.terminate();
    this.worker = null;
    this.begun = null;
    this.opened.clear();
    for (const { reject } of this.waiting.values()) reject(new Error(NOBODY));
    this.waiting.clear();
  }
}

/**
 * Numbers as a tensor of a dtype holds them.
 * @param {string} dtype
 * @param {ArrayLike<number> | string[]} values
 */
function packed(dtype, values) {
  if (dtype === "string") return Array.from(values, String);
  if (dtype === "int64" || dtype === "uint64") {
    const whole = Array.from(/** @type {any[]} */ (values), (value) => BigInt(Math.trunc(Number(value))));
    return dtype === "int64" ? BigInt64Array.from(whole) : BigUint64Array.from(whole);
  }
  const kind = ARRAYS.get(dtype);
  if (!kind) throw new Error(`The browser takes no input of ${dtype}; ask the server.`);
  return kind.from(values, Number);
}
