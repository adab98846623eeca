"""A logdir with a value of every kind, and runs beside it whose files say what no writer of ours would."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

import model_graphs
import numpy as np
from forged import reseal

import tracker

RUN = "deep/run"
TAGS = {
    "scalar": "train/loss", "histogram": "weights", "image": "picture", "audio": "sound", "video": "film",
    "text": "words", "table": "cells", "figure": "plot", "graph": "graph", "profile": "trace", "confusion": "matrix",
    "pr_curve": "quality", "embedding": "points", "mesh": "surface", "layout": "pages",
}  # fmt: skip
"""By kind, what it is logged under in `RUN`."""

PANES = ("a text", "some html", "lines", "a chart", "a sheet")
"""What is shown in it."""


def every_kind(logdir: Path) -> None:
    """Three good runs, of which `RUN` has all kinds."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        with tracker.init(logdir=logdir, name=name, config={"lr": 0.1, "seed": 1}, machine=False) as run:
            for step in range(300):
                run.log({"train/loss": 1 / (step + 1), "val/loss": 2.0}, step=step)
    graph, trace = model_graphs.transformer(blocks=4), {"traceEvents": _events(200)}
    figure = {"data": [{"type": "scatter", "y": [1, 2]}], "layout": {}}
    with tracker.init(logdir=logdir, name=RUN, config={"lr": 0.2}, machine=False) as run:
        for step in range(2500):
            run.log({"train/loss": [np.nan, np.inf, -np.inf, 0.5][step % 4]}, step=step)
        for step in (3, 7):
            values = {
                "histogram": tracker.Histogram(rng.normal(size=100)),
                "image": [tracker.Image(rng.random((4, 4, 3)), masks=np.ones((4, 4), bool)) for _ in range(2)],
                "audio": tracker.Audio(rng.random(100), 8000),
                "text": tracker.Text("# words"),
                "table": tracker.Table({"a": [1, np.nan], "b": ["x", None]}),
                "figure": tracker.Figure(figure),
                "graph": tracker.Graph(graph["nodes"], graph["edges"]),
                "profile": tracker.Profile(trace),
                "confusion": tracker.ConfusionMatrix([0, 1, 1], [0, 1, 0]),
                "pr_curve": tracker.PRCurve([0, 1, 1], [0.1, 0.9, 0.4]),
                "embedding": tracker.Embedding(rng.normal(size=(12, 4)), labels=list("abcdefghijkl")),
                "mesh": tracker.Mesh(rng.normal(size=(3, 3)), faces=[[0, 1, 2]]),
                "layout": tracker.Layout({"c": {"t": ["Multiline", ["train/loss"]]}}),
            }
            run.log({TAGS[kind]: value for kind, value in values.items()}, step=step)
        run.mark("halved", step=7)
        for i in range(3):
            run.pane(PANES[0], f"{i} ", append=True)
            run.pane(PANES[2], tracker.Curves({"y": (float(i), np.nan)}), append=True)
        run.pane(PANES[1], tracker.Html("<b>x</b>"), title="HTML")
        run.pane(PANES[3], {"data": [{"y": [1, np.inf]}], "layout": {}}, width=100)
        run.pane(PANES[4], tracker.Properties({"a": 1}))


def _events(count: int) -> list[dict[str, object]]:
    return [
        {"ph": "X", "name": f"op_{i % 7}", "pid": 1, "tid": i % 3, "ts": i * 10, "dur": 9, "args": {"n": i}}
        for i in range(count)
    ]


def npy(header: str) -> bytes:
    """An array's bytes that claim what a header says."""
    text = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def zipped(pieces: list[tuple[bytes, int]], how: int = 31) -> bytes:
    """Bytes, each so many times, packed without ever being there whole."""
    packer, out = zlib.compressobj(9, zlib.DEFLATED, how), io.BytesIO()
    for piece, times in pieces:
        each = max(1, (1 << 20) // len(piece))
        for _ in range(times // each):
            out.write(packer.compress(piece * each))
        out.write(packer.compress(piece * (times % each)))
    out.write(packer.flush())
    return out.getvalue()


EVENT = b'{"ph":"X","name":"a","pid":1,"tid":1,"ts":1,"dur":1},'

GRAPH_BOMBS: dict[str, Callable[[], bytes]] = {
    "empty nodes": lambda: zipped([(b'{"nodes":[', 1), (b"{},", 60_000_000), (b'{}],"edges":[]}', 1)], 15),
    "named nodes": lambda: zipped([(b'{"nodes":[', 1), (b'{"name":"a"},', 10_000_000), (b'{}],"edges":[]}', 1)], 15),
    "empty edges": lambda: zipped([(b'{"nodes":[],"edges":[', 1), (b"[],", 40_000_000), (b"[]]}", 1)], 15),
    "a long name": lambda: zipped([(b'{"nodes":[{"name":"', 1), (b"a", 250_000_000), (b'"}],"edges":[]}', 1)], 15),
    "blanks": lambda: zipped([(b" ", 250_000_000)], 15),
    "deep": lambda: zipped([(b"[", 50_000_000)], 15),
    "numbers": lambda: zipped([(b'{"nodes":[', 1), (b"1.5,", 50_000_000), (b'1],"edges":[]}', 1)], 15),
}
PROFILE_BOMBS: dict[str, Callable[[], bytes]] = {
    "events": lambda: zipped([(b"[", 1), (EVENT, 3_000_000), (b"{}]", 1)]),
    "blanks": lambda: zipped([(b" ", 300_000_000), (b"[]", 1)]),
    "lines": lambda: zipped([(b"\n", 300_000_000)]),
    "brackets": lambda: zipped([(b"[", 100_000_000)]),
    "XSpace of lines": lambda: zipped([(b"\x0a\x04\x1a\x02\x22\x00", 30_000_000)]),
    "XSpace of events": lambda: zipped([(b"\x0a\x84\x80\x80\x40\x1a\x80\x80\x80\x40", 1), (b"\x22\x00", 67_108_864)]),
    "zeros": lambda: zipped([(b"\0", 300_000_000)]),
}
ARRAY_BOMBS = {
    "rows": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 4), }"),
    "no width": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 0), }"),
    "no bytes": npy("{'descr': '|V0', 'fortran_order': False, 'shape': (1000000000, 4), }"),
    "objects": npy("{'descr': '|O', 'fortran_order': False, 'shape': (4, 4), }"),
    "negative": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-4, -4), }"),
    "words": npy("{'descr': '<U1000', 'fortran_order': False, 'shape': (1000000, 4), }"),
    "cut": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), }") + b"\0" * 7,
    "junk": b"junk",
    "nothing": b"",
}


def replace_blobs(folder: Path, data: bytes, kind: str | None = None) -> None:
    """Puts other bytes into all values of a run, or those of one kind."""
    which = "SELECT blob FROM media JOIN series ON series.id = series WHERE kind = ?2 OR ?2 IS NULL"
    with contextlib.closing(sqlite3.connect(next(folder.glob("*.sqlite")))) as connection:
        connection.execute(f"UPDATE blobs SET data = ?1 WHERE hash IN ({which})", (data, kind))
        connection.commit()
    reseal(next(folder.glob("*.sqlite")))


def hostile(logdir: Path, *, rows: bool = False) -> list[str]:
    """Runs of which something is not what it should be; their names. With `rows` also what a list of runs is made of."""
    made = []
    for i, (said, data) in enumerate([*_ODD, *(_ODD_ROWS if rows else ())]):
        name = f"odd/{i}"
        made.append(name)
        with tracker.init(logdir=logdir, name=name, machine=False, config={"lr": 0.5}) as run:
            run.log({"train/loss": 1.0, "weights": tracker.Histogram([1.0])}, step=1)
            run.mark("here", step=1)
            for kind in ("graph", "embedding", "mesh", "layout", "text", "pr_curve", "confusion", "profile", "table"):
                run.log({TAGS[kind]: _small(kind)}, step=1)
            run.pane(PANES[0], "x")
        with contextlib.closing(sqlite3.connect(next((logdir / name).glob("*.sqlite")))) as connection:
            if said:
                connection.execute(said.replace("UPDATE ", "UPDATE OR IGNORE ", 1))
            if data is not None:
                connection.execute("UPDATE blobs SET data = ?", (data,))
            connection.commit()
        reseal(next((logdir / name).glob("*.sqlite")))
    return made


def _small(kind: str) -> tracker.values.value.Value:
    return {
        "graph": lambda: tracker.Graph([{"name": "a", "op": "b"}], []),
        "embedding": lambda: tracker.Embedding(np.eye(3)),
        "mesh": lambda: tracker.Mesh(np.eye(3)),
        "layout": lambda: tracker.Layout({"c": {"t": ["Multiline", ["a"]]}}),
        "text": lambda: tracker.Text("x"),
        "pr_curve": lambda: tracker.PRCurve([0, 1], [0.1, 0.9]),
        "confusion": lambda: tracker.ConfusionMatrix([0, 1], [0, 1]),
        "profile": lambda: tracker.Profile([{"ph": "X", "name": "a", "ts": 1, "dur": 1}]),
        "table": lambda: tracker.Table([[1]]),
    }[kind]()


_DEEP = "[" * 900 + "]" * 900
_JSON = json.dumps([None, {}, [], "x", 10**400, [[1, 2], [3]]]).encode()

_ODD_ROWS: list[tuple[str, bytes | None]] = [
    ("UPDATE media SET step=-9223372036854775808", None),
    ("UPDATE media SET wall_time='x'", None),
    ("UPDATE media SET step='x'", None),
    (f"UPDATE segment SET config='{{\"seed\": {2**127}}}'", None),
    (f"UPDATE segment SET config='{{\"x\": {_DEEP}}}'", None),
    ('UPDATE segment SET config=\'{"x": "\\ud800", "\\udfff": 1}\'', None),
    ("UPDATE segment SET config='[1]'", None),
    ("UPDATE segment SET notes=x'ff'", None),
    ('UPDATE state SET lost=\'{"scalar": "many"}\'', None),
    ("UPDATE scalars SET value='x'", None),
    ("UPDATE scalars SET step='x'", None),
    ("UPDATE scalars SET step=9223372036854775807", None),
]

_ODD: list[tuple[str, bytes | None]] = [
    ("UPDATE media SET attributes='[1]'", None),
    ('UPDATE media SET attributes=\'{"masks": 7, "part": [], "notes": 3, "classes": 3, "auc": "x"}\'', None),
    (f"UPDATE media SET attributes='{_DEEP}'", None),
    ("UPDATE marks SET text=x'ff', attributes='3'", None),
    ("", b""),
    ("", b"junk"),
    ("", zlib.compress(_JSON)),
    ("", zlib.compress(b'{"nodes": 3, "edges": {"a": 1}}')),
    ("", zlib.compress(b'{"nodes": [{"name": [], "attrs": {"shape": {"a": 1}}}, 3, {"name": "x"}], "edges": [3, {}]}')),
    ("", gzip.compress(b'[{"ph":"X","name":[],"ts":1e999,"dur":[]},3,{"ph":"M","name":{},"args":[]}]')),
    *[("", data) for data in ARRAY_BOMBS.values()],
    ("UPDATE blobs SET data='text'", None),
    ("DELETE FROM blobs", None),
]


def damage(path: Path, seed: int) -> None:
    """Flips some bytes of a file."""
    rng = random.Random(seed)
    data = bytearray(path.read_bytes())
    for _ in range(40):
        data[rng.randrange(100, len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
