"""The classification report: precision, recall, F1 and support of each class, at the threshold of 0.5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unmask.schema import LABEL_NAMES

AVERAGES = ("mean of the classes", "weighted by support")


@dataclass(frozen=True)
class ClassFigures:
    """One line of the report; `support` counts pictures. A rate without a picture to measure on is None."""

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


def report_classes(matrix: Sequence[Sequence[int]]) -> list[ClassFigures]:
    """Return the figures of real and fake, then their plain mean and their mean weighted by support.

    Args:
        matrix: counts `[[tn, fp], [fn, tp]]`: rows are the true class, columns what the pictures were called.

    Example:
        >>> report_classes([[8, 2], [4, 6]])[1]
        ClassFigures(name='fake', precision=0.75, recall=0.6, f1=0.6666666666666666, support=10)
    """
    classes = [_figures_of(label, matrix) for label in range(len(LABEL_NAMES))]
    supports = [each.support for each in classes]
    return [*classes, _average(AVERAGES[0], classes, [1] * len(classes)), _average(AVERAGES[1], classes, supports)]


def accuracy_of(matrix: Sequence[Sequence[int]]) -> float | None:
    """Return the share of pictures that were called what they are, None of none."""
    return _ratio(matrix[0][0] + matrix[1][1], sum(map(sum, matrix)))


def _figures_of(label: int, matrix: Sequence[Sequence[int]]) -> ClassFigures:
    right, support = matrix[label][label], sum(matrix[label])
    called = sum(row[label] for row in matrix)
    return ClassFigures(
        name=LABEL_NAMES[label],
        precision=_ratio(right, called),
        recall=_ratio(right, support),
        f1=_ratio(2 * right, called + support),
        support=support,
    )


def _average(name: str, classes: Sequence[ClassFigures], weights: Sequence[int]) -> ClassFigures:
    """Return a mean over the classes; a rate that one class of weight lacks is None, never taken for 0."""

    def mean(key: str) -> float | None:
        pairs = [(getattr(each, key), weight) for each, weight in zip(classes, weights, strict=True) if weight]
        if not pairs or any(value is None for value, _ in pairs):
            return None
        return sum(value * weight for value, weight in pairs) / sum(weight for _, weight in pairs)

    support = sum(each.support for each in classes)
    return ClassFigures(name, mean("precision"), mean("recall"), mean("f1"), support)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
