"""The `viz` command: what it says, and how it ends, when things are not as they should be."""

from __future__ import annotations

import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from command import viz

import tracker
from dashboard import cli

ROOT = Path(__file__).resolve().parents[2]


def started(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, as users begin it."""
    return subprocess.run(
        [sys.executable, "-m", "dashboard", *words], capture_output=True, text=True, timeout=100, cwd=ROOT
    )


def a_run(logdir: Path, name: str = "a") -> None:
    """A run of three points."""
    with tracker.init(logdir=logdir, name=name) as run:
        for step in range(3):
            run.log({"loss": 1.0 / (step + 1)}, step=step)


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_help_of_each_command_shows_an_example(command: str) -> None:
    """And does not load the server to do so."""
    said = started(command, "--help")
    assert said.returncode == 0
    assert f"example: viz {command}" in said.stdout


def test_a_command_reads_no_other_one() -> None:
    """Nor what is installed, which is looked up for --version."""
    code = "import sys; from dashboard.cli import main\ntry: main(['prune', '--help'])\nexcept SystemExit: pass\nprint([m for m in sys.modules if m.startswith('dashboard.commands.serve') or m in ('dashboard.commands.sql', 'importlib.metadata')])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert said.stdout.startswith("usage: viz prune")
    assert said.stdout.endswith("[]\n")
    assert re.fullmatch(r"everystep \S+\n", started("--version").stdout)


def test_help_is_quick_because_nothing_is_loaded() -> None:
    """The help imports neither Dash nor the store."""
    code = "import sys; from dashboard.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\nprint([m for m in ('dash', 'uvicorn', 'numpy', 'sqlalchemy', 'starlette') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert said.stdout.endswith("[]\n")


@pytest.mark.parametrize("words", [[], ["fly"], ["serve", "--port", "http"], ["serve", "--port", "70000"], ["demo", "--epochs", "0"], ["serve", "--token", "x", "--no-token"]], ids=str)  # fmt: skip
def test_a_line_that_makes_no_sense_ends_with_2(words: list[str]) -> None:
    """As every command of Unix does."""
    said = viz(*words)
    assert said.returncode == 2
    assert "usage: viz" in said.stderr
    assert "Traceback" not in said.stderr


def refused(*words: str) -> str:
    """What a command says that cannot do what it is asked: one line, status 1."""
    said = viz(*words)
    assert said.returncode == 1, said
    assert said.stdout == ""
    assert len(said.stderr.splitlines()) == 1, said.stderr
    assert said.stderr.startswith("viz: ")
    return said.stderr


SENSELESS = [
    (["--token", "x" * 15], "", "--token has 15 of the 16 characters"), (["--token", ""], "", "--token is empty"),
    ([], "x", "VIZ_TOKEN has 1 of the 16 characters"), (["--host", ""], "", "--host is empty"), (["--host", " "], "", "--host is empty"),
    (["--host", "", "--no-token"], "", "--host"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "variable", "sentence"), SENSELESS)
@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_token_that_is_guessed_and_a_host_that_is_all_are_refused(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, command: str, words: list[str], variable: str, sentence: str
) -> None:
    """With a sentence and status 2, before anything listens; the token itself is not repeated."""
    monkeypatch.setenv("VIZ_TOKEN", variable)
    said = viz(command, "--logdir", str(logdir), *words)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith(f"viz: {sentence}")
    assert len(said.stderr.splitlines()) == 1


def test_a_chosen_token_opens_as_it_was_written(logdir: Path, serve_as_users_do: Callable[..., Any]) -> None:
    """Sixteen characters do, whichever; the printed address brings them to the server."""
    a_run(logdir)
    token = "&a=b#c?d/e%f g+h"
    served = serve_as_users_do(logdir, "--token", token)
    assert httpx.get(served.address).status_code == 200
    assert httpx.get(f"{served.base}/api/v1/runs", headers={"authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("more", [[], ["--no-token"], ["--path-prefix", "viz"]])
def test_a_framed_server_has_a_secret_in_its_path(
    logdir: Path, serve_as_users_do: Callable[..., Any], more: list[str]
) -> None:
    """Pages of this machine's other ports may frame it: they would have to know where it is."""
    a_run(logdir)
    served = serve_as_users_do(logdir, "--framed", *more)
    begin = "/viz" if "--path-prefix" in more else ""
    assert re.fullmatch(rf"http://127\.0\.0\.1:\d+{begin}/[\w-]{{43}}/(\?token=[\w-]{{43}})?", served.address)
    assert httpx.get(served.address).status_code == 200
    root = "/".join(served.address.split("/")[:3])
    for path in ("/", f"{begin}/", f"{begin}/x/", f"{begin}/api/v1/runs"):
        assert httpx.get(root + path).status_code in (401, 404)


def test_a_logdir_that_is_not_there_is_named_and_not_made(tmp_path: Path) -> None:
    """serve only shows; a mistyped name must not become an empty page."""
    missing = tmp_path / "nowhere"
    assert f"the logdir {missing} does not exist" in refused("serve", "--logdir", str(missing))
    assert not missing.exists()


def test_a_file_is_no_logdir(tmp_path: Path) -> None:
    """Say so, instead of finding no runs in it."""
    file = tmp_path / "run.sqlite"
    file.write_bytes(b"")
    assert "is a file" in refused("serve", "--logdir", str(file))
    assert "cannot be made" in refused("demo", "--logdir", str(file / "x"), "--no-browser")


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    """There is no page of what cannot be read; another kind of database is refused at once."""
    said = refused("serve", "--logdir", "postgresql://user:secret@127.0.0.1:1/db")
    assert "does not answer" in said
    assert "secret" not in said
    assert "which this version does not support" in refused("serve", "--logdir", "mysql://user:secret@host/db")


def test_a_busy_port_that_was_asked_for_is_an_error(logdir: Path) -> None:
    """The one that was asked for and no other."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused("serve", "--logdir", str(logdir), "--port", str(port))
    assert f"port {port}" in said
    assert "choose another with --port" in said


def test_a_busy_port_that_was_not_asked_for_is_passed_over(logdir: Path) -> None:
    """The default moves to the next free one."""
    from dashboard.server.listen import DEFAULT_PORT, bind

    taken = []
    try:
        first = bind("127.0.0.1", None)
        taken.append(first)
        second = bind("127.0.0.1", None)
        taken.append(second)
        assert first.getsockname()[1] >= DEFAULT_PORT
        assert second.getsockname()[1] > first.getsockname()[1]
    finally:
        for listener in taken:
            listener.close()


def test_a_wide_address_without_a_token_is_refused(logdir: Path) -> None:
    """--no-token is for this machine only."""
    assert "--no-token" in refused("serve", "--logdir", str(logdir), "--host", "0.0.0.0", "--no-token")


def test_serve_prints_one_line_with_an_address_that_answers(
    logdir: Path, serve_as_users_do: Callable[..., Any]
) -> None:
    """The token is in it; without the token nothing is told."""
    a_run(logdir)
    served = serve_as_users_do(logdir)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", served.address)
    assert httpx.get(f"{served.base}/api/v1/runs").status_code == 401
    answer = httpx.get(f"{served.base}/api/v1/runs", headers={"authorization": f"Bearer {served.token}"})
    assert [run["name"] for run in answer.json()["runs"]] == ["a"]
    assert served.stop() == 0
    assert served.lines == [f"everystep is at {served.address}\n"]


def test_ctrl_c_ends_the_server_with_an_open_feed(logdir: Path, serve_as_users_do: Callable[..., Any]) -> None:
    """Within seconds, status 0, no traceback, also while a page is open."""
    websockets = pytest.importorskip("websockets.sync.client", reason="needs websockets, which the server needs too")
    served = serve_as_users_do(logdir, "--no-token")
    with websockets.connect(served.base.replace("http", "ws") + "/live"):
        assert served.stop() == 0
    assert len(served.lines) == 1


def test_ctrl_c_at_once_ends_the_server_without_a_word(logdir: Path, serve_as_users_do: Callable[..., Any]) -> None:
    """As soon as the address is there, while the server still imports what reads runs."""
    served = serve_as_users_do(logdir, "--no-token")
    assert served.stop() == 0
    assert served.lines == [f"everystep is at {served.address}\n"]


def test_odd_files_each_get_a_sentence_and_harm_no_other_run(
    logdir: Path, serve_as_users_do: Callable[..., Any]
) -> None:
    """No store, another program's database, a newer schema, an empty file: said, beside the runs that are well."""
    a_run(logdir, "well")
    for name in ("text", "other", "newer", "empty"):
        (logdir / name).mkdir()
    (logdir / "text" / "events.1.sqlite").write_text("this is a letter, not a database " * 100)
    with sqlite3.connect(logdir / "other" / "events.1.sqlite") as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    (source,) = (logdir / "well").glob("events.*")
    newer = logdir / "newer" / "events.1.sqlite"
    newer.write_bytes(source.read_bytes())
    with sqlite3.connect(newer) as changed:
        changed.execute("PRAGMA user_version=99")
    changed.close()
    (logdir / "empty" / "events.1.sqlite").write_bytes(b"")
    served = serve_as_users_do(logdir, "--no-token")
    runs = {run["name"]: run for run in httpx.get(f"{served.base}/api/v1/runs").json()["runs"]}
    assert runs["well"]["problems"] == []
    assert "not an everystep run" in runs["text"]["problems"][0]
    assert "another program's" in runs["other"]["problems"][0]
    assert "newer everystep (schema 99" in runs["newer"]["problems"][0]
    assert "is empty" in runs["empty"]["problems"][0]
    assert {runs[name]["status"] for name in ("text", "other", "newer", "empty")} == {"unreadable"}


def test_main_can_be_called_from_python(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It returns the status and prints the sentence."""
    assert cli.main(["serve", "--logdir", str(tmp_path / "nowhere")]) == 1
    assert "does not exist" in capsys.readouterr().err
