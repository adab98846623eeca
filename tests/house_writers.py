"""Rules of files: who may open one for writing, who asks SQL, and that nothing stored is ever executed."""

from __future__ import annotations

import ast
import re
from functools import cache

from house_tree import Breach, Tree, every_import, parsed, python

ONLY_READS = {
    ("dashboard/live/user_edits.py", "tracker.store.write.page_file"): "page.sqlite, which no run's writer knows",
    ("dashboard/live/user_edits.py", "tracker.store.write.page_findings"): "page.sqlite likewise",
    ("dashboard/live/pane_edits.py", "tracker.store.write.page_panes"): "page.sqlite likewise",
    ("dashboard/live/kept_cases.py", "tracker.store.write.page_cases"): "page.sqlite likewise",
    ("dashboard/live/proposals.py", "tracker.store.write.page_proposals"): "page.sqlite likewise",
    **dict.fromkeys(
        [(f"dashboard/alerts/{name}.py", "tracker.store.write.alert_file") for name in ("kept", "outbox", "watcher")],
        "the alerts of a logdir, a file that no run's writer knows",
    ),
    ("dashboard/alerts/outbox.py", "tracker.store.write.alert_journal"): "what became of them, beside that file",
    (
        "dashboard/live/forks.py",
        "tracker.start",
    ): "a copy of a run under a new name, finished at once; see tracker.init",
    **dict.fromkeys(
        [(f"dashboard/visdom/{name}.py", "tracker.compat.visdom.windows") for name in ("protocol", "worker")],
        "what Visdom's clients send is written by nobody else: runs of their own, on a port that is asked for",
    ),
    **dict.fromkeys(
        [(f"dashboard/{name}.py", "tracker.receive.receiver") for name in ("api/segments", "receive/waiting")],
        "segments whose writers are elsewhere, in files that no run here writes, on a server that is asked for",
    ),
}
"""Where the dashboard knows a part of the writing side, and why that writes no run."""

OPENS_TO_WRITE = {
    "tracker/postgres/engine.py": "a database elsewhere, and no file",
    "tracker/postgres/file_cache.py": "files of runs in a database, in the user's cache",
    "tracker/store/read/journal.py": "a private copy, in which a journal is played back",
    "tracker/store/read/read_only.py": "a copy of a run that is restored from the trash",
    "tracker/doctor.py": "viz doctor --repair",
    "tracker/repair/salvage.py": "viz doctor --repair: the damaged file is kept beside what was saved of it",
    "tracker/pruning/segment_media.py": "viz prune: a private copy without media, which takes the file's place",
    "tracker/pruning/segment_points.py": "viz pack: a private copy with the same points, which takes the file's place",
    "tracker/foreign/mirror.py": "the lock of a folder in the user's cache",
    "tracker/foreign/mirrored_once.py": "what the last look at a logdir found, in the user's cache folder",
    "tracker/foreign/growing_file.py": "event files, for TensorBoard",
    "tracker/foreign/plugin_files.py": "what TensorBoard's plugins read, beside the event files of an export",
    "tracker/compat/run_writer.py": "export_scalars_to_json, whose caller names the file",
    "tracker/compat/visdom/session.py": "log_to_filename, whose caller names the file",
    "tracker/recorder/folder.py": "recordings and states, beside the segments of their run",
    "tracker/recorder/tree.py": "members of such a file",
    "tracker/ship/lock.py": "locks of who sends a logdir and who receives into one, in the user's cache",
    "tracker/ship/background.py": "what a sender that a run began has to say, beside its lock",
    "tracker/values/stored_array.py": "np.save into memory",
    "tracker/store/read/models.py": "StoredModel.save, whose caller names the folder",
    "dashboard/alerts/owner_key.py": "the key of who arms rules, in the user's cache",
    "dashboard/cli.py": "the null device, in the place of an output that nobody reads any more",
    "dashboard/api/export.py": "a download, in a file without a name",
    "dashboard/commands/export.py": "viz export -o",
    "dashboard/commands/predict.py": "viz predict -o",
    "dashboard/embeddings/map_worker.py": "a map, in a folder of this question's",
    "dashboard/embeddings/maps.py": "maps, in the user's cache",
    "dashboard/live/cache_writer.py": "the index of a logdir, in the user's cache",
    "dashboard/curves/curve_cache.py": "curves of finished runs, in the user's cache",
    "dashboard/live/trash.py": "which run moves where, so that a move that was stopped is finished",
    "dashboard/live/tombstones.py": "which segments that others sent were deleted, so that they do not come back",
}
"""Who opens a file for writing beside tracker/store/write, and what for: none of these is a run's."""

ASKS_SQL = {
    "dashboard/commands/sql.py": "viz sql: the tables that the user's own SQL asks, in a file of this question's",
}
"""Files of the dashboard that hold SQL; all else asks tracker/store/read."""


def the_dashboard_only_reads(tree: Tree) -> list[str]:
    """What shows runs can write none: no writer is within its reach."""
    writers = {
        "tracker.run", "tracker.start", "tracker.recording", "tracker.compat.visdom.windows", "tracker.receive.receiver",
    }  # fmt: skip
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


@cache
def opened_to_write(text: str) -> tuple[tuple[int, str], ...]:
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
    return tuple(found)


def files_are_opened_to_write_in_one_room(tree: Tree) -> list[str]:
    """A segment has one writing connection. Who else opens a file for writing stands in OPENS_TO_WRITE."""
    return [
        f"{place}:{line} {call}"
        for place in python(tree)
        if place.startswith(("tracker/", "dashboard/")) and not place.startswith("tracker/store/write/")
        if place not in OPENS_TO_WRITE
        for line, call in opened_to_write(tree[place])
    ]


SQL = re.compile(r"\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s|DELETE\s+FROM\s|CREATE\s|PRAGMA\s|ATTACH\s)")


def the_dashboard_asks_no_sql(tree: Tree) -> list[str]:
    """Tables are the store's matter; what the dashboard wants to know it asks tracker/store/read."""
    return [
        f"{place}:{line} {asked!r}"
        for place in python(tree)
        if place.startswith("dashboard/") and place not in ASKS_SQL
        for line, asked in asked_sql(tree[place])
    ]


@cache
def asked_sql(text: str) -> tuple[tuple[int, str], ...]:
    """Line and beginning of each string that is SQL."""
    return tuple(
        (node.lineno, node.value.strip()[:60])
        for node in ast.walk(parsed(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    )


FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}

FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "joblib", "yaml"}


def nothing_stored_is_ever_executed(tree: Tree) -> list[str]:
    """No pickle, no eval: a run from elsewhere is data, whatever it holds."""
    return [f"{place}{said}" for place in python(tree) for said in executed(tree[place])]


@cache
def executed(text: str) -> tuple[str, ...]:
    """What a file does of the kind, to be said after its place."""
    modules = {module.partition(".")[0] for module in every_import(text)} & FORBIDDEN_MODULES
    found = [f" imports {module}" for module in sorted(modules)]
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            found.append(f":{node.lineno} calls {node.func.id}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "load":
            pickled = [keyword.value for keyword in node.keywords if keyword.arg == "allow_pickle"]
            if not all(isinstance(value, ast.Constant) and value.value is False for value in pickled):
                found.append(f":{node.lineno} loads what is pickled")
    return tuple(found)


BREACHES: list[Breach] = [
    (the_dashboard_only_reads, "dashboard/api/runs.py", "\nfrom tracker.store.write.appender import Appender\n"),
    (the_dashboard_only_reads, "dashboard/commands/doctor.py", "\nfrom tracker.run import Run\n"),
    (the_dashboard_only_reads, "dashboard/api/panes.py", "\nfrom tracker.compat.visdom.windows import Windows\n"),
    (files_are_opened_to_write_in_one_room, "dashboard/live/poller.py", "\nsqlite3.connect(path)\n"),
    (files_are_opened_to_write_in_one_room, "tracker/foreign/intake.py", "\nsa.create_engine('sqlite://')\n"),
    (files_are_opened_to_write_in_one_room, "tracker/store/read/run.py", "\nPath('x').write_text('')\n"),
    (files_are_opened_to_write_in_one_room, "dashboard/live/catalog.py", "\nopen('x', mode='ab')\n"),
    (files_are_opened_to_write_in_one_room, "tracker/logdir.py", "\nos.open('x', os.O_RDWR)\n"),
    (the_dashboard_asks_no_sql, "dashboard/live/catalog.py", "\nASK = 'SELECT tag FROM series'\n"),
    (the_dashboard_asks_no_sql, "dashboard/api/media.py", "\nASK = f'''\n  PRAGMA {'x'}'''\n"),
    (nothing_stored_is_ever_executed, "tracker/store/read/records.py", "\nimport pickle\n"),
    (nothing_stored_is_ever_executed, "dashboard/api/runs.py", "\neval('1')\n"),
]
