"""Actions: what a rule does when it fires. Only what somebody wrote into it: nothing is sent otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from tracker.errors import message
from tracker.values.control_definition import is_plain

MOST_URL = 2_000
MOST_WORDS, MOST_WORD = 50, 2_000
MOST_NAME = 200

FORMS = ("json", "slack", "discord")
"""What a webhook is sent; see `message_body`."""

OF_HOSTS = {"hooks.slack.com": "slack", "discord.com": "discord", "discordapp.com": "discord"}
"""Whose form is known by their address."""


class RuleError(ValueError):
    """A rule that cannot be armed; the message says what of it.

    Args:
        sentence: The message.
        place: The character of the rule's text at which it stops making sense, if it is that.
    """

    def __init__(self, sentence: str, place: int | None = None) -> None:
        super().__init__(sentence)
        self.place = place


@dataclass(frozen=True)
class Webhook:
    """A POST to an address."""

    url: str
    form: str


@dataclass(frozen=True)
class Command:
    """A program, started without a shell; what happened is its standard input, JSON."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Desktop:
    """A notification of the system: by open pages, and by the server where it has a desktop."""


@dataclass(frozen=True)
class Marked:
    """A mark on the charts of the run."""


@dataclass(frozen=True)
class Steer:
    """Something asked of the run: a control of it and a value, or an action."""

    name: str
    value: Any


Action = Webhook | Command | Desktop | Marked | Steer


def read(said: Any) -> Action:
    """One action of a rule, from JSON.

    Raises:
        RuleError: it cannot be one.
    """
    kind = said.get("kind") if isinstance(said, Mapping) else None
    if kind == "webhook":
        return _webhook(said)
    if kind == "command":
        return _command(said.get("words"))
    if kind == "desktop":
        return Desktop()
    if kind == "mark":
        return Marked()
    if kind == "control":
        return _steer(said)
    raise RuleError(message("This is no action.", expected="a kind: webhook, command, desktop, mark or control"))


def said_of(action: Action) -> dict[str, Any]:
    """The same as JSON."""
    if isinstance(action, Webhook):
        return {"kind": "webhook", "url": action.url, "form": action.form}
    if isinstance(action, Command):
        return {"kind": "command", "words": list(action.words)}
    if isinstance(action, Steer):
        return {"kind": "control", "name": action.name, "value": action.value, "leave": True}
    return {"kind": "desktop" if isinstance(action, Desktop) else "mark"}


def told_of(action: Action) -> dict[str, Any]:
    """The same as it is shown: an address of a webhook is a secret, of which its host and its end are told."""
    if isinstance(action, Webhook):
        parts = urlsplit(action.url)
        end = action.url[-4:] if len(parts.path) > 12 else ""
        return {"kind": "webhook", "url": f"{parts.scheme}://{parts.netloc}/…{end}", "form": action.form}
    return said_of(action)


def _webhook(said: Mapping[str, Any]) -> Webhook:
    url, form = said.get("url"), said.get("form")
    parts = address(url)
    if form is None:
        form = OF_HOSTS.get(parts.hostname or "", "json")
    if form not in FORMS:
        raise RuleError(message("A webhook is sent one of three forms.", expected=" | ".join(FORMS)))
    return Webhook(str(url), form)


def address(url: Any) -> SplitResult:
    """The parts of a webhook's address.

    Raises:
        RuleError: it is none that is sent to.
    """
    expected = "http:// or https:// and the name of a machine"
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url or len(url) > MOST_URL:
        raise RuleError(message("This is no address of a webhook.", expected=expected))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RuleError(message(f"This is no address of a webhook: {error}.", expected=expected)) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise RuleError(message("This is no address of a webhook.", expected=expected, got=f"{url[:60]}"))
    if parts.username is not None or parts.password is not None:
        raise RuleError(message("An address with a password in it would be told in logs.", hint="Leave it out."))
    return parts


def _command(words: Any) -> Command:
    is_one = isinstance(words, list) and 1 <= len(words) <= MOST_WORDS
    if not is_one or not all(isinstance(each, str) and len(each) <= MOST_WORD and "\0" not in each for each in words):
        raise RuleError(message("A command is a list of words, the program first.", expected='["notify", "--now"]'))
    if not words[0].strip():
        raise RuleError(message("A command begins with a program."))
    return Command(tuple(words))


def _steer(said: Mapping[str, Any]) -> Steer:
    name, value = said.get("name"), said.get("value")
    if said.get("leave") is not True:
        raise RuleError(message("A rule may steer a run only with leave.", expected='"leave": true'))
    if not isinstance(name, str) or not 1 <= len(name) <= MOST_NAME:
        raise RuleError(message("A rule that steers names a control.", expected="such as stop, paused, lr"))
    if not (value is None or is_plain(value)) or (isinstance(value, str) and len(value) > MOST_WORD):
        raise RuleError(message(f"{name} cannot be set to this.", expected="a number, a text, true or false"))
    return Steer(name, value)
