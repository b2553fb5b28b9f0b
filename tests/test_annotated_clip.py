"""The annotated copy: boxes where the people are, also between judged frames, and none made up."""

from __future__ import annotations

import dataclasses
import os

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.annotated_clip import annotate_clip, box_at
from unmask.errors import DataError, UnreadableVideo
from unmask.media.marks import VERDICT_COLOURS, Mark, draw_marks
from unmask.media.video import read_frames
from unmask.schema import Box, PersonPrediction, VideoPrediction

GREY = np.full((121, 161, 3), 128, np.uint8)  # odd sides


def person(times, lefts):
    boxes = tuple(Box(left, 40, left + 30, 80) for left in lefts)
    return PersonPrediction(1, "fake", 0.9, tuple(times), (0.9,) * len(times), boxes)


def said(*people, duration=2.0, frames=4):
    return VideoPrediction("fake", 0.9, people, frames, frames, frames, duration, "", "haar", "tiny@0", 161, 121)


@pytest.mark.parametrize(
    ("time", "left"),
    [
        (1.0, 10),  # at a judged frame
        (1.25, 20),  # half way to the next
        (2.0, 50),  # at the last
        (0.8, 10),  # just before the first
        (2.2, 50),  # just after the last
        (0.5, None),  # long before: nobody looked
        (3.0, None),  # long after
    ],
)
def test_a_box_moves_in_a_line_between_judged_frames(time, left):
    box = box_at(person((1.0, 1.5, 2.0), (10, 30, 50)), time, space=0.5)
    assert (box and box.left) == left


@pytest.mark.parametrize(
    ("time", "left"),
    [
        (1.1, 10),  # near the frame before the gap
        (3.0, None),  # in the middle of it
        (4.9, 90),  # near the frame after it
    ],
)
def test_no_box_is_made_up_where_a_person_was_away(time, left):
    box = box_at(person((1.0, 5.0), (10, 90)), time, space=0.5)
    assert (box and box.left) == left


@given(st.lists(st.integers(0, 100), min_size=1, max_size=9, unique=True).map(sorted), st.floats(-1, 12))
def test_boxes_lie_between_their_neighbours(tenths, time):
    one = person([tenth / 10 for tenth in tenths], [7 * tenth for tenth in tenths])
    box = box_at(one, time, space=0.5)
    assert box is None or min(tenths) * 7 <= box.left <= max(tenths) * 7
    assert box is None or box.width == 30


def test_the_copy_has_every_frame_at_its_time_with_the_box_in_it(write_clip, tmp_path):
    stamps = [0, 100, 200, 500, 900, 1000, 1700, 1900]  # a varying rate
    clip = write_clip("clip.mkv", [GREY[:120, :160]] * 8, stamps=stamps)
    steps = []
    annotate_clip(clip, said(person((0.0, 1.0), (20, 100)), frames=2), tmp_path / "out.mp4", lambda *s: steps.append(s))
    frames = list(read_frames(tmp_path / "out.mp4", None))
    assert [frame.time for frame in frames] == pytest.approx([stamp / 1000 for stamp in stamps], abs=0.002)
    assert steps[-1] == (8, 8)
    ground = np.array(VERDICT_COLOURS["fake"][0])
    for number, left in ((0, 20), (2, 36), (5, 100)):
        assert np.abs(frames[number].pixels[60, left] - ground.astype(int)).max() < 40, number
        assert np.abs(frames[number].pixels[60, left + 15] - 128.0).max() < 20, number
    assert np.abs(frames[7].pixels[60] - 128.0).max() < 20  # long after the last judged frame
    with av.open(str(tmp_path / "out.mp4")) as out:
        assert [stream.codec_context.name for stream in out.streams] == ["h264"]
    assert [path.name for path in tmp_path.glob(".*")] == []


@pytest.mark.parametrize(
    ("side", "label"),
    [
        (900, ", strongly blurred"),  # there is room
        (160, ""),  # there is none: the verdict alone
    ],
)
def test_a_person_without_ground_is_marked_with_the_reason(write_clip, tmp_path, side, label):
    one = dataclasses.replace(person((0.0,), (20,)), verdict="uncertain", reasons=("strongly blurred",))
    ground = np.full((120, side, 3), 128, np.uint8)
    annotate_clip(write_clip("clip.mp4", [ground] * 2), said(one), tmp_path / "out.mp4")
    (frame, *_) = read_frames(tmp_path / "out.mp4", 1)
    expected = ground.copy()
    draw_marks(expected, [Mark(one.boxes[0], "1 uncertain 0.90" + label, "uncertain")])
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 3
    assert np.abs(frame.pixels.astype(int) - ground).mean() > 3


def test_odd_sides_and_a_turned_clip_are_written(write_clip, tmp_path):
    clip = write_clip("turned.mp4", [np.zeros((64, 98, 3), np.uint8)] * 3, rotation=90)
    annotate_clip(clip, said(), tmp_path / "out.mp4")
    (frame, *_) = read_frames(tmp_path / "out.mp4", None)
    assert frame.pixels.shape == (98, 64, 3)


def test_the_clip_itself_is_never_overwritten(write_clip):
    clip = write_clip("clip.mp4", [GREY[:120, :160]] * 2)
    before = clip.read_bytes()
    with pytest.raises(DataError, match="is the clip itself"):
        annotate_clip(clip, said(), clip)
    os.link(clip, clip.with_name("Clip.mp4.link"))  # as another case is, where the file system sees none
    with pytest.raises(DataError, match="is the clip itself"):
        annotate_clip(clip, said(), clip.with_name("Clip.mp4.link"))
    assert clip.read_bytes() == before


def test_a_clip_that_cannot_be_read_leaves_the_old_copy(write_clip, tmp_path):
    (tmp_path / "out.mp4").write_bytes(b"old")
    with pytest.raises(UnreadableVideo):
        annotate_clip(tmp_path / "missing.mp4", said(), tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == b"old"


def test_a_place_that_cannot_be_written_is_one_line(write_clip, tmp_path):
    clip = write_clip("clip.mp4", [GREY[:120, :160]] * 2)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="Could not write") as failure:
        annotate_clip(clip, said(), tmp_path / "file" / "out.mp4")
    assert "\n" not in str(failure.value)
