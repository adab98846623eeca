"""Record: something of the run itself, kept beside what it logs: its environment, a piece of its console."""

from __future__ import annotations

from tracker.values.value import Medium, Value


class Record(Value):
    """Items that are encoded already, under a kind of their own."""

    def __init__(self, kind: str, items: list[Medium]) -> None:
        self.kind = kind
        self.items = items

    @property
    def n_bytes(self) -> int:
        return sum(len(item.data) for item in self.items) + 200

    def encode(self) -> list[Medium]:
        return self.items
