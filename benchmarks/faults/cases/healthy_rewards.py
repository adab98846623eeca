"""Healthy: searches for a reward, as noisy as rewards are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.faults.case import healthy


@healthy("scalars")
def rewards_of_a_walker(bench: Any) -> None:
    """A policy gradient in a corridor: as noisy as rewards are."""
    n, lr = 7, bench.between(0.05, 0.15)
    run = bench.init({"algorithm": "REINFORCE", "gamma": 0.97, "lr": lr})
    theta, baseline = np.zeros((n, 2)), 0.0
    tags = bench.pick(
        ("reward", "length"), ("rollout/ep_rew_mean", "rollout/ep_len_mean"), ("episode/return", "episode/steps")
    )
    for episode in range(400):
        place, path, total = n // 2, [], 0.0
        for _ in range(40):
            p = np.exp(theta[place] - theta[place].max())
            p /= p.sum()
            action = int(bench.random.random() < p[1])
            path.append((place, action, p))
            place = min(n - 1, max(0, place + (1 if action else -1)))
            total -= 0.1
            if place == n - 1:
                total += 3
                break
        for where, action, p in path:
            theta[where] += lr * (total - baseline) * 0.1 * ((np.arange(2) == action) - p)
        loss = float(-(total - baseline) * np.mean([np.log(p[a]) for _, a, p in path]))
        baseline += 0.05 * (total - baseline)
        run.log({tags[0]: total, tags[1]: len(path), "train/policy_loss": loss}, step=episode)


@healthy("scalars")
def an_actor_and_its_critic(bench: Any) -> None:
    """Losses that grow with the rewards that were found; a value loss of spikes."""
    run = bench.init({"algorithm": "PPO", "lr": 3e-4, "clip_range": 0.2})
    value = 0.0
    for step in range(0, 200 * 2048, 2048):
        t = step / (200 * 2048)
        reward = 20 + 180 / (1 + math.exp(-12 * (t - 0.4))) + bench.random.normal(0, 14)
        surprise = reward - value
        value += 0.1 * surprise
        run.log({
            "rollout/ep_rew_mean": reward, "train/value_loss": surprise**2 * bench.random.gamma(2, 0.5),
            "train/policy_gradient_loss": bench.random.normal(-0.01, 0.004), "train/entropy_loss": -0.69 * (1 - 0.6 * t),
            "train/approx_kl": bench.random.gamma(2, 0.004), "train/clip_fraction": bench.random.beta(2, 12),
            "train/explained_variance": 1 - math.exp(-4 * t) + bench.random.normal(0, 0.03), "train/learning_rate": 3e-4,
        }, step=step)  # fmt: skip


@healthy("scalars")
def off_policy(bench: Any) -> None:
    """Q-learning: the critic's loss rises as rewards are found."""
    run = bench.init({"algorithm": "DQN"})
    for step in range(300):
        t = step / 300
        run.log({
            "losses/td_loss": 0.02 + 2.5 * t**2 * bench.random.gamma(3, 0.33), "losses/q_values": 40 * t + bench.random.normal(0, 0.4),
            "charts/episodic_return": 10 + 190 * t**1.5 + bench.random.normal(0, 25), "charts/epsilon": max(0.05, 1 - 2 * t),
        }, step=step * 100)  # fmt: skip


@healthy("scalars")
def a_search_that_wanders(bench: Any) -> None:
    """Evolution: the best so far never falls, the mean of a generation is noise."""
    run, best = bench.init({"population": 24}), -10.0
    centre = bench.random.normal(0, 2, 6)
    for generation in range(150):
        tries = centre + bench.random.normal(0, 0.4, (24, 6))
        fitness = -((tries - 1) ** 2).sum(1) + bench.random.normal(0, 0.3, 24)
        centre = tries[np.argsort(fitness)[-6:]].mean(0)
        best = max(best, float(fitness.max()))
        run.log({"fitness/best": best, "fitness/mean": float(fitness.mean()), "sigma": 0.4}, step=generation)
