// A model card: one model of a run in one file, which is drawn on and answers without a server and without a network.
// Everything it needs lies in the file: the network, what runs it, and what is said of both.
import { parse } from "./core/dictionary.js";
import * as format from "./text/format.js";
import { node, part } from "./ui/dom.js";
import { Bars } from "./pages/try/bars.js";
import { ModelHost } from "./pages/try/model_host.js";
import { Newest } from "./pages/try/newest.js";
import { decoded, fileIn } from "./pages/try/pictures.js";
import { Question } from "./pages/try/question.js";
import { topOf } from "./pages/try/ranking.js";

/**
 * @typedef {import("./pages/try/signature.js").Model & { run: string, step: number, digest: string }} Model
 * @typedef {import("./pages/try/askers.js").Answer} Answer
 */

const TOP = 10;

/** @param {string} id of an element that holds bytes in base64 @returns {Uint8Array<ArrayBuffer>} */
function bytes(id) {
  const text = part(document, `#${id}`, HTMLElement).textContent ?? "";
  const direct = /** @type {{ fromBase64?(text: string): Uint8Array<ArrayBuffer> }} */ (Uint8Array).fromBase64;
  if (direct) return direct.call(Uint8Array, text);
  // In a loop: Uint8Array.from with a function takes ten times as long, which of 5 MB is felt.
  const signs = atob(text);
  const made = new Uint8Array(signs.length);
  for (let i = 0; i < signs.length; i++) made[i] = signs.charCodeAt(i);
  return made;
}

/** The bytes of an element as they were before they were packed. @param {string} id @returns {Promise<ArrayBuffer>} */
async function unpacked(id) {
  const packed = bytes(id);
  if (part(document, `#${id}`, HTMLElement).dataset.packed !== "deflate") return packed.buffer;
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
}

// Most of the file, and its last part: it is still being read when this script begins.
const whole = new Promise((resolve) => {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", resolve);
  else resolve(null);
});

/** @type {Model} */
const model = parse(new TextDecoder().decode(bytes("model-data")));

const network = async () => {
  await whole;
  return unpacked("network-data");
};
const host = new ModelHost(
  async () => {
    // 14 MB of WebAssembly are 3.7 packed, and the worker unpacks them while the network is got here.
    const text = new TextDecoder().decode(await unpacked("runtime-data"));
    return { text, wasm: bytes("wasm-data").buffer, isPacked: true };
  },
  () => new Worker(URL.createObjectURL(new Blob([bytes("worker-data")], { type: "text/javascript" }))),
);

const bars = new Bars();
const said = node("p", { class: "try-said" });
const wrong = node("p", { class: "wrong", role: "status" });
/** @type {Answer | null} */
let shown = null;

/** @type {Newest<import("./pages/try/question.js").Asked, Answer>} */
const asking = new Newest({
  async ask({ inputs }) {
    const { outputs, ms } = await host.ask(model.digest, network, inputs);
    const { top, of } = topOf(outputs, model, TOP);
    return { step: model.step, outputs, top, of, saliency: null, why: "", ms };
  },
  answered(answer) {
    shown = answer;
    wrong.textContent = "";
    bars.show(answer);
    said.textContent = `${format.value(answer.ms, 2)} ms, here in this browser`;
  },
  failed(error) {
    tell(error.message);
  },
});

/** @param {string} sentence */
function tell(sentence) {
  shown = null;
  wrong.textContent = sentence;
  bars.nothing();
  said.textContent = "";
}

const question = new Question(ask);

function ask() {
  try {
    const asked = question.isEmpty ? null : question.asked(model);
    question.tell("");
    if (asked) asking.put(asked);
    else {
      asking.waiting = null;
      tell("");
    }
  } catch (error) {
    question.tell(/** @type {Error} */ (error).message);
  }
}

/** @param {Blob} file */
async function take(file) {
  try {
    question.pad.show(await decoded(file));
  } catch (error) {
    tell(/** @type {Error} */ (error).message);
  }
}

function build() {
  const file = node("input", { type: "file", accept: "image/*", "aria-label": "A picture" });
  file.addEventListener("change", () => {
    const [chosen] = file.files ?? [];
    if (chosen) take(chosen);
  });
  const left = node("section", { class: "try-left", "aria-label": "What is asked" }, question.element);
  question.show(model);
  if (question.takesPicture) question.sheet.append(node("label", { class: "card-file" }, "Or a picture: ", file));
  const right = node(
    "section",
    { class: "try-column", "aria-label": `Answer of ${model.name}` },
    bars.element,
    wrong,
    said,
  );
  part(document, "#try", HTMLElement).append(left, right);
  document.addEventListener("dragover", (event) => event.preventDefault()); // else the browser leaves for the picture
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const dropped = question.takesPicture ? fileIn(event.dataTransfer) : null;
    if (dropped) take(dropped);
  });
  document.addEventListener("paste", (event) => {
    const pasted = question.takesPicture ? fileIn(event.clipboardData) : null;
    if (pasted) take(pasted);
  });
}

document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
build();
host.open(model.digest, network).catch((error) => tell(error.message)); // while the reader looks what is asked

// For tests: what is answered now.
window.card = {
  answer: () => shown,
  /** @param {import("./pages/try/askers.js").Inputs} inputs */
  ask: (inputs) => asking.how.ask({ inputs, levels: null, how: null }),
};
