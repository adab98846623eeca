"""The doctor: looks at every file of a logdir, says what is wrong, and mends what can be mended without guessing.

Nothing that can be read is ever thrown away: a damaged file is kept beside what was saved from it, and a file
whose writer lives is not touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tracker import logdir
from tracker.errors import DamagedBytesError, DamagedStoreError, StoreError
from tracker.store import columns, file_system, liveness, read_only, schema, segments, sketch, stretch
from tracker.store.segments import Segment
from tracker.store.stretch import FAN_OUT, STRETCH_POINTS

SAFE_SQLITE = "3.51.3 or newer, 3.50.7 or 3.44.6"
"""Builds without the fault by which two connections that checkpoint at once can damage a WAL file. Ours never do:
one connection writes a file. It matters to other programs that write the same file."""


@dataclass
class Finding:
    """One thing that was found."""

    path: Path
    what: str
    serious: bool = True
    """Whether data are lost or cannot be read; the others are told so that one knows."""
    done: str = ""
    """What the repair did about it; empty when there is nothing to do, or it was not asked for."""


@dataclass
class Report:
    """What a logdir looks like."""

    runs: int = 0
    segments: int = 0
    points: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_healthy(self) -> bool:
        """Whether nothing serious is left."""
        return not any(finding.serious and not finding.done for finding in self.findings)


def examine(root: Path, *, repair: bool = False) -> Report:
    """Looks at every run below `root`.

    Args:
        root: The logdir.
        repair: Fold in what dead writers left in their WALs, say that their runs crashed, remove what they left
            half made, and save what can be read of damaged files.
    """
    report = Report()
    kind = file_system.kind_of(root)
    if kind in file_system.NETWORK:
        what = f"{root} is on {kind}: writers use a rollback journal there, which is slower"
        report.findings.append(Finding(root, what, serious=False))
    if not _is_safe_sqlite(sqlite3.sqlite_version_info):
        what = (
            f"this Python's SQLite is {sqlite3.sqlite_version}; everystep is safe with it, but do not write to a run's "
            f"file with another program before SQLite is {SAFE_SQLITE}"
        )
        report.findings.append(Finding(root, what, serious=False))
    for folder in _folders(root):
        files = logdir.segment_files(folder)
        report.runs += bool(files)
        for path in files:
            report.segments += 1
            _examine_segment(path, report, repair)
        _examine_leftovers(folder, bool(files), report, repair)
    return report


def _folders(root: Path) -> Iterator[Path]:
    """Every folder that holds anything of ours."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        if any(logdir.is_segment(name) or name == logdir.CLAIM_FILE or name.endswith(".unborn") for name in files):
            yield Path(folder)


def _is_safe_sqlite(version: tuple[int, ...]) -> bool:
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


# --- one file --------------------------------------------------------------------------------------------


def _examine_segment(path: Path, report: Report, repair: bool) -> None:
    try:
        connection = read_only.connect(path)
    except DamagedStoreError as error:
        report.findings.append(_saved(path, Finding(path, error.why), repair))
        return
    except (StoreError, FileNotFoundError) as error:
        report.findings.append(Finding(path, getattr(error, "why", "the file has gone")))
        return
    faults: list[str] = []
    segment: Segment | None = None
    try:
        connection.execute("BEGIN")
        for (said,) in connection.execute("PRAGMA integrity_check(20)"):
            if said != "ok":
                faults.append(f"SQLite says: {said}")
        segment = segments.read(connection, path)
        if segment is None:
            faults.append("its first rows are missing")
        else:
            report.points += _check_curves(connection, faults)
            _check_others(connection, faults)
    except (sqlite3.Error, DamagedBytesError) as error:
        faults.append(f"part of it cannot be read ({error})")
    finally:
        connection.close()
    if faults:
        finding = Finding(path, "; ".join(faults[:5]) + ("; …" if len(faults) > 5 else ""))
        report.findings.append(_saved(path, finding, repair and not _is_written(segment)))
    elif segment is not None:
        _examine_ending(path, segment, report, repair)


def _check_curves(connection: sqlite3.Connection, faults: list[str]) -> int:
    """Checks that each series is whole and that its summaries say what its points do; how many points there are."""
    total = 0
    asked = ", ".join(dict.fromkeys(("n", *stretch.UNPACK_COLUMNS, *columns.SUMMARY)))
    for number, tag in connection.execute("SELECT id, tag FROM series WHERE kind='scalar'").fetchall():
        cursor = connection.execute(f"SELECT {asked} FROM scalars WHERE series=? AND level=0 ORDER BY n", (number,))
        names = [column[0] for column in cursor.description]
        expected = 0
        for values in cursor:
            row = dict(zip(names, values, strict=True))
            if row["n"] != expected:
                faults.append(f"{tag!r}: points {expected:,} to {row['n'] - 1:,} are missing")
            points = stretch.unpack([[row[name] for name in stretch.UNPACK_COLUMNS]])
            if row["count"] > 1:
                summary = dict(
                    zip(stretch.SUMMARY.names or (), stretch.summarise(points, 1, row["n"]).tolist()[0], strict=True)
                )
                wrong = [name for name in columns.SUMMARY if _differ(row[name], summary[name])]
                if wrong:
                    faults.append(f"{tag!r}: the summary of points from {row['n']:,} on is wrong ({', '.join(wrong)})")
            expected = row["n"] + row["count"]
            total += row["count"]
        sealed = expected // STRETCH_POINTS
        nodes = connection.execute(
            "SELECT level, count(*) FROM scalars WHERE series=? AND level>0 GROUP BY level", (number,)
        )
        found = dict(nodes.fetchall())
        level = 1
        while sealed // FAN_OUT**level:
            if found.get(level, 0) not in (0, sealed // FAN_OUT**level):
                faults.append(f"{tag!r}: nodes of level {level} are missing")
            level += 1
    return total


def _differ(stored: object, computed: float) -> bool:
    if stored is None:
        return computed == computed
    return stored != computed


def _check_others(connection: sqlite3.Connection, faults: list[str]) -> None:
    for number, form, buckets, total in connection.execute(
        "SELECT id, form, buckets, total - nan_count - posinf_count - neginf_count FROM sketches"
    ):
        given = form == sketch.FORM_GIVEN
        counts = sketch.unpack_given(buckets)[1] if given else sketch.unpack(buckets)[1]
        if round(counts.sum()) != total:
            faults.append(f"histogram {number}: its buckets do not add up")
    for number, first in connection.execute(
        "SELECT node.id, node.n FROM sketches node WHERE level > 0 AND total IS NOT (SELECT sum(total) FROM sketches "
        "WHERE series=node.series AND level=node.level-1 AND n >= node.n AND n < node.n + node.count)"
    ):
        faults.append(f"histogram {number}: it is not the sum of those from {first:,} on")
    missing = connection.execute("SELECT count(*) FROM media WHERE blob NOT IN (SELECT hash FROM blobs)").fetchone()[0]
    if missing:
        faults.append(f"the content of {missing:,} logged items is missing")
    for digest, data in connection.execute("SELECT hash, data FROM blobs"):
        if hashlib.blake2b(data, digest_size=16).hexdigest() != digest:
            faults.append(f"the content {digest} was changed")


def _is_written(segment: Segment | None) -> bool:
    """Whether its writer may still live."""
    return segment is not None and segment.status(time.time()) == "running"


def _examine_ending(path: Path, segment: Segment, report: Report, repair: bool) -> None:
    """A sound file: what else there is to say of it."""
    for kind, count in segment.lost.items():
        if count:
            report.findings.append(Finding(path, f"its writer could not store {count:,} {kind}s", serious=False))
    if _is_written(segment):
        return
    unfolded = Path(f"{path}-wal").exists()
    if segment.said_status == "running":
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(segment.heartbeat))
        finding = Finding(
            path, f"its process ended without a word after {since}: it crashed, or was killed", serious=False
        )
        if repair:
            finding.done = _close(path, "crashed", segment.heartbeat)
        report.findings.append(finding)
    elif unfolded:
        finding = Finding(path, "its WAL is still beside it, which a copy must not leave behind", serious=False)
        if repair:
            finding.done = _close(path, None, None)
        report.findings.append(finding)


def _close(path: Path, status: str | None, ended: float | None) -> str:
    """What the writer would have done at its end."""
    try:
        connection = sqlite3.connect(path, timeout=2.0, isolation_level=None)
        try:
            if status is not None:
                connection.execute("UPDATE state SET status=?, ended=?", (status, ended))
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode=DELETE")
        finally:
            connection.close()
    except sqlite3.Error as error:
        return f"tried to fold it in: {error}"
    return "folded its WAL in" + (f" and noted that it {status}" if status else "")


# --- saving ----------------------------------------------------------------------------------------------


def _saved(path: Path, finding: Finding, repair: bool) -> Finding:
    """Copies every row that can be read into a new file of the same name; the old one is kept."""
    if not repair:
        return finding
    kept = path.with_name(f"{path.name}.damaged")
    fresh = path.with_name(f".{path.name}.saved")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    try:
        counts = _salvage(path, fresh)
    except (sqlite3.Error, OSError) as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        finding.done = ""
        finding.what += f"; nothing could be saved ({error})"
        return finding
    for ending in ("", "-wal", "-shm"):
        if Path(f"{path}{ending}").exists():
            shutil.move(f"{path}{ending}", f"{kept}{ending}")
    fresh.rename(path)
    rows = ", ".join(f"{count:,} of {table}" for table, count in counts.items() if count)
    finding.done = f"saved {rows or 'no rows'}; the damaged file is kept as {kept.name}"
    return finding


def _salvage(path: Path, fresh: Path) -> dict[str, int]:
    source = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2.0, isolation_level=None)
    source.text_factory = lambda raw: raw.decode("utf-8", "replace")
    target = sqlite3.connect(fresh, isolation_level=None)
    counts: dict[str, int] = {}
    try:
        import sqlalchemy as sa

        maker = sa.create_engine("sqlite://", creator=lambda: target, poolclass=sa.pool.StaticPool)
        schema.segment_tables.create_all(maker)
        target.execute(f"PRAGMA application_id={columns.APPLICATION_ID}")
        target.execute(f"PRAGMA user_version={columns.SCHEMA_VERSION}")
        target.execute("BEGIN")
        for table in schema.segment_tables.sorted_tables:
            names = ", ".join(column.name for column in table.columns)
            slots = ", ".join("?" * len(table.columns))
            count = 0
            for row in _readable_rows(source, table.name, names):
                with contextlib.suppress(sqlite3.IntegrityError):  # a row that breaks the rules of its table is damage
                    target.execute(f"INSERT INTO {table.name} ({names}) VALUES ({slots})", row)
                    count += 1
            counts[table.name] = count
        # Nodes may speak of stretches that are gone; a series reads as well without them.
        target.execute("DELETE FROM scalars WHERE level > 0")
        if not counts["segment"]:
            _make_up_beginnings(target, path)
        if not counts["state"]:
            target.execute(
                schema.insert(schema.state), (0, time.time(), "crashed", None, "saved from a damaged file", "{}")
            )
        target.execute("COMMIT")
    finally:
        source.close()
        target.close()
    return counts


def _readable_rows(source: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[object, ...]]:
    """Rows of a table in the order of their numbers, stepping over pages that cannot be read."""
    after, stride = -(1 << 62), 1
    while True:
        try:
            for number, *row in source.execute(
                f"SELECT rowid, {columns} FROM {table} WHERE rowid>? ORDER BY rowid", (after,)
            ):
                yield tuple(row)
                after, stride = number, 1
            return
        except sqlite3.OperationalError as error:
            if "no such" in str(error):
                return
            after, stride = max(after, 0) + stride, stride * 2
        except sqlite3.DatabaseError:
            # Somewhere behind `after` a page is broken: look further on, in steps that grow.
            after, stride = max(after, 0) + stride, stride * 2
        if stride > 1 << 40:
            return


def _make_up_beginnings(target: sqlite3.Connection, path: Path) -> None:
    now = path.stat().st_mtime
    writer = liveness.Writer("", "", 0, "")
    row = (logdir.segment_id(path), path.parent.name, None, None, "start", None, now, *writer, "", None, "[]", "")
    target.execute(schema.insert(schema.segment), (*row, "{}", "{}"))


# --- what was left half made -----------------------------------------------------------------------------


def _examine_leftovers(folder: Path, has_segments: bool, report: Report, repair: bool) -> None:
    for path in sorted(folder.iterdir()):
        is_unborn = path.name.startswith(".") and ".unborn" in path.name
        is_claim = path.name == logdir.CLAIM_FILE
        if not (is_unborn or is_claim) or time.time() - path.stat().st_mtime < logdir.STALE_CLAIM_S:
            continue
        what = "left by a writer that was stopped before it had begun"
        finding = Finding(path, what, serious=False)
        if repair:
            with contextlib.suppress(OSError):
                path.unlink()
                finding.done = "removed"
        report.findings.append(finding)
