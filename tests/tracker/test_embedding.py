"""Embeddings: vectors, words and pictures come back as they went; the projector's files are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.errors import LoggedTypeError, LoggedValueError


def stored(logdir: Path, value: tracker.Embedding) -> Any:
    with tracker.init(logdir=logdir, name="run") as run:
        run.log({"e": tracker.Embedding([[0.0]])}, step=0)
        run.log({"e": value}, step=5)
    return tracker.open(logdir).run("run").embedding("e")


@pytest.mark.parametrize("shape", [(4, 6, 7), (4, 6, 7, 3), (4, 1, 6, 7), (4, 6, 7, 4)])
def test_what_is_logged_comes_back(logdir: Path, shape: tuple[int, ...]) -> None:
    """The newest step; pictures of any layout become channels first."""
    vectors = np.random.default_rng(0).normal(size=(4, 3))
    value = tracker.Embedding(
        vectors, [("a", 1), ("b", 2), ("c", 3), ("d", 4)], ["word", "n"], np.ones(shape, np.float16)
    )
    vectors[:] = 0
    found = stored(logdir, value)
    assert found.step == 5
    assert found.vectors.any()
    assert found.vectors.dtype == np.float32
    assert found.header == ["word", "n"]
    assert found.rows[2] == ["c", "3"]
    assert found.sprites.shape in {(4, 1, 6, 7), (4, 3, 6, 7), (4, 4, 6, 7)}
    assert (found.sprites == 255).all()


def test_vectors_alone_are_enough(logdir: Path) -> None:
    """No words, no pictures; a step that has none is None."""
    found = stored(logdir, tracker.Embedding([[1, 2], [3, 4]]))
    assert found.rows == []
    assert found.sprites is None
    assert tracker.open(logdir).run("run").embedding("e", step=99) is None


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"vectors": [1, 2]}, LoggedValueError, "a table"),
        ({"vectors": np.zeros((0, 4))}, LoggedValueError, "a table"),
        ({"vectors": [["a"]]}, LoggedTypeError, "not an array"),
        ({"vectors": [[1], [2]], "labels": ["a"]}, LoggedValueError, "2 labels"),
        ({"vectors": [[1], [2]], "labels": [("a",), ("b", "c")]}, LoggedValueError, "one length"),
        ({"vectors": [[1]], "labels": ["a"], "header": ["x", "y"]}, LoggedValueError, "header"),
        ({"vectors": [[1]], "sprites": np.zeros((2, 4, 4))}, LoggedValueError, "a picture for each"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: Any, error: type[Exception], says: str) -> None:
    """On the caller's line."""
    with pytest.raises(error, match=says):
        tracker.Embedding(**arguments)


def test_folders_of_the_projector_are_read(real_data: Path) -> None:
    """One column has no header, several have; a sprite is cut into pictures; raw floats have a shape."""
    folder = real_data / "projector"
    found = tracker.Embedding.from_projector(folder / "digits_torch")
    one, two = found["digits:00000"], found["digits_two_columns:00001"]
    assert one.vectors.shape == two.vectors.shape == (300, 64)
    assert one.header == ["label"]
    assert one.sprites is not None
    assert one.sprites.shape == (300, 3, 8, 8)
    assert two.header == ["digit", "parity"]
    assert two.rows is not None
    assert two.rows[1] == ["1", "odd"]
    # A digit's picture is its vector: the sheet was cut where it should be.
    assert np.corrcoef(one.vectors[17], one.sprites[17, 0].ravel())[0, 1] > 0.99
    iris = tracker.Embedding.from_projector(folder / "iris_projector_config.json")["Iris"]
    assert iris.vectors[0].tolist() == pytest.approx([5.1, 3.5, 1.4, 0.2])
    with pytest.raises(LoggedValueError, match="checkpoint"):
        tracker.Embedding.from_projector(folder / "three_embeddings_no_checkpoint")


def test_a_config_that_is_none_is_refused(tmp_path: Path) -> None:
    """And one whose file is shorter than it says."""
    (tmp_path / "projector_config.pbtxt").write_text("embeddings { tensor_name }}}} ???")
    with pytest.raises(LoggedTypeError, match="not a config"):
        tracker.Embedding.from_projector(tmp_path)
    (tmp_path / "x.bytes").write_bytes(b"\0" * 12)
    config = {"embeddings": [{"tensorName": "x", "tensorShape": [2, 2], "tensorPath": "x.bytes"}]}
    (tmp_path / "c.json").write_text(json.dumps(config))
    with pytest.raises(LoggedValueError, match="not as long"):
        tracker.Embedding.from_projector(tmp_path / "c.json")
