"""Graphs as real models have them, made by hand: a small MLP, a residual CNN, transformers of any length."""

from __future__ import annotations

import math
from typing import Any


class Builder:
    """Collects nodes and edges: `add` returns the name, to be given on."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[dict[str, Any]] = []
        self._shapes: dict[str, list[int]] = {}

    @property
    def plain(self) -> dict[str, Any]:
        """As `tracker.Graph` takes it."""
        return {"nodes": self.nodes, "edges": self.edges}

    def add(self, name: str, op: str, shape: list[int], *inputs: str, kind: str = "op", line: int = 0) -> str:
        """A node that reads others."""
        size = math.prod(shape)
        learned = size if kind == "parameter" else 0
        inner = self._shapes[inputs[0]][-1] if op in ("linear", "matmul", "conv2d") else 1
        attrs = {
            "shape": shape,
            "dtype": "float32",
            "parameters": learned,
            "flops": 0 if kind != "op" else 2 * size * inner,
            "bytes": 4 * size,
            "source": f"model.py:{line or 10 + len(self.nodes) % 200}" if kind == "op" else "",
        }
        self.nodes.append({"name": name, "op": op, "kind": kind, "attrs": attrs})
        self._shapes[name] = shape
        for each in inputs:
            self.edges.append({"source": each, "target": name, "shape": self._shapes[each], "dtype": "float32"})
        return name

    def linear(self, scope: str, x: str, features: int) -> str:
        """A linear layer with its weight and bias."""
        shape = self._shapes[x]
        weight = self.add(f"{scope}/weight", "parameter", [features, shape[-1]], kind="parameter")
        bias = self.add(f"{scope}/bias", "parameter", [features], kind="parameter")
        return self.add(f"{scope}/linear", "linear", [*shape[:-1], features], x, weight, bias, line=40)

    def norm(self, scope: str, x: str) -> str:
        """A layer norm in its single operations."""
        shape = self._shapes[x]
        mean = self.add(f"{scope}/mean", "mean", [*shape[:-1], 1], x)
        centred = self.add(f"{scope}/sub", "sub", shape, x, mean)
        square = self.add(f"{scope}/square", "mul", shape, centred, centred)
        variance = self.add(f"{scope}/var", "mean", [*shape[:-1], 1], square)
        scale = self.add(f"{scope}/rsqrt", "rsqrt", [*shape[:-1], 1], variance)
        weight = self.add(f"{scope}/weight", "parameter", shape[-1:], kind="parameter")
        bias = self.add(f"{scope}/bias", "parameter", shape[-1:], kind="parameter")
        scaled = self.add(f"{scope}/mul", "mul", shape, centred, scale, weight)
        return self.add(f"{scope}/add", "add", shape, scaled, bias)


def mlp() -> dict[str, Any]:
    """784-128-64-10 with its loss: 16 nodes."""
    b = Builder()
    x = b.add("input", "input", [32, 784], kind="input")
    target = b.add("target", "input", [32], kind="input")
    for i, features in enumerate((128, 64, 10)):
        x = b.linear(f"fc{i + 1}", x, features)
        if i < 2:
            x = b.add(f"relu_{i + 1}", "relu", [32, features], x)
    loss = b.add("loss/log_softmax", "log_softmax", [32, 10], x)
    loss = b.add("loss/nll", "nll_loss", [], loss, target)
    b.add("output", "output", [], loss, kind="output")
    return b.plain


def cnn(depths: tuple[int, ...] = (3, 4, 6, 3)) -> dict[str, Any]:
    """A residual network of bottleneck blocks: 400 nodes."""
    b = Builder()

    def conv(scope: str, x: str, channels: int, size: int, kernel: int) -> str:
        inner = b._shapes[x][1]
        weight = b.add(f"{scope}/conv/weight", "parameter", [channels, inner, kernel, kernel], kind="parameter")
        x = b.add(f"{scope}/conv/conv2d", "conv2d", [32, channels, size, size], x, weight)
        parts = [b.add(f"{scope}/bn/{p}", "parameter", [channels], kind="parameter") for p in ("weight", "bias")]
        return b.add(f"{scope}/bn/batch_norm", "batch_norm", [32, channels, size, size], x, *parts)

    x = b.add("image", "input", [32, 3, 224, 224], kind="input")
    x = b.add("stem/relu", "relu", [32, 64, 112, 112], conv("stem", x, 64, 112, 7))
    x = b.add("stem/max_pool", "max_pool2d", [32, 64, 56, 56], x)
    for stage, depth in enumerate(depths):
        width, size = 64 * 2**stage, 56 // 2**stage
        for i in range(depth):
            scope = f"stage{stage + 1}/block_{i}"
            y = b.add(f"{scope}/relu_1", "relu", [32, width, size, size], conv(f"{scope}/reduce", x, width, size, 1))
            y = b.add(f"{scope}/relu_2", "relu", [32, width, size, size], conv(f"{scope}/spatial", y, width, size, 3))
            y = conv(f"{scope}/expand", y, 4 * width, size, 1)
            short = conv(f"{scope}/shortcut", x, 4 * width, size, 1) if i == 0 else x
            y = b.add(f"{scope}/add", "add", [32, 4 * width, size, size], y, short)
            x = b.add(f"{scope}/relu_3", "relu", [32, 4 * width, size, size], y)
    x = b.add("pool", "avg_pool2d", [32, 2048, 1, 1], x)
    x = b.add("flatten", "reshape", [32, 2048], x)
    x = b.linear("head", x, 1000)
    b.add("logits", "output", [32, 1000], x, kind="output")
    return b.plain


def transformer(blocks: int = 12, width: int = 768, heads: int = 12, steps: int = 128) -> dict[str, Any]:
    """A decoder: about 60 nodes a block, and a mask that all blocks read."""
    b = Builder()
    whole, split, table = [8, steps, width], [8, heads, steps, width // heads], [8, heads, steps, steps]
    tokens = b.add("tokens", "input", [8, steps], kind="input")
    words = b.add("embedding/words", "parameter", [50257, width], kind="parameter")
    places = b.add("embedding/positions", "parameter", [steps, width], kind="parameter")
    x = b.add("embedding/gather", "embedding", whole, tokens, words)
    x = b.add("embedding/add", "add", whole, x, places)
    mask = b.add("mask", "tril", [steps, steps])
    for i in range(blocks):
        s = f"blocks/block_{i}"
        y = b.norm(f"{s}/norm_1", x)
        parts = {}
        for part in "qkv":
            parts[part] = b.add(
                f"{s}/attention/{part}/split", "reshape", split, b.linear(f"{s}/attention/{part}/proj", y, width)
            )
        keys = b.add(f"{s}/attention/transpose", "permute", split, parts["k"])
        scores = b.add(f"{s}/attention/scores", "matmul", table, parts["q"], keys)
        scores = b.add(f"{s}/attention/scale", "mul", table, scores)
        scores = b.add(f"{s}/attention/masked", "where", table, scores, mask)
        top = b.add(f"{s}/attention/softmax/max", "max", [*table[:-1], 1], scores)
        top = b.add(f"{s}/attention/softmax/sub", "sub", table, scores, top)
        top = b.add(f"{s}/attention/softmax/exp", "exp", table, top)
        total = b.add(f"{s}/attention/softmax/sum", "sum", [*table[:-1], 1], top)
        weights = b.add(f"{s}/attention/softmax/div", "div", table, top, total)
        y = b.add(f"{s}/attention/mix", "matmul", split, weights, parts["v"])
        y = b.add(f"{s}/attention/merge", "reshape", whole, y)
        y = b.linear(f"{s}/attention/out", y, width)
        x = b.add(f"{s}/add_1", "add", whole, x, y)
        y = b.norm(f"{s}/norm_2", x)
        y = b.linear(f"{s}/mlp/up", y, 4 * width)
        y = b.add(f"{s}/mlp/gelu", "gelu", [8, steps, 4 * width], y)
        y = b.linear(f"{s}/mlp/down", y, width)
        x = b.add(f"{s}/add_2", "add", whole, x, y)
    x = b.norm("norm", x)
    b.add("logits", "output", [8, steps, 50257], b.add("head", "matmul", [8, steps, 50257], x, words), kind="output")
    return b.plain


def large() -> dict[str, Any]:
    """About 10,000 nodes."""
    return transformer(blocks=184, width=1024, heads=16)
