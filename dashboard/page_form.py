"""The list of runs in few words: a thousand runs of a hundred tags are 10 MB of JSON in full, and half a one so."""

from __future__ import annotations

from typing import Any

HEADLINES = ("val/loss", "train/loss", "loss", "eval/loss", "test/loss")
"""What a run is judged by at a glance, the first that there is."""


def headline(tags: set[str]) -> str | None:
    """The tag whose last value and sketch stand in the list of runs."""
    known = next((tag for tag in HEADLINES if tag in tags), None)
    return known or min((tag for tag in tags if "loss" in tag.lower()), default=None) or min(tags, default=None)


def page_form(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Shortens summaries in place: `series` becomes a number in the `tagsets` that come back, `scalars` is cut to the
    headline, and the newest step of all tags is told apart.
    """
    numbers: dict[str, int] = {}
    tagsets: list[dict[str, list[str]]] = []
    chosen = headline({tag for run in runs for tag in run["scalars"]})
    for run in runs:
        key = repr(run["series"])
        if key not in numbers:
            numbers[key] = len(tagsets)
            tagsets.append(run["series"])
        run["series"] = numbers[key]
        run["step"] = max((last["step"] for last in run["scalars"].values()), default=None)
        run["scalars"] = {chosen: run["scalars"][chosen]} if chosen in run["scalars"] else {}
    return {"tagsets": tagsets, "headline": chosen}
