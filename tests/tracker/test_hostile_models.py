"""Models that somebody sends to do harm: a sentence each, in bounded time and memory, and nothing outside the run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import hostile_models
import pytest
from examples import examples
from hostile_models import HOSTILE, Hostile, sound
from hypothesis import given
from hypothesis import strategies as st
from tree_hash import tree

import tracker
from tracker.errors import ModelError
from tracker.models import checks, manifest, runners

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda each: each.name)
def test_a_hostile_model_is_refused_in_a_sentence(hostile: Hostile, run: tracker.Run, tmp_path: Path) -> None:
    """On the caller's line; the run has none of it, and what lies around it is as it was."""
    path = hostile.write(tmp_path / "sent")
    before = tree(tmp_path / "sent")
    with pytest.raises(ModelError, match=hostile.sentence) as refusal:
        run.log_model(path, "bad")
    assert len(str(refusal.value)) < 1_000
    assert tree(tmp_path / "sent") == before
    assert {each.name for each in tmp_path.iterdir()} == {"sent", "runs"}
    assert run.models() == []
    assert not (run.folder / "models").exists()


def test_all_of_them_take_little_time_and_memory(tmp_path: Path) -> None:
    """One process looks at all of them with 1 GB of address space, and 20 s of a processor, to use besides its own."""
    for number, hostile in enumerate(HOSTILE):
        hostile.write(tmp_path / str(number))
    code = f"""
import pathlib, resource, sys
from tracker.models import file_export
from tracker.errors import ModelError
used = resource.getrusage(resource.RUSAGE_SELF)
size = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (1 << 30),) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (20 + int(used.ru_utime + used.ru_stime) + 1,) * 2)
refused = 0
for number in range({len(HOSTILE)}):
    folder = pathlib.Path(sys.argv[1], str(number))
    path = folder if (folder / "model.json").exists() else next(folder.glob("model.*"))
    try:
        file_export.of_path(path, asks=True)
    except ModelError:
        refused += 1
print(refused)
"""
    if sys.platform != "linux":
        pytest.skip("needs /proc to know how much address space the process has")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout.strip()) == (0, str(len(HOSTILE))), done.stderr[-2000:]


def test_what_is_refused_when_it_is_logged_is_refused_when_it_is_run(tmp_path: Path) -> None:
    """A run may have been mailed: its files are looked at before a runner is given them."""
    path = next(each for each in HOSTILE if each.name == "cyclic").write(tmp_path)
    said = manifest.Manifest("onnx", (), manifest.digest_of(()))
    with pytest.raises(ModelError, match="takes 'b'"):
        runners.open_runner({"model.onnx": path}, said)


@given(st.data())
@examples(100)
def test_a_damaged_model_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever bytes are changed in a sound file: a sentence, or a signature; nothing else comes up."""
    found = bytearray(sound())
    for _ in range(data.draw(st.integers(1, 4))):
        found[data.draw(st.integers(0, len(found) - 1))] = data.draw(st.integers(0, 255))
    try:
        said = checks.onnx(bytes(found))
    except ModelError:
        return
    assert said.outputs


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_no_model(data: bytes) -> None:
    """Neither ONNX, nor a model.json, nor weights."""
    for look in (checks.onnx, checks.tfjs):
        with pytest.raises(ModelError):
            look(data)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff" * 8,
        (2).to_bytes(8, "little") + b"[]",
        (1 << 40).to_bytes(8, "little") + b"{}",
        b'\x3f\0\0\0\0\0\0\0{"w":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4]}}\0\0\0\0',
        b'\x37\0\0\0\0\0\0\0{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,9e9]}}\0\0',
    ],
)
def test_weights_that_are_not_what_they_say(head: bytes, tmp_path: Path) -> None:
    """A head that is cut off, too long, or that says more than the file has."""
    path = tmp_path / "weights.safetensors"
    path.write_bytes(head)
    with pytest.raises(ModelError, match=r"weights|cannot be read"):
        checks.safetensors(path)


def test_a_sound_model_is_taken(run: tracker.Run, tmp_path: Path) -> None:
    """Else all of this would hold of a check that refuses everything."""
    path = tmp_path / "half_plus_two.onnx"
    path.write_bytes(sound())
    run.log_model(path, "good")
    (found,) = run.models()
    assert [each.name for each in found.inputs] == ["x"]
    assert hostile_models.sound() == found.file("model.onnx").read_bytes()
