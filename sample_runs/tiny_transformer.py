"""A transformer of one block that learns to turn a row of digits round, and shows where it looks to do so.

    python -m sample_runs.tiny_transformer --logdir runs

The picture `attention` has a row for each place that is written and a column for each place that is read: it begins as
a blur and becomes the diagonal from the lower left, because the last digit is wanted first.
"""

from __future__ import annotations

import argparse

import numpy as np

import tracker
import trainer
from trainer import Tensor, nn
from trainer import functional as F
from trainer.nn import Parameter, init

DIGITS, LENGTH, FEATURES = 10, 12, 32
BATCH = 64


class TinyTransformer(nn.Module):
    """Digits and places as vectors, one block of attention and a small network beside it, each added to what came.

    Source: Vaswani et al. 2017, with the norms before the parts as in Xiong et al. 2020.
    """

    def __init__(self) -> None:
        self.digits = nn.Embedding(DIGITS, FEATURES)
        self.places = Parameter(init.normal_(trainer.zeros(LENGTH, FEATURES), 0.0, 0.5))
        self.norm1 = nn.LayerNorm(FEATURES)
        self.attention = nn.MultiheadAttention(FEATURES, 1, batch_first=True)
        self.norm2 = nn.LayerNorm(FEATURES)
        self.network = nn.Sequential(nn.Linear(FEATURES, 64), nn.GELU(), nn.Linear(64, FEATURES))
        self.out = nn.Linear(FEATURES, DIGITS)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Digits (N, T) to logits (N, T, 10) and the attention (N, T, T): who is written, who is read."""
        h = self.digits(x) + self.places
        y = self.norm1(h)
        y, attention = self.attention(y, y, y)
        h = h + y
        h = h + self.network(self.norm2(h))
        return self.out(h), attention


def main(logdir: str = "runs", steps: int = 400, name: str | None = None, seed: int = 0) -> float:
    """Trains with a loop of its own, logs to `logdir`, and gives the share of digits of new rows that are right."""
    trainer.manual_seed(seed)
    random = np.random.default_rng(seed)
    model = TinyTransformer()
    optimizer = trainer.optim.AdamW(model.parameters(), lr=5e-3)
    schedule = trainer.optim.CosineAnnealingLR(optimizer, T_max=max(1, steps))
    config = {"steps": steps, "lr": 5e-3, "seed": seed, "features": FEATURES, "length": LENGTH}
    with tracker.init(logdir=logdir, name=name or "tiny_transformer", config=config) as run:
        run.log_graph(model, random.integers(0, DIGITS, (1, LENGTH)))
        for step in range(1, steps + 1):
            x = random.integers(0, DIGITS, (BATCH, LENGTH))
            y = x[:, ::-1].reshape(-1)
            logits, attention = model(x)
            logits = logits.reshape(-1, DIGITS)
            loss = F.cross_entropy(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            right = trainer.accuracy(logits, y)
            run.log({"train/loss": loss.item(), "train/accuracy": right, "lr": schedule.get_last_lr()[0]}, step=step)
            if step % 25 == 0 or step == 1:
                run.log(
                    {"attention": tracker.Image(attention.numpy().mean(0), caption="row written, column read")}, step
                )
        x = random.integers(0, DIGITS, (1000, LENGTH))
        with trainer.no_grad():
            right = trainer.accuracy(model(x)[0].reshape(-1, DIGITS), x[:, ::-1].reshape(-1))
        run.log({"test/accuracy": right}, step=steps)
    print(f"{right:.1%} of the digits of 1,000 new rows are where they belong")
    return right


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", default="runs")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--name")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    main(given.logdir, given.steps, given.name, given.seed)
