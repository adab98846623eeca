"""The token while a page is open: a server that starts again with a new one, and what other ports are sent."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import tracker


@pytest.fixture
def restarted(logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]) -> Any:
    """A page that was open while its server ended and began again, with a new token; the new server."""
    run = tracker.init(logdir=logdir, name="a", machine=False)
    run.log({"loss": 1.0}, step=0)
    run.flush()
    served = serve(logdir)
    page.goto(f"{served.address}&tags=loss&s=0.5")
    until(page, "viz.ready && document.getElementById('live').dataset.state === 'live'")
    page.evaluate("window.marker = 'the same page'")
    port = served.base.rpartition(":")[2]
    served.stop()
    until(page, "document.getElementById('live').dataset.state === 'reconnecting'")
    again = serve(logdir, "--port", port)
    until(page, "document.querySelector('dialog[open]') !== null")
    again.run = run
    yield again
    run.finish()
    # What a browser says of a server that is away and of one that does not know it.
    page.excuse("ERR_CONNECTION", "401", "403", "WebSocket")


@pytest.mark.parametrize("pasted", ["token", "address"])
def test_a_page_goes_on_with_the_token_of_a_restarted_server(
    restarted: Any, page: Any, until: Callable[..., Any], pasted: str
) -> None:
    """It says what happened, takes the new token or the address that was printed, and loses nothing that it showed."""
    assert "The server was restarted and asks for its new token" in page.inner_text("dialog")
    until(page, "document.getElementById('live').dataset.state === 'asking'")
    assert page.inner_text("#live").startswith("token required")
    page.keyboard.press("Escape")
    until(page, "document.querySelector('dialog') === null")
    page.click("#live")
    until(page, "document.querySelector('dialog[open]') !== null")
    page.fill("dialog input", "not the token of anybody")
    page.click("dialog >> text=Go on")
    until(page, "document.querySelector('dialog .wrong').textContent.includes('not the token')")
    page.fill("dialog input", restarted.token if pasted == "token" else restarted.address)
    page.click("dialog >> text=Go on")
    until(page, "document.getElementById('live').dataset.state === 'live' && document.querySelector('dialog') === null")
    restarted.run.log({"loss": 2.0}, step=1)
    restarted.run.flush()
    until(page, "viz.drawn('loss').a.value.join() === '1,2'")
    assert page.evaluate("[window.marker, viz.get('tags'), viz.get('smooth')]") == ["the same page", "loss", 0.5]
    assert restarted.token not in page.url
    assert "tags=loss" in page.url
    page.evaluate("viz.set('page', 'runs')")
    until(page, "viz.ready && document.querySelector('.ag-row') !== null")
    page.reload()
    until(page, "viz.ready && document.getElementById('live').dataset.state === 'live'")


def test_what_another_port_is_sent_opens_nothing_that_matters(
    logdir: Path, serve: Callable[..., Any], page: Any, until: Callable[..., Any]
) -> None:
    """The page was opened, then a server of somebody else's on this machine: it is sent the cookie, and tries it."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
    served = serve(logdir)
    page.goto(served.address)
    until(page, "viz.ready")
    received: list[str] = []

    class Other(BaseHTTPRequestHandler):
        """A server that keeps what it is sent."""

        def do_GET(self) -> None:
            received.append(self.headers.get("cookie", ""))
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href='data:,'><title>other</title>")

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        assert page.evaluate("Object.keys(localStorage)") == []
        server.shutdown()
    assert any("everystep_" in cookie for cookie in received)
    assert all(served.token not in cookie for cookie in received)
    for path, data in (("shelf", None), ("trash", b'{"runs": ["a"]}'), ("curves", b'{"tag": "loss", "runs": ["a"]}')):
        asked = urllib.request.Request(f"{served.base}/api/v1/{path}", data, {"cookie": received[0], "content-type": "application/json"})  # fmt: skip
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(asked)
