"""The average over a stream: as the formula says, the same at any frame rate, never stuck."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.schema import Caution
from unmask.web.smoothing import FORGET_AFTER, HALF_LIFE, Smoothed, smooth

probabilities = st.floats(0, 1)


def run(frames: list[tuple[float, float | None]]) -> Smoothed | None:
    average = None
    for time, probability in frames:
        average = smooth(average, probability, time)
    return average


def test_the_first_frame_counts_whole() -> None:
    assert smooth(None, 0.8, 5.0).fake_probability == pytest.approx(0.8)  # type: ignore[union-attr]


def test_after_a_half_life_old_and_new_weigh_the_same() -> None:
    average = run([(0.0, 0.9), (HALF_LIFE, 0.5)])
    assert average is not None
    assert average.fake_probability == pytest.approx(0.75)  # half the logit of 0.9, which is ln 9


@pytest.mark.parametrize("rate", [2, 5, 25])
def test_the_verdict_does_not_hang_on_the_frame_rate(rate: int) -> None:
    frames = [(0.0, 0.9), *((frame / rate, 0.1) for frame in range(1, 2 * rate + 1))]
    average = run(frames)  # type: ignore[arg-type]
    assert average is not None
    assert average.fake_probability == pytest.approx(0.25)  # after two half-lives: a half of -ln 9


@given(st.lists(st.tuples(st.floats(0, 1), probabilities), min_size=1, max_size=30))
def test_it_stays_between_the_least_and_the_most_that_was_seen(steps: list[tuple[float, float]]) -> None:
    time, frames = 0.0, []
    for step, probability in steps:
        time += step
        frames.append((time, probability))
    average = run(frames)  # type: ignore[arg-type]
    assert average is not None
    seen = [min(max(probability, 1e-4), 1 - 1e-4) for _, probability in frames]
    assert min(seen) - 1e-9 <= average.fake_probability <= max(seen) + 1e-9


def test_one_certain_frame_does_not_decide_for_long() -> None:
    frames = [(0.0, 0.2), (0.2, 1.0), *((0.2 * frame, 0.2) for frame in range(2, 22))]
    average = run(frames)  # type: ignore[arg-type]
    assert average is not None
    assert average.fake_probability < 0.25


def test_a_glance_away_keeps_the_average_and_a_long_absence_ends_it() -> None:
    before = smooth(None, 0.9, 0.0)
    assert smooth(before, None, FORGET_AFTER / 2) == before
    assert smooth(before, None, FORGET_AFTER + 0.1) is None
    assert smooth(before, 0.1, FORGET_AFTER + 0.1).fake_probability == pytest.approx(0.1)  # type: ignore[union-attr]


def test_a_clock_that_stands_still_leaves_the_average() -> None:
    average = run([(1.0, 0.9), (1.0, 0.1)])
    assert average is not None
    assert average.fake_probability == pytest.approx(0.9)


SMALL, BLURRED = Caution("small", True), Caution("blurred", False)


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([(0.0, ())], ()),  # nothing speaks against it
        ([(0.0, (SMALL,))], (SMALL,)),  # the only frame
        ([(0.0, ()), (0.2, ()), (0.4, (SMALL,))], (SMALL,)),  # the last face counts at once
        ([(0.0, (SMALL,)), (0.2, (SMALL,)), (0.4, ())], (SMALL,)),  # most of the faces lately
        ([(0.0, (SMALL,)), (0.2, ()), (0.4, ())], ()),  # few of them
        ([(0.0, (SMALL,)), (2.9, (SMALL,)), (5.9, ())], ()),  # too long ago: as many as not
        ([(0.0, (SMALL,)), (0.2, (SMALL,)), (0.4, (BLURRED,))], (SMALL, BLURRED)),  # the weightier first
    ],
)
def test_what_speaks_against_the_last_or_most_faces_lately_counts(
    frames: list[tuple[float, tuple[Caution, ...]]], expected: tuple[Caution, ...]
) -> None:
    average = None
    for time, cautions in frames:
        average = smooth(average, 0.5, time, cautions)
    assert average is not None
    assert average.cautions == expected


def test_a_long_stream_remembers_only_its_last_seconds() -> None:
    average = None
    for frame in range(1000):
        average = smooth(average, 0.5, frame / 10)
    assert average is not None
    assert len(average.frames) <= FORGET_AFTER * 10 + 1
