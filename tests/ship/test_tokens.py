"""Who may send: a token of a project writes there and nowhere else, and neither reads nor is read with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import hostile_shipments as hostile
import pytest
from asked_server import READING, TOKEN, Asking
from replicas import SEGMENT, a_shipment
from served import Served
from test_hostile_bodies import ROWS

import tracker
from tracker.ship.server import ForbiddenError, Server
from tracker.ship.shipper import Progress, Shipper

OF_A, OF_B = "token-of-project-a", "token-of-project-b"

WRITING = [
    ("GET", f"/api/v1/segments/{SEGMENT}"), ("PUT", ROWS), ("GET", f"/api/v1/segments/{SEGMENT}/files"),
    ("PUT", f"/api/v1/segments/{SEGMENT}/files/models/{'0' * 64}?at=0&size=1&sha256={'0' * 64}"), ("POST", "/api/v1/segments/node"),
]  # fmt: skip

READING_ROUTES = [
    ("GET", "/"), ("GET", "/api/v1/runs"), ("GET", "/api/v1/curves?run=a&tag=loss"), ("POST", "/api/v1/edits"),
    ("GET", "/api/v1/segments/../runs"), ("GET", "/api/v1/runs?x=/api/v1/segments/"), ("GET", "/api/v1/segmentsx"),
]  # fmt: skip


def projects(serve: Callable[..., Served], there: Path, *options: str) -> Served:
    """A server of two projects."""
    return serve(there, "--receive", "--write-token", f"a={OF_A}", "--write-token", f"b={OF_B}", *options)


def test_a_project_writes_in_its_own_folder_only(there: Path, tmp_path: Path, serve: Callable[..., Served], asking: Callable[..., Asking]) -> None:  # fmt: skip
    """The same segment of both is two; what one has is not known to the other, nor is where it lies."""
    good = a_shipment(tmp_path / "source")
    served = projects(serve, there, "--token", READING)
    a, b = asking(served, OF_A), asking(served, OF_B)
    assert a("PUT", ROWS, hostile.body(good))[0] == 200
    assert b("GET", f"/api/v1/segments/{SEGMENT}")[1]["cursor"] == 0
    assert b("GET", f"/api/v1/segments/{SEGMENT}/files")[0] == 422
    assert b("PUT", ROWS.replace("=0", f"={good.upto}"), hostile.body(good, after=good.upto))[0] in (409, 422)
    for name in ("../a/a", "../a", "/a/a", "a/../../a/a"):
        assert b("PUT", ROWS, hostile.body(hostile.changed(good, "segment", "run", name)))[0] == 422
    assert [path.relative_to(there).parts[:2] for path in there.rglob("*.sqlite")] == [("a", "a")]
    assert b("PUT", ROWS, hostile.body(hostile.changed(good, "segment", "run", "a/a")))[0] == 200
    assert {path.relative_to(there).parent.as_posix() for path in there.rglob("*.sqlite")} == {"a/a", "b/a/a"}


@pytest.mark.parametrize(
    "tokens",
    [(None, "", READING), ("a-token-that-is-wrong", OF_A[:-1]), (f"{OF_A}x", "tökén" * 4)],
    ids=["none or another", "wrong or short", "long or no ASCII"],
)
def test_only_a_write_token_writes(there: Path, tmp_path: Path, serve: Callable[..., Served], asking: Callable[..., Asking], tokens: tuple[str | None, ...]) -> None:  # fmt: skip
    """Neither none, nor the one that reads, nor one that is nearly right: on a server with a token to read and on one without."""
    data = hostile.body(a_shipment(tmp_path / "source"))
    for options in (("--token", READING), ("--no-token",)):
        served = projects(serve, there, *options)
        for token in tokens:
            ask = asking(served, token)
            for method, path in WRITING:
                more = "" if token is None else f"{'&' if '?' in path else '?'}token={READING}"
                status, said = ask(method, path + more, None if method == "GET" else data)
                assert (token, path, status in (401, 403), len(said["error"]) > 8) == (token, path, True, True)
        served.stop()
    assert not list(there.iterdir())


def test_a_write_token_reads_nothing(there: Path, serve: Callable[..., Served], asking: Callable[..., Asking]) -> None:
    """No page, no list of runs, no curve, whatever the path is spelled like."""
    ask = asking(projects(serve, there, "--token", READING), OF_A)
    for method, path in READING_ROUTES:
        status, _ = ask(method, path, b"{}" if method == "POST" else None, "application/json")
        assert (path, status in (401, 403, 404, 429)) == (path, True)
        status, _ = ask(method, f"{path}{'&' if '?' in path else '?'}token={OF_A}", b"{}" if method == "POST" else None)
        assert (path, status in (401, 403, 404, 429)) == (path, True)


@pytest.mark.parametrize("reading", [("--token", READING), ("--no-token",)], ids=["token", "none"])
def test_who_guesses_tokens_has_to_wait(there: Path, serve: Callable[..., Served], asking: Callable[..., Asking], reading: tuple[str, ...]) -> None:  # fmt: skip
    """After twenty wrong ones in a minute; who has the right one is let in all the while."""
    served = projects(serve, there, *reading)
    said = [asking(served, f"wrong-token-number-{number}")("GET", f"/api/v1/segments/{SEGMENT}")[0] for number in range(30)]  # fmt: skip
    assert said[:20] == [said[0]] * 20
    assert said[0] in (401, 403)
    assert said[20:] == [429] * 10
    assert asking(served, OF_A)("GET", f"/api/v1/segments/{SEGMENT}")[0] == 200


def test_a_shipper_says_what_is_wrong_with_its_token(logdir: Path, receive: Callable[..., Served], ship: Callable[..., Progress], serve: Callable[..., Served], tmp_path: Path) -> None:  # fmt: skip
    """And a server that receives nothing says so."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0})
    with pytest.raises(ForbiddenError, match=r"40[13]"):
        ship(receive(), "not-the-right-token")
    plain = serve(tmp_path / "server" / "runs", "--no-token")
    with contextlib.closing(Server(plain.base, TOKEN)) as server:
        assert "receives no runs: it answers 404" in str(Shipper(logdir, server).run(once=True, wait_s=0).trouble)


def test_names_of_two_machines_that_are_the_same(there: Path, tmp_path: Path, receive: Callable[..., Served]) -> None:
    """Each has its run `a`; both are there, also after the server was started again, and neither is mixed with the other."""
    served = receive()
    for number in range(3):
        root = tmp_path / f"machine{number}"
        for name in ("a", "b/a"):
            with tracker.init(logdir=root, name=name, machine=False, config={"of": number}) as run:
                run.log({"x": float(number)})
        if number == 2:
            served.stop()
            served = receive()
        for _ in range(2):
            with contextlib.closing(Server(served.base, TOKEN)) as server:
                Shipper(root, server).run(once=True)
    runs = {run.name: run.config["of"] for run in tracker.open(there).runs()}
    assert runs == {f"{name}{end}": number for name in ("a", "b/a") for number, end in enumerate(("", "-2", "-3"))}
