"""PyTorch: the functions a pass calls, and from which module and which line of the user's code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch.overrides import TorchFunctionMode

Look = Callable[[str, tuple[Any, ...], Any], None]


class Functions(TorchFunctionMode):
    """Tells of each function of PyTorch, method and operator of tensors that this thread calls while it is entered.

    Args:
        look: Called with the function's name, its arguments and what it gave.
    """

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    def enter(self) -> None:
        """From now on functions are told of."""
        self.__enter__()  # type: ignore[no-untyped-call]

    def leave(self) -> None:
        """From now on they are not."""
        self.__exit__(None, None, None)  # type: ignore[no-untyped-call]

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        self._look(getattr(func, "__name__", "").strip("_"), args, output)
        return output


def module_here(paths: Mapping[int, str]) -> tuple[str, Any]:
    """Path and object of the innermost module whose method is running; "" and None outside of all."""
    frame = sys._getframe(1)
    while frame is not None:
        # Names are looked at before values, which are copied when they are asked for.
        names = frame.f_code.co_varnames
        if names and names[0] == "self" and frame.f_code.co_argcount:
            module = frame.f_locals.get("self")
            if id(module) in paths:
                return paths[id(module)], module
        frame = frame.f_back  # type: ignore[assignment]
    return "", None


def line_outside() -> str:
    """The line of the user's code that is running: the innermost that is neither PyTorch's nor ours."""
    frame = sys._getframe(1)
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in ("torch", "tracker"):
            return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""
