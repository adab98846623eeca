"""What the HTTP interface tells of media, and what it makes of files that are not what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from forged import alter
from starlette.testclient import TestClient

import tracker
from dashboard.server.application import create_app
from dashboard.server.settings import Settings


def visiting(logdir: Path) -> TestClient:
    """A visitor of a logdir."""
    return TestClient(create_app(Settings(logdir)), base_url="http://127.0.0.1:6006")


HOSTILE_FILES = [
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    b"<!doctype html><script>alert(1)</script>",
    b"RIFF____<script>alert(1)</script>",
    b"%PDF-1.4",
    b"",
]


@pytest.mark.parametrize("data", HOSTILE_FILES, ids=lambda data: data[:8].hex())
def test_what_is_no_picture_is_never_served_as_one(logdir: Path, data: bytes) -> None:
    """Whatever a store says of its form: it is a download in a sandbox, so that a browser runs nothing of it."""
    with tracker.init(logdir=logdir, name="a") as run:
        run.log({"p": tracker.Image(np.zeros((2, 2)))}, step=0)
    (path,) = (logdir / "a").glob("*.sqlite")
    alter(path, "UPDATE blobs SET data=?", data)
    alter(path, "UPDATE media SET form='image/svg+xml'")
    with visiting(logdir) as visitor:
        (item,) = visitor.get("/api/v1/media", params={"run": "a", "tag": "p"}).json()["items"]
        answer = visitor.get(f"/api/v1/blobs/{item['hash']}", params={"run": "a"})
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_media_are_told_a_step_at_a_time(logdir: Path) -> None:
    """All steps there are, the items of one; or one place through all of them."""
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(4):
            run.log({"p": [tracker.Image(np.zeros((2, 2)), masks=np.ones((2, 2), bool)) for _ in range(2)]}, step=step)
    with visiting(logdir) as visitor:
        ask = lambda **more: visitor.get("/api/v1/media", params={"run": "a", "tag": "p", **more}).json()  # noqa: E731
        newest = ask(step="newest")
        assert newest["steps"] == [0, 1, 2, 3]
        assert [(item["step"], item["position"], len(item["parts"])) for item in newest["items"]] == [
            (3, 0, 1),
            (3, 2, 1),
        ]
        assert [item["step"] for item in ask(step=1)["items"]] == [1, 1]
        assert [item["step"] for item in ask(position=2)["items"]] == [0, 1, 2, 3]


def test_plotly_is_served_from_its_package(logdir: Path) -> None:
    """Figures are drawn without a network."""
    with visiting(logdir) as visitor:
        answer = visitor.get("/packages/plotly.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "Plotly" in answer.text[-200_000:]
