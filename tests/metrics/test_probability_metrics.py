"""Metrics of probabilities and of rare false alarms, on values worked out by hand."""

import numpy as np
import pytest

from unmask.metrics.brier_score import brier_score
from unmask.metrics.calibration_error import bin_of, expected_calibration_error
from unmask.metrics.selective_risk import aurc, risk_coverage
from unmask.metrics.tpr_at_fpr import tpr_at_fpr


def test_always_saying_one_half_scores_a_quarter():
    assert brier_score([0, 1, 1], [0.5] * 3) == 0.25


def test_the_calibration_error_weighs_bins_by_their_pictures():
    # three pictures at 0.9 of which two are fake, one at 0.1 that is real
    assert expected_calibration_error([1, 1, 0, 0], [0.9, 0.9, 0.9, 0.1]) == pytest.approx(0.75 * 0.7 / 3 + 0.25 * 0.1)


def test_a_calibrated_detector_has_little_calibration_error():
    probabilities = np.random.default_rng(0).uniform(size=20_000)
    labels = np.random.default_rng(1).uniform(size=20_000) < probabilities
    assert expected_calibration_error(labels.astype(int), probabilities) < 0.015


def test_the_first_and_the_last_bin_hold_the_ends():
    assert bin_of(np.array([0.0, 1 / 15, 0.999, 1.0])).tolist() == [0, 1, 14, 14]


@pytest.mark.parametrize(
    ("most", "rate"),
    [
        (0.0, 0.25),  # only the highest score stands above all reals
        (0.49, 0.25),  # one real in two is too many
        (0.5, 0.75),  # and here it is allowed
        (1.0, 1.0),  # everything is called fake
    ],
)
def test_tpr_at_a_rate_of_false_alarms(most, rate):
    assert tpr_at_fpr([1, 0, 1, 1, 0, 1], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], most) == rate


def test_errors_among_the_surest():
    coverages, risks = risk_coverage([0, 1, 1, 0], [0.05, 0.9, 0.3, 0.6])
    assert coverages.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risks == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert aurc([0, 1, 1, 0], [0.05, 0.9, 0.3, 0.6]) == pytest.approx((1 / 3 + 1 / 2) / 4)


def test_equally_sure_pictures_enter_together():
    coverages, risks = risk_coverage([0, 1, 1], [0.25, 0.75, 0.25])
    assert coverages.tolist() == [1.0]
    assert risks == pytest.approx([1 / 3])
