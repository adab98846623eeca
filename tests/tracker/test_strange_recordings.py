"""Recordings of strangers: what their files say is looked at before anything of it is believed or executed."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded_training import recorded

import tracker
import tracker.recorder
from tracker.errors import RecordingError
from tracker.recorder.recipe import Recipe, file_of, recipe_of, why_not


def packed(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def array(x: Any, *, pickle: bool = False) -> bytes:
    """An .npy."""
    file = io.BytesIO()
    np.save(file, x, allow_pickle=pickle)
    return file.getvalue()


def structure(said: Any) -> bytes:
    """The member of that name."""
    return array(np.frombuffer(json.dumps(said).encode(), np.uint8))


class Bomb:
    """What runs code when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("was_executed",)


HOSTILE = {
    "nothing": b"",
    "no zip": b"PK\x03\x04" + b"\0" * 100,
    "a pickle": packed({"structure.npy": array(np.array([Bomb()], object), pickle=True)}),
    "a pickle behind": packed(
        {"structure.npy": structure({"array": "a"}), "a.npy": array(np.array([Bomb()], object), pickle=True)}
    ),
    "a bomb": packed({"structure.npy": structure({"array": "a"}), "a.npy": b"\0" * 50_000_000}, zipfile.ZIP_DEFLATED),
    "deep": packed({"structure.npy": structure(None).replace(b"null", b"null") + b"["}),
    "very deep": packed({"structure.npy": array(np.frombuffer(b"[" * 100_000, np.uint8))}),
    "claims much": packed(
        {"structure.npy": b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999,), }".ljust(117) + b"\n"}
    ),
    "a list": packed({"structure.npy": structure({"list": [1]})}),
    "no steps": packed({"structure.npy": structure({"dict": {"form": 1}})}),
    "two kinds": packed({"structure.npy": structure({"dict": {}, "list": []})}),
    "no such array": packed({"structure.npy": structure({"array": "b"})}),
    "an array of texts": packed({"structure.npy": structure({"array": 7})}),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_strangers_file_is_refused_in_a_sentence(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs nothing, takes no memory to speak of, and raises one error."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run" / "recordings"
    folder.mkdir(parents=True)
    (folder / "steps-1-9-20260101T000000-abc-spike.npz").write_bytes(HOSTILE[kind])
    with pytest.raises(RecordingError):
        tracker.recorder.open(tmp_path / "run")[5]
    assert not (tmp_path / "was_executed").exists()


def test_names_that_are_none_of_ours_are_not_read(tmp_path: Path) -> None:
    """Links, folders, and whatever else lies there."""
    recordings = recorded(tmp_path, 20)
    (found,) = recordings.files
    other = tmp_path / "elsewhere.npz"
    found.path.rename(other)
    found.path.symlink_to(other)
    (found.path.parent / "steps-1-2-x-spike.npz").mkdir()
    (found.path.parent / "steps-1-2-x-spike.npz.exe").write_text("")
    assert not tracker.recorder.open(tmp_path / "run")


def test_a_damaged_state_is_not_taken(tmp_path: Path) -> None:
    """It is called by the hash of what it holds."""
    recordings = recorded(tmp_path, 20)
    for place in (recordings.folder / "states").iterdir():
        place.write_bytes(place.read_bytes().replace(b"NUMPY", b"NUMPX"))
    with pytest.raises(RecordingError, match="damaged"):
        recordings[18].state()


RECIPE = {"module": "", "file": "train.py", "function": "training", "arguments": {}, "digest": ""}


@pytest.mark.parametrize(
    "odd",
    [
        {"function": "os.system"}, {"function": 3}, {"file": "train.sh"}, {"file": "a\0.py"}, {"arguments": []},
        {"module": "../evil"}, {"module": "os;import"}, {"digest": None},
    ],
    ids=["dotted", "number", "no python", "zero", "list", "path", "statement", "no digest"],
)  # fmt: skip
def test_a_recipe_is_looked_at_first(odd: dict[str, Any]) -> None:
    """It names a function and a file, and nothing else."""
    assert recipe_of(RECIPE) == Recipe("", "train.py", "training", {}, "")
    with pytest.raises(RecordingError):
        recipe_of({**RECIPE, **odd})


def test_only_the_users_own_code_is_executed_without_leave(tmp_path: Path) -> None:
    """Below the working directory, not in the logdir, not installed."""
    here, logdir = tmp_path / "project", tmp_path / "project" / "runs"
    (logdir / "run").mkdir(parents=True)
    (here / ".venv" / "lib" / "site-packages").mkdir(parents=True)
    for place in ("train.py", "runs/run/evil.py", ".venv/lib/site-packages/evil.py", "../other.py"):
        (here / place).write_text("")

    def reason(file: str) -> str:
        return why_not(file_of(Recipe("", file, "training", {}, ""), here), here, logdir)

    assert reason("train.py") == ""
    assert "logdir" in reason("runs/run/evil.py")
    assert "installed" in reason(".venv/lib/site-packages/evil.py")
    assert "below" in reason("../other.py")
    assert "below" in reason(str(tmp_path / "other.py"))
    assert why_not(Path(os.__file__).resolve(), here, logdir)


def test_where_a_module_lies_is_found_without_importing_it(tmp_path: Path) -> None:
    """Its packages neither."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("raise SystemExit('imported')")
    (tmp_path / "package" / "train.py").write_text("raise SystemExit('imported')")
    found = file_of(Recipe("package.train", "x.py", "training", {}, ""), tmp_path)
    assert found == tmp_path / "package" / "train.py"
    with pytest.raises(RecordingError, match=r"not here: package\.gone"):
        file_of(Recipe("package.gone", "x.py", "training", {}, ""), tmp_path)
