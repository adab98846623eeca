"""The plan of the house: who may know whom, and what nobody does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("trainer", "tracker", "dashboard", "sample_runs")
ALLOWED = {
    "trainer": {"trainer"},
    "tracker": {"tracker"},
    "dashboard": {"dashboard", "tracker"},
    "sample_runs": {"sample_runs", "trainer", "tracker"},
}
EXCEPTIONS = {("trainer/tracking.py", "tracker")}
"""The one door from the trainer to the tracker."""

WRITERS = {"tracker.store.writer", "tracker.store.appender", "tracker.store.inbox", "tracker.run", "tracker.start"}

SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at its top or later."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_packages_know_only_whom_the_plan_says(path: Path) -> None:
    """docs/design.md draws who may know whom; this keeps the drawing true."""
    relative = path.relative_to(ROOT).as_posix()
    package = relative.partition("/")[0]
    for module in imports(path):
        other = module.partition(".")[0]
        if other in PACKAGES:
            assert other in ALLOWED[package] or (relative, other) in EXCEPTIONS, f"{relative} imports {module}"


def test_the_dashboard_knows_the_reading_side_only() -> None:
    """What shows runs can write none: no writer is within its reach."""
    for path in (ROOT / "dashboard").rglob("*.py"):
        assert not imports(path) & WRITERS, path


def test_cupy_is_imported_in_one_place_of_the_trainer() -> None:
    """The array module is asked for, not known."""
    users = [
        path.name for path in (ROOT / "trainer").rglob("*.py") if any(m.split(".")[0] == "cupy" for m in imports(path))
    ]
    assert users in ([], ["backend.py"])


FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "joblib", "yaml"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_stored_is_ever_executed(path: Path) -> None:
    """No pickle, no eval: a run from elsewhere is data, whatever it holds."""
    assert not {module.partition(".")[0] for module in imports(path)} & FORBIDDEN_MODULES
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_CALLS, f"{path}:{node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "load":
            pickled = [keyword for keyword in node.keywords if keyword.arg == "allow_pickle"]
            assert all(isinstance(k.value, ast.Constant) and k.value.value is False for k in pickled), (
                f"{path}:{node.lineno}"
            )


def test_every_file_says_in_its_first_line_why_it_exists() -> None:
    """A newcomer reads a folder by its first lines."""
    missing = [str(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert missing == []


@pytest.mark.parametrize("path", sorted((ROOT / "dashboard" / "assets").glob("*.js")), ids=lambda path: path.name)
def test_scripts_of_the_page_never_make_html_of_data(path: Path) -> None:
    """innerHTML is for fixed markup of our own, in single quotes or with nothing put in; names of runs are text."""
    text = path.read_text(encoding="utf-8")
    for match in re.finditer(r"\.(innerHTML|outerHTML)\s*\+?=\s*(.+)|insertAdjacentHTML\((.+)", text):
        given = match.group(2) or match.group(3)
        for inserted in re.findall(r"\$\{(.*?)\}", given):
            assert re.fullmatch(r"'[^']*'\.repeat\(\d+\)", inserted), f"{path.name}: {inserted}"
        # A literal, or the name of a constant that is one.
        name = re.fullmatch(r"([A-Z_]+);?", given)
        constant = name and re.search(rf"const {name.group(1)} = `([^`]*)`", text)
        assert (constant and "${" not in constant.group(1)) or "+" not in re.sub(r"'[^']*'", "", given), given
    assert "eval(" not in text
    assert "new Function" not in text


FOREIGN_JSON = {"dash.js", "media_figure.js", "run_table.js"}
"""What they read is for Dash, Plotly and AG Grid, which ask objects for what every object has."""

OWN_KEYS = {"embeddings.js", "gl.js", "graph_draw.js", "grid.js", "latency.js", "paths_walk.js"}
"""They make objects of names that stand in the source."""


@pytest.mark.parametrize("path", sorted((ROOT / "dashboard" / "assets").glob("*.js")), ids=lambda path: path.name)
def test_scripts_of_the_page_key_no_plain_object_by_data(path: Path) -> None:
    """A run may be called "constructor": dictionaries come from dictionary.js, or are Maps."""
    text = re.sub(r"(?m)(^|\s)//.*$", "", path.read_text(encoding="utf-8"))
    if path.name != "dictionary.js" and path.name not in FOREIGN_JSON:
        assert "JSON.parse" not in text
        assert ".json()" not in text
    if path.name not in OWN_KEYS:
        assert "Object.fromEntries" not in text
        assert re.findall(r"= \{\};", text) == []  # an empty one is there to be filled
        # {a: 1}[word]: only a key of the keyboard cannot come from an address or from data.
        for table in re.findall(r"\{([^{}]*)\}\[(?!event\.key)[a-z]", text):
            assert table.lstrip().startswith("__proto__: null"), f"{path.name}: {table}"


def exports(name: str) -> set[str]:
    """What a module of the page gives to others."""
    text = (ROOT / "dashboard" / "assets" / name).read_text(encoding="utf-8")
    found = set(re.findall(r"^export (?:async )?(?:function\*?|class|const|let) (\w+)", text, re.MULTILINE))
    for names in re.findall(r"^export \{([^}]*)\}", text, re.MULTILINE):
        found |= {each.split(" as ")[-1].strip() for each in names.split(",") if each.strip()}
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "dashboard" / "assets").glob("*.js")), ids=lambda path: path.name)
def test_scripts_of_the_page_import_what_there_is(path: Path) -> None:
    """Without a build step nobody else would say so before the page is opened."""
    text = path.read_text(encoding="utf-8")
    for names, module in re.findall(r'^(?:import|export) \{([^}]*)\} from "\./([\w.]+)"', text, re.MULTILINE):
        assert {each.split(" as ")[0].strip() for each in names.split(",") if each.strip()} <= exports(module)
    for alias, module in re.findall(r'^import \* as (\w+) from "\./([\w.]+)"', text, re.MULTILINE):
        used = set(re.findall(rf"(?<![\w.$/\"]){alias}\.(\w+)", text)) - {"js"}
        assert used <= exports(module), f"{path.name}: {alias} of {module}"


@pytest.mark.parametrize("path", sorted((ROOT / "dashboard" / "assets").rglob("*.*")), ids=lambda path: path.name)
def test_assets_refer_to_this_server_only(path: Path) -> None:
    """No font, script or picture from elsewhere: the page works on a machine without a network."""
    addresses = re.findall(r"https?://[\w.-]+", path.read_text(encoding="utf-8"))
    assert [each for each in addresses if each != "http://www.w3.org"] == []
