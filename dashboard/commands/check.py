"""`viz check`: what went wrong in some runs, or in all, for people and for scripts."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from dashboard.commands.counting import is_meant, so_many
from dashboard.commands.own_detectors import add_detectors, run_detectors
from dashboard.commands.refusal import UsageError, add_logdir, existing_logdir, mirrored, told

if TYPE_CHECKING:
    from tracker.store.read.left_out import LeftOut
    from tracker.store.read.run import StoredRun

SIGNS = {"error": "✗", "warning": "!", "info": "·"}


def add(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    add_logdir(parser)
    parser.add_argument("runs", nargs="*", metavar="RUN", help="names of runs, or patterns as 'mnist/*' (default: all)")
    parser.add_argument("--json", action="store_true", help="all that was found, as JSON")
    add_detectors(parser)


def act(arguments: argparse.Namespace) -> int:
    """Prints what was found; 1 when there is an error that nobody dismissed, or a run that could not be read whole."""
    from tracker.plain_text import writable_values
    from tracker.store.read.reader import Store

    root = existing_logdir(arguments.logdir)
    run_detectors(arguments.detectors)
    cache, left_out = mirrored(root)
    runs = Store(root, cache).runs()
    number = len({*(run.name for run in runs), *left_out.parts})
    if arguments.runs:
        runs = [run for run in runs if is_meant(run.name, arguments.runs)]
        left_out.keep({name for name in left_out.parts if is_meant(name, arguments.runs)})
        if not runs and not left_out:
            raise UsageError(f"no run is called {' or '.join(arguments.runs)}; {so_many(number, 'run')} in {root}")
    found: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        with left_out.reading(run.name):
            found[run.name] = _findings(run, left_out)
        if not arguments.json:
            _print(run.name, found.get(run.name, []))
    if arguments.json:
        answer = writable_values({"runs": found, "left_out": left_out.parts})
        json.dump(answer, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(_summary(found) + "\n")
    open_errors = any(each["severity"] == "error" and not each["dismissed"] for own in found.values() for each in own)
    return max(told(left_out, number), int(open_errors))


def _findings(run: StoredRun, left_out: LeftOut) -> list[dict[str, Any]]:
    from tracker.store.read.diagnosed import examination
    from tracker.store.read.dismissed import dismissed
    from tracker.store.read.left_out import why

    left_out.look_at(run)
    examined = examination(run)
    for what, error in examined.unread.items():
        left_out.note(run.name, f"{what}: {why(error)}")
    known = dismissed(run.folder)
    return [each | {"dismissed": known.get(each["id"])} for each in examined.as_dicts()]


def _print(name: str, findings: list[dict[str, Any]]) -> None:
    """What was found in one run, but for what was dismissed."""
    from tracker.plain_text import printable

    for each in findings:
        if each["dismissed"]:
            continue
        where = f" in {each['layer']}" if each["layer"] is not None else ""
        since = f" since step {each['step']:,}" if each["step"] is not None else ""
        lines = [f"{SIGNS[each['severity']]} {name}: {each['kind']}{where}{since}", f"    {each['sentence']}"]
        lines += [f"    try: {each['advice']}"] if each["advice"] else []
        sys.stdout.writelines(f"{printable(line)}\n" for line in lines)


def _summary(found: dict[str, list[dict[str, Any]]]) -> str:
    every = [each for own in found.values() for each in own]
    counts = {name: sum(each["severity"] == name and not each["dismissed"] for each in every) for name in SIGNS}
    said = [so_many(count, name) for name, count in counts.items() if count]
    said += [f"{count:,} dismissed" for count in [sum(bool(each["dismissed"]) for each in every)] if count]
    return f"{so_many(len(found), 'run')}: {', '.join(said) or 'nothing found'}"
