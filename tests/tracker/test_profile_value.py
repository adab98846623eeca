"""Profiles as values: what can be logged, how it is kept, and what is said of what cannot."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker import errors
from tracker.values import profile

TRACE: dict[str, Any] = {"traceEvents": [{"ph": "X", "name": "a", "ts": 1, "dur": 2, "pid": 1, "tid": 1}]}


def logged(logdir: Path, source: Any) -> Any:
    """A trace after it was logged and read back."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"profile": tracker.Profile(source)}, step=7)
    stored = tracker.open(logdir).run("a")
    assert stored.tags("profile") == ["profile"]
    return json.loads(stored.profile())


@pytest.mark.parametrize("form", ["mapping", "list", "json", "gzip", "folder"])
def test_a_trace_of_any_form_is_kept_as_it_is(logdir: Path, tmp_path: Path, form: str) -> None:
    """In memory, as a file, packed or not, in the folder that TensorBoard's profilers make."""
    folder = tmp_path / "plugins" / "profile" / "2026_01_01"
    folder.mkdir(parents=True)
    (folder / "host.trace.json.gz").write_bytes(gzip.compress(json.dumps(TRACE).encode()))
    (tmp_path / "trace.json").write_text(json.dumps(TRACE), encoding="utf-8")
    sources: dict[str, Any] = {
        "mapping": TRACE,
        "list": TRACE["traceEvents"],
        "json": tmp_path / "trace.json",
        "gzip": folder / "host.trace.json.gz",
        "folder": str(tmp_path / "plugins"),
    }
    assert logged(logdir, sources[form]) == (TRACE["traceEvents"] if form == "list" else TRACE)


def test_a_packed_file_is_stored_byte_for_byte(logdir: Path, real_data: Path) -> None:
    """What others wrote is not written anew: nothing of it can be lost."""
    path = real_data / "traces" / "tf_keras_cpu.trace.json.gz"
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"profile": tracker.Profile(path)})
    (item,) = tracker.open(logdir).run("a").media("profile", "profile")
    assert item.data == path.read_bytes()
    assert item.attributes == {"name": path.name}


def test_a_torch_profiler_is_logged_by_itself(logdir: Path) -> None:
    """No file in between for the user to name and to remove."""
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        torch.ones(8, 8) @ torch.ones(8, 8)
    names = {event.get("name") for event in logged(logdir, profiler)["traceEvents"]}
    assert "aten::matmul" in names


def test_a_snapshot_is_taken(logdir: Path) -> None:
    """Changing the trace later changes nothing."""
    events = [dict(TRACE["traceEvents"][0])]
    value = tracker.Profile(events)
    events.clear()
    assert logged(logdir, value._data and json.loads(value._data))[0]["name"] == "a"


def test_what_is_no_trace_is_refused_on_the_callers_line(tmp_path: Path) -> None:
    """With what was expected and what to do."""
    (tmp_path / "words.json").write_text("hello", encoding="utf-8")
    (tmp_path / "cut.json.gz").write_bytes(b"\x1f\x8b\x08broken")
    two = tmp_path / "two"
    two.mkdir()
    for name in ("a.trace.json", "b.trace.json"):
        (two / name).write_text("[]", encoding="utf-8")
    empty = tmp_path / "empty"
    empty.mkdir()
    cases: list[tuple[Any, type[Exception], str]] = [
        (tmp_path / "none.json", errors.LoggedValueError, "no such file"),
        (tmp_path / "words.json", errors.LoggedValueError, "is no trace"),
        (tmp_path / "cut.json.gz", errors.LoggedValueError, "cannot be unpacked"),
        (two, errors.LoggedValueError, "several traces"),
        (empty, errors.LoggedValueError, "holds no trace"),
        ({"events": []}, errors.LoggedValueError, "this mapping is no trace"),
        (3, errors.LoggedTypeError, "this is no trace"),
    ]
    for source, kind, words in cases:
        with pytest.raises(kind, match=words):
            tracker.Profile(source)


def test_a_bomb_is_not_unpacked() -> None:
    """A small file that claims to be a huge one takes no memory."""
    assert profile.unpacked(gzip.compress(b"x" * 1000)) == b"x" * 1000
    with pytest.raises(errors.DamagedBytesError, match="too large"):
        profile.unpacked(gzip.compress(b"x" * 5_000_000))
    with pytest.raises(errors.DamagedBytesError, match="cannot be unpacked"):
        profile.unpacked(b"no gzip")
