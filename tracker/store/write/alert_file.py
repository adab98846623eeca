"""The alerts of a logdir: rules that were armed, when they fired, and an outbox of what is still to be told.

A file of its own, changed as the page's is: in a copy that takes its place, so that a kill leaves the file before or
the file after, and of two servers one waits for the other. What somebody has acknowledged is noted first in a journal
beside it (`alert_journal`), which takes some microseconds, as a kill between an answer and a transaction of 20 ms
would have it sent again; the next transaction takes the journal in.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path

from tracker.errors import PageChangeError, message
from tracker.store.read import alert_file, liveness
from tracker.store.read.alert_file import (
    BEFORE,
    CROSSING,
    DELIVERED,
    DELIVERY,
    GIVEN_UP,
    WAITS,
    Delivery,
    KeptCrossing,
    KeptRule,
)
from tracker.store.read.liveness import Writer
from tracker.store.write import alert_journal, page_file, schema

RENEW_S = 20.0
"""How often who delivers says that it lives; on another machine it is taken for dead after a minute of silence."""

GIVE_UP_S = 3 * 86400.0
"""So long after it was seen a crossing is still tried to be told."""

MOST_KEPT, KEPT = 20_000, 10_000
"""Crossings: when there are more, the oldest that wait for nothing go, until so many are left."""


@contextlib.contextmanager
def _changed(root: Path) -> Iterator[sqlite3.Connection]:
    path = alert_file.file_of(root)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if path.parent.is_symlink():  # to a folder of somebody's choice
            raise OSError("it is a link")
    except OSError as error:
        raise PageChangeError(message(f"{path.parent} cannot be written to: {error}")) from error
    with page_file.changed(path, schema.alert_tables) as connection:
        yield connection


class StaleError(PageChangeError):
    """The rule is not as whoever changes it has seen it."""


def put_rule(root: Path, rule: KeptRule, before: int, known: Sequence[KeptCrossing] = ()) -> None:
    """Arms a rule, or arms it otherwise.

    Args:
        root: The logdir.
        rule: As it is from now on.
        before: The version that it takes the place of; 0 for a new one.
        known: Crossings that are so already and are not to be told.

    Raises:
        StaleError: it has another version by now.
        PageChangeError: there are too many, or the file cannot be written.
    """
    with _changed(root) as connection:
        found = connection.execute("SELECT version FROM rules WHERE id=?", (rule.id,)).fetchone()
        if (found[0] if found else 0) != before:
            raise StaleError(message("Somebody else has changed this rule meanwhile.", hint="Look at it again."))
        if not found and connection.execute("SELECT count(*) FROM rules").fetchone()[0] >= alert_file.MOST_RULES:
            raise PageChangeError(message("These are more rules than a logdir keeps.", expected=alert_file.MOST_RULES))
        connection.execute("DELETE FROM rules WHERE id=?", (rule.id,))
        connection.execute(schema.insert(schema.rules), astuple(rule))
        if found:  # what its other actions were still to do is not theirs any more
            connection.execute(
                f"UPDATE deliveries SET state={GIVEN_UP} WHERE state={WAITS} "
                "AND crossing IN (SELECT id FROM crossings WHERE rule=?)",
                (rule.id,),
            )
        for each in known:
            _note(connection, each, [BEFORE])


def pause(root: Path, id: str, paused: bool, now: float) -> None:
    """Pauses a rule, or lets it go on: what happened meanwhile is not told.

    Raises:
        PageChangeError: there is no such rule, or the file cannot be written.
    """
    with _changed(root) as connection:
        since = "" if paused else ", since=max(since, ?)"
        values = (int(paused), id) if paused else (int(paused), now, id)
        if not connection.execute(f"UPDATE rules SET paused=?{since} WHERE id=?", values).rowcount:
            raise _gone()


def remove(root: Path, id: str) -> None:
    """Lets a rule go, and what it was still to tell.

    Raises:
        PageChangeError: there is no such rule, or the file cannot be written.
    """
    with _changed(root) as connection:
        if not connection.execute("DELETE FROM rules WHERE id=?", (id,)).rowcount:
            raise _gone()
        connection.execute("DELETE FROM deliveries WHERE crossing IN (SELECT id FROM crossings WHERE rule=?)", (id,))
        connection.execute("DELETE FROM crossings WHERE rule=?", (id,))


def _gone() -> PageChangeError:
    return PageChangeError(message("There is no such rule any more."))


def note(root: Path, holder: str, source: str, found: Sequence[tuple[KeptCrossing, Sequence[int]]]) -> list[str]:
    """Notes crossings, with how each action of their rule stands; the ids of those that were not known.

    None is noted by who has no lease any more.

    Raises:
        PageChangeError: the file cannot be written.
    """
    with _changed(root) as connection:
        if not _holds(connection, source, holder):
            return []
        return [each.id for each, states in found if _note(connection, each, states)]


def _note(connection: sqlite3.Connection, each: KeptCrossing, states: Sequence[int]) -> bool:
    if connection.execute("SELECT 1 FROM crossings WHERE id=?", (each.id,)).fetchone() is not None:
        return False
    connection.execute(schema.insert(schema.crossings), astuple(each))
    for action, state in enumerate(states):
        ended = each.noted if state == DELIVERED else None
        connection.execute(schema.insert(schema.deliveries), (each.id, action, state, 0, each.noted, ended, None))
    return True


def lease(root: Path, source: str, holder: str, now: float) -> bool:
    """Takes, or keeps, the right to deliver what rules of a source tell; whether it is ours.

    Raises:
        PageChangeError: the file cannot be written.
    """
    with _changed(root) as connection:
        row = connection.execute(
            "SELECT holder, host, machine, pid, pid_started, heartbeat FROM leases WHERE name=?", (source,)
        ).fetchone()
        if row is not None and row[0] != holder and liveness.is_alive(Writer(*row[1:5]), row[5], now):
            return False
        connection.execute("DELETE FROM leases WHERE name=?", (source,))
        connection.execute(schema.insert(schema.leases), (source, holder, *liveness.this_process(), now))
        return True


def release(root: Path, source: str, holder: str) -> None:
    """Gives it back, so that another server need not wait.

    Raises:
        PageChangeError: the file cannot be written.
    """
    with _changed(root) as connection:
        connection.execute("DELETE FROM leases WHERE name=? AND holder=?", (source, holder))


def _holds(connection: sqlite3.Connection, source: str, holder: str) -> bool:
    row = connection.execute("SELECT holder FROM leases WHERE name=?", (source,)).fetchone()
    return row is not None and row[0] == holder


def turn(
    root: Path, source: str, holder: str, tried: Sequence[Delivery], now: float
) -> list[tuple[KeptCrossing, Delivery]] | None:
    """Takes in what became of deliveries, and what the journal says; all that still waits, the oldest first.

    Args:
        root: The logdir.
        source: Whose rules.
        holder: Who has the lease.
        tried: Deliveries that were tried, as they stand since.
        now: Wall time.

    Returns:
        None where somebody else has the lease: nothing may be sent.

    Raises:
        PageChangeError: the file cannot be written.
    """
    journal = alert_journal.journal_of(root, source)
    with _changed(root) as connection:
        if not _holds(connection, source, holder):
            return None
        for crossing, action, ended in alert_journal.noted(journal):
            connection.execute(
                "UPDATE deliveries SET state=?, ended=?, trouble=NULL WHERE crossing=? AND action=? AND state=?",
                (DELIVERED, ended, crossing, action, WAITS),
            )
        for each in tried:
            connection.execute(
                "UPDATE deliveries SET state=?, attempts=?, next_try=?, ended=?, trouble=? "
                "WHERE crossing=? AND action=? AND state=?",
                (each.state, each.attempts, each.next_try, each.ended, each.trouble, each.crossing, each.action, WAITS),
            )
        connection.execute(
            f"UPDATE deliveries SET state={GIVEN_UP}, ended=? WHERE state={WAITS} AND attempts>0 "
            "AND crossing IN (SELECT id FROM crossings WHERE noted<?)",
            (now, now - GIVE_UP_S),
        )
        connection.execute("UPDATE leases SET heartbeat=? WHERE name=?", (now, source))
        _trim(connection)
        names = [f"c.{name}" for name in CROSSING] + [f"d.{name}" for name in DELIVERY]
        rows = connection.execute(
            f"SELECT {', '.join(names)} FROM deliveries d "
            "JOIN crossings c ON c.id=d.crossing JOIN rules r ON r.id=c.rule "
            f"WHERE d.state={WAITS} AND r.source=? AND r.paused=0 ORDER BY c.noted, c.id, d.action",
            (source,),
        )
        split = len(CROSSING)
        waiting = []
        for row in rows:
            told = KeptCrossing(*alert_file.checked(row[:split], CROSSING))
            waiting.append((told, Delivery(*alert_file.checked(row[split:], DELIVERY))))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(journal)
    return waiting


def _trim(connection: sqlite3.Connection) -> None:
    """Lets the oldest crossings go where there are many; their rules tell nothing of so long ago any more."""
    (count,) = connection.execute("SELECT count(*) FROM crossings").fetchone()
    if count <= MOST_KEPT:
        return
    old = connection.execute(
        "SELECT id, rule, wall_time FROM crossings WHERE id NOT IN "
        f"(SELECT crossing FROM deliveries WHERE state={WAITS}) "
        "ORDER BY noted LIMIT ?",
        (count - KEPT,),
    ).fetchall()
    for id, rule, wall_time in old:
        connection.execute("UPDATE rules SET since=max(since, ?) WHERE id=?", (wall_time, rule))
        connection.execute("DELETE FROM deliveries WHERE crossing=?", (id,))
        connection.execute("DELETE FROM crossings WHERE id=?", (id,))
