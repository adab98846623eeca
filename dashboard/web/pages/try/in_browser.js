// The browser as who answers: the network runs in a worker of this page, and the server is asked for its file alone.
import * as api from "../../core/api.js";
import { boot } from "../../core/state.js";
import { parse } from "../../core/dictionary.js";
import { ModelHost } from "./model_host.js";
import { TOP } from "./askers.js";
import { topOf } from "./ranking.js";

/** @typedef {import("./askers.js").Asker} Asker */
/** @typedef {import("./askers.js").Chosen} Chosen */
/** @typedef {{ files: { script: string, wasm: string } | null, why: string }} Installed why: what to install */

const NO_GRADIENT = "A browser runs networks forward only: the server tells a gradient.";

/** What a page has of it, one for all its columns. It ends with the page. */
export class InBrowser {
  /** @param {import("../../core/scope.js").Scope} scope */
  constructor(scope) {
    this.key = "browser";
    this.title = "Browser";
    /** @type {Promise<Installed> | null} */
    this.asked = null;
    this.host = new ModelHost(
      () => this.#runtime(),
      () => new Worker(new URL(import.meta.url.replace(/[^/]*$/, "model_worker.js"))),
    );
    scope.onLeave(() => this.host.end());
  }

  /** Whether it can be, and what to install where it cannot. */
  async installed() {
    this.asked ??= packages("onnxruntime").then(async (answer) => parse(await answer.text()));
    try {
      return await this.asked;
    } catch (error) {
      this.asked = null; // the server may be there again
      throw error;
    }
  }

  /** What to install before it can answer; "" where it can, and it then gets ready. */
  async missing() {
    const { why } = await this.installed();
    if (!why) this.host.begin().catch(() => {}); // said when it is asked
    return why;
  }

  /** @param {Chosen} chosen @returns {Asker} */
  make(chosen) {
    return browserAsker(chosen, this);
  }

  async #runtime() {
    const { files, why } = await this.installed();
    if (!files) throw new Error(why);
    const wasm = await packages(files.wasm);
    if (!wasm.ok) throw new Error("The server was started anew with another ONNX Runtime: load the page anew.");
    return { script: address(files.script), wasm: await wasm.arrayBuffer() };
  }
}

/** @param {string} name */
const address = (name) => new URL(`${boot.prefix}/packages/${name}`, location.href).href;

/** @param {string} name */
const packages = (name) => api.get(address(name));

/**
 * Who answers for a version of a model without asking the server. Its file is fetched once, and kept by its digest.
 * @param {Chosen} chosen
 * @param {InBrowser} home
 * @returns {Asker}
 */
export function browserAsker({ run, name, model, version: { step, digest } }, home) {
  const file = () => api.bytes("models/onnx", { run, name, step, digest });
  return {
    by: home.key,
    async ask(inputs, { saliency }) {
      const { outputs, ms } = await home.host.ask(digest, file, inputs);
      return {
        step,
        outputs,
        ...topOf(outputs, model, TOP),
        saliency: null,
        why: saliency ? NO_GRADIENT : "",
        ms,
      };
    },
  };
}
