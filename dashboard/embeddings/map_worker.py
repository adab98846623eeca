"""The process that makes a map: `python -m dashboard.embeddings.map_worker tsne 3 30 vectors.npy map.npy`.

Prints a share and a few words a line as it goes on. In a process of its own, so that minutes of computing delay no
page, and because the libraries (extras both) are heavy.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

ITERATIONS = 1000
MOST = 50
"""Dimensions above which the principal components are mapped instead, as van der Maaten and Hinton 2008 do."""


def main(method: str, size: str, near: str, source: str, target: str) -> int:
    """Makes the map in `size` dimensions, `near` neighbours counting; the process's exit status."""
    from dashboard.embeddings.projection import pca

    vectors = np.load(source, allow_pickle=False)
    finite = np.isfinite(vectors).all(axis=1)
    x = vectors[finite].astype(np.float32)
    if len(x) < 4:
        sys.stderr.write("A map needs four vectors at least.\n")
        return 1
    if x.shape[1] > MOST:
        x = pca(x, MOST)[0].astype(np.float32)
    try:
        found = {"tsne": tsne, "umap": umap}[method](x, int(size), int(near))
    except ImportError as error:
        package = {"tsne": "scikit-learn", "umap": "umap-learn"}[method]
        sys.stderr.write(f"This needs {package}: pip install {package} ({error})\n")
        return 1
    placed = np.full((len(vectors), found.shape[1]), np.nan)
    placed[finite] = found
    np.save(target, placed, allow_pickle=False)
    return 0


def tsne(x: npt.NDArray[Any], size: int = 3, near: int = 30) -> npt.NDArray[Any]:
    """t-SNE; `near` is the perplexity. Source: van der Maaten 2014 (Barnes–Hut)."""
    from sklearn.manifold import TSNE

    perplexity = min(float(near), (len(x) - 1) / 3)
    maker = TSNE(size, perplexity=perplexity, init="pca", max_iter=ITERATIONS, random_state=0, verbose=2)
    with contextlib.redirect_stdout(_Progress(sys.stdout)):
        found: npt.NDArray[Any] = maker.fit_transform(x)
    return found


def umap(x: npt.NDArray[Any], size: int = 3, near: int = 15) -> npt.NDArray[Any]:
    """UMAP. Source: McInnes, Healy and Melville 2018."""
    from umap import UMAP

    tell(0.05, "looking for neighbours")
    progress = _Progress(sys.stdout)
    maker = UMAP(
        n_neighbors=min(max(2, near), len(x) - 1),
        n_components=size,
        init="spectral" if len(x) > 3 * size + 3 else "random",  # of fewer there are not enough eigenvectors
        random_state=0,
        n_jobs=1,  # what a seed means; told, so that it does not warn
        verbose=True,
        tqdm_kwds={"file": progress, "bar_format": "epoch {n_fmt}/{total_fmt}", "mininterval": 0.3},
    )
    with contextlib.redirect_stdout(progress):
        found: npt.NDArray[Any] = maker.fit_transform(x)
    return found


def tell(share: float, words: str) -> None:
    """One line to whoever waits."""
    os.write(1, f"{share:.3f} {words}\n".encode())


class _Progress:
    """What scikit-learn and UMAP print, as shares of the whole."""

    def __init__(self, out: Any) -> None:
        self._out = out

    def write(self, text: str) -> int:
        found = re.search(r"Iteration (\d+)", text)
        if found:
            tell(0.1 + 0.9 * int(found.group(1)) / ITERATIONS, f"iteration {found.group(1)} of {ITERATIONS}")
        elif epoch := re.search(r"epoch (\d+)/(\d+)", text):
            done, total = int(epoch.group(1)), int(epoch.group(2))
            tell(0.3 + 0.7 * done / max(1, total), f"epoch {done} of {total}")
        elif "neighbors" in text.lower():
            tell(0.05, "looking for neighbours")
        elif "Construct embedding" in text:
            tell(0.3, "placing")
        return len(text)

    def flush(self) -> None:
        self._out.flush()


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:6]))
