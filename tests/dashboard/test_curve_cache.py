"""Curves that are kept: what several threads and servers do at once, and what a kill or a full disk leaves, loses nothing
that was kept before, and no curve is ever another one's."""

from __future__ import annotations

import fcntl
import itertools
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from dashboard.curves.curve_cache import CurveCache, KeptCurve

COLUMNS = 100


def curves(names: Iterable[str]) -> dict[str, KeptCurve]:
    """A curve a name, of which each says by its values whose it is."""
    return {name: KeptCurve(50, "points", [np.arange(50.0) + sum(map(ord, name))] * 3) for name in names}


def found(cache: CurveCache, names: Iterable[str]) -> list[str]:
    """Those that are kept; they are as they were."""
    names = list(names)
    kept = cache.get("loss", COLUMNS, names)
    wanted = curves(names)
    for name, curve in kept.items():
        assert (curve.points, curve.form) == (50, "points")
        np.testing.assert_array_equal(curve.columns, wanted[name].columns)
    return list(kept)


def only(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_who_reads_while_a_block_is_written_has_those_before(tmp_path: Path) -> None:
    """A file grows as the system takes what is written: it may be seen at any length."""
    writer, reader = CurveCache(tmp_path), CurveCache(tmp_path)
    writer.put("loss", COLUMNS, curves("ab"))
    first = only(tmp_path).read_bytes()
    writer.put("loss", COLUMNS, curves("cd"))
    whole = only(tmp_path).read_bytes()
    for size in (*range(len(first), len(whole), 97), len(whole) - 1):
        only(tmp_path).write_bytes(whole[:size])
        assert found(reader, "abcd") == ["a", "b"], size
    only(tmp_path).write_bytes(whole)
    assert found(reader, "abcd") == ["a", "b", "c", "d"]


def test_threads_that_keep_and_ask_at_once_lose_nothing(tmp_path: Path) -> None:
    """Two questions of one tag, of which one is kept while the other begins: each of 5,000 of 10,000 runs."""
    cache = CurveCache(tmp_path)
    names = [[f"{block}-{number}" for number in range(256)] for block in range(30)]
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            found(cache, names[0])

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    for block in names:
        cache.put("loss", COLUMNS, curves(block))
    is_over.set()
    for thread in asking:
        thread.join()
    for one in (cache, CurveCache(tmp_path)):
        every = list(itertools.chain.from_iterable(names))
        assert found(one, every) == every


def test_what_a_kill_left_is_written_over(tmp_path: Path) -> None:
    """At whatever byte; what is whole stays, and what comes next is found."""
    CurveCache(tmp_path).put("loss", COLUMNS, curves("a"))
    begun = len(only(tmp_path).read_bytes())
    CurveCache(tmp_path).put("loss", COLUMNS, curves("b"))
    whole = only(tmp_path).read_bytes()
    for size in (0, 1, 20, 31, 32, 33, 50, begun - 1, begun, begun + 1, begun + 40, len(whole) - 1):
        only(tmp_path).write_bytes(whole[:size])
        assert found(CurveCache(tmp_path), "ab") == (["a"] if size >= begun else []), size
        CurveCache(tmp_path).put("loss", COLUMNS, curves("c"))
        assert found(CurveCache(tmp_path), "abc") == (["a", "c"] if size >= begun else ["c"]), size
    cache = CurveCache(tmp_path)
    assert found(cache, "a") == ["a"]
    cache.put("loss", COLUMNS, curves("ab"))
    only(tmp_path).write_bytes(only(tmp_path).read_bytes()[:begun])
    cache.put("loss", COLUMNS, curves("d"))
    assert "d" in found(CurveCache(tmp_path), "d")


def test_a_bit_anywhere_makes_no_other_curve(tmp_path: Path) -> None:
    """What is damaged is gone, what is kept after it is found."""
    cache = CurveCache(tmp_path)
    cache.put("loss", COLUMNS, curves("ab"))
    cache.put("loss", COLUMNS, curves("cd"))
    path = only(tmp_path)
    whole = path.read_bytes()
    for at in range(0, len(whole), 61):
        folder = tmp_path / f"{at}"
        folder.mkdir()
        (folder / path.name).write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        damaged = CurveCache(folder)
        found(damaged, "abcd")
        damaged.put("loss", COLUMNS, curves("e"))
        assert "e" in found(damaged, "abcde"), at
        assert "e" in found(CurveCache(folder), "abcde"), at


def test_another_file_of_the_same_inode_and_size_is_told_apart(tmp_path: Path) -> None:
    """One that was deleted gives its inode to the next, and a sweep's next file is as long, in another order."""
    reader = CurveCache(tmp_path / "one")
    for folder, names in (("one", "ab"), ("other", "ba")):
        CurveCache(tmp_path / folder).put("loss", COLUMNS, curves(names))
    assert found(reader, "ab") == ["a", "b"]
    path = only(tmp_path / "one")
    with path.open("r+b") as file:  # in place: its inode stays
        file.write(only(tmp_path / "other").read_bytes())
    assert sorted(found(reader, "ab")) == ["a", "b"]


def test_who_does_not_get_the_lock_does_without(tmp_path: Path) -> None:
    """Another server that is stopped while it writes holds nobody up."""
    cache = CurveCache(tmp_path)
    cache.put("loss", COLUMNS, curves("a"))
    with only(tmp_path).open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        cache.put("loss", COLUMNS, curves("b"))
        assert found(cache, "ab") == []
    assert found(cache, "ab") == ["a"]
    cache.put("loss", COLUMNS, curves("b"))
    assert found(cache, "ab") == ["a", "b"]


def test_a_disk_that_is_full_costs_what_finds_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of a block is on it then."""
    cache = CurveCache(tmp_path)
    cache.put("loss", COLUMNS, curves("a"))
    path = only(tmp_path)
    room = path.stat().st_size + 300
    opened = Path.open

    class Full:
        def __init__(self, file: object) -> None:
            self._file = file

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()  # type: ignore[attr-defined]

        def write(self, data: memoryview) -> int:
            left = room - self._file.seek(0, 2)  # type: ignore[attr-defined]
            if left <= 0:
                raise OSError(28, "No space left on device")
            return self._file.write(data[:left])  # type: ignore[attr-defined, no-any-return]

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", lambda self, *how, **more: Full(opened(self, *how, **more)))
        cache.put("loss", COLUMNS, curves("b"))
    assert path.stat().st_size == room
    assert found(cache, "ab") == ["a"]
    cache.put("loss", COLUMNS, curves("b"))
    assert found(CurveCache(tmp_path), "ab") == ["a", "b"]
