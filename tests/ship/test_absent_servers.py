"""A server that takes no runs at the moment is waited for, however it says so: by 404, by 405, by a proxy's page."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from asked_server import READING, TOKEN
from held_port import held_port
from replicas import SEGMENT, stores_differ
from served import Served
from steering import until

import tracker
from tracker.ship import backoff, shipper
from tracker.ship.server import Server, UnreachableError
from tracker.ship.shipper import Shipper


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shipper that does not rest for long."""
    monkeypatch.setattr(shipper, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(shipper, "LONGEST_PAUSE_S", 0.05)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("options", [("--no-token",), ("--token", READING)], ids=["open", "token"])
def test_a_server_that_receives_again_is_sent_what_was_logged_meanwhile(logdir: Path, there: Path, serve: Callable[..., Served], receive: Callable[..., Served], options: tuple[str, ...]) -> None:  # fmt: skip
    """It was begun without --receive: the sender says so once, lives on, and needs nobody."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0})
    told: list[str] = []

    def tell(progress: shipper.Progress) -> None:
        if progress.trouble is not None:
            told.append(progress.trouble)

    with held_port() as port, contextlib.closing(Server(f"http://127.0.0.1:{port}", TOKEN)) as server:
        plain = serve(there, *options, "--port", str(port))
        sender = Shipper(logdir, server, tell)
        thread = threading.Thread(target=sender.run)
        thread.start()
        try:
            until(lambda: len(told) > 3, "it gave up")
            plain.stop()
            receive("--port", str(port))
            until(lambda: sender.progress().done == 1, "it does not go on")
        finally:
            sender.stopped.set()
            thread.join()
    assert stores_differ(logdir, there) == []
    assert {words for words in told if "receives no runs" in words} == {told[0]}
    assert "404" in told[0]


@pytest.fixture
def page() -> Iterator[Callable[[int, str], str]]:
    """A server that answers everything with a status and a page; its address."""
    with contextlib.ExitStack() as stack:

        def start(status: int, text: str) -> str:
            class Page(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    self.rfile.read(int(self.headers.get("content-length") or 0))
                    self.send_response(status)
                    self.send_header("content-length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text.encode())

                do_PUT = do_POST = do_GET

                def log_message(self, *_: object) -> None:
                    pass

            server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


@pytest.mark.parametrize(
    ("status", "text"),
    [(404, "<html>nginx</html>"), (405, ""), (404, '{"error": "Not Found"}'), (200, "<html>soon</html>"), (502, "x")],
)
def test_what_is_no_answer_of_ours_is_waited_for(page: Callable[[int, str], str], status: int, text: str) -> None:
    """Of a proxy while its server is begun anew, and of an old server that knows nothing of it."""
    with contextlib.closing(Server(page(status, text), TOKEN)) as server, pytest.raises(UnreachableError) as found:
        server.arrived(SEGMENT)
    assert str(status) in str(found.value) or status == 200


@pytest.mark.usefixtures("impatient")
def test_a_segment_that_no_writer_calls_so_keeps_no_other(logdir: Path, there: Path, receive: Callable[..., Served]) -> None:  # fmt: skip
    """A server answers 404 to its name, which would be waited for."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0})
    (path,) = (logdir / "a").glob("events.*.sqlite")
    odd = logdir / "b" / "events.copy of it.sqlite"
    odd.parent.mkdir()
    odd.write_bytes(path.read_bytes())
    with contextlib.closing(Server(receive().base, TOKEN)) as server:
        found = Shipper(logdir, server).run(once=True, wait_s=60)
    assert (found.trouble, found.done, list(found.refused)) == (None, 1, [str(odd)])
    assert [each.name for each in there.rglob("*.sqlite")] == [path.name]


def test_pauses_grow_to_a_bound() -> None:
    """Twice as long each, spread by half, and never longer than the longest."""
    for failures in range(1, 2_000):
        most = min(30.0, 0.25 * 2.0 ** min(failures - 1, 20))
        assert most / 2 <= backoff.pause_s(failures, 0.25, 30.0) <= most
