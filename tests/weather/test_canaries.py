"""Whatever lies in a logdir, no route and no command changes anything outside of it, or what it only reads.

The routes are those of the application's own tables, Dash's included, the commands those of its parser, and the methods
those of a run: one that is added and not asked here fails the test.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import itertools
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import every_kind
import numpy as np
import pytest
from every_kind import PANES, TAGS
from harmed import HARM, JOURNALS
from odd_requests import BODIES, QUERIES, RIGHT
from starlette.routing import Mount, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import tracker
import trainer
from dashboard import cli
from dashboard.export import files
from dashboard.server.application import create_app
from dashboard.server.settings import Settings, index_file
from tracker import logdir as logdirs
from tracker.store.read.run import StoredRun

Harm = Callable[[Path, Path], object]
"""Done to a segment's file; the other path is of a file of the user's."""


def links_to(name: str) -> Harm:
    """A link to the user's file beside a segment, called as a file of ours is."""

    def link(path: Path, victim: Path) -> None:
        path.with_name(name.format(path.name)).symlink_to(victim)

    return link


def leads_out(path: Path, victim: Path) -> None:
    """A move that is written down as begun, of the user's file."""
    moves = path.parents[1] / logdirs.TRASH_FOLDER / ".moves"
    moves.mkdir(parents=True)
    outside = os.path.relpath(victim.parent, path.parents[1])
    for number, (source, target) in enumerate(((outside, "stolen"), (path.parent.name, outside))):
        plan = {"from": source, "to": target, "files": [victim.name, path.name]}
        (moves / f"{number}.json").write_text(json.dumps(plan))


def is_link(path: Path, victim: Path) -> None:
    """A folder of runs that is a link to the user's."""
    (path.parents[1] / "linked").symlink_to(victim.parent)


def page_journal(path: Path, victim: Path) -> None:
    """The page's own file with a journal that names the user's."""
    from dashboard.live import user_edits

    user_edits.write(path.parent, "note", "x")
    page = path.parent / logdirs.PAGE_FILE
    Path(f"{page}-journal").write_bytes(JOURNALS[0](page, victim))


OUTWARDS: dict[str, Harm] = {
    **{f"journal {each.__name__}": lambda path, victim, each=each: Path(f"{path}-journal").write_bytes(each(path, victim))  # type: ignore[misc]
       for each in JOURNALS},
    **{f"a link called {name}": links_to(name) for name in (
        "{}-wal", "{}-shm", "{}-journal", "page.sqlite", "page.sqlite-journal", ".claimed", ".{}.saved", ".{}.saving", ".{}.unborn",
        ".{}.unborn-x", "{}.damaged", "events.out.tfevents.1.host", "events.other.sqlite", "wandb-summary.json", "trainer_state.json",
    )},
    "the page's journal": page_journal,
    "a folder is a link": is_link,
    "the trash is a link": lambda path, victim: (path.parents[1] / logdirs.TRASH_FOLDER).symlink_to(victim.parent),
    "a move leads out": leads_out,
}  # fmt: skip
ALL: dict[str, Harm] = {
    **{name: lambda path, _, harm=harm: harm(path) for name, harm in HARM.items()},  # type: ignore[misc]
    **OUTWARDS,
}
"""Every way in which a run is made to do harm."""


def some(first: int, step: int) -> dict[str, Harm]:
    """So many of them for a plain run of the tests; between them the tests have all."""
    return dict(itertools.islice(ALL.items(), first, None, step))


class World:
    """A home, a folder for temporary files, a logdir, and files of the user's around all of them.

    Args:
        root: Where.
        base: A run of all kinds, which is copied.
        harms: What is done to a copy of it, each to one; all in one logdir.
    """

    def __init__(self, root: Path, base: Path, harms: dict[str, Harm]) -> None:
        self.root = root
        self.logdir, self.home, self.temporary, self.out = (root / name for name in ("runs", "home", "tmp", "out"))
        self.victim = self.home / "thesis.tex"
        for place in (self.logdir, self.home / ".cache" / "other", self.temporary / "everystep-of-mine", self.out):
            place.mkdir(parents=True)
            (place / "precious.txt").write_text(f"of {place.name}")
        for place in (self.victim, root / "beside.txt", root / "events.beside.sqlite", self.home / "page.sqlite"):
            place.write_text("years of work")
        for path in (self.victim, root / "beside.txt"):
            path.chmod(0o640)
        self.runs = {harm: f"r{number:02d}" for number, harm in enumerate(harms)}
        for name in ("good", *self.runs.values()):
            shutil.copytree(base, self.logdir / name)
        (path,) = logdirs.segment_files(self.logdir / "good")
        for harm, name in self.runs.items():
            harms[harm](self.logdir / name / path.name, self.victim)

    @contextlib.contextmanager
    def lived_in(self) -> Iterator[World]:
        """Within it programs find their way around here."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.root)
            for name, place in (
                ("HOME", self.home),
                ("XDG_CACHE_HOME", self.home / ".cache"),
                ("TMPDIR", self.temporary),
            ):
                patch.setenv(name, str(place))
            patch.setattr(tempfile, "tempdir", str(self.temporary))
            yield self

    def seen(self, *, inside: bool) -> dict[str, object]:
        """All that is around, or in the logdir too, with content, mode, and time of change.

        What is ours to write is left out: our own folder of the cache and what an export is asked to make; and of a
        database that is read the index of its WAL file, which SQLite makes anew.
        """
        found: dict[str, object] = {}
        for place, folders, names in os.walk(self.root):
            ours = [".cache/everystep"] if inside else [".cache/everystep", "runs"]
            folders[:] = [
                each for each in folders if not f"{place}/{each}".endswith(tuple(f"/{name}" for name in ours))
            ]
            folders[:] = [name for name in folders if not name.startswith("made-")]
            for name in (*folders, *names):
                path = Path(place, name)
                about = path.lstat()
                if name.startswith("made-") or (inside and name.endswith("-shm")):
                    continue
                if stat.S_ISREG(about.st_mode):
                    with path.open("rb") as file:  # one of them is 20 GB of nothing
                        digest = hashlib.sha256(file.read(1 << 22)).hexdigest()
                    said: object = (digest, about.st_size, about.st_mtime_ns, about.st_ino, about.st_nlink)
                else:
                    said = os.readlink(path) if path.is_symlink() else ""
                found[os.path.relpath(path, self.root)] = (oct(about.st_mode), said)
        return found

    @contextlib.contextmanager
    def unchanged(self, what: str, *, inside: bool) -> Iterator[None]:
        """After the block all is as it was."""
        before = self.seen(inside=inside)
        yield
        after = self.seen(inside=inside)
        changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        assert not changed, f"{what} changed {[(path, before.get(path), after.get(path)) for path in changed[:5]]}"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a value of every kind."""
    logdir = tmp_path_factory.mktemp("base")
    with tracker.init(logdir=logdir, name="base", machine=False, config={"lr": 0.1}) as run:
        for step in range(300):
            run.log({"train/loss": 1.0 / (step + 1), "val/loss": 2.0}, step=step)
        for kind in ("graph", "embedding", "mesh", "layout", "text", "pr_curve", "confusion", "profile", "table"):
            run.log({TAGS[kind]: every_kind._small(kind)}, step=3)
        pixels = np.zeros((4, 4, 3), np.uint8)
        run.log({TAGS["histogram"]: tracker.Histogram([1.0, 2.0])}, step=3)
        run.log({TAGS["image"]: tracker.Image(pixels), TAGS["video"]: tracker.Video(np.stack([pixels] * 2))}, step=3)
        run.log({TAGS["audio"]: tracker.Audio(np.zeros(100), 8000)}, step=3)
        run.log({TAGS["figure"]: tracker.Figure({"data": [], "layout": {}})}, step=3)
        run.mark("here", step=3)
        run.pane(PANES[0], "words")
        run.pane(PANES[2], tracker.Curves({"y": [1.0, 2.0]}))
        run.log_model(trainer.nn.Linear(1, 2), "mine", inputs=(None, 1), step=3)
    return logdir / "base"


# --- routes ------------------------------------------------------------------------------------------------


def tables(app: Any, client: TestClient) -> set[tuple[str, str]]:
    """(method, path) of every route of an application, below "/dash" those of Dash."""
    parts = inspect.getclosurevars(app._app).nonlocals
    assert client.get("/dash/_dash-layout").status_code == 200  # it is imported when it is asked for
    found = set(_routes(parts["web"].routes))
    return found | {(method, path) for method, path in _routes(parts["dash"]._part._server.routes)}


def _routes(routes: Any) -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Mount) and not hasattr(route.app, "_part"):  # a folder of files
            yield "GET", f"{route.path}/{{filename:path}}"
        elif isinstance(route, Mount):
            yield from _routes(route.app._part.routes)
        elif isinstance(route, WebSocketRoute):
            yield "WEBSOCKET", route.path
        else:
            yield from ((method, route.path) for method in route.methods or ("GET",))


DASH = {
    "/dash/": "", "/dash/{path:path}": "x", "/dash/_dash-layout": "", "/dash/_dash-dependencies": "", "/dash/_reload-hash": "",
    "/dash/_favicon.ico": "", "/dash/_dash-update-component": "", "/dash/_dash-ws-callback": "", "/dash/assets/{filename:path}": "",
}  # fmt: skip
KINDS_OF: dict[str, tuple[str, ...]] = {
    "/api/v1/histograms": ("histogram",), "/api/v1/histograms/merged": ("histogram",), "/api/v1/histograms/step": ("histogram",),
    "/api/v1/media": ("image", "audio", "video", "text", "table", "figure"), "/api/v1/graph": ("graph",), "/api/v1/layout": ("layout",),
    "/api/v1/graph/overview": ("graph",), "/api/v1/quality": ("pr_curve",), "/api/v1/confusion": ("confusion",), "/api/v1/mesh": ("mesh",),
    **{f"/api/v1/embedding{rest}": ("embedding",) for rest in ("", "/sprites", "/neighbours", "/axis", "/map")},
}  # fmt: skip
"""What a route asks for; scalars elsewhere."""

CHANGES = (
    "/api/v1/shelf", "/api/v1/runs/said", "/api/v1/trash", "/api/v1/runs/fork", "/api/v1/panes/places",
    "/api/v1/panes/close", "/api/v1/panes/events", "/api/v1/cases",
)  # fmt: skip
"""Routes that may write into the logdir."""


class Visitor:
    """Asks a server whatever it can be asked, of one run after the other."""

    def __init__(self, client: TestClient, hashes: list[str]) -> None:
        self._client = client
        self._hashes = hashes
        self._draw = random.Random(0)

    def ask(self, method: str, path: str, run: str) -> None:
        """One route, for each kind that it knows."""
        for kind in KINDS_OF.get(path, ("scalar",)):
            self._ask(method, path, {"run": run, "runs": [run], "tag": TAGS[kind], "kind": kind})

    def _ask(self, method: str, path: str, said: dict[str, Any]) -> None:
        if path == "/dash/_dash-ws-callback":  # which is let through to nobody
            with pytest.raises(WebSocketDisconnect), self._client.websocket_connect(path):
                pass
            return
        if method == "WEBSOCKET":
            with self._client.websocket_connect(f"ws://127.0.0.1:6006{path}") as tab:
                tab.send_text(json.dumps({"watch": [said["tag"]], "ping": 1}))
                tab.receive()
            return
        if path.startswith("/live"):
            tab = self._client.post("/live", json={}).json()["tab"]
            if "{" in path:
                # Who asks is held until there is news; a ping is answered at once.
                heard = self._client.post(f"/live/{tab}", json={"watch": [said["tag"]], "ping": 1})
                assert heard.status_code < 300
                assert method == "POST" or self._client.request(method, f"/live/{tab}").status_code < 300
            return
        if path.startswith("/dash"):
            self._client.request(method, path.partition("{")[0] + "x" * ("{" in path), json={})
            return
        if path == "/api/v1/shelf":
            said["kind"] = "view"
        if path == "/api/v1/embedding/map":
            said["method"] = "unknown"  # else a process of its own, which outlives the question
        names = (BODIES if method == "POST" else QUERIES)[_known(path)]
        words = {
            name: said.get(name, self._right(name))
            for name in names
            if name not in ("start", "stop", "x", "p", "token")
        }
        for name in ("hash", "name", "digest"):
            path = path.replace(f"{{{name}}}", str(words.get(name) or self._hashes[0])).replace(
                f"{{{name}:path}}", "app.js"
            )
        if method == "POST":
            for form in files.FORMS if path.endswith("export") else [None]:
                answer = self._client.post(path, json={**words, "form": form, "restore": self._draw.random() < 0.5})
                assert answer.status_code < 500 or answer.status_code == 503, (path, said, answer.text)
            return
        query = "&".join(
            f"{name}={quote(each if isinstance(each, str) else json.dumps(each))}" for name, each in words.items()
        )
        answer = self._client.request(method, f"{path}?{query}")
        assert answer.status_code < 500 or answer.status_code == 503, (path, said, answer.text)

    def _right(self, name: str) -> Any:
        if name == "hash":
            return self._draw.choice(self._hashes)
        return (RIGHT.get(name) or ("x",))[0]


def _known(path: str) -> str:
    """A path as `odd_requests` has it."""
    return "/assets/{name}" if path.startswith("/assets/") else path


def settings_of(world: World, *, read_only: bool = False) -> Settings:
    from dashboard.live.tfevents_mirror import prepare

    return Settings(world.logdir, read_only=read_only, mirror=prepare(world.logdir), index=index_file(world.logdir))


def visit(world: World, each: int | None) -> None:
    """Every route, of every run or of some of them; those that may write last."""
    hashes = every_kind_hashes(world.logdir / "good")
    names = list(world.runs.values())
    app = create_app(settings_of(world))
    with world.unchanged("serving", inside=False), TestClient(app, base_url="http://127.0.0.1:6006") as client:
        routes = sorted(tables(app, client))
        assert len(routes) > 60, "the tables were not found"
        unknown = {path for _, path in routes} - {*QUERIES, *BODIES, *DASH, "/live", "/live/{tab}"}
        assert {path for path in unknown if not path.startswith(("/assets/", "/dash/_dash-component-suites"))} == set()
        visitor, turn = Visitor(client, hashes), itertools.cycle(names)
        for is_change in (False, True):
            with world.unchanged("reading", inside=True) if not is_change else contextlib.nullcontext():
                for method, path in routes:
                    if (method == "POST" and path in CHANGES) == is_change:
                        for name in names if each is None else [next(turn) for _ in range(each)]:
                            visitor.ask(method, path, name)


def every_kind_hashes(folder: Path) -> list[str]:
    from asking import hashes_of

    return hashes_of(folder)


def test_no_route_changes_anything_outside(tmp_path: Path, base: Path) -> None:
    """Each route is asked of some hostile run, and each of these by some route."""
    with World(tmp_path, base, some(0, 2)).lived_in() as world:
        visit(world, 1)


@pytest.mark.long
def test_no_route_changes_anything_outside_whatever_it_is_asked(tmp_path: Path, base: Path) -> None:
    """Each route of each hostile run; and a server that may only read changes nothing at all."""
    with World(tmp_path, base, ALL).lived_in() as world:
        app = create_app(settings_of(world, read_only=True))
        with TestClient(app, base_url="http://127.0.0.1:6006") as client, world.unchanged("read-only", inside=True):
            visitor = Visitor(client, every_kind_hashes(world.logdir / "good"))
            for method, path in sorted(tables(app, client)):
                for name in world.runs.values():
                    visitor.ask(method, path, name)
        visit(world, None)


# --- commands ----------------------------------------------------------------------------------------------

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
    "watch", "ship", "copy", "prune",
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

            with urllib.request.urlopen(f"{base_address.rstrip('/')}/api/v1/runs", timeout=30) as answer:
                assert len(json.load(answer)["runs"]) > 10
            server.terminate()
            assert server.wait(30) == 0
        finally:
            server.kill()
            server.communicate()


# --- programs ----------------------------------------------------------------------------------------------

METHODS: dict[str, list[tuple[Any, ...]]] = {
    "segments": [()], "problems": [()], "tags": [(), ("scalar",)], "scalars": [("train/loss",)], "envelope": [("train/loss", 100)],
    "histograms": [("weights",)], "media": [(kind, tag) for kind, tag in TAGS.items() if kind not in ("scalar", "histogram")],
    "media_steps": [("image", "picture")], "images": [("picture",)], "audio": [("sound",)], "videos": [("film",)], "text": [("words",)],
    "tables": [("cells",)], "figures": [("plot",)], "pr_curves": [("quality",)], "embedding": [("points",)], "meshes": [("surface",)],
    "layout": [("pages",)], "confusions": [("matrix",)], "graph": [()], "profile": [()], "environment": [()], "console": [()], "marks": [()],
    "blob": [("0" * 32,)], "held": [()], "panes": [()], "pane": [(PANES[0],), (PANES[2], 1)],
    "commands": [()], "controls": [()], "models": [()], "model": [("mine",), ("mine", 3)], "findings": [()],
}  # fmt: skip
PROPERTIES = {"status", "config", "started"}


def test_no_method_of_a_run_changes_anything(tmp_path: Path, base: Path) -> None:
    """Of some hostile runs."""
    public = {name for name in dir(StoredRun) if not name.startswith("_")}
    assert public == {*METHODS, *PROPERTIES}
    ask_methods(tmp_path, base, some(2, 4))


@pytest.mark.long
def test_no_method_of_a_run_changes_anything_of_any(tmp_path: Path, base: Path) -> None:
    """Of all."""
    ask_methods(tmp_path, base, ALL)


def ask_methods(root: Path, base: Path, harms: dict[str, Harm]) -> None:
    """Every one, of each run."""
    with World(root, base, harms).lived_in() as world, world.unchanged("tracker.open", inside=True):
        store = tracker.open("runs")
        for run in store.runs():
            for name, calls in METHODS.items():
                for arguments in calls:
                    with contextlib.suppress(tracker.errors.TrackerError, FileNotFoundError):
                        found = getattr(run, name)(*arguments)
                        for item in found if name == "media" else ():
                            item.data
                        if name == "pane":
                            found.content
            for name in PROPERTIES:
                getattr(run, name)
        with contextlib.suppress(ImportError, tracker.errors.TrackerError):
            store.to_pandas()
