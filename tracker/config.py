"""A run's configuration as plain JSON, whatever the caller's script keeps it in."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from tracker.errors import LoggedTypeError, message

MAX_DEPTH = 16
MAX_TEXT = 2_000


def plain(config: Any) -> dict[str, Any]:
    """The configuration as a dictionary of JSON values; what JSON cannot hold becomes its text.

    Args:
        config: A mapping, a dataclass, an `argparse.Namespace` or any object with attributes; None is empty.

    Raises:
        LoggedTypeError: it is none of these.
    """
    if config is None:
        return {}
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        config = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    elif not isinstance(config, Mapping):
        if isinstance(config, (str, bytes, int, float, list, tuple, set)) or not hasattr(config, "__dict__"):
            raise LoggedTypeError(
                message(
                    "config= is not a set of named values.",
                    expected="a dict, a dataclass or a Namespace",
                    got=type(config).__name__,
                )
            )
        config = vars(config)
    return {str(key): _plain(value, 1) for key, value in config.items()}


def _plain(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value[:MAX_TEXT] if isinstance(value, str) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth < MAX_DEPTH:
        if isinstance(value, Mapping):
            return {str(key): _plain(each, depth + 1) for key, each in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [_plain(each, depth + 1) for each in value]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: _plain(getattr(value, field.name), depth + 1) for field in dataclasses.fields(value)}
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        return _plain(value.item(), MAX_DEPTH)
    try:
        return str(value)[:MAX_TEXT]
    except Exception:  # noqa: BLE001 a configuration object that cannot be shown must not stop the training
        return f"<{type(value).__name__}>"
