"""Text: words about the run, such as a sample of what a model says."""

from __future__ import annotations

from typing import Any

from tracker import coerce
from tracker.errors import LoggedTypeError, message
from tracker.values.value import Medium, Value

MAX_CHARACTERS = 1_000_000


class Text(Value):
    """A piece of text, Markdown by default. It is shown as text: HTML in it does nothing.

    Args:
        text: What to show; cut after a million characters, with a note.
        markdown: Whether `**bold**` and the like mean something.

    Raises:
        LoggedTypeError: `text` is not a string.
    """

    kind = "text"

    def __init__(self, text: str, *, markdown: bool = True) -> None:
        if not isinstance(text, str):
            raise LoggedTypeError(message("Text: this is not text.", expected="str", got=type(text).__name__))
        self.attributes: dict[str, Any] = {"markdown": bool(markdown)}
        if len(text) > MAX_CHARACTERS:
            self.attributes["characters"] = len(text)
            text = text[:MAX_CHARACTERS]
        self.text = coerce.text(text)

    @property
    def n_bytes(self) -> int:
        return 4 * len(self.text) + 200

    def encode(self) -> list[Medium]:
        return [Medium("text/plain", self.attributes, self.text.encode())]
