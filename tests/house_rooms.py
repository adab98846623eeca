"""Rules of rooms: who may know whom among the packages and their folders, as docs/design.md draws it."""

from __future__ import annotations

import ast
import posixpath

from house_tree import PACKAGES, Breach, Tree, arrows, circles, every_import, module_of, parsed, python

ALLOWED = {
    "trainer": {"trainer"},
    "tracker": {"tracker"},
    "dashboard": {"dashboard", "tracker"},
    "sample_runs": {"sample_runs", "trainer", "tracker"},
}

EXCEPTIONS = {(f"trainer/{name}.py", "tracker") for name in ("tracking", "landscape", "recorder", "replay")}
"""The doors from the trainer to the tracker."""

FLOOR = {"better", "errors", "coerce", "plain_text", "name_order", "logdir", "walk", "worker_thread", "databases"}
"""Of tracker's own folder: what every room stands on."""

ROOMS: dict[str, set[str]] = {
    "tracker/series": set(),
    "tracker/values": {"tracker/series"},
    "tracker/models": {"tracker/values"},
    "tracker/findings": set(),
    "tracker/findings/detectors": {"tracker/findings"},
    "tracker/machine": {"tracker/values"},
    "tracker/landscape": {"tracker/values"},
    "tracker/recorder": set(),
    "tracker/store": {"tracker/series"},
    "tracker/store/read": {"tracker/store", "tracker/series", "tracker/values", "tracker/models", "tracker/findings"},
    "tracker/store/write": {"tracker/store", "tracker/store/read", "tracker/series", "tracker/values", "tracker/machine"},
    "tracker/receive": {"tracker/postgres", "tracker/store", "tracker/store/read", "tracker/store/write"},
    "tracker/ship": {
        "tracker/receive", "tracker/postgres", "tracker/store", "tracker/store/read", "tracker/store/write",
    },
    "tracker/copying": {"tracker/ship", "tracker/store", "tracker/store/read", "tracker/store/write"},
    "tracker/pruning": {
        "tracker/store", "tracker/store/read", "tracker/store/write", "tracker/series", "tracker/models",
    },
    "tracker/postgres": {
        "tracker/postgres/migrations", "tracker/store", "tracker/store/read", "tracker/store/write", "tracker/series",
    },
    "tracker/postgres/migrations": {"tracker/postgres"},
    "tracker/postgres/migrations/versions": set(),
    "tracker/panes": {"tracker/store/read", "tracker/values"},
    "tracker/controls": {
        "tracker/store", "tracker/store/read", "tracker/store/write", "tracker/values", "tracker/machine",
    },
    "tracker/repair": {
        "tracker/store", "tracker/store/read", "tracker/store/write", "tracker/series", "tracker/values",
        "tracker/models", "tracker/recorder",
    },
    "tracker/foreign": {"tracker/store/read", "tracker/store/write", "tracker/series", "tracker/values"},
    "tracker/integrations": {"tracker", "tracker/values", "tracker/recorder"},
    "tracker/compat": {
        "tracker", "tracker/foreign", "tracker/integrations", "tracker/store/read", "tracker/series", "tracker/values",
    },
    "tracker/compat/visdom": {"tracker", "tracker/compat", "tracker/store/read", "tracker/values"},
    "dashboard/http": set(),
    "dashboard/curves": set(),
    "dashboard/embeddings": set(),
    "dashboard/hparams": set(),
    "dashboard/choosing": {"dashboard/live"},
    "dashboard/profiles": {"dashboard/http"},
    "dashboard/graph": {"dashboard/profiles"},
    "dashboard/histograms": {"dashboard/http", "dashboard/curves"},
    "dashboard/export": {"dashboard/http", "dashboard/curves"},
    "dashboard/live": {"dashboard/http"},
    "dashboard/alerts": {"dashboard/http", "dashboard/curves", "dashboard/live"},
    "dashboard/api": {
        "dashboard/http", "dashboard/live", "dashboard/curves", "dashboard/histograms", "dashboard/graph",
        "dashboard/profiles", "dashboard/embeddings", "dashboard/hparams", "dashboard/export", "dashboard/serving",
        "dashboard/diff", "dashboard/alerts", "dashboard/receive",
    },
    "dashboard/receive": set(),
    "dashboard/visdom": {"dashboard/http"},
    "dashboard/serving": {"dashboard/http", "dashboard/live"},
    "dashboard/brief": {"dashboard/live"},
    "dashboard/diff": {"dashboard/brief", "dashboard/live"},
    "dashboard/mcp": {"dashboard/brief", "dashboard/http", "dashboard/live"},
    "dashboard/server": {
        "dashboard/http", "dashboard/live", "dashboard/api", "dashboard/visdom", "dashboard/serving", "dashboard/alerts",
        "dashboard/receive",
    },
    "dashboard/commands": {
        "dashboard/http", "dashboard/live", "dashboard/export", "dashboard/server", "dashboard/brief",
        "dashboard/mcp", "dashboard/diff", "dashboard/alerts", "dashboard/receive", "dashboard/choosing",
    },
}  # fmt: skip
"""Whom a room may know within its package, as docs/design.md draws it. Tracker's and dashboard's own folders, where
everything is put together, may know all."""

ACROSS = {
    ("tracker/findings/examine.py", "tracker/findings/detectors"): "who asks all detectors lists their folder",
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

CORE = {
    "trainer.autograd", "trainer.function", "trainer.ops", "trainer.ops.activation", "trainer.ops.conv",
    "trainer.ops.convert", "trainer.ops.elementwise", "trainer.ops.index", "trainer.ops.inplace", "trainer.ops.linalg",
    "trainer.ops.loss", "trainer.ops.normalize", "trainer.ops.pad", "trainer.ops.pool", "trainer.ops.reduce",
    "trainer.ops.select", "trainer.ops.shape", "trainer.promotion", "trainer.tensor",
}  # fmt: skip
"""A tensor has operations, which make tensors, whose gradients are operations: the one circle that is inherent."""

CIRCLES = [
    CORE,
    {"trainer.nn.module", "trainer.graph", "trainer.summary"},  # a module draws and sums up itself, when it is asked
]
"""Modules that know each other, lazily or not; no others may."""

FRONT = {("trainer.methods", "trainer")}
"""Who asks its own package's front, when it is called."""


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


BREACHES: list[Breach] = [
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
    (circles_are_known_by_name, "tracker/series/stretch.py", "\nfrom tracker.series import envelope\n"),
    (
        circles_are_known_by_name,
        "tracker/store/read/wal.py",
        "\ndef f():\n    from tracker.store.read import journal\n",
    ),
    (cupy_is_imported_in_one_place, "trainer/ops/conv.py", "\nimport cupy\n"),
]
