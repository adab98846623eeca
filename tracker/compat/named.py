"""Methods of other people's APIs, whose callers' mistakes are errors by name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tracker import coerce

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def named(method: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The method, whose callers' mistakes are errors by name, however odd an argument is."""

    @functools.wraps(method)
    def checked(*arguments: Arguments.args, **more: Arguments.kwargs) -> Result:
        try:
            return method(*arguments, **more)
        except Exception as error:
            raise coerce.mistake(method.__name__, error) from error

    return checked
