"""Figures with intervals, of pictures and of videos."""

import numpy as np
import pytest

from unmask.evaluation.intervals import arrays_of, measure, pool_videos, weighted_metrics
from unmask.evaluation.scoring import ImageScore
from unmask.metrics import METRICS


def row(file, label, score, video="", source="s"):
    return ImageScore(file, label, score, "uncertain", source, "m", video)


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


def test_a_video_is_the_mean_of_its_pictures():
    rows = [row("1", 1, 0.2, "a"), row("2", 1, 0.8, "a"), row("3", 1, None, "a"), row("4", 0, 0.3, "b")]
    assert [(each.file, each.fake_probability) for each in pool_videos(rows)] == [("a", 0.5), ("b", 0.3)]


@pytest.mark.parametrize(
    ("rows", "videos"),
    [
        ([row("1", 0, 0.1), row("2", 0, 0.2)], 2),  # pictures of no video are their own
        ([row("1", 0, 0.1, "a"), row("2", 1, 0.2, "a")], 2),  # one name, two labels
        ([row("1", 0, None, "a")], 0),  # no face in any picture
    ],
)
def test_what_is_one_video(rows, videos):
    assert len(pool_videos(rows)) == videos


def test_arrays_hold_what_has_a_probability():
    labels, values, sources = arrays_of([row("1", 1, 0.2, source="x"), row("2", 0, None), row("3", 0, 0.4, source="y")])
    assert labels.tolist() == [1, 0]
    assert np.allclose(values, [0.2, 0.4])
    assert sources == ["x", "y"]
