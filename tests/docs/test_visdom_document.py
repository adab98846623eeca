"""docs/from-visdom.md is true: its table has every method, and its code and commands do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tracker
from dashboard import cli
from tracker.compat.visdom import Visdom

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "from-visdom.md").read_text(encoding="utf-8")
METHODS = PAGE.partition("## Method by method")[2].partition("\n## ")[0]


def public() -> set[str]:
    """Names of the class that its users may use."""
    return {name for name in dir(Visdom) if not name.startswith("_")} - {"tell"}


def test_every_method_is_said() -> None:
    """In the table, or in what is said of newer clients below it; and none that is not there."""
    said = set(re.findall(r"`(\w+)", METHODS))
    assert public() <= said
    table = {
        word
        for line in METHODS.splitlines()
        if line.startswith("| `")
        for word in re.findall(r"`(\w+)", line.split("|")[1])
    }
    assert table - public() == {"Visdom", "_send"}


def test_every_option_is_said() -> None:
    """Those of every chart, and those of one."""
    from tracker.compat.visdom.options import AXIS, CHECKS, MARGINS
    from tracker.compat.visdom.point_traces import STYLES

    generic = {f"x{word}" for word in AXIS.values()} | {*MARGINS.values()} | {*STYLES}
    missing = {word for word in generic | {*CHECKS} if f"`{word}`" not in PAGE}
    assert missing <= {"mode", "fps"}  # the first is Plotly's word, which is passed on; the second is of films only


def test_the_code_runs_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied and pasted, one block after the other."""
    monkeypatch.chdir(tmp_path)
    write, read = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    scope = {"tracker": tracker}
    exec(write, scope)
    *lines, title, types = read.strip().splitlines()
    exec("\n".join(lines), scope)
    assert eval(title, scope) == "loss"
    assert eval(types, scope) == ["lines"]
    Visdom().finish()


def test_the_one_line_is_the_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The import as the page has it, in place of the one that it names; and the module in place of the module."""
    monkeypatch.chdir(tmp_path)
    (ours, theirs) = re.findall(r"^(from tracker\.compat\S+ import \w+)  # was: (from .*)$", PAGE, re.MULTILINE)[0]
    code = f"{theirs}\nwin = Visdom().text('words')\n"
    scope: dict[str, object] = {}
    exec(code.replace(theirs, ours), scope)
    (pane,) = tracker.open("runs").run("main").panes()
    assert pane.id == scope["win"]
    exec("from tracker.compat import visdom\nassert visdom.Visdom().win_exists(win)", scope)
    Visdom().finish()


def test_every_command_is_one() -> None:
    """`viz …` as it stands there is understood by the parser."""
    for words in re.findall(r"`viz (\w+)[^`]*`|^viz (\w+)", PAGE, re.MULTILINE):
        with pytest.raises(SystemExit) as ended:
            cli.main([words[0] or words[1], "--help"])
        assert ended.value.code == 0
