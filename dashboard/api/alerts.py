"""The HTTP interface to alerts: rules that are armed, when they fired, and where a rule would have fired.

Who may arm a rule may do so with the page's token alone; a server that is read-only shows them and follows none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.alerts import action as actions
from dashboard.alerts import kept, rule
from dashboard.alerts.action import Desktop, RuleError
from dashboard.alerts.back_test import back_test
from dashboard.alerts.deliver import NO_COMMANDS, Means
from dashboard.alerts.owner_key import is_ours
from dashboard.alerts.reading import found_in, known_findings_of
from dashboard.alerts.rule import Rule
from dashboard.alerts.watcher import Watcher, known_findings
from dashboard.http.changes import done, wish_of
from dashboard.http.request_values import RequestValues
from dashboard.http.requests import answered, json_answer
from dashboard.live.websocket import LiveRuns
from tracker import databases
from tracker.errors import PageChangeError
from tracker.store.read import alert_file
from tracker.store.read.alert_file import DELIVERED, GIVEN_UP, WAITS, Delivery, KeptCrossing, KeptRule, Told

LAST_CROSSINGS = 200
"""In one answer, the newest ones."""

MAX_TESTS = 3
"""Back-tests that wait: who types is answered about what he typed last."""

MAX_ID = 100


def teller(live_runs: LiveRuns) -> Callable[[list[KeptCrossing]], None]:
    """What tells open pages that rules fired."""

    def tell(found: list[KeptCrossing]) -> None:
        for run in {each.run for each in found}:
            live_runs.tell(run, "alerts", "marks")

    return tell


def routes(live_runs: LiveRuns, means: Means, key: Callable[[], bytes], watcher: Watcher | None) -> list[Route]:
    """The routes below /api/v1/alerts.

    Args:
        live_runs: What is known of all runs.
        means: What actions are done with.
        key: The owner's.
        watcher: Who follows the rules; None on a server that is read-only, or of a database.
    """
    api = _Alerts(live_runs, means, key, watcher)
    return [
        Route("/api/v1/alerts", api.alerts),
        Route("/api/v1/alerts", api.arm, methods=["POST"]),
        Route("/api/v1/alerts/test", api.test, methods=["POST"]),
        Route("/api/v1/alerts/pause", api.pause, methods=["POST"]),
        Route("/api/v1/alerts/remove", api.remove, methods=["POST"]),
    ]


class _Alerts:
    def __init__(self, live_runs: LiveRuns, means: Means, key: Callable[[], bytes], watcher: Watcher | None) -> None:
        self._live_runs = live_runs
        self._means = means
        self._key = key
        self._watcher = watcher
        self._testing = asyncio.Lock()
        self._tests = 0

    @property
    def _root(self) -> Any:
        return self._live_runs.poller.catalog.root

    async def _wish(self, request: Request) -> RequestValues:
        if databases.of(self._root) is not None:
            raise HTTPException(403, "Rules are kept in a folder of runs, and this logdir is a database.")
        return await wish_of(request, self._watcher is None)

    async def alerts(self, request: Request) -> Response:
        """All rules, with what became of each, and the newest crossings."""
        return json_answer(await answered(self._told))

    def _told(self) -> dict[str, Any]:
        told = alert_file.told(self._root)
        by_rule: dict[str, list[KeptCrossing]] = {}
        for each in told.crossings:
            by_rule.setdefault(each.rule, []).append(each)
        rows = _by_crossing(told)
        key = self._key() if told.rules else b""
        rules = {each.id: kept.read(each) for each in told.rules}
        return {
            "rules": [
                _told_rule(each, rules[each.id], is_ours(key, each), by_rule.get(each.id, []), rows)
                for each in told.rules
            ],
            "crossings": [_told_crossing(each, rules.get(each.rule)) for each in told.crossings[-LAST_CROSSINGS:]],
            "read_only": self._watcher is None,
            "may_command": self._means.may_command,
        }

    async def arm(self, request: Request) -> Response:
        """{text, title?, runs?, actions?, id?, version?}: arms a rule, or arms one otherwise; all rules.

        id, version: Of the rule that it takes the place of, as it was seen. actions: Without them those it has.
        """
        body = await self._wish(request)
        id, version = body.text("id", MAX_ID), body.whole("version")
        said = {name: body.value(name) for name in rule.FIELDS if body.has(name)}

        def act() -> None:
            before = self._row(id) if id else None
            if before is not None and version != before.version:
                raise PageChangeError("Somebody else has changed this rule meanwhile. Look at it again.")
            if before is not None and "actions" not in said:
                known = kept.read(before)
                said["actions"] = [actions.said_of(each) for each in known.actions] if known is not None else []
            made = _read(before.id if before is not None else rule.new_id(), said)
            if made.runs_commands and not self._means.may_command:
                raise HTTPException(403, f"This cannot be armed here: {NO_COMMANDS}.")
            findings_of = known_findings_of(self._live_runs.poller, found_in)
            known_now = known_findings(made, self._running(), self._means, findings_of)
            kept.arm(self._root, self._key(), made, kept.PAGE, before.version if before else 0, known_now)

        await done(act)
        return await self._changed(request)

    async def pause(self, request: Request) -> Response:
        """{id, paused}: pauses a rule, or lets it go on; all rules."""
        body = await self._wish(request)
        id, paused = body.name("id"), body.flag("paused")
        await done(lambda: kept.pause(self._root, id, paused))
        return await self._changed(request)

    async def remove(self, request: Request) -> Response:
        """{id}: lets a rule go; all rules."""
        body = await self._wish(request)
        id = body.name("id")
        await done(lambda: kept.remove(self._root, id))
        return await self._changed(request)

    async def test(self, request: Request) -> Response:
        """{text, runs?}: where a rule would have fired on every stored run.

        `problem`, with its `place` in the text, where it makes no sense: who types is not done yet.
        """
        body = await wish_of(request, False)
        text, pattern = body.text("text") or "", body.text("runs", rule.MOST_RUNS) or ""
        try:
            made = rule.read("", {"text": text, "runs": pattern})
        except RuleError as error:
            return json_answer({"problem": str(error), "place": error.place})
        if self._tests >= MAX_TESTS:
            raise HTTPException(429, "Other rules are being tried; try again in a moment.")
        self._tests += 1
        try:
            async with self._testing:
                findings_of = known_findings_of(self._live_runs.poller, found_in)
                open_run = self._means.store().run
                found = await answered(lambda: back_test(made.trigger, self._newest(made), open_run, findings_of))
        finally:
            self._tests -= 1
        return json_answer({"problem": None, "place": None, **vars(found)})

    def _newest(self, made: Rule) -> list[str]:
        """The runs that a rule looks at, the newest first."""
        poller = self._live_runs.poller
        with poller.lock:
            runs = poller.catalog.runs.values()
            begun = {run.name: min((each.created for each in run.known()), default=0.0) for run in runs}
        return sorted(filter(made.is_about, begun), key=lambda name: -begun[name])

    def _running(self) -> list[str]:
        poller = self._live_runs.poller
        with poller.lock:
            return poller.catalog.running()

    def _row(self, id: str) -> KeptRule:
        found = next((each for each in alert_file.rules(self._root) if each.id == id), None)
        if found is None:
            raise HTTPException(404, "There is no such rule any more.")
        return found

    async def _changed(self, request: Request) -> Response:
        if self._watcher is not None:
            self._watcher.rules_changed()
        return await self.alerts(request)


def _read(id: str, said: dict[str, Any]) -> Rule:
    try:
        return rule.read(id, said)
    except RuleError as error:
        raise HTTPException(400, str(error)) from error


def _by_crossing(told: Told) -> dict[str, list[Delivery]]:
    found: dict[str, list[Delivery]] = {}
    for each in told.deliveries:
        found.setdefault(each.crossing, []).append(each)
    return found


def _told_rule(
    row: KeptRule, made: Rule | None, ours: bool, fired: list[KeptCrossing], rows: dict[str, list[Delivery]]
) -> dict[str, Any]:
    deliveries = [each for crossing in fired for each in rows.get(crossing.id, [])]
    states = [each.state for each in deliveries]
    waiting = [each for each in deliveries if each.state == WAITS]
    trouble = next((each.trouble for each in reversed(deliveries) if each.state != DELIVERED and each.trouble), None)
    return {
        "id": row.id,
        "version": row.version,
        "text": made.text if made else "",
        "title": made.title if made else "A rule that cannot be read",
        "runs": made.runs if made else "",
        "actions": [actions.told_of(each) for each in made.actions] if made else [],
        "source": row.source,
        "armed": row.armed,
        "paused": bool(row.paused),
        "ours": ours,
        "fired": len(fired),
        "last": _told_crossing(fired[-1], made) if fired else None,
        "delivered": states.count(DELIVERED),
        "waiting": len(waiting),
        "next_try": min((each.next_try for each in waiting), default=None),
        "given_up": states.count(GIVEN_UP),
        "trouble": trouble,
    }


def _told_crossing(crossing: KeptCrossing, made: Rule | None) -> dict[str, Any]:
    return {
        "id": crossing.id,
        "rule": crossing.rule,
        "name": made.name if made else "",
        "run": crossing.run,
        "step": crossing.step,
        "wall_time": crossing.wall_time,
        "level": crossing.level,
        "sentence": crossing.sentence,
        "noted": crossing.noted,
        "desktop": made is not None and any(isinstance(each, Desktop) for each in made.actions),
    }
