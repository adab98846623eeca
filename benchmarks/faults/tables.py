"""Tables: the confusion of kinds, as Markdown and as lines of a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmarks.faults.judge import Verdict, share, totals


def confusion(verdicts: Sequence[Verdict]) -> list[list[str]]:
    """A row a planted kind: runs, named, something aloud, first, layer, step, false elsewhere, instead, and besides."""
    rows = []
    planted = sorted({v.kinds[0] for v in verdicts if v.kinds})
    for kind in planted:
        some = [v for v in verdicts if v.kinds[:1] == (kind,)]
        besides = Counter(k for v in some for k in {f.kind for f in v.stray})
        missed = [v for v in some if not v.is_named]
        instead = Counter(k for v in missed for k in {f.kind for f in v.loud} or {"nothing"})
        wolf = sum(any(f.kind == kind for f in v.stray) for v in verdicts if not v.kinds)
        rows.append([
            f"`{kind}`", str(len(some)), _count([v.is_named for v in some]), _count([v.is_detected for v in some]),
            _count([v.is_named_first for v in some]),
            _count([v.is_placed for v in some]), _count([v.is_timed for v in some]), str(wolf), _said(instead), _said(besides),
        ])  # fmt: skip
    return rows


HEAD = [
    "planted",
    "runs",
    "named",
    "aloud",
    "first",
    "layer",
    "step",
    "false in healthy",
    "instead, where missed",
    "beside the point",
]


def markdown(verdicts: Sequence[Verdict], title: str) -> str:
    """Totals and confusion, for a page of the documents."""
    lines = [f"### {title}", "", "| | |", "| --- | --- |", *(f"| {a} | {b} |" for a, b in totals(verdicts)), ""]
    lines += [f"| {' | '.join(HEAD)} |", f"|{' --- |' * len(HEAD)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in confusion(verdicts)), ""])


def line(v: Verdict) -> str:
    """One run, for a terminal."""
    said = ", ".join(
        f"{f.kind}({f.severity[0]}{', ' + f.layer if f.layer else ''}{'' if f.step is None else f' @{f.step}'})"
        for f in v.found
    )
    if v.kinds:
        verdict = (
            "hit "
            if v.is_named and v.is_placed is not False and v.is_timed is not False
            else "part"
            if v.is_named
            else "MISS"
        )
    else:
        verdict = "WOLF" if v.stray else "ok  "
    wanted = "/".join(v.kinds) or "healthy"
    where = f" {','.join(v.layers)}" if v.layers else ""
    when = f" @{v.steps[0]}..{v.steps[1]}" if v.steps else ""
    return f"{verdict} {v.name}:{v.style}:{v.seed} [{wanted}{where}{when}] said: {said or 'nothing'}"


def by_kind_of_alarm(verdicts: Sequence[Verdict]) -> str:
    """False alarms in healthy runs, by kind, with the cases."""
    found: dict[str, list[str]] = {}
    for v in verdicts:
        if not v.kinds:
            for kind in {f.kind for f in v.stray}:
                found.setdefault(kind, []).append(f"{v.name}:{v.style}:{v.seed}")
    return "\n".join(
        f"  {kind} {len(names)}: {', '.join(names[:8])}"
        for kind, names in sorted(found.items(), key=lambda e: -len(e[1]))
    )


def _count(values: Sequence[bool | None]) -> str:
    judged = [v for v in values if v is not None]
    return f"{sum(judged)}/{len(judged)}" if judged else ""


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{kind} {n}" for kind, n in counts.most_common(4))


__all__ = ["HEAD", "by_kind_of_alarm", "confusion", "line", "markdown", "share"]
