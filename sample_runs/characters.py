"""A recurrent net that learns to write, letter by letter: after a minute it counts in words.

    python -m sample_runs.characters --logdir runs

It reads the numbers from one to ninety-nine as one long text and guesses the next letter everywhere. What it writes by
itself is logged as text under `writes`: letters at first, then syllables, then numbers, in the end in their order.
"""

from __future__ import annotations

import argparse

import numpy as np

import tracker
import trainer
from trainer import Tensor, nn
from trainer import functional as F

ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NUMBERS = ONES + [ten + (f"-{one}" if one else "") for ten in TENS for one in ["", *ONES[:9]]]
TEXT = " ".join(NUMBERS) + " "
LETTERS = sorted(set(TEXT))
NUMBER_OF = {letter: i for i, letter in enumerate(LETTERS)}
LENGTH, BATCH = 32, 16


class Writer(nn.Module):
    """Letters become vectors, a GRU carries what came before, a linear layer guesses what comes next."""

    def __init__(self, hidden: int = 64) -> None:
        self.letters = nn.Embedding(len(LETTERS), 24)
        self.memory = nn.GRU(24, hidden, batch_first=True)
        self.guess = nn.Linear(hidden, len(LETTERS))

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Letters (N, T) to logits (N, T, letters) and the state to go on with."""
        y, state = self.memory(self.letters(x), state)
        return self.guess(y), state

    def write(self, start: str, length: int) -> str:
        """What comes after `start`, always the likeliest letter."""
        written, given = start, start
        state = None
        with trainer.no_grad():
            for _ in range(length):
                logits, state = self(np.array([[NUMBER_OF[letter] for letter in given]]), state)
                given = LETTERS[int(logits.raw[0, -1].argmax())]
                written += given
        return written


@trainer.replayable
def training(seed: int = 0) -> trainer.SteppedTraining:
    """A loop of its own: each step draws windows of the text, guesses every next letter, and learns."""
    trainer.manual_seed(seed)
    random = np.random.default_rng(seed)
    codes = np.array([NUMBER_OF[letter] for letter in TEXT])
    model = Writer()
    optimizer = trainer.optim.Adam(model.parameters(), lr=0.01)

    def step(number: int) -> tuple[float, float]:
        """The loss, and the length of the gradient before it is cut."""
        starts = random.integers(0, len(codes) - LENGTH - 1, BATCH)
        windows = codes[starts[:, None] + np.arange(LENGTH + 1)]
        logits, _ = model(windows[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, len(LETTERS)), windows[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        norm = trainer.optim.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item(), norm

    return trainer.SteppedTraining(model, optimizer, step, generators={"windows": random})


def main(logdir: str = "runs", steps: int = 400, name: str | None = None, seed: int = 0, record: str = "last") -> str:
    """Trains with a loop of its own, logs to `logdir`, and gives what the net writes after "one ".

    Args:
        logdir: Where the run is stored.
        steps: How many updates.
        name: The run's name; None for "characters".
        seed: Makes it repeatable.
        record: As for the digits: "last", or "run".
    """
    made = training(seed)
    config = {"steps": steps, "lr": 0.01, "seed": seed, "hidden": 64}
    with (
        tracker.init(logdir=logdir, name=name or "characters", config=config) as run,
        trainer.Recorder(run, made, keep=record) as recorder,
    ):
        run.log_graph(made.model, np.zeros((1, 4), np.int64))
        for step in range(1, steps + 1):
            loss, norm = recorder.step(step)
            run.log({"train/loss": loss, "grad_norm": norm}, step=step)
            if step % 50 == 0 or step == 1:
                run.log({"writes": tracker.Text(made.model.write("one ", 80), markdown=False)}, step=step)
        written = made.model.write("one ", 120)
    print(written)
    return written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", default="runs")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--name")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--record", action="store_true", help="keep what it takes to replay any of its steps")
    given = parser.parse_args()
    main(given.logdir, given.steps, given.name, given.seed, "run" if given.record else "last")
