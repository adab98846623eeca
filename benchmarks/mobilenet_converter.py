"""MobileNet v1 and v2 as TensorFlow.js's own converter writes them: the ten likeliest classes of trainer beside Keras'.

    python benchmarks/mobilenet_converter.py PYTHON [--pictures 20]

PYTHON is that of an environment with `tensorflowjs` (and the TensorFlow and Keras that it brings), which does not go
together with what the tests need. There Keras builds both networks with seeded weights, whose batch norms have seen
pictures, answers the pictures, and the converter writes each folder: as it is, and with weights of float16.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

import numpy as np  # noqa: E402  # found on the path set above
import report  # noqa: E402
from mobilenet import photograph  # noqa: E402
from PIL import Image  # noqa: E402

from tracker.models.preprocess import array  # noqa: E402
from trainer import tfjs  # noqa: E402

CONVERT = """
import os, sys, types
os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1"}
# Wanted by the converter for models of its own kind alone, and at odds with the protobuf of most TensorFlows.
sys.modules["tensorflow_decision_forests"] = types.ModuleType("tensorflow_decision_forests")
import numpy as np, tensorflow as tf, tensorflowjs

folder, pictures = sys.argv[1], np.load(sys.argv[2])
for version, make in ((1, tf.keras.applications.MobileNet), (2, tf.keras.applications.MobileNetV2)):
    tf.keras.utils.set_random_seed(version)
    model, random = make(weights=None, input_shape=(224, 224, 3)), np.random.default_rng(version)
    for layer in model.layers:
        if "BatchNorm" in type(layer).__name__:
            gain, shift, *seen = layer.get_weights()
            layer.set_weights([random.uniform(0.8, 1.2, gain.shape), random.normal(0, 0.1, shift.shape), *seen])
    for _ in range(12):
        model(pictures[:8], training=True)
    np.save(f"{folder}/{version}.npy", model.predict(pictures, verbose=0, batch_size=1))
    tensorflowjs.converters.save_keras_model(model, f"{folder}/{version}-float32")
    halves = {"float16": "*"}
    tensorflowjs.converters.save_keras_model(model, f"{folder}/{version}-float16", quantization_dtype_map=halves)
print(tf.__version__, tensorflowjs.__version__)
"""


def main() -> None:
    """Converts, compares and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("python", help="of an environment with tensorflowjs")
    parser.add_argument("--pictures", type=int, default=20)
    options = parser.parse_args()
    takes = [{"name": "x", "dtype": "float32", "shape": [None, 224, 224, 3]}]
    images = [Image.open(io.BytesIO(photograph(seed))) for seed in range(options.pictures)]
    pictures = np.concatenate([array(each, "mobilenet", takes) for each in images])
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "pictures.npy")
        np.save(place, pictures)
        words = [options.python, "-c", CONVERT, folder, str(place)]
        versions = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
        for name in ("1-float32", "1-float16", "2-float32", "2-float16"):
            same, apart = compared(Path(folder, name), pictures, np.load(Path(folder, f"{name[0]}.npy")))
            rows.append([f"v{name}: same ten classes", f"{same} of {len(pictures)}", "all"])
            rows.append([f"v{name}: their probabilities apart", f"{apart:.1e}", "1e-4"])
    report.show("MobileNet, 224 x 224, by TensorFlow.js's converter", rows, ["what", "seen", "bar"])
    print(f"\nTensorFlow {versions[-2]}, tensorflowjs {versions[-1]}")


def compared(folder: Path, pictures: np.ndarray, answers: np.ndarray) -> tuple[int, float]:
    """How many pictures have Keras' ten likeliest classes in its order, and how far their probabilities are apart."""
    runner = tfjs.Runner(tfjs.load(folder))
    same, apart = 0, 0.0
    for i, theirs in enumerate(answers):
        ours = next(iter(runner.run({runner.inputs[0]["name"]: pictures[i : i + 1]}).values()))[0]
        top = np.argsort(-theirs, kind="stable")[:10]
        same += np.argsort(-ours, kind="stable")[:10].tolist() == top.tolist()
        apart = max(apart, float(np.abs(ours[top] - theirs[top]).max()))
    return same, apart


if __name__ == "__main__":
    main()
