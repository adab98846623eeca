"""`viz watch`: follows rules without a browser: a line for each time that one fires, and what it is to do."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.commands.refusal import CommandError, UsageError, add_logdir, existing_logdir

if TYPE_CHECKING:
    from dashboard.alerts.watcher import Watcher
    from dashboard.live.changes import Changes
    from tracker.store.read.alert_file import KeptCrossing


def add(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_logdir(parser)
    parser.add_argument(
        "--rules", default=None, metavar="FILE", help="rules in TOML or JSON, beside those that were armed on the page"
    )
    parser.add_argument(
        "--allow-commands", action="store_true", help="rules that were armed on the page may start programs too"
    )


def act(arguments: argparse.Namespace) -> int:
    """Watches until Ctrl-C or SIGTERM, both of which end it with 0."""
    from dashboard.alerts import kept, rules_file
    from dashboard.alerts.action import RuleError
    from dashboard.alerts.deliver import Means
    from dashboard.alerts.owner_key import key_of_user
    from dashboard.alerts.reading import known_findings_of
    from dashboard.alerts.watcher import Watcher
    from dashboard.live.examiner import Examiner
    from dashboard.live.poller import Poller
    from dashboard.live.tfevents_mirror import MirrorProcess, prepare
    from tracker.errors import PageChangeError, StoreError
    from tracker.store.read.reader import Store

    root = existing_logdir(arguments.logdir)
    mirror = prepare(root)
    key = cache(key_of_user)
    watchers: list[Watcher] = []

    def heard(changes: Changes) -> None:
        examiner.note(changes)
        for each in watchers:
            each.heard(changes)

    def store() -> Store:
        return Store(root, mirror)

    poller = Poller(root, heard, mirror)
    examiner = Examiner(poller, store)
    sources = {kept.PAGE: arguments.allow_commands}
    if arguments.rules is not None:
        file = Path(arguments.rules)
        try:
            rules_file.arm(root, key(), file, rules_file.rules_in(file))
        except RuleError as error:
            raise UsageError(str(error)) from error
        except (OSError, PageChangeError, StoreError) as error:
            raise CommandError(str(error)) from error
        sources[rules_file.source_of(file)] = True

    watchers += [
        Watcher(root, poller, key, Means(store, allowed), source, known_findings_of(poller), _print)
        for source, allowed in sources.items()
    ]
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    mirroring = MirrorProcess(root, mirror) if mirror is not None else None
    if mirroring is not None:
        mirroring.start()
    poller.start()
    examiner.start()
    for each in watchers:
        each.start()
    print(f"watching {root}", flush=True)  # noqa: T201 so that who waits for it knows
    while not stopped.wait(3600.0):
        pass
    for each in watchers:
        each.stop()
    examiner.stop()
    poller.stop()
    if mirroring is not None:
        mirroring.stop()
    return 0


def _print(found: list[KeptCrossing]) -> None:
    from dashboard.commands.table import printable

    for each in found:
        at = "" if each.step is None else f" step {each.step}"
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(each.wall_time))
        print(printable(f"{clock} {each.level} {each.run}{at}: {each.sentence}"), flush=True)  # noqa: T201 the line that is promised
