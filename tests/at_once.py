"""The same done by several threads at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def at_once(act: Callable[[], object], count: int, patience_s: float = 60.0) -> None:
    """Does it in so many threads, and waits for all; what any of them raises is raised."""
    with ThreadPoolExecutor(count) as threads:
        for each in [threads.submit(act) for _ in range(count)]:
            each.result(patience_s)
