"""Into a logdir one server receives: a second one refuses, with a sentence, until the first has ended in whatever way."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from served import Served


def test_a_second_server_refuses_to_receive(there: Path, serve: Callable[..., Served], receive: Callable[..., Served]) -> None:  # fmt: skip
    """By whatever path it knows the logdir; to show it is no matter. The end of the first one lets the next in."""
    first = receive()
    link = there.parent / "link"
    link.symlink_to(there)
    for path in (there, link):
        with pytest.raises(AssertionError, match=rf"another server \(process {first.process.pid}\) receives runs into"):
            serve(path, "--receive")
    serve(there)
    serve(there.parent, "--receive")
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait(60)
    second = receive()
    assert second.stop() == 0
    receive()
