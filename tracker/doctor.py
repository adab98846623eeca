"""The doctor: looks at every file of a logdir, says what is wrong, and mends what can be mended without guessing.

Nothing that can be read is ever thrown away: a damaged file is kept beside what was saved from it, and a file
whose writer lives is not touched.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tracker import logdir, salvage
from tracker.errors import DamagedBytesError, DamagedStoreError, NotAStoreError, StoreError
from tracker.series import checksums, packed_sketch, stretch, whole
from tracker.series.stretch import FAN_OUT, STRETCH_POINTS
from tracker.series.summary import SUMMARY, SUMMARY_COLUMNS, children, summaries_of, summarise, wrong_summaries
from tracker.store import columns, file_system
from tracker.store.read import journal, liveness, read_only, segments, state_row
from tracker.store.read.left_out import why
from tracker.store.read.liveness import Writer
from tracker.store.read.scalar_levels import HIGHEST
from tracker.store.read.segments import Segment
from tracker.store.write import schema
from tracker.walk import Link, is_within

SAFE_SQLITE = "3.51.3 or newer, 3.50.7 or 3.44.6"
"""Builds without the fault by which two connections that checkpoint at once can damage a WAL file. Ours never do:
one connection writes a file. It matters to other programs that write the same file."""


LEFT = (".unborn", f".{salvage.SAVING}", f".{salvage.SAVED}")
"""What the names of files end in that were left half made."""


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
    """Looks at every run below `root`, and behind the links there that lead to runs; those are not repaired.

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
    links: list[Link] = []
    for folder in _folders(root, links):
        mends = repair and _lies_in(folder, root)
        _examine_unfinished(folder, report, mends)
        files = logdir.segment_files(folder)
        report.runs += bool(files)
        for path in files:
            report.segments += 1
            _examine_segment(path, report, mends and _lies_in(path, root))
        _examine_leftovers(folder, bool(files), report, mends)
    if repair and any(finding.serious and not _lies_in(finding.path, root) for finding in report.findings):
        what = "what lies behind a link is not repaired from here: viz doctor --repair --logdir with the folder itself"
        report.findings.append(Finding(root, what, serious=False))
    for link in links:
        what = link.problem or ("" if link.runs else f"it leads to {os.path.realpath(link.path)}, where no run lies")
        if what:
            report.findings.append(Finding(link.path, what, serious=False))
    return report


def _folders(root: Path, links: list[Link]) -> Iterator[Path]:
    """Every folder that holds anything of ours, the trash included."""
    everywhere = logdir.walk(root, _is_ours_by_name)
    trash = logdir.walk(root / logdir.TRASH_FOLDER, _is_ours_by_name, follow=False)
    yield from sorted(Path(folder) for folder, names in itertools.chain(everywhere, trash) if names)
    links += everywhere.links


def _is_ours_by_name(name: str) -> bool:
    return logdir.is_segment(name) or name == logdir.CLAIM_FILE or name.endswith(LEFT)


def _lies_in(path: Path, root: Path) -> bool:
    """Whether a path leads to what is in the logdir itself."""
    return is_within(os.path.realpath(path), os.path.realpath(root))


def _is_safe_sqlite(version: tuple[int, ...]) -> bool:
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


# --- one file --------------------------------------------------------------------------------------------


def _examine_segment(path: Path, report: Report, repair: bool) -> None:
    """Looks at one file. Whatever is met in it is said of it; the others are looked at all the same."""
    faults: list[str] = []
    segment: Segment | None = None
    is_written = False
    try:
        connection = read_only.connect(path)
    except (DamagedStoreError, NotAStoreError) as error:
        finding = Finding(path, error.why)
        report.findings.append(_saved(path, finding, repair and _is_ours(path)))
        return
    except (StoreError, OSError, sqlite3.Error) as error:
        report.findings.append(Finding(path, why(error) if path.exists() else "the file has gone"))
        return
    try:
        with _noting(faults, "part of it"):
            connection.execute("BEGIN")
            for (said,) in connection.execute("PRAGMA integrity_check(20)"):
                if said != "ok":
                    faults += [f"SQLite says: {line}" for line in said.splitlines() if not line.startswith("***")]
        with _noting(faults, "its first rows"):
            is_written = _is_written(connection)
            segment = segments.read(connection, path)
            if segment is None:
                faults.append("its first rows are missing")
            else:
                faults += segment.faults
        with _noting(faults, "part of it"):
            _check_types(connection, faults)
        if segment is not None:
            with _noting(faults, "its curves"):
                report.points += _check_curves(connection, faults)
            with _noting(faults, "part of it"):
                _check_others(connection, faults)
        with _noting(faults, "part of it"):
            _check_rows(connection, faults)
    finally:
        connection.close()
    if faults:
        faults = list(dict.fromkeys(faults))
        finding = Finding(path, "; ".join(faults[:5]) + ("; …" if len(faults) > 5 else ""))
        report.findings.append(_saved(path, finding, repair and not is_written))
    elif segment is not None:
        _examine_ending(path, segment, is_written, report, repair)


@contextlib.contextmanager
def _noting(faults: list[str], what: str) -> Iterator[None]:
    """Within it a part of a file is read: whatever is met is a fault of the file."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 a damaged file may hold anything, and what it was is said
        faults.append(f"{what} cannot be read ({why(error)})")


def _is_ours(path: Path) -> bool:
    """Whether a file that SQLite cannot open was a segment, by the mark in its head."""
    with contextlib.suppress(OSError, NotAStoreError), journal.open_plain(path) as file:
        head = file.read(100)
        return head.startswith(b"SQLite format 3") and head[68:72] == columns.APPLICATION_ID.to_bytes(4, "big")
    return False


def _check_types(connection: read_only.Connection, faults: list[str]) -> None:
    """Checks that every value is of the type that its column should have. SQLite itself takes any."""
    absent = () if connection.has_checksums else columns.LATER
    for table in schema.segment_tables.sorted_tables:
        kept = [each for each in table.columns if each.name not in absent]
        wrong = [f"coalesce(sum(typeof({each.name}) NOT IN ({_types(each)})), 0)" for each in kept]
        counts = connection.execute(f"SELECT {', '.join(wrong)} FROM {table.name}").fetchone()
        for column, count in zip(kept, counts, strict=True):
            if count:
                values = "1 value is" if count == 1 else f"{count:,} values are"
                faults.append(f"{values} of the wrong type in {table.name}.{column.name}")
        for name in salvage.JSON_COLUMNS.keys() & {column.name for column in table.columns}:
            for (text,) in connection.execute(f"SELECT {name} FROM {table.name} WHERE {name} IS NOT NULL"):
                if not salvage.is_json(name, text):
                    faults.append(f"{table.name}.{name} is not the JSON that it should be")
                    break


def _types(column: sa.Column[Any]) -> str:
    """What a column may hold, as SQLite's typeof() says it. NaN is NULL; a whole number is as good as a float."""
    kinds = {"real": ["real", "integer"]}.get(salvage.type_of(column), [salvage.type_of(column)])
    return ", ".join(f"'{kind}'" for kind in [*kinds, *(["null"] if column.nullable else [])])


_COUNTS = f"""
SELECT {", ".join(columns.asked(("tag", "logged")))}, coalesce(
    (SELECT sum(scalars.count) FROM scalars WHERE series = series.id AND level = 0), 0) + coalesce(
    (SELECT sum(sketches.count) FROM sketches WHERE series = series.id AND level = 0), 0) + coalesce(
    (SELECT count(*) FROM media WHERE series = series.id), 0) FROM series
"""


def _check_rows(connection: sqlite3.Connection, faults: list[str]) -> None:
    """Checks the rows that are no points against their checksums, and that the last one written is there."""
    for table, names in columns.WHOLE_ROWS.items():
        bad = sum(not checksums.matches(row) for row in connection.execute(columns.select(table, names)))
        if bad:
            rows = "1 row does not match its checksum" if bad == 1 else f"{bad:,} rows do not match their checksums"
            faults.append(f"damaged: {rows} in {table}")
    for tag, logged, found in connection.execute(_COUNTS):
        if whole.is_cut(found, logged):
            faults.append(f"damaged: {found:,} values of {tag!r}, of which {logged:,} were logged")
    numbered = (f"SELECT max(id) AS id FROM {table}" for table in ("scalars", "sketches", "media", "marks", "receipts"))
    (last,) = connection.execute(f"SELECT coalesce(max(id), 0) FROM ({' UNION ALL '.join(numbered)})").fetchone()
    (written,) = connection.execute("SELECT written FROM state").fetchone()
    if last != written:
        faults.append(f"its last row is number {last:,}, and number {written:,} was written")


def _check_curves(connection: sqlite3.Connection, faults: list[str]) -> int:
    """Checks that each series is whole and that its summaries say what its points do; how many points there are."""
    total = 0
    for number, tag in connection.execute("SELECT id, tag FROM series WHERE kind='scalar'").fetchall():
        expected, own, damaged, unsummed = 0, 0, 0, 0
        for row in _scalar_rows(connection, number, "level=0"):
            if row["n"] != expected:
                faults.append(f"{tag!r}: points {expected:,} to {row['n'] - 1:,} are missing")
            try:
                points = stretch.unpack([[row[name] for name in stretch.UNPACK_COLUMNS]])
            except DamagedBytesError as error:
                damaged += row["count"]
                if "checksum" not in str(error):
                    faults.append(f"{tag!r}: {error}")
            else:
                if row["count"] > 1:
                    faults += _wrong_summary(tag, row, points)
            unsummed += _is_unsummed(row)
            expected = row["n"] + row["count"]
            own += row["count"]
        if damaged:
            faults.append(f"damaged: {damaged:,} points of {tag!r} do not match their checksum")
        total += own
        faults += _check_nodes(connection, number, tag, min(max(expected, 0), own) // STRETCH_POINTS, unsummed)
    (lost,) = connection.execute(_ORPHANS, (HIGHEST,)).fetchone()
    if lost:
        faults.append(f"{lost:,} rows of points belong to no series, or to no level")
    return total


def _scalar_rows(connection: sqlite3.Connection, series: int, which: str) -> Iterator[dict[str, Any]]:
    """Rows of a series by the names of their columns."""
    names = tuple(dict.fromkeys((*stretch.UNPACK_COLUMNS, *SUMMARY_COLUMNS)))
    query = f"{columns.select('scalars', names)} WHERE series=? AND {which} ORDER BY level, n"
    for values in connection.execute(query, (series,)):
        yield dict(zip(names, values, strict=True))


def _wrong_summary(tag: str, row: dict[str, Any], points: stretch.Points) -> list[str]:
    summary = dict(zip(SUMMARY.names or (), summarise(points, 1, row["n"]).tolist()[0], strict=True))
    wrong = [name for name in columns.SUMMARY if _differ(row[name], summary[name])]
    return [f"{tag!r}: the summary of points from {row['n']:,} on is wrong ({', '.join(wrong)})"] if wrong else []


def _is_unsummed(row: dict[str, Any]) -> bool:
    """Whether a summary is not as it was written."""
    found = [[row[name] for name in SUMMARY_COLUMNS]]
    made = summaries_of([each[:-2] for each in found])
    return bool(row["count"] > 1 and wrong_summaries(found, made, [row["series"]], row["level"]))


def _check_nodes(connection: sqlite3.Connection, number: int, tag: str, sealed: int, unsummed: int) -> list[str]:
    """What is wrong with the levels above the points of a series, of which so many stretches are full."""
    faults: list[str] = []
    found: Counter[int] = Counter()
    damaged = 0
    for row in _scalar_rows(connection, number, "level>0"):
        found[row["level"]] += 1
        unsummed += _is_unsummed(row)
        try:
            children([[row[name] for name in stretch.UNPACK_COLUMNS]])
        except DamagedBytesError:
            damaged += 1
    if damaged or unsummed:
        faults.append(f"damaged: {damaged + unsummed:,} summaries of {tag!r} do not match their checksum")
    level = 1
    while sealed // FAN_OUT**level:
        if found.get(level, 0) not in (0, sealed // FAN_OUT**level):
            faults.append(f"{tag!r}: nodes of level {level} are missing")
        level += 1
    return faults


_ORPHANS = "SELECT count(*) FROM scalars WHERE level NOT BETWEEN 0 AND ? OR series NOT IN (SELECT id FROM series)"


def _differ(stored: object, computed: float) -> bool:
    if stored is None:
        return computed == computed
    return stored != computed


def _check_others(connection: sqlite3.Connection, faults: list[str]) -> None:
    for number, form, buckets, total in connection.execute(
        "SELECT id, form, buckets, total - nan_count - posinf_count - neginf_count FROM sketches"
    ):
        given = form == packed_sketch.FORM_GIVEN
        counts = packed_sketch.unpack_given(buckets)[1] if given else packed_sketch.unpack(buckets)[1]
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
        if checksums.hash_of(data) != digest:
            faults.append(f"the content {digest} was changed")


def _is_written(connection: sqlite3.Connection) -> bool:
    """Whether the file's writer may still live."""
    writer = connection.execute("SELECT host, machine, pid, pid_started FROM segment").fetchone()
    state = connection.execute("SELECT heartbeat, status FROM state").fetchone()
    if writer is None or state is None or state[1] != "running":
        return False
    return liveness.is_alive(Writer(*writer), state[0], time.time())


def _examine_ending(path: Path, segment: Segment, is_written: bool, report: Report, repair: bool) -> None:
    """A sound file: what else there is to say of it."""
    for kind, count in segment.lost.items():
        if count:
            report.findings.append(Finding(path, f"its writer could not store {count:,} {kind}s", serious=False))
    if is_written:
        return
    unfolded = Path(f"{path}-wal").exists()
    if segment.said_status == "running":
        what = f"its process ended without a word after {_moment(segment.heartbeat)}: it crashed, or was killed"
        finding = Finding(path, what, serious=False)
        if repair:
            finding.done = _close(path, "crashed", segment.heartbeat)
        report.findings.append(finding)
    elif unfolded:
        finding = Finding(path, "its WAL is still beside it, which a copy must not leave behind", serious=False)
        if repair:
            finding.done = _close(path, None, None)
        report.findings.append(finding)


def _moment(wall_time: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall_time))
    except (ValueError, OverflowError, OSError):  # a time that no calendar has
        return f"{wall_time} s"


def _close(path: Path, status: str | None, ended: float | None) -> str:
    """What the writer would have done at its end."""
    if Path(f"{path}-journal").exists():
        return ""  # a writer of ours ends by itself first
    try:
        with journal.rewritten(path) as copy:
            read_only.connect(copy).close()  # what was copied is what counts, not what was looked at before
            with contextlib.closing(sqlite3.connect(copy, timeout=2.0, isolation_level=None)) as connection:
                connection.execute("PRAGMA trusted_schema=OFF")
                if status is not None:
                    state_row.rewrite(connection, status=status, ended=ended)
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.execute("PRAGMA journal_mode=DELETE")
    except (sqlite3.Error, OSError, StoreError) as error:
        return f"tried to fold it in: {why(error)}"
    return "folded its WAL in" + (f" and noted that it {status}" if status else "")


# --- saving ----------------------------------------------------------------------------------------------


def _saved(path: Path, finding: Finding, repair: bool) -> Finding:
    """Saves every row that can be read into a new file of the same name; the old one is kept."""
    if not repair:
        return finding
    try:
        rows, lost, kept = salvage.save(path)
    except Exception as error:  # noqa: BLE001 as above; SQLite's own words of it may be no text
        finding.what += f"; nothing could be saved ({why(error)})"
        return finding
    saved = ", ".join(f"{count:,} of {table}" for table, count in rows.items() if count)
    missing = ", ".join(f"{count:,} of {table}" for table, count in lost.items() if count)
    finding.done = f"saved {saved or 'no rows'}; " + (f"no good were {missing}; " if missing else "")
    finding.done += f"the damaged file is kept as {kept.name}"
    return finding


# --- what was left half made -----------------------------------------------------------------------------


def _examine_unfinished(folder: Path, report: Report, repair: bool) -> None:
    """Repairs that were stopped when all was saved: until they are ended the damaged file is not to be looked at."""
    for path in salvage.unfinished(folder):
        finding = Finding(path, "a repair of it was stopped before its end")
        if repair:
            try:
                finding.done = f"ended it; the damaged file is kept as {salvage.finish(path).name}"
            except OSError as error:
                finding.what += f", and cannot be ended ({why(error)})"
        report.findings.append(finding)


def _examine_leftovers(folder: Path, has_segments: bool, report: Report, repair: bool) -> None:
    for path in sorted(folder.iterdir()):
        is_unborn = path.name.startswith(".") and (".unborn" in path.name or path.name.endswith(f".{salvage.SAVING}"))
        is_claim = path.name == logdir.CLAIM_FILE
        if not (is_unborn or is_claim) or time.time() - path.stat().st_mtime < logdir.STALE_CLAIM_S:
            continue
        what = "left by a writer that was stopped before it had begun"
        finding = Finding(path, what, serious=False)
        if repair:
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
                finding.done = "removed"
        report.findings.append(finding)
