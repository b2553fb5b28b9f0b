"""Levels: whether a row of the scores is a picture, a frame of a clip, or a whole clip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unmask.calibration import verdict_of
from unmask.clips import pool_probabilities
from unmask.evaluation.scoring import UNREADABLE, ImageScore
from unmask.media.video_bytes import is_clip
from unmask.schema import DetectorSettings

PICTURE, FRAME, VIDEO, MIXED = "picture", "frame", "video", "mixed"
ITEMS = {PICTURE: "pictures", FRAME: "frames", VIDEO: "clips", MIXED: "pictures and clips"}
"""What the rows of each level are called."""


def level_of(rows: Sequence[ImageScore]) -> str:
    """Return what the rows of one data set are: `picture`, `frame`, `video`, or `mixed` with pictures beside clips.

    Pictures are frames where their `video_id` names a clip and not themselves, be it that one frame of each is scored.
    """
    clips = sum(is_clip(row.file) for row in rows)
    if clips:
        return VIDEO if clips == len(rows) else MIXED
    return FRAME if any(map(_is_frame, rows)) else PICTURE


def items_of(rows: Sequence[ImageScore]) -> str:
    """Return what the rows of one data set are called: pictures, frames or clips."""
    return ITEMS[level_of(rows)]


def videos_of(rows: Sequence[ImageScore], settings: DetectorSettings) -> list[ImageScore]:
    """Return what `pool_videos` makes of a data set of frames; none where it is of others, or of one frame each."""
    pooled = pool_videos(rows, settings) if level_of(rows) == FRAME else []
    return pooled if len(pooled) < len(rows) else []  # of one frame each, clips would say the same


def pool_videos(rows: Sequence[ImageScore], settings: DetectorSettings) -> list[ImageScore]:
    """Return one row a video, pooled from its frames as `Detector.predict_video` pools a person's.

    Its probability is that of the mean of its frames' logits, its verdict that of the thresholds; it is `uncertain`
    where most frames are although their probability lies beyond a threshold, for these leave no ground for a verdict.
    Frames without a probability do not count; a video that has none at all has none either. Frames of one video that
    differ in label are two videos.

    Args:
        rows: pictures of one data set; one without `video_id` is a video by itself.
        settings: the detector's, for its thresholds.
    """
    videos: dict[tuple[str, int], list[ImageScore]] = {}
    for row in rows:
        videos.setdefault(_video_of(row), []).append(row)
    return [_pool(video, frames, settings) for (video, _), frames in videos.items()]


def _is_frame(row: ImageScore) -> bool:
    """Say whether a picture is of a clip: layouts name one that is its own clip after its file."""
    file = Path(row.file)
    return bool(row.video_id) and Path(row.video_id).name not in (file.name, file.stem)


def _video_of(row: ImageScore) -> tuple[str, int]:
    return row.video_id or row.file, row.label


def _pool(video: str, frames: Sequence[ImageScore], settings: DetectorSettings) -> ImageScore:
    first, real, fake = frames[0], settings.real_threshold, settings.fake_threshold
    known = [(row.fake_probability, row.verdict) for row in frames if row.fake_probability is not None]
    if not known:
        verdict = UNREADABLE if all(row.verdict == UNREADABLE for row in frames) else "no_face"
        return ImageScore(video, first.label, None, verdict, first.source_id, first.method, video)
    pooled = pool_probabilities(value for value, _ in known)
    groundless = sum(said == "uncertain" != verdict_of(value, real, fake) for value, said in known)
    verdict = "uncertain" if 2 * groundless > len(known) else verdict_of(pooled, real, fake)
    return ImageScore(video, first.label, pooled, verdict, first.source_id, first.method, video)
