"""PyTorch beside the trainer, both on as many threads: to be imported before NumPy is, which counts them once."""

from __future__ import annotations

import os

THREADS = os.environ.get("BENCHMARK_THREADS", "2")
os.environ.update(OMP_NUM_THREADS=THREADS, OPENBLAS_NUM_THREADS=THREADS, MKL_NUM_THREADS=THREADS)

try:
    import torch
except ImportError:
    torch = None
else:
    torch.set_num_threads(int(THREADS))
