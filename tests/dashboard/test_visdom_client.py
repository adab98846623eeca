"""Visdom's own client, as it is installed, against our port: what it does is seen, and it hears what is done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from served import Served
from visdom_served import Sender, port_of, serving_visdom

import tracker

pytestmark = pytest.mark.skipif(
    find_spec("visdom") is None, reason="needs Visdom's client: pip install --no-build-isolation visdom==0.2.4"
)

PROGRAM = Path(__file__).resolve().parents[1] / "visdom_program.py"
TOKEN = "a token of the tests"


class Program:
    """A process that uses the client."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip

    def does(self, task: str, *words: str) -> None:
        """Has a program that was begun without words do something."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([task, *words]) + "\n")
        self.process.stdin.flush()

    def says(self) -> Any:
        """The next line that it prints."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, errors = self.process.communicate()
            raise AssertionError(f"the client ended:\n{errors}")
        return json.loads(line)

    def end(self) -> None:
        """Ends it."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def program() -> Iterator[Callable[..., Program]]:
    """Starts programs; ended with the test."""
    started: list[Program] = []

    def start(*words: str) -> Program:
        started.append(Program(*words))
        return started[-1]

    yield start
    for each in started:
        each.end()


@pytest.fixture(scope="module")
def client() -> Iterator[Program]:
    """A program that does what tests of this file ask for, one after the other."""
    begun = Program()
    yield begun
    begun.end()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that lets everybody of this machine in."""
    with serving_visdom(tmp_path_factory.mktemp("client") / "runs", "--no-token") as found:
        yield found


def page(served: Served) -> Sender:
    return Sender(int(served.base.rpartition(":")[2]))


TYPES = {
    "text": ["text_basic", "text_update", "misc_getset_state"],
    "image": ["image_basic", "image_save_jpeg", "image_history", "image_grid"],
    "svg": ["image_svg", "misc_plot_matplot"],
    "lines": ["plot_line_webgl", "plot_line_update", "misc_plot_latex_update"],
    "audio": ["misc_audio_basic"],
    "network": ["plot_special_graph"],
    "properties": ["properties_basic"],
}  # fmt: skip


def test_each_window_of_the_demo_is_a_pane(served: Served, client: Program) -> None:
    """Everything that its published demo shows, by HTTP of the page; each is told again."""
    client.does("show_all", str(port_of(served)))
    wins, about = client.says(), client.says()
    listed = json.loads(page(served).ask("GET", "/api/v1/panes?run=demo").text)
    panes = {pane["id"]: pane for pane in listed["panes"]}
    assert set(wins.values()) == set(panes), "a window is missing, or one that was closed is there"
    types = {name: kind for kind, names in TYPES.items() for name in names}
    assert {name: panes[win]["type"] for name, win in wins.items()} == {name: types.get(name, "plot") for name in wins}
    sender = Sender(port_of(served))
    for name, win in wins.items():
        assert json.loads(sender("win_data", win=win, eid="demo"))["content"] or name == "plot_surface_remove", name
        assert page(served).ask("GET", f"/api/v1/pane?run=demo&id={win.replace(' ', '+')}").status == 200
    update = json.loads(sender("win_data", win=wins["plot_line_update"], eid="demo"))["content"]["data"]
    assert {trace["name"]: len(trace["x"]) for trace in update} == {"1": 20, "2": 29, "4": 9}
    scatter = json.loads(sender("win_data", win=wins["plot_scatter_append"], eid="demo"))["content"]["data"]
    assert sum(len(trace["x"]) for trace in scatter) == 3 * 255
    webgl = json.loads(sender("win_data", win="WebGL demo", eid="demo"))["content"]["data"]
    assert [len(trace["x"]) for trace in webgl] == [40_000]
    assert json.loads(sender("win_data", win=wins["misc_getset_state"], eid="demo"))["content"] == "test two"
    assert (set(about["environments"]) >= {"main", "demo"}, json.loads(about["saved"])) == (True, ["demo"])
    assert len(about["hash"]) == 32


EVENTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("text", {"kind": "key", "key": "a", "key_code": 65}, {"event_type": "KeyPress", "key": "a", "key_code": 65}),
    ("image", {"kind": "click", "image_x": 3, "image_y": 4}, {"event_type": "Click", "image_coord": {"x": 3, "y": 4}}),
    ("sheet", {"kind": "change", "name": "Select", "id": 4, "value": 2}, {"event_type": "PropertyUpdate", "propertyId": 4, "value": 2}),
    ("plot", {"kind": "click", "x": 1, "y": 2, "name": "1", "curve": 0, "point": 1}, {"event_type": "Click", "x": 1, "y": 2}),
    ("text", {"kind": "close"}, {"event_type": "close"}),
]  # fmt: skip


def test_what_is_done_on_the_page_reaches_its_handlers(served: Served, client: Program) -> None:
    """`register_event_handler`: by WebSocket, by asking again and again, and below the page's own port."""
    own = str(port_of(served))
    client.does("hear", own, own, f"{served.base.rpartition(':')[2]}/visdom")
    windows = client.says()
    for way, wins in windows.items():
        for window, said, expected in EVENTS:
            body = json.dumps(
                {"run": "main", "pane": wins[window], **(said if said["kind"] != "close" else {})}
            ).encode()
            path = "/api/v1/panes/close" if said["kind"] == "close" else "/api/v1/panes/events"
            answer = page(served).ask("POST", path, body, content_type="application/json")
            assert answer.status == 200, answer
            event = client.says()
            assert (event["way"], event["window"], event["target"], event["eid"]) == (way, window, wins[window], "main")
            assert {key: event[key] for key in expected} == expected
            assert event["pane_data"]["id"] == wins[window]
        assert Sender(port_of(served))("win_exists", win=wins["text"]) == "false"


@pytest.mark.long
def test_two_programs_of_eight_threads(served: Served, program: Callable[..., Program]) -> None:
    """Each point is there, in the windows of one and in those that many write into; and it is a run like any."""
    programs = [program("write", str(port_of(served)), "", name, "25") for name in ("first", "second")]
    assert [each.says() for each in programs] == ["done", "done"]
    sender, steps = Sender(port_of(served)), [float(step) for step in range(25)]
    for env in ("first", "second"):
        for number in range(4):
            assert sender.points(f"{env} {number}", eid=env) == [steps, [step / 8 for step in steps]]
        x, y = sender.points("shared", eid=env)
        assert sorted(x) == sorted([0.0, *steps * 4])
        assert y == [each / 8 for each in x]
    run = tracker.open(served.logdir).run("second")
    (trace,) = run.pane("second 3").content["traces"]
    assert run.scalars(trace["y"]).value.tolist() == [step / 8 for step in steps]


def test_it_shows_the_token_as_its_password(tmp_path: Path, client: Program, program: Callable[..., Program]) -> None:
    """By its own arguments; with another one it says itself that it was not let in."""
    with serving_visdom(tmp_path / "runs", "--token", TOKEN) as served:
        port = str(port_of(served))
        client.does("write", port, TOKEN, "main", "1")
        wrong = program("write", port, "x" * 20, "main", "1")
        assert client.says() == "done"
        with pytest.raises(AssertionError, match="Authentication failed"):
            wrong.says()
        assert Sender(int(port), headers={"authorization": f"Bearer {TOKEN}"}).points("main 0") == [[0.0], [0.0]]


@pytest.mark.skipif(
    "EVERYSTEP_VISDOM_DEMO" not in os.environ, reason="set EVERYSTEP_VISDOM_DEMO to Visdom's example folder"
)
def test_the_published_demo_runs_as_it_is(tmp_path: Path) -> None:
    """The script that Visdom publishes, unmodified, to its end: it makes sixty windows and more."""
    folder = Path(os.environ["EVERYSTEP_VISDOM_DEMO"])
    with serving_visdom(tmp_path / "runs", "--no-token") as served:
        port = str(port_of(served))
        words = ["-W", "ignore", "demo.py", "-port", port, "-server", "http://127.0.0.1", "-testing", "-env", "demo"]
        done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=110)
        assert done.returncode == 0, done.stderr
        assert "experienced an exception" not in done.stdout
        panes = tracker.open(tmp_path / "runs").run("demo").panes()
    assert len(panes) >= 50, done.stdout
