"""Models that somebody might send to do harm, made anew from what each is about: a file or folder, and what is said."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


class Hostile(NamedTuple):
    """A model of ill will.

    Attributes:
        name: What it does.
        suffix: Of its file; a folder of TensorFlow.js where it is ".json".
        make: Its bytes; of a folder its files by name.
        sentence: What is said of it.
    """

    name: str
    suffix: str
    make: Callable[[], Any]
    sentence: str

    def write(self, folder: Path) -> Path:
        """The model in a folder of its own; its path."""
        folder.mkdir(parents=True, exist_ok=True)
        made = self.make()
        files = made if isinstance(made, dict) else {f"model{self.suffix}": made}
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return folder if self.suffix == ".json" else folder / f"model{self.suffix}"


def value(name: str, shape: Any = (None, 4), kind: int = FLOAT) -> Any:
    """An input or output."""
    return helper.make_tensor_value_info(name, kind, list(shape))


def model(nodes: list[Any], weights: Any = (), functions: Any = (), inputs: Any = None, outputs: Any = None) -> Any:
    """An ONNX model of x to y."""
    graph = helper.make_graph(nodes, "g", inputs or [value("x")], outputs or [value("y")], list(weights))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=9)


def sound() -> bytes:
    """One that there is nothing to say of: half of x, and two."""
    weights = [numpy_helper.from_array(np.float32(each), name) for each, name in ((0.5, "a"), (2.0, "b"))]
    nodes = [helper.make_node("Mul", ["x", "a"], ["h"]), helper.make_node("Add", ["h", "b"], ["y"])]
    data: bytes = model(nodes, weights).SerializeToString()
    return data


def _weight(name: str, dims: list[int], raw: bytes, kind: int = FLOAT) -> Any:
    tensor = TensorProto(name=name, data_type=kind, raw_data=raw)
    tensor.dims.extend(dims)
    return tensor


def _external(location: str, **more: str) -> bytes:
    tensor = TensorProto(name="w", data_type=FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.dims.extend([4])
    for key, said in {"location": location, **more}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, said
    return _bytes(model([helper.make_node("Add", ["x", "w"], ["y"])], [tensor]))


def _bytes(made: Any) -> bytes:
    data: bytes = made.SerializeToString()
    return data


def _cyclic() -> bytes:
    return _bytes(model([helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Add", ["a", "x"], ["b"]),
                         helper.make_node("Relu", ["a"], ["y"])]))  # fmt: skip


def _function(name: str, calls: list[str]) -> Any:
    nodes = [helper.make_node(call, [f"v{place}"], [f"v{place + 1}"], domain="own") for place, call in enumerate(calls)]
    return helper.make_function("own", name, ["v0"], [f"v{len(calls)}"], nodes, [helper.make_opsetid("own", 1)])


def _laughing() -> bytes:
    """Nine functions, each of which calls the next one ten times."""
    functions = [_function(f"f{place}", [f"f{place + 1}"] * 10) for place in range(8)]
    functions.append(_function("f8", ["Relu"] * 10))
    return _bytes(model([helper.make_node("f0", ["x"], ["y"], domain="own")], functions=functions))


def _recursive() -> bytes:
    functions = [_function("f", ["g"]), _function("g", ["f"])]
    return _bytes(model([helper.make_node("f", ["x"], ["y"], domain="own")], functions=functions))


def _nested(depth: int = 25) -> bytes:
    """Branches within branches."""
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [], [value("y")])
    for _ in range(depth):
        node = helper.make_node("If", ["c"], ["y"], then_branch=graph)
        graph = helper.make_graph([node], "g", [], [value("y")])
    graph.input.extend([value("x"), value("c", (), TensorProto.BOOL)])
    return _bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))


def _shaped(op: str, shape: list[int]) -> bytes:
    weights = [numpy_helper.from_array(np.array(shape, np.int64), "s")]
    inputs = {"ConstantOfShape": ["s"], "Expand": ["x", "s"], "Tile": ["x", "s"]}[op]
    return _bytes(model([helper.make_node(op, inputs, ["y"])], weights))


def _many_fields() -> bytes:
    """Two hundred thousand operations in a megabyte."""
    graph = b"\x0a\x03\x22\x01A" * 210_000
    size = len(graph)
    length = bytes([size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14 & 0x7F | 0x80, size >> 21])
    return b"\x08\x09\x3a" + length + graph


def _tfjs(weights: list[dict[str, Any]], shards: dict[str, bytes], paths: list[str] | None = None, **more: Any) -> Any:
    said = {
        "format": "layers-model",
        "modelTopology": {"model_config": {"class_name": "Sequential", "config": {"layers": []}}},
        "weightsManifest": [{"paths": list(shards) if paths is None else paths, "weights": weights}],
        **more,
    }
    return {"model.json": json.dumps(said).encode(), **shards}


def _deep(depth: int = 300) -> dict[str, Any]:
    layers: dict[str, Any] = {"class_name": "Dense"}
    for _ in range(depth):
        layers = {"class_name": "Sequential", "config": {"layers": [layers]}}
    return layers


KERNEL = {"name": "d/kernel", "shape": [4, 2], "dtype": "float32"}


def _zipped(tmp: bytes = b"\0" * 5_000_000) -> bytes:
    import io

    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.onnx", tmp)
    return into.getvalue()


def _truncated() -> Iterator[Hostile]:
    whole = sound()
    for size in sorted({0, 1, 7, len(whole) // 3, len(whole) // 2, len(whole) - 1}):
        yield Hostile(
            f"cut off after {size}",
            ".onnx",
            lambda size=size: whole[:size],
            "no ONNX model, or only a part|cannot be run",
        )


HOSTILE = [
    *_truncated(),
    Hostile("not ONNX", ".onnx", lambda: b"<html>" * 100, "no ONNX model"),
    Hostile("cyclic", ".onnx", _cyclic, "takes 'b', which nothing before it makes"),
    Hostile("makes its own input", ".onnx", lambda: _bytes(model([helper.make_node("Relu", ["y"], ["y"])])), "takes 'y'"),
    Hostile("made twice", ".onnx", lambda: _bytes(model([helper.make_node("Relu", ["x"], ["y"])] * 2)), "there already"),
    Hostile("output of nowhere", ".onnx", lambda: _bytes(model([helper.make_node("Relu", ["x"], ["z"])])), "nothing makes"),
    Hostile("functions that call each other", ".onnx", _recursive, "calls itself"),
    Hostile("functions ten times over", ".onnx", _laughing, "written out"),
    Hostile("branches within branches", ".onnx", _nested, "nested too deeply"),
    Hostile("many fields", ".onnx", _many_fields, "too many parts"),
    Hostile(
        "a weight of 10⁹ numbers in 4 bytes",
        ".onnx",
        lambda: _bytes(
            model([helper.make_node("Add", ["x", "w"], ["y"])], [_weight("w", [1000, 1000, 1000], b"\0\0\0\0")])
        ),
        "says that it is 1,000 × 1,000 × 1,000 numbers, and has 4 bytes",
    ),
    Hostile(
        "a weight of negative size",
        ".onnx",
        lambda: _bytes(model([helper.make_node("Add", ["x", "w"], ["y"])], [_weight("w", [-4], b"\0" * 16)])),
        "a shape that there is not",
    ),
    Hostile(
        "an input of 10⁹ numbers",
        ".onnx",
        lambda: _bytes(model([helper.make_node("Relu", ["x"], ["y"])], inputs=[value("x", (None, 1000, 1000, 1000))])),
        "at most 268,435,456 are taken",
    ),
    *(
        Hostile(f"{op} to 10⁹ numbers", ".onnx", lambda op=op: _shaped(op, [1000, 1000, 1000]), "at most 268,435,456")
        for op in ("ConstantOfShape", "Expand", "Tile")
    ),
    *(
        Hostile(f"weights in {name}", ".onnx", lambda name=name: _external(name), "a name that it may not have")
        for name in ("../../etc/passwd", "/etc/passwd", "..", "a/b", "c:\\x", ".hidden", "a" * 300, "nul\0")
    ),
    Hostile("weights behind the end", ".onnx", lambda: _external("w.bin", offset="99999999"), "missing"),
    Hostile("weights nowhere", ".onnx", lambda: _external("w.bin", offset="x"), "does not say where it lies"),
    Hostile("a zip", ".zip", _zipped, "no model that can be kept"),
    Hostile("a .keras, which is one", ".keras", _zipped, "no model that can be kept"),
    Hostile("a pickle", ".pt", lambda: b"\x80\x04cos\nsystem\n", "no model that can be kept"),
    Hostile("no JSON", ".json", lambda: {"model.json": b"{"}, "cannot be read"),
    Hostile("no model", ".json", lambda: {"model.json": b"[]"}, "describes no model"),
    Hostile("lists within lists", ".json", lambda: {"model.json": b"[" * 100_000}, "cannot be read|too large"),
    Hostile("no weights", ".json", lambda: {"model.json": b'{"modelTopology": {}}'}, "names no weights"),
    *(
        Hostile(
            f"a shard in {name}",
            ".json",
            lambda name=name: _tfjs([KERNEL], {}, [name]),
            "a name that it may not have",
        )
        for name in ("../w.bin", "/etc/passwd", "a/w.bin", "", "..")
    ),
    Hostile("a shard twice", ".json", lambda: _tfjs([KERNEL], {"w.bin": b"\0" * 32}, ["w.bin", "w.bin"]), "twice"),
    Hostile("model.json as a shard", ".json", lambda: _tfjs([KERNEL], {}, ["model.json"]), "twice"),
    Hostile("a shard cut off", ".json", lambda: _tfjs([KERNEL], {"w.bin": b"\0" * 31}), "are 32 bytes, and its shards have 31"),
    Hostile("no shard", ".json", lambda: _tfjs([KERNEL], {}, ["w.bin"]), "missing"),
    Hostile(
        "a kernel of 10⁹ numbers",
        ".json",
        lambda: _tfjs([{**KERNEL, "shape": [1000, 1000, 1000]}], {"w.bin": b"\0" * 32}),
        "are 4,000,000,000 bytes, and its shards have 32",
    ),
    Hostile("a negative kernel", ".json", lambda: _tfjs([{**KERNEL, "shape": [-1]}], {"w.bin": b""}), "no shape"),
    Hostile("an odd kind", ".json", lambda: _tfjs([{**KERNEL, "dtype": "object"}], {"w.bin": b""}), "of a kind"),
    Hostile(
        "layers within layers", ".json", lambda: _tfjs([], {}, modelTopology=_deep()), "nested too deeply|cannot be read"
    ),
]  # fmt: skip
