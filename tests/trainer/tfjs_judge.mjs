// Asks TensorFlow.js itself what a folder computes: the judge of the format.
//
//     node tfjs_judge.mjs FOLDER_OF_NODE_MODULES MODEL_FOLDER INPUT SHAPE OUTPUT
//
// INPUT and OUTPUT are files of float32, one number behind the other; SHAPE is that of the input, as JSON. Prints the
// output's shape.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, folder, input, shape, output] = process.argv.slice(2);
const tf = createRequire(join(modules, "package.json"))("@tensorflow/tfjs");
await tf.setBackend("cpu");

const document = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
const paths = document.weightsManifest.flatMap((group) => group.paths);
const bytes = Buffer.concat(paths.map((path) => readFileSync(join(folder, path))));
const model = await tf.loadLayersModel({
  load: async () => ({
    modelTopology: document.modelTopology,
    weightSpecs: document.weightsManifest.flatMap((group) => group.weights),
    weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  }),
});

const raw = readFileSync(input);
const numbers = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
const answer = model.predict(tf.tensor(numbers, JSON.parse(shape)));
writeFileSync(output, Buffer.from((await answer.data()).buffer));
console.log(JSON.stringify(answer.shape));
