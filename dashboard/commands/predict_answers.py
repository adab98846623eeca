"""What a model says to `viz predict`, and how it is printed: a table, a row of CSV each, or JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from dashboard.commands import table
from dashboard.commands.refusal import CommandError
from dashboard.export.files import harmless
from dashboard.http import wire
from tracker.models import ranking, runners
from tracker.plain_text import writable_values

if TYPE_CHECKING:
    from dashboard.commands.predict_inputs import Sample
    from tracker.models.loose import LooseModel
    from tracker.store.read.models import StoredModel

BATCH = 16
"""Samples that a model is asked at once: of a folder of any size no more than these are in memory."""

MOST_VALUES = 20
"""Numbers of one answer in a table, where the model is no classifier."""

MOST_COLUMNS = 1_000
"""Numbers of one answer in a row of CSV."""


@dataclass
class Answer:
    """What came of a sample.

    Attributes:
        name: The sample's.
        top: (class, probability), the likeliest first; None where the model is no classifier.
        by: Of which output the probabilities are, and what was done to it.
        outputs: All that the model put out, by name, without the axis of the batch.
        wrong: Why there is no answer.
    """

    name: str
    top: list[tuple[str, float]] | None = None
    by: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    wrong: str = ""


class Asking:
    """A model that is asked batch by batch.

    Args:
        model: Which.
        classes: Names of its classes.
        top: How many of these are told.

    Attributes:
        inputs: What it takes.
        count: How many samples it was asked about so far.
    """

    def __init__(self, model: StoredModel | LooseModel, classes: Sequence[str] | None, top: int) -> None:
        self._runner = model.runner
        self._classes = classes
        self._top = top
        self._is_regression = model.manifest.method == "regress"
        self.count = 0
        self.inputs = [each.as_json() for each in model.manifest.inputs] or self._runner.inputs
        sizes = {each["shape"][0] for each in self._runner.inputs if each["shape"]} - {None}
        self._fixed = min(sizes, default=None)  # of a model that takes batches of one size only

    def all(self, samples: Iterable[Sample]) -> Iterator[Answer]:
        """The answers, in the order of the samples.

        Raises:
            ModelError: the model fails.
        """
        rest = iter(samples)
        while batch := list(islice(rest, self._fixed or BATCH)):
            self.count += len(batch)
            yield from self._answers(batch)

    def _answers(self, samples: Sequence[Sample]) -> Iterator[Answer]:
        sound = [each.inputs for each in samples if each.inputs is not None]
        outputs: Mapping[str, Any] = {}
        if sound:
            filled = [*sound, *[sound[-1]] * ((self._fixed or 0) - len(sound))]
            outputs = runners.ask(
                self._runner, {name: np.concatenate([each[name] for each in filled]) for name in sound[0]}
            )
        count = None if self._classes is None else len(self._classes)
        found = None if self._is_regression else ranking.answer_of(outputs, count)
        row = 0
        for each in samples:
            if each.inputs is None:
                yield Answer(each.name, wrong=each.wrong)
                continue
            answer = Answer(each.name, outputs={name: value[row] for name, value in outputs.items()})
            if found is not None:
                name, ranked = found
                answer.top = ranking.likeliest(ranked.probabilities[row], self._classes, self._top)
                answer.by = name if ranked.made_by == "as given" else f"{ranked.made_by} of {name}"
            yield answer
            row += 1


# --- printed -----------------------------------------------------------------------------------------------------


def write_table(answers: Iterable[Answer], file: TextIO) -> None:
    """Aligned columns; the names of inputs where there are several."""
    rows: list[tuple[Any, ...]] = []
    headers = ["input", "class", "probability"]
    for each in answers:
        if each.wrong:
            continue
        if each.top is not None:
            headers = ["input", "class", f"probability ({each.by})"]
            rows += [(each.name, name, p) for name, p in each.top]
        else:
            headers = ["input", "output", "value"]
            rows += [(each.name, name, value) for name, value in islice(_values(each.outputs), MOST_VALUES)]
            count = sum(np.size(value) for value in each.outputs.values())
            if count > MOST_VALUES:
                rows.append((each.name, f"… {count - MOST_VALUES:,} more: --json tells all", None))
    if len({row[0] for row in rows}) == 1:
        headers, rows = headers[1:], [row[1:] for row in rows]
    if rows:
        file.write(table.render(headers, rows, named=headers[:1]) + "\n")


def write_csv(answers: Iterable[Answer], file: TextIO) -> None:
    """A row each: its classes with their probabilities, or the numbers that came out, and what is wrong with it."""
    writer = csv.writer(file, lineterminator="\n")
    waiting: list[Answer] = []  # until the first answer says how many columns there are
    columns: list[str] = []
    for each in answers:
        if each.wrong and not columns:
            waiting.append(each)
            continue
        if not columns:
            columns = _columns(each)
            writer.writerow(["input", *columns, "problem"])
            writer.writerows(_row(odd, columns) for odd in waiting)
        writer.writerow(_row(each, columns))
    if not columns:
        writer.writerow(["input", "problem"])
        writer.writerows(_row(odd, []) for odd in waiting)


def write_json(answers: Iterable[Answer], file: TextIO) -> None:
    """A list of {input, top, outputs}, or {input, problem}, an entry a line."""
    before = "["
    for each in answers:
        said: dict[str, Any] = {"input": each.name}
        if each.wrong:
            said["problem"] = each.wrong
        else:
            if each.top is not None:
                said |= {"top": [{"class": name, "p": p} for name, p in each.top], "probabilities": each.by}
            said["outputs"] = each.outputs
        file.write(f"{before}\n{json.dumps(writable_values(wire.plain(said)), ensure_ascii=False)}")
        before = ","
    file.write("[]\n" if before == "[" else "\n]\n")


def _columns(answer: Answer) -> list[str]:
    if answer.top is not None:
        return [f"{word}_{rank}" for rank in range(1, len(answer.top) + 1) for word in ("class", "probability")]
    count = sum(np.size(value) for value in answer.outputs.values())
    if count > MOST_COLUMNS:
        raise CommandError(f"each answer is {count:,} numbers, more than a row of CSV should have; ask with --json")
    return [name for name, _ in _values(answer.outputs)]


def _row(answer: Answer, columns: Sequence[str]) -> list[Any]:
    if answer.wrong:
        return [harmless(answer.name), *[""] * len(columns), harmless(answer.wrong)]
    if answer.top is not None:
        values = [part for name, p in answer.top for part in (harmless(name), repr(p))]
    else:
        values = [value if isinstance(value, str) else repr(value) for _, value in _values(answer.outputs)]
    return [harmless(answer.name), *values, ""]


def _values(outputs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each number that came out, called by its output and its place in that."""
    for name, value in outputs.items():
        array = np.asarray(value)
        for place in np.ndindex(array.shape):
            called = f"{name}[{', '.join(map(str, place))}]" if array.size != 1 else name
            yield called, array[place].item() if isinstance(array[place], np.generic) else str(array[place])
