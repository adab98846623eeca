// The worker that runs networks in the browser, away from the page that is drawn on meanwhile. It is given all that it
// needs and can ask nobody for more: its own Content-Security-Policy lets it compile WebAssembly and nothing else.

/**
 * @typedef {{ dtype: string, shape: number[], values: any }} Told of a tensor
 * @typedef {{
 *   number: number, do: "begin" | "open" | "ask" | "close", key: string, script: string, text: string, wasm: ArrayBuffer,
 *   model: ArrayBuffer, inputs: [name: string, tensor: Told][],
 * }} Message begin: by the address of ONNX Runtime's script, or by its text where no server gives it an address
 */

/** @type {Map<string, any>} */
const sessions = new Map();
/** @type {any} */
let runtime = null;

/** @param {Message} message */
async function begin({ script, text, wasm }) {
  const address = text ? URL.createObjectURL(new Blob([text], { type: "text/javascript" })) : script;
  runtime = await import(address);
  // One thread: more would need a page that no other window can speak with (cross-origin isolation).
  Object.assign(runtime.env.wasm, { wasmBinary: wasm, numThreads: 1, proxy: false });
  runtime.env.logLevel = "error";
}

/** @param {Message} message */
async function open({ key, model }) {
  const how = { executionProviders: ["wasm"], logSeverityLevel: 3 };
  sessions.set(key, await runtime.InferenceSession.create(new Uint8Array(model), how));
}

/** @param {Message} message */
async function ask({ key, inputs }) {
  const session = sessions.get(key);
  const given = new Map();
  for (const [name, { dtype, shape, values }] of inputs) given.set(name, new runtime.Tensor(dtype, values, shape));
  const began = performance.now();
  const found = await session.run(Object.assign(Object.create(null), Object.fromEntries(given)));
  const ms = performance.now() - began;
  const outputs = session.outputNames.map((/** @type {string} */ name) => {
    const { dims, data } = found[name];
    return [name, { shape: [...dims], values: Array.isArray(data) ? data : Array.from(data, Number) }];
  });
  return { outputs, ms };
}

/** @param {Message} message */
async function close({ key }) {
  const session = sessions.get(key);
  sessions.delete(key);
  await session?.release();
}

const acts = { begin, open, ask, close };

// One after the other, as they came: a model is asked when it is open.
let before = Promise.resolve();
self.onmessage = ({ data }) => {
  before = before.then(async () => {
    try {
      self.postMessage({ number: data.number, answer: await acts[/** @type {Message} */ (data).do](data) });
    } catch (error) {
      // What has aborted answers nothing any more, whatever network it is asked about.
      const isBroken = error instanceof WebAssembly.RuntimeError;
      self.postMessage({ number: data.number, error: String(/** @type {any} */ (error)?.message ?? error), isBroken });
    }
  });
};
