"""The plan of the house: who may know whom, and what nobody does.

A rule takes a tree and gives back what breaks it. It is asked of the project, where nothing may, and of a copy with a
breach planted in it, where it must say so: a rule that looks at the wrong folder would hold for ever.
"""

from __future__ import annotations

import ast
import posixpath
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
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
EXCEPTIONS = {("trainer/tracking.py", "tracker"), ("trainer/landscape.py", "tracker")}
"""The doors from the trainer to the tracker."""

FLOOR = {"errors", "coerce", "plain_text", "name_order", "logdir", "walk", "worker_thread"}
"""Of tracker's own folder: what every room stands on."""

ROOMS: dict[str, set[str]] = {
    "tracker/series": set(),
    "tracker/values": {"tracker/series"},
    "tracker/machine": {"tracker/values"},
    "tracker/landscape": {"tracker/values"},
    "tracker/store": {"tracker/series"},
    "tracker/store/read": {"tracker/store", "tracker/series", "tracker/values"},
    "tracker/store/write": {"tracker/store", "tracker/store/read", "tracker/series", "tracker/values", "tracker/machine"},
    "tracker/panes": {"tracker/store/read", "tracker/values"},
    "tracker/controls": {
        "tracker/store", "tracker/store/read", "tracker/store/write", "tracker/values", "tracker/machine",
    },
    "tracker/repair": {
        "tracker/store", "tracker/store/read", "tracker/store/write", "tracker/series", "tracker/values",
    },
    "tracker/foreign": {"tracker/store/read", "tracker/store/write", "tracker/series", "tracker/values"},
    "tracker/integrations": {"tracker", "tracker/values"},
    "tracker/compat": {
        "tracker", "tracker/foreign", "tracker/integrations", "tracker/store/read", "tracker/series", "tracker/values",
    },
    "tracker/compat/visdom": {"tracker", "tracker/compat", "tracker/store/read", "tracker/values"},
    "dashboard/http": set(),
    "dashboard/curves": set(),
    "dashboard/embeddings": set(),
    "dashboard/hparams": set(),
    "dashboard/profiles": {"dashboard/http"},
    "dashboard/graph": {"dashboard/profiles"},
    "dashboard/histograms": {"dashboard/http", "dashboard/curves"},
    "dashboard/export": {"dashboard/http", "dashboard/curves"},
    "dashboard/live": {"dashboard/http"},
    "dashboard/api": {
        "dashboard/http", "dashboard/live", "dashboard/curves", "dashboard/histograms", "dashboard/graph",
        "dashboard/profiles", "dashboard/embeddings", "dashboard/hparams", "dashboard/export",
    },
    "dashboard/visdom": {"dashboard/http"},
    "dashboard/server": {"dashboard/http", "dashboard/live", "dashboard/api", "dashboard/visdom"},
    "dashboard/commands": {"dashboard/http", "dashboard/live", "dashboard/export", "dashboard/server"},
}  # fmt: skip
"""Whom a room may know within its package, as docs/design.md draws it. Tracker's and dashboard's own folders, where
everything is put together, may know all."""

ACROSS = {
    (
        "tracker/values/graph.py",
        "tracker/foreign",
    ): "a model's file is read as a graph when one is given; imported then",
    (
        "tracker/foreign/visdom_files.py",
        "tracker/compat/visdom",
    ): "windows become panes by the one module that says how; imported then",
    (
        "tracker/store/read/sketch_levels.py",
        "tracker/store/write",
    ): "who adds a histogram merges nodes as readers do; the tables are imported then",
}
"""Arrows against the plan, each with its reason."""

ONLY_READS = {
    ("dashboard/live/user_edits.py", "tracker.store.write.page_file"): "page.sqlite, which no run's writer knows",
    ("dashboard/live/pane_edits.py", "tracker.store.write.page_panes"): "page.sqlite likewise",
    (
        "dashboard/live/forks.py",
        "tracker.start",
    ): "a copy of a run under a new name, finished at once; see tracker.init",
    **dict.fromkeys(
        [(f"dashboard/visdom/{name}.py", "tracker.compat.visdom.windows") for name in ("protocol", "worker")],
        "what Visdom's clients send is written by nobody else: runs of their own, on a port that is asked for",
    ),
}
"""Where the dashboard knows a part of the writing side, and why that writes no run."""

OPENS_TO_WRITE = {
    "tracker/store/read/journal.py": "a private copy, in which a journal is played back",
    "tracker/store/read/read_only.py": "a copy of a run that is restored from the trash",
    "tracker/doctor.py": "viz doctor --repair",
    "tracker/repair/salvage.py": "viz doctor --repair: the damaged file is kept beside what was saved of it",
    "tracker/foreign/mirror.py": "the lock of a folder in the user's cache",
    "tracker/foreign/growing_file.py": "event files, for TensorBoard",
    "tracker/foreign/plugin_files.py": "what TensorBoard's plugins read, beside the event files of an export",
    "tracker/compat/run_writer.py": "export_scalars_to_json, whose caller names the file",
    "tracker/compat/visdom/session.py": "log_to_filename, whose caller names the file",
    "tracker/values/stored_array.py": "np.save into memory",
    "dashboard/cli.py": "the null device, in the place of an output that nobody reads any more",
    "dashboard/api/export.py": "a download, in a file without a name",
    "dashboard/commands/export.py": "viz export -o",
    "dashboard/embeddings/map_worker.py": "a map, in a folder of this question's",
    "dashboard/embeddings/maps.py": "maps, in the user's cache",
    "dashboard/live/catalog_cache.py": "the index of a logdir, in the user's cache",
    "dashboard/live/trash.py": "which run moves where, so that a move that was stopped is finished",
}
"""Who opens a file for writing beside tracker/store/write, and what for: none of these is a run's."""

ASKS_SQL = {
    "dashboard/commands/sql.py": "viz sql: the tables that the user's own SQL asks, in a file of this question's",
}
"""Files of the dashboard that hold SQL; all else asks tracker/store/read."""

CORE = {
    "trainer.autograd", "trainer.function", "trainer.ops", "trainer.ops.activation", "trainer.ops.conv",
    "trainer.ops.convert", "trainer.ops.elementwise", "trainer.ops.index", "trainer.ops.inplace", "trainer.ops.linalg",
    "trainer.ops.loss", "trainer.ops.normalize", "trainer.ops.pool", "trainer.ops.reduce", "trainer.ops.select",
    "trainer.ops.shape", "trainer.promotion", "trainer.tensor",
}  # fmt: skip
"""A tensor has operations, which make tensors, whose gradients are operations: the one circle that is inherent."""

CIRCLES = [
    CORE,
    {"trainer.nn.module", "trainer.graph", "trainer.summary"},  # a module draws and sums up itself, when it is asked
]
"""Modules that know each other, lazily or not; no others may."""

FRONT = {("trainer.methods", "trainer")}
"""Who asks its own package's front, when it is called."""

WEB_ROOMS: dict[str, set[str]] = {
    "text": set(),
    "gl": set(),
    "charts": {"text"},
    "core": {"text"},
    "ui": {"text", "core", "charts"},
    "pages": {"text", "core", "charts", "gl", "ui"},
}
"""Whom a folder of the page may know; files beside them (app.js, report.js, keys.js) know all."""

WEB_ACROSS = {
    (
        "core/curve_series.js",
        "charts/curve.js",
    ): "what is kept are curves; a curve knows nothing but how it is smoothed",
    ("core/session.js", "ui/menu.js"): "asks for a token in a dialog when the server does not know the key any more",
}

WEB_CIRCLES: list[set[str]] = []
"""Modules of the page that know each other: none."""

WEB = "dashboard/web"
Tree = Mapping[str, str]


# --- reading a tree ----------------------------------------------------------------------------------------


class Files(Mapping[str, str]):
    """The sources of a tree: place -> text."""

    def __init__(self, root: Path) -> None:
        self._texts = {
            path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
            for package in PACKAGES
            for ending in ("py", "js", "css", "html", "svg")
            for path in sorted((root / package).rglob(f"*.{ending}"))
        }

    def __getitem__(self, place: str) -> str:
        return self._texts[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def planted(self, place: str, text: str) -> Tree:
        """The same with something at the end of a file, or in a new one."""
        return {**self._texts, place: self._texts.get(place, "") + text}


def python(tree: Tree) -> list[str]:
    return [place for place in tree if place.endswith(".py")]


def scripts(tree: Tree) -> list[str]:
    """Names of the page's modules, below its folder."""
    return [place.removeprefix(f"{WEB}/") for place in tree if place.startswith(f"{WEB}/") and place.endswith(".js")]


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def imports(text: str) -> frozenset[tuple[str, str, bool]]:
    """What a file imports: (module, name or "", whether at once); what only types need is left out."""
    found: set[tuple[str, str, bool]] = set()

    def visit(node: ast.AST, at_once: bool) -> None:
        if isinstance(node, ast.Import):
            found.update((alias.name, "", at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update((node.module, alias.name, at_once) for alias in node.names)
        else:
            is_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            within = at_once and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            for child in node.orelse if is_types and isinstance(node, ast.If) else ast.iter_child_nodes(node):
                visit(child, within)

    visit(parsed(text), True)
    return frozenset(found)


def every_import(text: str) -> set[str]:
    """Every module that a file names, for types too."""
    found = set()
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return found


def module_of(place: str) -> str:
    return place.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def arrows(tree: Tree, *, lazily: bool) -> dict[str, set[str]]:
    """Of each of our modules the others of ours that it needs."""
    ours = {module_of(place): place for place in python(tree)}
    found: dict[str, set[str]] = {}
    for module, place in ours.items():
        found[module] = set()
        for name, part, at_once in imports(tree[place]):
            target = f"{name}.{part}" if f"{name}.{part}" in ours else name
            if target in ours and target != module and (at_once or lazily):
                found[module].add(target)
    return found


def circles(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """Groups of those who all reach each other (Tarjan 1972)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(node: str) -> None:
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in number:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], number[other])
        if low[node] == number[node]:
            group = set(stack[stack.index(node) :])
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(group)

    for node in graph:
        if node not in number:
            visit(node)
    return found


STATIC = re.compile(r'^(?:import|export) (?:[^";]*? from )?"([^"]+)"', re.MULTILINE)
DYNAMIC = re.compile(r'\bimport\("([^"]+)"\)(?!\.[A-Z])')  # import("./x.js").X is a type, in a comment


@cache
def named(name: str, text: str) -> frozenset[str]:
    """The modules that a module of the page imports, at once or later, by their places."""
    found = STATIC.findall(text) + DYNAMIC.findall(text)
    return frozenset(posixpath.normpath(posixpath.join(posixpath.dirname(name), each)) for each in found)


def web_room(name: str) -> str:
    """core, text, …, pages/<page>; empty for what stands beside them."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "pages" else parts[0] if len(parts) > 1 else ""


# --- the rules ---------------------------------------------------------------------------------------------


def packages_know_whom_the_plan_says(tree: Tree) -> list[str]:
    """docs/design.md draws who may know whom; this keeps the drawing true."""
    found = []
    for place in python(tree):
        package = place.partition("/")[0]
        for module in every_import(tree[place]):
            other = module.partition(".")[0]
            if other in PACKAGES and other not in ALLOWED[package] and (place, other) not in EXCEPTIONS:
                found.append(f"{place} imports {module}")
    return found


def rooms_know_whom_the_plan_says(tree: Tree) -> list[str]:
    """Within tracker and dashboard too: a folder's arrows are drawn, and there are no others."""
    ours = {module_of(place): place for place in python(tree)}
    found = []
    for module, targets in arrows(tree, lazily=True).items():
        room = posixpath.dirname(ours[module])
        if room.partition("/")[0] not in ("tracker", "dashboard") or "/" not in room:
            continue
        if room not in ROOMS:
            found.append(f"{room} has no place in the plan")
            continue
        for target in targets:
            other = posixpath.dirname(ours[target])
            if other == room or other in ROOMS[room] or (ours[module], other) in ACROSS:
                continue
            if other == "tracker" and target.rpartition(".")[2] in FLOOR:
                continue
            if room.startswith("dashboard/") and target.startswith("tracker"):
                continue  # see the_dashboard_only_reads
            found.append(f"{ours[module]} imports {target}")
    return found


IMPURE = {
    "sqlite3", "sqlalchemy", "os", "io", "pathlib", "shutil", "tempfile", "socket", "subprocess", "threading", "time",
    "datetime", "random", "logging", "mmap",
}  # fmt: skip


def series_are_pure(tree: Tree) -> list[str]:
    """Arithmetic of series opens nothing and waits for nothing: values and store stand on it."""
    found = []
    for place in python(tree):
        if not place.startswith("tracker/series/"):
            continue
        found += [f"{place} imports {each}" for each in every_import(tree[place]) if each.split(".")[0] in IMPURE]
        for node in ast.walk(parsed(tree[place])):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("open", "print"):
                found.append(f"{place}:{node.lineno} calls {node.func.id}")
    return found


def readers_need_no_writer(tree: Tree) -> list[str]:
    """Reading needs no SQLAlchemy (0.1 s of a start), and nothing that could write; see ACROSS for the one that does."""
    return [
        f"{place} imports {module}"
        for place in python(tree)
        if place.startswith("tracker/store/read/") and (place, "tracker/store/write") not in ACROSS
        for module in every_import(tree[place])
        if module.split(".")[0] == "sqlalchemy" or module.startswith("tracker.store.write")
    ]


def the_dashboard_only_reads(tree: Tree) -> list[str]:
    """What shows runs can write none: no writer is within its reach."""
    writers = {"tracker.run", "tracker.start", "tracker.recording", "tracker.compat.visdom.windows"}
    found = []
    for place in python(tree):
        if not place.startswith("dashboard/"):
            continue
        modules = {module for module in every_import(tree[place]) if module != "tracker.store.write"}
        for module in modules:
            if module in writers or module.startswith("tracker.store.write"):
                found += [f"{place} imports {module}"] if (place, module) not in ONLY_READS else []
    return found


WRITES = {
    "write_text", "write_bytes", "touch", "mkstemp", "TemporaryFile", "NamedTemporaryFile", "copy2", "copyfile",
    "copytree", "create_engine",
}  # fmt: skip
"""Functions that make or fill a file, whatever they are called of."""


def opened_to_write(text: str) -> list[tuple[int, str]]:
    """Line and call of each place where a file is opened for writing: plain ones, and databases without mode=ro."""
    found = []
    for node in ast.walk(parsed(text)):
        if not isinstance(node, ast.Call):
            continue
        called, whole = ast.unparse(node.func), ast.unparse(node)
        last = called.rpartition(".")[2]
        given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
        texts = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if called == "os.open":
            writes = "os.O_RDONLY" not in whole
        elif called == "sqlite3.connect":  # without a name: a scratch of SQLite's own
            writes = "''" not in ast.unparse(node.args[0]) and "mode=ro" not in whole if node.args else True
        elif last in ("open", "fdopen") and called != "wave.open":  # sounds are made in memory
            writes = any(re.fullmatch(r"[rwaxbt+]{1,3}", each) and set(each) & set("wax+") for each in texts)
        else:
            writes = last in WRITES or called in ("np.save", "np.savez")
        if writes:
            found.append((node.lineno, whole[:100]))
    return found


def files_are_opened_to_write_in_one_room(tree: Tree) -> list[str]:
    """A segment has one writing connection. Who else opens a file for writing stands in OPENS_TO_WRITE."""
    return [
        f"{place}:{line} {call}"
        for place in python(tree)
        if place.startswith(("tracker/", "dashboard/")) and not place.startswith("tracker/store/write/")
        if place not in OPENS_TO_WRITE
        for line, call in opened_to_write(tree[place])
    ]


MOST_LINES = 350
"""Of a file: what is longer has a second noun."""


def lines_of_files(tree: Tree) -> dict[str, int]:
    """How long each file of tracker and dashboard is, scripts of the page included."""
    return {
        place: text.count("\n")
        for place, text in tree.items()
        if place.startswith(("tracker/", "dashboard/")) and place.endswith((".py", ".js"))
    }


def files_have_one_noun(tree: Tree) -> list[str]:
    """About 80 to 300 lines feel right; what is over 350 holds two things."""
    return [f"{place}: {lines} lines" for place, lines in lines_of_files(tree).items() if lines > MOST_LINES]


SQL = re.compile(r"\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s|DELETE\s+FROM\s|CREATE\s|PRAGMA\s|ATTACH\s)")


def the_dashboard_asks_no_sql(tree: Tree) -> list[str]:
    """Tables are the store's matter; what the dashboard wants to know it asks tracker/store/read."""
    found = []
    for place in python(tree):
        if not place.startswith("dashboard/") or place in ASKS_SQL:
            continue
        for node in ast.walk(parsed(tree[place])):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
                found.append(f"{place}:{node.lineno} {node.value.strip()[:60]!r}")
    return found


def exceptions_are_needed(tree: Tree) -> list[str]:
    """A name that is let off and does nothing of the kind any more hides the next one that does."""
    found = [f"{place} asks no SQL" for place in ASKS_SQL if not any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
        for node in ast.walk(parsed(tree[place]))
    )]  # fmt: skip
    found += [f"{place} opens nothing" for place in OPENS_TO_WRITE if not opened_to_write(tree[place])]
    found += [
        f"{place} needs no {room}"
        for place, room in ACROSS
        if not any(module.startswith(room.replace("/", ".")) for module in every_import(tree[place]))
    ]
    found += [f"{place} needs no {module}" for place, module in ONLY_READS if module not in every_import(tree[place])]
    found += [
        f"{name} has no {variable}"
        for name, variable in MODULE_STATE
        if variable not in module_state(tree[f"{WEB}/{name}"])
    ]
    found += [f"{one} needs no {other}" for one, other in WEB_ACROSS if other not in named(one, tree[f"{WEB}/{one}"])]
    return found


def circles_are_known_by_name(tree: Tree) -> list[str]:
    """Modules that need each other are read together or not at all; only those in CIRCLES are."""
    found = []
    graph = {
        module: {other for other in others if (module, other) not in FRONT}
        for module, others in arrows(tree, lazily=True).items()
    }
    for group in circles(graph):
        if not any(group <= circle for circle in CIRCLES):
            found.append(", ".join(sorted(group)))
    for circle in CIRCLES:
        if not any(group <= circle for group in circles(graph)):
            found.append(f"no circle any more: {', '.join(sorted(circle))}")
    return found


def cupy_is_imported_in_one_place(tree: Tree) -> list[str]:
    """The array module is asked for, not known."""
    return [
        place
        for place in python(tree)
        if place.startswith("trainer/") and place != "trainer/backend.py"
        if any(module.split(".")[0] == "cupy" for module in every_import(tree[place]))
    ]


FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "joblib", "yaml"}


def nothing_stored_is_ever_executed(tree: Tree) -> list[str]:
    """No pickle, no eval: a run from elsewhere is data, whatever it holds."""
    found = []
    for place in python(tree):
        modules = {module.partition(".")[0] for module in every_import(tree[place])} & FORBIDDEN_MODULES
        found += [f"{place} imports {module}" for module in modules]
        for node in ast.walk(parsed(tree[place])):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
                found.append(f"{place}:{node.lineno} calls {node.func.id}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "load":
                pickled = [keyword.value for keyword in node.keywords if keyword.arg == "allow_pickle"]
                if not all(isinstance(value, ast.Constant) and value.value is False for value in pickled):
                    found.append(f"{place}:{node.lineno} loads what is pickled")
    return found


def every_file_says_why_it_exists(tree: Tree) -> list[str]:
    """A newcomer reads a folder by its first lines."""
    missing = [place for place in python(tree) if not ast.get_docstring(parsed(tree[place]))]
    return missing + [name for name in scripts(tree) if not tree[f"{WEB}/{name}"].startswith("// ")]


def folders_of_the_page_know_whom_the_plan_says(tree: Tree) -> list[str]:
    """core, text, ui, charts and gl know no page, and no page knows another."""
    found = []
    for name in scripts(tree):
        room = web_room(name)
        if not room:
            continue
        kind = room.partition("/")[0]
        if kind not in WEB_ROOMS:
            found.append(f"{name}: {kind} has no place in the plan")
            continue
        for other in named(name, tree[f"{WEB}/{name}"]):
            target = web_room(other)
            if target != room and target not in WEB_ROOMS[kind] and (name, other) not in WEB_ACROSS:
                found.append(f"{name} imports {other}")
    return found


def circles_of_the_page_are_known_by_name(tree: Tree) -> list[str]:
    """As for Python."""
    graph = {name: set(named(name, tree[f"{WEB}/{name}"])) for name in scripts(tree)}
    found = circles(graph)
    return [", ".join(sorted(group)) for group in found if group not in WEB_CIRCLES] + [
        f"no circle any more: {', '.join(sorted(circle))}" for circle in WEB_CIRCLES if circle not in found
    ]


def a_page_is_a_folder_that_is_mounted(tree: Tree) -> list[str]:
    """A folder of pages has a page.js, which app.js names, and which is mounted in a scope: to leave it is to end that."""
    names = scripts(tree)
    app = tree[f"{WEB}/app.js"]
    found = []
    for folder in {web_room(name) for name in names if name.startswith("pages/")}:
        page = f"{folder}/page.js"
        if page not in names or f'"./{page}"' not in app:
            found.append(f"{folder}: app.js names no page of it")
        elif not re.search(r"^export const mount = \(view, scope(, kept)?\) =>", tree[f"{WEB}/{page}"], re.MULTILINE):
            found.append(f"{page}: cannot be mounted in a scope")
    return found


ENTRIES = {"app.js", "report.js", "report_panes.js"}
"""What documents begin with: they put together all that lasts as long as the document."""

MODULE_STATE = {
    ("charts/palette.js", "known"): "colours of the stylesheet by theme and name, which are what they are",
    ("pages/graph/box.js", "widths"): "of texts in a font, by both",
    ("pages/graph/colour.js", "known"): "the family of an operation, by its name",
    ("pages/media/spectrum.js", "turns"): "sines by size",
    ("pages/panes/line_look.js", "parts"): "what is left of a curve from a step on, until more is known of it",
    ("text/config.js", "flat"): "the texts of a configuration, by itself",
    ("charts/shared_columns.js", "ones"): "a count of one each: longer ones stand in for shorter",
    ("charts/shared_columns.js", "zeros"): "the same of nothing",
    ("text/floats.js", "number"): "a number and its bits, within one call",
    ("text/floats.js", "bits"): "the same memory",
}
"""Values that a pure function gave, kept for the next who asks: whoever asks gets the same."""

FILLED = r"\b{0}(?:\.(?:set|add|push|unshift|splice|delete|clear|pop|shift|fill)\(|(?:\.\w+|\[[^\]]*\])+ (?:[-+*|&?]|\|\||\?\?)?= )|Object\.assign\({0}\b"


def statements(text: str) -> list[str]:
    """What stands at the beginning of a line of a formatted script, each with what belongs to it."""
    code = re.sub(r"(?m)^ *//.*\n", "", text)
    return re.findall(r"^[^\s/})\]].*\n(?:[ })\]].*\n|\n)*", code + "\n", re.MULTILINE)


def module_state(text: str) -> list[str]:
    """Variables of a script that are set again, and collections that are filled, after it was imported."""
    found = []
    for statement in statements(text):
        if re.match(r"(?:export )?(?:let|var) ", statement):
            found += re.findall(r"(?:^(?:export )?(?:let|var) |^  )(\w+)(?: =|,|;)", statement, re.MULTILINE)
        elif re.match(r"(?:export )?const ", statement):
            named = r"(?:^(?:export )?const |^  )(\w+) = (?:new |\[|\{|dictionary\()"
            for name in re.findall(named, statement, re.MULTILINE):
                if re.search(FILLED.format(name), text):
                    found.append(name)
    return found


def no_state_lives_in_a_module(tree: Tree) -> list[str]:
    """What changes belongs to `state`, `runs` or an object that a page or the app made: it ends with them."""
    return [
        f"{name}: {variable}"
        for name in scripts(tree)
        if not name.startswith("core/") and name not in ("report.js", "report_panes.js")
        for variable in module_state(tree[f"{WEB}/{name}"])
        if (name, variable) not in MODULE_STATE
    ]


LISTENS = re.compile(
    r"\.(?:addEventListener|on|onChange|observe)\(|\b(?:addEventListener|setInterval|setTimeout|requestAnimationFrame)\("
    r"|\bnew \w+Observer\("
)


def nothing_listens_when_it_is_imported(tree: Tree) -> list[str]:
    """Who listens does so in a scope, which ends; and a module can be imported by a test that has no browser."""
    found = []
    for name in scripts(tree):
        if name in ENTRIES:
            continue
        for statement in statements(tree[f"{WEB}/{name}"]):
            if re.match(r"(?:export )?(?:default )?(?:async )?(?:function|class)\b", statement):
                continue
            is_kept = re.match(r"(?:export )?(?:const|let|var) ", statement)
            # Of what is kept, functions are for later.
            line = re.split(r"=>|\bfunction\b", statement, maxsplit=1)[0] if is_kept else statement
            found += [f"{name}: {each.strip()}" for each in line.splitlines() if LISTENS.search(each)]
    return found


def no_html_is_made_of_data(tree: Tree) -> list[str]:
    """innerHTML is for fixed markup of our own, in single quotes or with nothing put in; names of runs are text."""
    found = []
    for name in scripts(tree):
        text = tree[f"{WEB}/{name}"]
        for match in re.finditer(r"\.(innerHTML|outerHTML)\s*\+?=\s*(.+)|insertAdjacentHTML\((.+)", text):
            given = match.group(2) or match.group(3)
            for inserted in re.findall(r"\$\{(.*?)\}", given):
                if not re.fullmatch(r"'[^']*'\.repeat\(\d+\)", inserted):
                    found.append(f"{name}: {inserted}")
            # A literal, or the name of a constant that is one.
            constant_name = re.fullmatch(r"([A-Z_]+);?", given)
            constant = constant_name and re.search(rf"const {constant_name.group(1)} = `([^`]*)`", text)
            if not (constant and "${" not in constant.group(1)) and "+" in re.sub(r"'[^']*'", "", given):
                found.append(f"{name}: {given}")
        found += [f"{name}: {word}" for word in ("eval(", "new Function") if word in text]
    return found


FOREIGN_JSON = {
    "ui/dash.js", "ui/plotly.js", "pages/media/figure.js", "pages/runs/page.js", "pages/runs/run_table.js",
}  # fmt: skip
"""What they read is for Dash, Plotly and AG Grid, which ask objects for what every object has."""

OWN_KEYS = {
    "pages/embeddings/page.js", "gl/gl.js", "ui/grid.js", "core/latency.js", "pages/paths/walk.js",
}  # fmt: skip
"""They make objects of names that stand in the source."""


def no_plain_object_is_keyed_by_data(tree: Tree) -> list[str]:
    """A run may be called "constructor": dictionaries come from dictionary.js, or are Maps."""
    found = []
    for name in scripts(tree):
        text = re.sub(r"(?m)(^|\s)//.*$", "", tree[f"{WEB}/{name}"])
        if name != "core/dictionary.js" and name not in FOREIGN_JSON:
            found += [f"{name}: {word}" for word in ("JSON.parse", ".json()") if word in text]
        if name not in OWN_KEYS:
            if "Object.fromEntries" in text:
                found.append(f"{name}: Object.fromEntries")
            found += [f"{name}: {each}" for each in re.findall(r"= \{\};", text)]  # an empty one is there to be filled
            # {a: 1}[word]: only a key of the keyboard cannot come from an address or from data.
            for table in re.findall(r"\{([^{}]*)\}\[(?!event\.key)[a-z]", text):
                if not table.lstrip().startswith("__proto__: null"):
                    found.append(f"{name}: {table}")
    return found


CLASS = re.compile(r"^(?:export )?class (\w+)(?: extends (\w+))? \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
MEMBER = re.compile(r"^  (?:static |async |get |set |\*)*(#?\w+)\((?=[^\n]*[{(]$|[^\n]*\) \{.*\}$)", re.MULTILINE)
SET = re.compile(r"this\.(#?\w+)(?: (?:[-+*/|&?%]{1,2})?=(?![=>]) |\+\+|--)")
ASSIGNED = re.compile(r"Object\.assign\(this, \{(.*?)\}\)", re.DOTALL)


def fields_set(text: str) -> set[str]:
    """The fields that some code sets of its object."""
    keys = (re.findall(r"(?:^|[,{])\s*(\w+)(?=\s*(?:[,:]|$))", each) for each in ASSIGNED.findall(text))
    return set(SET.findall(text)) | {key for each in keys for key in each}


def class_fields(text: str) -> Iterator[tuple[str, str, set[str], set[str]]]:
    """Of each class of a script, as the formatter lays it out: its name, that of its parent or "", the fields that are
    there once it is made, and those that are set later."""
    for name, parent, body in CLASS.findall(text):
        code = re.sub(r"(?m)(^|\s)//.*$", "", body)
        starts = [*MEMBER.finditer(code)]
        ends = [each.start() for each in starts[1:]] + [len(code)]
        at_once = set(re.findall(r"^  (?:static )?(#?\w+)(?: = |;)", code, re.MULTILINE))
        later: set[str] = set()
        accessors = set(re.findall(r"^  set (\w+)\(", code, re.MULTILINE))
        for each, end in zip(starts, ends, strict=True):
            (at_once if each.group(1) == "constructor" else later).update(fields_set(code[each.start() : end]))
        yield name, parent, at_once, later - accessors


def fields_are_set_in_constructors(tree: Tree) -> list[str]:
    """What an object is made of stands in one place; a field that comes later changes its shape and is missed there."""
    made = {name: at_once for place in scripts(tree) for name, _, at_once, _ in class_fields(tree[f"{WEB}/{place}"])}
    return [
        f"{place}: {name}.{field}"
        for place in scripts(tree)
        for name, parent, at_once, later in class_fields(tree[f"{WEB}/{place}"])
        for field in sorted(later - at_once - made.get(parent, set()))
    ]


LONGEST = 120


def lines_are_no_longer_than_a_screen_is_wide(tree: Tree) -> list[str]:
    """Of the page's scripts and stylesheets, as ruff has it of Python: what stands farther right is not read."""
    names = [place.removeprefix(f"{WEB}/") for place in tree if re.match(rf"{WEB}/.*\.(js|css)$", place)]
    return [
        f"{name}:{i + 1}: {len(line)} characters"
        for name in names
        for i, line in enumerate(tree[f"{WEB}/{name}"].split("\n"))
        if len(line) > LONGEST
    ]


def exports(tree: Tree, name: str) -> set[str]:
    """What a module of the page gives to others."""
    text = tree.get(f"{WEB}/{name}", "")
    found = set(re.findall(r"^export (?:async )?(?:function\*?|class|const|let) (\w+)", text, re.MULTILINE))
    for names in re.findall(r"^export \{([^}]*)\}", text, re.MULTILINE):
        found |= {each.split(" as ")[-1].strip() for each in names.split(",") if each.strip()}
    return found


def scripts_import_what_there_is(tree: Tree) -> list[str]:
    """Without a build step nobody else would say so before the page is opened."""
    names = set(scripts(tree))
    found = []
    for name in sorted(names):
        text = tree[f"{WEB}/{name}"]
        found += [f"{name}: there is no {other}" for other in named(name, text) - names]

        def place(module: str, name: str = name) -> str:
            return posixpath.normpath(posixpath.join(posixpath.dirname(name), module))

        for said, module in re.findall(r'^(?:import|export) \{([^}]*)\} from "([./\w]+)"', text, re.MULTILINE):
            wanted = {each.split(" as ")[0].strip() for each in said.split(",") if each.strip()}
            found += [f"{name}: no {each} in {module}" for each in wanted - exports(tree, place(module))]
        for alias, module in re.findall(r'^import \* as (\w+) from "([./\w]+)"', text, re.MULTILINE):
            used = set(re.findall(rf"(?<![\w.$/\"]){alias}\.(\w+)", text)) - {"js"}
            found += [f"{name}: {alias}.{each} of {module}" for each in used - exports(tree, place(module))]
    return found


ASKS_FOR_CURVES = {"core/curve_requests.js"}
"""Who calls the route of curves."""

DECODES_CURVES = {"core/wire.js", "core/curve_store.js", "report.js", "report_panes.js"}
"""Who takes the columns of curves out of an answer: all others have them from a `CurveStore`, a report from its file."""


def curves_come_by_one_road(tree: Tree) -> list[str]:
    """One store asks for curves, for whatever page: what they ask together is one question, what came live is kept."""
    found = []
    for name in scripts(tree):
        text = re.sub(r"(?m)(^|\s)//.*$", "", tree[f"{WEB}/{name}"])
        if name not in ASKS_FOR_CURVES and re.search(r"""\w\(\s*["'`](?:[^"'`\n]*/)?curves["'`]\s*,""", text):
            found.append(f"{name} asks for curves itself")
        if name not in DECODES_CURVES and re.search(r"\bcurvesOf\b", text):
            found.append(f"{name} decodes curves itself")
        wanted = re.findall(r'import \{([^}]*)\} from "[./\w]*curve_requests\.js"', text)
        if name != "core/curve_store.js" and any(re.search(r"\bask\b", each) for each in wanted):
            found.append(f"{name} asks for curves past the store")
    return found


def the_page_refers_to_this_server_only(tree: Tree) -> list[str]:
    """No font, script or picture from elsewhere: the page works on a machine without a network."""
    return [
        f"{place}: {address}"
        for place in tree
        if place.startswith(f"{WEB}/")
        for address in re.findall(r"https?://[\w.-]+", tree[place])
        if address != "http://www.w3.org"
    ]


BREACHES: list[tuple[Callable[[Tree], list[str]], str, str]] = [
    (packages_know_whom_the_plan_says, "tracker/store/read/segments.py", "\nfrom dashboard.live import series\n"),
    (packages_know_whom_the_plan_says, "trainer/ops/loss.py", "\ndef log():\n    import tracker\n"),
    (rooms_know_whom_the_plan_says, "tracker/store/read/wal.py", "\nfrom tracker.foreign import records\n"),
    (rooms_know_whom_the_plan_says, "dashboard/curves/windows.py", "\nfrom dashboard.api import runs\n"),
    (rooms_know_whom_the_plan_says, "tracker/values/text.py", "\nfrom tracker import run\n"),
    (rooms_know_whom_the_plan_says, "dashboard/attic/lost.py", '"""Lost."""\nfrom dashboard.http import wire\n'),
    (series_are_pure, "tracker/series/sketch.py", "\nimport sqlite3\n"),
    (series_are_pure, "tracker/series/stretch.py", "\ndef read(path):\n    return open(path)\n"),
    (readers_need_no_writer, "tracker/store/read/reader.py", "\nimport sqlalchemy as sa\n"),
    (readers_need_no_writer, "tracker/store/read/run.py", "\nfrom tracker.store.write import appender\n"),
    (the_dashboard_only_reads, "dashboard/api/runs.py", "\nfrom tracker.store.write.appender import Appender\n"),
    (the_dashboard_only_reads, "dashboard/commands/doctor.py", "\nfrom tracker.run import Run\n"),
    (the_dashboard_only_reads, "dashboard/api/panes.py", "\nfrom tracker.compat.visdom.windows import Windows\n"),
    (files_are_opened_to_write_in_one_room, "dashboard/live/poller.py", "\nsqlite3.connect(path)\n"),
    (files_are_opened_to_write_in_one_room, "tracker/foreign/intake.py", "\nsa.create_engine('sqlite://')\n"),
    (files_are_opened_to_write_in_one_room, "tracker/store/read/run.py", "\nPath('x').write_text('')\n"),
    (files_are_opened_to_write_in_one_room, "dashboard/live/catalog.py", "\nopen('x', mode='ab')\n"),
    (files_are_opened_to_write_in_one_room, "tracker/logdir.py", "\nos.open('x', os.O_RDWR)\n"),
    (files_have_one_noun, "tracker/run.py", "\n" * 100),
    (files_have_one_noun, f"{WEB}/core/state.js", "\n" * 350),
    (the_dashboard_asks_no_sql, "dashboard/live/catalog.py", "\nASK = 'SELECT tag FROM series'\n"),
    (the_dashboard_asks_no_sql, "dashboard/api/media.py", "\nASK = f'''\n  PRAGMA {'x'}'''\n"),
    (circles_are_known_by_name, "tracker/series/stretch.py", "\nfrom tracker.series import envelope\n"),
    (
        circles_are_known_by_name,
        "tracker/store/read/wal.py",
        "\ndef f():\n    from tracker.store.read import journal\n",
    ),
    (cupy_is_imported_in_one_place, "trainer/ops/conv.py", "\nimport cupy\n"),
    (nothing_stored_is_ever_executed, "tracker/store/read/records.py", "\nimport pickle\n"),
    (nothing_stored_is_ever_executed, "dashboard/api/runs.py", "\neval('1')\n"),
    (every_file_says_why_it_exists, "dashboard/api/new.py", "x = 1\n"),
    (every_file_says_why_it_exists, f"{WEB}/ui/new.js", "export const x = 1;\n"),
    (folders_of_the_page_know_whom_the_plan_says, f"{WEB}/charts/chart.js", '\nimport "../pages/curves/card.js";\n'),
    (folders_of_the_page_know_whom_the_plan_says, f"{WEB}/pages/media/page.js", '\nimport("../graph/colour.js");\n'),
    (folders_of_the_page_know_whom_the_plan_says, f"{WEB}/text/format.js", '\nimport "../core/state.js";\n'),
    (circles_of_the_page_are_known_by_name, f"{WEB}/charts/smoothing.js", '\nimport "./curve.js";\n'),
    (a_page_is_a_folder_that_is_mounted, f"{WEB}/pages/new/view.js", "// New.\n"),
    (a_page_is_a_folder_that_is_mounted, f"{WEB}/pages/new/page.js", "// New.\nexport function mount(view) {}\n"),
    (no_state_lives_in_a_module, f"{WEB}/pages/media/page.js", "\nlet view = null;\n"),
    (no_state_lives_in_a_module, f"{WEB}/ui/run_list.js", "\nexport let a = 0,\n  b;\n"),
    (no_state_lives_in_a_module, f"{WEB}/ui/run_list.js", "\nconst sparks = new Map();\nf(() => sparks.set(1, 2));\n"),
    (no_state_lives_in_a_module, f"{WEB}/charts/curve.js", "\nconst kept = { a: 1 };\nkept.a = 2;\n"),
    (no_state_lives_in_a_module, f"{WEB}/ui/menu.js", "\nconst all = [];\nall[0] = 1;\n"),
    (nothing_listens_when_it_is_imported, f"{WEB}/core/runs.js", '\nlive.on("points", (points) => {});\n'),
    (nothing_listens_when_it_is_imported, f"{WEB}/ui/menu.js", '\ndocument.addEventListener("click", close);\n'),
    (nothing_listens_when_it_is_imported, f"{WEB}/core/live.js", "\nsetInterval(() => {\n  show();\n}, 5000);\n"),
    (nothing_listens_when_it_is_imported, f"{WEB}/pages/runs/page.js", "\nfor (const each of all)\n  each.on(1);\n"),
    (nothing_listens_when_it_is_imported, f"{WEB}/pages/runs/page.js", "\nconst seen = new ResizeObserver(() => 1);\n"),
    (no_html_is_made_of_data, f"{WEB}/pages/media/text.js", "\nnode.innerHTML = `<b>${name}</b>`;\n"),
    (no_plain_object_is_keyed_by_data, f"{WEB}/core/runs.js", "\nconst byName = {};\n"),
    (curves_come_by_one_road, f"{WEB}/pages/layouts/page.js", '\nawait api.postPacked("curves", { tag, runs });\n'),
    (curves_come_by_one_road, f"{WEB}/pages/compare/page.js", "\nawait fetch(`${base}/curves`, { body });\n"),
    (curves_come_by_one_road, f"{WEB}/pages/graph/time.js", '\nimport { curvesOf } from "../../core/wire.js";\n'),
    (curves_come_by_one_road, f"{WEB}/ui/run_list.js", '\nimport { ask } from "../core/curve_requests.js";\n'),
    (scripts_import_what_there_is, f"{WEB}/core/runs.js", '\nimport { nobody } from "./state.js";\n'),
    (scripts_import_what_there_is, f"{WEB}/core/runs.js", '\nimport "./nowhere.js";\n'),
    (
        fields_are_set_in_constructors,
        f"{WEB}/charts/new.js",
        "// New.\nexport class New {\n  constructor() {\n    this.a = 0;\n  }\n\n"
        "  act() {\n    this.b ||= 1;\n  }\n}\n",
    ),
    (fields_are_set_in_constructors, f"{WEB}/gl/new.js", "// New.\nclass New {\n  act() {\n    this.b++;\n  }\n}\n"),
    (lines_are_no_longer_than_a_screen_is_wide, f"{WEB}/core/new.js", f"// New.{'x' * 120}\n"),
    (lines_are_no_longer_than_a_screen_is_wide, f"{WEB}/ui/new.css", f"a {{ content: '{'x' * 120}'; }}\n"),
    (the_page_refers_to_this_server_only, f"{WEB}/frame.css", "\n@import 'https://fonts.example/x.css';\n"),
]
"""A rule, and what somebody might write some day that it is there for."""

RULES = [*dict.fromkeys(rule for rule, _, _ in BREACHES), exceptions_are_needed]
HOUSE = Files(ROOT)
WEB_FILES = [place.removeprefix(f"{WEB}/") for place in HOUSE if place.startswith(f"{WEB}/")]
OF_A_FILE: list[tuple[Callable[[Tree], list[str]], list[str]]] = [
    (packages_know_whom_the_plan_says, python(HOUSE)),
    (nothing_stored_is_ever_executed, python(HOUSE)),
    (no_html_is_made_of_data, scripts(HOUSE)),
    (no_plain_object_is_keyed_by_data, scripts(HOUSE)),
    (scripts_import_what_there_is, scripts(HOUSE)),
    (the_page_refers_to_this_server_only, WEB_FILES),
]
"""Rules that a file keeps or breaks by itself: a test for each, which is called after it."""


@cache
def broken(rule: Callable[[Tree], list[str]]) -> list[str]:
    """What breaks a rule in the project."""
    return rule(HOUSE)


@pytest.fixture
def house() -> Files:
    """The sources as they are."""
    return HOUSE


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_is_as_it_is_drawn(rule: Callable[[Tree], list[str]]) -> None:
    """Who may know whom, and what nobody does; see the rule."""
    assert broken(rule) == []


@pytest.mark.parametrize(
    ("rule", "place"),
    [pytest.param(rule, place, id=f"{place}-{rule.__name__}") for rule, places in OF_A_FILE for place in places],
)
def test_each_file_keeps_the_rules(rule: Callable[[Tree], list[str]], place: str) -> None:
    """The same, file by file."""
    assert [each for each in broken(rule) if re.match(rf"(?:{WEB}/)?{re.escape(place)}\b", each)] == []


@pytest.mark.parametrize(("rule", "place", "text"), BREACHES, ids=lambda value: getattr(value, "__name__", None))
def test_each_rule_sees_a_breach(rule: Callable[[Tree], list[str]], place: str, text: str, house: Files) -> None:
    """A rule that cannot fail guards nothing."""
    assert place in house or any(word in place for word in ("new", "attic")), "the place of the breach has moved"
    found = rule(house.planted(place, text))
    assert found
    assert any(posixpath.basename(posixpath.dirname(place)) in each for each in found), found


def test_a_breach_in_files_is_seen(tmp_path: Path) -> None:
    """The same from the disk: folders are walked to their ends, whatever is new in them."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "data"))
    assert rooms_know_whom_the_plan_says(Files(tmp_path)) == []
    deep = tmp_path / "dashboard" / "web" / "pages" / "graph" / "deep" / "deeper.js"
    deep.parent.mkdir()
    deep.write_text('// Deep.\nimport "../../media/page.js";\n', encoding="utf-8")
    (found,) = folders_of_the_page_know_whom_the_plan_says(Files(tmp_path))
    assert "pages/graph/deep/deeper.js" in found


def test_files_are_about_as_long_as_each_other(house: Files, figure: Callable[[str], None]) -> None:
    """The middle of them: so short that a noun fits, so long that it is worth a file."""
    lines = sorted(count for count in lines_of_files(house).values() if count > 1)  # not a folder's own line
    middle = lines[len(lines) // 2]
    python_lines = max(count for place, count in lines_of_files(house).items() if place.endswith(".py"))
    figure(
        f"tracker and dashboard: {len(lines)} files, median {middle} lines, longest {lines[-1]} ({python_lines} in Python)"
    )
    assert 80 <= middle <= 150


def test_an_exception_that_is_not_needed_any_more_is_seen(house: Files) -> None:
    """Else the next one of the kind would hide behind it."""
    mended = {**house, "tracker/doctor.py": '"""Doctor."""', f"{WEB}/core/session.js": "// Session.\n"}
    assert len(exceptions_are_needed(mended)) == 2
