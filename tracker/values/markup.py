"""Html, Svg: words and drawings in markup of the caller's. On the page no script runs in them."""

from __future__ import annotations

from typing import Any

from tracker import coerce
from tracker.errors import LoggedTypeError, LoggedValueError, message
from tracker.values import arrays

MAX_CHARACTERS = 4_000_000


class Html:
    """HTML for a pane. On the page it is a document of its own: no script, no form, no other host.

    Args:
        text: The markup; at most 4 million characters.

    Raises:
        LoggedTypeError, LoggedValueError: it is no text, or too long.
    """

    def __init__(self, text: str) -> None:
        self.text = checked("Html", text)


class Svg:
    """A drawing for a pane. On the page it is a picture: no script, no other host.

    Args:
        text: The markup, `<svg …>…</svg>`; at most 4 million characters.

    Raises:
        LoggedTypeError, LoggedValueError: it is no text, holds no `<svg`, or is too long.
    """

    def __init__(self, text: str) -> None:
        self.text = checked("Svg", text)
        if "<svg" not in self.text:
            raise LoggedValueError(
                message("Svg: this is no drawing.", expected="<svg …>…</svg>", got=repr(self.text[:60]))
            )


def checked(what: str, text: Any) -> str:
    """A text as it can be stored.

    Raises:
        LoggedTypeError, LoggedValueError: it is none, or too long.
    """
    if not isinstance(text, str):
        raise LoggedTypeError(message(f"{what}: this is not text.", expected="str", got=arrays.describe(text)))
    if len(text) > MAX_CHARACTERS:
        raise LoggedValueError(
            message(f"{what}: it is too long.", expected=f"at most {MAX_CHARACTERS:,} characters", got=f"{len(text):,}")
        )
    return coerce.text(text, MAX_CHARACTERS)
