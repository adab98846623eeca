"""Doing what a rule does: one attempt at one action for one crossing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from dashboard.alerts import message_body, webhook
from dashboard.alerts.action import Action, Command, Desktop, Marked, Steer, Webhook
from dashboard.alerts.rule import Rule
from dashboard.alerts.webhook import Outcome
from dashboard.live import user_edits
from tracker.errors import PageChangeError, RunNotFoundError
from tracker.store.read.alert_file import DELIVERED, WAITS, KeptCrossing
from tracker.store.read.reader import Store

COMMAND_S = 60.0
"""So long a command may take."""

NOTICE_S = 5.0

NO_COMMANDS = "commands are run by a server that was started with --allow-commands"


@dataclass(frozen=True)
class Means:
    """What actions are done with."""

    store: Callable[[], Store]
    may_command: bool = False
    """Whether programs are started."""


def begins_as(action: Action) -> int:
    """How an action stands when its rule fires: a mark is there by that alone."""
    return DELIVERED if isinstance(action, Marked) else WAITS


def place_of(action: Action) -> str:
    """Whom an action needs: when he is away others who need him need not try."""
    return urlsplit(action.url).netloc if isinstance(action, Webhook) else type(action).__name__


def attempt(
    action: Action, number: int, rule: Rule, crossing: KeptCrossing, means: Means, acknowledged: Callable[[], None]
) -> Outcome:
    """Tries an action once; `acknowledged` is called as soon as it was done."""
    if isinstance(action, Webhook):
        body = message_body.body(action.form, rule, crossing, number)
        return webhook.send(action.url, body, message_body.delivery_of(crossing, number), acknowledged)
    if isinstance(action, Command):
        outcome = _run(action, number, rule, crossing) if means.may_command else Outcome(NO_COMMANDS, is_down=True)
    elif isinstance(action, Steer):
        outcome = _ask(action, number, rule, crossing, means)
    else:
        outcome = _notify(rule, crossing) if isinstance(action, Desktop) else Outcome()
    if not outcome.trouble:
        acknowledged()
    return outcome


def _run(action: Command, number: int, rule: Rule, crossing: KeptCrossing) -> Outcome:
    facts = message_body.facts(rule, crossing, number)
    told = {
        "VIZ_RUN": crossing.run,
        "VIZ_STEP": str(crossing.step),
        "VIZ_CROSSING": crossing.id,
        "VIZ_DELIVERY": facts["delivery"],
        "VIZ_SENTENCE": facts["sentence"],
    }
    environment = os.environ | {name: value.replace("\0", "") for name, value in told.items()}
    try:
        done = subprocess.run(  # noqa: S603 words of the server's owner, without a shell
            action.words, input=json.dumps(facts).encode(), env=environment, timeout=COMMAND_S, check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return Outcome(f"{action.words[0]}: {error}"[:300])
    return Outcome(f"{action.words[0]} ended with {done.returncode}"[:300] if done.returncode else "")


def _ask(action: Steer, number: int, rule: Rule, crossing: KeptCrossing, means: Means) -> Outcome:
    try:
        run = means.store().run(crossing.run)
        if run.status == "running":  # what is over is asked nothing, and needs nothing
            nonce = f"alert-{crossing.id}-{number}"
            user_edits.ask(run.folder, nonce, action.name, action.value, None, f"alert: {rule.name}"[:100])
    except RunNotFoundError:
        return Outcome()
    except PageChangeError as error:
        return Outcome(str(error).partition("\n")[0][:300])
    return Outcome()


def _notify(rule: Rule, crossing: KeptCrossing) -> Outcome:
    """On the desktop of the server, where it has one; open pages do so by themselves."""
    program = shutil.which("notify-send")
    if program and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        urgency = "critical" if crossing.level == "error" else "normal"
        words = [
            program,
            "--app-name=everystep",
            f"--urgency={urgency}",
            "--",
            rule.name,
            message_body.sentence(rule, crossing),
        ]
        try:
            subprocess.run(words, timeout=NOTICE_S, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        except (OSError, ValueError, subprocess.SubprocessError):  # a desktop that does not answer: pages tell it
            return Outcome()
    return Outcome()
