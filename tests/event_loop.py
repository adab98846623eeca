"""An event loop for tests: on a thread of its own, since a browser of the same process keeps that of the tests' thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine gives, or raises. `asyncio.run` fails behind a test of the page, in whichever order they come."""
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(asyncio.run, work).result()
