"""PyTorch's modules become ONNX files that answer as they do; afterwards they are as they were. Else their source is kept."""

from __future__ import annotations

import io
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.errors import ModelError
from tracker.models import onnx_runner

torch = pytest.importorskip("torch", reason="needs PyTorch, whose modules are exported")
safetensors = pytest.importorskip("safetensors.numpy")
nn = torch.nn

from tracker.models import torch_export  # noqa: E402 torch first: without it there is nothing to test


def floats(*shape: int) -> Any:
    """Random numbers, the same each time."""
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def answers(exported: Any, folder: Path, inputs: dict[str, Any]) -> dict[str, Any]:
    """What onnxruntime says of an exported model."""
    (folder / "model.onnx").write_bytes(exported.files["model.onnx"])
    return onnx_runner.open_runner({"model.onnx": folder / "model.onnx"}, {}).run(inputs)


def convolutions() -> Any:
    """As people write them, in training mode, with statistics that are not those of a new layer."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.5), nn.Flatten(),
        nn.Linear(128, 10),
    )  # fmt: skip
    with torch.no_grad():
        model(torch.randn(16, 1, 8, 8) * 3 + 1)
    return model


class TwoInputs(nn.Module):  # type: ignore[misc, name-defined]
    """Of whole numbers and of floats, with an argument between them that has a default."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 6)
        self.last = nn.Linear(9, 4)

    def forward(self, ids: Any, scale: float = 2.0, extra: Any = None) -> dict[str, Any]:
        y = self.last(torch.cat([self.words(ids).mean(1) * scale, extra], dim=1))
        return {"logits": y, "norm": y.norm(dim=1), "nothing": None}


class Recurrent(nn.Module):  # type: ignore[misc, name-defined]
    """Gives back a tuple, of which one has the batch in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 5, batch_first=True)

    def forward(self, x: Any) -> Any:
        y, (h, _) = self.lstm(x)
        return y[:, -1], h


@pytest.mark.parametrize("example", [1, 4], ids=["one", "several"])
def test_a_module_answers_as_itself(example: int, tmp_path: Path) -> None:
    """To 10⁻⁵ on batches of any size, from an example of one sample or of several."""
    model = convolutions()
    exported = torch_export.snapshot(model, (floats(example, 1, 8, 8),))
    assert exported.format == "onnx"
    assert exported.inputs == [{"name": "x", "dtype": "float32", "shape": [None, 1, 8, 8]}]
    assert exported.outputs == [{"name": "y", "dtype": "float32", "shape": [None, 10]}]
    model.eval()
    for size in (1, 2, 9):
        x = floats(size, 1, 8, 8)
        assert (
            np.abs(answers(exported, tmp_path, {"x": x})["y"] - model(torch.from_numpy(x)).detach().numpy()).max()
            < 1e-5
        )


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exporter that needs the least, alone."""
    monkeypatch.setitem(sys.modules, "onnxscript", None)


@pytest.mark.usefixtures("traced")
def test_inputs_and_outputs_have_names(tmp_path: Path) -> None:
    """Those of forward's arguments, in any order, and those of a dictionary."""
    model = TwoInputs()
    ids, extra = np.arange(12).reshape(2, 6), floats(2, 3)
    exported = torch_export.snapshot(model, (extra, ids), input_names=["extra", "ids"])
    assert exported.format == "onnx"
    assert {each["name"]: (each["dtype"], each["shape"]) for each in exported.inputs} == {
        "ids": ("int64", [None, 6]), "extra": ("float32", [None, 3]),
    }  # fmt: skip
    assert [each["shape"] for each in exported.outputs] == [[None, 4], [None]]
    ids, extra = np.arange(18).reshape(3, 6), floats(3, 3)
    found = answers(exported, tmp_path, {"ids": ids, "extra": extra})
    wanted = model(torch.from_numpy(ids), extra=torch.from_numpy(extra))
    for name in ("logits", "norm"):
        assert np.abs(found[name] - wanted[name].detach().numpy()).max() < 1e-5


def test_a_recurrent_module_keeps_its_state(tmp_path: Path) -> None:
    """Outputs by the names that are given; an axis that is not the batch's has a size."""
    model = Recurrent()
    exported = torch_export.snapshot(
        model, (floats(2, 4, 3),), input_names=["sequence"], output_names=["last", "state"]
    )
    assert exported.inputs[0]["name"] == "sequence"
    assert [each["shape"] for each in exported.outputs] == [[None, 5], [1, 2, 5]]
    found = answers(exported, tmp_path, {"sequence": floats(3, 4, 3)})
    assert np.abs(found["last"] - model(torch.from_numpy(floats(3, 4, 3)))[0].detach().numpy()).max() < 1e-5


class Odd(nn.Module):  # type: ignore[misc, name-defined]
    """Draws random numbers of three kinds, and counts how often it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: Any) -> Any:
        self.calls += 1
        return self.part(x) + torch.rand(1) + random.random() + np.random.rand()


def test_a_module_is_afterwards_as_it_was() -> None:
    """Modes of each part, buffers, gradients, and what is drawn next."""
    model = Odd()
    model(torch.randn(4, 3)).sum().backward()
    model.part[1].eval()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    gradients = [each.grad.clone() for each in model.parameters()]
    modes = [each.training for each in model.modules()]
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    exported = torch_export.snapshot(model, (floats(2, 3),))
    assert exported.format == "onnx"
    assert [each.training for each in model.modules()] == modes
    assert all(torch.equal(before[name], each) for name, each in model.state_dict().items())
    assert all(torch.equal(one.grad, other) for one, other in zip(model.parameters(), gradients, strict=True))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert np.random.get_state()[1].tolist() == states[2]
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    "wrap",
    [nn.DataParallel, pytest.param(torch.compile, marks=pytest.mark.long)],  # which imports for ten seconds
    ids=["parallel", "compiled"],
)
@pytest.mark.filterwarnings("ignore:.*script_method")  # of what torch.compile imports
def test_what_wraps_a_module_is_taken_off(wrap: Any, tmp_path: Path) -> None:
    """It is how a module is trained, and not what it computes."""
    inner = nn.Linear(3, 2)
    found = answers(torch_export.snapshot(wrap(inner), (floats(1, 3),)), tmp_path, {"x": floats(2, 3)})["y"]
    assert np.abs(found - inner(torch.from_numpy(floats(2, 3))).detach().numpy()).max() < 1e-5


class Squeezing(nn.Module):  # type: ignore[misc, name-defined]
    """Which takes an axis of size 1 for one that is not needed, the batch's too."""

    def forward(self, x: Any) -> Any:
        return x.mean(dim=(2, 3), keepdim=True).squeeze()


@pytest.mark.usefixtures("traced")
def test_from_one_sample_it_is_told_which_axis_is_the_batch_s(tmp_path: Path) -> None:
    """As people give one: of a single sample this module drops the axis, of several it does not."""
    exported = torch_export.snapshot(Squeezing(), (floats(1, 5, 4, 4),))
    assert [each["shape"] for each in exported.outputs] == [[None, 5]]
    x = floats(3, 5, 4, 4)
    assert np.abs(answers(exported, tmp_path, {"x": x})["y"] - x.mean((2, 3))).max() < 1e-5


class Deciding(nn.Module):  # type: ignore[misc, name-defined]
    """Which tracing follows one way only."""

    def forward(self, x: Any) -> Any:
        return x * 2 if x.sum() > 0 else x * 3


def test_what_tracing_cannot_see_is_noted() -> None:
    """A model that decides by its data is kept as it decided on the example, and says so."""
    exported = torch_export.snapshot(Deciding(), (floats(2, 3),))
    assert exported.format == "onnx"
    assert exported.note.startswith("Traced: what the module decides by its data is as the example had it")


class Unknown(nn.Module):  # type: ignore[misc, name-defined]
    """An operation that ONNX has no word for."""

    def forward(self, x: Any) -> Any:
        return torch.special.bessel_j0(x)


@pytest.mark.usefixtures("traced")
def test_a_failing_export_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    """torch prints the whole graph of what it cannot export; here the note says why."""
    exported = torch_export.snapshot(Unknown(), (floats(2, 3),))
    assert exported.format == "source"
    assert "bessel_j0" in exported.note
    assert capfd.readouterr() == ("", "")


class Telling(nn.Module):  # type: ignore[misc, name-defined]
    """Gives back no tensor, and keeps half a number, and a note."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(3, 2).to(torch.bfloat16)

    def forward(self, x: Any) -> str:
        return "words"

    def get_extra_state(self) -> str:
        return "a note"


def state_of(exported: Any) -> dict[str, Any]:
    """The arrays of what is kept of a module, as another library reads them."""
    found: dict[str, Any] = safetensors.load(b"".join(bytes(part) for part in exported.files["state.safetensors"]))
    return found


def test_of_what_cannot_be_exported_numbers_and_source_are_kept() -> None:
    """With the reason; nothing of it is a pickle."""
    model = Telling()
    exported = torch_export.snapshot(model, (floats(2, 3),))
    assert exported.format == "source"
    assert exported.note == (
        "torch.onnx cannot export it: it gives back no tensor, nor a tuple or dictionary of tensors. Not kept: _extra_state."
    )
    kept = state_of(exported)
    assert {name: each.dtype for name, each in kept.items()} == dict.fromkeys(["line.weight", "line.bias"], np.float32)
    assert np.array_equal(kept["line.weight"], model.line.weight.detach().float().numpy())
    source = exported.files["source.py"].decode()
    assert "class Telling(nn.Module)" in source
    assert 'return "words"' in source
    assert "class Linear" not in source
    assert b"(line): Linear" in exported.files["architecture.txt"]


def test_without_the_packages_it_needs_the_source_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch.onnx asks for one of two; the note names them."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    exported = torch_export.snapshot(nn.Linear(3, 2), (floats(1, 3),))
    assert exported.format == "source"
    assert "the package onnx is not installed; the package onnxscript is not installed" in exported.note
    assert set(state_of(exported)) == {"weight", "bias"}


def test_without_an_example_the_source_is_kept() -> None:
    """No exporter can go without."""
    exported = torch_export.snapshot(nn.Linear(3, 2), None)
    assert exported.format == "source"
    assert "inputs=x" in exported.note


@pytest.mark.long
@pytest.mark.frameworks
def test_a_module_that_tracing_cannot_export_is_exported_by_torch_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exporter to come, which needs a package more."""
    pytest.importorskip("onnxscript", reason="needs onnxscript (pip install '.[frameworks]')")

    def no_tracing(*_: Any) -> bytes:
        raise RuntimeError("not any more")

    monkeypatch.setattr(torch_export, "_by_tracing", no_tracing)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    exported = torch_export.snapshot(model, (floats(1, 3),))
    assert exported.format == "onnx"
    assert out.getvalue() == ""
    found = answers(exported, tmp_path, {"x": floats(5, 3)})["y"]
    assert np.abs(found - model(torch.from_numpy(floats(5, 3))).detach().numpy()).max() < 1e-5


def test_a_run_keeps_a_module_and_asks_it(logdir: Path) -> None:
    """The whole way: logged in training mode, asked as it was at that step."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.Softmax(1))
    x = floats(2, 1, 8, 8)
    with tracker.init(logdir=logdir, name="r") as run:
        run.log_model(model, "digits", inputs=(None, 1, 8, 8), classes=["a", "b", "c"], step=3)
        wanted = model(torch.from_numpy(x)).detach().numpy()
        with torch.no_grad():
            model[1].weight.zero_()
        run.log_model(model, "digits", inputs=torch.from_numpy(x), classes=["a", "b", "c"], step=4)
    stored = tracker.open(logdir).run("r")
    first = stored.model("digits", 3)
    assert first.manifest.format == "onnx"
    assert first.manifest.made_by.startswith("torch ")
    assert np.abs(first.predict(x) - wanted).max() < 1e-5
    assert np.ptp(stored.model("digits").predict(x), axis=0).max() < 1e-6
    (best, p), *_ = first.top(x, k=1)
    assert best == "abc"[wanted[0].argmax()]
    assert abs(p - wanted[0].max()) < 1e-5
    drawn = (floats(8, 8) * 255).astype(np.uint8)
    from PIL import Image

    (best, p), *_ = first.top(Image.fromarray(drawn))
    seen = model.eval()(torch.from_numpy(drawn[None, None] / np.float32(255)))
    assert p <= 1
    assert seen.shape == (1, 3)


def test_an_example_that_the_module_fails_on_is_the_caller_s_mistake(logdir: Path) -> None:
    """Raised by name on the caller's line; the training may go on."""
    with tracker.init(logdir=logdir, name="r") as run:
        with pytest.raises(ModelError, match="fails on its example"):
            run.log_model(nn.Linear(3, 2), inputs=floats(1, 4))
        assert run.models() == []
