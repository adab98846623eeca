"""By which metric runs are judged: one rule, wherever it is asked."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient, WebSocketTestSession

import tracker
from dashboard import cli
from dashboard.live.headline import MOST, Headlines, headline, headlines
from dashboard.server.application import create_app
from dashboard.server.settings import Settings

HOST = {"host": "127.0.0.1:6006", "origin": "http://127.0.0.1:6006"}
TAGS = ["acc", "grad/norm", "loss", "m2/loss", "m12/loss", "machine/cpu_percent", "reward", "train/error", "val/loss"]


@pytest.mark.parametrize(
    ("tags", "best"),
    [
        (TAGS, "val/loss"),
        (["pane/fit/loss", "reward"], "reward"),
        (["train/loss", "loss", "eval/loss"], "train/loss"),
        (["lr", "acc", "aux/loss"], "aux/loss"),
        (["lr", "Accuracy"], "Accuracy"),
        (["m12/loss", "m2/loss"], "m2/loss"),
        (["reward", "machine/cpu_percent"], "reward"),
        (["machine/cpu_percent"], None),
        (["dead/loss_head", "grad_norm/acc.weight", "reward", "time/step"], "reward"),
        (["input/mean", "unused/loss.bias"], None),
        ([], None),
    ],
)
def test_a_run_is_judged_by_what_is_called_a_loss(tags: list[str], best: str | None) -> None:
    """Of the validation first; how busy the machine was says nothing of what was learned."""
    random.Random(0).shuffle(tags)
    assert headline(tags) == best


def test_of_equal_rank_what_most_runs_have_comes_first() -> None:
    """Then by name; no more than a page has use for."""
    assert headlines({"a": 1, "b": 2, "acc": 1, "b12": 2, "b2": 2}) == ["acc", "b", "b2", "b12", "a"]
    assert len(headlines({f"m{i}": 1 for i in range(100)})) == MOST


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from(TAGS), unique=True)), max_size=12),
    st.dictionaries(st.sampled_from("abcd"), st.lists(st.sampled_from(TAGS), unique=True)),
)
def test_kept_up_to_date_it_is_what_it_would_be_anew(
    changes: list[tuple[str, list[str]]], first: dict[str, list[str]]
) -> None:
    """Whatever runs come, go and change."""
    runs, kept = dict(first), Headlines(first)
    for run, tags in changes:
        before = kept.tags()
        is_new = kept.update({run: tags})
        runs[run] = tags
        assert kept.tags() == headlines(Counter(tag for each in runs.values() for tag in each))
        assert is_new or kept.tags() == before


def test_a_page_is_told_when_runs_are_judged_by_another_metric(tmp_path: Path) -> None:
    """As soon as one logs it; a point more of what is known says nothing of it."""

    def told(feed: WebSocketTestSession, wanted: str) -> list[list[str]]:
        """What is told of it until a run is said to have a tag."""
        found = []
        while True:
            data = feed.receive_bytes()
            head = json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])
            found += [head["headlines"]] if head["headlines"] is not None else []
            if any(wanted in (change["summary"] or {}).get("scalars", {}) for change in head["changed"]):
                return found

    app = create_app(Settings(tmp_path, token=None))
    with (
        TestClient(app, base_url="http://127.0.0.1:6006") as client,
        client.websocket_connect("/live", headers=HOST) as feed,
        tracker.init(logdir=tmp_path, name="a", machine=False) as run,
    ):
        run.log({"acc": 1.0}, step=0)
        run.flush()
        assert told(feed, "acc")[-1] == ["acc"]
        run.log({"acc": 2.0, "val/loss": 2.0}, step=1)
        run.flush()
        assert told(feed, "val/loss")[-1] == ["val/loss", "acc"]


def test_the_list_and_the_command_have_the_same_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the page is told, and the columns of `viz runs`."""
    for name in ("m12", "m2"):
        with tracker.init(logdir=tmp_path, name=name, machine=False) as run:
            run.log(dict.fromkeys(TAGS, 1.0), step=0)
    with TestClient(create_app(Settings(tmp_path, token=None)), base_url="http://127.0.0.1:6006") as client:
        told = client.get("/api/v1/runs?form=page").json()
        full = client.get("/api/v1/runs").json()
    assert told["headlines"][:4] == ["val/loss", "loss", "m2/loss", "m12/loss"]
    assert "machine/cpu_percent" not in told["headlines"]
    assert [list(run["scalars"]) for run in told["runs"]] == [["val/loss"], ["val/loss"]]
    assert [run["name"] for run in full["runs"]] == ["m2", "m12"]
    assert cli.main(["runs", "--logdir", str(tmp_path)]) == 0
    head, first, second = capsys.readouterr().out.splitlines()[:3]
    assert head.split()[4] == "size"
    assert head.split()[5:] == told["headlines"][:4]
    assert (first.split()[0], second.split()[0]) == ("m2", "m12")
