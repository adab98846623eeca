"""What a caller may get wrong, by name; every message says what was wrong, expected and got, and what to do."""

from __future__ import annotations

from collections.abc import Sequence


class TrainerError(Exception):
    """Anything this package refuses; catch it to catch all of the kinds below.

    Attributes:
        layer: The module whose forward pass it left first, as it prints; None outside of modules.
        path: That module's name in the outermost model, such as "encoder.conv1"; "" for the model itself.
    """

    layer: str | None = None
    path: str = ""
    left: object = None  # the module it left last, which the next one outside looks up among its children

    def __str__(self) -> str:
        text = super().__str__()
        if self.layer is None or (not self.path and text.startswith(self.layer)):
            return text
        return f"{text}\n  in {f'{self.path}: ' if self.path else ''}{self.layer}"


class ShapeError(TrainerError, ValueError):
    """Sizes that do not fit each other, or an axis that is not there."""


class IndexRangeError(TrainerError, IndexError):
    """An index outside the shape."""


class ArgumentError(TrainerError, ValueError):
    """An argument outside its range."""


class DTypeError(TrainerError, TypeError):
    """Values of the wrong kind: float64 against float32, class numbers given as floats."""


class DeviceError(TrainerError, ValueError):
    """An array on another device than the rest, or a device that is not there."""


class GraphError(TrainerError, ValueError, RuntimeError):
    """A gradient asked of a graph that cannot give it. Also a RuntimeError, which PyTorch code catches here."""


class InPlaceError(GraphError):
    """A value needed for the gradient was changed after it was used."""


class AnomalyError(TrainerError, ValueError):
    """A value that is not finite where all before were; raised inside `detect_anomaly`.

    Attributes:
        operation: Its name.
        module: The innermost module that asked for it; None outside of all.
        source: The line of the user's code, "model.py:12".
        inputs: What its inputs were like, a text each.
        output: What came out.
    """

    def __init__(
        self,
        text: str,
        operation: str = "",
        module: object = None,
        source: str = "",
        inputs: Sequence[str] = (),
        output: str = "",
    ) -> None:
        super().__init__(text)
        self.operation = operation
        self.module = module
        self.source = source
        self.inputs = list(inputs)
        self.output = output


class GradientError(TrainerError, ValueError):
    """A derivative that disagrees with finite differences in `gradcheck`, or is not finite where that was asked for."""


class CheckpointError(TrainerError, ValueError):
    """A file or a state dict that does not fit the model it is loaded into."""


class ExportError(TrainerError, ValueError):
    """A model that cannot be written in the form that was asked for."""


def sentence(problem: str, expected: object, got: object, hint: str | None = None) -> str:
    """The three parts of an error as one text, expected and got under each other.

    Args:
        problem: What was wrong, naming the argument as the caller wrote it.
        expected: What would have been right.
        got: What came instead.
        hint: What to do, starting with a verb; None where there is nothing useful to say.
    """
    lines = [problem, f"  expected: {expected}", f"  got:      {got}"]
    if hint is not None:
        lines.append(f"  {hint}")
    return "\n".join(lines)
