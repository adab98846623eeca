"""Panes over HTTP: listed, shown, moved, closed, clicked, forked; and what their documents may do."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import tracker
from dashboard.live.catalog import Catalog
from dashboard.server import security
from dashboard.server.application import create_app
from dashboard.server.settings import Settings
from tracker.store.read import commands

TOKEN = "a" * 43
BASE = "http://127.0.0.1:6006"


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    """A run with a few panes, finished."""
    root = tmp_path / "runs"
    with tracker.init(logdir=root, name="env/a", machine=False) as run:
        run.log({"loss": 1.0}, step=3)
        run.pane("t", "words <b>bold</b>", title="Text", width=200)
        run.pane("t", " and more", append=True)
        run.pane("h", tracker.Html("<b>bold</b>"))
        run.pane("l", tracker.Curves({"y": ([3.0, 1.0], [float("nan"), 2.0])}))
        run.pane("i", tracker.Image(np.zeros((2, 2)), masks=np.ones((2, 2), bool)))
        run.pane("p", {"data": [{"y": [1.0, float("inf")]}], "layout": {}})
        run.pane("long", tracker.Curves({"y": [1.0] * 9}))
        run.close_pane("long")
        run.pane("gone", "x")
        run.close_pane("gone")
    return root


@pytest.fixture
def client(logdir: Path) -> Iterator[TestClient]:
    """A visitor."""
    with TestClient(create_app(Settings(logdir)), base_url=BASE) as made:
        yield made


def get(client: TestClient, what: str, **query: Any) -> Any:
    answer = client.get(f"/api/v1/{what}", params={"run": "env/a", **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(client: TestClient, what: str, **body: Any) -> Any:
    return client.post(f"/api/v1/{what}", json={"run": "env/a", **body})


def test_a_list_of_panes_has_all_but_what_they_hold(client: TestClient) -> None:
    """Closed ones are left out."""
    found = get(client, "panes")
    assert {key: found[key] for key in ("run", "places", "live", "read_only")} == {
        "run": "env/a", "places": {}, "live": False, "read_only": False,
    }  # fmt: skip
    assert [pane["id"] for pane in found["panes"]] == ["t", "h", "l", "i", "p"]
    text = found["panes"][0]
    assert text.pop("wall_time") > 0
    assert text == {
        "id": "t",
        "type": "text",
        "title": "Text",
        "opts": {},
        "n": 2,
        "step": 3,
        "width": 200,
        "height": None,
    }


def test_a_pane_comes_with_what_it_holds(client: TestClient) -> None:
    """Of any of its states; what is no number is null, a picture lies under its hash."""
    assert get(client, "pane", id="t")["content"] == {"text": "words <b>bold</b> and more", "html": False}
    first = get(client, "pane", id="t", n=1)
    assert (first["content"]["text"], first["n"], first["states"]) == ("words <b>bold</b>", 1, 2)
    assert get(client, "pane", id="p")["content"]["data"] == [{"y": [1.0, None]}]
    assert get(client, "pane", id="gone")["type"] == "closed"
    picture = get(client, "pane", id="i")["items"][0]
    assert (picture["kind"], len(picture["parts"])) == ("image", 1)
    for item in (picture, *picture["parts"]):
        answer = client.get(f"/api/v1/blobs/{item['hash']}", params={"run": "env/a"})
        assert answer.headers["content-type"] == "image/webp"
    for query in ({"id": "nowhere"}, {"id": "t", "n": 3}):
        assert client.get("/api/v1/pane", params={"run": "env/a", **query}).status_code == 404
    for query in ({"id": "t", "n": 0}, {"id": ""}, {"id": "t", "n": "x"}):
        assert client.get("/api/v1/pane", params={"run": "env/a", **query}).status_code == 400


def test_points_of_a_line_pane_are_curves_whose_columns_stand_beside_each_other(client: TestClient) -> None:
    """x and y by the same steps, NaN where there is a gap."""
    (trace,) = get(client, "pane", id="l")["content"]["traces"]
    y, x = (get(client, "scalars", tag=trace[axis], start=trace["start"]) for axis in "yx")
    assert y["step_first"] == x["step_first"] == [0, 1]
    assert (x["first"], y["first"]) == ([3.0, 1.0], ["NaN", 2.0])


def test_points_of_panes_are_no_steps_of_the_training(client: TestClient) -> None:
    """Its list says how far the training is."""
    client.get("/api/v1/runs")  # which reads all, where the page's first list is a glance
    (run,) = client.get("/api/v1/runs?form=page").json()["runs"]
    assert run["step"] == 3


HTML = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '<a href="javascript:alert(1)">x</a>', "<svg onload=alert(1)>",
    "<iframe src=https://evil.example></iframe>", '<form action="https://evil.example"><button>x</button></form>',
    "<style>@import 'https://evil.example/x.css'; body { background: url(https://evil.example/x.png) }</style>",
    "<object data=https://evil.example></object>", '<meta http-equiv="refresh" content="0;url=https://evil.example">',
]  # fmt: skip


POLICY = {
    "sandbox": "", "default-src": "'none'", "style-src": "'unsafe-inline'", "img-src": "data:", "font-src": "data:",
    "base-uri": "'none'", "form-action": "'none'",
}  # fmt: skip


def test_a_document_of_a_pane_may_do_nothing(logdir: Path) -> None:
    """It is given as it is, under a policy that runs no script and asks no other host; never as a page of ours."""
    with tracker.init(logdir=logdir, name="b", machine=False) as run:
        for i, text in enumerate(HTML):
            run.pane(f"h{i}", tracker.Html(text))
            run.pane(f"t{i}", text)
    with TestClient(create_app(Settings(logdir)), base_url=BASE) as client:
        for i, text in enumerate(HTML):
            answer = client.get("/api/v1/pane/html", params={"run": "b", "id": f"h{i}"})
            said = answer.headers["content-security-policy"].split(";")
            assert dict(part.strip().partition(" ")[::2] for part in said) == POLICY
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "SAMEORIGIN"
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert answer.text == text or "<meta" in text
            plain = client.get("/api/v1/pane/html", params={"run": "b", "id": f"t{i}"})
            assert html.escape(text) in plain.text
            assert "sandbox" in plain.headers["content-security-policy"]
        assert client.get("/api/v1/pane/html", params={"run": "env/a", "id": "p"}).status_code == 404


LOOK_UPS = [
    "<link rel=dns-prefetch href=//e.example>",
    "<LINK rel=preconnect>",
    "<meta http-equiv=refresh>",
    "<Base href=x>",
]


def test_no_document_has_a_browser_look_up_another_host(logdir: Path) -> None:
    """No policy covers what a browser connects to ahead of time: the elements that ask for it are unknown ones."""
    with tracker.init(logdir=logdir, name="b", machine=False) as run:
        run.pane("h", tracker.Html(f"<p>{''.join(LOOK_UPS)}<linked>metal</linked><<link>"))
    with TestClient(create_app(Settings(logdir)), base_url=BASE) as client:
        answer = client.get("/api/v1/pane/html", params={"run": "b", "id": "h"})
    assert not re.search(r"<(link|meta|base)\b", answer.text, re.IGNORECASE)
    assert "<linked>metal</linked>" in answer.text
    assert answer.headers["x-dns-prefetch-control"] == "off"


def test_the_page_may_show_documents_of_this_server_in_a_frame(client: TestClient) -> None:
    """And of no other."""
    policy = client.get("/").headers["content-security-policy"]
    assert "frame-src 'self';" in policy
    assert "default-src 'none'" in policy


def test_places_are_kept_one_by_one(client: TestClient, logdir: Path) -> None:
    """What is not said stays; no writer's file is touched."""
    files = {path: path.read_bytes() for path in logdir.rglob("events.*")}
    assert post(client, "panes/places", places={"t": {"x": 1, "y": -2.5, "w": 300}, "h": {"title": "Renamed"}}).json() == {
        "run": "env/a", "places": {"h": {"title": "Renamed"}, "t": {"x": 1, "y": -2.5, "w": 300}},
    }  # fmt: skip
    post(client, "panes/places", places={"t": {"x": None, "w": 5}, "h": None, "<b>\n": {"folded": True}})
    assert get(client, "panes")["places"] == {"t": {"y": -2.5, "w": 5}, "<b>\n": {"folded": True}}
    (run,) = client.get("/api/v1/runs").json()["runs"]
    assert run["said"] == {}
    assert {path: path.read_bytes() for path in logdir.rglob("events.*")} == files
    assert not commands.asked(logdir / "env/a", commands.Cursor(), 100, events=True)[0]


WRONG_PLACES = [
    3, None, [], {"t": 3}, {"t": {"x": "1"}}, {"t": {"x": 1e300}}, {"t": {"q": 1}}, {"t": {"title": 3}}, {"t": {"title": "x" * 2000}}, {"t": {"closed": -1}},
    {"": {"x": 1}}, {"x" * 251: {"x": 1}}, {"t": {"folded": 1}}, {str(i): {"x": 1} for i in range(10_001)},
]  # fmt: skip


def test_what_is_no_place_is_refused(client: TestClient, logdir: Path) -> None:
    """With a sentence, and nothing of it is kept."""
    for places in WRONG_PLACES:
        answer = post(client, "panes/places", places=places)
        assert (answer.status_code, "places" in answer.text) == (400, True)
    assert not list(logdir.rglob("page.sqlite"))


def test_a_pane_that_was_closed_in_the_page_comes_back_with_something_new(client: TestClient, logdir: Path) -> None:
    """Until then it is hidden, for everyone."""
    assert post(client, "panes/close", pane="t").status_code == 200
    assert [pane["id"] for pane in get(client, "panes")["panes"]] == ["h", "l", "i", "p"]
    assert post(client, "panes/close", pane="nowhere").status_code == 404
    # The run is over: the next process that writes it is not to hear of it.
    assert not commands.asked(logdir / "env/a", commands.Cursor(), 100, events=True)[0]
    with tracker.init(logdir=logdir, name="env/a", resume="must", machine=False) as run:
        run.pane("t", "!", append=True)
    assert [pane["id"] for pane in get(client, "panes")["panes"]] == ["t", "h", "l", "i", "p"]


def until(condition: Any) -> None:
    """Waits for something that another thread does."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def test_events_reach_the_program(client: TestClient, logdir: Path) -> None:
    """With all that was said of them; the same nonce once more is the same event; a run that is over hears of nothing."""
    heard: list[Any] = []
    with tracker.init(logdir=logdir, name="live", machine=False) as run:
        run.pane("p", "x")
        run.on(None, "p", heard.append, thread=True)
        run.flush()
        for _ in range(2):
            answer = client.post(
                "/api/v1/panes/events",
                json={
                    "run": "live",
                    "pane": "p",
                    "kind": "click",
                    "nonce": "n",
                    "author": "me",
                    "x": 1.5,
                    "name": "y",
                    "deep": [{}],
                },
            )
            assert answer.status_code == 200, answer.text
        client.post("/api/v1/panes/close", json={"run": "live", "pane": "p"})
        until(lambda: len(heard) == 2)
    assert [(event.kind, event.data) for event in heard] == [
        ("click", {"x": 1.5, "name": "y", "deep": [{}]}),
        ("close", {}),
    ]
    answer = client.post("/api/v1/panes/events", json={"run": "live", "pane": "p", "kind": "click"})
    assert (answer.status_code, "is over" in answer.text) == (409, True)


def test_an_environment_is_forked(client: TestClient, logdir: Path) -> None:
    """Whole by itself, with its places; the first one is left as it is, and goes on without it."""
    files = {path: path.read_bytes() for path in logdir.rglob("events.*")}
    post(client, "panes/places", places={"t": {"x": 7}})
    assert client.post("/api/v1/runs/fork", json={"run": "env/a", "name": "env/b"}).json() == {"run": "env/b"}
    assert client.post("/api/v1/runs/fork", json={"run": "env/a", "name": "env/b"}).json() == {"run": "env/b-2"}
    assert {path: path.read_bytes() for path in files} == files
    found = client.get("/api/v1/panes?run=env/b").json()
    assert ([pane["id"] for pane in found["panes"]], found["places"], found["live"]) == (
        ["t", "h", "l", "i", "p"],
        {"t": {"x": 7}},
        False,
    )
    copy = tracker.open(logdir).run("env/b")
    assert (copy.status, copy.pane("t").content["text"]) == ("finished", "words <b>bold</b> and more")
    with tracker.init(logdir=logdir, name="env/b", resume="must", machine=False) as run:
        run.pane("t", "!", append=True)
    assert client.get("/api/v1/pane?run=env/a&id=t").json()["content"]["text"] == "words <b>bold</b> and more"
    until(lambda: {run["name"] for run in client.get("/api/v1/runs").json()["runs"]} == {"env/a", "env/b", "env/b-2"})


def test_no_fork_leads_out_of_the_logdir(client: TestClient, logdir: Path) -> None:
    """Nor into its trash."""
    before = sorted(logdir.parent.rglob("*"))
    for name in ("../outside", "/outside", "a/../../b", "", ".trash/x", "x" * 5000):
        assert client.post("/api/v1/runs/fork", json={"run": "env/a", "name": name}).status_code in (400, 409), name
    assert client.post("/api/v1/runs/fork", json={"run": "nowhere", "name": "x"}).status_code == 404
    assert sorted(logdir.parent.rglob("*")) == before


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("panes/places", {"places": {"t": {"x": 1}}}),
    ("panes/close", {"pane": "t"}),
    ("panes/events", {"pane": "t", "kind": "click"}),
    ("runs/fork", {"name": "b"}),
]


@pytest.mark.parametrize(("path", "body"), CHANGES)
def test_who_may_not_write_changes_nothing(logdir: Path, path: str, body: dict[str, Any]) -> None:
    """A read-only server, a form of another site, a page of another server, nobody's token."""
    before = sorted(logdir.rglob("*"))
    body = {"run": "env/a", **body}
    with TestClient(create_app(Settings(logdir, read_only=True)), base_url=BASE) as reader:
        answer = reader.post(f"/api/v1/{path}", json=body)
        assert (answer.status_code, "--read-only" in answer.text) == (403, True)
        assert reader.get("/api/v1/panes?run=env/a").json()["read_only"] is True
    with TestClient(create_app(Settings(logdir, token=TOKEN)), base_url=BASE) as client:
        assert client.post(f"/api/v1/{path}", json=body).status_code == 401
        bearer = {"authorization": f"Bearer {TOKEN}"}
        assert client.post(f"/api/v1/{path}", data={"run": "env/a"}, headers=bearer).status_code == 415
        other = client.post(f"/api/v1/{path}", json=body, headers={**bearer, "origin": "https://evil.example"})
        assert other.status_code == 403
        client.get(f"/?token={TOKEN}")  # its cookie alone lets nobody write
        assert client.post(f"/api/v1/{path}", json=body).status_code == 401
    assert sorted(logdir.rglob("*")) == before


def test_a_frame_is_let_in_by_the_cookie_below_any_path(logdir: Path) -> None:
    """No page can add a header to what a frame asks for; all else of panes needs the key."""
    app = create_app(Settings(logdir, token=TOKEN, prefix="/viz"))
    with TestClient(app, base_url=BASE) as client:
        (key,) = re.findall(r'"key": "([0-9a-f]{64})"', client.get(f"/viz/?token={TOKEN}").text)
        assert client.get("/viz/api/v1/pane/html?run=env/a&id=h").text == "<b>bold</b>"
        assert client.get("/viz/api/v1/panes?run=env/a").status_code == 401
        headers = {security.KEY_HEADER: key}
        assert client.get("/viz/api/v1/panes?run=env/a", headers=headers).status_code == 200
        client.cookies.clear()
        assert client.get("/viz/api/v1/pane/html?run=env/a&id=h").status_code == 401


def test_news_of_a_pane_name_it(logdir: Path) -> None:
    """So that an open page asks for this one only; points come as those of all curves."""
    with tracker.init(logdir=logdir, name="live", machine=False) as run:
        run.pane("p", tracker.Curves({"y": 1.0}))
        run.flush()
        catalog = Catalog(logdir)
        catalog.scan()
        run.pane("p", tracker.Curves({"y": 2.0}), append=True)
        run.pane("q", "x")
        run.flush()
        changes = catalog.look(["live"])
    assert changes.tags["live"]["pane"] == {"q"}
    assert [(points.tag, points.points.value.tolist()) for points in changes.points] == [("pane/p/y", [2.0])]


COLOURED = {
    "<h1 style='color: red'>a</h1>": True,
    " <!DOCTYPE html>\n<p>a": True,
    "<style>body { background: #fff }</style>": False,
    "<table bgcolor=white>": False,
    "<style>:root { color-scheme: light dark }</style>": False,
}


def test_a_document_without_colours_has_those_of_the_page(logdir: Path) -> None:
    """In the dark theme, under any rule of its own; what says behind what its words stand is left as it is."""
    with tracker.init(logdir=logdir, name="b", machine=False) as run:
        for i, text in enumerate(COLOURED):
            run.pane(f"h{i}", tracker.Html(text))
    with TestClient(create_app(Settings(logdir)), base_url=BASE) as client:
        for i, (text, is_dark) in enumerate(COLOURED.items()):
            asked = {"run": "b", "id": f"h{i}"}
            assert client.get("/api/v1/pane/html", params=asked).text == text
            assert client.get("/api/v1/pane/html", params={**asked, "theme": "light"}).text == text
            found = client.get("/api/v1/pane/html", params={**asked, "theme": "dark"}).text
            assert ("color-scheme: dark" in found) is is_dark
            assert re.sub("<style>:where.*?</style>", "", found) == text
            assert found.startswith(" <!DOCTYPE html><style>") or not text.startswith(" ")
        assert client.get("/api/v1/pane/html", params={**asked, "theme": "pink"}).status_code == 400
