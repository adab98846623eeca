"""Who may know whom: the drawing in the design document, kept true."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "trainer").rglob("*.py"))

DOORS = {"tracking.py", "landscape.py", "recorder.py", "replay.py"}


def imported(path: Path) -> Iterator[str]:
    """The first names of everything a file imports, at the top or inside functions, by statement or by name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_imports_only_what_it_may(path: Path) -> None:
    """NumPy and the standard library; cupy in backend.py alone, tracker in DOORS alone."""
    allowed = {"trainer", "numpy", *sys.stdlib_module_names}
    allowed |= {"cupy"} if path.name == "backend.py" else {"tracker"} if path.name in DOORS else set()
    assert set(imported(path)) <= allowed


def test_importing_the_trainer_loads_nothing_else() -> None:
    """Neither the tracker nor a GPU library, and nothing of the dashboard."""
    code = "import sys, trainer; print(sorted({m.partition('.')[0] for m in sys.modules} & set(sys.argv[1:])))"
    command = [sys.executable, "-W", "error", "-c", code, "cupy", "tracker", "dashboard", "torch", "dash", "sqlalchemy"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.stdout == "[]\n", done.stderr
