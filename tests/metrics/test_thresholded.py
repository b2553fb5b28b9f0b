"""The metrics that call a picture fake from the threshold on, on values worked out by hand."""

import pytest

from unmask.metrics.accuracy import accuracy
from unmask.metrics.confusion import count_confusion
from unmask.metrics.f1 import f1
from unmask.metrics.precision import precision
from unmask.metrics.recall import recall

LABELS = [0, 0, 0, 1, 1]
SCORES = [0.1, 0.5, 0.7, 0.5, 0.2]


def test_a_score_on_the_threshold_says_fake():
    assert count_confusion(LABELS, SCORES) == (1, 2, 1, 1)


@pytest.mark.parametrize(
    ("metric", "at_half", "at_sixty"),
    [(accuracy, 0.4, 0.4), (precision, 1 / 3, 0.0), (recall, 0.5, 0.0), (f1, 0.4, 0.0)],
)
def test_values_at_two_thresholds(metric, at_half, at_sixty):
    assert metric(LABELS, SCORES) == pytest.approx(at_half)
    assert metric(LABELS, SCORES, threshold=0.6) == pytest.approx(at_sixty)


def test_precision_is_zero_when_nothing_is_called_fake():
    assert precision([0, 1], [0.1, 0.2]) == 0.0
