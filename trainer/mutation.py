"""Remembers which arrays were changed in place and when, so that a stale gradient is refused instead of computed.

Nothing is counted while operations are recorded: a node knows when it was made, and this file knows when memory
changed. Only when something changed after a node was made are its saved arrays looked up, by the array that owns their
memory, so that a change through a view is seen as well.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

from trainer.backend import Array
from trainer.errors import InPlaceError, sentence
from trainer.node import Node, now


class MutationLog:
    """The last change of every array that was ever changed in place and is still alive.

    Attributes:
        latest: Order of the last change of any array.
    """

    def __init__(self) -> None:
        self.latest = 0
        self._changed: dict[int, tuple[int, weakref.ref[Any]]] = {}

    def note(self, raw: Array) -> None:
        """`raw` is being changed now."""
        owner = _owner(raw)
        key = id(owner)
        known = self._changed.get(key)
        ref = weakref.ref(owner, lambda _: self._changed.pop(key, None)) if known is None else known[1]
        self.latest = now()
        self._changed[key] = (self.latest, ref)

    def changed_since(self, raw: Array, order: int) -> bool:
        """Whether the memory of `raw` was written to after what happened at `order`."""
        changed = self._changed.get(id(_owner(raw)))
        return changed is not None and changed[0] > order

    def check(self, node: Node, saved: Iterable[Any]) -> None:
        """Raises InPlaceError when one of the arrays that `node` saved was changed after `node` was recorded."""
        for value in saved:
            if not hasattr(value, "shape"):
                continue
            changed = self._changed.get(id(_owner(value)))
            if changed is not None and changed[0] > node.order:
                raise InPlaceError(
                    sentence(
                        f"{node.op.name}: a value its gradient needs was changed in place after it was used.",
                        "the value as it was in the forward pass",
                        f"an array of shape {tuple(value.shape)} that was written to since",
                        "try x = x + y instead of x += y, or call backward() before changing it",
                    )
                )


def _owner(raw: Array) -> Array:
    """The array whose memory `raw` looks into."""
    base = getattr(raw, "base", None)
    while base is not None and hasattr(base, "shape"):
        raw, base = base, getattr(base, "base", None)
    return raw


mutations = MutationLog()
