"""What is told twice: only what a kill cut off from its note, by the same name; and nothing that could not be noted."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from alert_outbox import Clock, armed, crossing, hook, outbox, states
from hypothesis import given
from hypothesis import strategies as st
from webhook_receiver import receiving

from dashboard.alerts import kept
from tracker.store.read import alert_file
from tracker.store.read.alert_file import DELIVERED, WAITS
from tracker.store.write import alert_file as writing
from tracker.store.write import alert_journal

ROOT = Path(__file__).resolve().parents[2]

KILLED = """
import os, signal, sys
from pathlib import Path
from dashboard.alerts import kept, rule
from dashboard.alerts.deliver import Means
from dashboard.alerts.outbox import Outbox
from tracker.store.read.reader import Store
from tracker.store.write import alert_journal
root = Path(sys.argv[1])
alert_journal._note = lambda _: os.kill(os.getpid(), signal.SIGKILL)
sender = Outbox(root, kept.PAGE, Means(lambda: Store(root)))
assert sender.take()
sender.turn({made.id: made for _, made in kept.followed(root, lambda: b"k" * 32, kept.PAGE)})
"""


def test_what_a_kill_has_repeated_is_known_by_its_name(logdir: Path) -> None:
    """Between the receiver's answer and the note of it: the same key and body again, and after that no more."""
    with receiving() as receiver:
        made = armed(logdir, hook(receiver))
        first = outbox(logdir, Clock())
        writing.note(logdir, first.holder, kept.PAGE, [(crossing(7), [WAITS])])
        first.let_go()
        ended = subprocess.run([sys.executable, "-c", KILLED, str(logdir)], cwd=ROOT, check=False)
        assert ended.returncode == -signal.SIGKILL
        assert (len(receiver.got), states(logdir)) == (1, [WAITS])
        again = outbox(logdir, Clock())
        again.turn({"r": made})
        assert again.turn({"r": made}) is None
        (told, repeated) = receiver.got
        assert told == repeated
        assert (told[0], told[1]["delivery"]) == (f"{7:032x}-0", f"{7:032x}-0")
        assert states(logdir) == [DELIVERED]


def test_nothing_is_sent_that_could_not_be_noted(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There would be no end to it; and a disk that fails after the answer has nobody told twice who is still here."""
    write = os.write
    with receiving() as receiver:
        made = armed(logdir, hook(receiver))
        sender = outbox(logdir, Clock())
        writing.note(logdir, sender.holder, kept.PAGE, [(crossing(n), [WAITS]) for n in range(2)])
        # A disk that takes half a record, and then all of them; and, of the first, not the note.
        takes = iter([lambda handle, text: write(handle, text[:20]), write, _full])
        monkeypatch.setattr(alert_journal.os, "write", lambda *given: next(takes, write)(*given))
        with pytest.raises(OSError, match="no room"):
            sender.turn({"r": made})
        assert receiver.got == []
        for _ in range(3):
            sender.turn({"r": made})
        assert [body["crossing"] for _, body in receiver.got] == [f"{n:032x}" for n in range(2)]
        assert states(logdir) == [DELIVERED] * 2
        first, second = (
            each.ended for each in sorted(alert_file.told(logdir).deliveries, key=lambda each: each.crossing)
        )
        assert first == Clock.now, "as who delivers remembers it"
        assert second is not None
        assert second > Clock.now, "as the journal has it"


def _full(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


@given(st.binary(max_size=300), st.integers(0, 200))
def test_half_a_journal_is_read_as_far_as_it_goes(junk: bytes, cut: int) -> None:
    """Whatever a kill or a full disk has left of a record: it hides no other one, and is none."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        alert_file.file_of(root).parent.mkdir()
        place = alert_journal.journal_of(root, "page")
        with alert_journal.record(root, "page", "a" * 32, 3):
            pass
        place.write_bytes(place.read_bytes()[:cut] + junk.replace(b"!", b"?"))
        with alert_journal.record(root, "page", "b" * 32, 4) as note:
            note()
        assert [each[:2] for each in alert_journal.noted(place)] == [("b" * 32, 4)]
