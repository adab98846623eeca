"""The surface of our Visdom: the methods and arguments of Visdom's own class, in their order."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tracker.compat.visdom import Visdom
from tracker.errors import LoggedTypeError, WindowArgumentError

METHODS = """
audio bar boxplot check_connection clear_event_handlers close contour delete_env dual_axis_lines embeddings fork_env
get_env_list get_window_data graph heatmap histogram image images line matplot mesh pie plotlyplot properties quiver
register_event_handler replay_log save scatter session set_window_data setup_polling setup_socket stem sunburst surf svg
text update_window_opts video win_exists win_hash
""".split()
"""Public names of the class of visdom 0.2.4: 41 methods, and a property."""

NEWER = """
confusion_matrix delete_envs experiment finish finish_experiment get_env_state html_table image_select log_metrics pr_curve
roc_curve sankey suggest_experiment table update_image_slider violin
""".split()
"""Those of later ones that are here too, and `finish`."""


def public(kind: type) -> set[str]:
    """Names of a class that its users may use."""
    return {name for name in dir(kind) if not name.startswith("_")}


def test_every_method_is_there() -> None:
    """All 41, and each with a sentence; what is there besides is known by name."""
    assert len(METHODS) == 41 + 1
    assert public(Visdom) - {"tell"} == {*METHODS, *NEWER}
    for name in public(Visdom):
        assert inspect.getdoc(getattr(Visdom, name)), name


def test_the_list_is_that_of_the_real_class() -> None:
    """Where Visdom's own client is installed, its class says what its surface is."""
    visdom = pytest.importorskip("visdom", reason="needs Visdom's own client")
    assert public(visdom.Visdom) == set(METHODS)


def test_arguments_are_in_the_order_of_the_real_class() -> None:
    """By place and by name, with its defaults; what is more comes behind."""
    visdom = pytest.importorskip("visdom", reason="needs Visdom's own client")
    for name in ["__init__", "_send", *METHODS]:
        theirs = getattr(visdom.Visdom, name)
        if isinstance(theirs, property):
            continue
        expected = [*inspect.signature(theirs).parameters.values()]
        found = [*inspect.signature(getattr(Visdom, name)).parameters.values()]
        assert [each.name for each in found][: len(expected)] == [each.name for each in expected], name
        for own, other in zip(found, expected, strict=False):
            if other.default is not inspect.Parameter.empty and other.default != {}:
                assert own.default == other.default, (name, own.name)


def test_nothing_is_written_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline there is the log, and names of windows that it speaks of."""
    monkeypatch.chdir(tmp_path)
    vis = Visdom(offline=True, log_to_filename="log")
    win = vis.text("a")
    assert vis.line([1, 2], win="w") == "w"
    assert win.startswith("window_")
    assert not vis.check_connection()
    assert vis.win_exists("w") is None
    assert vis.get_env_list() == ["main"]
    assert [json.loads(line)[1]["win"] for line in Path("log").read_text().splitlines()] == [win, "w"]
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
    with pytest.raises(AssertionError, match="hears of no events"):
        vis.register_event_handler(print, win)


def test_arguments_that_cannot_be_are_refused(tmp_path: Path) -> None:
    """As Visdom's own class asserts."""
    for arguments in (
        {"base_url": "a"}, {"base_url": "/a/"}, {"username": "a"}, {"offline": True, "log_to_filename": None},
    ):  # fmt: skip
        with pytest.raises(AssertionError):
            Visdom(logdir=tmp_path, **arguments)
    with pytest.raises(TypeError, match="serve"):
        Visdom(serve="http://localhost", logdir=tmp_path)


def test_what_needs_no_server_is_taken(tmp_path: Path) -> None:
    """Addresses, proxies and passwords; a scheme is added to a server's name."""
    vis = Visdom("example.org", "events", 80, "/vis", False, "proxy", 81, offline=True, log_to_filename=tmp_path / "log",
                 username="a", password="b", proxies={"http": "proxy:1"}, use_polling=True)  # fmt: skip
    assert (vis.server, vis.port, vis.base_url) == ("http://example.org", 80, "/vis")
    assert vis.session is None
    assert vis.setup_socket() is None


def test_without_sending_a_call_says_its_message(tmp_path: Path) -> None:
    """`send=False`, by which others build messages."""
    vis = Visdom(send=False, logdir=tmp_path)
    message, endpoint = vis.text("a", win="w")
    assert (endpoint, message["win"], message["eid"]) == ("events", "w", "main")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("line", {"Y": "words"}),
        ("line", {"Y": [[1, 2], [3]]}),
        ("line", {"Y": [1], "opts": "title"}),
        ("line", {"Y": [1], "opts": {"title": ["a"]}}),
        ("line", {"Y": [1], "X": [1], "win": "w", "update": "extend"}),
        ("scatter", {"X": None}),
        ("image", {"img": np.zeros((7, 5, 6))}),
        ("images", {"tensor": np.zeros((2, 7, 3, 3))}),
        ("images", {"tensor": np.zeros((2, 3, 3, 3)), "nrow": 0}),
        ("audio", {"tensor": np.zeros((2, 7))}),
        ("audio", {"audiofile": "sound.xyz"}),
        ("audio", {"audiofile": "missing.wav"}),
        ("video", {"tensor": np.zeros((2, 3, 3))}),
        ("video", {"tensor": np.zeros((2, 3, 3, 3)), "dim": "HxW"}),
        ("graph", {"edges": [[0, 2]]}),
        ("graph", {"edges": [[0, 1]], "edgeLabels": ["a", "b"]}),
        ("properties", {"data": [{"type": "slider"}]}),
        ("matplot", {"plot": 3}),
        ("plotlyplot", {"figure": 3}),
        ("roc_curve", {"y_true": [1, 0]}),
        ("roc_curve", {"y_true": [1, 1], "y_score": [0.1, 0.2]}),
        ("pr_curve", {"precision": [2, 3], "recall": [0, 1]}),
        ("confusion_matrix", {"cm": np.zeros((2, 3))}),
        ("confusion_matrix", {"y_true": [1], "y_pred": [1, 2]}),
        ("sankey", {"source": [0], "target": [-1], "value": [1]}),
        ("violin", {"X": [1, 2], "opts": {"side": "left"}}),
        ("html_table", {"headers": ["a"], "data": [[1, 2]]}),
        ("embeddings", {"features": [1, 2], "labels": [1, 2]}),
        ("win_exists", {"win": None}),
        ("delete_envs", {"env_list": "main"}),
    ],
)
def test_a_mistake_says_what_was_expected(method: str, arguments: dict[str, Any], tmp_path: Path) -> None:
    """By name, on the caller's line, with what it takes and what it got; no window is made."""
    vis = Visdom(offline=True, log_to_filename=tmp_path / "log")
    with pytest.raises(WindowArgumentError, match=r"(?s)expected: .+\n  got: ") as caught:
        getattr(vis, method)(**arguments)
    assert isinstance(caught.value, (ValueError, AssertionError))
    assert not (tmp_path / "log").exists()


def test_settings_that_are_none_are_a_type_error(tmp_path: Path) -> None:
    """As the newer client has it."""
    vis = Visdom(offline=True, log_to_filename=tmp_path / "log")
    for method, arguments in (("experiment", {"params": [1]}), ("log_metrics", {"metrics": {}})):
        with pytest.raises(LoggedTypeError):
            getattr(vis, method)(**arguments)


def test_curves_of_a_classifier_are_those_of_scikit_learn(tmp_path: Path) -> None:
    """ROC, precision and recall, and the confusion matrix, of scores with ties."""
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    truth, score = random.integers(0, 2, 60), random.integers(0, 9, 60) / 9
    vis = Visdom(send=False, logdir=tmp_path)
    message, _ = vis.roc_curve(truth, score)
    x, y, _ = metrics.roc_curve(truth, score, drop_intermediate=False)
    assert message["data"][0]["x"] == x.tolist()
    assert message["data"][0]["y"] == y.tolist()
    assert f"AUC={metrics.roc_auc_score(truth, score):.4f}" in message["opts"]["title"]
    message, _ = vis.pr_curve(truth, score)
    precision, recall, _ = metrics.precision_recall_curve(truth, score)
    assert message["data"][0]["x"] == pytest.approx(recall[::-1].tolist())
    assert message["data"][0]["y"] == pytest.approx(precision[::-1].tolist())
    assert f"AUC={metrics.average_precision_score(truth, score):.4f}" in message["opts"]["title"]
    taken = random.integers(0, 3, 60)
    message, _ = vis.confusion_matrix(truth, taken, normalize="true")
    expected = metrics.confusion_matrix(truth, taken)
    assert message["data"][0]["z"] == (expected / np.maximum(expected.sum(axis=1, keepdims=True), 1)).tolist()
    assert (
        message["layout"]["annotations"][0]["text"] == f"{expected[0, 0]}<br>{expected[0, 0] / expected[0].sum():.1%}"
    )


def test_importing_it_loads_no_framework() -> None:
    """Nor Plotly, nor scikit-learn, nor what the dashboard needs."""
    code = "import sys, tracker.compat.visdom; print([m for m in ('torch', 'dash', 'plotly', 'sklearn', 'scipy') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
