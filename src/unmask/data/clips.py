"""Where a folder keeps its clips: as videos, or as folders of frames cut from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from unmask.media.images import find_images
from unmask.media.video_bytes import VIDEO_SUFFIXES

CLIP_SUFFIXES = VIDEO_SUFFIXES
# The folder names that data sets use, the furthest processed first.
KEPT_IN = ("faces", "frames", "images", "videos")


def find_clips(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every clip, or every frame of it, with the clip's name, sorted by path.

    The clips lie in the folder or in its `faces/`, `frames/`, `images/` or `videos/`, the first of these
    that it has: what is kept both as frames and as video is read once, as frames. A frame's clip is the
    folder it lies in (`055_147/0001.png`); a picture outside such a folder is a clip of its own.
    """
    inside = next((folder / name for name in KEPT_IN if (folder / name).is_dir()), folder)
    frames = find_images(inside)
    for path in frames:
        yield (path.stem if path.parent == inside else path.parent.name), path
    if not frames:
        for path in sorted(inside.rglob("*")):
            if path.suffix.lower() in CLIP_SUFFIXES and not path.name.startswith("."):
                yield path.stem, path
