"""The page's scripts by themselves: their unit tests in Node, their types, and a linter. No browser, no server."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import node
import pytest

from dashboard.curves.query import Question
from tracker.name_order import naturally

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "tests" / "web"
ASSETS = "dashboard/web/"
COVERED = ("charts", "core", "text")  # folders of which each file counts, also one that no test loads

Figure = Callable[[str], None]


def _node() -> str:
    """Node; skips without any."""
    found = node.found()
    if found is None:
        pytest.skip("needs Node 20.11 or newer; ./tests/run installs it")
    return found


def _tool(*path: str) -> list[str]:
    """A checker of package-lock.json, as a command."""
    script = ROOT.joinpath("node_modules", *path)
    if not script.is_file():
        pytest.skip(f"needs {path[0]}; `npm ci --ignore-scripts` installs it, as ./tests/run does")
    return [_node(), str(script)]


def _run(command: list[str], wait: float = 100, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs it to its end. A test of Node's that leaves a timer running never comes to one: that is said, and all end."""
    made = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        start_new_session=True,
    )
    try:
        output, errors = made.communicate(timeout=wait)
    except subprocess.TimeoutExpired:
        os.killpg(made.pid, signal.SIGKILL)
        output, errors = made.communicate()
        pytest.fail(f"{command[1:3]} did not end in {wait} s:\n{output[-4000:]}")
    return subprocess.CompletedProcess(command, made.returncode, output, errors)


FEW = "500"
"""Examples of a property; `npm test` has 2,000, and takes half as long again."""


def _unit_tests(*options: str, wait: float = 100, **environment: str) -> subprocess.CompletedProcess[str]:
    """Passes tests/web, and fails with what they say."""
    tests = sorted(str(path.relative_to(ROOT)) for path in WEB.glob("*.test.js"))
    assert tests
    made = _run([_node(), "--test", *options, *tests], wait, **environment)
    failed = [line for line in made.stdout.splitlines() if line.lstrip().startswith("not ok")]
    assert made.returncode == 0, "\n".join(failed) + made.stdout[-8000:] + made.stderr[-2000:]
    return made


def _imported() -> set[str]:
    """The scripts that a unit test asks itself, not those that they need."""
    text = "".join(path.read_text(encoding="utf-8") for path in WEB.glob("*.test.js"))
    return {f"{ASSETS}{name}" for name in re.findall(r'["`]\.\./\.\./dashboard/web/([\w/]+\.js)', text)}


def _coverage(lcov: str) -> dict[str, tuple[int, int]]:
    """Of each script of the page how many lines were run, of how many. One that was loaded several times counts once."""
    run: dict[str, dict[str, bool]] = {}
    for record in lcov.split("end_of_record"):
        if source := re.search(r"^SF:([^?\n]+)", record, re.MULTILINE):
            lines = run.setdefault(os.path.relpath(ROOT / source[1], ROOT).replace(os.sep, "/"), {})
            for line, count in re.findall(r"^DA:(\d+),(\d+)", record, re.MULTILINE):
                lines[line] = lines.get(line, False) or count != "0"
    return {name: (sum(lines.values()), len(lines)) for name, lines in run.items()}


def test_units_of_the_page_hold() -> None:
    """Each module that stands by itself, as properties."""
    _unit_tests(EVERYSTEP_MANY=FEW)


@pytest.mark.long
def test_most_lines_of_the_page_are_run_by_its_unit_tests(tmp_path: Path, figure: Figure) -> None:
    """Which were is printed. To note that takes three times as long as the tests do (23 s of a core instead of 7)."""
    lcov = tmp_path / "lcov"
    made = _unit_tests(
        "--experimental-test-coverage",
        *("--test-reporter=tap", "--test-reporter-destination=stdout"),
        *("--test-reporter=lcov", f"--test-reporter-destination={lcov}"),
    )
    passed = re.search(r"^# pass (\d+)$", made.stdout, re.MULTILINE)
    assert passed
    all_lines = _coverage(lcov.read_text(encoding="utf-8"))
    covered = {name: all_lines[name] for name in sorted(_imported())}
    run, total = (sum(each[i] for each in covered.values()) for i in (0, 1))
    figure(f"unit tests of the page: {passed[1]}, {100 * run / total:.1f} % of the lines of {len(covered)} modules")
    for name, (part, whole) in sorted(covered.items(), key=lambda item: item[1][0] / item[1][1]):
        figure(f"{100 * part / whole:6.1f} %  {part:4} of {whole:4} lines  {name.removeprefix(ASSETS)}")
    assert run >= 0.9 * total
    for folder in COVERED:
        files = [str(path.relative_to(ROOT).as_posix()) for path in (ROOT / ASSETS / folder).glob("*.js")]
        lines = [all_lines.get(name) or (0, (ROOT / name).read_text(encoding="utf-8").count("\n")) for name in files]
        part, whole = (sum(each[i] for each in lines) for i in (0, 1))
        figure(f"{100 * part / whole:6.1f} %  of the lines of {folder}/, {len(files)} modules")
        assert part >= 0.9 * whole, folder


@pytest.mark.long
@pytest.mark.timeout(600)
def test_units_of_the_page_hold_for_very_many_numbers() -> None:
    """The same over 100,000 ranges."""
    _unit_tests(wait=550, EVERYSTEP_MANY="100000")


def test_names_have_the_same_order_in_python_and_on_the_page() -> None:
    """A thousand names of few characters, so that they differ late. Both are also held to tests/web/name_order.json."""
    picked = random.Random(2)
    names = list({"".join(picked.choices("am/_. =-0129é😀\ue000", k=picked.randint(0, 8))) for _ in range(1000)})
    script = (
        'import { naturally } from "./dashboard/web/text/name_order.js";'
        'import { readFileSync } from "node:fs";'
        'process.stdout.write(JSON.stringify(naturally(JSON.parse(readFileSync(0, "utf8")))));'
    )
    command = [_node(), "--input-type=module", "--eval", script]
    made = subprocess.run(command, input=json.dumps(names).encode(), capture_output=True, cwd=ROOT, timeout=60)
    assert json.loads(made.stdout) == naturally(names), made.stderr


def test_curves_of_unit_tests_have_the_columns_of_the_server() -> None:
    """What tests/web/answers.js makes is named as what the server sends."""
    text = re.sub(r'"\s*\+\s*"', "", (WEB / "answers.js").read_text(encoding="utf-8"))
    names = Question("loss", 400).column_names()
    assert re.search(rf'COLUMNS = \(\s*"{" ".join(names["columns"])}"', text)
    assert f"POINTS = {json.dumps(names['points'])}" in text


def test_types_of_the_page_hold() -> None:
    """Every script is typed, as JSDoc, strictly."""
    made = _run([*_tool("typescript", "bin", "tsc"), "--project", "tsconfig.json", "--pretty", "false"])
    assert made.returncode == 0, made.stdout


def test_linter_and_formatter_have_nothing_to_say_of_the_page() -> None:
    """What biome.jsonc asks for, of the page's scripts and of their tests; `npx biome check --write` makes most of it so."""
    made = _run([*_tool("@biomejs", "biome", "bin", "biome"), "check", "--error-on-warnings", "--max-diagnostics=50"])
    assert made.returncode == 0, made.stdout + made.stderr
