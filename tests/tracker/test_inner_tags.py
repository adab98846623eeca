"""Inner tags: everything that watching logs by itself, and nothing that a user logs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tracker
import trainer
from tracker.findings.inner_tags import is_inner
from tracker.findings.roles import Roles, roles_of
from trainer import nn

ROOT = Path(__file__).resolve().parents[2]
KNOWN = json.loads((ROOT / "tests" / "web" / "tag_groups.json").read_text(encoding="utf-8"))
X = np.random.default_rng(0).random((30, 6)).astype(np.float32)
Y = (X.sum(1) > 3).astype(np.int64)


@pytest.mark.parametrize("kind", KNOWN)
def test_groups_are_inner_as_the_page_has_them(kind: str) -> None:
    """The table that tests/web/tag_order.test.js holds the page to."""
    assert {is_inner(f"{group}/x".lstrip("/")) for group in KNOWN[kind]} == {kind != "outer"}


def test_what_a_user_logs_beside_them_is_not_inner() -> None:
    """Keras's callback logs metrics by batch; a name may begin as one of ours does."""
    outer = ["batch/loss", "loss", "timeout/rate", "inputs/loss", "deadline", "clipped_share", "val/grad_norm/x"]
    assert [tag for tag in outer if is_inner(tag)] == []
    assert all(map(is_inner, ["batch/classes", "batch/label_change", "clipped", "grad_norm/loss.weight"]))


def test_they_have_no_role() -> None:
    """A layer called loss is no loss."""
    assert roles_of(["dead/loss", "output/accuracy", "time/lr", "batch/commonest"]) == Roles()


def test_all_that_the_trainer_logs_by_itself_is_inner(logdir: Path) -> None:
    layers = {"fc": nn.Linear(6, 8), "relu": nn.ReLU(), "tanh": nn.Tanh(), "out": nn.Linear(8, 2)}
    model = nn.Sequential(layers)
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        optimizer = trainer.optim.SGD(model.parameters(), lr=0.1)
        callback = trainer.TrackerCallback(run, heavy_every=1, max_overhead=None)
        trainer.fit(
            model, [(X[:10], Y[:10]), (X[10:], Y[10:])], nn.CrossEntropyLoss(), optimizer, 2,
            validation=[(X, Y)], metrics="accuracy", callbacks=[callback], progress=False,
        )  # fmt: skip
    tags = tracker.open(logdir).run("run").tags("scalar")
    assert {tag for tag in tags if not is_inner(tag)} == {
        "train/loss", "val/loss", "train/accuracy", "val/accuracy", "lr",
    }  # fmt: skip
    assert len(tags) > 25


def test_all_that_watching_a_module_logs_is_inner(logdir: Path) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Tanh(), torch.nn.Linear(8, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with tracker.init(logdir=logdir, name="run", machine=False) as run:
        tracker.watch(model, run=run, every=1, graph=False, max_overhead=None)
        for _ in range(4):
            loss = torch.nn.functional.cross_entropy(model(torch.from_numpy(X)), torch.from_numpy(Y))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.01)
            optimizer.step()
            run.log({"loss": loss.item()})
    tags = tracker.open(logdir).run("run").tags("scalar")
    assert {tag for tag in tags if not is_inner(tag)} == {"loss"}
    assert len(tags) > 20
