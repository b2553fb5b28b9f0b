"""Frames become a clip that gives the same frames back, at any size."""

from __future__ import annotations

import numpy as np
import pytest

from unmask.errors import DataError
from unmask.media.marks import Mark, draw_marks
from unmask.media.video import VideoFrame, read_frames
from unmask.media.video_writing import write_video
from unmask.schema import Box


def plain(time, width, height, level):
    return VideoFrame(time, np.full((height, width, 3), level, np.uint8))


@pytest.mark.parametrize(
    ("size", "written"),
    [
        ((64, 48), (64, 48)),  # even sides
        ((65, 47), (66, 48)),  # odd ones: a row and a column more
    ],
)
def test_frames_come_back_with_their_times(tmp_path, size, written):
    times = [0.0, 0.04, 0.5, 2.0]
    assert write_video(tmp_path / "a.mp4", (plain(t, *size, 40 + 50 * n) for n, t in enumerate(times))) == 4
    frames = list(read_frames(tmp_path / "a.mp4", None))
    assert [frame.time for frame in frames] == pytest.approx(times, abs=1e-3)
    assert [frame.pixels.mean() for frame in frames] == pytest.approx([40, 90, 140, 190], abs=4)
    assert frames[0].pixels.shape[1::-1] == written


def test_frames_of_another_size_are_scaled_to_the_first(tmp_path):
    write_video(tmp_path / "a.mp4", [plain(0, 64, 48, 50), plain(1, 128, 96, 50)])
    assert [frame.pixels.shape for frame in read_frames(tmp_path / "a.mp4", None)] == [(48, 64, 3)] * 2


def test_a_size_that_h264_does_not_take_is_told_as_such(tmp_path):
    with pytest.raises(DataError, match="takes no frames of 40000 x 200 pixels"):
        write_video(tmp_path / "a.mp4", [plain(0, 40000, 200, 50)])
    assert list(tmp_path.iterdir()) == []


def test_an_error_on_the_way_leaves_no_file(tmp_path):
    def frames():
        yield plain(0, 64, 48, 50)
        raise DataError("enough")

    with pytest.raises(DataError, match="enough"):
        write_video(tmp_path / "a.mp4", frames())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "box",
    [
        Box(20, 60, 60, 110),  # room above for the text
        Box(0, 0, 40, 40),  # none above
        Box(140, 100, 300, 300),  # beyond the corner
        Box(-50, -50, 400, 400),  # round the whole picture
    ],
)
def test_marks_never_leave_the_picture(box):
    image = np.full((120, 160, 3), 128, np.uint8)
    draw_marks(image, [Mark(box, "12 uncertain 0.50", "uncertain")])
    assert (image == (240, 228, 66)).all(axis=-1).any()
