"""Odd requests: whatever is asked, by whichever method and in whichever form, is answered or refused with a sentence."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import Asker, hashes_of
from every_kind import RUN, every_kind, hostile
from forged import reseal
from odd_requests import MESSAGES, RAW, OddRequest, OddRequests
from served import serving, start_forked

import tracker


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """Asks a server over a logdir with a value of every kind."""
    folder = tmp_path_factory.mktemp("good") / "runs"
    folder.mkdir()
    every_kind(folder)
    with serving(start_forked) as serve:
        served = serve(folder, "--no-token")
        served.logdir = folder
        yield Asker(served)


def asked(asker: Asker, logdir: Path, seed: int, count: int, runs: list[str]) -> list[tuple[int, OddRequest]]:
    """The requests that were answered as errors of the server."""
    requests, failed = OddRequests(seed, hashes_of(logdir / RUN), runs), []
    for _ in range(count):
        request = requests.next()
        answer = asker.ask(request)
        if answer.status >= 500:
            failed.append((answer.status, request))
        if 400 <= answer.status < 500 and request.method == "GET" and answer.body.startswith(b"{"):
            assert json.loads(answer.body)["error"], request
    for name in (RUN, "a", "b"):  # among what is asked is to delete them
        asker.post("/api/v1/trash", json.dumps({"runs": [name], "restore": True}).encode())
    return failed


def test_no_request_is_an_error_of_the_server(good: Asker) -> None:
    """20,000 such requests, of which these are some: 34 of 3,947 answered 500, and Dash's own routes 378 times.

    Nothing of it is printed: over good runs no reader comes upon what it did not foresee.
    """
    assert asked(good, good.served.logdir, 1, 500, []) == []  # type: ignore[attr-defined]
    assert "Traceback" not in good.said()
    assert "could not be read" not in good.said()


def test_nor_is_one_about_runs_that_say_what_cannot_be(tmp_path: Path) -> None:
    """Values that are no values: each is a problem of its run, told as 4xx or beside its name."""
    logdir = tmp_path / "runs"
    logdir.mkdir()
    every_kind(logdir)
    odd = hostile(logdir)
    with serving(start_forked) as serve:
        asker = Asker(serve(logdir, "--no-token"))
        names = {run["name"] for run in json.loads(asker.get("/api/v1/runs").body)["runs"]}
        body = json.dumps({"tag": "train/loss", "runs": ["a", *odd], "columns": 10}).encode()
        curves = asker.post("/api/v1/curves", body)
        assert asked(asker, logdir, 2, 300, odd) == []
        assert "Traceback" not in asker.said()
    assert {"a", "b", RUN, *odd} == names
    length = int.from_bytes(curves.body[:4], "little")
    assert "a" in [curve["run"] for curve in json.loads(curves.body[4 : 4 + length])["curves"]]


@pytest.mark.long
@pytest.mark.parametrize("odd", [False, True], ids=["good", "odd"])
def test_thousands_of_requests_leave_the_server_as_it_was(tmp_path: Path, odd: bool) -> None:
    """Nor does it grow: 64 MiB at the most."""
    logdir = tmp_path / "runs"
    logdir.mkdir()
    every_kind(logdir)
    runs = hostile(logdir) if odd else []
    with serving(start_forked) as serve:
        asker = Asker(serve(logdir, "--no-token"))
        assert asked(asker, logdir, 3, 500, runs) == []
        before = asker.rss()
        assert asked(asker, logdir, 4, 5000, runs) == []
        assert asker.rss() - before <= 64
        assert "Traceback" not in asker.said()


def test_what_is_hardly_a_request_leaves_no_traceback(good: Asker) -> None:
    """Torn heads, lengths that are none, upgrades to nothing; the server answers the next one."""
    for data in RAW:
        answer = good.raw(data, cut=True)
        assert answer.status < 500, data[:100]
    assert good.get("/healthz").status == 200
    assert "Traceback" not in good.said()


def test_what_no_tab_says_leaves_no_traceback(good: Asker) -> None:
    """A nested ping ended the tab with one; bodies that are cut off wrote 440 kB of them."""
    draw = random.Random(0)
    for message in MESSAGES:
        good.say(draw.choice(MESSAGES), message)
    for _ in range(20):
        good.ask(OddRequest("POST", b"/api/v1/curves", {"content-type": "application/json"}, b'{"tag":', cut=True))
        good.ask(
            OddRequest("POST", b"/dash/_dash-update-component", {"content-type": "application/json"}, b"{", cut=True)
        )
    assert good.get("/healthz").status == 200
    assert "Traceback" not in good.said()


ASK = "run=deep/run&tag="
REFUSED = [
    ("media?" + ASK + "picture&step=99999999999999999999", "step=: expected a whole number"),
    ("media?" + ASK + "picture&position=99999999999999999999", "position=: expected a whole number"),
    ("media?" + ASK + "picture&position=-1", "position=: expected a whole number"),
    ("scalars?" + ASK + "train/loss&start=" + "9" * 4000, "start=: expected a finite number"),
    ("scalars?" + ASK + "train/loss&axis=wall_time&start=" + "9" * 4000, "start=: expected a finite number"),
    ("scalars?" + ASK + "train/loss&axis=relative&stop=" + "9" * 4000, "stop=: expected a finite number"),
    ("scalars?" + ASK + "train/loss&start=1e300", "start=: expected a step"),
    ("scalars?" + ASK + "train/loss&start=nan", "start=: expected a finite number"),
    ("scalars?" + ASK + "train/loss&columns=0", "columns=: expected a number from 1"),
    ("scalars?" + ASK + "train/loss&columns=1&columns=2", "columns=: expected one value"),
    ("scalars?" + ASK + "train/loss&axis=x", "axis=: expected one of step"),
    ("scalars?tag=train/loss", "run= is missing"),
    ("histograms?" + ASK + "weights&start=9223372036854775808", "start=: expected a whole number"),
    ("graph/scopes?run=deep/run&hash=x&id=1e3", "id=: expected numbers"),
    ("console?run=deep/run&since={%22x%22:9223372036854775808}", "since=: expected the cursor"),
    ("embedding?" + ASK + "points&step=1.5", "step=: expected a whole number"),
    ("embedding/map?" + ASK + "points&method=x", "method=: expected one of"),
]  # fmt: skip


@pytest.mark.parametrize(("target", "words"), REFUSED, ids=range(len(REFUSED)))
def test_a_number_out_of_range_is_refused_by_name(good: Asker, target: str, words: str) -> None:
    """400, with a sentence that says which parameter, what it takes and what it got."""
    answer = good.get(f"/api/v1/{target}")
    assert answer.status == 400, answer
    assert words in json.loads(answer.body)["error"]


BODIES_REFUSED = [
    ("export", {"form": ["csv"], "runs": ["a"]}, "form: expected one of"),
    ("export", {"form": {}, "runs": ["a"]}, "form: expected one of"),
    ("runs/said", {"key": ["note"], "runs": ["a"], "value": "x"}, "key: expected one of"),
    ("runs/said", {"key": {"note": 1}, "runs": ["a"], "value": "x"}, "key: expected one of"),
    ("embedding/axis", {"run": RUN, "tag": "points", "left": [True], "right": [1]}, "expected left"),
    ("embedding/axis", {"run": RUN, "tag": "points", "step": True, "left": [0], "right": [1]}, "step: expected a whole number"),
    ("histograms/step", {"run": RUN, "layers": [{"tag": "weights", "step": 2**63}]}, "whole number of 64 bits"),
    ("histograms/step", {"run": RUN, "layers": [{"tag": "weights", "step": True}]}, "whole number of 64 bits"),
    ("curves", {"tag": "train/loss", "runs": ["a"], "start": 10**400}, "JSON"),
    ("curves", {"tag": "train/loss", "runs": ["a"], "start": 2**63}, "start: expected a number of 64 bits"),
    ("curves", {"tag": "train/loss", "runs": ["a"], "start": 1e300}, "start: expected a step"),
    ("curves", {"tag": "train/loss", "runs": ["a"], "start": "1"}, "start: expected a finite number"),
    ("curves", {"tag": "train/loss", "runs": ["a", 3]}, "runs: expected a list of texts"),
    ("curves", {"tag": {"a": 1}, "runs": ["a"]}, "tag: expected a text"),
    ("curves", {"tags": ["a"] * 3 + [["b"]], "runs": ["a"]}, "tags: expected a list of texts"),
    ("curves", {"tag": "train/loss", "runs": ["a"], "columns": True}, "columns: expected a finite number"),
    ("shelf", {"kind": ["view"], "name": "x", "value": 1}, "kind: expected one of"),
    ("importance", {"parameters": {"lr": [[1]] * 9}, "target": [1] * 9}, "expected {parameters"),
    ("trash", {"runs": "a"}, "runs: expected a list of texts"),
    ("marks", {"runs": {"a": 1}}, "runs: expected a list of texts"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "words"), BODIES_REFUSED, ids=range(len(BODIES_REFUSED)))
def test_a_field_of_another_kind_is_refused_by_name(good: Asker, path: str, body: object, words: str) -> None:
    """The same for bodies, whatever stands in them."""
    answer = good.post(f"/api/v1/{path}", json.dumps(body).encode())
    assert answer.status == 400, answer
    assert words in json.loads(answer.body)["error"]


@pytest.mark.parametrize(
    "path", ["_dash-component-suites/dash/no.js", "_dash-component-suites/os/path.py", "_dash-component-suites/dash/../../x", "x", "_dash-ws-callback"]
)  # fmt: skip
def test_what_dash_does_not_have_is_not_there(good: Asker, path: str) -> None:
    """Dash makes an error of its own of every script that it does not know."""
    answer = good.get(f"/dash/{path}")
    assert answer.status == 404
    assert json.loads(answer.body)["error"]
    for method in ("POST", "PUT", "DELETE"):
        assert good.ask(OddRequest(method, b"/dash/_dash-layout", {}, b"{")).status == 405
    assert good.get("/dash/_dash-layout").status == 200


def test_a_seed_of_128_bits_is_told_to_its_last_digit(tmp_path: Path) -> None:
    """One run's settings made the list of all runs an error; a browser would have rounded them."""
    logdir = tmp_path / "runs"
    for name in ("a", "odd"):
        with tracker.init(logdir=logdir, name=name, machine=False, config={"seed": 7}) as run:
            run.log({"loss": 1.0})
    with contextlib.closing(sqlite3.connect(next((logdir / "odd").glob("*.sqlite")))) as connection:
        connection.execute("UPDATE segment SET config=?", (json.dumps({"seed": 2**127, "name": "caf\udce9"}),))
        connection.commit()
    reseal(next((logdir / "odd").glob("*.sqlite")))
    with serving(start_forked) as serve:
        asker = Asker(serve(logdir, "--no-token"))
        for form in ("", "?form=page"):
            runs = {run["name"]: run for run in json.loads(asker.get(f"/api/v1/runs{form}").body)["runs"]}
            assert runs["odd"]["config"] == {"seed": str(2**127), "name": "caf\\udce9"}
            assert runs["a"]["config"] == {"seed": 7}
