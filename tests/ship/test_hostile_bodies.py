"""What comes from who has a token and means harm: refused with a sentence, within bounds, and nothing is touched."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import hostile_shipments as hostile
import pytest
from asked_server import Asking, files
from replicas import SEGMENT, a_shipment, rows_of
from served import Served

from tracker import doctor
from tracker.store.shipment import MEDIA_TYPE, Shipment

MOST_MIB = 900
"""That the server may ever take, whatever is sent to it. It is 70 by itself."""


def peak_mib(pid: int) -> float:
    """The most memory that a process ever had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


@pytest.fixture
def good(tmp_path: Path) -> Shipment:
    """A shipment that is taken."""
    return a_shipment(tmp_path / "source")


REFUSED = (400, 404, 413, 415, 422)

ROWS = f"/api/v1/segments/{SEGMENT}/rows?after=0"


def test_hostile_bodies_are_refused(there: Path, tmp_path: Path, good: Shipment, receive: Callable[..., Served], asking: Callable[..., Asking], figure: Callable[[str], None]) -> None:  # fmt: skip
    """Of every kind, each answered 4xx with a sentence; nothing is stored, in the logdir or elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (there / "link").symlink_to(elsewhere)
    (there / "a-file").write_text("x")
    before = files(tmp_path / "server")
    served = receive()
    ask = asking(served)
    plain = itertools.chain(*(make(good) for make in (hostile.wrong_types, hostile.absurd, hostile.wrong_rows, hostile.wrong_bytes, hostile.escaping)))  # fmt: skip
    cases = [*((name, data, MEDIA_TYPE) for name, data in plain), *((name, data, f"{MEDIA_TYPE}+zlib") for name, data in hostile.packed_bombs())]  # fmt: skip
    taken = []
    for name, data, kind in cases:
        status, said = ask("PUT", ROWS, data, kind)
        if not (status in REFUSED and isinstance(said, dict) and len(str(said.get("error"))) > 8):
            taken.append(f"{name}: {status} {str(said)[:100]}")
    assert taken == []
    assert {name for name in files(tmp_path / "server") if not name.startswith("cache/")} == {*before}
    assert not list(elsewhere.iterdir())
    peak = peak_mib(served.process.pid)
    assert peak < MOST_MIB
    figure(f"receive: {len(cases)} hostile bodies, 0 taken; the server at most {peak:.0f} MiB")


def test_after_all_of_that_a_good_one_is_taken(
    there: Path, good: Shipment, receive: Callable[..., Served], asking: Callable[..., Asking]
) -> None:
    """And what then is refused of the same segment leaves it as it is."""
    ask = asking(receive())
    assert ask("PUT", ROWS, hostile.body(good))[0] == 200
    (path,) = there.rglob("events.*.sqlite")
    before = rows_of(path)
    status, said = ask("PUT", ROWS, hostile.body(good))
    assert (status, said["cursor"]) == (409, good.upto)
    for column, value in (("run", "b"), ("host", "x"), ("parent", SEGMENT), ("created", 1.0), ("reason", "resume")):
        row = hostile.changed(good, "segment", column, value).segment
        empty = Shipment(after=good.upto, upto=good.upto, state=good.state, segment=row)
        status, said = ask("PUT", ROWS.replace("=0", f"={good.upto}"), hostile.body(empty))
        assert (status, "not what it said" in said["error"]) == (422, True)
    assert rows_of(path) == before
    assert doctor.examine(there).is_healthy


ADDRESSES = [
    *(("PUT", f"/api/v1/segments/{name}/rows?after=0", 404) for name in ("..", "x", "%2e%2e%2fx", "20260101T000000-0123ABCD", f"{SEGMENT}%0a", f"{SEGMENT}%00", "a" * 5000)),
    *(("PUT", f"/api/v1/segments/{SEGMENT}/rows{query}", 400) for query in ("", "?after=", "?after=-1", "?after=x", "?after=" + "9" * 5000, "?after=0&after=1", "?after=1.5")),
    ("PUT", f"/api/v1/segments/{SEGMENT}/rows?after=5", 422),
    ("PUT", f"{ROWS}&beside=../x", 404), ("PUT", f"{ROWS}&beside=20260101T000000-ffffffff", 422),
    *(("GET", f"/api/v1/segments/{name}", 404) for name in ("..%2f..", "x", "node", "-rank1")),
    ("POST", ROWS, 405), ("DELETE", f"/api/v1/segments/{SEGMENT}", 405),
    ("GET", "/api/v1/segments/../runs", 404), ("GET", "/api/v1/segments/%2e%2e/runs", 404), ("GET", "/api/v1/segments//../../assets/x", 404),
    ("GET", f"/api/v1/segments/{SEGMENT}/files", 422),
]  # fmt: skip
"""What is asked, and the status of the answer."""

OF_MODELS = "models/" + "0" * 64
FILES = [
    *((name, "at=0&size=4&sha256=" + "0" * 64, 404) for name in ("../x", "models/../x", "models/x", "models/%2e%2e/x", "recordings/steps-..%2fx.npz", "recordings/states/x", "events.x.sqlite", "page.sqlite", "models/" + "0" * 63 + "/", "recordings/steps-" + "a" * 200 + ".npz", "/etc/passwd")),
    *((OF_MODELS, query, 400) for query in ("", "at=0&sha256=" + "0" * 64, "size=4&sha256=" + "0" * 64, "at=-1&size=4&sha256=" + "0" * 64, "at=0&size=0&sha256=" + "0" * 64)),
    (OF_MODELS, "at=0&size=4&sha256=x", 404),
    (OF_MODELS, "at=0&size=4&sha256=" + "1" * 64, 422),  # another than its name says
    (OF_MODELS, "at=0&size=4&sha256=" + "0" * 64, 422),  # not what arrived
    (OF_MODELS, "at=0&size=3&sha256=" + "0" * 64, 422),  # longer than it is said to be
    (OF_MODELS, f"at=0&size={1 << 60}&sha256=" + "0" * 64, 422),
    (OF_MODELS, "at=9&size=13&sha256=" + "0" * 64, 409),
]  # fmt: skip


def test_addresses_and_files_that_lead_elsewhere(there: Path, tmp_path: Path, good: Shipment, receive: Callable[..., Served], asking: Callable[..., Asking]) -> None:  # fmt: skip
    """No name of a segment or of a file beside it leads out of the run's folder."""
    ask = asking(receive())
    for method, path, wanted in ADDRESSES:
        status, said = ask(method, path, hostile.body(good) if method == "PUT" else None)
        assert (path, status) == (path, wanted)
        assert len(str(said)) > 8
    assert not list(there.rglob("*.sqlite"))
    assert ask("PUT", ROWS, hostile.body(good))[0] == 200
    before = files(there)
    for name, query, wanted in FILES:
        status, said = ask("PUT", f"/api/v1/segments/{SEGMENT}/files/{quote(name, safe='/%')}?{query}", b"abcd")
        assert (name, query, status) == (name, query, wanted)
    for kind in ("", "application/json", f"{MEDIA_TYPE}+gzip", f"{MEDIA_TYPE};x"):
        assert ask("PUT", ROWS, b"x", kind)[0] == 415
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (there / "a" / "models").rmdir()
    (there / "a" / "models").symlink_to(elsewhere)
    digest = "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589"
    assert (
        ask("PUT", f"/api/v1/segments/{SEGMENT}/files/models/{digest}?at=0&size=4&sha256={digest}", b"abcd")[0] == 422
    )
    assert not list(elsewhere.iterdir())
    (there / "a" / "models").unlink()
    assert {name for name in files(there) if not name.endswith(".arriving")} == {*before}
    assert (
        ask("PUT", f"/api/v1/segments/{SEGMENT}/files/models/{digest}?at=0&size=4&sha256={digest}", b"abcd")[0] == 200
    )
    assert (there / "a" / "models" / digest).read_bytes() == b"abcd"


NODE: list[Any] = [
    None, [], "x", {"segments": "x"}, {"segments": [1]}, {"segments": ["../x"], "known": []}, {"segments": [], "known": [1]},
    {"segments": [], "known": [], "behind": -1}, {"segments": [], "known": [], "behind": 1 << 70}, {"segments": [], "known": [], "wait": "x"},
    {"segments": [], "known": [], "node": "x" * 400}, {"segments": [], "known": [], "rate": "x"},
    {"segments": [], "known": [], "demand": "x" * 400}, {"segments": [SEGMENT + str(i) for i in range(30)], "known": []},
]  # fmt: skip


def test_what_a_machine_says_of_itself_is_looked_at(
    receive: Callable[..., Served], asking: Callable[..., Asking]
) -> None:
    """Names, numbers and lists of `POST …/node`."""
    ask = asking(receive())
    for said in NODE:
        status, answer = ask("POST", "/api/v1/segments/node", json.dumps(said).encode(), "application/json")
        assert (said, 400 <= status < 500, bool(answer["error"])) == (said, True, True)
    good = {"node": "n", "behind": 0, "segments": [SEGMENT], "known": [], "wait": -5}
    assert ask("POST", "/api/v1/segments/node", json.dumps(good).encode(), "application/json") == (
        200,
        {"commands": {}, "fresh": None, "demand": "all"},
    )
