"""What a run offers: its controls and actions by name, also as its file says them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tracker.controls import built_in
from tracker.controls.control import Action, Control
from tracker.machine.record import Record
from tracker.values.control_definition import Definition

if TYPE_CHECKING:
    from tracker.recording import Recording


class Offers(Mapping[str, Control | Action]):
    """Controls and actions by name; those that every run has are among them, but for `stop`, which does nothing itself.

    Attributes:
        paused: Whether the loop is held.
        more: For how many steps more is logged.
    """

    def __init__(self) -> None:
        self.paused = Control(built_in.DEFINITIONS[built_in.PAUSED])
        self.more = Control(built_in.DEFINITIONS[built_in.LOG_MORE])
        self._own: dict[str, Control | Action] = {}
        self._every: dict[str, Control | Action] = {self.paused.name: self.paused, self.more.name: self.more}
        self._recording: Recording | None = None

    def __getitem__(self, name: str) -> Control | Action:
        return self._every[name]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._every))

    def __len__(self) -> int:
        return len(self._every)

    def declare(self, definition: Definition) -> Control:
        """The control of a definition: the one there is, begun anew unless it is the same definition."""
        known = self._own.get(definition.name)
        if isinstance(known, Control):
            if known.definition == definition:
                return known
            known.begin(definition)
        else:
            known = self._own[definition.name] = self._every[definition.name] = Control(definition)
        self._store(definition)
        return known

    def add_action(self, action: Action) -> None:
        """An action, in the place of what had its name."""
        known = self._own.get(action.name)
        self._own[action.name] = self._every[action.name] = action
        if known is None or known.definition != action.definition:
            self._store(action.definition)

    def begin(self, recording: Recording | None) -> None:
        """From here on this file says what is offered; None for none. What every run has begins anew."""
        self._recording = recording
        self.paused.begin(self.paused.definition)
        self.more.begin(self.more.definition)
        for target in list(self._own.values()):
            self._store(target.definition)

    def _store(self, definition: Definition) -> None:
        if self._recording is not None and self._recording.is_open:
            self._recording.observe({definition.name: Record("control", [definition.medium()])})
