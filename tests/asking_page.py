"""A page in Chromium that asks a training for things with clicks and keys, and that is killed at random moments.

What the page shows of a command is noted outside of it as soon as it does: that is what the browser's death takes from
nobody.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from chromium import FLAGS, WITHOUT_DASH
from killed_controls import NAME
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import sync_playwright

PATIENCE_S = 60.0
"""So long somebody at the page waits until it says what became of what he asked, unless it is killed before."""

LOADS_S = 10.0
"""After so long somebody loads a page again that is not there yet."""

PAGE_S = 3.0
"""How long a page lives on average, from when it can be used."""

PAGE = "page"
"""Who asks, of a command of somebody at the page who does not say who he is."""

REPORT = """(() => {
  const entries = new Map(), said = new Map();
  const look = () => {
    const told = [];
    const tell = (...words) => told.push(words);
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
    if (told.length) window.noted(told);  // in one: of a page that was just opened they are hundreds
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
        page.expose_function("noted", self._note_all)
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

    def _note_all(self, told: list[list[Any]]) -> None:
        """What a page shows now. Called while it is waited for."""
        for words in told:
            self._note(words)

    def _note(self, words: list[Any]) -> None:
        wish = self.wishes[-1] if self.wishes else None
        if words[0] == "entry":
            _, nonce, name, value, author, outcome = words
            outcomes = self.shown.setdefault(nonce, [])
            if wish is not None and (name, value) == wish.asks and not (wish.nonce or outcomes or author != PAGE):
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
