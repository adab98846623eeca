"""What `viz diff` prints for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dashboard.commands.table import printable

MOST_LETTERS = 60
"""Of a value."""

_NONE = {
    "settings": "the same settings", "code": "the same code", "packages": "the same packages",
    "machine": "the same machine", "seeds": "the same seeds", "controls": "nothing was changed by hand in one alone",
}  # fmt: skip


def in_words(found: Mapping[str, Any], most: int) -> str:
    """Two runs.

    Args:
        found: As `dashboard.diff.diff.diff` gives it.
        most: Lines of each part.
    """
    first, second = (printable(name) for name in found["runs"])
    return "\n".join([f"{first} and {second}", "", *_curves(found, most), "", *_causes(found, most)]) + "\n"


def _curves(found: Mapping[str, Any], most: int) -> Iterator[str]:
    parted = found["parted"]
    if not parted and not found["together"]:
        yield "They have no metric in common."
        return
    if not parted:
        yield f"None of {len(found['together'])} metrics leaves the other's noise."
        return
    yield f"parted at step {parted[0]['step']:,}, seen first in {printable(parted[0]['tag'])}"
    for each in parted[:most]:
        apart = (
            "one is not finite"
            if each["apart"] is None
            else f"{each['apart']:+.4g} beside noise of {each['noise']:.2g}"
        )
        said = f"{printable(each['tag'])}: {apart}; other bits from {each['first_other']:,} on"
        yield f"  step {each['step']:>10,}  {said}"
    if len(parted) > most:
        yield f"  and {len(parted) - most} more"
    if found["together"]:
        yield f"  {len(found['together'])} metrics stay within noise"


def _causes(found: Mapping[str, Any], most: int) -> Iterator[str]:
    yield "what is different, in the order in which to look"
    for part, differ in found["circumstances"].items():
        if not differ:
            yield f"  {part}: {'nothing is known of it' if part in found['unknown'] else _NONE[part]}"
            continue
        yield f"  {part}:"
        for name, (a, b) in list(differ.items())[:most]:
            yield f"    {printable(name)}: {_value(a)} → {_value(b)}"
        if len(differ) > most:
            yield f"    and {len(differ) - most} more"


def groups_in_words(found: Mapping[str, Any]) -> str:
    """Two groups of seeds, as `dashboard.diff.group_values.compared` gives them."""
    lines = [f"last {printable(found['tag'])}"]
    for key, values in zip(("first", "second"), found["values"], strict=True):
        side = found[key]
        band = (
            "a single run has no band" if side["low"] is None else f"95 % from {side['low']:.5g} to {side['high']:.5g}"
        )
        lines.append(f"  {next(iter(values))} …: {side['count']} runs, interquartile mean {side['iqm']:.5g}, {band}")
    lines.append(f"  a run of the second is higher than one of the first with probability {found['improvement']:.2f}")
    if found["p"] is None:
        lines.append("  no verdict: a group of one run says nothing of seeds")
    elif found["is_noise"]:
        more = found["more"]
        enough = (
            "more seeds would hardly decide it" if more is None else f"about {more} seeds more a group would decide"
        )
        lines.append(f"  within seed noise (p = {found['p']:.2g}); {enough}")
    else:
        lines.append(f"  more than seed noise (p = {found['p']:.2g})")
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    said = "none" if value is None else value if isinstance(value, str) else json.dumps(value, default=str)
    said = printable(" ".join(said.split()))
    return said if len(said) <= MOST_LETTERS else f"{said[: MOST_LETTERS - 1]}…"
