"""Every registered metric keeps the same promises; a new metric file is covered without an edit here."""

import inspect
import random
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from unmask.errors import MetricError
from unmask.metrics import METRICS

LABELS = [0] * 12 + [1] * 8
PERFECT = [float(label) for label in LABELS]  # right and certain: a metric of probabilities asks for both
INVERTED = [1 - score for score in PERFECT]
RANKED = [0.02 * i for i in range(12)] + [0.6 + 0.04 * i for i in range(8)]
OF_PROBABILITIES = ("brier_score", "expected_calibration_error", "aurc")

# A coarse grid makes ties frequent; the wide floats reach the corners.
scores = st.one_of(st.integers(0, 10).map(lambda n: n / 10), st.floats(0, 1))
both_classes = st.lists(st.tuples(st.integers(0, 1), scores), min_size=2, max_size=60).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def sklearn_eer(labels, values):
    """The usual recipe: the root of 1 - x = ROC(x)."""
    false_positive_rates, true_positive_rates, _ = sklearn.metrics.roc_curve(labels, values, drop_intermediate=False)
    return brentq(lambda x: 1 - x - np.interp(x, false_positive_rates, true_positive_rates), 0, 1)


def sklearn_tpr_at(most, labels, values):
    false_positive_rates, true_positive_rates, _ = sklearn.metrics.roc_curve(labels, values, drop_intermediate=False)
    return true_positive_rates[false_positive_rates <= most].max()


def find_oracle(name):
    """Return scikit-learn's function of the same name, where it has one."""
    renamed = {
        "auc": sklearn.metrics.roc_auc_score,
        "eer": sklearn_eer,
        "brier_score": sklearn.metrics.brier_score_loss,
        "tpr_at_1_percent_fpr": partial(sklearn_tpr_at, 0.01),
        "tpr_at_5_percent_fpr": partial(sklearn_tpr_at, 0.05),
    }
    return renamed.get(name) or getattr(sklearn.metrics, f"{name}_score", None)


@pytest.fixture(params=sorted(METRICS))
def metric(request):
    return METRICS[request.param]


def test_perfect_scores_give_the_best_value(metric):
    assert metric(LABELS, PERFECT) in (0.0, 1.0)


@pytest.mark.parametrize("name", sorted(set(METRICS) - set(OF_PROBABILITIES)))
def test_a_perfect_order_around_one_half_gives_the_best_value(name):
    assert METRICS[name](LABELS, RANKED) == METRICS[name](LABELS, PERFECT)


@pytest.mark.parametrize("name", OF_PROBABILITIES)
def test_a_score_that_is_no_probability_is_an_error_where_one_is_needed(name):
    with pytest.raises(MetricError, match="outside"):
        METRICS[name]([0, 1], [-3.0, 4.0])


def test_inverted_scores_give_a_far_worse_value(metric):
    assert abs(metric(LABELS, PERFECT) - metric(LABELS, INVERTED)) > 0.5


def test_order_of_the_pictures_does_not_matter(metric):
    rows = list(zip(LABELS, [round(random.Random(1).random(), 1) for _ in LABELS], strict=True))
    expected = metric(*zip(*rows, strict=True))
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert metric(*zip(*rows, strict=True)) == pytest.approx(expected, abs=1e-12)  # sums differ in the last bit


def test_equal_scores_give_a_finite_value_that_no_order_changes(metric):
    tied = [0.5] * len(LABELS)
    assert metric(LABELS, tied) == metric(LABELS[::-1], tied)
    assert 0 <= metric(LABELS, tied) <= 1


@pytest.mark.parametrize("name_and_label", [("real", 0), ("fake", 1)])
def test_one_class_is_an_error_that_names_the_missing_class(metric, name_and_label):
    name, label = name_and_label
    with pytest.raises(MetricError, match=f"All 3 labels are {name}, and a metric needs both classes"):
        metric([label] * 3, [0.1, 0.5, 0.9])


def test_a_score_that_is_no_number_is_an_error(metric):
    with pytest.raises(MetricError, match="not a finite number"):
        metric([0, 1], [float("nan"), 0.5])


def test_the_value_is_a_plain_float(metric):
    assert type(metric(np.array(LABELS), np.array(PERFECT, dtype=np.float32))) is float


@settings(max_examples=150, deadline=None)
@given(rows=both_classes)
@pytest.mark.parametrize("name", sorted(METRICS))
def test_agrees_with_scikit_learn(name, rows):
    oracle = find_oracle(name)
    if oracle is None:
        pytest.skip(f"scikit-learn has no {name}")
    labels, values = (np.array(column) for column in zip(*rows, strict=True))
    metric = METRICS[name]
    thresholded = "threshold" in inspect.signature(metric).parameters
    received = (values >= 0.5).astype(int) if thresholded else values
    options = {"zero_division": 0} if name in ("precision", "recall", "f1") else {}
    assert metric(labels, values) == pytest.approx(oracle(labels, received, **options), abs=1e-9)


WEIGHTED = [name for name in sorted(METRICS) if "weights" in inspect.signature(METRICS[name]).parameters]


@settings(max_examples=60)
@given(rows=both_classes, seed=st.integers(0, 9))
@pytest.mark.parametrize("name", WEIGHTED)
def test_weights_count_pictures_several_times(name, rows, seed):
    labels, values = (np.array(column) for column in zip(*rows, strict=True))
    times = np.random.default_rng(seed).integers(0, 4, size=(5, labels.size))
    taken = METRICS[name](labels, values, weights=times.astype(float))
    assert taken.shape == (5,)
    for row, value in zip(times, taken, strict=True):
        repeated = np.repeat(labels, row), np.repeat(values, row)
        if np.unique(repeated[0]).size == 2:
            assert value == pytest.approx(METRICS[name](*repeated), abs=1e-9)


def test_the_whole_registry_needs_numpy_alone():
    code = (
        "import sys; from unmask.metrics import METRICS; list(METRICS); "
        "print([m for m in ('torch', 'evaluate', 'datasets', 'sklearn', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
