"""The processes of a PyTorch training, and what the first tells the others."""

from __future__ import annotations

import sys
from typing import Any


class TorchGroup:
    """Broadcasts of `torch.distributed`'s first process.

    Attributes:
        leads: Whether this is rank 0.
    """

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self.leads = torch.distributed.get_rank() == 0
        is_gpu = "nccl" in str(torch.distributed.get_backend())
        self._device = torch.device("cuda", torch.cuda.current_device()) if is_gpu else torch.device("cpu")

    def tell(self, kind: int, value: float) -> None:
        """As `steering.Group`."""
        self._broadcast(self._torch.tensor([kind, value], dtype=self._torch.float64, device=self._device))

    def hear(self) -> tuple[int, float]:
        """As `steering.Group`."""
        message = self._torch.empty(2, dtype=self._torch.float64, device=self._device)
        self._broadcast(message)
        kind, value = message.tolist()
        return int(kind), value

    def _broadcast(self, message: Any) -> None:
        self._torch.distributed.broadcast(message, src=0)


def torch_group() -> TorchGroup | None:
    """The processes of this training; None where PyTorch trains in one."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return None
    return TorchGroup(torch) if torch.distributed.get_world_size() > 1 else None
