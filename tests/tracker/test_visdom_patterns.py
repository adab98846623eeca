"""How Visdom is used in public code, as it is written there, on our class: each window is in the store with its data."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.compat.visdom import Visdom
from tracker.store.write import page_file


@pytest.fixture
def visdom(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module as `import visdom` gives: with the class in it."""
    monkeypatch.setenv("VIZ_LOGDIR", str(logdir))
    from tracker.compat import visdom as module

    yield module
    module.Visdom(logdir=logdir).finish()


def panes(logdir: Path, env: str = "main") -> dict[str, Any]:
    """The windows of an environment, as they are stored."""
    run = tracker.open(logdir).run(env)
    return {pane.id: run.pane(pane.id) for pane in run.panes()}


def points(logdir: Path, win: str, env: str = "main") -> dict[str, tuple[list[float], list[float]]]:
    """x and y of each line of a window, whichever way it is stored."""
    told = json.loads(Visdom(logdir=logdir, env=env).get_window_data(win))
    return {trace["name"]: (trace["x"], trace["y"]) for trace in told["content"]["data"]}


def test_a_visualizer_class_around_it(visdom: Any, logdir: Path) -> None:
    """A wrapper that counts points of each name, appends them, shows grids of pictures and a log of lines."""

    class Visualizer:
        def __init__(self, env: str = "default", **kwargs: Any) -> None:
            self.vis = visdom.Visdom(env=env, use_incoming_socket=False, **kwargs)
            self.index: dict[str, int] = {}
            self.log_text = ""

        def plot(self, name: str, y: float, **kwargs: Any) -> None:
            x = self.index.get(name, 0)
            self.vis.line(
                Y=np.array([y]),
                X=np.array([x]),
                win=name,
                opts={"title": name},
                update=None if x == 0 else "append",
                **kwargs,
            )
            self.index[name] = x + 1

        def plot_many(self, d: dict[str, float]) -> None:
            for k, v in d.items():
                self.plot(k, v)

        def img_many(self, name: str, img_: Any, **kwargs: Any) -> None:
            self.vis.images(img_, win=name, opts={"title": name}, **kwargs)

        def log(self, info: str, win: str = "log_text") -> None:
            self.log_text += f"[{time.strftime('%m%d_%H%M%S')}] {info} <br>"
            self.vis.text(self.log_text, win)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.vis, name)

    vis = Visualizer("classifier")
    for step in range(5):
        vis.plot("loss", 1 / (step + 1))
        vis.plot_many({"accuracy": step / 5})
    vis.img_many("input", np.random.default_rng(0).random((4, 3, 8, 8)))
    vis.log("epoch 1")
    vis.log("epoch 2")
    vis.histogram(np.arange(10), win="weights")
    found = panes(logdir, "classifier")
    assert set(found) == {"loss", "accuracy", "input", "log_text", "weights"}
    assert points(logdir, "loss", "classifier") == {"1": ([0, 1, 2, 3, 4], [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])}
    assert found["input"].type == "image"
    assert found["input"].items
    assert found["log_text"].content["text"].count("epoch") == 2
    assert found["loss"].title == "loss"


def test_the_loop_of_a_translator_of_pictures(visdom: Any, logdir: Path) -> None:
    """Rows of pictures under one window, a table of labels, and all losses drawn anew from a growing list."""
    display_id, name = 1, "facades"
    vis = visdom.Visdom(server="http://localhost", port=8097, env="main")
    assert vis.check_connection()
    plot_data: dict[str, Any] = {"X": [], "Y": [], "legend": ["G_GAN", "G_L1", "D"]}
    for epoch in range(3):
        images = [np.full((3, 16, 16), shade, np.uint8) for shade in (0, 90, 180)]
        label_html = "<table><tr><td>real_A</td><td>fake_B</td></tr></table>"
        vis.images(images, nrow=3, win=display_id + 1, padding=2, opts={"title": name + " images"})
        vis.text(label_html, win=display_id + 2, opts={"title": name + " labels"})
        plot_data["X"].append(epoch)
        plot_data["Y"].append([1.0 / (epoch + 1), 0.5, 0.25 * epoch])
        vis.line(
            X=np.stack([np.array(plot_data["X"])] * len(plot_data["legend"]), 1),
            Y=np.array(plot_data["Y"]),
            opts={
                "title": name + " loss over time",
                "legend": plot_data["legend"],
                "xlabel": "epoch",
                "ylabel": "loss",
            },
            win=display_id,
        )
    found = panes(logdir)
    assert set(found) == {"1", "2", "3"}
    assert points(logdir, "1") == {
        "G_GAN": ([0, 1, 2], [1, 1 / 2, 1 / 3]), "G_L1": ([0, 1, 2], [0.5] * 3), "D": ([0, 1, 2], [0, 0.25, 0.5]),
    }  # fmt: skip
    assert found["1"].title == "facades loss over time"
    assert "real_A" in found["3"].content["text"]


def test_a_logger_that_appends_to_the_window_it_was_given(visdom: Any, logdir: Path) -> None:
    """A window made by the first epoch, and its name kept for the next; as many lines as there are losses."""

    class Logger:
        def __init__(self) -> None:
            self.viz = visdom.Visdom()
            self.loss_windows: dict[str, Any] = {}
            self.image_windows: dict[str, Any] = {}

        def log(self, epoch: int, losses: dict[str, float], images: dict[str, Any]) -> None:
            for image_name, tensor in images.items():
                if image_name not in self.image_windows:
                    self.image_windows[image_name] = self.viz.image(tensor, opts={"title": image_name})
                else:
                    self.viz.image(tensor, win=self.image_windows[image_name], opts={"title": image_name})
            for loss_name, loss in losses.items():
                if loss_name not in self.loss_windows:
                    self.loss_windows[loss_name] = self.viz.line(
                        X=np.array([epoch]), Y=np.array([loss]),
                        opts={"xlabel": "epochs", "ylabel": loss_name, "title": loss_name},
                    )  # fmt: skip
                else:
                    self.viz.line(
                        X=np.array([epoch]), Y=np.array([loss]), win=self.loss_windows[loss_name], update="append"
                    )

    logger = Logger()
    for epoch in range(1, 5):
        logger.log(epoch, {"loss_G": 1 / epoch, "loss_D": epoch / 2}, {"real_A": np.zeros((3, 8, 8))})
    found = panes(logdir)
    assert {pane.title for pane in found.values()} == {"loss_G", "loss_D", "real_A"}
    assert points(logdir, logger.loss_windows["loss_G"]) == {"1": ([1, 2, 3, 4], [1, 1 / 2, 1 / 3, 1 / 4])}
    assert points(logdir, logger.loss_windows["loss_D"]) == {"1": ([1, 2, 3, 4], [0.5, 1, 1.5, 2])}
    assert len([pane for pane in found.values() if pane.type == "image"]) == 1


def test_meters_of_named_lines_with_tensors(visdom: Any, logdir: Path) -> None:
    """Train and test in one window by name, losses as tensors that still record, NaN for what is to be passed over."""
    torch = pytest.importorskip("torch")
    vis = visdom.Visdom(env="meters", raise_exceptions=True)
    loss = torch.tensor(1.0, requires_grad=True)
    opts = {"title": "loss", "legend": ["train", "test"], "showlegend": True}
    vis.line(Y=torch.tensor([[1.0, 2.0]]), X=torch.tensor([[0.0, 0.0]]), win="loss", opts=opts)
    for step in (1, 2, 3):
        vis.line(Y=(loss / step).reshape(1), X=torch.tensor([step]), win="loss", name="train", update="append")
    vis.line(Y=torch.tensor([0.5]), X=torch.tensor([3]), win="loss", name="test", update="append")
    vis.line(Y=np.array([np.nan]), X=np.array([np.nan]), win="loss", name="test", update="append")
    found = points(logdir, "loss", "meters")
    assert found["train"][1] == pytest.approx([1, 1, 1 / 2, 1 / 3])
    assert found["test"] == ([0, 3], [2, 0.5])
    vis.line(Y=np.array([7.0, 8.0]), X=np.array([0, 1]), win="loss", name="test", update="replace")
    vis.line(Y=None, X=None, win="loss", name="train", update="remove")
    assert points(logdir, "loss", "meters") == {"test": ([0, 1], [7, 8])}


def test_appending_makes_the_window(visdom: Any, logdir: Path) -> None:
    """The first append is as any first call, with its title and axes; later ones leave these as they are."""
    vis = visdom.Visdom()
    for epoch in range(3):
        opts = {"title": "loss" if epoch == 0 else "other", "xlabel": "epoch"}
        vis.line([epoch / 2], [epoch], win="loss", name="train", update="append", opts=opts)
    told = json.loads(vis.get_window_data("loss"))["content"]
    assert points(logdir, "loss") == {"train": ([0, 1, 2], [0, 0.5, 1])}
    assert told["layout"]["xaxis"] == {"title": "epoch"}
    assert told["layout"]["title"] == "loss"


def test_attributions_of_a_model(visdom: Any, logdir: Path) -> None:
    """A picture beside its heat map, a figure of Matplotlib's, bars of the most probable classes."""
    pytest.importorskip("matplotlib")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    vis = visdom.Visdom()
    attribution = np.random.default_rng(0).normal(size=(8, 8))
    vis.image(np.clip(attribution, 0, 1), win="input", opts={"caption": "input"})
    vis.heatmap(attribution, win="attribution", opts={"colormap": "RdBu", "title": "attribution"})
    figure, axes = pyplot.subplots()
    axes.imshow(attribution)
    vis.matplot(pyplot, win="figure")
    pyplot.close(figure)
    vis.bar([0.7, 0.2, 0.1], win="classes", opts={"rownames": ["cat", "dog", "fox"]})
    found = panes(logdir)
    assert {win: pane.type for win, pane in found.items()} == {
        "input": "image", "attribution": "plot", "figure": "svg", "classes": "plot",
    }  # fmt: skip
    assert np.allclose(found["attribution"].content["data"][0]["z"], attribution)
    assert found["classes"].content["data"][0]["x"] == ["cat", "dog", "fox"]
    assert found["figure"].content["svg"].startswith("<svg")


def test_callbacks(visdom: Any, logdir: Path) -> None:
    """A notepad that is typed into, and a sheet whose button says another word once it was pressed."""
    vis = visdom.Visdom()
    heard = threading.Event()
    properties = [
        {"type": "button", "name": "Training", "value": "Start"},
        {"type": "number", "name": "lr", "value": "0.1"},
    ]
    pad = vis.text("type here:", win="pad")
    sheet = vis.properties(properties, win="sheet")

    def typed(event: dict[str, Any]) -> None:
        if event["event_type"] == "KeyPress":
            vis.text(event["pane_data"]["content"] + event["key"], win=pad)
            heard.set()

    def changed(event: dict[str, Any]) -> None:
        if event["event_type"] == "PropertyUpdate":
            properties[event["propertyId"]]["value"] = event["value"]
            vis.properties(properties, win=sheet)
            heard.set()

    vis.register_event_handler(typed, pad)
    vis.register_event_handler(changed, sheet)
    act(logdir, "pad", "key", {"key": "x", "key_code": 88})
    assert heard.wait(60)
    heard.clear()
    act(logdir, "sheet", "change", {"id": 1, "name": "lr", "value": "0.5"})
    assert heard.wait(60)
    found = panes(logdir)
    assert found["pad"].content["text"] == "type here:x"
    assert found["sheet"].content[1]["value"] == "0.5"
    vis.clear_event_handlers(pad)
    assert vis.event_handlers[pad] == []


def act(logdir: Path, pane: str, kind: str, data: dict[str, Any]) -> None:
    """What the page does when somebody does something with a pane."""
    page_file.add_command(logdir / "main", uuid.uuid4().hex, f"event:{pane}", {"kind": kind, **data}, None, None)


# --- environments, logs, the state of windows -------------------------------------------------------------


def test_environments_are_runs(visdom: Any, logdir: Path) -> None:
    """Listed, forked, compared, deleted; what is said of one is not said of the others."""
    vis = visdom.Visdom(env="first")
    vis.text("one", win="note")
    vis.text("two", win="note", env="second")
    assert {"first", "second"} <= set(vis.get_env_list())
    assert json.loads(vis.save(["first", "nowhere"])) == ["first"]
    vis.fork_env("first", "third")
    vis.text("changed", win="note")
    assert panes(logdir, "third")["note"].content["text"] == "one"
    assert panes(logdir, "first")["note"].content["text"] == "changed"
    assert set(vis.get_env_state("second")) == {"note"}
    assert vis.get_env_state("nowhere") is None
    vis.delete_env("second")
    assert "second" not in vis.get_env_list()
    with pytest.raises(ValueError, match="nowhere"):
        vis.fork_env("nowhere", "fourth")


def test_windows_are_there_until_they_are_closed(visdom: Any, logdir: Path) -> None:
    """Also for the next process that says their name; what a window holds can be taken and given."""
    vis = visdom.Visdom()
    win = vis.text("hello")
    assert vis.win_exists(win)
    data = json.loads(vis.get_window_data(win))
    assert data["content"] == "hello"
    vis.set_window_data(json.dumps({**data, "content": "bye"}), win=win)
    assert json.loads(vis.get_window_data(win))["content"] == "bye"
    before = vis.win_hash(win)
    vis.update_window_opts(win, {"title": "words"})
    assert vis.win_hash(win) != before
    assert panes(logdir)[win].title == "words"
    vis.close(win)
    assert vis.win_exists(win) is False
    assert win not in panes(logdir)


def test_a_log_makes_the_windows_again(visdom: Any, logdir: Path, tmp_path: Path) -> None:
    """Written while they are made, or offline; replayed into another environment's logdir."""
    log = tmp_path / "visdom.log"
    offline = visdom.Visdom(offline=True, log_to_filename=log)
    offline.line([1.0, 2.0], [0, 1], win="loss")
    offline.line([3.0], [2], win="loss", update="append")
    offline.text("words", win="note")
    vis = visdom.Visdom()
    vis.replay_log(log)
    assert set(panes(logdir)) == {"loss", "note"}
    assert points(logdir, "loss") == {"1": ([0, 1, 2], [1, 2, 3])}


def test_what_cannot_be_drawn_ends_no_training(visdom: Any, logdir: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An update of a window that is not there is said, as Visdom's server does; with raise_exceptions it is raised."""
    vis = visdom.Visdom()
    assert vis.line([1.0], [1], win="nowhere", update="replace") == "win does not exist"
    vis.properties([{"type": "button", "name": "a", "value": "b"}], win="note")
    answer = vis.line([1.0], [1], win="note", update="replace")
    assert "note" in answer
    assert "note" in caplog.text
    with pytest.raises(ValueError, match="note"):
        visdom.Visdom(raise_exceptions=True).line([1.0], [1], win="note", update="replace")


def test_experiments_are_settings_and_curves_of_the_run(visdom: Any, logdir: Path) -> None:
    """What the newer client records is what every page of ours shows."""
    vis = visdom.Visdom(env="mnist")
    vis.experiment(name="baseline", params={"lr": 0.1}, tags={"owner": "ada"}, description="first")
    for step in range(3):
        found = vis.log_metrics({"loss": 1 / (step + 1)}, step=step)
    assert found["params"] == [{"key": "lr", "value": 0.1, "dtype": "float"}]
    assert found["name"] == "baseline"
    assert vis.finish_experiment()["status"] == "finished"
    with pytest.raises(ValueError, match="finished"):
        vis.log_metrics({"loss": 1.0})
    run = tracker.open(logdir).run("mnist")
    assert run.scalars("loss").value.tolist() == [1, 1 / 2, 1 / 3]
    assert run.scalars("loss").step.tolist() == [0, 1, 2]
    assert run.config["lr"] == 0.1
    assert vis.suggest_experiment({"lr": {"low": 0, "high": 1}})["suggestion"] is None
