"""Findings on the server: looked for as runs go on, told to open tabs, dismissed and taken back, kept for the next start."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from control_requests import until
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

import tracker
from dashboard.live import catalog_cache, examiner, file_stamps, user_edits
from dashboard.live.catalog import Catalog
from dashboard.live.time_budget import TimeBudget
from dashboard.server.application import create_app
from dashboard.server.settings import Settings
from tracker.findings import detector as registry
from tracker.findings.examine import load
from tracker.store.read import diagnosed
from tracker.store.read.dismissed import MAX_REASON, MOST_DISMISSED, dismissed

ADDRESS = "http://127.0.0.1:6006"
NAN = float("nan")


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks come at once, and of our detectors one is asked that these tests know."""
    load()
    monkeypatch.setattr(registry, "_registered", {"nan_or_inf": registry.registered()["nan_or_inf"]})
    for name, value in (
        ("LEAST_S", 0.0),
        ("LOOKS_S", 0.01),
        ("QUIET_S", 0.0),
        ("LIVE_SHARE", 0.9),
        ("CHORE_SHARE", 0.9),
    ):
        monkeypatch.setattr(examiner, name, value)


@pytest.fixture
def broken(logdir: Path) -> Path:
    """A logdir of one run with a NaN, and one without."""
    for name, last in (("bad", NAN), ("good", 1.0)):
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            for step in range(10):
                run.log({"loss": 1.0 if step < 7 else last}, step=step)
            run.mark("half", step=5)
    return logdir


@pytest.fixture
def client(broken: Path) -> Iterator[TestClient]:
    """A visitor of these."""
    with TestClient(create_app(Settings(broken)), base_url=ADDRESS) as made:
        yield made


def findings(client: TestClient, run: str) -> list[dict[str, Any]]:
    """Those of a run."""
    found: list[dict[str, Any]] = client.get("/api/v1/findings", params={"run": run}).json()["findings"]
    return found


def counts(client: TestClient) -> dict[str, Any]:
    """What the compact list of runs says."""
    return {run["name"]: run["findings"] for run in client.get("/api/v1/runs?form=page").json()["runs"]}


def dismiss(client: TestClient, **body: Any) -> Any:
    """Asks for a dismissal."""
    return client.post("/api/v1/findings/dismiss", json={"run": "bad", "id": "nan_or_inf", "reason": "meant", **body})


def test_each_run_has_its_findings(client: TestClient) -> None:
    """Asked for by name they are there at once; in the list as numbers, among the marks at their step."""
    answer = client.get("/api/v1/findings?run=bad").json()
    (found,) = answer["findings"]
    assert answer["examined"] > 1.7e9
    assert (found["id"], found["severity"], found["step"], found["dismissed"]) == ("nan_or_inf", "error", 7, None)
    assert found["wall_time"] > 1.7e9
    assert findings(client, "good") == []
    until(lambda: counts(client) == {"bad": [1, 0, 0], "good": [0, 0, 0]})
    said = client.get("/api/v1/findings").json()
    assert (said["pending"], [*said["runs"]]) == (0, ["bad"])
    for marks in (
        client.post("/api/v1/marks", json={"runs": ["bad", "good"]}).json()["marks"]["bad"],
        client.get("/api/v1/marks?run=bad").json()["marks"],
    ):
        assert [(mark["kind"], mark["step"]) for mark in marks if mark["kind"] == "finding"] == [("finding", 7)]
        assert "half" in [mark["text"] for mark in marks]
        assert [mark["wall_time"] for mark in marks] == sorted(mark["wall_time"] for mark in marks)


def test_an_unknown_run_is_404(client: TestClient) -> None:
    """Of findings and of dismissals."""
    assert client.get("/api/v1/findings?run=nope").status_code == 404
    assert dismiss(client, run="nope").status_code == 404


def test_a_dismissal_is_kept_and_taken_back(client: TestClient, broken: Path) -> None:
    """It counts no more, is no mark, and says who said so; the training's own file is as it was."""
    (segment,) = (broken / "bad").glob("events.*.sqlite")
    before = segment.read_bytes()
    assert dismiss(client, author="me").status_code == 200
    until(lambda: findings(client, "bad")[0]["dismissed"])
    said = findings(client, "bad")[0]["dismissed"]
    assert (said["reason"], said["author"]) == ("meant", "me")
    until(lambda: counts(client)["bad"] == [0, 0, 0])
    assert "finding" not in [mark["kind"] for mark in client.get("/api/v1/marks?run=bad").json()["marks"]]
    assert "dismissed" not in str(client.get("/api/v1/runs").json()["runs"][0]["said"])
    assert dismiss(client, reason=None).status_code == 200
    until(lambda: counts(client)["bad"] == [1, 0, 0])
    assert segment.read_bytes() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"reason": "x" * (MAX_REASON + 1)}, 400), ({"reason": 3}, 400), ({"id": ""}, 400), ({"id": "x" * 600}, 409),
        ({"run": ["bad"]}, 400), ({"author": {}}, 400), ({"id": "half \\ud800 é"}, 200), ({"reason": ""}, 200),
    ],
    ids=["long", "number", "empty", "long-id", "list", "author", "escape", "no-words"],
)  # fmt: skip
def test_odd_dismissals_are_refused_or_kept_as_text(client: TestClient, body: dict[str, Any], status: int) -> None:
    """With a sentence; nothing of it harms what is known of the run."""
    assert dismiss(client, **body).status_code == status
    assert len(findings(client, "bad")) == 1


def test_a_read_only_server_dismisses_nothing(broken: Path) -> None:
    """403, as everywhere; findings are told."""
    with TestClient(create_app(Settings(broken, read_only=True)), base_url=ADDRESS) as visitor:
        assert dismiss(visitor).status_code == 403
        assert len(findings(visitor, "bad")) == 1
    assert dismissed(broken / "bad") == {}


def test_what_others_wrote_into_the_pages_file_is_looked_at(broken: Path) -> None:
    """A value that is no dismissal is none; there are no more of them than a run keeps."""
    for id, value in (("a", 3), ("b", {"reason": 3}), ("c", {"reason": "", "wall_time": NAN}), ("d", [])):
        user_edits.write(broken / "bad", f"dismissed:{id}", value)
    user_edits.write(broken / "bad", "dismissed:e", {"reason": "x" * 9000, "wall_time": 1, "author": 7})
    assert dismissed(broken / "bad") == {"e": {"reason": "x" * MAX_REASON, "wall_time": 1.0, "author": None}}
    words = {f"dismissed:{i}": {"reason": "", "wall_time": 0} for i in range(2 * MOST_DISMISSED)}
    assert len(diagnosed_words(words)) == MOST_DISMISSED


def diagnosed_words(words: dict[str, Any]) -> dict[str, Any]:
    """Those of a file that says all this."""
    from tracker.store.read.dismissed import dismissed_in

    return dismissed_in(words)


def test_a_live_run_is_told_of_as_it_goes_on(logdir: Path) -> None:
    """Examined again when there is more, and an open tab hears of it."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
        run.flush()
        with TestClient(create_app(Settings(logdir)), base_url=ADDRESS) as client:
            until(lambda: counts(client) == {"a": [0, 0, 0]})
            with client.websocket_connect("/live", headers={"host": "127.0.0.1:6006", "origin": ADDRESS}) as socket:
                run.log({"loss": NAN}, step=1)
                run.flush()

                def heard() -> bool:
                    message = socket.receive_bytes()
                    head = json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])
                    return any(
                        "findings" in each["what"] and (each["summary"] or each["reach"])["findings"] == [1, 0, 0]
                        for each in head["changed"]
                    )

                until(heard)
            assert counts(client) == {"a": [1, 0, 0]}


def keep_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logdir of two runs has an index too, and a file counts as settled at once."""
    monkeypatch.setattr(catalog_cache, "WORTH_IT", 0)
    monkeypatch.setattr(file_stamps, "SETTLED_S", -1.0)


def test_a_run_that_nobody_writes_is_examined_once(
    broken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not again at the next start of a server either, unless its file or the detectors are other ones."""
    keep_index(monkeypatch)
    examined: list[str] = []
    known = diagnosed.examination

    def counted(run: Any, *more: Any) -> Any:
        examined.append(run.name)
        return known(run, *more)

    monkeypatch.setattr(diagnosed, "examination", counted)

    def served() -> list[str]:
        examined.clear()
        with TestClient(create_app(Settings(broken, index=tmp_path / "index")), base_url=ADDRESS) as client:
            until(lambda: client.get("/api/v1/findings").json()["pending"] == 0)
            assert len(findings(client, "bad")) == 1
            findings(client, "good")
            client.get("/api/v1/runs")  # which reads what the first look left out
        return sorted(examined)

    assert served() == ["bad", "good"]
    assert served() == []
    with tracker.init(logdir=broken, name="good", resume="must", machine=False) as run:
        run.log({"loss": 2.0})
    assert served() == ["good"]
    monkeypatch.setattr("dashboard.live.examiner.detectors_version", lambda: "others")
    monkeypatch.setattr("dashboard.live.catalog_cache.detectors_version", lambda: "others")
    assert served() == ["bad", "good"]


def test_the_list_knows_of_findings_from_the_index(
    broken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anybody has looked again."""
    keep_index(monkeypatch)
    with TestClient(create_app(Settings(broken, index=tmp_path / "index")), base_url=ADDRESS) as client:
        until(lambda: client.get("/api/v1/findings").json()["pending"] == 0)
        client.get("/api/v1/runs")
    found = Catalog(broken, index=tmp_path / "index")
    found.scan(glance=True)
    assert found.runs["bad"].finding_counts == [1, 0, 0]
    (segment,) = (broken / "bad").glob("events.*.sqlite")
    segment.touch()
    again = Catalog(broken, index=tmp_path / "index")
    again.scan(glance=True)
    assert again.runs["bad"].finding_counts is None


def test_one_that_cannot_be_read_takes_no_other_along(broken: Path) -> None:
    """The others are examined."""
    (segment,) = (broken / "good").glob("events.*.sqlite")
    segment.write_bytes(b"SQLite format 3\0" + bytes(5000))
    with TestClient(create_app(Settings(broken)), base_url=ADDRESS) as client:
        until(lambda: client.get("/api/v1/findings").json()["pending"] == 0)
        assert counts(client) == {"bad": [1, 0, 0], "good": [0, 0, 0]}


@given(st.lists(st.tuples(st.floats(1e-6, 10), st.floats(0, 10)), min_size=1), st.floats(0.001, 0.5))
def test_work_takes_its_share_and_no_more(pieces: list[tuple[float, float]], share: float) -> None:
    """Whatever a piece takes, and however much longer it has to wait for others: to where the next may begin."""
    budget, now, taken = TimeBudget(share), 0.0, 0.0
    for took, waited in pieces:
        now = max(now, budget.free_at) + took + waited
        taken += took
        budget.spent(took, now)
        assert taken <= share * budget.free_at * (1 + 1e-9)
