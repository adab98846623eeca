"""Each framework trains for real and logs to us; where it has a TensorBoard logger of its own, both agree on every point."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.foreign.importer import import_logs

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(64, 4)).astype(np.float32), RNG.integers(0, 2, 64)


def agree(ours: Any, theirs: Any, tags: list[str] | None = None) -> None:
    """That two runs hold the same points; theirs are float32."""
    for tag in tags or theirs.tags("scalar"):
        mine, other = ours.scalars(tag), theirs.scalars(tag)
        assert mine.step.tolist() == other.step.tolist(), tag
        assert np.array_equal(mine.value.astype(np.float32), other.value.astype(np.float32), equal_nan=True), tag


def imported(source: Path, logdir: Path) -> Any:
    """The one run of a folder of event files that has scalars."""
    list(import_logs(source, logdir))
    (run,) = [run for run in tracker.open(logdir).runs() if run.tags("scalar")]
    return run


# --- PyTorch ----------------------------------------------------------------------------------------------


def small_module() -> Any:
    """Two layers."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))


def train(module: Any, steps: int) -> list[dict[str, Any]]:
    """A loop as anyone writes it; the gradients of each step."""
    import torch

    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    gradients = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(torch.tensor(X)), torch.tensor(Y))
        loss.backward()
        gradients.append({name: each.grad.clone().numpy() for name, each in module.named_parameters()})
        optimizer.step()
        tracker.log({"train/loss": loss})
    return gradients


def test_watch_logs_gradients_parameters_and_graph(logdir: Path) -> None:
    """At the steps of the loop, every one of them exactly; evaluation counts as none."""
    module = small_module()
    import torch

    run = tracker.init(logdir=logdir, name="a")
    watch = tracker.watch(module, every=3)
    gradients = train(module, 7)
    module.eval()
    module(torch.tensor(X))
    watch.stop()
    tracker.finish()
    stored = tracker.open(logdir).run("a")
    assert sorted(stored.tags("histogram")) == sorted(
        f"{what}/{name}" for what in ("gradients", "parameters") for name in gradients[0]
    )
    found = stored.histograms("gradients/2.weight")
    assert found.step.tolist() == [0, 3, 6]
    for step, each in zip(found.step.tolist(), found, strict=True):
        assert (each.min, each.max) == (gradients[step]["2.weight"].min(), gradients[step]["2.weight"].max())
    nodes = {node["name"]: node["attrs"] for node in stored.graph()["nodes"]}
    assert set(nodes) >= {"0/linear", "1/relu", "2/weight"}
    learned = sum(each.numel() for each in module.parameters())
    assert sum(each["parameters"] for each in nodes.values()) == learned
    assert nodes["0/linear"]["flops"] > 0
    assert run.name == "a"


def test_watch_takes_its_hooks_off_and_survives_what_cannot_be_traced(
    logdir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A model with a branch on strings, say, trains all the same."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")

    class Odd(torch.nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.Linear(4, 2)

        def forward(self, x: Any) -> Any:
            if not self.training:
                raise RuntimeError("not while evaluated")
            return self.inner(x)

    module = Odd()
    tracker.init(logdir=logdir, name="a")
    watch = tracker.watch(module, every=1)
    train(module, 2)
    watch.stop()
    train(module, 2)
    tracker.finish()
    assert "cannot be traced" in caplog.text
    assert tracker.open(logdir).run("a").histograms("gradients/inner.weight").step.tolist() == [0, 1]
    assert not module._forward_pre_hooks


# --- Lightning --------------------------------------------------------------------------------------------


def test_lightning_logs_what_its_tensorboard_logger_logs(logdir: Path, tmp_path: Path) -> None:
    """Side by side in one training."""
    lightning = pytest.importorskip("lightning", reason="needs Lightning: pip install everystep[frameworks]")
    torch = pytest.importorskip("torch")
    from tracker.integrations.lightning import TrackerLogger

    class Module(lightning.LightningModule):  # type: ignore[name-defined, misc]
        def __init__(self, lr: float = 0.1) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.inner = small_module()
            self.example_input_array = torch.zeros(1, 4)

        def forward(self, x: Any) -> Any:
            return self.inner(x)

        def training_step(self, batch: Any, _: int) -> Any:
            loss = torch.nn.functional.cross_entropy(self(batch[0]), batch[1])
            self.log("train/loss", loss, on_step=True, on_epoch=True)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

    from lightning.pytorch.loggers import TensorBoardLogger

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y)), batch_size=8)
    ours = TrackerLogger(logdir, "a", log_graph=True)
    loggers = [ours, TensorBoardLogger(str(tmp_path / "tb"), default_hp_metric=False)]
    trainer = lightning.Trainer(
        max_epochs=3,
        logger=loggers,
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        accelerator="cpu",
    )
    trainer.fit(Module(), data)
    run = tracker.open(logdir).run("a")
    agree(run, imported(tmp_path / "tb", tmp_path / "imported"))
    assert (run.status, run.config["lr"]) == ("finished", 0.1)
    assert any(node["op"] == "linear" for node in run.graph()["nodes"])
    assert len(run.scalars("train/loss_step")) == 24


def test_lightning_tests_and_fits_on_into_the_same_run(logdir: Path, tmp_path: Path) -> None:
    """Without a name too: fit, test, validate and another fit, as its TensorBoardLogger keeps them in one folder."""
    lightning = pytest.importorskip("lightning", reason="needs Lightning: pip install everystep[frameworks]")
    torch = pytest.importorskip("torch")
    from lightning.pytorch.loggers import TensorBoardLogger

    from tracker.integrations.lightning import TrackerLogger

    class Module(lightning.LightningModule):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = small_module()

        def _loss(self, batch: Any) -> Any:
            return torch.nn.functional.cross_entropy(self.inner(batch[0]), batch[1])

        def training_step(self, batch: Any, _: int) -> Any:
            loss = self._loss(batch)
            self.log("train_loss", loss)
            return loss

        def validation_step(self, batch: Any, _: int) -> None:
            self.log("val_loss", self._loss(batch))

        def test_step(self, batch: Any, number: int) -> None:
            self.log("test_loss", self._loss(batch))

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y)), batch_size=32)
    loggers = [TrackerLogger(logdir), TensorBoardLogger(str(tmp_path / "tb"), default_hp_metric=False)]
    module = Module()

    def trainer() -> Any:
        quiet = dict.fromkeys(("enable_progress_bar", "enable_model_summary", "enable_checkpointing"), False)
        return lightning.Trainer(max_epochs=2, logger=loggers, log_every_n_steps=1, accelerator="cpu", **quiet)

    first = trainer()
    first.fit(module, data, data)
    first.test(module, data, verbose=False)
    first.validate(module, data, verbose=False)
    again = trainer()
    again.fit(module, data, data)
    again.test(module, data, verbose=False)
    (run,) = tracker.open(logdir).runs()
    agree(run, imported(tmp_path / "tb", tmp_path / "imported"))
    assert len(run.scalars("test_loss")) == 2
    assert run.status == "finished"


def test_a_callback_that_is_sent_to_another_process_logs_to_the_same_run(logdir: Path) -> None:
    """As launchers that spawn do; a copy of a callback is no other run either."""
    import copy
    import pickle

    from tracker.integrations.borrowed_run import BorrowedRun

    lent = BorrowedRun(None, logdir)
    lent.run().log({"x": 1.0}, step=0)
    assert copy.deepcopy(lent).run() is lent.run()
    sent = pickle.loads(pickle.dumps(lent))
    lent.finish()
    sent.run().log({"x": 2.0}, step=1)
    sent.finish()
    (run,) = tracker.open(logdir).runs()
    assert run.scalars("x").value.tolist() == [1.0, 2.0]


# --- transformers -----------------------------------------------------------------------------------------


def test_transformers_logs_what_its_tensorboard_callback_logs(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Trainer with a random tiny BERT, evaluated every epoch."""
    transformers = pytest.importorskip("transformers", reason="needs transformers: pip install everystep[frameworks]")
    pytest.importorskip("accelerate", reason="needs accelerate: pip install everystep[frameworks]")
    import torch

    from tracker.integrations.transformers import TrackerCallback

    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "tb"))
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    model = transformers.BertForSequenceClassification(config)
    data = [{"input_ids": torch.randint(0, 50, (6,)), "labels": torch.tensor(number % 2)} for number in range(32)]
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path / "out"),
        num_train_epochs=2,
        per_device_train_batch_size=8,
        logging_steps=1,
        eval_strategy="epoch",
        report_to=["tensorboard"],
        disable_tqdm=True,
        use_cpu=True,
        save_strategy="no",
    )
    trainer = transformers.Trainer(
        model=model, args=arguments, train_dataset=data, eval_dataset=data, callbacks=[TrackerCallback(logdir, "a")]
    )
    trainer.train()
    run = tracker.open(logdir).run("a")
    theirs = imported(tmp_path / "tb", tmp_path / "imported")
    assert "eval/loss" in theirs.tags("scalar")
    agree(run, theirs)
    assert len(run.scalars("train/loss")) == 8
    assert (run.config["model"]["hidden_size"], run.config["args"]["logging_steps"]) == (16, 1)


def test_transformers_evaluates_and_trains_on_into_the_same_run(
    logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a name too: train, evaluate, train again, as its own callback keeps them in one folder."""
    transformers = pytest.importorskip("transformers", reason="needs transformers: pip install everystep[frameworks]")
    pytest.importorskip("accelerate", reason="needs accelerate: pip install everystep[frameworks]")
    import torch

    from tracker.integrations.transformers import TrackerCallback

    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "tb"))
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    data = [{"input_ids": torch.randint(0, 50, (6,)), "labels": torch.tensor(number % 2)} for number in range(16)]
    quiet: dict[str, Any] = {"disable_tqdm": True, "use_cpu": True, "save_strategy": "no", "logging_steps": 1}
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"), num_train_epochs=1, report_to=["tensorboard"], **quiet
    )
    trainer = transformers.Trainer(
        model=transformers.BertForSequenceClassification(config),
        args=arguments, train_dataset=data, eval_dataset=data, callbacks=[TrackerCallback(logdir)],
    )  # fmt: skip
    trainer.evaluate()
    trainer.train()
    trainer.evaluate()
    trainer.evaluate(metric_key_prefix="test")
    trainer.train()
    trainer.evaluate()
    (run,) = tracker.open(logdir).runs()
    agree(run, imported(tmp_path / "tb", tmp_path / "imported"))
    assert (len(run.scalars("eval/loss")), len(run.scalars("test/loss"))) == (3, 1)


def test_each_trial_of_a_search_is_a_run_below_its_own(logdir: Path, tmp_path: Path) -> None:
    """One callback for all of them, as Trainer.hyperparameter_search has it; what follows is the search's run again."""
    transformers = pytest.importorskip("transformers", reason="needs transformers: pip install everystep[frameworks]")
    from tracker.integrations.transformers import TrackerCallback

    callback = TrackerCallback(logdir, "search")
    arguments = transformers.TrainingArguments(str(tmp_path / "out"), use_cpu=True)
    for trial, value in (("run-0", 1.0), ("run-1", 2.0), (None, 3.0)):
        state = transformers.TrainerState(is_hyper_param_search=trial is not None, trial_name=trial)
        callback.on_train_begin(arguments, state, None)
        callback.on_log(arguments, state, None, {"loss": value})
        callback.on_train_end(arguments, state, None)
    found = {run.name: run.scalars("train/loss").value.tolist() for run in tracker.open(logdir).runs()}
    assert found == {"search/run-0": [1.0], "search/run-1": [2.0], "search": [3.0]}


# --- Keras, JAX, trees ------------------------------------------------------------------------------------


def test_keras_logs_its_history(logdir: Path) -> None:
    """Keras' own TensorBoard callback needs TensorFlow; its History does not."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="needs Keras: pip install everystep[frameworks]")
    from tracker.integrations.keras import TrackerCallback

    model = keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(
        X,
        Y.astype(np.float32),
        epochs=4,
        batch_size=16,
        validation_split=0.25,
        verbose=0,
        callbacks=[TrackerCallback(logdir, "a", histograms=2)],
    ).history
    run = tracker.open(logdir).run("a")
    for tag, key in (("train/loss", "loss"), ("train/mae", "mae"), ("val/loss", "val_loss"), ("val/mae", "val_mae")):
        assert run.scalars(tag).value.tolist() == history[key]
    assert len(run.scalars("batch/loss")) == 12
    assert run.config["optimizer"]["name"].lower() == "sgd"
    assert len(run.histograms(run.tags("histogram")[0])) == 2


def test_keras_evaluates_and_fits_on_into_the_same_run(logdir: Path) -> None:
    """Without a name too: what evaluate finds, at the batch where the training stands; a fit that was broken off ends nothing."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="needs Keras: pip install everystep[frameworks]")
    from tracker.integrations.keras import TrackerCallback

    class BreakOff(keras.callbacks.Callback):  # type: ignore[name-defined, misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            raise RuntimeError("broken off")

    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    y = Y.astype(np.float32)
    callback = TrackerCallback(logdir)
    found = [model.evaluate(X, y, verbose=0, callbacks=[callback])]
    fit = {"batch_size": 16, "verbose": 0, "validation_data": (X, y)}
    histories = [model.fit(X, y, epochs=2, callbacks=[callback], **fit).history]
    found.append(model.evaluate(X, y, verbose=0, callbacks=[callback]))
    histories.append(model.fit(X, y, epochs=3, initial_epoch=2, callbacks=[callback], **fit).history)
    with pytest.raises(RuntimeError, match="broken off"):
        model.fit(X, y, callbacks=[callback, BreakOff()], **fit)
    found.append(model.evaluate(X, y, verbose=0, callbacks=[callback]))
    (run,) = tracker.open(logdir).runs()
    test = run.scalars("test/loss")
    assert (test.step.tolist(), test.value.tolist()) == ([0, 8, 13], found)
    for tag, key in (("train/loss", "loss"), ("val/loss", "val_loss")):
        points = run.scalars(tag)
        assert (points.step.tolist(), points.value.tolist()) == ([0, 1, 2], histories[0][key] + histories[1][key])


def test_a_jax_loop_logs_its_scalars_and_trees(logdir: Path) -> None:
    """Scalars as they are, parameters and gradients by path; with Flax and optax."""
    jax = pytest.importorskip("jax", reason="needs JAX: pip install everystep[frameworks]")
    linen = pytest.importorskip("flax.linen", reason="needs Flax: pip install everystep[frameworks]")
    optax = pytest.importorskip("optax", reason="needs optax: pip install everystep[frameworks]")
    from tracker.integrations.jax import histograms

    model = linen.Dense(2)
    parameters = model.init(jax.random.key(0), X)
    optimizer = optax.sgd(0.1)
    state = optimizer.init(parameters)

    def loss_of(parameters: Any) -> Any:
        return optax.softmax_cross_entropy_with_integer_labels(model.apply(parameters, X), Y).mean()

    values = []
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(5):
            loss, gradients = jax.value_and_grad(loss_of)(parameters)
            updates, state = optimizer.update(gradients, state)
            parameters = optax.apply_updates(parameters, updates)
            values.append(float(loss))
            run.log(
                {"train/loss": loss, "bf16": loss.astype("bfloat16"), **histograms(gradients, "gradients")}, step=step
            )
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("train/loss").value.tolist() == values
    assert stored.tags("histogram") == ["gradients/params/bias", "gradients/params/kernel"]
    assert stored.histograms("gradients/params/kernel")[0].total == 8


def test_scikit_learn_logs_its_curves_once(logdir: Path) -> None:
    """loss_curve_ of fit, and what each partial_fit adds."""
    network = pytest.importorskip(
        "sklearn.neural_network", reason="needs scikit-learn: pip install everystep[frameworks]"
    )
    from tracker.integrations.sklearn import EstimatorLog, log_estimator

    fitted = network.MLPClassifier((8,), max_iter=20, early_stopping=True, random_state=0).fit(X, Y)
    growing = network.MLPClassifier((8,), random_state=0)
    with tracker.init(logdir=logdir, name="a") as run:
        assert log_estimator(run, fitted) == len(fitted.loss_curve_) + len(fitted.validation_scores_)
        log = EstimatorLog(run, growing, "partial/")
        for _ in range(3):
            growing.partial_fit(X, Y, classes=[0, 1])
            assert log.log() == 1
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("train/loss").value.tolist() == fitted.loss_curve_
    assert stored.scalars("val/score").value.tolist() == fitted.validation_scores_
    assert stored.scalars("partial/train/loss").value.tolist() == growing.loss_curve_
    assert stored.config["max_iter"] == 20


def test_xgboost_logs_every_round(logdir: Path) -> None:
    """Equal to what it remembers itself; means and deviations of a cross-validation."""
    xgboost = pytest.importorskip("xgboost", reason="needs XGBoost: pip install everystep[frameworks]")
    from tracker.integrations.xgboost import TrackerCallback

    data = xgboost.DMatrix(X, Y)
    remembered: dict[str, Any] = {}
    parameters = {"objective": "binary:logistic", "nthread": 1}
    xgboost.train(
        parameters,
        data,
        6,
        evals=[(data, "train")],
        evals_result=remembered,
        verbose_eval=False,
        callbacks=[TrackerCallback(logdir, "a")],
    )
    run = tracker.open(logdir).run("a")
    assert run.scalars("train/logloss").value.tolist() == remembered["train"]["logloss"]
    assert "learner" in run.config
    found = xgboost.cv(parameters, data, 4, nfold=3, callbacks=[TrackerCallback(logdir, "cv")], as_pandas=False)
    assert tracker.open(logdir).run("cv").scalars("test/logloss").value.tolist() == pytest.approx(
        found["test-logloss-mean"]
    )


def test_xgboost_trains_on_into_the_same_run(logdir: Path) -> None:
    """Without a name too; a training that goes on with a model goes on with its rounds, another one begins anew."""
    xgboost = pytest.importorskip("xgboost", reason="needs XGBoost: pip install everystep[frameworks]")
    from tracker.integrations.xgboost import TrackerCallback

    data, callback, wanted = xgboost.DMatrix(X, Y), TrackerCallback(logdir), []
    parameters = {"objective": "binary:logistic", "nthread": 1}
    model = None
    for rounds in (3, 2):
        remembered: dict[str, Any] = {}
        model = xgboost.train(
            parameters, data, rounds, evals=[(data, "train")], evals_result=remembered, verbose_eval=False,
            callbacks=[callback], xgb_model=model,
        )  # fmt: skip
        wanted += remembered["train"]["logloss"]
    (run,) = tracker.open(logdir).runs()
    points = run.scalars("train/logloss")
    assert (points.step.tolist(), points.value.tolist()) == (list(range(5)), wanted)
    xgboost.train(parameters, data, 1, evals=[(data, "train")], verbose_eval=False, callbacks=[callback])
    (run,) = tracker.open(logdir).runs()
    assert run.scalars("train/logloss").step.tolist() == [0, 1, 2, 3, 4, 0]
    assert run.status == "finished"


def test_what_an_estimator_or_a_watch_says_after_the_end_is_kept(logdir: Path) -> None:
    """A refit, or passes of a module, after run.finish()."""
    network = pytest.importorskip(
        "sklearn.neural_network", reason="needs scikit-learn: pip install everystep[frameworks]"
    )
    module = small_module()
    import torch

    from tracker.integrations.sklearn import EstimatorLog

    model = network.MLPClassifier((4,), max_iter=3, random_state=0)
    with tracker.init(logdir=logdir, name="a") as run:
        watch = tracker.watch(module, every=1, graph=False)
        log = EstimatorLog(run, model.fit(X, Y))
        log.log()
        module(torch.tensor(X))
    model.set_params(max_iter=2).fit(X, Y)
    assert log.log() == 2
    module(torch.tensor(X))
    watch.stop()
    run.finish()
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("train/loss").step.tolist() == [0, 1, 2, 0, 1]
    assert stored.histograms("parameters/0.weight").step.tolist() == [0, 1]
