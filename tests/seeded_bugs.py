"""Puts known bugs into a copy of the project, one at a time, and shows that a test catches each.

    python tests/seeded_bugs.py [word of a bug …]

Prints a table; the exit status is the number of bugs that no test caught. `tests/README.md` says more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Bug(NamedTuple):
    """A change that breaks a promise, and the test that keeps it."""

    name: str
    file: str
    right: str
    wrong: str
    test: str


BUGS = [
    Bug(
        "flush() answers before the commit",
        "tracker/store/write/committer.py",
        "        self.committing_since = time.monotonic()\n        try:",
        "        self.committing_since = time.monotonic()\n        with self.done:\n"
        "            self.answered = asked\n            self.done.notify_all()\n        try:",
        "tests/weather/test_killed_writer.py::test_killed_twenty_times_nothing_acknowledged_is_lost",
    ),
    Bug(
        "a forked child writes on in its parent's file",
        "tracker/process.py",
        "    for recording in list(_recordings):\n        recording.leave_to_parent()\n    _recordings.clear()",
        "    pass",
        "tests/weather/test_fork.py::test_os_fork_in_every_state_of_the_writer",
    ),
    Bug(
        "a run that nobody holds any more is not ended with the process",
        "tracker/process.py",
        "    remaining = [each for each in list(_recordings) if not each.writer.closed]",
        "    remaining = [each for each in list(_recordings) if not each.writer.closed and each.handle is not None]",
        "tests/weather/test_endings.py::test_what_was_logged_is_stored_whatever_becomes_of_the_run",
    ),
    Bug(
        "a point falls between two segments when its run is finished",
        "tracker/store/write/lane.py",
        "            self._held = memoryview(self.buffer)\n            self.waiting = bytearray(self.buffer)\n",
        "            self.waiting = bytearray(self.buffer)\n",
        "tests/weather/test_endings.py::test_a_call_in_the_middle_of_adding_meets_the_seal",
    ),
    Bug(
        "a stretch is sealed outside the transaction",
        "tracker/store/write/transaction.py",
        "            self._driver.execute(_DROP_TAIL, (series, extent.sealed))\n",
        "            self._driver.execute(_DROP_TAIL, (series, extent.sealed))\n"
        '            self._driver.execute("COMMIT")\n            self._driver.execute("BEGIN")\n',
        "tests/weather/test_killed_writer.py::test_killed_inside_a_system_call_nothing_acknowledged_is_lost",
    ),
    Bug(
        "one bad thing takes its batch along",
        "tracker/store/write/committer.py",
        "            elif not self._piecemeal:\n",
        "            elif False:\n",
        "tests/tracker/test_batches.py::test_what_cannot_be_stored_takes_nothing_along",
    ),
    Bug(
        "a step is kept as the object that was given",
        "tracker/run.py",
        "                    inbox.given = record = lane.pack(inbox.order(), _now(), step, value)\n",
        "                    record = lane.pack(inbox.order(), _now(), step, value)\n"
        "                    inbox.last_step = step\n",
        "tests/tracker/test_door.py::test_a_step_that_changes_afterwards_stays_what_it_was",
    ),
    Bug(
        "half a character enters as it is",
        "tracker/coerce.py",
        '        return found.encode("utf-8", "backslashreplace").decode()\n',
        "        return found\n",
        "tests/tracker/test_door.py::test_half_a_character_in_every_text_of_a_run",
    ),
    Bug(
        "NaN is dropped on its way to the store",
        "tracker/store/write/lane.py",
        "            yield series, Points(*(np.ascontiguousarray(column) for column in (step, wall_time, value)))",
        "            kept = ~np.isnan(value)\n"
        "            yield series, Points(*(np.ascontiguousarray(column[kept]) for column in (step, wall_time, value)))",
        "tests/tracker/test_log.py::test_any_kind_of_number_is_kept_exactly",
    ),
    Bug(
        "a commit that reported an error is made again although it happened",
        "tracker/store/write/committer.py",
        "            if attempt is None or not appender.was_committed(attempt):\n                raise",
        "            raise",
        "tests/weather/test_disk.py::test_a_commit_that_happened_and_reported_an_error_is_not_made_again",
    ),
    Bug(
        "what was logged during a commit is thrown away with what it stored",
        "tracker/store/write/inbox.py",
        "                    del lane.waiting[: len(records) * lane.size]",
        "                    del lane.waiting[:]",
        "tests/tracker/test_log.py::test_points_logged_while_others_are_stored_are_kept",
    ),
    Bug(
        "a node above the stretches forgets a spike",
        "tracker/series/summary.py",
        '        highest = with_finite[parts["max"][with_finite].argmax()]',
        "        highest = with_finite[0]",
        "tests/tracker/test_stretch.py::test_merging_summaries_is_summarising_the_points_together",
    ),
    Bug(
        "a column at the edge of the window shows points from beyond it",
        "tracker/series/envelope.py",
        "(outside | (straddles & ~gives_way) | ~ordered)",
        "((straddles & ~gives_way) | ~ordered)",
        "tests/tracker/test_envelope.py::test_extremes_of_columns_are_extremes_of_points",
    ),
    Bug(
        "a rewind cuts off the checkpoint's own step",
        "tracker/store/read/run.py",
        "                    keep = points.step <= part.limit",
        "                    keep = points.step < part.limit",
        "tests/tracker/test_runs.py::test_a_rewind_leaves_one_clean_line_and_loses_nothing",
    ),
    Bug(
        "the page is told a point twice after it was folded",
        "dashboard/live/segment_state.py",
        "            new = found[-1][2] + found[-1][3] - self.series[number].count",
        "            new = sum(row[3] for row in found)",
        "tests/dashboard/test_library.py::test_every_point_is_told_once",
    ),
    Bug(
        "merging sketches takes the smallest of the first only",
        "tracker/series/sketch.py",
        "            float(np.fmin.reduce([part.min for part in parts])),",
        "            parts[0].min,",
        "tests/tracker/test_sketch.py",
    ),
    Bug(
        "a node of histograms is counted beside its children",
        "tracker/store/read/sketch_levels.py",
        "                covered = new[-1].n + new[-1].count\n",
        "",
        "tests/tracker/test_sketch_levels.py::test_columns_of_histograms_are_exact_whatever_is_asked",
    ),
    Bug(
        "a large batch of histograms makes a slow disk look dead",
        "tracker/store/write/inbox.py",
        "            if heavies and heavy_bytes + heavy.n_bytes > TAKE_HEAVY_BYTES:",
        "            if False:",
        "tests/weather/test_disk.py::test_one_commit_takes_a_bounded_part_of_a_burst",
    ),
    Bug(
        "a live point that overtakes an answer is forgotten by the page",
        "dashboard/web/charts/curve.js",
        "    if (this.asked) this.pending.push(points);",
        "",
        "tests/browser/test_live.py::test_answers_that_come_late_cost_no_live_point",
    ),
]


def main(words: list[str]) -> int:
    """Runs the bugs whose name holds every word; how many were not caught."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "project"
        ignored = shutil.ignore_patterns(".git", ".venv", "runs", "build", "*.egg-info", "__pycache__", ".*_cache")
        shutil.copytree(ROOT, tree, ignore=ignored)
        for bug in BUGS:
            if all(word in bug.name for word in words):
                began = time.monotonic()
                caught = _is_caught(bug, tree)
                missed += not caught
                print(f"{'caught' if caught else 'MISSED':7} {time.monotonic() - began:5.1f} s  {bug.name}", flush=True)
    return missed


def _is_caught(bug: Bug, tree: Path) -> bool:
    file = tree / bug.file
    text = file.read_text("utf-8")
    if text.count(bug.right) != 1:
        raise SystemExit(
            f"seeded_bugs.py: {bug.file} does not hold once what {bug.name!r} is made of; bring it up to date"
        )
    if _passes(bug.test, tree) is False:
        raise SystemExit(f"seeded_bugs.py: {bug.test} fails without any bug")
    file.write_text(text.replace(bug.right, bug.wrong), "utf-8")
    try:
        return not _passes(bug.test, tree)
    finally:
        file.write_text(text, "utf-8")


def _passes(test: str, tree: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"seeded_bugs.py: {test} could not be run:\n{done.stdout}{done.stderr}")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
