"""A replayed step as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.commands import table

STATISTICS = ("min", "max", "mean", "std", "norm", "not_finite")
MOST_SAMPLES = 16


def render(run: str, replayed: Mapping[str, Any]) -> str:
    """What it did, and whether that is what was recorded."""
    lines = [f"{run}@{replayed['step']}, from the state after step {replayed['state_step']}: {_verdict(replayed)}"]
    lines += [f"  {each}" for each in replayed["differences"]]
    if replayed["loss"] is not None:
        lines.append(f"loss {replayed['loss']!r}")
    if replayed["batch"] is not None:
        shown = ", ".join(map(str, replayed["batch"][:MOST_SAMPLES]))
        lines.append(f"samples {shown}{' …' if len(replayed['batch']) > MOST_SAMPLES else ''}")
    lines += [f"note: {each}" for each in replayed["notes"]]
    if replayed["error"]:
        lines.append(f"it ended with {replayed['error']}")
    if replayed["anomaly"]:
        lines.append(replayed["anomaly"])
    for title, found in (("gradient", replayed["gradients"]), ("output of", replayed["modules"])):
        if found:
            rows = [[name, *(each.get(key) for key in STATISTICS)] for name, each in found.items()]
            lines += ["", table.render([title, *STATISTICS], rows, named=[title])]
    return "\n".join(table.printable(part) for line in lines for part in line.split("\n")) + "\n"


def _verdict(replayed: Mapping[str, Any]) -> str:
    compared = replayed["compared"]
    if not compared:
        return "nothing was recorded of it that could be compared"
    if all(compared.values()):
        missing = "" if "gradients" in compared else "; its gradient was not recorded"
        return f"equal to what was recorded, bit for bit ({', '.join(compared)}){missing}"
    return f"NOT what was recorded ({', '.join(name for name, is_equal in compared.items() if not is_equal)})"
