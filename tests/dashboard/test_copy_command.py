"""`viz copy` to a server: equal there, once and twice, under the name that is asked for, with the token that it wants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from copies import log_all, run_of, stamps_of
from served import Served

import tracker
from dashboard import cli
from tracker.store.write import page_file

TOKEN = "a token of the tests, long enough"


def files_of(place: Path) -> dict[str, tuple[int, int]]:
    """Which files lie there, without when: a server folds one up that its page was reading when all had arrived."""
    return {name: stamp[:2] for name, stamp in stamps_of(place).items()}


@pytest.fixture
def server(serve: Callable[..., Served], tmp_path: Path) -> Served:
    """One that receives runs of the project `team`."""
    (tmp_path / "there").mkdir()
    return serve(tmp_path / "there", "--receive", "--write-token", f"team={TOKEN}")


def test_a_run_is_copied_to_a_server_once(
    logdir: Path, server: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fork and what it was forked from, each whole; models, recordings, what is said; a name that is taken is not."""
    monkeypatch.setenv("VIZ_WRITE_TOKEN", TOKEN)
    log_all(logdir, "a", points=200)
    with tracker.init(logdir=logdir, name="b", fork="a", machine=False) as run:
        run.log({"val/loss": 1.0})
    page_file.set_property(logdir / "a", "note", "good")
    words = ["--logdir", str(logdir), "--to", server.base]
    assert cli.main(["copy", "*", *words]) == 0
    place = server.logdir / "team"
    for name in "ab":
        assert run_of(place / name) == run_of(logdir / name)
    before = files_of(place)
    capsys.readouterr()
    assert cli.main(["copy", "*", *words]) == 0
    assert capsys.readouterr().out == "a: was there already\nb: was there already\n"
    assert files_of(place) == before
    assert cli.main(["copy", "b", *words, "--as", "a"]) == 1
    assert "--as NAME" in capsys.readouterr().err
    assert cli.main(["copy", "b", *words, "--as", "c/d"]) == 0
    assert run_of(place / "c" / "d") == run_of(logdir / "b")


def test_a_run_that_is_written_is_copied_to_a_server_as_of_now(logdir: Path, server: Served) -> None:
    """And again when it has ended."""
    words = ["copy", "live", "--logdir", str(logdir), "--to", server.base, "--token", TOKEN]
    with tracker.init(logdir=logdir, name="live", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
        run.flush()
        assert cli.main(words) == 0
        (there,) = tracker.open(server.logdir).runs()
        assert (there.status, len(there.scalars("loss"))) == ("running", 1)
        for step in range(1, 100):
            run.log({"loss": 1.0}, step=step)
    assert cli.main(words) == 0
    assert run_of(server.logdir / "team" / "live") == run_of(run.folder)


def test_a_token_of_others_copies_nothing(logdir: Path, server: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does an address where no server is, or no address."""
    log_all(logdir, "a", points=5)
    words = ["copy", "a", "--logdir", str(logdir), "--token", "another token that is long enough", "--to"]
    assert cli.main([*words, server.base]) == 1
    assert "token" in capsys.readouterr().err
    assert cli.main([*words, "http://a:b@host"]) == 2
    assert cli.main([*words, "s3://bucket"]) == 2
    assert list(server.logdir.iterdir()) == []


@pytest.mark.parametrize("name", ["..", "../out", "/etc", ".trash/a", "a\x00b", ""])
def test_no_name_leads_out_of_a_project(name: str, logdir: Path, server: Served) -> None:
    """Whoever says so, with the right token."""
    import http.client
    import json
    from urllib.parse import quote

    connection = http.client.HTTPConnection(server.base.partition("//")[2])
    body = json.dumps({"properties": [["note", '"x"', 1.0]], "commands": []})
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    for method, text in (("GET", None), ("PUT", body)):
        connection.request(method, f"/api/v1/segments/run?run={quote(name, safe='')}", text, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (400, 422)
    connection.close()
    assert list(server.logdir.iterdir()) == []
