"""What is said of a run on the page, as it goes to another store: the rows of its `page.sqlite`."""

from __future__ import annotations

from typing import Any, NamedTuple

from tracker.errors import DamagedBytesError

Property = tuple[str, str, float]
Command = tuple[str, float, str, str, "str | None", "str | None"]
Word = tuple[float, "str | None"]
"""The last one on a key: when, and what; None where it was taken away."""

MOST_KEY, MOST_VALUE, MOST_NONCE, MOST_NAME = 500, 200_000, 200, 1_000
"""Characters; as `page_file` and `commands` have them."""


class PageRows(NamedTuple):
    """The rows as they are stored: of a command its number comes first."""

    properties: list[Any]
    commands: list[Any]


class RunPage(NamedTuple):
    """Its rows.

    Attributes:
        properties: What holds now: key, value as JSON, when it was said.
        commands: What was asked, in order: nonce, when, name, value, what was expected, by whom.
    """

    properties: list[Property]
    commands: list[Command]

    def said(self) -> dict[str, Word]:
        """The last word on each key."""
        found: dict[str, Word] = {}
        for _, when, name, value, _, _ in self.commands:
            if not is_order(name) and value == "null" and when >= found.get(name, (when,))[0]:
                found[name] = (when, None)
        for key, value, when in self.properties:
            if key not in found or when >= found[key][0]:
                found[key] = (when, value)
        return found


def is_order(name: str) -> bool:
    """Whether a command is one that the run's own process takes, and no edit of the page."""
    return name.startswith(("control:", "event:"))


def of_json(said: Any) -> RunPage:
    """The rows that JSON values are, which may come from anybody.

    Raises:
        DamagedBytesError: they are none.
    """
    if not isinstance(said, dict) or said.keys() != {"properties", "commands"}:
        raise DamagedBytesError("this is no page of a run")
    properties, commands = said["properties"], said["commands"]
    if not (isinstance(properties, list) and all(map(is_property, properties))):
        raise DamagedBytesError("what it says of the run is not what a page says")
    if not (isinstance(commands, list) and all(map(is_command, commands))):
        raise DamagedBytesError("what it says was asked is not what a page asks")
    return RunPage([tuple(row) for row in properties], [tuple(row) for row in commands])


def is_property(row: Any) -> bool:
    """Whether a list of values is what a page says of a run: key, value, when."""
    if not isinstance(row, list) or len(row) != 3:
        return False
    key, value, when = row
    return _is_text(key, MOST_KEY) and _is_text(value, MOST_VALUE) and _is_time(when)


def is_command(row: Any) -> bool:
    """Whether it is what a page asked: nonce, when, name, value, what was expected, by whom."""
    if not isinstance(row, list) or len(row) != 6:
        return False
    nonce, when, name, value, expected, author = row
    return (
        _is_text(nonce, MOST_NONCE)
        and nonce != ""
        and _is_time(when)
        and _is_text(name, MOST_NAME)
        and _is_text(value, MOST_VALUE)
        and (expected is None or _is_text(expected, MOST_VALUE))
        and (author is None or _is_text(author, MOST_NAME))
    )


def _is_text(value: Any, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e12
