"""Writing clips: frames with their times to an H.264 MP4 that browsers play, one frame in memory at a time."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext

from unmask.errors import DataError
from unmask.files import written_aside
from unmask.media.video import VideoFrame

TICK = Fraction(1, 90_000)
"""Of time stamps, fine enough for every usual frame rate."""
OPTIONS = {"preset": "veryfast", "crf": "20"}


def write_video(path: Path, frames: Iterable[VideoFrame], threads: int = 2) -> int:
    """Write frames as an MP4 without sound, whole or not at all, and return how many there were.

    The first frame's size is that of the clip (made even, as H.264 wants it); frames of another size are
    scaled to it. Times are kept, so a varying frame rate stays what it was.

    Args:
        path: Where to; a file that is there is replaced once the new one is whole.
        frames: In rising order of their times; without any, no file is written.
        threads: Of the encoder.

    Raises:
        DataError: the file cannot be written, the disk is full, or H.264 takes no frames of that size.
    """
    count = 0
    with written_aside(path) as aside:
        try:
            with av.open(str(aside), "w", format="mp4", options={"movflags": "faststart"}) as out:
                stream = out.add_stream("libx264", options=OPTIONS)
                stream.pix_fmt, stream.time_base = "yuv420p", TICK
                stream.codec_context.time_base, stream.codec_context.thread_count = TICK, threads
                for frame in frames:
                    if count == 0:
                        stream.height, stream.width = (side + side % 2 for side in frame.pixels.shape[:2])
                        _open_encoder(stream.codec_context)
                    pixels = _fit(frame.pixels, stream.width, stream.height)
                    picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                    picture.pts, picture.time_base = round(frame.time / TICK), TICK
                    out.mux(stream.encode(picture))
                    count += 1
                if count:
                    out.mux(stream.encode(None))
        except av.error.FFmpegError as error:
            raise OSError(error.errno or errno.EIO, error.strerror or os.strerror(errno.EIO)) from error
    return count


def _open_encoder(codec: VideoCodecContext) -> None:
    """Open the encoder before any frame, so that its refusal is not taken for a failure to write."""
    try:
        codec.open()
    except av.error.FFmpegError as error:
        raise DataError(
            f"H.264 takes no frames of {codec.width} x {codec.height} pixels. Scale the clip down and try again."
        ) from error


def _fit(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return pixels at the clip's size: a last row or column is repeated for an odd side, else they are scaled."""
    high, wide = pixels.shape[:2]
    if (wide + wide % 2, high + high % 2) != (width, height):
        return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    if (wide, high) == (width, height):
        return pixels
    return cv2.copyMakeBorder(pixels, 0, height - high, 0, width - wide, cv2.BORDER_REPLICATE)
