"""Image bytes: from a file or a byte string to an opened picture of which only the header was read.

Every byte is taken for hostile: the content alone decides the format, only the plug-ins of the accepted
formats ever run, and no more is read than the limits allow.
"""

from __future__ import annotations

import functools
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from unmask.errors import UnreadableImage

MAX_FILE_BYTES = 64 * 2**20
MAX_PIXELS = 64_000_000  # below Pillow's own limit, so that its warning is always an error here
MAX_SIDE = 32_767  # OpenCV's resampling takes no longer one
MAX_JPEG_SCANS = 100  # a progressive photo has about ten; each one more costs a pass over every pixel

_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "AVIF")  # and HEIF, registered when first met
_SIGNATURE = re.compile(
    rb"\xff\xd8\xff|\x89PNG|GIF8[79]a|RIFF....WEBP|....ftyp(avi[fs]|hei[cxms]|hev[cxms]|m[is]f1)", re.DOTALL
)
_EXIF_NAME = re.compile(rb"(\xff\xe1..|infe.{8})Exif", re.DOTALL)  # of a JPEG segment, of an AVIF item
_JPEG_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")  # those that end a run of coded pixels
_JPEG_START_OF_SCAN, _JPEG_END = 0xDA, 0xD9

_TOO_LARGE = f"it has more than {MAX_PIXELS // 10**6} megapixels. Scale it down and try again."
_UNKNOWN = "not a JPEG, PNG, WebP, AVIF, HEIC, BMP or GIF file. Save it as one of these and try again."
_BROKEN_HEADER = "its header is damaged or cut short. Try another copy of it."


class Refusal(UnreadableImage):
    """Why a source is not read and what to do, still without its name."""


def read_bytes(source: object) -> bytes:
    """Return the bytes of a path or of a bytes-like object, neither empty nor above the limit."""
    if isinstance(source, str | os.PathLike):
        data = _read_file(Path(os.fsdecode(source)))
    elif isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    else:
        kind = type(source).__name__
        raise Refusal(f"it is a {kind}. Give a path, bytes, a uint8 RGB array or a Pillow image.")
    if not data:
        raise Refusal("it is empty. Save the picture again and try once more.")
    if len(data) > MAX_FILE_BYTES:
        raise Refusal(f"it is larger than {MAX_FILE_BYTES // 2**20} MiB. Save it smaller and try again.")
    return data


def open_image(data: bytes) -> Image.Image:
    """Open bytes with the plug-ins of the accepted formats alone; no pixel is decoded yet."""
    if data.startswith(b"\xff\xd8") and count_scans(data) > MAX_JPEG_SCANS:
        raise Refusal(f"it has more than {MAX_JPEG_SCANS} scans. Save it as a plain JPEG and try again.")
    with decoding():
        try:
            return _open_accepted(data)
        except (UnidentifiedImageError, ValueError, Warning):  # over broken EXIF the whole picture is dropped
            without_exif = _EXIF_NAME.sub(rb"\1skip", data)
        try:
            return _open_accepted(without_exif)
        except UnidentifiedImageError as error:
            raise Refusal(_BROKEN_HEADER if is_picture(data) else _UNKNOWN) from error


def is_picture(start: bytes) -> bool:
    """Say whether the first bytes (32 or more) of a file are a picture's and not those of a clip or another kind."""
    return bool(_SIGNATURE.match(start))


def check_size(width: int, height: int) -> None:
    """Refuse a picture without pixels or with more than can be worked on."""
    if width < 1 or height < 1:
        raise Refusal("it has no pixels. Give a picture of at least 1 x 1.")
    if width * height > MAX_PIXELS:
        raise Refusal(_TOO_LARGE)
    if max(width, height) > MAX_SIDE:
        raise Refusal(f"its longer side has more than {MAX_SIDE} pixels. Crop or scale it and try again.")


@contextmanager
def decoding() -> Iterator[None]:
    """Turn whatever a decoder raises on bad bytes into one refusal."""
    try:
        yield
    except Refusal:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refusal(_TOO_LARGE) from error
    except MemoryError as error:
        raise Refusal("there is not enough memory to decode it. Scale it down and try again.") from error
    except Exception as error:  # Pillow's plug-ins raise anything from SyntaxError to struct.error
        detail = one_line(str(error)) or type(error).__name__
        raise Refusal(f"it is damaged or cut short ({detail}). Try another copy of it.") from error


def one_line(text: str) -> str:
    """Return text that can be shown in one line: control characters masked, a long one cut."""
    printable = "".join(character if character.isprintable() else "?" for character in text.strip())
    return printable if len(printable) <= 120 else printable[:117] + "..."


def count_scans(data: bytes) -> int:
    """Return how many scans a JPEG makes its decoder run, or an upper bound while that is allowed."""
    if (bound := data.count(b"\xff\xda")) <= MAX_JPEG_SCANS:
        return bound
    scans, position = 0, 2
    while marker := _JPEG_MARKER.search(data, position):
        code = marker[1][0]
        if code == _JPEG_END:
            break
        scans += code == _JPEG_START_OF_SCAN
        position = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return scans


def _read_file(path: Path) -> bytes:
    """Read a regular file and no more of it than the limit; opening a pipe or device could block for ever."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise Refusal("it is a folder. Give a picture file.")
        if not stat.S_ISREG(mode):
            raise Refusal("it is not a regular file. Copy the picture to one and try again.")
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise Refusal("there is no such file. Check the path and try again.") from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise Refusal(f"{one_line(reason)}. Check the path and its permissions.") from error


def _open_accepted(data: bytes) -> Image.Image:
    if data[4:8] != b"ftyp":
        return Image.open(BytesIO(data), formats=_FORMATS)
    _register_heif()
    return Image.open(BytesIO(data), formats=(*_FORMATS, "HEIF"))


@functools.cache
def _register_heif() -> None:
    from pillow_heif import register_heif_opener  # here, because most pictures never need it

    register_heif_opener()
