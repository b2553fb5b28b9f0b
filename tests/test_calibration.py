"""Temperature and thresholds keep what they promise on data drawn from known distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.calibration import (
    ENOUGH_OF_A_GROUP,
    ERROR_RATE,
    describe_promise,
    fake_probabilities,
    fit_temperature,
    fit_thresholds,
    verdict_of,
)
from unmask.errors import MetricError
from unmask.schema import FAKE, REAL, DetectorSettings


def draw_logits(count: int, temperature: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return logits [N, 2] whose labels follow softmax(logits / temperature), and the labels."""
    rng = np.random.default_rng(seed)
    difference = rng.normal(0, 2, count)
    labels = (rng.random(count) < 1 / (1 + np.exp(-difference))).astype(int)
    shared = rng.normal(0, 5, count)  # what both logits have in common must not matter
    return temperature * np.stack([shared, shared + difference], axis=1), labels


@pytest.mark.parametrize("temperature", [0.2, 0.7, 1.0, 2.5, 8.0])
def test_the_temperature_that_the_logits_were_made_with_is_found(temperature: float) -> None:
    logits, labels = draw_logits(40_000, temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.04)


@pytest.mark.parametrize("seed", range(3))
def test_the_temperature_is_the_minimum_that_scipy_finds(seed: int) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    logits, labels = draw_logits(500, 3.0, seed)

    def loss(temperature: float) -> float:
        rows = logits / temperature
        log_norm = np.logaddexp(rows[:, 0], rows[:, 1])
        return float(np.mean(log_norm - rows[np.arange(len(rows)), labels]))

    best = optimize.minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-8}).x
    assert fit_temperature(logits, labels) == pytest.approx(best, rel=1e-3)


def test_labels_that_are_told_apart_without_fault_give_the_lowest_temperature() -> None:
    logits = np.array([[5.0, -5.0], [-5.0, 5.0]])
    assert fit_temperature(logits, np.array([REAL, FAKE])) == pytest.approx(0.05, rel=1e-3)


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=1, max_size=20))
def test_probabilities_are_softmax_without_overflow(rows: list[tuple[float, float]]) -> None:
    logits = np.array(rows)
    found = fake_probabilities(logits)
    assert found.dtype == np.float64
    assert np.all((found >= 0) & (found <= 1))
    expected = np.exp(logits[:, FAKE] - np.logaddexp(logits[:, REAL], logits[:, FAKE]))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_thresholds_keep_their_promise_on_new_faces() -> None:
    """Over many draws, new reals score above the fake threshold, and fakes below the real one, at most at the rate."""
    rng = np.random.default_rng(0)
    labels = np.repeat([REAL, FAKE], 100)
    wrong_reals, wrong_fakes = [], []
    for _ in range(400):
        scores = np.concatenate([rng.beta(2, 4, 100), rng.beta(4, 2, 100)])
        real_threshold, fake_threshold = fit_thresholds(scores, labels)
        wrong_reals.append(np.mean(rng.beta(2, 4, 500) > fake_threshold))
        wrong_fakes.append(np.mean(rng.beta(4, 2, 500) < real_threshold))
    for wrong in (wrong_reals, wrong_fakes):
        assert np.mean(wrong) <= ERROR_RATE + 0.004  # the simulation's own spread
        assert np.mean(wrong) >= ERROR_RATE - 0.02  # and not bought with thresholds that say nothing


def test_thresholds_of_twenty_scores_each_are_these_order_statistics() -> None:
    reals, fakes = np.linspace(0.0, 0.57, 20), np.linspace(0.43, 1.0, 20)
    scores, labels = np.concatenate([reals, fakes]), np.repeat([REAL, FAKE], 20)
    # ceil(21 x 0.95) = 20: the highest real; floor(21 x 0.05) = 1: the lowest fake.
    assert fit_thresholds(scores, labels) == (pytest.approx(0.43), pytest.approx(0.57))


def test_too_few_faces_to_promise_anything_never_give_a_verdict() -> None:
    scores, labels = np.array([0.1, 0.2, 0.8, 0.9]), np.array([REAL, REAL, FAKE, FAKE])
    assert fit_thresholds(scores, labels) == (0.0, 1.0)
    assert verdict_of(0.99, 0.0, 1.0) == "uncertain"


def test_classes_far_apart_share_one_threshold_in_the_middle() -> None:
    scores = np.concatenate([np.full(50, 0.1), np.full(50, 0.9)])
    low, high = fit_thresholds(scores, np.repeat([REAL, FAKE], 50))
    assert low == high == pytest.approx(0.5)


def test_thresholds_keep_their_promise_in_every_group() -> None:
    """A hard group of a quarter of the faces: pooled thresholds err too often in it, thresholds by group do not."""
    rng = np.random.default_rng(1)
    labels = np.tile(np.repeat([REAL, FAKE], 200), 4)
    groups = np.repeat(["hard", "easy", "easy", "easy"], 400)
    shift = np.where(groups == "hard", 0.5, 2.0)

    def draw() -> np.ndarray:
        return 1 / (1 + np.exp(-np.where(labels == FAKE, shift, -shift) - rng.normal(0, 1, len(labels))))

    wrong: dict[str, list[float]] = {"pooled": [], "by group": []}
    for _ in range(60):
        seen, new = draw(), draw()
        hard_reals = new[(groups == "hard") & (labels == REAL)]
        wrong["pooled"].append(np.mean(hard_reals > fit_thresholds(seen, labels)[1]))
        wrong["by group"].append(np.mean(hard_reals > fit_thresholds(seen, labels, groups)[1]))
    assert np.mean(wrong["by group"]) <= ERROR_RATE + 0.006
    assert np.mean(wrong["pooled"]) > 2 * ERROR_RATE


def test_a_group_of_few_faces_counts_in_the_mixture_only() -> None:
    scores = np.concatenate([np.linspace(0, 0.4, 100), np.linspace(0.6, 1, 100), np.full(5, 0.99)])
    labels = np.repeat([REAL, FAKE, REAL], [100, 100, 5])
    groups = np.repeat(["many", "few"], [200, 5])
    assert fit_thresholds(scores, labels, groups) == fit_thresholds(scores, labels)


@pytest.mark.parametrize("label", [REAL, FAKE])
def test_one_class_alone_is_an_error(label: int) -> None:
    with pytest.raises(MetricError, match="one class is missing"):
        fit_thresholds(np.array([0.1, 0.2]), np.array([label, label]))


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [
        (0.0, "real"),  # as sure as can be
        (0.29, "real"),  # below the real threshold
        (0.3, "uncertain"),  # on it: not below
        (0.5, "uncertain"),  # between the two
        (0.8, "uncertain"),  # on the fake threshold: not above
        (0.81, "fake"),  # above it
        (1.0, "fake"),  # as sure as can be
    ],
)
def test_verdicts_with_thresholds_at_0_3_and_0_8(probability: float, verdict: str) -> None:
    assert verdict_of(probability, 0.3, 0.8) == verdict


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({}, ()),  # an older folder states none
        ({"error_rate": 0.07}, ("at most 7 % of the real faces", "at most 7 % of the fake ones")),  # one for both
        ({"error_rate": 0.04, "miss_rate": 0.075}, ("at most 4 % of the real faces", "at most 7.5 % of the fake ones")),
    ],
)
def test_the_promise_names_the_rates_that_the_detector_states(rates: dict[str, float], said: tuple[str, ...]) -> None:
    settings = DetectorSettings(1, "any", 0.1, 1.0, 0.4, 0.6, "max", (), "", "mit", **rates)  # type: ignore[arg-type]
    promise = describe_promise(settings)
    assert all(words in promise for words in said)
    assert not said or f"each validation data set with at least {ENOUGH_OF_A_GROUP} faces of a class" in promise
    assert bool(promise) == bool(said)
