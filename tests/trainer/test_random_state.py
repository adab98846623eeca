"""Where the random generators stand, for who asks at each step: the same as if it were read each time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import trainer
from trainer import backend

MOVES = ["draw", "hold", "draw held", "let go", "seed", "go back", "ask", "ask again"]


@example(["hold", "ask", "draw held"])
@example(["hold", "ask", "draw held", "let go", "ask"])
@given(st.lists(st.sampled_from(MOVES), max_size=40))
def test_it_is_what_is_read_anew(moves: list[str]) -> None:
    """Whoever draws, through the function or from a generator that he keeps."""
    held: list[Any] = []
    trainer.manual_seed(0)
    known = backend.random_state()
    for number, move in enumerate(moves):
        if move == "draw":
            backend.generator().random(3)
        elif move == "hold":
            held.append(backend.generator())
        elif move == "draw held" and held:
            held[-1].random()
        elif move == "let go":
            held.clear()
        elif move == "seed":
            trainer.manual_seed(number)
        elif move == "go back":
            backend.set_random_state(known)
        else:
            assert backend.standing() == backend.random_state()
    assert backend.standing() == backend.random_state()


def test_it_is_read_once_where_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading takes longer than all else that is looked at in a step of a small network."""
    trainer.manual_seed(0)
    known = backend.standing()
    assert all(backend.standing() is known for _ in range(3))
    trainer.nn.init.normal_(trainer.Tensor(np.zeros(3, np.float32)))
    assert backend.standing() is not known
