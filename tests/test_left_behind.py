"""What a test leaves running ends with it."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time

from left_behind import LeftBehind, lasting


def test_what_was_begun_is_ended_and_reaped_and_what_lasts_is_not() -> None:
    """Also a child of multiprocessing; what has ended by itself is left as it is."""
    left = LeftBehind()
    with left.noting():
        sleeping, staying = (subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) for _ in "ab")
        ended = subprocess.Popen([sys.executable, "-c", ""])
        child = multiprocessing.get_context("forkserver").Process(target=time.sleep, args=(600,))
        child.start()
        assert ended.wait(60) == 0
    lasting.add(staying)
    left.end()
    assert sleeping.returncode == -9
    assert sleeping.stdin is not None
    assert sleeping.stdin.closed
    assert child.exitcode == -9
    assert staying.poll() is None
    lasting.remove(staying)
    left.end()
    assert staying.returncode == -9
