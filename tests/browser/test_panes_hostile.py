"""Five hundred hostile panes in a real browser: nothing of them runs, and nothing leaves the page."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_panes import ACTS, Trap, attacks, sure

import tracker

AT_ONCE = 40
"""Panes of one environment."""


@pytest.fixture
def trap() -> Iterator[Trap]:
    """A server that no page may ask; the browser finds it by a name that is not ours."""
    made = Trap("training.example")
    yield made
    made.close()


class Watched:
    """A page, and all that would be seen if something ran in it."""

    def __init__(self, chromium: Any) -> None:
        self.context = chromium.new_context(viewport={"width": 1440, "height": 2400})
        self.page = self.context.new_page()
        self.signs: list[str] = []
        self.page.on("dialog", self._dialog)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.signs.append(f"an error: {error}"))
        self.page.on("popup", lambda other: self.signs.append(f"a window: {other.url}"))
        self.page.on("download", lambda download: self.signs.append(f"a download: {download.url}"))
        self.requests: list[Any] = []
        self.context.on("request", lambda request: self.requests.append(request))

    def _dialog(self, dialog: Any) -> None:
        self.signs.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, said: Any) -> None:
        # That a frame was kept from something is the browser's word, and the point of it; the page itself is to be quiet.
        # Of a frame within a frame Chromium names the outermost page; but the page's own policy does set frame-src.
        is_inner = "'frame-src' was not explicitly set" in said.text
        is_page = "/api/v1/pane/html" not in str(said.location.get("url")) and not is_inner
        if said.text == "STRUCK":
            self.signs.append(f"a line: {said.text}")
        elif (
            is_page
            and said.type in ("error", "warning")
            and not any(word in said.text for word in ("sandboxed", "GPU", "Unsafe attempt to load URL"))
        ):
            self.signs.append(f"the page says: {said.text} ({said.location.get('url')})")

    def check(self, trap: Trap, about: object = "") -> None:
        """That nothing was seen so far."""
        # Of frames within frames Chromium keeps some that never load, in which a question would wait for ever.
        if self.page.evaluate("typeof struck !== 'undefined'"):
            self.signs.append("a global")
        ours = ("data:", "blob:", "about:", "javascript:", self.page.url.partition("?")[0])
        for request in self.requests:
            # What the policy refuses is told of as a request as well, though it is none.
            if not request.url.startswith(ours) and request.failure not in ("csp", "origin"):
                self.signs.append(f"a request: {request.url} ({request.failure})")
        self.requests.clear()
        assert not self.signs, (about, self.signs[:5])
        assert not trap.hits, (about, trap.hits[:5])


def show_all(
    watched: Watched,
    base: str,
    runs: list[str],
    trap: Trap,
    until: Callable[..., Any],
) -> None:
    """Looks at all panes of each environment, at large and by the pointer, and at their menus."""
    page = watched.page
    page.faults = watched.signs
    for run in runs:
        page.goto(f"{base}/?p=panes&env={run}")
        until(page, "window.viz?.ready && viz.page()?.length > 0", 60)
        count, height = page.evaluate("[viz.page().length, document.getElementById('view').scrollHeight]")
        for top in range(0, height, 1800):
            page.evaluate("(top) => { document.getElementById('view').scrollTop = top }", top)
            page.wait_for_timeout(120)  # the browser says what is in sight once it has painted
            until(page, "viz.ready", 60)
        page.evaluate("document.getElementById('view').scrollTop = 0")
        until(page, "viz.page().every(({ n }) => n !== null)")  # each was looked at
        for title in page.locator(".pane-head h3").all()[:: max(1, count // 5)]:
            title.hover(force=True)
        page.locator(".pane [aria-label=Menu]").first.click(force=True)
        page.keyboard.press("Escape")
        assert page.evaluate("document.querySelectorAll('.pane script, .pane object, .pane embed, base, .pane iframe:not([sandbox])').length") == 0  # fmt: skip
        watched.check(trap, run)


def log_attacks(logdir: Path, trap: Trap, stride: int) -> list[str]:
    """Runs of hostile panes, of every stride-th attack; their names."""
    names: list[str] = []
    chosen = itertools.chain(sure(trap.address), itertools.islice(attacks(trap.address), 0, None, stride))
    for chunk in iter(lambda: list(itertools.islice(chosen, AT_ONCE)), []):
        name = f"hostile_{len(names)}"
        with tracker.init(logdir=logdir, name=name, machine=False) as run:
            for number, (show, text) in enumerate(chunk):
                show(run, f"p{number}", text)
        names.append(name)
    return names


def test_hostile_panes_do_nothing(
    logdir: Path, serve: Callable[..., Any], chromium: Any, until: Callable[..., Any], trap: Trap
) -> None:
    """Of all that the next test shows every thirteenth."""
    names = log_attacks(logdir, trap, 13)
    watched = Watched(chromium)
    show_all(watched, serve(logdir, "--no-token").base, names, trap, until)
    watched.context.close()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_five_hundred_hostile_panes_do_nothing(
    logdir: Path, serve: Callable[..., Any], chromium: Any, until: Callable[..., Any], trap: Trap, figure: Any
) -> None:
    """HTML, drawings, figures, names, options, sheets: no script, no dialog, no line of theirs, no request."""
    total = sum(1 for _ in attacks(trap.address))
    assert total >= 500
    names = log_attacks(logdir, trap, 1)
    watched = Watched(chromium)
    show_all(watched, serve(logdir, "--no-token").base, names, trap, until)
    watched.context.close()
    figure(f"{total} hostile panes: 0 ran")


@pytest.mark.parametrize("act", ACTS)
def test_what_runs_is_noticed(chromium: Any, serve: Callable[..., Any], logdir: Path, trap: Trap, act: str) -> None:
    """Else nothing would be shown by the silence of the others: the same acts on a page that lets them."""
    watched = Watched(chromium)
    watched.page.set_content(f'<img src=x: onerror="{act.format(trap=trap.address)}">')
    for _ in range(200):
        watched.page.wait_for_timeout(20)
        if watched.signs or trap.hits or watched.page.evaluate("window.struck"):
            break
    with pytest.raises(AssertionError):
        watched.check(trap)
    watched.context.close()
