"""Whether more of a metric is better, by what its tag is called. The same as dashboard/web/text/better.js."""

from __future__ import annotations

import re

_MORE = frozenset(
    "acc accuracy precision recall f1 auc auroc auprc ap map ndcg mrr score reward return returns bleu rouge psnr "
    "ssim iou dice r2 success wins win throughput".split()
)
_APART = re.compile(r"[^a-z0-9]+")


def is_more_better(tag: str) -> bool:
    """By the last part of a tag: val/acc, top1_accuracy, reward. What is not known is a loss."""
    return not _MORE.isdisjoint(_APART.split(tag.rpartition("/")[2].lower()))
