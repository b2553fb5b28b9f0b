"""A clip with what was said of it drawn in: each person's box, number, verdict and probability, in every frame."""

from __future__ import annotations

import dataclasses
import os
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from unmask.errors import DataError
from unmask.files import is_same_file
from unmask.media.marks import Mark, draw_marks
from unmask.schema import Box, PersonPrediction, VideoPrediction
from unmask.verdicts import is_groundless

if TYPE_CHECKING:
    from unmask.media.video import VideoFrame, VideoFrames

LONGEST_GAP = 2.5
"""In spaces between judged frames: where a person was not seen for longer, no box is made up."""


def annotate_clip(
    path: str | os.PathLike[str],
    prediction: VideoPrediction,
    output: str | os.PathLike[str],
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write the clip to an MP4 (H.264, without sound) with a box and a text on every person.

    Between judged frames the boxes move in straight lines. Frames that are damaged are left out. One frame
    is in memory at a time.

    Args:
        path: The clip.
        prediction: What `Detector.predict_video` said of it.
        output: Where to; written aside and renamed when it is whole.
        progress: Called with the frames written so far and the frames there are.

    Raises:
        UnreadableVideo: The clip cannot be read.
        DataError: The output is the clip itself, or cannot be written.
    """
    from unmask.media.video import read_frames
    from unmask.media.video_writing import write_video

    if is_same_file(output, path):
        raise DataError(f"{output} is the clip itself. Name another file for the annotated one.")
    clip = read_frames(path, None, threads=2)
    write_video(Path(output), _drawn(clip, prediction, progress))


def box_at(person: PersonPrediction, time: float, space: float) -> Box | None:
    """Return where a person's face is at a time in seconds, None where that is not known.

    Args:
        person: With at least one judged frame.
        time: In seconds from the clip's first frame.
        space: Seconds between two judged frames of the clip.
    """
    place = bisect_right(person.times, time)
    before, after = max(0, place - 1), min(place, len(person.times) - 1)
    start, end = person.times[before], person.times[after]
    if not start <= time <= end or end - start > LONGEST_GAP * space:
        near = min((before, after), key=lambda index: abs(person.times[index] - time))
        return person.boxes[near] if abs(person.times[near] - time) <= space / 2 else None
    share = (time - start) / (end - start) if end > start else 0.0
    edges = zip(person.boxes[before].as_list(), person.boxes[after].as_list(), strict=True)
    return Box(*(round(first + share * (last - first)) for first, last in edges))


def _drawn(
    clip: VideoFrames, prediction: VideoPrediction, progress: Callable[[int, int], None] | None
) -> Iterator[VideoFrame]:
    space = prediction.duration / prediction.frames_wanted
    for number, frame in enumerate(clip, 1):
        pixels = frame.pixels.copy()
        draw_marks(pixels, _marks(prediction, frame.time, space))
        yield dataclasses.replace(frame, pixels=pixels)
        if progress is not None:
            progress(number, clip.wanted)


def _marks(prediction: VideoPrediction, time: float, space: float) -> list[Mark]:
    found = [(person, box_at(person, time, space)) for person in prediction.people]
    return [_mark(person, box) for person, box in found if box is not None]


def _mark(person: PersonPrediction, box: Box) -> Mark:
    """Return the box with number, verdict and probability, and what leaves no ground for a verdict."""
    text = f"{person.number} {person.verdict} {person.fake_probability:.2f}"
    note = f", {person.reasons[0]}" if is_groundless(person.verdict, person.reasons) else ""
    return Mark(box, text, person.verdict, note)
