"""One bad run beside good ones: it is left out and named by every command and in every form; the others are whole."""

from __future__ import annotations

import csv
import json
import os
import pty
import random
import shutil
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import forged
import numpy as np
import pytest

import tracker
from dashboard import cli
from tests.tracker.test_event_files import event, write
from tracker.foreign.importer import import_logs

ROOT = Path(__file__).resolve().parents[2]
STEPS = 1100
"""Of each run: a sealed stretch, and some points behind it."""

FORMS = ("csv", "parquet", "json", "html", "tb", "sql")

NOT_UTF8 = os.fsdecode(b"caf\xe9")


def _log_two(logdir: Path) -> None:
    for name in ("good", "bad"):
        with tracker.init(logdir=logdir, name=name, machine=False, config={"lr": 0.1}) as run:
            for step in range(STEPS):
                run.log({"loss": 1 / (step + 1), "acc": step / STEPS}, step=step)
            run.log({"w": tracker.Histogram(np.arange(5.0)), "t": tracker.Text("words")}, step=7)
            run.mark("half", step=3)


@pytest.fixture
def two(logdir: Path, fill: Callable[..., None]) -> Path:
    """A logdir of the runs "good" and "bad", which are alike."""
    fill(logdir, _log_two)
    return logdir


def segment(folder: Path) -> Path:
    """The only segment of a run."""
    (path,) = folder.glob("events.*.sqlite")
    return path


def alter(folder: Path, statement: str, *values: Any) -> None:
    """Changes a run's file behind its back."""
    connection = sqlite3.connect(segment(folder))
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def pages(path: Path, share: float, seed: int) -> None:
    """Overwrites some of a file's pages with noise."""
    chance = random.Random(seed)
    data = bytearray(path.read_bytes())
    for start in range(4096, len(data), 4096):
        if chance.random() < share:
            data[start : start + 100] = chance.randbytes(100)
    path.write_bytes(data)


BAD: dict[str, Callable[[Path], None]] = {
    "noise": lambda folder: pages(segment(folder), 1.0, 1),
    "cut": lambda folder: os.truncate(segment(folder), 9000),
    "values": lambda folder: alter(folder, "UPDATE scalars SET step = ?", b"\1\0\0\0\0\0\0\0"),
    "settings": lambda folder: alter(folder, "UPDATE segment SET config = '{'"),
    "counts": lambda folder: alter(folder, "UPDATE scalars SET count = 9223372036854775807"),
    "table": lambda folder: alter(folder, "DROP TABLE series"),
}
"""By name, what becomes of the run "bad"."""


def answer(
    capsys: pytest.CaptureFixture[str], form: str, logdir: Path, target: Path
) -> tuple[dict[str, Any], str, int]:
    """What a command or a form says of each run, as it is said; what stands on stderr; the exit status."""
    found: dict[str, Any] = {}
    if form == "sql":
        status = cli.main(["sql", "--logdir", str(logdir), "--format", "json", "SELECT * FROM points"])
        said = capsys.readouterr()
        for row in json.loads(said.out):
            found.setdefault(row["run"], []).append(row)
        return found, said.err, status
    path = target / ("tb" if form == "tb" else f"all.{form}")
    shutil.rmtree(path, ignore_errors=True)
    status = cli.main(["export", "--logdir", str(logdir), "-o", str(path)])
    said = capsys.readouterr()
    if form == "csv":
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                found.setdefault(row[0], []).append(row)
        del found["run"]
    elif form == "parquet":
        import pyarrow.parquet

        for row in pyarrow.parquet.read_table(path).to_pylist():
            found.setdefault(row["run"], []).append(row)
    elif form == "json":
        found = {run["name"]: run for run in json.loads(path.read_text(encoding="utf-8"))["runs"]}
    elif form == "tb":
        again = target / "again"
        shutil.rmtree(again, ignore_errors=True)
        list(import_logs(path, again))
        for run in tracker.open(again).runs():
            found[run.name] = {tag: repr(run.scalars(tag)) for tag in run.tags("scalar")}
    else:
        text = path.read_text(encoding="utf-8")
        assert "<canvas" in text or "importmap" in text
        found = {name: True for name in ("good",) if json.dumps(name)[1:-1] in report_names(text)}
    return found, said.err, status


def report_names(text: str) -> list[str]:
    """The runs of a report."""
    import base64

    packed = text.partition('id="runs-data">')[2].partition("<")[0]
    return [run["name"] for run in json.loads(base64.b64decode(packed))["runs"]]


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("form", FORMS)
def test_a_bad_run_is_named_and_the_good_one_is_as_it_was_alone(
    two: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, kind: str
) -> None:
    """Exit status 1, one line on stderr with its name, and of the good run every byte."""
    shutil.move(two / "bad", tmp_path / "bad")
    alone, err, status = answer(capsys, form, two, tmp_path)
    assert status == 0, err
    shutil.move(tmp_path / "bad", two / "bad")
    BAD[kind](two / "bad")
    beside, err, status = answer(capsys, form, two, tmp_path)
    assert beside["good"] == alone["good"]
    assert status == 1
    (line,) = err.splitlines()
    assert line.startswith("viz: ")
    assert "bad (" in line


@pytest.mark.parametrize("kind", ["noise", "cut"])
def test_the_list_of_runs_names_the_bad_one(two: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    """And has the other as it is."""
    BAD[kind](two / "bad")
    for words in (["runs"], ["runs", "--json"]):
        assert cli.main([*words, "--logdir", str(two)]) == 1
        said = capsys.readouterr()
        assert "good" in said.out
        (line,) = said.err.splitlines()
        assert "bad (" in line
    assert {run["name"]: len(run["scalars"]) for run in json.loads(said.out)}["good"] == 2


def test_of_a_run_whose_other_curve_is_bad_the_good_one_is_had(
    two: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Curves fail alone as well."""
    alter(two / "bad", "UPDATE scalars SET value = 'x', points = x'01' WHERE series = 1")
    found, err, status = answer(capsys, "csv", two, tmp_path)
    assert (len(found["good"]), len(found["bad"]), status) == (2 * STEPS, STEPS, 1)
    assert "loss: " in err


@pytest.mark.parametrize("form", FORMS)
def test_nothing_that_could_be_read_is_no_success(
    two: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """No file says that there were no points."""
    for name in ("good", "bad"):
        BAD["cut"](two / name)
    if form == "sql":
        assert answer(capsys, form, two, tmp_path)[2] == 1
        return
    path = tmp_path / ("tb" if form == "tb" else f"all.{form}")
    assert cli.main(["export", "--logdir", str(two), "-o", str(path)]) == 1
    said = capsys.readouterr().err
    assert "nothing could be read" in said
    assert "good (" in said
    assert not path.is_file()
    assert not [each for each in tmp_path.rglob("*") if each.name.endswith(".part") or "tfevents" in each.name]


@pytest.mark.parametrize("damage", [b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n"])
def test_an_event_file_of_which_nothing_can_be_read_is_named(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], damage: bytes
) -> None:
    """Beside a good one, by its run; an empty one has said nothing yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write(logdir / "good" / "tfevents.1", *(event(1.0 + k, k, tag="x", simple_value=k) for k in range(5)))
    (logdir / "bad").mkdir()
    (logdir / "bad" / "tfevents.1").write_bytes(damage)
    for words in (["export", "-o", str(tmp_path / "x.csv")], ["runs"], ["sql", "SELECT count(*) FROM points"]):
        assert cli.main([words[0], "--logdir", str(logdir), *words[1:]]) == bool(damage)
        assert ("bad (tfevents.1: " in capsys.readouterr().err) == bool(damage)
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 6
    assert cli.main(["export", "--logdir", str(logdir), "good", "-o", str(tmp_path / "y.csv")]) == 0


# --- names, integers, half characters ----------------------------------------------------------------------


@pytest.fixture
def odd(two: Path) -> Path:
    """A logdir of a run whose folder's name is not UTF-8, and of one with a seed of 128 bits and half characters."""
    os.rename(two / "bad", two / NOT_UTF8)
    said = {"seed": 2**128 - 1, "file": NOT_UTF8, "deep": [{"a\udce9": -(2**70)}]}
    forged.alter(segment(two / "good"), "UPDATE segment SET config = ?", json.dumps(said))
    return two


def test_every_form_has_odd_names_and_settings(odd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A half character as its escape, an integer of any size as its digits."""
    shown = "caf\\udce9"
    for form in FORMS:
        found, err, status = answer(capsys, form, odd, tmp_path)
        assert (err.count("\n"), status) == (0 if form == "sql" else 1, 0), (form, err)
        assert "good" in found
        assert form == "html" or (shown if form != "tb" else "caf_udce9") in found
    assert shown in report_names((tmp_path / "all.html").read_text(encoding="utf-8"))
    exported = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))["runs"]
    wanted = {"seed": 2**128 - 1, "file": shown, "deep": [{"a\\udce9": -(2**70)}]}
    assert {run["name"]: run["config"] for run in exported} == {shown: {"lr": 0.1}, "good": wanted}
    assert cli.main(["sql", "--logdir", str(odd), "--format", "json", "SELECT run, config FROM runs"]) == 0
    rows = {row["run"]: json.loads(row["config"]) for row in json.loads(capsys.readouterr().out)}
    assert rows == {shown: {"lr": 0.1}, "good": wanted}


def test_every_command_takes_and_prints_a_name_that_is_not_utf8(odd: Path, tmp_path: Path) -> None:
    """In a process, whose terminal may know no such letters either; asked for by its bytes or by what is shown."""
    viz = [sys.executable, "-m", "dashboard"]
    commands = (["runs"], ["runs", "--json"], ["doctor"], ["sql", "SELECT DISTINCT run FROM points"])
    for encoding, asked in (("utf-8", commands[:1]), ("ascii", commands)):
        for words in asked:
            done = subprocess.run(
                [*viz, *words, "--logdir", odd], capture_output=True, cwd=ROOT, check=False,
                env={**os.environ, "PYTHONIOENCODING": encoding},
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            done.stdout.decode(encoding)
            shown = b"caf\\\\udce9" if "--json" in words else b"caf\\udce9"
            assert shown in done.stdout or words == ["doctor"]
    for name in (b"caf\xe9", b"caf\\udce9"):
        target = tmp_path / "one.csv"
        words = [b"export", name, b"-o", os.fsencode(target), b"--logdir", os.fsencode(odd)]
        subprocess.run([*viz, *words], check=True, capture_output=True, cwd=ROOT)
        assert target.read_text(encoding="utf-8").count("caf\\udce9") == 2 * STEPS


def test_names_of_others_are_found_by_what_the_list_calls_them(two: Path) -> None:
    """Also where a run of ours may not be called so; and no name leads out of the logdir."""
    names = [NOT_UTF8, "caf\\udce9", "a\\b", "x\x01y", "n" * 250]
    for name in names:
        shutil.copytree(two / "good", two / name)
    store = tracker.open(two)
    listed = [run.name for run in store.runs()]
    assert listed == sorted(["good", "bad", "caf\\udce9", "caf\\udce9 (2)", "a\\b", "x\x01y", "n" * 250])
    assert {store.run(name).folder for name in listed} == {two / name for name in [*names, "good", "bad"]}
    for name in ("..", "../runs/good", "/etc", "good/../bad"):
        with pytest.raises(tracker.errors.RunNameError):
            store.run(name)


# --- downloads ---------------------------------------------------------------------------------------------


def download(base: str, **body: Any) -> tuple[bytes, Any]:
    """A file of the page's, and what is said of it in its header."""
    request = urllib.request.Request(
        f"{base}/api/v1/export", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return reply.read(), json.loads(reply.headers["x-left-out"] or "null")


def test_a_download_has_what_is_good_and_says_what_is_not(two: Path, serve: Callable[..., Any], tmp_path: Path) -> None:
    """A damaged run and one that is gone, beside a good one; and nothing is left in the folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        base = serve(two, "--no-token").base
    whole, said = download(base, form="csv", runs=["good"])
    assert said is None
    pages(segment(two / "bad"), 1.0, 1)
    for form in ("csv", "json", "parquet", "html"):
        data, said = download(base, form=form, runs=["good", "bad", "gone", "good"])
        assert (said["count"], said["of"], said["runs"]) == (2, 3, ["gone", "bad"])
        assert form != "csv" or data == whole
    assert "2 of 3 runs could not be read whole" in said["sentence"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        download(base, form="csv", runs=["bad"])
    assert refused.value.code == 422
    assert b"Nothing could be read" in refused.value.read()
    assert list(folder.iterdir()) == []
    folder.rmdir()  # no room at all
    with pytest.raises(urllib.error.HTTPError) as refused:
        download(base, form="csv", runs=["good"])
    assert refused.value.code == 507
    assert b"no room in" in refused.value.read()


def test_the_page_asks_for_a_run_by_the_name_that_it_is_shown(two: Path, serve: Callable[..., Any]) -> None:
    """Also where its folder's name is no text."""
    os.rename(two / "bad", two / NOT_UTF8)
    base = serve(two, "--no-token").base
    with urllib.request.urlopen(f"{base}/api/v1/runs", timeout=60) as reply:
        name = min(run["name"] for run in json.loads(reply.read())["runs"])
    assert name == "caf\\udce9"
    asked = urllib.parse.urlencode({"run": name, "tag": "loss", "columns": 10})
    with urllib.request.urlopen(f"{base}/api/v1/scalars?{asked}", timeout=60) as reply:
        assert sum(json.loads(reply.read())["count"]) == STEPS
    data, said = download(base, form="csv", runs=[name])
    assert (data.count(b"\n"), said) == (2 * STEPS + 1, None)


def test_an_export_that_was_killed_leaves_nothing_for_long(two: Path, tmp_path: Path) -> None:
    """What it had written is removed by the next one into the same folder, whatever that is called; what a living one
    writes, and what only looks like it, is not."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    stale = [f".x.csv.{ended.pid}.part", f".other [1].parquet.{ended.pid}.part"]
    others = [
        f".x.csv.{os.getppid()}.part", f"x.csv.{ended.pid}.part", f".download.zip.{ended.pid}.part", ".x.csv.part",
        f".x.csv.{ended.pid}.part.bak", f".x.csv.-{ended.pid}.part",
    ]  # fmt: skip
    for name in (*stale, *others):
        (tmp_path / name).write_text("a day's work")
    (tmp_path / f".link.csv.{ended.pid}.part").symlink_to(tmp_path / others[0])
    (tmp_path / f".folder.csv.{ended.pid}.part").mkdir()
    before = set(os.listdir(tmp_path))
    assert cli.main(["export", "--logdir", str(two), "-o", str(tmp_path / "x.csv")]) == 0
    assert before - set(os.listdir(tmp_path)) == set(stale)


# --- long cells --------------------------------------------------------------------------------------------


def on_a_terminal(words: list[str]) -> bytes:
    """What a command prints on a terminal."""
    mine, its = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "dashboard", *words], stdout=its, cwd=ROOT)
    os.close(its)
    said = b""
    while True:
        try:
            piece = os.read(mine, 1 << 16)
        except OSError:  # the other end is closed: Linux's way to say that this is all
            piece = b""
        if not piece:
            break
        said += piece
    os.close(mine)
    assert process.wait(60) == 0
    return said


def test_a_long_cell_is_cut_on_a_terminal_and_nowhere_else(
    two: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so there; into a file goes all of it."""
    monkeypatch.delenv("COLUMNS", raising=False)
    query = "SELECT hex(zeroblob(2000000)) AS x, 1 AS y, 'é' || hex(zeroblob(3000)) AS z"
    said = on_a_terminal(["sql", query, "--logdir", str(two)])
    assert len(said) < 5_000
    for form in ("table", "csv", "json"):
        assert cli.main(["sql", query, "--logdir", str(two), "--format", form]) == 0
        assert "0" * 4_000_000 in capsys.readouterr().out
    from dashboard.commands import table

    assert table.shortened("x" * 5000).endswith("(5,000 characters)")


# --- at random ---------------------------------------------------------------------------------------------


def damaged_at_random(path: Path, chance: random.Random) -> str:
    """Does something to a file; what."""
    data = bytearray(path.read_bytes())
    kind = chance.choice(["flip", "cut", "zero", "noise", "swap", "empty"])
    if kind == "flip":
        for _ in range(40):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == "cut":
        del data[chance.randrange(len(data)) :]
    elif kind in ("zero", "noise"):
        start = chance.randrange(len(data))
        size = min(chance.randrange(1, 9000), len(data) - start)
        data[start : start + size] = bytes(size) if kind == "zero" else chance.randbytes(size)
    elif kind == "swap":
        half = len(data) // 2
        data = data[half:] + data[:half]
    else:
        data.clear()
    path.write_bytes(data)
    return kind


def rounds(count: int) -> Iterator[random.Random]:
    """Seeds of rounds."""
    for seed in range(count):
        yield random.Random(seed)


def damage_one_of_many(logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], count: int) -> None:
    """Damages one of five runs, again and again: the other four are in every form as they were alone."""
    names = [f"run{number}" for number in range(5)]
    for name in names:
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            for step in range(200):
                run.log({"loss": 1 / (step + 1)}, step=step)
            run.mark("half", step=3)
    whole = {form: answer(capsys, form, logdir, tmp_path)[0] for form in FORMS}
    for chance in rounds(count):
        victim = chance.choice(names)
        path = segment(logdir / victim)
        sound = path.read_bytes()
        kind = damaged_at_random(path, chance)
        for form in chance.sample(FORMS, 2):
            found, err, status = answer(capsys, form, logdir, tmp_path)
            others = {name: each for name, each in whole[form].items() if name != victim}
            assert {name: found.get(name) for name in others} == others, (kind, form)
            assert status in (0, 1)
            assert status == 0 or f"{victim} (" in err, (kind, form, err)
        assert cli.main(["doctor", "--logdir", str(logdir)]) in (0, 1)
        said = capsys.readouterr().out
        assert "5 runs, 5 files" in said
        path.write_bytes(sound)


def test_whatever_becomes_of_one_run_the_others_are_as_they_were(
    logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A few rounds; many under `long`."""
    damage_one_of_many(logdir, tmp_path, capsys, 12)


@pytest.mark.long
def test_whatever_becomes_of_one_run_the_others_are_as_they_were_many_times(
    logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As often as $EVERYSTEP_ROUNDS says."""
    damage_one_of_many(logdir, tmp_path, capsys, int(os.environ.get("EVERYSTEP_ROUNDS", "300")))
