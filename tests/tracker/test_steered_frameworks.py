"""Trainings of other frameworks are steered from the page without a line of code, each with the real framework."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from steering import ask, command

import tracker

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(64, 4)).astype(np.float32), RNG.integers(0, 2, 64)

ASKED: list[tuple[str, Any]] = [
    ("lr", 0.05),
    ("checkpoint now", None),
    ("log more", 2),
    ("paused", True),
    ("stop", None),
]


class Hand:
    """Somebody at the page: asks for one thing after the other, each once the one before was done."""

    def __init__(self, run: tracker.Run) -> None:
        self.run = run
        self.nonces: list[str] = []
        self.rates: list[float] = []

    def step(self, lr: float) -> None:
        """After a step with this learning rate."""
        self.rates.append(lr)
        if self.nonces and command(self.run, self.nonces[-1]).outcome not in ("applied", "done"):
            return
        if self.run.log_more or len(self.nonces) == len(ASKED):
            return
        name, value = ASKED[len(self.nonces)]
        self.nonces.append(ask(self.run.folder, name, value))
        if name == "paused":
            self.run.controls.while_held = lambda: ask(self.run.folder, "paused", False)

    def check(self, folded: float = 1.0) -> dict[str, Any]:
        """That all of it was done; the commands by name."""
        answers = {name: command(self.run, nonce) for (name, _), nonce in zip(ASKED, self.nonces, strict=True)}
        assert [each.outcome for each in answers.values()] == ["applied", "done", "applied", "applied", "applied"]
        assert not self.run.controls.offers.paused.value
        step = next(number for number, rate in enumerate(self.rates) if rate != self.rates[0])
        assert self.rates[step:] == pytest.approx([0.05 * folded] * len(self.rates[step:]))
        return answers


def test_lightning(logdir: Path) -> None:
    """Its logger is enough: it brings a callback along."""
    lightning = pytest.importorskip("lightning", reason="needs Lightning: pip install everystep[frameworks]")
    import torch

    from tracker.integrations.lightning import TrackerLogger

    class Module(lightning.LightningModule):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.Linear(4, 2)

        def training_step(self, batch: Any, _: int) -> Any:
            return torch.nn.functional.cross_entropy(self.inner(batch[0]), batch[1])

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        hand = Hand(run)

        class Person(lightning.Callback):  # type: ignore[name-defined, misc]
            def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
                hand.step(trainer.optimizers[0].param_groups[0]["lr"])

        data = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))
        quiet = dict.fromkeys(("enable_progress_bar", "enable_model_summary", "enable_checkpointing"), False)
        trainer = lightning.Trainer(
            max_epochs=100_000, logger=TrackerLogger(run=run), callbacks=[Person()], accelerator="cpu", **quiet
        )
        trainer.fit(Module(), torch.utils.data.DataLoader(data, batch_size=32))
        answers = hand.check()
        steps = trainer.global_step
    assert answers["stop"].step == steps
    saved = torch.load(run.folder / f"checkpoint-{answers['checkpoint now'].step}.ckpt", weights_only=False)
    assert saved["global_step"] == answers["checkpoint now"].step
    more = tracker.open(logdir).run("a").histograms("gradients/inner.weight")
    first = answers["log more"].step
    assert more.step.tolist() == [first, first + 1]  # the updates that follow, which Lightning counts from 0


@pytest.mark.long
def test_transformers(logdir: Path, tmp_path: Path) -> None:
    """Its Trainer saves as it does; the schedule falls on from the rate that was asked for."""
    transformers = pytest.importorskip("transformers", reason="needs transformers: pip install everystep[frameworks]")
    pytest.importorskip("accelerate", reason="needs accelerate: pip install everystep[frameworks]")
    import torch

    from tracker.integrations.transformers import TrackerCallback

    config = transformers.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    data = [{"input_ids": torch.randint(0, 50, (6,)), "labels": torch.tensor(number % 2)} for number in range(8)]
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"), max_steps=100_000_000, learning_rate=0.1, per_device_train_batch_size=8,
        report_to=[], disable_tqdm=True, use_cpu=True, save_strategy="no", logging_strategy="no",
    )  # fmt: skip
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        hand = Hand(run)

        class Person(transformers.TrainerCallback):  # type: ignore[name-defined, misc]
            def on_step_end(self, *_: Any, lr_scheduler: Any, **__: Any) -> None:
                hand.step(round(lr_scheduler.get_last_lr()[0], 4))

        trainer = transformers.Trainer(
            model=transformers.BertForSequenceClassification(config), args=arguments, train_dataset=data,
            callbacks=[TrackerCallback(run=run), Person()],
        )  # fmt: skip
        trainer.train()
        answers = hand.check()
    assert answers["stop"].step == trainer.state.global_step
    saved = tmp_path / "out" / f"checkpoint-{answers['checkpoint now'].step}"
    assert json.loads((saved / "trainer_state.json").read_text())["global_step"] == answers["checkpoint now"].step
    more = tracker.open(logdir).run("a").histograms("gradients/classifier.weight")
    first = answers["log more"].step
    assert more.step.tolist() == [first, first + 1]


@pytest.mark.parametrize("schedule", [False, True], ids=["rate", "schedule"])
def test_keras(logdir: Path, schedule: bool) -> None:
    """A rate that is a number, and one that a schedule computes, which is scaled."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="needs Keras: pip install everystep[frameworks]")
    from tracker.integrations.keras import TrackerCallback

    rate = keras.optimizers.schedules.PolynomialDecay(0.1, 10**9) if schedule else 0.1
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        hand = Hand(run)

        class Person(keras.callbacks.Callback):  # type: ignore[name-defined, misc]
            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                hand.step(round(float(self.model.optimizer.learning_rate), 4))

        model.fit(
            X,
            Y.astype(np.float32),
            batch_size=32,
            epochs=100_000,
            verbose=0,
            callbacks=[TrackerCallback(run=run), Person()],
        )
        answers = hand.check()
    step = answers["checkpoint now"].step
    loaded = keras.saving.load_model(run.folder / f"checkpoint-{step}.keras")
    assert int(loaded.optimizer.iterations) == step + 1  # batches are counted from 0
    more = tracker.open(logdir).run("a").histograms(f"batch/weights/{model.trainable_weights[0].path}")
    first = answers["log more"].step
    assert more.step.tolist() == [first + 1, first + 2]


def test_groups_and_schedules_of_pytorch_are_scaled_together() -> None:
    """Each kind of scheduler goes on as it would have, times the factor; groups keep their ratios."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    from tracker.integrations.steering import rescale

    schedules = torch.optim.lr_scheduler
    kinds: dict[str, Callable[[Any], Any]] = {
        "LambdaLR": lambda o: schedules.LambdaLR(o, lambda t: 1 / (1 + t)),
        "StepLR": lambda o: schedules.StepLR(o, 3, 0.5),
        "Cosine": lambda o: schedules.CosineAnnealingLR(o, 20),
        "OneCycle": lambda o: schedules.OneCycleLR(o, [0.1, 0.01], total_steps=20),
        "Sequential": lambda o: schedules.SequentialLR(
            o, [schedules.LinearLR(o, 0.1, 1.0, 5), schedules.LambdaLR(o, lambda t: 0.9**t)], [5]
        ),
        "Restarts": lambda o: schedules.CosineAnnealingWarmRestarts(o, 4),
    }
    for name, kind in kinds.items():
        seen = []
        for changed in (False, True):
            parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
            optimizer = torch.optim.SGD(
                [{"params": [p], "lr": lr} for p, lr in zip(parameters, (0.1, 0.01), strict=True)]
            )
            scheduler = kind(optimizer)
            rates = []
            for step in range(14):
                if changed and step == 3:
                    rescale([optimizer], [scheduler], 3 * optimizer.param_groups[0]["lr"])
                rates.append([group["lr"] for group in optimizer.param_groups])
                optimizer.step()
                scheduler.step()
            seen.append(np.array(rates))
        assert np.allclose(seen[1][3:], 3 * seen[0][3:]), name
        assert np.allclose(seen[1][:3], seen[0][:3]), name


def patiently(condition: Callable[[], Any], what: str) -> None:
    """Waits for two processes that import all of it first."""
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


TWO_PROCESSES = """
    import json, os, sys
    import lightning, torch
    from tracker.integrations.lightning import TrackerLogger

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.inner = torch.nn.Linear(4, 2)
            self.seen = []

        def training_step(self, batch, number):
            self.seen.append(self.optimizers().param_groups[0]["lr"])
            return torch.nn.functional.cross_entropy(self.inner(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(0)
    data = torch.utils.data.TensorDataset(torch.randn(64, 4, generator=g), torch.randint(0, 2, (64,), generator=g))
    module = Module()
    quiet = dict.fromkeys(("enable_progress_bar", "enable_model_summary", "enable_checkpointing"), False)
    trainer = lightning.Trainer(
        max_epochs=1_000_000, logger=TrackerLogger(sys.argv[1], "two"), accelerator="cpu", devices=2, strategy="ddp",
        log_every_n_steps=1, **quiet,
    )
    trainer.fit(module, torch.utils.data.DataLoader(data, batch_size=16))
    with open(os.path.join(sys.argv[2], f"said-{trainer.global_rank}"), "w") as file:
        json.dump({"lrs": module.seen, "steps": trainer.global_step, "w": module.inner.weight.tolist()}, file)
"""


@pytest.mark.long
@pytest.mark.timeout(300)
def test_two_processes_of_lightning_do_the_same_at_the_same_step(logdir: Path, tmp_path: Path) -> None:
    """Over gloo: rank 0 has the run, and tells the other what takes effect; a pause holds both, a checkpoint is both's."""
    pytest.importorskip("lightning", reason="needs Lightning: pip install everystep[frameworks]")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE", "LOCAL_RANK")}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(TWO_PROCESSES), str(logdir), str(tmp_path)], cwd=tmp_path,
            env={
                **base, "PYTHONPATH": str(ROOT), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
                "WORLD_SIZE": "2", "RANK": str(rank), "LOCAL_RANK": str(rank), "NODE_RANK": "0",
            },
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        folder = logdir / "two"

        patiently(lambda: folder.is_dir() and any(folder.glob("events.*.sqlite")), "it never began")
        run = tracker.open(logdir).run("two")
        patiently(lambda: any(each.definition.name == "lr" for each in run.controls()), "it offers nothing")

        def do(name: str, value: Any = None) -> Any:
            nonce = ask(folder, name, value)
            patiently(lambda: command(run, nonce).outcome in ("applied", "done", "refused", "failed"), name)
            answer = command(run, nonce)
            assert answer.outcome in ("applied", "done"), answer
            return answer

        changes = [do("lr", 0.05), do("lr", 0.02)]
        saved = do("checkpoint now")
        do("paused", True)
        do("paused", False)
        changes.append(do("lr", 0.01))
        do("stop")
        assert [process.wait(60) for process in started] == [0, 0]
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
            process.wait()
    said = [json.loads((tmp_path / f"said-{rank}").read_text()) for rank in range(2)]
    assert said[0] == said[1]
    lrs, lr = [], 0.1
    schedule = {change.step: change.value for change in changes}
    for step in range(said[0]["steps"]):
        lr = schedule.get(step, lr)
        lrs.append(lr)
    assert said[0]["lrs"] == pytest.approx(lrs)
    assert (folder / f"checkpoint-{saved.step}.ckpt").exists()
