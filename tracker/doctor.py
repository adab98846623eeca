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
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tracker import databases, logdir
from tracker.errors import DamagedStoreError, NotAStoreError, StoreError, TrackerError
from tracker.pruning.standing import may_live
from tracker.repair import alerts_check, model_check, page_check, recording_check, salvage, segment_check
from tracker.repair.found import Found
from tracker.repair.raw_pages import HEAD_BYTES, MAGIC
from tracker.store import columns, file_system
from tracker.store.read import alert_file, journal, read_only, state_row
from tracker.store.read.left_out import why
from tracker.store.read.run_files import RunFiles
from tracker.store.read.segments import Segment
from tracker.store.write.replica import written_out
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
        root: The logdir, or what stands for a database, which is not repaired.
        repair: Fold in what dead writers left in their WALs, say that their runs crashed, remove what they left
            half made, and save what can be read of damaged files.
    """
    report = Report()
    inside = databases.of(root)
    if inside is not None:
        _examine_database(inside[0], report)
        return report
    if file_system.is_shared(root):
        what = f"{root} is on {file_system.kind_of(root)}: writers use a rollback journal there, which is slower"
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
        if said := page_check.examine(folder / logdir.PAGE_FILE, repair=mends):
            report.findings.append(Finding(folder / logdir.PAGE_FILE, said.what, done=said.done))
        if files:
            _examine_models(folder, report, mends)
            _examine_recordings(folder, report, mends)
        _examine_leftovers(folder, bool(files), report, mends)
    if said := alerts_check.examine(root, repair=repair and _lies_in(alert_file.file_of(root), root)):
        report.findings.append(Finding(alert_file.file_of(root), said.what, done=said.done))
    if repair and any(finding.serious and not _lies_in(finding.path, root) for finding in report.findings):
        what = "what lies behind a link is not repaired from here: viz doctor --repair --logdir with the folder itself"
        report.findings.append(Finding(root, what, serious=False))
    for link in links:
        what = link.problem or ("" if link.runs else f"it leads to {os.path.realpath(link.path)}, where no run lies")
        if what:
            report.findings.append(Finding(link.path, what, serious=False))
    return report


def _examine_database(database: databases.Database, report: Report) -> None:
    """Has each segment written into a file, row by row as it stands there, and looks at that."""
    for run in database.runs():
        report.runs += 1
        for segment in database.segments(run):
            report.segments += 1
            path = logdir.segment_path(database.root / run, segment)
            with tempfile.TemporaryDirectory(prefix="everystep-doctor-") as folder:
                copy = Path(folder) / path.name
                try:
                    written_out(path, copy)
                    with contextlib.closing(read_only.connect(copy)) as connection:
                        found = segment_check.check(connection, copy)
                except (TrackerError, OSError, sqlite3.Error) as error:
                    report.findings.append(Finding(path, why(error)))
                    continue
            report.points += found.points
            if found.faults:
                report.findings.append(Finding(path, "; ".join(list(dict.fromkeys(found.faults))[:5])))


def _folders(root: Path, links: list[Link]) -> Iterator[Path]:
    """Every folder that holds anything of ours, the trash included."""
    everywhere = logdir.walk(root, _is_ours_by_name)
    trash = logdir.walk(root / logdir.TRASH_FOLDER, _is_ours_by_name, follow=False)
    yield from sorted(Path(folder) for folder, names in itertools.chain(everywhere, trash) if names)
    links += everywhere.links


def _is_ours_by_name(name: str) -> bool:
    return logdir.is_segment(name) or name in (logdir.CLAIM_FILE, logdir.PAGE_FILE) or name.endswith(LEFT)


def _lies_in(path: Path, root: Path) -> bool:
    """Whether a path leads to what is in the logdir itself."""
    return is_within(os.path.realpath(path), os.path.realpath(root))


def _is_safe_sqlite(version: tuple[int, ...]) -> bool:
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


# --- one file --------------------------------------------------------------------------------------------


def _examine_segment(path: Path, report: Report, repair: bool) -> None:
    """Looks at one file. Whatever is met in it is said of it; the others are looked at all the same."""
    try:
        connection = read_only.connect(path)
    except (DamagedStoreError, NotAStoreError) as error:
        finding = Finding(path, error.why)
        report.findings.append(_saved(path, finding, repair and _is_ours(path)))
        return
    except (StoreError, OSError, sqlite3.Error) as error:
        report.findings.append(Finding(path, why(error) if path.exists() else "the file has gone"))
        return
    with contextlib.closing(connection):
        found = segment_check.check(connection, path)
    report.points += found.points
    if found.twin:
        report.findings.append(Finding(path, found.twin, serious=False))
    elif found.faults:
        faults = list(dict.fromkeys(found.faults))
        finding = Finding(path, "; ".join(faults[:5]) + ("; …" if len(faults) > 5 else ""))
        if found.is_replica:
            report.findings.append(_saved_replica(path, finding, found.segment, repair))
        else:
            report.findings.append(_saved(path, finding, repair and not found.is_written))
    elif found.segment is not None and found.is_saved:
        what = f"what was saved of a damaged file; {found.segment.writer.host} can send all of it (viz ship)"
        report.findings.append(Finding(path, what, serious=False))
    elif found.segment is not None and found.is_arriving:
        what = f"not all of it has arrived: {found.segment.writer.host} is to send the rest (viz ship)"
        if not found.is_written:  # and no ending is noted, as it would be taken for that of its writer
            report.findings.append(Finding(path, what, serious=False))
    elif found.segment is not None:
        _examine_ending(path, found.segment, found.is_written, report, repair)


def _is_ours(path: Path) -> bool:
    """Whether a file that SQLite cannot open may be a segment that nobody writes: by its head, or rows if it broke."""
    with contextlib.suppress(OSError, NotAStoreError), journal.open_plain(path) as file:
        head = file.read(HEAD_BYTES)
        is_marked = head[68:72] == columns.APPLICATION_ID.to_bytes(4, "big")
        if len(head) == HEAD_BYTES and (is_marked or not head.startswith(MAGIC)):
            return not salvage.may_be_written(path)
    return False


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


def _saved_replica(path: Path, finding: Finding, segment: Segment | None, repair: bool) -> Finding:
    """The same of a file that came from another machine, also while its writer lives there: a server that has it open
    sees that it is another, and has it sent from the beginning."""
    host = "the machine that sent it" if segment is None else segment.writer.host
    if not repair:
        finding.what += f"; it was sent by {host}, which can send it again once this is repaired"
    finding = _saved(path, finding, repair)
    if finding.done:
        finding.done += f"; {host} can send all of it again (viz ship), which then takes the place of what was saved"
    return finding


# --- what was left half made -----------------------------------------------------------------------------


def _examine_models(folder: Path, report: Report, repair: bool) -> None:
    for found in model_check.check(folder):
        if found.is_left and _is_young(found.path):
            continue  # its row may be on its way
        report.findings.append(_mended(found, repair))


def _examine_recordings(folder: Path, report: Report, repair: bool) -> None:
    is_over = not may_live(RunFiles(folder).segments(), time.time())
    for found in recording_check.check(folder):
        if found.is_left and (not is_over or _is_young(found.path)):
            continue  # the recording that refers to it may be on its way, as long as its training goes on
        report.findings.append(_mended(found, repair and is_over))


def _mended(found: Found, repair: bool) -> Finding:
    """What is told of a file beside the segments; what is damaged is kept under another name, where no reader looks."""
    finding = Finding(found.path, found.what, serious=found.is_serious)
    with contextlib.suppress(OSError):
        if repair and found.is_left:
            found.path.unlink()
            finding.done = "removed"
        elif repair and found.is_damaged:
            finding.done = f"set aside as {recording_check.set_aside(found.path).name}"
    return finding


def _is_young(path: Path) -> bool:
    """Whether who makes it may be at it still."""
    try:
        return time.time() - path.stat().st_mtime < logdir.STALE_CLAIM_S
    except OSError:  # it has gone
        return True


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
        if not (is_unborn or is_claim) or _is_young(path):
            continue
        what = "left by a writer that was stopped before it had begun"
        finding = Finding(path, what, serious=False)
        if repair:
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
                finding.done = "removed"
        report.findings.append(finding)
