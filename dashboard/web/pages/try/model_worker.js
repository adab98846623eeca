// The worker that runs networks in the browser, away from the page that is drawn on meanwhile. It is given all that it
// needs and can ask nobody for more: its own Content-Security-Policy lets it compile WebAssembly and nothing else.

/**
 * @typedef {{ dtype: string, shape: number[], values: any }} Told of a tensor
 * @typedef {{
 *   number: number, do: "begin" | "open" | "ask" | "close", key: string, script: string, text: string,
 *   wasm: ArrayBuffer, isPacked?: boolean, model: ArrayBuffer, inputs: [name: string, tensor: Told][],
 * }} Message begin: by the address of ONNX Runtime's script, or by its text where no server gives it an address
 */

const HOW = { executionProviders: ["wasm"], logSeverityLevel: 4 }; // it says aloud what it is told below anyway

class Networks {
  constructor() {
    /** @type {any} */
    this.runtime = null;
    /** @type {Map<string, any>} */
    this.sessions = new Map(); // by digest
    this.before = Promise.resolve(); // what was asked so far
  }

  /** @param {Message} message */
  async begin({ script, text, wasm, isPacked }) {
    const stream = () => new Blob([wasm]).stream().pipeThrough(new DecompressionStream("deflate"));
    const wasmBinary = isPacked ? await new Response(stream()).arrayBuffer() : wasm;
    const address = text ? URL.createObjectURL(new Blob([text], { type: "text/javascript" })) : script;
    this.runtime = await import(address);
    // One thread: more would need a page that no other window can speak with (cross-origin isolation).
    Object.assign(this.runtime.env.wasm, { wasmBinary, numThreads: 1, proxy: false });
    this.runtime.env.logLevel = "error";
    // It compiles its WebAssembly with the first network: here with none, which it then refuses, while the one that is
    // wanted is still on its way.
    await this.runtime.InferenceSession.create(new Uint8Array(0), HOW).catch(() => {});
  }

  /** @param {Message} message */
  async open({ key, model }) {
    this.sessions.set(key, await this.runtime.InferenceSession.create(new Uint8Array(model), HOW));
  }

  /** @param {Message} message */
  async ask({ key, inputs }) {
    const session = this.sessions.get(key);
    const given = Object.create(null);
    for (const [name, { dtype, shape, values }] of inputs) given[name] = new this.runtime.Tensor(dtype, values, shape);
    const began = performance.now();
    const found = await session.run(given);
    const ms = performance.now() - began;
    const outputs = session.outputNames.map((/** @type {string} */ name) => {
      const { dims, data } = found[name];
      return [name, { shape: [...dims], values: Array.isArray(data) ? data : Array.from(data, Number) }];
    });
    return { outputs, ms };
  }

  /** @param {Message} message */
  async close({ key }) {
    const session = this.sessions.get(key);
    this.sessions.delete(key);
    await session?.release();
  }

  /** One after the other, as they came: a network is asked when it is open. @param {Message} message */
  hear(message) {
    this.before = this.before.then(async () => {
      const { number } = message;
      try {
        self.postMessage({ number, answer: await this[message.do](message) });
      } catch (error) {
        // What has aborted answers nothing any more, whatever network it is asked about.
        const isBroken = error instanceof WebAssembly.RuntimeError;
        self.postMessage({ number, error: String(/** @type {any} */ (error)?.message ?? error), isBroken });
      }
    });
  }
}

const networks = new Networks();
self.onmessage = ({ data }) => networks.hear(data);
