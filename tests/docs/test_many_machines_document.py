"""docs/many-machines.md is true: its scripts are scripts, its compose file is one, and every command in it is understood."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dashboard import cli
from dashboard.commands import server_options

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "many-machines.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"```sh\n(.*?)```", PAGE, re.S)
(COMPOSE,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)


def commands(text: str) -> list[str]:
    """The words `viz …` in a text, each to the end of its command."""
    return [found.strip() for found in re.findall(r"(?<![\w./-])viz [a-z]+[^\n`|;&\"]*", text)]


ALL = [
    *dict.fromkeys(each for part in (*SCRIPTS, COMPOSE, *re.findall(r"`([^`\n]+)`", PAGE)) for each in commands(part))
]


@pytest.mark.parametrize("command", ALL, ids=range(len(ALL)))
def test_every_command_is_understood(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every option that it is given."""
    monkeypatch.setenv("VIZ_SERVER", "http://127.0.0.1:9")
    words = shlex.split(command)[1:]
    try:
        arguments = cli._parser().parse_args(words)
    except SystemExit:
        assert len(words) == 1, command  # only named, as `viz copy` is
        with pytest.raises(SystemExit) as ended:
            cli.main([*words, "--help"])
        assert ended.value.code == 0
        return
    assert callable(arguments.act)


def test_there_are_commands_of_every_step() -> None:
    """The pattern above finds them."""
    assert {"serve", "ship", "copy", "doctor"} <= {each.split()[1] for each in ALL}
    assert any("--write-token" in each for each in ALL)


@pytest.mark.parametrize("script", SCRIPTS, ids=range(len(SCRIPTS)))
def test_every_script_is_one(script: str) -> None:
    """As bash reads it."""
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_the_slurm_script_sends_what_is_left() -> None:
    """Once a node, with the address and the token in the environment, after the training and within the job's time."""
    (script,) = [each for each in SCRIPTS if "#SBATCH" in each]
    lines = script.splitlines()
    assert lines[0].startswith("#!")
    told = [line for line in lines if line.startswith("#SBATCH")]
    assert all(re.fullmatch(r"#SBATCH --[a-z-]+=\S+", line) for line in told)
    assert lines[1 : 1 + len(told)] == told  # SLURM reads no further than the first command
    exported = set(re.findall(r"\b(VIZ_\w+)=", script))
    assert exported == {"VIZ_LOGDIR", "VIZ_SERVER", "VIZ_WRITE_TOKEN"}
    train, send = [line for line in lines if line.startswith("srun")]
    assert "python train.py" in train
    assert "--ntasks=$SLURM_NNODES --ntasks-per-node=1 viz ship --once" in send


def test_the_compose_file_starts_a_server_that_receives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its port is published, its logdir is a volume, and its tokens come from the environment under their names."""
    yaml: Any = importlib.import_module("yaml")
    said = yaml.safe_load(COMPOSE)
    service = said["services"]["viz"]
    (command,) = commands(service["command"][-1])
    arguments = cli._parser().parse_args(shlex.split(command)[1:])
    assert arguments.receive
    assert arguments.host == "0.0.0.0"
    assert service["ports"] == [f"6006:{arguments.port}"]
    (volume,) = service["volumes"]
    name, place = volume.split(":")
    assert (place, name in said["volumes"]) == (arguments.logdir, True)
    token = "of-the-environment-long"
    for each in service["environment"]:
        monkeypatch.setenv(each, token)
    assert server_options._chosen_token(None) == token
    assert server_options.write_tokens([]) == {"": token}


def test_every_option_and_every_variable_is_known() -> None:
    """Those that are named by themselves too."""
    parser = cli._parser()
    (choices,) = [action.choices for action in parser._actions if isinstance(action.choices, dict)]
    options = {
        option for command in choices.values() for action in command._actions for option in action.option_strings
    }
    elsewhere = {"--nodes", "--ntasks", "--ntasks-per-node", "--signal"}
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)) - elsewhere:
        assert option in options, option
    code = "\n".join(path.read_text(encoding="utf-8") for room in ("tracker", "dashboard") for path in (ROOT / room).rglob("*.py"))  # fmt: skip
    for variable in set(re.findall(r"\bVIZ_\w+", PAGE)):
        assert variable in code, variable
