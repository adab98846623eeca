"""A notebook's cell shows the dashboard, or one chart, from a server of its own."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import tracker
from dashboard import notebook


@pytest.fixture(autouse=True)
def no_server_stays() -> Iterator[None]:
    """What a cell started ends with the test."""
    yield
    notebook.stop()


def test_a_cell_shows_one_chart_live(logdir: Path, page: Any, until: Callable[..., Any]) -> None:
    """The same server for the next cell."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.log({"loss": 1.0, "other": 2.0}, step=0)
    run.flush()
    shown = notebook.show(logdir, tag="loss", smooth=0)
    assert notebook.show(logdir).address.split("?")[0] == shown.address.split("?")[0]
    assert shown._repr_html_().count("<iframe") == 1
    page.goto(shown.address)
    until(page, "viz.ready")
    assert [card.get_attribute("aria-label") for card in page.query_selector_all(".card")] == ["loss"]
    assert not page.is_visible(".bar")
    run.log({"loss": 3.0}, step=1)
    until(page, "viz.lines(JSON.stringify(['loss']))[0].mean.at(-1) === 3")
    run.finish()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A file is no logdir."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(RuntimeError, match="is a file; give the folder of runs"):
        notebook.show(tmp_path / "file")


class Notebook(BaseHTTPRequestHandler):
    """Answers with a page that holds a cell's output, as Jupyter's does."""

    output = ""

    def do_GET(self) -> None:
        """The page, whatever was asked for."""
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(f"<!doctype html><title>notebook</title>{self.output}".encode())

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_a_notebook_of_another_port_and_name_may_frame_it(
    logdir: Path, page: Any, until: Callable[..., Any], name: str
) -> None:
    """Where Jupyter's page is of another site the browser keeps cookies back; the chart is there and live anyway."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.log({"loss": 1.0}, step=0)
    run.flush()
    Notebook.output = notebook.show(logdir, tag="loss", smooth=0)._repr_html_()
    with ThreadingHTTPServer(("127.0.0.1", 0), Notebook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://{name}:{server.server_port}/")
        frame = page.frames[1]
        frame.faults = page.faults
        until(frame, "window.viz?.ready && viz.lines(JSON.stringify(['loss'])).length === 1")
        run.log({"loss": 3.0}, step=1)
        until(frame, "viz.lines(JSON.stringify(['loss']))[0].mean.at(-1) === 3")
        server.shutdown()
    run.finish()


def test_only_who_knows_the_path_sees_a_cells_server(logdir: Path) -> None:
    """It takes the place of a token; a page elsewhere may not frame it."""
    address = notebook.show(logdir).address
    with urllib.request.urlopen(address) as answer:
        assert "frame-ancestors 'self' http://localhost:*" in answer.headers["content-security-policy"]
        assert "x-frame-options" not in answer.headers
    root = "/".join(address.split("/")[:3])
    for path in ("/", "/api/v1/runs", "/x/api/v1/runs"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(root + path)
