"""A segment in a database, whose rows come from elsewhere; see `tracker.store.write.replica` for one that is a file."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa

from tracker.errors import DamagedBytesError
from tracker.postgres.asking import Asking, Within, as_file
from tracker.postgres.engine import answering, driver_of, hold_run, let_go, words_of
from tracker.postgres.rows import keepable
from tracker.postgres.tables import KEEPERS, KINDS, NAMES
from tracker.postgres.telling import Telling
from tracker.store import columns
from tracker.store.shipment import NUMBERED, Arrived, CursorError, Row, Shipment, TakenError
from tracker.store.write import arriving_order
from tracker.store.write.arriving_rows import check
from tracker.store.write.replica import covers, unchanging

_LOOK = """
SELECT segment.segment, segment.checksum, state.written, state.status,
    (SELECT coalesce(max(id), 0) FROM series WHERE segment = state.segment),
    (SELECT coalesce(max(number), 0) FROM contents WHERE segment = state.segment)
FROM segment JOIN state USING (segment) WHERE place = %s AND id = %s
"""

_PATIENCE = "SET LOCAL statement_timeout = '10min'"  # for the largest content, and a slow disk

_LOCK = "SELECT 1 FROM state JOIN segment USING (segment) WHERE place = %s AND id = %s FOR UPDATE OF state"

_OTHERS = "SELECT 1 FROM segment WHERE place = %s AND id <> %s LIMIT 1"

_BEGIN = f"""
INSERT INTO segment (place, {", ".join(columns.SEGMENT)}) VALUES ({", ".join(["%s"] * (len(columns.SEGMENT) + 1))})
ON CONFLICT (place, id) DO NOTHING RETURNING segment
"""
_BEGIN_STATE = f"INSERT INTO state (segment, {', '.join(columns.STATE)}) VALUES ({', '.join(['%s'] * 8)})"
_SAID = f"SELECT {', '.join(columns.SEGMENT)} FROM segment WHERE segment = %s"
_LATE = (
    f"INSERT INTO scalars (segment, {', '.join(columns.SCALARS)}) "
    f"VALUES ({', '.join(['%s'] * (len(columns.SCALARS) + 1))}) ON CONFLICT DO NOTHING"
)
_REWRITE_SEGMENT = f"UPDATE segment SET {' = %s, '.join(columns.SEGMENT)} = %s WHERE segment = %s"
_REWRITE_STATE = f"UPDATE state SET {' = %s, '.join(columns.STATE)} = %s WHERE segment = %s"

# By the key, whatever the planner thinks of a table that has just been filled.
_PLAIN_PLAN = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
_COVERED = """
DELETE FROM scalars USING unnest(%s::int[], %s::bigint[], %s::bigint[]) AS made (series, first, stop)
WHERE scalars.segment = {segment} AND scalars.series = made.series AND level = 0 AND n >= made.first AND n < made.stop
"""
_ANSWERED = "DELETE FROM receipts WHERE segment = %s AND md5(nonce) = ANY (%s)"
_CONTENTS = "INSERT INTO blobs (hash, data) SELECT * FROM unnest(%s::text[], %b::bytea[]) ON CONFLICT DO NOTHING"
_LOGGED = """
UPDATE series SET logged = made.logged FROM unnest(%s::bigint[], %s::bigint[]) AS made (id, logged)
WHERE series.segment = %s AND series.id = made.id
"""


class PgReplica:
    """Takes shipments into a segment of a database. Not for two threads at a time.

    Several may take rows of one segment, on several machines: each sees under a lock where the others have left it.

    Args:
        engine: Of the database, whose tables are up to date.
        shown: Its address without a password.
        telling: Tells those who listen.
        place: The run that the segment is shown under.
        segment: Its name.
        begins: Whether it begins a run, so that no other segment may lie there.

    Attributes:
        arrived: How far it is there, as of the last look.

    Raises:
        StoreError: the database does not answer.
    """

    def __init__(
        self, engine: sa.Engine, shown: str, telling: Telling, place: str, segment: str, *, begins: bool = False
    ) -> None:
        self.place = place
        self.segment = segment
        self._engine = engine
        self._shown = shown
        self._telling = telling
        self._begins = begins
        with self._connection() as driver:
            self.arrived = self._look(driver)[1]

    def is_in_place(self) -> bool:
        """Once it has begun, always: no row is held that others could move. Before that another hand may begin it."""
        return self.arrived != Arrived()

    def take(self, shipment: Shipment, *, is_followed: bool = False) -> Arrived:
        """Takes what arrived, all of it or nothing; where the store is then.

        Args:
            shipment: The rows.
            is_followed: Whether more is sent at once. Each is durable here all the same.

        Raises:
            CursorError: it goes on from somewhere else.
            TakenError: it begins a run, and another one has begun there.
            DamagedBytesError: it is not what a writer writes.
            StoreError: the database does not take it; nothing was taken, or all of it (`arrived` says which when
                another one is made).
        """
        if shipment.after != self.arrived.cursor:
            raise CursorError(self._look_again())
        check(shipment, self.arrived)
        if shipment.segment is not None and shipment.segment[0] != self.segment:
            raise DamagedBytesError(f"these rows are of segment {str(shipment.segment[0])[:60]!r}")
        with self._connection(is_news=True) as driver, driver.cursor() as cursor:
            cursor.execute(_PATIENCE)
            # Two statements: what the second sees begins when the first has its lock.
            cursor.execute(_LOCK, (self.place, self.segment))
            number, found = self._look(driver)
            if number is None:
                number = self._begin(cursor, shipment)
            if number is None or found != self.arrived:
                raise CursorError(self._look_again())
            self._add(cursor, number, shipment)
            arrived = self._look(driver)[1]
        self.arrived = arrived
        return arrived

    def _look_again(self) -> Arrived:
        with self._connection() as driver:
            self.arrived = self._look(driver)[1]
        return self.arrived

    @contextlib.contextmanager
    def _connection(self, *, is_news: bool = False) -> Iterator[psycopg.Connection[Any]]:
        """A transaction, which ends with what is done in it; of news those who listen are told then."""
        with answering(self._shown):
            pooled, driver = driver_of(self._engine)
            try:
                with driver.transaction():
                    yield driver
                if is_news:
                    self._telling.tell(driver, self.place)
            except (psycopg.IntegrityError, psycopg.DataError) as error:
                raise DamagedBytesError(f"its rows do not stand beside those before ({words_of(error)})") from None
            finally:
                let_go(pooled, driver)

    def _look(self, driver: psycopg.Connection[Any]) -> tuple[int | None, Arrived]:
        row = driver.execute(_LOOK, (self.place, self.segment)).fetchone()
        if row is None:
            return None, Arrived()
        number, checksum, written, status, series, contents = row
        return number, Arrived(written, checksum, series, contents, is_whole=status != "running")

    def _begin(self, cursor: psycopg.Cursor[Any], shipment: Shipment) -> int | None:
        """The number of a segment that begins; None where it has just begun by another hand."""
        if shipment.segment is None:
            raise CursorError(self.arrived)
        hold_run(cursor.connection, self.place)
        if self._begins and cursor.execute(_OTHERS, (self.place, self.segment)).fetchone():
            raise TakenError
        _, *said = KEEPERS["segment"](0, shipment.segment)
        row = cursor.execute(_BEGIN, (self.place, *said)).fetchone()
        if row is not None:
            cursor.execute(_BEGIN_STATE, KEEPERS["state"](row[0], shipment.state))
        return None if row is None else row[0]

    def _add(self, cursor: psycopg.Cursor[Any], number: int, shipment: Shipment) -> None:
        if shipment.segment is not None:
            before = cursor.execute(_SAID, (number,)).fetchone()
            if before is None or unchanging(before) != unchanging(shipment.segment):
                raise DamagedBytesError("what it says of itself is not what it said")
            _, *said = KEEPERS["segment"](number, shipment.segment)
            cursor.execute(_REWRITE_SEGMENT, (*said, number))
        _copy(cursor, "series", number, shipment.series, NAMES["series"][:-1])
        _uncover(cursor, number, shipment)
        cursor.executemany(_LATE, [KEEPERS["scalars"](number, row) for row in shipment.late])
        if shipment.blobs:
            # In one order, so that two who bring the same contents do not wait for each other for ever.
            unique = sorted({digest: data for _, digest, data in shipment.blobs}.items())
            cursor.execute(_CONTENTS, ([digest for digest, _ in unique], [data for _, data in unique]))
            with cursor.copy("COPY contents (segment, number, hash) FROM STDIN") as copy:
                for place, digest, _ in shipment.blobs:
                    copy.write_row((number, place, digest))
        answers = {row[1]: row for row in shipment.receipts}
        if answers:
            nonces = [_digest(nonce) for nonce in answers]
            cursor.execute(_ANSWERED, (number, nonces))
        for table in NUMBERED:
            rows = [*answers.values()] if table == "receipts" else shipment.rows(table)
            _copy(cursor, table, number, rows, NAMES[table])
        if shipment.logged:
            ids, logged = zip(*shipment.logged, strict=True)
            cursor.execute(_LOGGED, ([*ids], [*logged], number))
        _, *said = KEEPERS["state"](number, shipment.state)
        cursor.execute(_REWRITE_STATE, (*said, number))
        arriving_order.check(as_file(Asking(Within(cursor.connection), number)), shipment)

    def close(self) -> None:
        """Nothing is held between two shipments."""


def _uncover(cursor: psycopg.Cursor[Any], number: int, shipment: Shipment) -> None:
    """A stretch stands for points that lay there before it, alone or in one that was shorter."""
    made = [(row[1], row[3], row[3] + row[4]) for row in shipment.scalars if covers(row)]
    if made and shipment.after:
        cursor.execute(_PLAIN_PLAN)
        series, first, stop = ([*each] for each in zip(*made, strict=True))
        cursor.execute(_COVERED.format(segment=int(number)), (series, first, stop))


def _copy(cursor: psycopg.Cursor[Any], table: str, number: int, rows: Sequence[Row], names: tuple[str, ...]) -> None:
    if not rows:
        return
    keep = KEEPERS[table]
    kinds = KINDS[table][: len(names)]
    with cursor.copy(f"COPY {table} (segment, {', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(("int8", *kinds))
        for row in rows:
            copy.write_row(keep(number, row))


def _digest(text: str) -> str:
    """Of a text that is too long for an index, maybe."""
    return hashlib.md5(keepable(text).encode(), usedforsecurity=False).hexdigest()
