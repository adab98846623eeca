"""A training, the server and a page in Chromium, all killed at random moments, and what must be true afterwards.

A part of the commands is asked by the page, with clicks and keys; the others by a client that asks again, under the same
nonce, what nobody answered. What the page showed of a command is noted outside of it as soon as it does: that is what
the browser's death takes from nobody. `killed_controls` says what must be true of what the training did.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from chromium import FLAGS, WITHOUT_DASH
from fork_server import ForkServer
from killed_controls import NAME, Mortal, check, end_well, train
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import sync_playwright
from served import Served, start_viz

import tracker
from tracker.store.read.commands import Command

PATIENCE_S = 60.0
"""So long somebody at the page waits until it says what became of what he asked, unless it is killed before."""

LOADS_S = 10.0
"""After so long somebody loads a page again that is not there yet."""

TRAINING_S, SERVER_S, PAGE_S = 4.0, 6.0, 3.0
"""How long each lives on average; a page, from when it can be used."""

RESTS_S = (0.001, 0.005, 0.02)
"""Between steps of the training: the page and the server have to have the processor as well."""

CLIENT = "client"
"""Who asks without a page."""

REPORT = """(() => {
  const entries = new Map(), said = new Map();
  const tell = (...words) => window.noted(words);
  const look = () => {
    for (const toast of document.querySelectorAll(".toast")) {
      if (said.get(toast) !== toast.textContent) tell("said", "toast", toast.textContent);
      said.set(toast, toast.textContent);
    }
    for (const row of document.querySelectorAll(".control")) {
      const text = row.dataset.tone === "bad" ? row.querySelector(".control-said").textContent : "";
      if ((said.get(row) ?? "") !== text && text) tell("said", row.getAttribute("aria-label"), text);
      said.set(row, text);
    }
    const commands = window.viz?.page?.()?.[RUN]?.commands?.toReversed() ?? [];
    const lines = document.querySelectorAll(".control-history-list li");
    if (lines.length === commands.length)
      commands.forEach(({ nonce, name, value, author }, i) => {
        const outcome = lines[i].querySelector(".control-outcome").textContent.split(/ \\d| at step|:| · /)[0];
        if (entries.get(nonce) !== outcome) tell("entry", nonce, name, value, author, outcome);
        entries.set(nonce, outcome);
      });
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
})()""".replace("RUN", json.dumps(NAME))
"""Tells whoever listens outside what the page shows: of each command its outcome, and refusals of what it never sent."""

OFFERS = f"Boolean(window.viz?.ready && viz.page()?.[{json.dumps(NAME)}]?.offers)"
NUMBER = "[role=group][aria-label='number'] .is-number"
ACT = ".control.is-action button:has-text('act')"


@dataclass
class Wish:
    """What somebody at the page wanted.

    Attributes:
        number: What to set the control to; None for the action.
        said: What the page said of it where it did not come to be a command.
        nonce: The command that it came to be, as the page showed it.
        is_cut_short: Whether the page died before it said anything.
    """

    number: int | None
    said: str = ""
    nonce: str = ""
    is_cut_short: bool = False

    @property
    def asks(self) -> tuple[str, int | None]:
        """What the command is that it comes to be."""
        return ("act", None) if self.number is None else ("number", self.number)


class Browser:
    """Chromium with a profile of its own, killed as a whole after so many seconds."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.mkdtemp(prefix="everystep-page-")
        words = [program, "--headless", "--remote-debugging-port=0", f"--user-data-dir={self._profile}", *FLAGS]
        self._process = subprocess.Popen(
            [*words, "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._timer: threading.Timer | None = None
        self.is_killed = False
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(r"ws://\S+", line):
                self.address = found.group()
                break
        self._drain = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._drain.start()

    def kill_after(self, seconds: float) -> None:
        """Whatever it is doing then."""
        self._timer = threading.Timer(seconds, self._kill)
        self._timer.start()

    def _kill(self) -> None:
        self.is_killed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> bool:
        """Ends it; whether it had been killed before."""
        was_killed = self.is_killed
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        self._kill()
        self._process.wait()
        self._drain.join()
        if self._process.stderr is not None:
            self._process.stderr.close()
        shutil.rmtree(self._profile, ignore_errors=True)
        return was_killed


@dataclass
class Pages:
    """Who asks by the page: a new one for each that was killed.

    Attributes:
        wishes: What was asked by a click or a key, in order.
        shown: By nonce the outcomes that pages showed of a command, in order.
        kills: How many pages were killed.
    """

    program: str
    address: str
    chance: random.Random
    is_over: Callable[[], bool]
    wishes: list[Wish] = field(default_factory=list)
    shown: dict[str, list[str]] = field(default_factory=dict)
    kills: int = 0

    def ask_all(self, plan: Sequence[int | None]) -> None:
        """Asks for all of it; returns when the page has said of each what becomes of it, or died with it."""
        waiting = deque(plan)
        with sync_playwright() as driver:
            while waiting and not self.is_over():
                browser = Browser(self.program)
                try:
                    self._use(driver, browser, waiting)
                except PlaywrightError:
                    if not browser.is_killed:
                        raise
                finally:
                    self.kills += browser.close()
                if self.wishes and not (self.wishes[-1].said or self.wishes[-1].nonce):
                    self.wishes[-1].is_cut_short = True

    def _use(self, driver: Any, browser: Browser, waiting: deque[int | None]) -> None:
        """One page, until it is killed or nothing is left to ask."""
        lives = self.chance.expovariate(1 / PAGE_S)
        dies_early = self.chance.random() < 0.15
        if dies_early:
            browser.kill_after(lives)
        page = driver.chromium.connect_over_cdp(browser.address).contexts[0].new_page()
        page.expose_function("noted", self._note)
        page.add_init_script(WITHOUT_DASH)
        page.add_init_script(REPORT)
        self._load(page, browser)
        if not dies_early:
            wait(page, lambda: page.evaluate(OFFERS), "the page offers nothing")
            browser.kill_after(lives)
        while waiting and not self.is_over():
            self._ask(page, waiting)

    def _load(self, page: Any, browser: Browser) -> None:
        """Opens the page. Where the server dies before it has sent all of it, somebody would load it again."""
        ends = time.monotonic() + PATIENCE_S
        while not browser.is_killed:
            try:
                page.goto(f"{self.address}/?p=controls")
                wait(page, lambda: page.evaluate("Boolean(window.viz)"), "nothing came", LOADS_S)
                return
            except (PlaywrightError, AssertionError):
                if time.monotonic() > ends:
                    raise
                time.sleep(0.1)

    def _ask(self, page: Any, waiting: deque[int | None]) -> None:
        wait(page, lambda: page.evaluate(OFFERS), "the page offers nothing")
        wish = Wish(waiting[0])
        with contextlib.suppress(PlaywrightTimeoutError):  # what was offered is so no more: the training has died
            if wish.number is not None:
                page.fill(NUMBER, str(wish.number), timeout=1_000)
                waiting.popleft()
                self.wishes.append(wish)
                page.press(NUMBER, "Enter", timeout=1_000)
            else:
                page.hover(ACT, timeout=1_000)
                waiting.popleft()
                self.wishes.append(wish)
                page.click(ACT, timeout=1_000)
            wait(page, lambda: wish.said or wish.nonce, f"the page says nothing of {wish}")
            page.wait_for_timeout(1_000 * self.chance.choice([0, 0, 0.05, 0.3]))
            return
        if self.wishes and self.wishes[-1] is wish and not (wish.said or wish.nonce):
            wish.said = "(the control went before the key was pressed)"

    def _note(self, words: list[Any]) -> None:
        """What a page shows now. Called while it is waited for."""
        wish = self.wishes[-1] if self.wishes else None
        if words[0] == "entry":
            _, nonce, name, value, author, outcome = words
            outcomes = self.shown.setdefault(nonce, [])
            if wish is not None and (name, value) == wish.asks and not (wish.nonce or outcomes or author == CLIENT):
                wish.nonce = nonce
            outcomes.append(outcome)
        elif wish is not None and not (wish.said or wish.nonce):
            _, where, text = words
            is_of_another = re.match(r"(\S+ )?(refused|failed)\b", text)  # its answer, which is in the list as well
            if where in (wish.asks[0], "toast") and not is_of_another:
                wish.said = text


def wait(page: Any, condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> None:
    """Waits, while what the page tells is heard."""
    ends = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > ends:
            raise AssertionError(f"{what}, but: {page.evaluate('document.body.innerText')}")
        page.wait_for_timeout(10)


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
def mortal_server(logdir: Path, forks: ForkServer, port: int) -> Iterator[Callable[[], None]]:
    """A server; gives what kills it and begins another one at the same port."""

    def begun() -> Served:
        return start_viz(logdir, "--no-token", "--port", str(port), begin=forks.start)

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
    forks = ForkServer()
    try:
        with mortal_server(logdir, forks, port) as new_server, ThreadPoolExecutor(2) as pool:
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
        forks.close()
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
    own = {each.nonce: None if each.name == "act" else each.value for each in found if each.author != CLIENT}
    wanted, known = Counter(wish.number for wish in pages.wishes), Counter(own.values())
    assert known <= wanted, f"known and wanted by nobody, or asked twice: {known - wanted}"
    for wish in pages.wishes:
        is_known = wish.number is not None and wish.number in known
        assert not (wish.said and is_known) or UNHEARD.search(wish.said), f"said not to be taken, and was: {wish}"
    return own
