"""Points at rest: what codecs make of real curves, and what a file takes and costs to read before and after packing.

    python benchmarks/packing.py [--quick]

Curves of real trainings are read from the folder in $EVERYSTEP_REAL_DATA, and left out without it; one training is made
here: a softmax regression on digits, whose losses are float32 and whose times are the clock's. zstandard and blosc2
stand in the table where they are installed.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pcodec
from report import machine, show, verdict

import tracker
from sample_runs.digits import load_digits
from tracker.pruning import segment_points
from tracker.series.chunk import CHUNK_POINTS
from tracker.series.stretch import STRETCH_POINTS
from tracker.store.write import packing

Codec = tuple[Callable[[Any], bytes], Callable[[bytes, Any], Any]]


def shuffled(array: Any) -> bytes:
    """All first bytes, then all second ones, and so on."""
    return np.ascontiguousarray(array.view("u1").reshape(-1, array.itemsize).T).tobytes()


def unshuffled(data: bytes, like: Any) -> Any:
    """The array again."""
    return np.ascontiguousarray(np.frombuffer(data, "u1").reshape(like.itemsize, -1).T).view(like.dtype).ravel()


def narrow(array: Any) -> Any:
    """As it lies in a stretch: deltas, or values, in the fewest bytes of a plain type."""
    if array.dtype == np.int64:
        deltas = np.diff(array, prepend=array[:1])
        return next(deltas.astype(kind) for kind in ("i1", "i2", "i4", "i8") if (deltas.astype(kind) == deltas).all())
    short = array.astype("f4")
    return short if (short.astype("f8") == array).all() else array


def codecs() -> dict[str, Codec]:
    """What packs an array, and what gives it back."""
    found: dict[str, Codec] = {
        "as in a stretch": (lambda a: a.tobytes(), lambda b, a: np.frombuffer(b, a.dtype)),
        "zlib 6": (lambda a: zlib.compress(shuffled(a), 6), lambda b, a: unshuffled(zlib.decompress(b), a)),
    }
    with suppress(ImportError):
        import zstandard

        for level in (3, 19):
            to, back = zstandard.ZstdCompressor(level), zstandard.ZstdDecompressor()
            found[f"zstd {level}"] = (
                lambda a, to=to: to.compress(shuffled(a)),
                lambda b, a, back=back: unshuffled(back.decompress(b), a),
            )
    with suppress(ImportError):
        import blosc2

        found["blosc2"] = (
            lambda a: blosc2.compress2(a.tobytes(), typesize=a.itemsize, codec=blosc2.Codec.ZSTD, clevel=5),
            lambda b, a: np.frombuffer(blosc2.decompress2(b), a.dtype),
        )
    for level in (4, 8, 12):
        config = pcodec.ChunkConfig(compression_level=level)
        found[f"pcodec {level}"] = (
            lambda a, config=config: pcodec.standalone.simple_compress(a if a.itemsize > 1 else a.astype("i2"), config),
            lambda b, a: pcodec.standalone.simple_decompress(b),
        )
    return found


def trained(count: int) -> tuple[Any, Any]:
    """Losses and times of a training: minibatches of 32 digits, a step each."""
    (images, labels), _ = load_digits()
    x = np.asarray(images, np.float32).reshape(len(images), -1)
    weights, chance = np.zeros((x.shape[1], 10), np.float32), np.random.default_rng(0)
    loss, when = np.empty(count), np.empty(count)
    for step in range(count):
        batch = chance.integers(0, len(x), 32)
        scores = x[batch] @ weights
        scores -= scores.max(1, keepdims=True)
        likely = np.exp(scores)
        likely /= likely.sum(1, keepdims=True)
        loss[step] = -np.log(likely[np.arange(32), labels[batch]]).mean()
        likely[np.arange(32), labels[batch]] -= 1
        weights -= np.float32(0.01 / 32) * (x[batch].T @ likely)
        when[step] = time.time()
    return loss, when


def curves(count: int) -> Iterator[tuple[str, Any]]:
    """Arrays of what is stored, by name."""
    chance = np.random.default_rng(0)
    yield "random float64", chance.normal(size=count)
    decaying = 3 * np.exp(-np.arange(count) / count * 4) + chance.gamma(2, 0.05, count)
    yield "made float32 loss", decaying.astype("f4").astype("f8")
    loss, when = trained(count)
    yield "trained float32 loss", loss
    yield "its times", when.view("i8")
    yield "times 50 ± 11 ms", (1.79e9 + np.cumsum(chance.gamma(20, 0.0025, count))).view("i8")
    folder = os.environ.get("EVERYSTEP_REAL_DATA")
    if folder:
        said = (Path(folder) / "llm_logs" / "gpt2_124m_main.log").read_text()
        for name, word in (("GPT-2's loss, four decimals", "trl"), ("GPT-2's gradient norm", "norm")):
            yield name, np.array([float(each) for each in re.findall(rf"{word}:([0-9.]+)", said)])


def measured(codec: Codec, parts: list[Any]) -> str:
    """Bytes a number, and ns a number to pack and to unpack."""
    to, back = codec
    count = sum(map(len, parts))
    began = time.process_time()
    packed = [to(part) for part in parts]
    pack = time.process_time() - began
    unpack = []
    for _ in range(5):
        began = time.process_time()
        got = [back(data, part) for data, part in zip(packed, parts, strict=True)]
        unpack.append(time.process_time() - began)
    assert all((np.asarray(one).astype(other.dtype) == other).all() for one, other in zip(got, parts, strict=True))
    return f"{sum(map(len, packed)) / count:.2f} B  {pack / count * 1e9:.0f}/{min(unpack) / count * 1e9:.1f} ns"


def logged(root: Path, values: list[float], times: list[float] | None) -> tuple[Path, float]:
    """Logs a curve; its file, and the seconds that `finish()` takes."""
    run = tracker.init(logdir=root, name="a")
    for step, value in enumerate(values):
        run.log({"x": value}, step=step, wall_time=None if times is None else times[step])
    run.flush()
    began = time.perf_counter()
    run.finish()
    took = time.perf_counter() - began
    (path,) = (root / "a").glob("*.sqlite")
    return path, took


def read_ms(root: Path, values: list[float]) -> float:
    """Median ms to read a curve whole."""
    took = []
    for _ in range(15):
        began = time.perf_counter()
        found = tracker.open(root).run("a").scalars("x")
        took.append((time.perf_counter() - began) * 1e3)
    assert found.value.tolist() == values
    return float(np.median(took))


def files(folder: Path, name: str, values: list[float], times: list[float] | None, bar: float) -> list[list[str]]:
    """Bytes a point and ms to read all of them, of a curve in rows alone, as `finish()` leaves it, and packed."""
    rows = []
    for how in ("rows alone", "finish()", "viz pack"):
        root = folder / f"{name} {how}"
        with mock.patch.object(packing, "pack", return_value=False) if how == "rows alone" else nullcontext():
            path, ended = logged(root, values, times)
        if how == "viz pack":
            segment_points.pack(path)
        size, took = path.stat().st_size / len(values), read_ms(root, values)
        is_barred = how != "rows alone"
        rows.append([
            "" if rows else name, how, f"{size:.2f}", f"≤ {bar}: {verdict(size, bar)}" if is_barred else "", f"{took:.1f}",
            f"≤ 15: {verdict(took, 15)}" if len(values) == 1_000_000 and is_barred else "",
            f"{ended * 1e3:.0f}" if how != "viz pack" else "",
        ])  # fmt: skip
    return rows


def main() -> None:
    """Prints the tables."""
    count = 1 << 15 if "--quick" in sys.argv else 1 << 18
    print(f"{machine()}; {count:,} numbers a curve; pcodec {pcodec.__version__}")
    known = codecs()
    for size in (STRETCH_POINTS, CHUNK_POINTS):
        rows = []
        for name, array in curves(count):
            parts = [narrow(each) for each in np.split(array, range(size, len(array), size))][:64]
            rows.append([name, *(measured(codec, parts) for codec in known.values())])
        show(f"{size:,} numbers at a time, bytes shuffled but for pcodec; to pack / to unpack one", rows, ["", *known])
    points = 100_000 if "--quick" in sys.argv else 1_000_000
    chance = np.random.default_rng(0)
    loss, when = trained(points // 4)
    with tempfile.TemporaryDirectory() as name:
        rows = files(Path(name), "random float64", chance.normal(size=points).tolist(), None, 9)
        rows += files(Path(name), "trained float32 loss", loss.tolist(), when.tolist(), 5)
    show(f"A file of {points:,} ({points // 4:,}) points", rows, ["", "", "bytes a point", "", "ms to read all", "", "ms of finish()"])  # fmt: skip


if __name__ == "__main__":
    main()
