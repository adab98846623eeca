"""TensorBoard's SummaryWriter, as PyTorch and tensorboardX have it, writing runs of ours.

    from tracker.compat.tensorboard import SummaryWriter      # was: from torch.utils.tensorboard import SummaryWriter

Every method and argument of both is taken. What differs, and why, is in docs/from-tensorboard.md.
"""

from __future__ import annotations

from tracker.compat.global_writer import GlobalSummaryWriter
from tracker.compat.summary_writer import SummaryWriter

__all__ = ["GlobalSummaryWriter", "SummaryWriter"]
