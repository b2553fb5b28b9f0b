"""Video files: what is checked of a clip before any library opens it.

FFmpeg chooses a reader by the content and would take a text file for a playlist that names other files
or addresses, so the container is told from its first bytes here and named to FFmpeg.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from unmask.errors import UnreadableVideo
from unmask.media.image_bytes import is_picture, one_line

MAX_FILE_BYTES = 4 * 2**30
MAX_PIXELS = 36_000_000  # 8K is 33 million; one frame of these is 108 MB of RGB
MAX_FRAMES = 2_000_000  # nine hours at 60 frames a second
MAX_SECONDS = 12 * 60 * 60

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".3gp", ".avi", ".mkv", ".webm", ".ts", ".mts", ".m2ts"})
"""What a folder's clips are called; the reader looks at the content instead."""

_CONTAINERS = (
    (re.compile(rb"....(ftyp|moov|mdat|wide|free|skip)", re.DOTALL), "mov"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "matroska"),
    (re.compile(rb"RIFF....AVI ", re.DOTALL), "avi"),
    (re.compile(rb"\x47.{187}\x47.{187}\x47", re.DOTALL), "mpegts"),
    (re.compile(rb".{4}\x47.{191}\x47.{191}\x47", re.DOTALL), "mpegts"),  # a camcorder's: each packet after its time
)
_START_BYTES = 3 * 192
"""What the longest signature looks at."""


def is_clip(path: str | os.PathLike[str]) -> bool:
    """Say whether a file is a video by its name."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def holds_clip(path: Path) -> bool:
    """Say whether a file is a video by its first bytes, whatever its name."""
    try:
        find_container(path)
    except VideoRefusal:
        return False
    return True


class VideoRefusal(UnreadableVideo):
    """Why a clip is not read and what to do, still without its name."""


def find_container(path: Path) -> str:
    """Return FFmpeg's name of a file's container: `mov` (MP4 too), `matroska` (WebM too), `avi` or `mpegts`.

    Raises:
        VideoRefusal: The file is missing, no regular file, empty, too large, or another format.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe or device could block for ever
            raise VideoRefusal("it is not a regular file. Give a video file.")
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
    except FileNotFoundError as error:
        raise VideoRefusal("there is no such file. Check the path and try again.") from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise VideoRefusal(f"{one_line(reason)}. Check the path and its permissions.") from error
    if not start:
        raise VideoRefusal("it is empty. Save the clip again and try once more.")
    if status.st_size > MAX_FILE_BYTES:
        raise VideoRefusal(f"it is larger than {MAX_FILE_BYTES // 2**30} GiB. Cut it and try again.")
    if container := container_of(start):
        return container
    if is_picture(start):
        raise VideoRefusal("it is a picture, not a clip. Have it judged as a picture, or give a clip.")
    raise VideoRefusal("not an MP4, MOV, MKV, WebM, AVI or MPEG-TS file. Re-encode it to MP4 and try again.")


def container_of(start: bytes) -> str | None:
    """Return the name of the container that begins with these bytes, None of a picture and of all else."""
    if is_picture(start):  # HEIC and AVIF stand in the same container as MP4
        return None
    return next((container for signature, container in _CONTAINERS if signature.match(start)), None)


def check_frame_size(width: int, height: int) -> None:
    """Refuse frames without pixels or with more than can be worked on."""
    if width < 1 or height < 1:
        raise VideoRefusal("its frames have no size. Try another copy of it.")
    if width * height > MAX_PIXELS:
        raise VideoRefusal(f"its frames have more than {MAX_PIXELS // 10**6} megapixels. Scale it down and try again.")


def check_length(frames: int, seconds: float) -> None:
    """Refuse a clip that would take hours to read."""
    if frames > MAX_FRAMES:
        raise VideoRefusal(f"it has more than {MAX_FRAMES:,} frames. Cut it and try again.")
    if not 0 <= seconds <= MAX_SECONDS:
        raise VideoRefusal(f"its time stamps span more than {MAX_SECONDS // 3600} hours. Cut or re-encode it.")


def name_of(path: str | os.PathLike[str]) -> str:
    """Return how an error names a clip; the folder is left out, so that no page shows server paths."""
    return one_line(Path(path).name or str(path))
