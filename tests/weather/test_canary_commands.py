"""Whatever lies in a logdir, no command changes anything outside of it, or what it only reads; a command that is added and
not asked here fails the test.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from canaries import ALL, World, some

from dashboard import cli
from dashboard.export import files

SQL = [f"SELECT * FROM {table}" for table in ("runs", "points", "histograms", "media", "marks")]
READING: list[list[str]] = [
    ["runs"], ["runs", "--json"], *[["sql", query] for query in SQL], ["sql", SQL[0], "--format", "json"], ["doctor"],
    *[["export", "-o", f"out/made-x.{form}"] for form in files.FORMS], ["export", "-o", "out/made-folder"],
    ["export", "good", "--model", "mine", "-o", "out/made-card.html"], ["check"], ["check", "--json"], ["brief"],
    ["brief", "good", "--json"], ["diff", "good", "good"], ["diff", "*", "good", "--json"], ["replay", "good@3"],
    ["ship", "--once", "--wait", "0", "--to", "http://127.0.0.1:9"], ["copy", "*", "--to", "out/made-copies"],
    ["prune", "*"], ["prune", "*", "--media-only"], ["prune", "--models-only", "--keep-best", "0", "--by", "train/loss"],
]  # fmt: skip
COVERED = {
    "runs", "sql", "export", "doctor", "import", "serve", "demo", "predict", "check", "brief", "diff", "replay", "mcp",
    "watch", "ship", "copy", "prune", "pack",
}  # fmt: skip
"""`demo` is `serve` beside a training that makes its own runs; `serve` is the routes above; `mcp` is what `brief`, `check`
and `diff` say; `watch` has a tree of its own in `test_killed_alerts.py`, what
`ship` reads has one in `tests/ship`."""


def command(*words: str) -> None:
    """Runs one here; whatever it says."""
    with contextlib.suppress(SystemExit):
        assert cli.main(list(words)) in (0, 1, 2)


def ask_all(world: World, harms: list[str]) -> None:
    """Every command that reads, the imports of what is hostile, and last the ones that write."""
    for words in READING:
        with world.unchanged(f"viz {' '.join(words)}", inside=True):
            command(words[0], "--logdir", "runs", *words[1:])
    Path("out/made-x.json").write_text("[[1.0]]")
    for harm in harms:
        folder = world.logdir / world.runs[harm]
        with world.unchanged(f"viz predict of {harm}", inside=True):
            command("predict", f"{folder.name}/mine", "out/made-x.json", "--logdir", "runs")
        with world.unchanged(f"viz import of {harm}", inside=True):
            for source in (folder, *itertools.islice(folder.iterdir(), 4)):
                command("import", str(source), "--logdir", "out/made-imported")
        with world.unchanged(f"viz copy to {harm}", inside=False):
            command("copy", "good", "--logdir", "runs", "--to", "runs", "--as", folder.name)
    with world.unchanged("viz pack", inside=False):
        command("pack", "*", "--logdir", "runs")
    with world.unchanged("viz prune", inside=False):
        for words in (["--media-only"], ["--models-only"], ["--for-good"], ["--noted"]):
            command("prune", "*" if words != ["--for-good"] else "r*[05]", "--logdir", "runs", "--yes", *words)
    with world.unchanged("viz doctor --repair", inside=False):
        command("doctor", "--repair", "--logdir", "runs")
        command("import", "runs", "--logdir", "runs")


def test_all_commands_are_asked() -> None:
    """One that is new is asked below."""
    (commands,) = [action.choices for action in cli._parser()._actions if action.dest == "command" or action.choices]
    assert set(commands or ()) == COVERED


def test_no_command_changes_anything_outside(tmp_path: Path, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Many hostile runs at once."""
    harms = some(1, 4)
    with World(tmp_path, base, harms).lived_in() as world:
        ask_all(world, list(harms)[::4])
    assert "years of work" not in capsys.readouterr().out


@pytest.mark.long
@pytest.mark.parametrize("harm", ALL)
def test_no_command_changes_anything_outside_for_one(harm: str, tmp_path: Path, base: Path) -> None:
    """Each alone in its logdir, where nothing ends the command before."""
    with World(tmp_path, base, {harm: ALL[harm]}).lived_in() as world:
        ask_all(world, [harm])


def test_a_server_that_only_reads_changes_nothing(tmp_path: Path, base: Path) -> None:
    """The command itself, from its start to its end."""
    with World(tmp_path, base, some(3, 4)).lived_in() as world, world.unchanged("viz serve --read-only", inside=True):
        server = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "serve", "--read-only", "--no-token", "--port", "0", "--logdir", "runs"],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
        )  # fmt: skip
        try:
            assert server.stdout is not None
            base_address = next(word for line in server.stdout for word in line.split() if word.startswith("http"))
            import urllib.request

            with urllib.request.urlopen(f"{base_address.rstrip('/')}/api/v1/runs", timeout=60) as answer:
                assert len(json.load(answer)["runs"]) > 10
            server.terminate()
            assert server.wait(60) == 0
        finally:
            server.kill()
            server.communicate()
