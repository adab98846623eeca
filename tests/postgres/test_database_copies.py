"""`viz copy` into a database, between two, and back into a folder: exact, once, and from where it was cut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from carrying import stores_differ
from copies import said_of
from every_kind import RUN, every_kind

import tracker
from dashboard import cli
from tracker.errors import TrackerError
from tracker.postgres.opened import opened
from tracker.ship.database import Database
from tracker.store.write import page_file


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of every kind, a fork, one that was resumed, and what somebody said of one."""
    root = tmp_path_factory.mktemp("source")
    every_kind(root)
    with tracker.init(logdir=root, name="fork", fork="a", step=50, machine=False) as run:
        run.log({"train/loss": -1.0})
    with tracker.init(logdir=root, name="a", resume="must", machine=False) as run:
        run.log({"train/loss": 7.0})
    page_file.set_property(root / RUN, "name", "ünï\x1acode")
    page_file.set_property(root / RUN, "tags", ["one", "two"])
    page_file.set_property(root / "a", "note", "gone")
    page_file.set_property(root / "a", "note", None)
    return root


def copy(source: object, target: object, *more: str) -> int:
    return cli.main(["copy", "*", "--logdir", str(source), "--to", str(target), *more])


def test_there_and_on_and_back(
    source: Path, new_database: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, back = new_database("first"), new_database("second"), tmp_path / "back"
    for one, other in ((source, first), (first, second), (second, back)):
        assert copy(one, other) == 0, capsys.readouterr()
        assert "was there already" not in capsys.readouterr().out
        assert copy(one, other) == 0
        said = capsys.readouterr().out.splitlines()
        assert [line.partition(": ")[2] for line in said] == ["was there already"] * 4
    for root in (opened(first).root, opened(second).root, back):
        assert stores_differ(source, root) == []
    assert said_of(back / RUN)["properties"] == said_of(source / RUN)["properties"]
    assert said_of(back / "a").get("properties", []) == []
    assert cli.main(["doctor", "--logdir", str(back)]) == 0


def test_what_is_said_of_a_run_is_known_there(source: Path, new_database: Callable[[str], str]) -> None:
    from dashboard.live.catalog import Catalog

    address = new_database("said")
    assert copy(source, address) == 0
    catalog = Catalog(opened(address).root)
    catalog.scan()
    assert catalog.runs[RUN].user_edits == {"name": "ünï\x1acode", "tags": ["one", "two"]}
    page_file.set_property(source / RUN, "colour", 3)
    try:
        assert copy(source, address) == 0
        assert "runs" in catalog.look([RUN]).changed[RUN]
        assert catalog.runs[RUN].user_edits["colour"] == 3
    finally:
        page_file.set_property(source / RUN, "colour", None)


def test_a_copy_that_is_cut_goes_on(
    source: Path, new_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, left = new_database("cut"), [0]
    whole = Database.send

    class CutError(TrackerError):
        pass

    def send(self: Database, *words: Any, **more: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise CutError("cut")
        return whole(self, *words, **more)

    monkeypatch.setattr(Database, "send", send)
    for most in range(1, 9):
        left[0] = most
        status = copy(source, address)
        if status == 0:
            break
    assert most > 2
    assert stores_differ(source, opened(address).root) == []


def test_another_run_of_the_name_is_left_alone(
    source: Path, new_database: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = new_database("other")
    with tracker.init(logdir=tmp_path, name="b", machine=False) as run:
        run.log({"x": 1.0})
    assert copy(tmp_path, address) == 0
    assert cli.main(["copy", "b", "--logdir", str(source), "--to", address]) == 1
    assert "another run has this name there" in capsys.readouterr().err
    assert stores_differ(tmp_path, opened(address).root) == []
    assert cli.main(["copy", "b", "--logdir", str(source), "--to", address, "--as", "c"]) == 0


@pytest.mark.parametrize(
    "command", [["copy", "*", "--to"], ["ship", "--once", "--wait", "0", "--to"], ["serve", "--logdir"]]
)
def test_a_password_is_never_said(
    source: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """Of a database that does not answer, and of an address that is none."""
    monkeypatch.setattr("tracker.copying.server_place.FIRST_PATIENCE_S", 0.0)
    for address in ("postgresql+psycopg://me:hush@127.0.0.1:1/runs?password=hush", "postgresql://me:hush@[::1/runs"):
        logdir = [] if command[0] == "serve" else ["--logdir", str(source)]
        assert cli.main([*command, address, *logdir]) != 0
        said = "".join(capfd.readouterr())
        assert said
        assert "hush" not in said
