"""What callers do wrong with models: told on their line, with what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from digit_models import DIGITS, SHAPE, answer, batch, network
from hostile_models import sound

import tracker
from tracker.errors import LoggedTypeError, ModelError, SeriesNotFoundError, TrackerError
from trainer import nn

MISTAKES = [
    ({"name": ""}, "name must name a model"),
    ({"name": "a:b"}, "name must name a model"),
    ({"name": "a/../b"}, "name must name a model"),
    ({"name": 3}, "name must name a model"),
    ({"name": "x" * 201}, "name must name a model"),
    ({"inputs": None}, "what goes into the model is not said"),
    ({"inputs": 3}, "inputs is no array, shape"),
    ({"inputs": "x"}, "inputs is no array, shape"),
    ({"inputs": {"x": object()}}, "inputs is no array, shape"),
    ({"inputs": np.float32(3)}, "no batch axis"),
    ({"inputs": (None, -3)}, "not as it should be"),
    ({"inputs": (None, 1 << 50)}, "not as it should be"),
    ({"inputs": ("complex64", (None, 3))}, "not as it should be"),
    ({"inputs": (None, 3)}, "does not take such inputs"),
    ({"inputs": {"x": SHAPE, "z": SHAPE}}, "does not take such inputs"),
    ({"example": object()}, "not an array"),
    ({"classes": ["a"]}, "not a class for each number"),
    ({"classes": "abc"}, "not a class for each number"),
    ({"classes": range(10)}, "classes are names"),
    ({"classes": [*DIGITS[1:], 3]}, "classes are names"),
    ({"classes": ["x" * 501] * 10}, "classes are names"),
    ({"labels": ["no blanks"]}, "A label is a word"),
    ({"labels": ["latest"]}, "A label is a word"),
    ({"labels": 3}, "Labels of a version are words"),
    ({"method": "guess"}, "method says how"),
    ({"keep": 0}, "keep is a number"),
    ({"keep": True}, "keep is a number"),
    ({"step": "soon"}, "step must be"),
    ({"outputs": {"": SHAPE}}, "not as it should be"),
]


def named(value: Any) -> str:
    """What a test is called: the same in each of pytest's processes, so without addresses."""
    return re.sub(r" at 0x\w+", "", str(value))[:40]


@pytest.mark.parametrize(("options", "sentence"), MISTAKES, ids=named)
def test_a_callers_mistake_is_told_on_the_callers_line(run: tracker.Run, options: Any, sentence: str) -> None:
    """By name, before anything was taken."""
    with pytest.raises(TrackerError, match=sentence) as mistake:
        run.log_model(network(), **{"inputs": SHAPE, **options})
    assert isinstance(mistake.value, (ValueError, TypeError))
    assert run.models() == []


@pytest.mark.parametrize("model", [None, 3, object(), network, [network()], np.ones(3)], ids=named)
def test_what_is_no_model_is_told_so(run: tracker.Run, model: Any) -> None:
    """With what would be one."""
    with pytest.raises((ModelError, LoggedTypeError), match="no model that can be kept"):
        run.log_model(model, inputs=SHAPE)


def test_a_module_of_ones_own_is_refused_with_what_to_do(run: tracker.Run) -> None:
    """Its code is in no file that is kept."""

    class Own(nn.Module):
        def forward(self, x: Any) -> Any:
            return x

    with pytest.raises(ModelError, match="class of its own"):
        run.log_model(Own(), inputs=(None, None))


class Doubled(nn.Module):
    """Somebody's own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        return self.inner(x) * 2


def test_a_module_of_ones_own_is_kept_as_what_it_computes(run: tracker.Run) -> None:
    """With an example, as ONNX; the note says why."""
    pytest.importorskip("onnxruntime", reason="an ONNX model is run by onnxruntime, of the extra serve")
    model, x = Doubled(), np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    run.log_model(model, "own", inputs={"row": x[:2]})
    found = run.model("own")
    assert found.manifest.format == "onnx"
    assert "Doubled is a class of its own" in found.manifest.note
    np.testing.assert_allclose(found.predict({"row": x})[found.outputs[0].name], answer(model, x), rtol=1e-5)


def test_inputs_that_a_file_calls_otherwise_are_a_mistake(run: tracker.Run, tmp_path: Path) -> None:
    """A manifest that names what no runner knows would be found out by whoever asks."""
    path = tmp_path / "m.onnx"
    path.write_bytes(sound())
    with pytest.raises(ModelError, match="called otherwise in the file"):
        run.log_model(path, inputs={"z": (None, 4)})


def test_what_is_asked_for_and_not_there(run: tracker.Run) -> None:
    """Names what there is."""
    with pytest.raises(SeriesNotFoundError, match="It has no models"):
        run.model("a")
    run.log_model(network(), "digits", inputs=SHAPE, step=1)
    with pytest.raises(SeriesNotFoundError, match="There are: digits"):
        run.model("a")
    with pytest.raises(SeriesNotFoundError, match="at step 2"):
        run.model("digits", 2)
    with pytest.raises(ModelError, match="has another shape"):
        run.model("digits").predict(np.zeros((1, 8, 8), np.float32))
    with pytest.raises(ModelError, match="not the inputs"):
        run.model("digits").predict({"y": batch()})
    with pytest.raises(ModelError, match="has no file"):
        run.model("digits").file("../events")
