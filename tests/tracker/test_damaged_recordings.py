"""The doctor looks at recordings too: what is damaged or cut short is named and set aside, and is in nobody's way."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from recorded_training import recorded

import tracker
import tracker.recorder
from dashboard.cli import main as viz
from tracker import doctor
from tracker.errors import RecordingError
from tracker.recorder.recorder import Recorder


def cut(path: Path) -> None:
    """As a copy that was cut leaves it."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    """As a disk that fails leaves it."""
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 4
    path.write_bytes(data)


def empty(path: Path) -> None:
    """As a machine that lost its power leaves it."""
    path.write_bytes(b"")


def said(logdir: Path, *, repair: bool = False) -> list[tuple[str, str, bool, str]]:
    """(name, sentence, whether it is serious, what was done) of what the doctor found in recordings."""
    found = doctor.examine(logdir, repair=repair).findings
    return [(each.path.name, each.what, each.serious, each.done) for each in found if "recordings" in each.path.parts]


@pytest.mark.parametrize("harm", [cut, flip, empty])
def test_a_damaged_recording_is_named_and_set_aside(
    harm: Callable[[Path], None], logdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the steps of the other one are replayed as if it had never been."""
    recorded(logdir, 20)
    recordings = recorded(logdir, 20)
    assert said(logdir) == []
    damaged = recordings.files[-1].path
    harm(damaged)
    ((name, what, serious, done),) = said(logdir)
    assert (name, serious, done) == (damaged.name, True, "")
    assert what.startswith("the recording of steps 1 to 20 (asked) is damaged or cut short: ")
    assert viz(["doctor", "--logdir", str(logdir)]) == 1
    assert damaged.exists()
    assert viz(["doctor", "--logdir", str(logdir), "--repair"]) == 0
    told = capsys.readouterr().out
    assert f"✗ run/recordings/{damaged.name}: the recording of steps 1 to 20 (asked) is damaged" in told
    assert f"    set aside as {damaged.name}.damaged\n" in told
    assert not damaged.exists()
    assert said(logdir) == []
    assert tracker.recorder.open(logdir / "run")[18].loss == 4.0
    again = tracker.recorder.open(logdir / "run").files[0].path
    again.rename(damaged)
    harm(damaged)
    assert said(logdir, repair=True)[0][3] == f"set aside as {damaged.name}.damaged-2", "what is kept stays"


@pytest.mark.parametrize("harm", [cut, flip, empty])
def test_a_damaged_state_is_set_aside_and_the_one_before_it_serves(harm: Callable[[Path], None], logdir: Path) -> None:
    """States are called by what they hold. Steps behind the last of them are known, and not replayed."""
    recordings = recorded(logdir, 20)
    assert recordings[18].state_step == 15
    states = recordings.states(recordings[18].session)
    place = recordings.folder / "states" / f"{states[15]}.npz"
    harm(place)
    with pytest.raises(RecordingError, match="damaged"):
        tracker.recorder.open(logdir / "run")[18].state()
    ((name, what, serious, done),) = said(logdir, repair=True)
    assert (name, serious, done) == (place.name, True, f"set aside as {place.name}.damaged")
    assert what.startswith("a state that steps are replayed from is damaged or cut short: ")
    moment = tracker.recorder.open(logdir / "run")[18]
    assert (moment.state_step, moment.state()["x"].tolist()) == (10, [10] * 10)
    for each in (recordings.folder / "states").glob("*.npz"):
        each.unlink()
    ((_, what, serious, _),) = said(logdir)
    assert what == "the recording of steps 1 to 20 (asked) cannot be replayed: no state before it is there any more"
    assert not serious, "its losses, rates and batches are there"


def test_a_damaged_part_of_a_line_keeps_no_other_from_being_replayed(logdir: Path) -> None:
    """The states that it named are named by others, too."""
    recordings = recorded(logdir, 40, keep="run", last=5)
    first, *others = [each for each in recordings.files if each.reason == "run"]
    assert others
    cut(first.path)
    moment = tracker.recorder.open(logdir / "run")[others[-1].last]
    assert moment.state()["x"][0] == moment.state_step


def test_what_nobody_needs_goes_once_the_training_is_over(logdir: Path) -> None:
    """Half a file of a process that was killed, and a state that was written before its recording was."""
    recordings = recorded(logdir, 20)
    partial = recordings.folder / ".steps-1-9-x-spike.npz.77.1.partial"
    partial.write_bytes(b"PK")
    source = next((recordings.folder / "states").glob("*.npz"))
    (recordings.folder / "states" / ".state.77.1.partial").write_bytes(source.read_bytes()[:99])
    with tracker.init(logdir=logdir, name="run", machine=False, resume="allow") as run:
        recorder = Recorder(run, lambda: {"x": 7}, dict, max_overhead=None)
        lone = recorder._folder.write_state({"lone": 1})
        for each in recordings.folder.rglob("*"):
            os.utime(each, (1e9, 1e9))
        assert said(logdir, repair=True) == [], "its process may be about to write what refers to them"
        recorder.close()
    os.utime(partial)
    found = said(logdir, repair=True)
    assert {name: done for name, _, _, done in found} == {f"{lone}.npz": "removed", ".state.77.1.partial": "removed"}
    assert partial.exists(), "it may be written at this moment"
    os.utime(partial, (1e9, 1e9))
    assert said(logdir, repair=True) == [(partial.name, "left by a process that was stopped while it recorded", False, "removed")]  # fmt: skip
    assert said(logdir) == []


def test_a_copy_names_what_is_damaged_and_an_export_what_stays(
    logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whole runs are copied with their recordings; files of points have none, which is said."""
    with tracker.init(logdir=logdir, name="plain", machine=False) as run:
        run.log({"loss": 1.0})
    recordings = recorded(logdir, 20)
    copy = ["copy", "run", "--logdir", str(logdir), "--to", str(tmp_path / "there")]
    state = next(iter(sorted((recordings.folder / "states").glob("*.npz"))))
    flip(state)
    assert viz(copy) == 1
    assert f"run/recordings/states/{state.name} is not copied" in capsys.readouterr().err
    doctor.examine(logdir, repair=True)
    assert viz(copy) == 0
    there = tracker.recorder.open(tmp_path / "there" / "run")
    assert [there[step].loss for step in there.steps()] == [float(step % 7) for step in range(1, 21)]
    kept = "; what the flight recorder kept of 1 run stays where it is (viz copy takes whole runs)\n"
    for name in ("x.csv", "x.json", "x.html", "events"):
        capsys.readouterr()
        assert viz(["export", "--logdir", str(logdir), "-o", str(tmp_path / name)]) == 0
        assert capsys.readouterr().err.endswith(f" of 2 runs in {tmp_path / name}{kept}"), name
    assert viz(["export", "plain", "--logdir", str(logdir), "-o", str(tmp_path / "y.csv")]) == 0
    assert capsys.readouterr().err == f"1 point of 1 run in {tmp_path / 'y.csv'}\n"
