"""Figures with intervals."""

import numpy as np

from unmask.evaluation.intervals import arrays_of, measure, weighted_metrics
from unmask.evaluation.scoring import ImageScore
from unmask.metrics import METRICS


def row(file, label, score, source="s"):
    return ImageScore(file, label, score, "uncertain", source, "m")


def test_the_figures_are_the_metrics_own_and_lie_in_their_intervals(make_scores):
    labels, values, sources = arrays_of(make_scores(no_face=3).rows)
    found = measure(labels, values, sources, resamples=300, seed=0)
    assert found["reason"] is None
    for name in weighted_metrics():
        assert found["metrics"][name] == METRICS[name](labels, values)
        low, high = found["intervals"][name]
        if name != "expected_calibration_error":  # of which resamples have more, as its docstring says
            assert low <= found["metrics"][name] <= high


def test_one_class_has_no_figure_and_says_why(make_scores):
    found = measure(*arrays_of(make_scores(fakes=0).rows), resamples=100, seed=0)
    assert found["metrics"]["auc"] is None
    assert found["intervals"]["auc"] is None
    assert "both classes" in found["reason"]


def test_arrays_hold_what_has_a_probability():
    labels, values, sources = arrays_of([row("1", 1, 0.2, source="x"), row("2", 0, None), row("3", 0, 0.4, source="y")])
    assert labels.tolist() == [1, 0]
    assert np.allclose(values, [0.2, 0.4])
    assert sources == ["x", "y"]
