"""What is printed is kept, and goes where it always went."""

from __future__ import annotations

import contextlib
import gc
import os
import pty
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from steering import until

import tracker
from tracker.machine.console import TEE

ROOT = Path(__file__).resolve().parents[2]


def python(code: str, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a script that prints, to its end."""
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(code), *words],
        capture_output=True, text=True, timeout=100, cwd=ROOT, check=False, **options,
    )  # fmt: skip


def test_both_outputs_are_kept_whoever_prints(logdir: Path) -> None:
    """Python, a library that writes to the descriptor, and a child process; each once on the real outputs too."""
    code = """
    import os, subprocess, sys, tracker
    print("before")
    with tracker.init(logdir=sys.argv[1], name="a", machine=False, console=True):
        print("a print")
        os.write(2, b"a library\\n")
        subprocess.run(["echo", "a child"])
    print("after")
    """
    done = python(code, str(logdir))
    assert sorted(done.stdout.splitlines()) == ["a child", "a print", "after", "before"]
    assert done.stderr == "a library\n"
    kept = tracker.open(logdir).run("a").console()
    by_stream = {
        stream: "".join(piece.text for piece in kept.pieces if piece.stream == stream)
        for stream in ("stdout", "stderr")
    }
    assert sorted(by_stream["stdout"].splitlines()) == ["a child", "a print"]
    assert by_stream["stderr"] == "a library\n"


def test_a_process_that_passes_the_output_on_late_is_waited_for(logdir: Path, tmp_path: Path) -> None:
    """On a busy machine it may begin when all was printed."""
    late = tmp_path / "late.py"
    late.write_text(f"import runpy, time\ntime.sleep(0.3)\nrunpy.run_path({str(TEE)!r}, run_name='__main__')\n")
    code = """
    import sys, tracker
    from pathlib import Path
    from tracker.machine import console
    console.TEE, console.STOP_S, console.BEGIN_S = Path(sys.argv[2]), 0.05, 60.0
    with tracker.init(logdir=sys.argv[1], name="a", machine=False, console=True):
        print("said early")
    """
    done = python(code, str(logdir), str(late))
    assert (done.stdout, done.stderr) == ("said early\n", "")
    assert tracker.open(logdir).run("a").console().text == "said early\n"


def test_nothing_is_kept_unless_it_is_asked_for(logdir: Path) -> None:
    """Output often holds what should stay private."""
    python(
        "import sys, tracker\nwith tracker.init(sys.argv[1], name='a', machine=False): print('private')", str(logdir)
    )
    stored = tracker.open(logdir).run("a")
    assert stored.console().pieces == ()


def test_the_traceback_of_a_crash_is_kept(logdir: Path) -> None:
    """What one looks for first, and on the terminal as ever."""
    code = """
    import sys, tracker
    tracker.init(logdir=sys.argv[1], name="a", machine=False, console=True)
    raise ValueError("no such layer")
    """
    done = python(code, str(logdir))
    assert done.returncode == 1
    assert "ValueError: no such layer" in done.stderr
    stored = tracker.open(logdir).run("a")
    assert stored.status == "crashed"
    assert "ValueError: no such layer" in stored.console().text


def test_a_killed_process_takes_nothing_from_the_terminal(logdir: Path) -> None:
    """What was printed in its last moment passes through a process of its own and arrives."""
    code = """
    import os, sys, tracker
    tracker.init(logdir=sys.argv[1], name="a", machine=False, console=True)
    os.write(1, b"x" * 50_000 + b"last words\\n")
    os.kill(os.getpid(), 9)
    """
    done = python(code, str(logdir))
    assert done.returncode == -9
    assert done.stdout.endswith("last words\n")
    assert len(done.stdout) == 50_011


def test_a_child_goes_on_printing_after_its_parent(logdir: Path) -> None:
    """A server that a training starts is not silenced, nor killed by a closed pipe."""
    code = """
    import subprocess, sys, tracker
    with tracker.init(logdir=sys.argv[1], name="a", machine=False, console=True):
        subprocess.Popen(["sh", "-c", "sleep 1.5; echo still here; echo and here"])
    """
    done = python(code, str(logdir))
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["still here", "and here"]


def test_a_forked_child_prints_where_it_always_did(logdir: Path) -> None:
    """Not through its parent's pipe, which may end before it does."""
    code = """
    import os, sys, tracker
    run = tracker.init(logdir=sys.argv[1], name="a", machine=False, console=True)
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.write(1, b"of the child\\n")
        os._exit(0)
    os.waitpid(pid, 0)
    print("of the parent")
    run.finish()
    """
    done = python(code, str(logdir))
    assert set(done.stdout.splitlines()) == {"of the child", "of the parent"}
    assert tracker.open(logdir).run("a").console().text == "of the parent\n"


def test_a_terminal_stays_a_terminal(logdir: Path) -> None:
    """Progress bars ask for one, and for its width."""
    code = """
    import fcntl, os, struct, sys, termios, tracker
    with tracker.init(logdir=sys.argv[1], name="a", machine=False, console=True):
        print(sys.stdout.isatty(), os.get_terminal_size(1).columns)
    """
    import fcntl
    import struct
    import termios

    source, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 133, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(logdir)], stdout=end, stderr=end, cwd=ROOT
    )
    os.close(end)
    assert process.wait(60) == 0
    assert os.read(source, 1000).split() == [b"True", b"133"]
    os.close(source)
    assert tracker.open(logdir).run("a").console().text.split() == ["True", "133"]


def test_a_progress_bar_is_kept_as_it_ended(logdir: Path) -> None:
    """A bar drawn a thousand times in a second is one line."""
    code = """
    import sys, tracker
    with tracker.init(logdir=sys.argv[1], name="a", machine=False, console=True):
        for i in range(1000):
            sys.stderr.write(f"\\r{i}/1000")
        sys.stderr.write("\\r1000/1000\\n")
    """
    done = python(code, str(logdir))
    assert done.stderr.count("/1000") == 1001
    text = tracker.open(logdir).run("a").console().text
    assert text.endswith("1000/1000\n")
    assert len(text) < 100


def test_pytest_keeps_its_own_capture(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Streams that are not on the descriptors are listened to, and given back."""
    before = sys.stdout
    with tracker.init(logdir=logdir, name="a", machine=False, console=True):
        print("under pytest")
    print("after")
    assert sys.stdout is before
    assert capsys.readouterr().out == "under pytest\nafter\n"
    assert tracker.open(logdir).run("a").console().text == "under pytest\n"


def test_output_without_end_is_cut_and_says_so(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that prints must not fill the disk."""
    from tracker.machine import console

    monkeypatch.setattr(console, "LIMIT_BYTES", 10_000)
    with tracker.init(logdir=logdir, name="a", machine=False, console=True):
        for _ in range(100):
            print("y" * 999)
    text = tracker.open(logdir).run("a").console().text
    assert len(text) < 12_000
    assert "the rest is not kept" in text


def test_descriptors_are_given_back(logdir: Path) -> None:
    """A thousand runs in one process take no descriptor with them."""
    with tracker.init(logdir=logdir, name="a", machine=False, console=True):
        pass
    gc.collect()
    before = descriptors()
    for _ in range(3):
        with tracker.init(logdir=logdir, name="a", machine=False, console=True):
            print("x")
    until(lambda: descriptors() <= before)


def descriptors() -> set[tuple[str, str]]:
    """Those that are open in this process, and what each is of: other threads may open and close some meanwhile."""
    found = set()
    for each in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # that of the list itself
            found.add((each, os.readlink(f"/proc/self/fd/{each}")))
    return found


def test_later_pieces_are_read_from_a_cursor(logdir: Path) -> None:
    """What the page asks for: the newest first, then only what is new."""
    for number in range(3):
        resume = "allow" if number else None
        with tracker.init(logdir=logdir, name="a", machine=False, console=True, resume=resume):
            print(f"part {number}")
    stored = tracker.open(logdir).run("a")
    whole = stored.console()
    assert [piece.text for piece in whole.pieces] == ["part 0\n", "part 1\n", "part 2\n"]
    assert stored.console(whole.cursor).pieces == ()
    known = {segment: row for segment, row in whole.cursor.items() if segment != whole.pieces[-1].segment}
    assert [piece.text for piece in stored.console(known).pieces] == ["part 2\n"]
    assert not whole.earlier
