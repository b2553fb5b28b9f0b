"""What a row of the scores is of, and frames that are pooled to clips as the detector pools them."""

import math

import pytest
from tests.evaluation.conftest import SETTINGS

from unmask.clips import pool_probabilities
from unmask.evaluation.levels import level_of, pool_videos
from unmask.evaluation.scoring import ImageScore


def row(file, label, score, video="", verdict="uncertain"):
    return ImageScore(file, label, score, verdict, "s", "m", video)


LEVELS = [
    # pictures, each a video by itself
    ("picture", [row("1.png", 0, 0.1, "1"), row("2.png", 1, 0.2, "2")]),
    # pictures of a data set that names no video
    ("picture", [row("1.png", 0, 0.1), row("2.png", 0, 0.2)]),
    # named after their files, with the class before them
    ("picture", [row("real/1.png", 0, 0.1, "real/1"), row("fake/1.png", 1, 0.2, "fake/1")]),
    # one frame each of two clips
    ("frame", [row("1_07.png", 0, 0.1, "real/1"), row("2_04.png", 1, 0.2, "fake/2")]),
    # two pictures of one video
    ("frame", [row("1.png", 0, 0.1, "a"), row("2.png", 0, 0.2, "a"), row("3.png", 1, 0.2, "b")]),
    # clips, one of which could not be read
    ("video", [row("1.mp4", 0, 0.1, "a"), row("2.MOV", 1, None, "b", "unreadable")]),
    # both
    ("mixed", [row("1.png", 0, 0.1, "a"), row("2.mp4", 1, 0.9, "b")]),
]


@pytest.mark.parametrize(("level", "rows"), LEVELS)
def test_what_the_rows_are(level, rows):
    assert level_of(rows) == level


def test_a_video_is_the_mean_of_its_frames_logits_as_the_detector_pools_them():
    rows = [row("1", 1, 0.5, "a"), row("2", 1, 0.99, "a"), row("3", 1, None, "a"), row("4", 0, 0.3, "b")]
    first, second = pool_videos(rows, SETTINGS)
    assert (first.file, second.file) == ("a", "b")
    assert first.fake_probability == pytest.approx(1 / (1 + math.sqrt(0.01 / 0.99)))  # half the logit of 0.99
    assert first.fake_probability == pool_probabilities([0.5, 0.99])
    assert second.fake_probability == pytest.approx(0.3)


VERDICTS = [
    # both frames sure
    ("fake", [(0.9, "fake"), (0.8, "fake")]),
    # one frame is sure enough for both
    ("fake", [(0.99, "fake"), (0.6, "uncertain")]),
    # they contradict each other
    ("uncertain", [(0.9, "fake"), (0.1, "real")]),
    ("real", [(0.1, "real"), (0.2, "real")]),
    # most frames leave no ground for a verdict, such as small faces
    ("uncertain", [(0.9, "uncertain"), (0.9, "uncertain"), (0.9, "fake")]),
    # half of them do not take it away
    ("fake", [(0.9, "uncertain"), (0.9, "fake")]),
    # no face in any frame
    ("no_face", [(None, "no_face"), (None, "unreadable")]),
    ("unreadable", [(None, "unreadable")]),
]


@pytest.mark.parametrize(("verdict", "frames"), VERDICTS)
def test_a_videos_verdict_is_that_of_the_thresholds(verdict, frames):
    (video,) = pool_videos([row(str(n), 1, value, "a", said) for n, (value, said) in enumerate(frames)], SETTINGS)
    assert video.verdict == verdict


@pytest.mark.parametrize(
    ("rows", "videos"),
    [
        ([row("1", 0, 0.1), row("2", 0, 0.2)], 2),  # pictures of no video are their own
        ([row("1", 0, 0.1, "a"), row("2", 1, 0.2, "a")], 2),  # one name, two labels
    ],
)
def test_what_is_one_video(rows, videos):
    assert len(pool_videos(rows, SETTINGS)) == videos
