"""Puts known bugs into a copy of the project, one at a time, and shows that a test catches each.

    python tests/seeded_bugs.py [word of a bug …]

Prints a table; the exit status is the number of bugs that no test caught. `tests/README.md` says more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import node
from project_copy import copied


class Bug(NamedTuple):
    """A change that breaks a promise, and the test that keeps it: of pytest, or a file of Node's (`….test.js`)."""

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
        "tracker/store/write/inbox.py",
        "            return not any(each is record for each in behind)\n",
        "            return True\n",
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
        "tracker/quick_log.py",
        "                    step = _whole(step)\n                record = (number, _now(), step, value)\n",
        "                    _whole(step)\n                record = (number, _now(), step, value)\n",
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
        "            yield series, Points(*map(np.ascontiguousarray, columns))",
        "            yield series, Points(*columns).where(~np.isnan(columns[2]))",
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
        "            del self.pending[: len(taken.blocks)]",
        "            del self.pending[:]",
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
        "    if (this.asked) this.pending = [...this.pending, points];",
        "",
        "tests/browser/test_live.py::test_answers_that_come_late_cost_no_live_point",
    ),
    Bug(
        "a spike is lost where the page merges its columns",
        "dashboard/web/charts/columns.js",
        "const upper = !(columns.max[j] > columns.max[i]) && !Number.isNaN(columns.max[i]) ? i : j;",
        "const upper = !Number.isNaN(columns.max[i]) ? i : j;",
        "tests/web/curve.test.js",
    ),
    Bug(
        "the page passes over a gap in live points",
        "dashboard/web/charts/curve.js",
        "    if (skip < 0) return false;",
        "    if (skip < 0) return true;",
        "tests/web/curve.test.js",
    ),
    Bug(
        "smoothing counts points and not how far they lie apart",
        "dashboard/web/charts/smoothing.js",
        "      const gap = Math.max(0, end[i] - before);",
        "      const gap = unit;",
        "tests/web/smoothing.test.js",
    ),
    Bug(
        "a filled shape that is cut to its chart is not cut at the right",
        "dashboard/web/charts/clip.js",
        "    [0, right, -1],",
        "    [0, Infinity, -1],",
        "tests/web/clip.test.js",
    ),
    Bug(
        "an expression in a search is tried on all texts in a row only",
        "dashboard/web/text/query.js",
        '          [texts]\n            .flat()\n            .concat([texts].flat().join(" "))\n',
        '          [[texts].flat().join(" ")]\n',
        "tests/web/query.test.js",
    ),
    Bug(
        "a column of the wire is read one number too late",
        "dashboard/web/core/wire.js",
        "    offset += 8 * count;",
        "    offset += 8 * (count + 1);",
        "tests/web/wire.test.js",
    ),
    Bug(
        "JSON from outside has what every object has",
        "dashboard/web/core/dictionary.js",
        "    if (!isList) Object.setPrototypeOf(each, base);",
        "",
        "tests/web/dictionary.test.js",
    ),
    Bug(
        "the name of a run is markup",
        "dashboard/web/ui/run_row.js",
        "    this.last.replaceChildren(clipped(last, within(kept, path.length, run.shown.length)));",
        "    this.last.innerHTML = last;",
        "tests/browser/test_hostile.py",
    ),
    Bug(
        "a name that DNS made point here is answered",
        "dashboard/server/security.py",
        "        if self._hosts is not None and name not in self._hosts:",
        "        if False:",
        "tests/dashboard/test_security.py::test_a_foreign_name_in_host_is_refused",
    ),
    Bug(
        "pages of other sites may change what is said of a run",
        "dashboard/server/security.py",
        " and not self._is_ours(origin, headers):",
        " and False:",
        "tests/dashboard/test_security.py::test_pages_of_other_origins_can_send_nothing",
    ),
    Bug(
        "a cookie alone opens every route",
        "dashboard/server/security.py",
        '            if not changes and path is not None and (path in ("", "/", "/api/v1/runs") or path.startswith(BY_COOKIE)):',
        "            if not changes and path is not None:",
        "tests/dashboard/test_sessions.py::test_a_cookie_is_no_token_and_opens_little",
    ),
    Bug(
        "a name leads the trash out of the logdir",
        "dashboard/live/trash.py",
        "        logdir.check_run_name(name)",
        "        pass",
        "tests/dashboard/test_page_changes.py::test_no_name_leads_out_of_the_logdir",
    ),
    Bug(
        "an index that a disk has changed is believed",
        "dashboard/live/catalog_cache.py",
        "    if digest_of_head(start[at:], head) != start[len(MAGIC) : at]:",
        "    if False:",
        "tests/dashboard/test_index.py::test_a_damaged_index_is_not_used",
    ),
    Bug(
        "what an index says of a run is believed though a disk has changed it",
        "dashboard/live/catalog_cache.py",
        "        return entry if digest_of_entry(entry) == wanted else None",
        "        return entry if wanted else None",
        "tests/dashboard/test_index.py::test_an_entry_that_a_disk_has_changed_costs_its_run_and_no_other",
    ),
    Bug(
        "an index is believed though its file has changed",
        "dashboard/live/catalog.py",
        "            is_cached = cached is not None and cached.stamp == stamp",
        "            is_cached = cached is not None",
        "tests/dashboard/test_index.py::test_a_file_that_was_overwritten_is_read_anew",
    ),
    Bug(
        "a window of few points has no neighbour to the right",
        "dashboard/curves/windows.py",
        "        after = math.floor(stop) + 1 if whole else math.nextafter(stop, math.inf)",
        "        after = math.floor(stop) + 2 if whole else math.nextafter(stop, math.inf)",
        "tests/dashboard/test_routes.py::test_a_window_comes_with_a_neighbour_at_each_side",
    ),
    Bug(
        "a tab that falls behind is not told to look again",
        "dashboard/live/tab.py",
        "                self._look_again.add((new.run, new.tag))\n",
        "",
        "tests/dashboard/test_tab_bounds.py::test_a_tab_that_falls_behind_is_told_to_look_again",
    ),
    Bug(
        "a record of an event file is believed whatever its checksum",
        "tracker/foreign/records.py",
        "    wrong = np.flatnonzero(masked != found.words_behind())",
        "    wrong = np.flatnonzero(masked != masked)",
        "tests/tracker/test_event_files.py::test_damage_anywhere_costs_only_what_it_touches",
    ),
    Bug(
        "an import forgets how far it had come",
        "tracker/foreign/intake.py",
        "            if _newness(outcome) >= _newness(self.receipt):",
        "            if _newness(outcome) < _newness(self.receipt):",
        "tests/tracker/test_event_files.py::test_importing_twice_adds_nothing_and_growth_exactly_itself",
    ),
    Bug(
        "steps of several digits in event files are read too large",
        "tracker/foreign/scalar_events.py",
        "np.uint64(7 * place)",
        "np.uint64(8 * place)",
        "tests/tracker/test_event_files.py::test_scalars_read_together_are_those_read_one_by_one",
    ),
    Bug(
        "an event file that was replaced is read on from where the old one ended",
        "tracker/foreign/records.py",
        "            if size < self.offset:",
        "            if False:",
        "tests/tracker/test_event_files.py::test_a_file_that_shrank_is_refused_in_a_sentence",
    ),
    Bug(
        "a decimal comma is one of thousands",
        "tracker/foreign/cells.py",
        "    if comma and _COMMA.fullmatch(text):",
        "    if False:",
        "tests/tracker/test_csv_table.py::test_a_table_is_the_same_in_every_dialect",
    ),
    Bug(
        "a command that is posted twice is two",
        "tracker/store/write/page_file.py",
        "                raise _KnownError  # which leaves the file as it is",
        "                nonce = secrets.token_hex(16)",
        "tests/tracker/test_page_commands.py::test_the_same_nonce_is_the_same_command",
    ),
    Bug(
        "what was asked of a training that died is done by the next one",
        "tracker/controls/page_reader.py",
        "        if self._old_until != Cursor():",
        "        if False:",
        "tests/tracker/test_control_holders.py::test_what_was_asked_before_a_part_began_is_refused",
    ),
    Bug(
        "a forked child does what its parent was asked",
        "tracker/controls/watch.py",
        "        for each in watched:\n            each.leave_to_parent()",
        "        pass",
        "tests/weather/test_killed_controls.py::test_a_forked_child_leaves_commands_to_its_parent",
    ),
    Bug(
        "a page's file that begins anew is read on from where the old one ended",
        "tracker/store/read/commands.py",
        "            after = Cursor()\n",
        "            pass\n",
        "tests/tracker/test_page_commands.py::test_a_file_that_comes_back_is_not_done_again",
    ),
    Bug(
        "a value takes effect although its answer is not in the file",
        "tracker/controls/applier.py",
        "        receipt.done.wait(max(0.0, deadline - time.monotonic()))",
        "        receipt.is_stored = True",
        "tests/weather/test_killed_controls.py::test_on_a_full_disk_nothing_is_changed_unsaid_but_the_training_can_be_stopped",
    ),
]


def main(words: list[str]) -> int:
    """Runs the bugs whose name holds every word; how many were not caught."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder) / "project")
        for bug in BUGS:
            if all(word in bug.name for word in words):
                began = time.monotonic()
                caught = is_caught(bug, tree)
                missed += not caught
                print(f"{'caught' if caught else 'MISSED':7} {time.monotonic() - began:5.1f} s  {bug.name}", flush=True)
    return missed


def is_caught(bug: Bug, tree: Path) -> bool:
    """Whether the test named for a bug fails with it, and passes without."""
    file = tree / bug.file
    text = file.read_text("utf-8")
    if text.count(bug.right) != 1:
        raise SystemExit(
            f"seeded_bugs.py: {bug.file} does not hold once what {bug.name!r} is made of; bring it up to date"
        )
    if bug.test not in _sound:
        if not _passes(bug.test, tree):
            raise SystemExit(f"seeded_bugs.py: {bug.test} fails without any bug")
        _sound.add(bug.test)
    file.write_text(text.replace(bug.right, bug.wrong), "utf-8")
    try:
        return not _passes(bug.test, tree)
    finally:
        file.write_text(text, "utf-8")


_sound: set[str] = set()
"""Tests that passed without a bug; once is enough where several bugs are for one."""


def _passes(test: str, tree: Path) -> bool:
    if test.endswith(".js"):
        found = node.found()
        if found is None:
            raise SystemExit(f"seeded_bugs.py: {test} needs Node; ./tests/run installs it")
        command = [found, "--test", test]
    else:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    # What pytest says of the test that started us is not said of those that it starts.
    environment = {name: value for name, value in environment.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"seeded_bugs.py: {test} could not be run:\n{done.stdout}{done.stderr}")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
