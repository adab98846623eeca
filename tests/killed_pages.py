"""A training, the server and a page in Chromium, all killed at random moments, and what must be true afterwards.

A part of the commands is asked by the page, as `asking_page` tells; the others by a client that asks again, under the
same nonce, what nobody answered. `killed_controls` says what must be true of what the training did.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from asking_page import PAGE, Pages
from killed_controls import NAME, Mortal, check, end_well, train
from served import Served, start_forked

import tracker
from tracker.store.read.commands import Command

TRAINING_S, SERVER_S = 4.0, 6.0
"""How long each lives on average."""

RESTS_S = (0.001, 0.005, 0.02)
"""Between steps of the training: the page and the server have to have the processor as well."""

CLIENT = "client"
"""Who asks without a page."""


@dataclass
class Client:
    """Who asks without a page, until each is known to the server.

    Attributes:
        asked: By nonce what was asked, as far as it was answered.
        refused: How often the server refused for now, as the training was dead.
        unanswered: How often nobody answered, and it was asked again.
    """

    port: int
    chance: random.Random
    is_over: Callable[[], bool]
    asked: dict[str, int | None] = field(default_factory=dict)
    refused: int = 0
    unanswered: int = 0

    def ask_all(self, plan: Sequence[int | None], pace_s: float) -> None:
        """Asks for all of it, a command in so many seconds on average."""
        for place, number in enumerate(plan):
            while not self.is_over() and not self._is_known(f"c{place}", number):
                time.sleep(0.02)
            self.asked[f"c{place}"] = number
            time.sleep(self.chance.choice([0, 0, 1, 3]) * pace_s)

    def _is_known(self, nonce: str, number: int | None) -> bool:
        name = "act" if number is None else "number"
        said = {"run": NAME, "name": name, "value": number, "nonce": nonce, "author": CLIENT}
        try:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
                connection.request("POST", "/api/v1/commands", json.dumps(said), {"content-type": "application/json"})
                answer = connection.getresponse()
                text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.unanswered += 1
            return False
        assert answer.status in (200, 404, 409), (answer.status, text)
        self.refused += answer.status != 200
        return answer.status == 200


class Told(NamedTuple):
    """What was played, and how it ended."""

    outcomes: Counter[str]
    kills: int
    servers: int
    pages: Pages
    client: Client

    def __str__(self) -> str:
        ends = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        wishes = self.pages.wishes
        known = sum(bool(wish.nonce) for wish in wishes)
        refused = sum(bool(wish.said) for wish in wishes)
        return (
            f"{self.kills:,} kills of it, {self.servers:,} of the server and {self.pages.kills:,} of the page; "
            f"{len(self.client.asked):,} commands of a client, {len(wishes):,} by the page, of which it showed {known:,} "
            f"as asked and {refused:,} as not taken, and was killed before it said anything of "
            f"{sum(wish.is_cut_short for wish in wishes):,}: {ends}"
        )


@contextlib.contextmanager
def mortal_server(logdir: Path, port: int) -> Iterator[Callable[[], None]]:
    """A server; gives what kills it and begins another one at the same port."""

    def begun() -> Served:
        return start_forked(logdir, "--no-token", "--port", str(port))

    def ended(served: Served) -> None:
        served.process.kill()
        served.process.wait()
        fault = served.fault()
        served.process.stdout.close()
        assert not fault, fault

    held = [begun()]

    def anew() -> None:
        ended(held.pop())
        held.append(begun())

    try:
        yield anew
    finally:
        while held:
            ended(held.pop())


def play(logdir: Path, commands: int, seed: int, program: str) -> Told:
    """Asks so many things of a training, two in five by a page, while all three die again and again; checks each."""
    chance = random.Random(seed)
    plan = [None if chance.random() < 0.2 else place for place in range(commands)]
    is_by_page = [chance.random() < 0.4 for _ in plan]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    failed = threading.Event()
    pages = Pages(program, f"http://127.0.0.1:{port}", random.Random(seed + 1), failed.is_set)
    client = Client(port, random.Random(seed + 2), failed.is_set)
    kills = servers = 0

    def trained() -> Mortal:
        return Mortal(train, (str(logdir), seed + kills, 600.0, RESTS_S), chance.expovariate(1 / TRAINING_S))

    training = trained()
    try:
        with mortal_server(logdir, port) as new_server, ThreadPoolExecutor(2) as pool:
            asking = [
                pool.submit(pages.ask_all, [each for each, by in zip(plan, is_by_page, strict=True) if by]),
                pool.submit(client.ask_all, [each for each, by in zip(plan, is_by_page, strict=True) if not by], 0.3),
            ]
            server_dies = time.monotonic() + chance.expovariate(1 / SERVER_S)
            try:
                while not all(each.done() for each in asking):
                    time.sleep(0.005)
                    if any(each.done() and each.exception() for each in asking):
                        break
                    if time.monotonic() > server_dies:
                        new_server()
                        servers += 1
                        server_dies = time.monotonic() + chance.expovariate(1 / SERVER_S)
                    if training.must_die():
                        training.killed()
                        kills += 1
                        training = trained()
            finally:
                failed.set()
            for each in asking:
                each.result()
    finally:
        training.killed()
    end_well(logdir, seed)
    found = tracker.open(logdir).run(NAME).commands()
    asked = client.asked | of_pages(pages, found)
    check(asked, found, (logdir / NAME / "noted").read_text().split())
    return Told(Counter(each.outcome for each in found), kills + 1, servers, pages, client)


LAST_WORDS = {
    "applied": {"applied"}, "refused": {"refused"}, "done": {"done"}, "failed": {"failed"},
    "never applied": {"never applied", "refused"},
}  # fmt: skip
"""What a page showed as the end of a command, and as what it may be told ever after."""

UNHEARD = re.compile("Failed to fetch|NetworkError")
"""What a page says where nobody answered: the server died, before it wrote the command or just after."""


def of_pages(pages: Pages, found: list[Command]) -> dict[str, int | None]:
    """Checks what pages asked against what they showed; by nonce the commands that became of it.

    Raises:
        AssertionError: a command was shown as asked, and is not known; or is known by other words than were shown; or
            something is known that nobody wanted, or that the page said it did not take.
    """
    ends = {each.nonce: each.outcome for each in found}
    for nonce, outcomes in pages.shown.items():
        assert nonce in ends, f"shown as asked and lost: {nonce} {outcomes}"
        for outcome in outcomes:
            assert ends[nonce] in LAST_WORDS.get(outcome, ends.values()), f"{nonce}: {outcomes}, and then {ends[nonce]}"
    own = {each.nonce: None if each.name == "act" else each.value for each in found if each.author == PAGE}
    wanted, known = Counter(wish.number for wish in pages.wishes), Counter(own.values())
    assert known <= wanted, f"known and wanted by nobody, or asked twice: {known - wanted}"
    for wish in pages.wishes:
        is_known = wish.number is not None and wish.number in known
        assert not (wish.said and is_known) or UNHEARD.search(wish.said), f"said not to be taken, and was: {wish}"
    return own
