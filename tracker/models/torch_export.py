"""PyTorch's modules as ONNX files, by `torch.onnx`; where it cannot, their numbers and their source.

All of it on the caller's thread: an export follows the module through a forward pass, and what torch notes meanwhile
(that it exports, which warnings count, the state of its random numbers) is the whole process's. Beside a training it
would change what that draws.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
import random
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from tracker.errors import MissingPackageError, ModelError, message
from tracker.models.exporters import Exported
from tracker.models.source import as_source, in_one_line

OPSET = 17
"""What every runtime of the last years knows: onnxruntime from 1.12 on."""


def snapshot(
    model: Any,
    example: Any,
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> Exported:
    """A module as files.

    It is followed through one forward pass in evaluation mode, and is afterwards as it was: mode of each part,
    buffers, gradients, and the random numbers of torch, NumPy and Python. The first axis of what goes in, and of what
    comes out with as many rows, is the batch, of any size. `torch.onnx`'s exporter by tracing comes first, which needs
    the package onnx only, then the one by `torch.export`, which needs onnxscript.

    Args:
        model: The module; what DataParallel, DistributedDataParallel or torch.compile wrap is unwrapped.
        example: A batch, or several in a tuple; None if there is none, and then there is source only.
        input_names: Of the inputs; where these are names of forward's arguments, it is called by them.
        output_names: Of the outputs; by default y, the keys of a dictionary, or y0, y1, …

    Raises:
        ModelError: the module fails on its example.
    """
    import torch

    model = _unwrapped(model, torch)
    if example is None:
        return _as_source(model, "No example input was given, which torch.onnx needs: log_model(…, inputs=x)")
    device = next((each.device for each in [*model.parameters(), *model.buffers()]), torch.device("cpu"))
    values = [_tensor(each, device, torch) for each in (example if isinstance(example, tuple) else (example,))]
    names = list(input_names or (["x"] if len(values) == 1 else [f"x{number}" for number in range(len(values))]))
    reasons = []
    with _as_it_was(model, torch), _quiet(torch) as said:
        passed = _passed(_Call(model, dict(zip(names, values, strict=True))), output_names, torch)
        if not passed.outputs:
            reasons.append("it gives back no tensor, nor a tuple or dictionary of tensors")
        for exporter in (_by_tracing, _by_export) if passed.outputs else ():
            said.clear()
            try:
                data = exporter(passed, torch)
            except Exception as error:  # noqa: BLE001 torch.onnx fails with errors of any kind
                reasons.append(str(error) if isinstance(error, MissingPackageError) else in_one_line(error))
                continue
            note = _fixed(said) if exporter is _by_tracing else ""
            return Exported(
                "onnx",
                {"model.onnx": data},
                passed.signature(passed.call.inputs),
                passed.signature(passed.outputs),
                note,
            )
    found = _as_source(model, f"torch.onnx cannot export it: {'; '.join(reasons)}")
    return found._replace(inputs=passed.signature(passed.call.inputs), outputs=passed.signature(passed.outputs))


def export(held: Exported, example: Any, **names: Any) -> Exported:
    """What `snapshot` made."""
    return held


# --- one pass ----------------------------------------------------------------------------------------------------


class _Call:
    """A module, what it is called with by the names of its inputs, and how: by place, or by forward's own names."""

    def __init__(self, model: Any, inputs: dict[str, Any]) -> None:
        self.model = model
        try:
            known = list(inspect.signature(model.forward).parameters)
        except (TypeError, ValueError):  # a scripted module
            known = []
        is_known = set(inputs) <= set(known)
        self.inputs = {name: inputs[name] for name in known if name in inputs} if is_known else inputs
        self.by_name = is_known and list(self.inputs) != known[: len(inputs)]  # the first ones are called by place

    def answer(self, values: Iterable[Any]) -> Any:
        """What the module gives back."""
        return self.model(**dict(zip(self.inputs, values, strict=True))) if self.by_name else self.model(*values)

    def by_place(self, torch: Any) -> Any:
        """A module that is called by place, and gives back its tensors in a tuple."""
        call = self

        class Called(torch.nn.Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.model = call.model

            def forward(self, *values: Any) -> Any:
                return tuple(_outputs(call.answer(values), None, torch).values())

        return Called().eval()


class _Passed(NamedTuple):
    """A call, what came of it, how many samples it had, and whether the exporters take it as it is."""

    call: _Call
    outputs: dict[str, Any]
    batch: int | None
    is_plain: bool

    def signature(self, tensors: Mapping[str, Any]) -> list[dict[str, Any]]:
        """{"name", "dtype", "shape"} of inputs or outputs, None where the batch is."""
        return [
            {
                "name": name,
                "dtype": str(each.dtype).removeprefix("torch."),
                "shape": [None if self.is_batch(each) and not axis else size for axis, size in enumerate(each.shape)],
            }
            for name, each in tensors.items()
        ]

    def is_batch(self, tensor: Any) -> bool:
        """Whether a tensor's first axis is that of the batch."""
        return bool(tensor.dim()) and tensor.shape[0] == self.batch

    @property
    def dynamic(self) -> list[str]:
        """Inputs and outputs whose first axis is."""
        return [name for name, each in {**self.call.inputs, **self.outputs}.items() if self.is_batch(each)]


def _passed(call: _Call, names: Sequence[str] | None, torch: Any) -> _Passed:
    """One pass. A single sample is doubled where that works: of a batch of 1 no exporter can tell the batch's axes."""
    calls = [call]
    if all(each.dim() and each.shape[0] == 1 for each in call.inputs.values()):
        calls.insert(0, _Call(call.model, {name: torch.cat([each, each]) for name, each in call.inputs.items()}))
    failed: Exception | None = None
    for each in calls:
        try:
            value = each.answer(each.inputs.values())
            outputs = _outputs(value, names, torch)
        except Exception as error:  # noqa: BLE001 the caller's own module may raise anything
            failed = error
            continue
        batch = next((given.shape[0] for given in each.inputs.values() if given.dim()), None)
        return _Passed(each, outputs, batch, not each.by_name and isinstance(value, (torch.Tensor, tuple)))
    raise ModelError(
        message(
            "log_model: the model fails on its example input.",
            expected="inputs that the model can be called with",
            got=in_one_line(failed or RuntimeError()),
        )
    ) from failed


def _outputs(value: Any, names: Sequence[str] | None, torch: Any) -> dict[str, Any]:
    """Tensors that a module gives back, by name; empty where there is anything else among them."""
    if isinstance(value, torch.Tensor):
        found = {"y": value}
    elif isinstance(value, Mapping):  # what Hugging Face's models give back is one too
        found = {str(name): each for name, each in value.items() if each is not None}
    elif isinstance(value, (tuple, list)):
        fields = getattr(value, "_fields", None) or [f"y{number}" for number in range(len(value))]
        found = dict(zip(fields, value, strict=True))
    else:
        return {}
    if not all(isinstance(each, torch.Tensor) for each in found.values()):
        return {}
    return dict(zip(names, found.values(), strict=True)) if names and len(names) == len(found) else found


def _tensor(value: Any, device: Any, torch: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().to(device)
    array = np.array(value)
    return torch.from_numpy(array.astype(np.float32) if array.dtype == np.float64 else array).to(device)


# --- ways to ONNX ------------------------------------------------------------------------------------------------


def _by_tracing(passed: _Passed, torch: Any) -> bytes:
    _check_installed("onnx")  # which torch asks for at the end, after all the work
    out = io.BytesIO()
    torch.onnx.export(
        passed.call.model if passed.is_plain else passed.call.by_place(torch),
        tuple(passed.call.inputs.values()),
        out,
        input_names=list(passed.call.inputs),
        output_names=list(passed.outputs),
        opset_version=OPSET,
        dynamic_axes={name: {0: "batch"} for name in passed.dynamic},
        **({"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}),
    )
    return out.getvalue()


def _by_export(passed: _Passed, torch: Any) -> bytes:
    _check_installed("onnxscript")
    batch = torch.export.Dim("batch")
    shapes = tuple({0: batch} if name in passed.dynamic else None for name in passed.call.inputs)
    with contextlib.redirect_stdout(io.StringIO()):
        program = torch.onnx.export(
            passed.call.model if passed.is_plain else passed.call.by_place(torch),
            tuple(passed.call.inputs.values()),
            dynamo=True,
            verbose=False,
            input_names=list(passed.call.inputs),
            output_names=list(passed.outputs),
            dynamic_shapes=shapes if passed.is_plain else (shapes,),
            external_data=False,
        )
    data: bytes = program.model_proto.SerializeToString()
    return data


def _check_installed(package: str) -> None:
    """Raises, in words that can stand in a note."""
    try:
        import_module(package)
    except ImportError:
        raise MissingPackageError(f"the package {package} is not installed") from None


def _fixed(said: Sequence[warnings.WarningMessage]) -> str:
    """What tracing warned of: that something was taken from the example and will stay so."""
    kinds = {str(each.message).partition(". ")[0] for each in said if "Tracer" in each.category.__name__}
    if not kinds:
        return ""
    return f"Traced: what the module decides by its data is as the example had it ({'; '.join(sorted(kinds))[:300]})."


# --- the module before and after ---------------------------------------------------------------------------------


def _unwrapped(model: Any, torch: Any) -> Any:
    parallel = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
    while True:
        inner = model.module if isinstance(model, parallel) else getattr(model, "_orig_mod", None)  # of torch.compile
        if inner is None:
            return model
        model = inner


@contextlib.contextmanager
def _as_it_was(model: Any, torch: Any) -> Iterator[None]:
    """Evaluation mode within; afterwards modes, buffers and random numbers are what they were."""
    modes = [(each, each.training) for each in model.modules()]
    buffers = [(each, each.detach().clone()) for each in model.buffers()]
    devices = sorted({each.device.index or 0 for each in model.parameters() if each.device.type == "cuda"})
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=devices), torch.no_grad():
            model.eval()
            yield
    finally:
        for module, was_training in modes:
            module.training = was_training
        with torch.no_grad():
            for buffer, before in buffers:
                if buffer.shape == before.shape:
                    buffer.copy_(before)
        random.setstate(python)
        np.random.set_state(numpy)


@contextlib.contextmanager
def _quiet(torch: Any) -> Iterator[list[warnings.WarningMessage]]:
    """Keeps the exporters' warnings, logs and prints from the caller: they are about torch's own matters.

    Within it: the warnings so far.
    """
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    core = torch._C  # where the graph of what fails is printed, whether anybody asked for it or not
    prints = getattr(core, "_jit_onnx_log", None)
    if prints is not None:
        core._jit_onnx_log = lambda *words: None
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            yield said
    finally:
        logger.setLevel(level)
        if prints is not None:
            core._jit_onnx_log = prints


def _as_source(model: Any, reason: str) -> Exported:
    classes = (type(each) for each in model.modules())
    return as_source(model.state_dict(), classes, "torch", reason, {"architecture.txt": repr(model)})
