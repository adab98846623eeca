"""The operations of a PyTorch module as `torch.export` would list them, seen without building its program.

`torch.export` spends most of its time on what a picture does not need: proxies, generated code and checks (measured on
an encoder of 48 layers: 8.3 s in a new process, 4.5 s again, where this takes 1.5 and 0.35 s). Here the module runs on
tensors without numbers under a mode that stands where that of `torch.export` would stand, before anything is taken
apart, and notes each operation. What `torch.export` treats in a way of its own is refused, and then it is asked itself.
Parts of torch that are not public are used: one that is missing is a refusal too.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

import torch
from torch._dispatch.python import enable_python_dispatcher
from torch._export.utils import _compiling_state_context
from torch.fx.experimental.proxy_tensor import PreDispatchTorchFunctionMode, ProxyTorchDispatchMode
from torch.fx.node import _side_effectful_need_to_be_preserved_pre_dispatch
from torch.nn.utils.stateless import _reparametrize_module
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree
from torch.utils._python_dispatch import TorchDispatchMode

from tracker.values.torch_fakes import Fakes, Refused, tensors_in
from tracker.values.torch_seen import Seen, tensors

_DEVICE_TYPES = ("cpu", "cuda", "mps", "xpu")
_IN_TORCH = f"{os.sep}torch{os.sep}"
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_REFUSED_TAGS = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape, torch.Tag.inplace_view}
_TAGGED_YET_PLAIN = ("index", "detach_")
"""By numbers; by a mask it fails without any. And what changes nothing that is shown."""


def operations(model: Any, inputs: Sequence[Any]) -> list[Seen]:
    """What the module is given, does and returns, in that order, as `torch.export` would say it.

    Args:
        model: A torch module in the mode in which it is to be seen; it is as before afterwards.
        inputs: What to call it with.

    Raises:
        Refused: `torch.export` may say it otherwise.
        Exception: of any kind, where the module or a part of torch that is used here does not go along.
    """
    paths = _paths(model)
    names = _input_names(model, inputs)
    parameters = dict(model.named_parameters(remove_duplicate=False))
    learned = {**parameters, **dict(model.named_buffers(remove_duplicate=False))}
    by_identity = {id(each): each for each in learned.values()}
    if len({*by_identity, *map(id, inputs)}) != len(by_identity) + len(inputs):
        raise Refused("a tensor is an input twice")
    notes = _Notes()
    fakes = Fakes(notes.replaced)
    stand_in_of = {key: fakes.of(each) for key, each in by_identity.items()}
    stand_ins = {name: stand_in_of[id(each)] for name, each in learned.items()}
    for name, each in stand_ins.items():  # of a tensor with several names the last one counts
        notes.add(Seen("parameter" if name in parameters else "buffer", name.replace(".", "/"), each))
    arguments = [fakes.of(each) for each in inputs]
    for name, each in zip(names, arguments, strict=True):
        notes.add(Seen("input", name, each))
    with ExitStack() as stack:
        stack.enter_context(_attributes_kept(model))
        stack.enter_context(_switches_kept())
        stack.enter_context(fakes.mode)
        stack.enter_context(_reparametrize_module(model, stand_ins, tie_weights=True, strict=True, stack_weights=True))
        stack.enter_context(_compiling_state_context())
        stack.enter_context(_calls_noted(notes, paths))
        stack.enter_context(enable_python_dispatcher())
        stack.enter_context(_Functions())
        stack.enter_context(_Operations(notes, fakes))
        result = model(*arguments)
    for i, each in enumerate(_pytree.tree_leaves(result)):
        if isinstance(each, torch.Tensor):
            notes.steps.append(Seen("output", "output" if i == 0 else f"output_{i}", each, [notes.source_of(each)]))
        elif not isinstance(each, (type(None), bool, int, float, str)):
            raise Refused("a result of a type of its own")
    return notes.used()


class _Notes:
    """The steps so far, and which of them gave a tensor."""

    def __init__(self) -> None:
        self.steps: list[Seen] = []
        self.constants: list[Seen] = []
        self.scopes = [""]
        self._removable: set[int] = set()
        self._givers: dict[int, tuple[Seen, Any]] = {}
        """By identity: a step holds what it gave, so that no identity is used twice."""

    def add(self, step: Seen, *, removable: bool = False) -> None:
        self.steps.append(step)
        if removable:
            self._removable.add(id(step))
        for each in tensors(step.value):
            self._givers[id(each)] = (step, each)

    def replaced(self, tensor: Any, other: Any) -> None:
        """Takes another tensor for one that a step gave."""
        if id(tensor) in self._givers:
            self._givers[id(other)] = (self._givers[id(tensor)][0], other)

    def constant(self, tensor: Any) -> None:
        """Adds a tensor that the model makes of plain numbers."""
        name = f"lifted_tensor_{len(self.constants)}"  # as torch.export calls it
        self.constants.append(Seen("buffer", f"{self.scopes[-1]}/{name}".lstrip("/"), tensor))
        self._givers[id(tensor)] = (self.constants[-1], tensor)

    def source_of(self, tensor: Any) -> tuple[Seen, Any]:
        try:
            return self._givers[id(tensor)]
        except KeyError:
            raise Refused("a tensor from elsewhere") from None

    def used(self) -> list[Seen]:
        """All steps but parameters that nobody asked for, and `detach` of what nobody used, which torch itself adds."""
        asked: set[int] = set()
        left: list[Seen] = []
        for step in reversed(self.steps):
            if id(step) not in asked:
                if step.name == "lift_fresh_copy":
                    raise Refused("a constant that is not used")
                if step.kind in ("parameter", "buffer") or id(step) in self._removable:
                    continue
            asked.update(id(giver) for giver, _ in step.sources)
            left.append(step)
        left.reverse()
        inputs = next((i for i, step in enumerate(left) if step.kind not in ("parameter", "buffer")), 0)
        return left[:inputs] + self.constants + left[inputs:]


class _Operations(ProxyTorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes operations as a model asks for them, before torch takes any apart."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __init__(self, notes: _Notes, fakes: Fakes) -> None:
        TorchDispatchMode.__init__(self, torch._C.DispatchKey.PreDispatch)  # type: ignore[no-untyped-call]
        self.enter_stack = []
        self._mode_key = torch._C._TorchDispatchModeKey.PROXY
        self._notes = notes
        self._fakes = fakes

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Does it, and notes it."""
        kwargs = kwargs or {}
        if func is torch.ops.prim.device.default:
            return func(*args, **kwargs)
        name = func._schema.name.removeprefix("aten::")
        if "::" in name or not (name in _TAGGED_YET_PLAIN or _REFUSED_TAGS.isdisjoint(func.tags)):
            raise Refused(f"the operation {name}")
        source, scope = _source(), self._notes.scopes[-1]
        if name == "lift_fresh":  # a tensor of plain numbers; the name is that of what torch.export puts in its place
            name, args = "lift_fresh_copy", (self._fakes.of(args[0]),)
            self._notes.constant(args[0])
        sources = list({id(each): self._notes.source_of(each) for each in tensors_in((args, kwargs))}.values())
        if name == "to":  # torch.export asserts what is given, for those who run its program with something else
            self._notes.add(Seen("op", "assert_tensor_metadata", None, sources[:1], scope, source))
        result = self._fakes.result(torch.ops.aten.clone.default if name == "lift_fresh_copy" else func, args, kwargs)
        self._notes.add(Seen("op", name.strip("_"), result, sources, scope, source), removable=name == "detach")
        return result


class _Functions(PreDispatchTorchFunctionMode):
    """Stands where that of torch.export would, as torch's own modules and autocast ask whether there is one."""

    def __init__(self) -> None:
        TorchFunctionMode.__init__(self)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Does it, unless torch.export would do something else."""
        if func in _side_effectful_need_to_be_preserved_pre_dispatch:
            raise Refused("gradients or autocast are switched within the model")
        if func is torch.Tensor.__getitem__:
            items = args[1] if isinstance(args[1], tuple) else (args[1],)
            if any(isinstance(each, torch.Tensor) and each.ndim == 0 for each in items):
                raise Refused("a tensor as an index")
        return func(*args, **(kwargs or {}))


def _source() -> str:
    """The innermost line of a `forward` outside torch."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if code.co_name == "forward" and _IN_TORCH not in code.co_filename:
            return f"{os.path.basename(code.co_filename)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def _paths(model: Any) -> dict[int, str]:
    paths: dict[int, str] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        if id(module) in paths or isinstance(module, (torch.jit.ScriptModule, torch.fx.GraphModule)):
            raise Refused("a module has two names, or is a program")
        paths[id(module)] = path.replace(".", "/")
    return paths


def _input_names(model: Any, inputs: Sequence[Any]) -> list[str]:
    parameters = list(inspect.signature(model.forward).parameters.values())[: len(inputs)]
    if len(parameters) < len(inputs) or any(each.kind not in _BY_PLACE for each in parameters):
        raise Refused("inputs that are not named one by one")
    return [each.name.lower() for each in parameters]


@contextmanager
def _calls_noted(notes: _Notes, paths: dict[int, str]) -> Iterator[None]:
    """While it is open, `notes.scopes` ends with the path of the module that this thread is in."""
    modules: Any = torch.nn.Module
    plain, ours = modules.__call__, threading.get_ident()

    def call(module: Any, *args: Any, **kwargs: Any) -> Any:
        path = paths.get(id(module)) if threading.get_ident() == ours else None
        if path is None:
            return plain(module, *args, **kwargs)
        notes.scopes.append(path)
        try:
            return plain(module, *args, **kwargs)
        finally:
            notes.scopes.pop()

    modules.__call__ = call
    try:
        yield
    finally:
        modules.__call__ = plain


@contextmanager
def _switches_kept() -> Iterator[None]:
    """What a model that is stopped as it enters autocast has switched on, and would never leave, is as before."""
    nesting, is_cached, has_gradients = _autocast_nesting(), torch.is_autocast_cache_enabled(), torch.is_grad_enabled()
    before = [(each, torch.is_autocast_enabled(each), torch.get_autocast_dtype(each)) for each in _DEVICE_TYPES]
    try:
        yield
    finally:
        for each, is_on, dtype in before:
            torch.set_autocast_enabled(each, is_on)
            torch.set_autocast_dtype(each, dtype)
        torch.set_autocast_cache_enabled(is_cached)
        for _ in range(_autocast_nesting() - nesting):
            torch.autocast_decrement_nesting()
        torch.set_grad_enabled(has_gradients)


def _autocast_nesting() -> int:
    torch.autocast_increment_nesting()
    return int(torch.autocast_decrement_nesting())


@contextmanager
def _attributes_kept(model: Any) -> Iterator[None]:
    """Puts back what a module sets of itself as it runs, and refuses it."""
    before = [(module, dict(module.__dict__), dict(module._buffers)) for module in model.modules()]
    try:
        yield
    finally:
        changed = False
        for module, attributes, buffers in before:
            now = module.__dict__
            if now.keys() != attributes.keys() or any(now[key] is not attributes[key] for key in attributes):
                changed = True
                now.clear()
                now.update(attributes)
            if any(module._buffers[name] is not each for name, each in buffers.items()):
                changed = True
                module._buffers.update(buffers)
    if changed:
        raise Refused("the model sets its own attributes")
