"""Gpus: what NVIDIA's driver tells of each GPU, where nvidia-ml-py is installed; nothing elsewhere."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from functools import cache
from typing import Any


def driver() -> Any:
    """`pynvml`, which asks NVIDIA's driver; None where it is not installed.

    Raises:
        OSError: it cannot be read just now.
    """
    return sys.modules["pynvml"] if "pynvml" in sys.modules else _imported()


@cache
def _imported() -> Any:
    """Tried once: to look for a package that is not there takes a millisecond, at the beginning of each run."""
    try:
        return importlib.import_module("pynvml")
    except ImportError:
        return None


class Gpus:
    """The GPUs of this machine, asked for through NVML; used on one thread.

    Those that `CUDA_VISIBLE_DEVICES` hides are read too: who shares the machine explains a slow step.
    """

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        pynvml = driver()
        if pynvml is None:
            return
        try:
            pynvml.nvmlInit()
            self._nvml = pynvml
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        except pynvml.NVMLError:  # no driver, or no right to ask it
            self.close()

    def read(self) -> dict[str, float]:
        """Utilization, memory, power and temperature by `gpu0/…`; what a GPU does not tell is left out."""
        found: dict[str, float] = {}
        for i, handle in enumerate(self._handles):
            nvml, name = self._nvml, f"gpu{i}/"
            with suppress(nvml.NVMLError):
                found[f"{name}utilization_percent"] = nvml.nvmlDeviceGetUtilizationRates(handle).gpu
            with suppress(nvml.NVMLError):
                memory = nvml.nvmlDeviceGetMemoryInfo(handle)
                found[f"{name}memory_bytes"] = memory.used
                found[f"{name}memory_percent"] = 100 * memory.used / max(1, memory.total)
            with suppress(nvml.NVMLError):
                found[f"{name}power_watts"] = nvml.nvmlDeviceGetPowerUsage(handle) / 1000
            with suppress(nvml.NVMLError):
                found[f"{name}temperature_celsius"] = nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)
        return found

    def describe(self) -> list[dict[str, Any]]:
        """Name and memory of each."""
        found = []
        for handle in self._handles:
            with suppress(self._nvml.NVMLError):
                name = self._nvml.nvmlDeviceGetName(handle)
                found.append(
                    {
                        "name": name.decode() if isinstance(name, bytes) else str(name),
                        "memory_bytes": int(self._nvml.nvmlDeviceGetMemoryInfo(handle).total),
                    }
                )
        return found

    def close(self) -> None:
        """Lets go of the driver; can be called twice."""
        if self._nvml is not None:
            with suppress(self._nvml.NVMLError):
                self._nvml.nvmlShutdown()
        self._nvml, self._handles = None, []
