"""The figures open as pictures of their size and change with the scores."""

import io

import numpy as np
import pytest
from PIL import Image

from unmask.evaluation.plots import draw_figures, draw_histogram

THRESHOLDS = {"real": 0.3, "fake": 0.7}


def test_both_classes_give_three_figures(make_scores):
    figures = draw_figures(make_scores(), THRESHOLDS)
    assert set(figures) == {"roc", "histogram", "confusion_matrix"}
    for png in figures.values():
        image = Image.open(io.BytesIO(png))
        assert image.format == "PNG"
        assert min(image.size) > 400
        assert np.asarray(image.convert("L")).std() > 5


@pytest.mark.parametrize(
    ("counts", "kinds"),
    [
        # one class has no ROC curve
        ({"fakes": 0}, {"histogram", "confusion_matrix"}),
        # nothing scored, nothing drawn
        ({"reals": 0, "fakes": 0, "no_face": 3}, set()),
    ],
)
def test_only_what_the_scores_allow_is_drawn(make_scores, counts, kinds):
    assert set(draw_figures(make_scores(**counts), THRESHOLDS)) == kinds


@pytest.mark.parametrize("thresholds", [{"real": 0.5, "fake": 0.5}, {"real": 0.02, "fake": 0.97}])
def test_narrow_zones_are_drawn_without_a_complaint(make_scores, thresholds):
    assert draw_histogram(*make_scores().labels_and_scores(), thresholds, "narrow").startswith(b"\x89PNG")


def test_the_zones_follow_the_thresholds(make_scores):
    labels, scores = make_scores().labels_and_scores()
    assert draw_histogram(labels, scores, THRESHOLDS, "t") != draw_histogram(
        labels, scores, {"real": 0.2, "fake": 0.7}, "t"
    )
