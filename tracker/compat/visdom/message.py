"""What a message may say: each thing that is taken out of one is what it should be, or is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker import coerce
from tracker.errors import TrackerError

DEFAULT_ENVIRONMENT = "main"

MAX_WINDOW = 250
"""Characters of a window's name: it is that of a pane."""

MAX_TRACES = 1_000

KEPT_LIST = 100
"""Of a list among the options: legends are kept, labels of a thousand points are in the data."""

KEPT_TEXT = 1_000

MAX_OPTIONS = 100


class WindowError(TrackerError, ValueError):
    """A message that cannot be done; the text says why.

    Attributes:
        status: As HTTP has it: 400 what was said is wrong, 404 no such window or environment, 409 another process
            writes it, 413 too large, 503 the disk does not take it.
    """

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


def environment(message: Mapping[str, Any], key: str = "eid") -> str:
    """The environment that a message is about; `main` where it says none."""
    found = message.get(key)
    if found is None:
        return DEFAULT_ENVIRONMENT
    if not isinstance(found, str):
        raise WindowError(f"{key}: expected the name of an environment; got {_shown(found)}.")
    return found


def window(message: Mapping[str, Any]) -> str | None:
    """The name of the window that a message is about; None where it says none."""
    found = message.get("win")
    return None if found is None else checked_window(found)


def checked_window(found: Any) -> str:
    """The name of a window, as it can be that of a pane."""
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str):
        raise WindowError(f"win: expected the name of a window; got {_shown(found)}.")
    if len(found) > MAX_WINDOW:
        raise WindowError(f"win: a name has at most {MAX_WINDOW} characters; got {len(found):,}.", 413)
    if not found:
        raise WindowError("win: a name has a character at least.")
    return coerce.text(found)


def named_window(message: Mapping[str, Any]) -> str:
    """The same, of a message that has to be about one."""
    found = window(message)
    if found is None:
        raise WindowError("win: which window? A name is missing.")
    return found


def traces(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a message brings: a list of traces, or of one thing with its content."""
    found = message.get("data")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise WindowError(f"data: expected a list of objects; got {_shown(found)}.")
    if len(found) > MAX_TRACES:
        raise WindowError(f"data: at most {MAX_TRACES:,} traces; got {len(found):,}.", 413)
    return found


def mapping(message: Mapping[str, Any], key: str) -> dict[str, Any]:
    """An object of a message; an empty one where there is none."""
    found = message.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise WindowError(f"{key}: expected an object; got {_shown(found)}.")
    return found


def options(message: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a window, as far as they are worth keeping beside its data."""
    kept = {str(key)[:KEPT_TEXT]: value for key, value in mapping(message, "opts").items() if _is_kept(value)}
    return dict(list(kept.items())[:MAX_OPTIONS])


def _is_kept(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= KEPT_TEXT
    if isinstance(value, list):
        return len(value) <= KEPT_LIST and all(_is_kept(each) and not isinstance(each, list) for each in value)
    return isinstance(value, (int, float))


def text(found: Any, what: str, most: int) -> str:
    """A text of at most so many characters; a number is taken as it is written."""
    if isinstance(found, (int, float)):
        found = str(found)
    if not isinstance(found, str):
        raise WindowError(f"{what}: expected a text; got {_shown(found)}.")
    if len(found) > most:
        raise WindowError(f"{what}: at most {most:,} characters; got {len(found):,}.", 413)
    return coerce.text(found, most)


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)[:80]
