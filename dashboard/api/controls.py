"""The HTTP interface to what runs can be asked: their controls, what they were asked, and asking them.

What is asked is a row in the page's own file beside the run, which the training's process finds there and answers in
its own. It checks again when it answers; here the same is checked first, so that who asks hears at once what cannot be.
Token, Host and Origin are checked before anything comes here (`security`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.http import wire
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import answered, body_of, json_answer
from dashboard.live import user_edits
from dashboard.live.offer import Offer
from dashboard.live.websocket import LiveRuns
from tracker.errors import PageChangeError
from tracker.store.read.commands import Command
from tracker.store.read.offered import Offered
from tracker.store.read.reader import Store
from tracker.values.control_definition import RefusedError, is_plain, same, shown

MAX_TOLD_BYTES = 4 << 20
"""Of the controls of one run: thousands of choices of thousands of letters are nobody's."""

MAX_COMMANDS = 1_000
LAST_COMMANDS = 200
"""Of one run in one answer, the newest ones: at most, and where nothing is said of how many."""

MAX_NONCE, MAX_AUTHOR = 200, 100

MAX_VALUE = 10_000
MAX_BRIEF = 300
"""Letters of a value that is a text: of a control, which is to be changed, and of a command, which is to be read."""

EXACT = 1 << 53
"""From here on a browser's numbers are no longer all whole numbers."""

PAGE = "page"
"""Who asks, where nobody says who he is."""


def routes(live_runs: LiveRuns, store: Callable[[], Store], read_only: bool) -> list[Route]:
    """The routes /api/v1/controls and /api/v1/commands.

    Args:
        live_runs: What is known of all runs.
        store: Opens the logdir.
        read_only: Whether nothing can be asked.
    """
    api = _Controls(live_runs, store, read_only)
    return [
        Route("/api/v1/controls", api.controls),
        Route("/api/v1/commands", api.commands),
        Route("/api/v1/commands", api.ask, methods=["POST"]),
    ]


class _Controls:
    def __init__(self, live_runs: LiveRuns, store: Callable[[], Store], read_only: bool) -> None:
        self._live_runs = live_runs
        self._store = store
        self._read_only = read_only

    async def controls(self, request: Request) -> Response:
        """What a run can be asked: its controls as they are now, and what every run has."""
        name = RequestValues.of_query(request).name("run")

        def read() -> dict[str, Any]:
            with self._store().run(name).held() as run:
                offer = Offer.of(run)
                told = _within([_told(each, own=False) for each in offer.declared])
                return {
                    "run": name,
                    "live": not offer.why_not,
                    "why": offer.why_not,
                    "read_only": self._read_only,
                    "controls": told + [_told(each, own=True) for each in offer.own],
                    "more": len(offer.declared) - len(told),
                    "problem": offer.problem,
                }

        return json_answer(await answered(read))

    async def commands(self, request: Request) -> Response:
        """What a run was asked and what it answered, the newest last; `last`: at most so many."""
        asked = RequestValues.of_query(request)
        name, most = asked.name("run"), asked.size("last", LAST_COMMANDS, MAX_COMMANDS)

        def read() -> dict[str, Any]:
            found = self._store().run(name).commands()
            told = [told_command(each) for each in found[-most:]]
            return {"run": name, "commands": told, "earlier": len(found) - len(told)}

        return json_answer(await answered(read))

    async def ask(self, request: Request) -> Response:
        """{run, name, value, expected?, nonce, author?}: asks a run something; the command as it stands.

        expected: what the control is taken to be now; without it whatever it is is replaced. nonce: made by who asks;
        the same once more is the same command, and answered with what became of it.
        """
        if self._read_only:
            raise HTTPException(403, "This server was started with --read-only; runs can be asked nothing.")
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise HTTPException(415, "expected application/json")
        body = await body_of(request)
        name, control = body.name("run"), body.name("name")
        nonce = body.text("nonce", MAX_NONCE)
        if not nonce:
            raise body.wrong("nonce", f"a text of 1 to {MAX_NONCE} characters", nonce or "nothing")
        author = (body.text("author", MAX_AUTHOR) or "").strip() or PAGE
        value, expected = body.value("value"), body.value("expected")

        def add() -> dict[str, Any]:
            try:
                with self._store().run(name).held() as run:
                    offer = Offer.of(run)
                    known = offer.known(nonce)
                    if known is None:
                        wanted = offer.checked(control, value, expected)
                        user_edits.ask(run.folder, nonce, control, wanted, expected, author)
                    elif known.name != control or not same(known.value, value):
                        raise RefusedError("This nonce names another command already; each needs one of its own.")
                    known = known or next((each for each in run.commands() if each.nonce == nonce), None)
                    if known is None:
                        raise PageChangeError("What was asked has gone again: the run's folder was changed meanwhile.")
            except (RefusedError, PageChangeError) as error:
                raise HTTPException(409, str(error)) from error
            self._live_runs.poller.written_to(run.folder)
            return {"command": told_command(known)}

        return json_answer(await answered(add))


def _told(offered: Offered, *, own: bool) -> dict[str, Any]:
    """A control as the page is told of it."""
    definition, value = offered
    said = definition.json()
    return {
        "name": definition.name,
        "type": definition.type,
        "value": told_value(value, MAX_VALUE),
        "low": _told_end(said.get("low")),
        "high": _told_end(said.get("high")),
        "log": definition.log,
        "choices": [told_value(each, MAX_VALUE) for each in definition.choices],
        "confirm": definition.confirm,
        "doc": definition.doc,
        "own": own,
        "cut": len(value) if isinstance(value, str) and len(value) > MAX_VALUE else 0,
    }


def _within(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many of them, from the first on, as are told."""
    size, found = 0, []
    for each in told:
        size += len(wire.encoded(each))
        if size > MAX_TOLD_BYTES:
            break
        found.append(each)
    return found


def told_command(command: Command) -> dict[str, Any]:
    """A command as the page is told of it: long texts as far as anybody reads them, unless that is what holds soon."""
    most = MAX_VALUE if command.outcome == "pending" else MAX_BRIEF
    return {
        "nonce": command.nonce,
        "name": command.name,
        "value": told_value(command.value, most),
        "cut": isinstance(command.value, str) and len(command.value) > most,
        "old": told_value(command.old, MAX_BRIEF),
        "author": command.author,
        "asked": command.wall_time,
        "answered": command.applied,
        "step": command.step,
        "outcome": command.outcome,
        "why": told_value(command.why or "", 2 * MAX_BRIEF),
    }


def _told_end(value: float | int | None) -> float | None:
    """An end of a range as a browser's number; none where it is beyond these."""
    try:
        return None if value is None else float(value)
    except OverflowError:
        return None


def told_value(value: Any, most: int) -> Any:
    """A value in as many letters as are shown; whole numbers that a browser would round are texts of their digits."""
    if isinstance(value, str):
        return value if len(value) <= most else value[: most - 1] + "…"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return str(value) if abs(value) < 10**MAX_BRIEF else "…"
    return value if is_plain(value) else shown(value)
