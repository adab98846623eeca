"""How well findings name planted faults, and how often they cry wolf.

    python -m benchmarks.faults [--seeds 3] [--half tuned|held|all|blind] [--kinds lr_too_high …] [--cases name …] [--imported]
        [--markdown] [--quiet] [--keep folder] [--jobs 1]

Trainings are kept in a folder, so that only findings are asked again after a detector has changed. Of the half that is
held back nothing is shown but totals, unless --markdown asks for its table. docs/findings.md names the seeds that were
looked at: others are blind, and `--half blind --first-seed 9000` shows the totals of both halves as one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.faults.judge import Verdict

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


def main() -> None:
    """Trains what is not kept, asks, prints."""
    from benchmarks.faults import imported, tables
    from benchmarks.faults.case import all_cases
    from benchmarks.faults.judge import totals
    from benchmarks.faults.kept import default_root

    given = _arguments()
    root = Path(given.keep) if given.keep else default_root()
    chosen = [
        (name, style, seed)
        for seed in range(given.first_seed, given.first_seed + given.seeds)
        for name, case in all_cases().items()
        for style in case.styles
        if (not given.cases or any(name.startswith(each) for each in given.cases))
        if (not given.kinds or set(given.kinds) & {*case.kinds} or ("healthy" in given.kinds and not case.kinds))
        if (not given.styles or style in given.styles)
    ]
    if given.jobs > 1:
        with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
            verdicts = list(pool.starmap(judged, [(*each, str(root)) for each in chosen], chunksize=1))
    else:
        verdicts = [judged(*each, str(root)) for each in chosen]
    if given.imported:
        verdicts += imported.real(root) + imported.samples(root)
    if given.half == "blind":
        print(*(f"{words:66s} {figure}" for words, figure in totals(verdicts)), sep="\n")
    for half in ("tuned", "held"):
        some = [v for v in verdicts if v.is_held == (half == "held")]
        if given.half not in (half, "all") or not some:
            continue
        if half == "tuned" and not given.quiet and not given.markdown:
            for v in some:
                print(tables.line(v))
            print("false alarms in healthy runs:", tables.by_kind_of_alarm(some) or "none", sep="\n")
        if given.markdown:
            print(tables.markdown(some, f"The {half} half"))
        else:
            print(f"\n{half}:", *(f"  {words:66s} {figure}" for words, figure in totals(some)), sep="\n")


def judged(name: str, style: str, seed: int, root: str) -> Verdict:
    """One training, done or found, and what is said of it."""
    import torch

    import tracker
    from benchmarks.faults.case import all_cases
    from benchmarks.faults.judge import Verdict
    from benchmarks.faults.kept import NAME, trained

    torch.set_num_threads(1)
    case = all_cases()[name]
    done = trained(case, style, seed, Path(root))
    found = tuple(tracker.open(done.folder).run(NAME).findings())
    return Verdict(name, style, seed, done.is_held, case.kinds, case.also, done.layers, done.steps, found)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--half", choices=("tuned", "held", "all", "blind"), default="tuned")
    parser.add_argument("--kinds", nargs="*", help='with "healthy" for those without a fault')
    parser.add_argument("--cases", nargs="*", help="beginnings of names")
    parser.add_argument("--styles", nargs="*")
    parser.add_argument("--imported", action="store_true", help="real logs and sample runs too")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--quiet", action="store_true", help="totals only")
    parser.add_argument("--keep", help="the folder of trainings")
    parser.add_argument("--jobs", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
