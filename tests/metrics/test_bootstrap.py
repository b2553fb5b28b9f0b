"""Intervals that hold what they promise: by source, seeded, whatever portions they are drawn in."""

import numpy as np
import pytest

from unmask.metrics import bootstrap
from unmask.metrics.bootstrap import bootstrap_intervals, draw_weights


def test_a_source_brings_all_its_pictures():
    (weights,) = draw_weights(["a", "b", "a", "c"], resamples=200)
    assert weights.shape == (200, 4)
    assert np.array_equal(weights[:, 0], weights[:, 2])
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all(), "as many sources as there are"


def test_the_seed_and_nothing_else_decides_the_draw(monkeypatch):
    whole = np.concatenate(list(draw_weights("abcde", resamples=50, seed=4)))
    monkeypatch.setattr(bootstrap, "MOST_AT_ONCE", 35)
    portions = list(draw_weights("abcde", resamples=50, seed=4))
    assert len(portions) > 5
    assert np.array_equal(np.concatenate(portions), whole)
    assert not np.array_equal(np.concatenate(list(draw_weights("abcde", resamples=50, seed=5))), whole)


def test_the_interval_of_a_mean_is_that_of_theory():
    values = np.random.default_rng(0).normal(size=400)
    found = bootstrap_intervals(lambda w: {"mean": w @ values / 400}, [str(i) for i in range(400)], resamples=4000)
    expected = 1.96 * values.std() / 20
    assert found["mean"] == pytest.approx([values.mean() - expected, values.mean() + expected], abs=0.01)


def test_pictures_that_repeat_each_other_widen_the_interval():
    values = np.random.default_rng(0).normal(size=50).repeat(8)

    def width(sources):
        low, high = bootstrap_intervals(lambda w: {"mean": w @ values / w.sum(axis=1)}, sources)["mean"]
        return high - low

    by_source, by_picture = width([str(i // 8) for i in range(400)]), width([str(i) for i in range(400)])
    assert by_source == pytest.approx(np.sqrt(8) * by_picture, rel=0.15)


@pytest.mark.parametrize(
    "figure",
    [
        lambda w: np.full(len(w), 0.25),  # the same on all resamples: they say nothing of how it varies
        lambda w: np.where(np.arange(len(w)) % 3 == 0, w[:, 0], np.nan),  # could mostly not be taken
    ],
)
def test_a_figure_without_an_interval_has_none(figure):
    assert bootstrap_intervals(lambda w: {"figure": figure(w)}, "abc") == {"figure": None}
