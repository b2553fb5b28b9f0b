"""The bounds of an AUC hold what they promise, also on few samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from unmask.data.audit.auc_bounds import auc_bounds

SIZES = st.integers(1, 5000)


@given(auc=st.floats(0, 1), reals=SIZES, fakes=SIZES)
def test_bounds_hold_the_auc_and_stay_in_range(auc, reals, fakes):
    lower, upper = auc_bounds(auc, reals, fakes)
    assert 0 <= lower <= auc <= upper <= 1


@given(auc=st.floats(0.5, 1), number=st.integers(2, 500))
def test_more_samples_make_surer(auc, number):
    few, many = auc_bounds(auc, number, number), auc_bounds(auc, 4 * number, 4 * number)
    assert many[0] >= few[0] - 1e-3


@pytest.mark.parametrize(("number", "most"), [(5, 0.6), (10, 0.75), (50, 0.95)])
def test_a_perfect_auc_on_few_samples_is_not_certain(number, most):
    assert auc_bounds(1.0, number, number)[0] < most


def test_chance_stays_below_a_warning():
    """Of 100 draws of 12 + 12 scores without meaning, no lower bound reaches 0.6."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 12)
    aucs = [roc_auc_score(labels, rng.random(24)) for _ in range(100)]
    assert sum(auc_bounds(auc, 12, 12)[0] >= 0.6 for auc in aucs) == 0
