"""A run's configuration as plain JSON, whatever the caller's script keeps it in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tracker import coerce
from tracker.errors import LoggedTypeError, message
from tracker.values import arrays


def plain(config: Any) -> dict[str, Any]:
    """The configuration as a dictionary of JSON values; see `coerce.plain` for what becomes of which.

    Args:
        config: A mapping, a dataclass, an `argparse.Namespace` or any object with attributes; None is empty.

    Raises:
        LoggedTypeError: it is none of these, or cannot be read.
    """
    if config is None:
        return {}
    try:
        if dataclasses.is_dataclass(config) and not isinstance(config, type):
            return coerce.plain_items(coerce.fields(config))
        if not isinstance(config, Mapping):
            if isinstance(config, (str, bytes, int, float, list, tuple, set)):
                raise TypeError
            config = vars(config)
        # A copy, at once: another thread may be adding to it.
        return coerce.plain_items(list(config.items()) if type(config) is dict else config.items())
    except Exception as error:
        raise LoggedTypeError(
            message(
                "config= is not a set of named values.",
                expected="a dict, a dataclass or a Namespace",
                got=arrays.describe(config),
            )
        ) from error
