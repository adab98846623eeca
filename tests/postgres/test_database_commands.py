"""`viz runs`, `sql`, `diff`, `export` and `doctor` answer of a database what they answer of the files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from carrying import carry_run

import tracker
from dashboard import cli
from tracker.postgres.opened import opened


@pytest.fixture(scope="module")
def two(new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A logdir of two runs, and a database with the same."""
    root = tmp_path_factory.mktemp("two")
    address = new_database("commands")
    store = opened(address, for_writing=True)
    for name, lr in (("a", 0.1), ("b/c", 0.2)):
        with tracker.init(logdir=root, name=name, config={"lr": lr}, machine=False) as run:
            for step in range(1500):
                run.log({"val/loss": lr * step if step % 99 else float("nan"), "acc": step / 3}, step=step)
            run.log({"w": tracker.Histogram([0.0, 1.0, lr]), "t": tracker.Text("words")}, step=7)
            run.mark("half", step=3)
        carry_run(root / name, store, name)
    return root, address


def viz(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> str:
    """What a command prints; that it ends as it should."""
    assert cli.main([str(word) for word in words]) == status
    said = capsys.readouterr()
    return said.err if status else said.out


def test_runs(two: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    files, there = (
        [_plain(run) for run in json.loads(viz(capsys, "runs", "--logdir", where, "--json"))] for where in two
    )
    assert [run["name"] for run in there] == ["a", "b/c"]
    assert there == files
    assert [run["bytes"] for run in json.loads(viz(capsys, "runs", "--logdir", two[1], "--json"))] == [None, None]
    assert "b/c" in viz(capsys, "runs", "--logdir", two[1])


def _plain(run: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in run.items() if key not in ("folder", "path", "bytes")}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM points ORDER BY run, tag, step", "SELECT run, config, status, tags FROM runs", "SELECT * FROM marks",
        "SELECT * FROM histograms", "SELECT run, kind, tag, hash FROM media",
    ],
)  # fmt: skip
def test_sql(two: tuple[Path, str], capsys: pytest.CaptureFixture[str], query: str) -> None:
    files, there = (
        [*csv.reader(viz(capsys, "sql", "--logdir", where, "--format", "csv", query).splitlines())] for where in two
    )
    assert len(there) > 1
    assert there == files


def test_export_and_diff(two: tuple[Path, str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name, where in zip(("files", "there"), two, strict=True):
        viz(capsys, "export", "--logdir", where, "-o", tmp_path / f"{name}.csv")
        viz(capsys, "export", "b/c", "--logdir", where, "-o", tmp_path / name)
    assert (tmp_path / "there.csv").read_text() == (tmp_path / "files.csv").read_text()
    assert [*(tmp_path / "there").rglob("*tfevents*")]
    files, there = (viz(capsys, "diff", "a", "b/c", "--logdir", where) for where in two)
    assert there == files


def test_doctor(two: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    files, there = (viz(capsys, "doctor", "--logdir", where).splitlines()[-1] for where in two[::-1])
    assert there == files == "2 runs, 2 files, 6,000 points: sound"
    assert "not repaired" in viz(capsys, "doctor", "--repair", "--logdir", two[1], status=1)


def test_doctor_names_what_was_changed_there(
    new_database: Callable[[str], str], two: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    address = new_database("changed")
    store = opened(address, for_writing=True)
    for name in ("a", "b/c"):
        carry_run(two[0] / name, store, name)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE scalars SET value = value + 1 WHERE segment = 1 AND level = 0 AND n >= 1024")
    said = cli.main(["doctor", "--logdir", address]), capsys.readouterr().out
    assert said[0] == 1
    assert "match" in said[1]
    assert "a/events." in said[1]
    assert "c/events." not in said[1]
    store.close()


@pytest.mark.parametrize("command", [["ship", "--to", "http://127.0.0.1:1"], ["brief"], ["watch"]])
def test_others_refuse_it_in_a_sentence(
    two: tuple[Path, str], capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert "nothing else knows them yet" in viz(capsys, *command, "--logdir", two[1], status=1)
