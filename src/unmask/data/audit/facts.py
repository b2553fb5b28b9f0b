"""What is measured of one file: all that an audit needs and nothing of the face itself."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, JpegImagePlugin

from unmask.data.audit.hashing import perceptual_hash
from unmask.data.clips import CLIP_SUFFIXES
from unmask.errors import MediaError, UnreadableImage
from unmask.media.image_bytes import check_size, decoding, open_image, read_bytes
from unmask.media.images import read_image

HEAD_BYTES = 2**18
"""What of a file is read for its header; a header that reaches further costs a second, whole read."""
_SUBSAMPLING = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}
# The luminance table of the JPEG standard (ITU-T T.81, table K.1) has this mean; libjpeg scales it by quality.
_STANDARD_MEAN = 57.625


@dataclass(frozen=True)
class Facts:
    """One file's facts. `problem` says why a file could not be read; the rest is then empty.

    `tables` are the JPEG's quantisation tables one after the other (64 values each), `digest` is one of the
    decoded pixels, so that it looks past metadata, and `brightness` and `contrast` are mean and standard
    deviation of the grey levels, in [0, 255]. The last four are None where only the header was read.
    """

    problem: str = ""
    format: str = ""
    mode: str = ""
    width: int = 0
    height: int = 0
    file_bytes: int = 0
    tables: tuple[int, ...] = ()
    subsampling: str = ""
    brightness: float | None = None
    contrast: float | None = None
    digest: str | None = None
    hash: np.ndarray | None = None

    @property
    def quality(self) -> float | None:
        """The quality setting, 1 to 100, at which libjpeg writes a table like this; None without a table."""
        if not self.tables:
            return None
        percent = 100 * float(np.mean(self.tables[:64])) / _STANDARD_MEAN
        return round(5000 / percent if percent > 100 else (200 - percent) / 2, 1)


def read_facts(path: str) -> Facts:
    """Decode a picture and return its facts; a bad file gives its problem, never an error.

    A clip is taken as a file: size and digest alone.
    """
    try:
        if _is_clip(path):
            return _clip_facts(Path(path))
        data = read_bytes(path)
        image = open_image(data)
        facts = _header_facts(image, len(data))
        return _with_pixels(facts, read_image(image))
    except (MediaError, OSError) as error:
        return Facts(problem=_reason(error, path))
    except MemoryError:
        return Facts(problem="there is not enough memory to decode it.")


def read_header_facts(path: str) -> Facts:
    """Return what a picture's header says, without decoding a pixel; a bad file gives its problem."""
    try:
        size = _file_size(Path(path))
        if _is_clip(path):
            return Facts(format=Path(path).suffix[1:].upper(), file_bytes=size)
        try:
            with Path(path).open("rb") as file:
                image = open_image(file.read(HEAD_BYTES))
        except UnreadableImage:
            image = open_image(read_bytes(path))
        return _header_facts(image, size)
    except (MediaError, OSError) as error:
        return Facts(problem=_reason(error, path))


def _is_clip(path: str) -> bool:
    return Path(path).suffix.lower() in CLIP_SUFFIXES


def _file_size(path: Path) -> int:
    """Return the size of a regular file; a pipe or device could block for ever when opened."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableImage("it is not a regular file.")
    if not status.st_size:
        raise UnreadableImage("it is empty.")
    return status.st_size


def _clip_facts(path: Path) -> Facts:
    size, digest = _file_size(path), hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return Facts(format=path.suffix[1:].upper(), file_bytes=size, digest=digest.hexdigest())


def _header_facts(image: Image.Image, size: int) -> Facts:
    check_size(*image.size)
    tables: list[int] = []
    subsampling = ""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        for number in sorted(image.quantization):
            tables += image.quantization[number]
        with decoding():  # a header may name components and describe none
            subsampling = _SUBSAMPLING.get(JpegImagePlugin.get_sampling(image), "other")
    return Facts(
        format=image.format or "",
        mode=image.mode,
        width=image.width,
        height=image.height,
        file_bytes=size,
        tables=tuple(tables),
        subsampling=subsampling,
    )


def _with_pixels(facts: Facts, pixels: np.ndarray) -> Facts:
    picture = Image.fromarray(pixels)
    grey = np.asarray(picture.convert("L"), np.float32)
    digest = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=16)
    digest.update(pixels.data)
    return replace(
        facts,
        brightness=float(grey.mean()),
        contrast=float(grey.std()),
        digest=digest.hexdigest(),
        hash=perceptual_hash(picture),
    )


def _reason(error: Exception, path: str) -> str:
    """Return why a file is not read, without its name, which stands beside it."""
    if isinstance(error, OSError):
        return f"{error.strerror or error}."
    text = str(error)
    for name in (os.path.basename(path), "the given image"):  # noqa: PTH119  the name as it was given
        text = text.removeprefix(f"Could not read {name}: ")
    return text
