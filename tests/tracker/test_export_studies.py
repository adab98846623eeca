"""`viz export -o FOLDER` for what a run holds beside curves: TensorBoard's own plugins show it, and it comes back."""

from __future__ import annotations

import gzip
import json
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from dashboard import cli
from tests.tracker.test_summary_writer import accumulated
from tracker.foreign.importer import import_logs

RANDOM = np.random.default_rng(0)
# TensorBoard's own copies of other packages warn of themselves.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard")
TRUTH = RANDOM.random(400) < 0.4
SCORES = np.clip(0.5 * TRUTH + 0.5 * RANDOM.random(400), 0, 1)
CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]], np.float32)
FACES = [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]]
LAYOUT = {"losses": {"both": ["Multiline", ["loss$"]], "band": ["Margin", ["val/loss", "low", "high"]]}}
EVENTS = [{"ph": "X", "name": "step", "ts": 0, "dur": 5, "pid": 1, "tid": 1}]
CONFIG = {"lr": 0.1, "optimizer": {"name": "adam", "betas": [0.9, 0.99]}, "fast": True}
NAMES = ["cat\tand tab", "dög", "<b>"]


@pytest.fixture
def exported(logdir: Path, tmp_path: Path) -> Path:
    """Two runs with everything that a study may hold, exported."""
    for name in ("sweep/a", "sweep/b"):
        with tracker.init(logdir, name=name, config=CONFIG, machine=False) as run:
            for step in (1, 2):
                run.log(
                    {
                        "val/spam": tracker.PRCurve(TRUTH, SCORES),
                        "val/classes": tracker.ConfusionMatrix([0, 1, 1], [0, 1, 0], class_names=["<a>", "b"]),
                        "body": tracker.Mesh(CORNERS * step, FACES, colors=CORNERS),
                        "cloud": tracker.Mesh(CORNERS),
                        "words/é": tracker.Embedding(
                            RANDOM.normal(size=(3, 4)),
                            [[n, i] for i, n in enumerate(NAMES)],
                            ["word", "rank"],
                            np.eye(3)[None].repeat(3, 0),
                        ),
                        "words/e": tracker.Embedding(np.eye(3), NAMES),
                        "profile": tracker.Profile(EVENTS),
                        "layout": tracker.Layout(LAYOUT),
                        "rows": tracker.Table([{"picture": tracker.Image(np.eye(4)), "score": 0.5}]),
                        "plot": tracker.Figure({"data": [{"type": "bar", "y": [1, 2]}], "layout": {}}),
                        "loss": 1 / step,
                        "val/loss": 2 / step,
                    },
                    step=step,
                )
    assert cli.main(["export", "--logdir", str(logdir), "-o", str(tmp_path / "out")]) == 0
    return tmp_path / "out"


@pytest.fixture
def ask(exported: Path) -> Callable[..., Any]:
    """Asks a plugin of TensorBoard as its page does: ask("pr_curve.pr_curves_plugin.PrCurvesPlugin", "/tags")."""
    pytest.importorskip("tensorboard", reason="needs TensorBoard as referee")
    import importlib

    from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
    from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
    from tensorboard.plugins.base_plugin import TBContext
    from werkzeug.test import Client

    events = EventMultiplexer(tensor_size_guidance={"mesh": 0}).AddRunsFromDirectory(str(exported))
    events.Reload()
    context = TBContext(
        data_provider=MultiplexerDataProvider(events, str(exported)),
        logdir=str(exported),
        multiplexer=events,
        flags=types.SimpleNamespace(generic_data="true", samples_per_plugin={}),
    )

    def answer(plugin: str, route: str, **words: Any) -> Any:
        module, _, name = plugin.rpartition(".")
        made = getattr(importlib.import_module(f"tensorboard.plugins.{module}"), name)(context)
        client = Client(made.get_plugin_apps()[route])
        given = client.post("/", json=words["json"]) if "json" in words else client.get("/", query_string=words)
        assert given.status_code == 200, given.get_data(as_text=True)
        return given.get_json() if "json" in given.content_type else given.get_data()

    return answer


def test_pr_curves_are_on_its_page(ask: Callable[..., Any]) -> None:
    """Its numbers are ours at every threshold."""
    plugin = "pr_curve.pr_curves_plugin.PrCurvesPlugin"
    assert set(ask(plugin, "/tags")) == {"sweep/a", "sweep/b"}
    (found, again) = ask(plugin, "/pr_curves", tag="val/spam", run="sweep/a")["sweep/a"]
    assert (found["step"], again["step"]) == (1, 2)
    ours = tracker.PRCurve(TRUTH, SCORES)._counted()[0]
    assert found["true_positives"] == ours[0, :-1].tolist()  # its page leaves out thresholds that nothing reaches
    np.testing.assert_allclose(found["precision"], ours[4, :-1], rtol=1e-6)


def test_hyperparameters_are_its_table(ask: Callable[..., Any]) -> None:
    """Nested settings by their dotted names; the metrics of both sessions; how they ended."""
    plugin = "hparams.hparams_plugin.HParamsPlugin"
    columns = ask(plugin, "/experiment", json={"experimentName": ""})
    assert {each["name"] for each in columns["hparamInfos"]} == {"lr", "optimizer.name", "optimizer.betas", "fast"}
    wanted = {
        "experimentName": "", "allowedStatuses": ["STATUS_SUCCESS"], "startIndex": 0, "sliceSize": 10,
        "colParams": [{"metric": {"group": "", "tag": "loss"}}],
    }  # fmt: skip
    groups = ask(plugin, "/session_groups", json=wanted)["sessionGroups"]
    assert len(groups) == 2 or sum(len(group["sessions"]) for group in groups) == 2
    assert groups[0]["hparams"] == {
        "lr": 0.1,
        "optimizer.name": "adam",
        "optimizer.betas": "[0.9, 0.99]",
        "fast": True,
    }
    assert {value["value"] for group in groups for value in group["metricValues"]} == {0.5, 1.0}


def test_meshes_are_on_its_page(ask: Callable[..., Any]) -> None:
    """A surface of three parts and a cloud of one."""
    plugin = "mesh.mesh_plugin.MeshPlugin"
    tags = ask(plugin, "/tags")["sweep/a"]
    assert set(tags) == {"body", "cloud"}
    assert tags["body"]["samples"] == 1
    about = ask(plugin, "/meshes", tag="body", run="sweep/a", sample="0")
    assert sorted(each["content_type"] for each in about) == [1, 1, 2, 2, 3, 3]
    raw = ask(plugin, "/data", tag="body", run="sweep/a", sample="0", step="2", content_type="VERTEX")
    assert np.frombuffer(raw, np.float32).reshape(-1, 3).tolist() == (CORNERS * 2).tolist()


def test_layouts_are_its_custom_scalars(ask: Callable[..., Any]) -> None:
    """The charts that the run asked for."""
    found = ask("custom_scalar.custom_scalars_plugin.CustomScalarsPlugin", "/layout")
    (category,) = found["category"]
    assert category["title"] == "losses"
    both, band = category["chart"]
    assert both["multiline"]["tag"] == ["loss$"]
    assert band["margin"]["series"] == [{"value": "val/loss", "lower": "low", "upper": "high"}]


def test_embeddings_are_in_its_projector(ask: Callable[..., Any]) -> None:
    """Vectors, words and pictures; each step by itself."""
    plugin = "projector.projector_plugin.ProjectorPlugin"
    assert set(ask(plugin, "/runs")) >= {"sweep/a", "sweep/b"}
    config = ask(plugin, "/info", run="sweep/a")
    by_name = {each["tensorName"]: each for each in config["embeddings"]}
    assert set(by_name) == {"words/é:00001", "words/é:00002", "words/e:00001", "words/e:00002"}
    words = ask(plugin, "/metadata", run="sweep/a", name="words/é:00001").decode().splitlines()
    assert words == ["word\trank", "cat and tab\t0", "dög\t1", "<b>\t2"]
    raw = ask(plugin, "/tensor", run="sweep/a", name="words/e:00001")
    assert np.frombuffer(raw, np.float32).reshape(3, 3).tolist() == np.eye(3).tolist()
    assert ask(plugin, "/sprite_image", run="sweep/a", name="words/é:00001").startswith(b"\x89PNG")


def test_profiles_lie_where_its_profiler_looks(exported: Path) -> None:
    """plugins/profile/<session>/<host>.trace.json.gz, the bytes that were logged."""
    found = sorted(path.relative_to(exported) for path in exported.rglob("*.trace.json.gz"))
    assert [str(path) for path in found][:2] == [
        "sweep/a/plugins/profile/step_1/profile.trace.json.gz",
        "sweep/a/plugins/profile/step_2/profile.trace.json.gz",
    ]
    assert json.loads(gzip.decompress((exported / found[0]).read_bytes())) == EVENTS


def test_it_comes_back_as_it_was(exported: Path, logdir: Path, tmp_path: Path) -> None:
    """Counts, matrices, corners, settings and vectors, after TensorBoard's files."""
    for done in import_logs(exported, tmp_path / "again"):
        assert done.warnings == [] or "tfevents" not in done.path.name
    before, after = tracker.open(logdir).run("sweep/a"), tracker.open(tmp_path / "again").run("sweep/a")
    assert [each.step for each in after.pr_curves("val/spam")] == [1, 2]
    assert after.pr_curves("val/spam")[0].tp.tolist() == before.pr_curves("val/spam")[0].tp.tolist()
    (first, _) = after.confusions("val/classes")
    assert (first.counts.tolist(), first.class_names) == ([[1, 0], [1, 1]], ["<a>", "b"])
    (table, _) = after.tables("rows")
    assert table.table == before.tables("rows")[0].table
    assert [part.data for part in table.parts] == [part.data for part in before.tables("rows")[0].parts]
    assert after.figures("plot")[0].data == before.figures("plot")[0].data
    assert after.layout(after.tags("layout")[0]) == LAYOUT
    assert after.config["optimizer.name"] == "adam"
    again = tracker.Embedding.from_projector(exported / "sweep/a")
    stored = before.embedding("words/é", 2)
    found = again["words/é:00002"]
    assert found.vectors.tolist() == stored.vectors.tolist()
    assert (found.header, found.rows[1:]) == (["word", "rank"], stored.rows[1:])
    assert found.sprites.shape == (3, 3, 3, 3)
    assert accumulated(exported / "sweep/a").Tags()["scalars"] == ["loss", "val/loss"]
