"""The classification report agrees with scikit-learn, and claims nothing where there is nothing to measure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import classification_report

from unmask.evaluation.class_report import AVERAGES, accuracy_of, report_classes
from unmask.evaluation.tables import render_class_report

COUNTS = st.integers(0, 40)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_every_figure_is_that_of_scikit_learn(tn, fp, fn, tp):
    labels = np.repeat([0, 0, 1, 1], [tn, fp, fn, tp])
    called = np.repeat([0, 1, 0, 1], [tn, fp, fn, tp])
    if not {0, 1} <= set(labels) & set(called):
        return  # scikit-learn counts a rate of nothing as a number or leaves it out of the mean; see below
    expected = classification_report(labels, called, target_names=["real", "fake"], output_dict=True)
    found = {each.name: each for each in report_classes([[tn, fp], [fn, tp]])}
    for ours, theirs in {"real": "real", "fake": "fake", AVERAGES[0]: "macro avg", AVERAGES[1]: "weighted avg"}.items():
        line = found[ours]
        assert [line.precision, line.recall, line.f1] == pytest.approx(
            [expected[theirs][key] for key in ("precision", "recall", "f1-score")]
        )
        assert line.support == expected[theirs]["support"]
    assert accuracy_of([[tn, fp], [fn, tp]]) == pytest.approx(expected["accuracy"])


EMPTY_RATES = [
    # nothing was called fake: no precision of fake, and none on average
    ([[5, 0], [3, 0]], [5 / 8, None, None, None]),
    # no fakes at all: the plain mean has no recall to take, the weighted one has no fakes to weigh
    ([[4, 1], [0, 0]], [1.0, 0.0, 0.5, 1.0]),
    # no picture
    ([[0, 0], [0, 0]], [None, None, None, None]),
]


@pytest.mark.parametrize(("matrix", "precisions"), EMPTY_RATES)
def test_a_rate_of_nothing_is_none(matrix, precisions):
    assert [each.precision for each in report_classes(matrix)] == precisions


def test_the_table_has_a_line_for_each_class_the_accuracy_and_both_means():
    lines = render_class_report([[1999, 1], [0, 0]]).splitlines()
    assert lines[2] == "| real | 1.000 | 1.000 | 1.000 | 2,000 |"
    assert lines[3] == "| fake | 0.000 | – | 0.000 | 0 |"
    assert lines[4] == "| accuracy |  |  | 1.000 | 2,000 |"
    assert lines[5].startswith("| mean of the classes | 0.500 | – |")
