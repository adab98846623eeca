"""Which finding explains which: what comes of another is worth knowing only, and nothing that is wrong goes unsaid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.findings.causes import EXPLAINS, SUDDEN, reconciled
from tracker.findings.finding import KINDS, SEVERITIES, Evidence, Finding


def said(kind: str, severity: str = "warning", step: int | None = None, layer: str | None = None) -> Finding:
    return Finding(kind, severity, "Seen.", "Try.", layer, step, None, 0.8, Evidence())


findings = st.lists(
    st.builds(said, st.sampled_from((*KINDS, "mine")), st.sampled_from(SEVERITIES), st.none() | st.integers(0, 9),
              st.sampled_from((None, "fc1", "fc2"))),
    max_size=8, unique_by=lambda each: each.id,
)  # fmt: skip


@given(findings)
def test_nothing_is_lost_and_what_was_loud_is_explained_by_what_still_is(found: list[Finding]) -> None:
    after = {each.id: each for each in reconciled(found)}
    assert sorted(after) == sorted(each.id for each in found)
    loud = {each.kind for each in after.values() if each.severity != "info"}
    assert bool(loud) == any(each.severity != "info" for each in found)
    for each in found:
        now = after[each.id]
        if each.severity != "info" and now.severity == "info":
            assert any(each.kind in EXPLAINS[kind] for kind in loud if kind in EXPLAINS)
        elif each.severity == "info":
            assert now == each


@given(findings)
def test_a_broken_training_stays_one_and_a_second_look_changes_nothing(found: list[Finding]) -> None:
    after = reconciled(found)
    worst = min((SEVERITIES.index(each.severity) for each in found), default=None)
    assert min((SEVERITIES.index(each.severity) for each in after), default=None) == worst
    again = reconciled(after)
    assert {each.id: each for each in again} == {each.id: each for each in after}


@given(
    st.permutations(
        [said("lr_too_high", step=3), said("plateau", "error"), said("dead_relu", step=9), said("overfitting")]
    )
)
def test_the_order_of_findings_has_no_part_in_it(found: list[Finding]) -> None:
    after = {each.kind: each.severity for each in reconciled(found)}
    assert after == {"lr_too_high": "error", "plateau": "info", "dead_relu": "info", "overfitting": "warning"}


@pytest.mark.parametrize("kind", sorted(SUDDEN))
def test_what_happened_before_is_no_effect(kind: str) -> None:
    after = {each.kind: each.severity for each in reconciled([said("lr_schedule_bug", step=50), said(kind, step=49)])}
    assert after == {"lr_schedule_bug": "warning", kind: "warning"}


def test_kinds_are_explained_by_those_above_them_only() -> None:
    order = [*EXPLAINS]
    for i, (kind, effects) in enumerate(EXPLAINS.items()):
        assert {kind, *effects} <= {*KINDS}
        assert not {*effects} & {*order[: i + 1]}, kind
