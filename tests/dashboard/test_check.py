"""`viz check`: what it says for people and for scripts, what it ends with, and whom it lets no run take along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tracker
from dashboard import cli
from dashboard.live import user_edits
from tests.tracker.test_event_files import event, write
from tracker.findings import detector as registry
from tracker.findings.examine import load

NAN = float("nan")


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Detectors of a test's own are gone behind it, and of ours one is asked that these tests know."""
    load()
    monkeypatch.setattr(registry, "_registered", {"nan_or_inf": registry.registered()["nan_or_inf"]})


@pytest.fixture
def runs(logdir: Path) -> Path:
    """Two runs that are broken, and one that is not."""
    for name, last in (("mnist/a", NAN), ("mnist/b", NAN), ("other", 0.1)):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            for step in range(1500):
                run.log({"loss": 1.0 / (step + 1) if step < 1400 else last}, step=step)
    return logdir


def check(capsys: pytest.CaptureFixture[str], logdir: Path, *words: str) -> tuple[int, str, str]:
    """What the command ends with, and says."""
    status = cli.main(["check", "--logdir", str(logdir), *words])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_people_are_told_what_where_and_since_when(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each finding with what to try; 1 because of errors."""
    status, out, err = check(capsys, runs)
    assert (status, err) == (1, "")
    lines = out.splitlines()
    assert lines[0] == "✗ mnist/a: nan_or_inf since step 1,400"
    assert lines[1] == "    loss is NaN from step 1400 on."
    assert lines[2].startswith("    try: ")
    assert lines[3].startswith("✗ mnist/b: ")
    assert lines[-1] == "3 runs: 2 errors"


def test_a_healthy_run_is_0_and_a_name_that_nobody_has_is_2(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its name, by a pattern, and by neither."""
    assert check(capsys, runs, "other") == (0, "1 run: nothing found\n", "")
    assert check(capsys, runs, "o*", "other")[0] == 0
    assert check(capsys, runs, "mnist/*")[1].splitlines()[-1] == "2 runs: 2 errors"
    status, out, err = check(capsys, runs, "nope", "no/*")
    assert (status, out) == (2, "")
    assert "no run is called nope or no/*" in err


def test_scripts_have_all_of_it(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON, dismissed findings too; these are no reason to fail."""
    user_edits.dismiss(runs / "mnist/a", "nan_or_inf", "it was meant to", "me")
    status, out, _ = check(capsys, runs, "--json", "mnist/a", "other")
    said: Any = json.loads(out)
    assert status == 0
    assert said["left_out"] == {}
    assert said["runs"]["other"] == []
    (finding,) = said["runs"]["mnist/a"]
    assert finding["id"] == "nan_or_inf"
    assert finding["evidence"] == {"tags": ["loss"], "window": [1400, 1400]}
    assert finding["dismissed"]["reason"] == "it was meant to"
    assert check(capsys, runs, "mnist/a")[1] == "1 run: 1 dismissed\n"
    user_edits.dismiss(runs / "mnist/a", "nan_or_inf", None, None)
    assert check(capsys, runs, "mnist/a")[0] == 1


def test_a_run_that_cannot_be_read_is_named_and_takes_none_along(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are examined; a script learns that not all was seen."""
    (path,) = (runs / "other").glob("*.sqlite")
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    path.write_bytes(data)
    status, out, err = check(capsys, runs)
    assert status == 1
    assert out.count("✗") == 2
    assert "1 of 3 runs could not be read whole: other (" in err
    assert check(capsys, runs, "other")[0] == 1
    assert [*json.loads(check(capsys, runs, "--json")[1])["left_out"]] == ["other"]


def test_event_files_are_examined_as_they_lie(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder of TensorBoard's needs no import; nothing is written into it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    values = [1.0, 0.5, NAN, NAN]
    path = write(
        logdir / "old" / "tfevents.1", *(event(1.0 + k, k, tag="loss", simple_value=v) for k, v in enumerate(values))
    )
    status, out, err = check(capsys, logdir)
    assert (status, err) == (1, "")
    assert out.startswith("✗ old: nan_or_inf since step 2\n")
    assert [*logdir.rglob("*.*")] == [path]


def test_detectors_of_ones_own_are_asked(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One function in a file; one that raises is named, and the others' findings are there."""
    file = tmp_path / "mine.py"
    file.write_text(
        "import tracker\n"
        "@tracker.detector('short')\n"
        "def short(training):\n"
        "    if len(training.series('loss')) < 2000:\n"
        "        yield tracker.Finding('short', 'warning', 'It is\\x1b[31m short.', 'Train longer.', layer='a')\n"
        "@tracker.detector('bad')\n"
        "def bad(training):\n"
        "    return 1 / 0\n"
    )
    status, out, _ = check(capsys, runs, "other", "--detectors", str(file))
    assert status == 0
    assert out.splitlines() == [
        "! other: short in a", "    It is\\x1b[31m short.", "    try: Train longer.", "1 run: 1 warning",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = 1", "it holds no detector"), ("import tracker\n1 / 0", "mine.py:2: ZeroDivisionError: division by zero"),
        ("def", "SyntaxError"), ("raise SystemExit(0)", "mine.py:1: SystemExit"), (None, "there is no such Python file"),
    ],
    ids=["empty", "raises", "syntax", "exit", "missing"],
)  # fmt: skip
@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_file_of_detectors_that_is_none_is_refused(
    logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, text: str | None, why: str
) -> None:
    """In one sentence that names it, before anything is read or served."""
    file = tmp_path / "mine.py"
    if text is not None:
        file.write_text(text)
    assert cli.main([command, "--logdir", str(logdir), "--detectors", str(file)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert why in said.err
    assert len(said.err.splitlines()) == 1
