"""GoingText: the text of a pane that is added to, in the pieces that it came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tracker.values.markup import MAX_CHARACTERS

WHOLE_EVERY = 64
"""So many pieces at least lie behind one that says the whole, and at least half of its characters: who reads reads few
rows, and who appends writes each character about three times."""


@dataclass
class GoingText:
    """A text.

    Attributes:
        html: Whether it is markup.
        pieces: Of which it is made.
        length: Its characters.
        cut: How many were let go of at its beginning.
        behind: How many pieces came behind the one that said the whole,
        behind_length: and how many characters they have.
    """

    html: bool
    pieces: list[str]
    length: int = 0
    cut: int = 0
    behind: int = 0
    behind_length: int = 0

    def append(self, text: str) -> bool:
        """Adds a piece; whether the whole is to be said again."""
        self.pieces.append(text)
        self.length += len(text)
        self.behind += 1
        self.behind_length += len(text)
        is_long = self.length > MAX_CHARACTERS
        return is_long or (self.behind >= WHOLE_EVERY and self.behind_length * 2 >= self.length)

    def whole(self) -> dict[str, Any]:
        """All of it, as content. Of one that is too long the last half stays, from the beginning of a line."""
        text = "".join(self.pieces)
        if len(text) > MAX_CHARACTERS:
            at = len(text) - MAX_CHARACTERS // 2
            at = (text.find("\n", at, at + 10_000) + 1) or at
            self.cut += at
            text = text[at:]
        self.pieces, self.length, self.behind, self.behind_length = [text], len(text), 0, 0
        return {"text": text, "html": self.html, **({"cut": self.cut} if self.cut else {})}
