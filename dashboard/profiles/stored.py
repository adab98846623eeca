"""A profile as it is stored, as a trace: Chrome's format or TensorFlow's XSpace, packed."""

from __future__ import annotations

import re

from dashboard.profiles import trace, xspace
from tracker.values import unpack
from tracker.values.profile import unpacked

_JSON = re.compile(rb"[ \t\r\n]*[{\[]")


def opened(data: bytes) -> trace.Trace:
    """The trace in a stored profile's bytes.

    Raises:
        ValueError: it is damaged, no trace, or too large for what is stored of it; see `tracker.values.unpack`.
    """
    raw = unpacked(data)
    if _JSON.match(raw):
        unpack.check_values(raw, "profile", unpack.TEXTS, len(data))
        return trace.read(raw)
    return trace.build(xspace.events(raw, unpack.TEXTS.n_values(len(data))))
