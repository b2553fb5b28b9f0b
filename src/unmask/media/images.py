"""Images: the one guarded way from a file, bytes, an array or a Pillow image to upright RGB pixels."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import ExifTags, Image

from unmask.errors import MediaError, UnreadableImage
from unmask.media.image_bytes import Refusal, check_size, decoding, one_line, open_image, read_bytes
from unmask.media.quality import compression_of
from unmask.schema import Compression


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture: `pixels` uint8 RGB [H, W, 3], and how the file that it came as was compressed."""

    pixels: np.ndarray
    compression: Compression | None = None


ImageSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | np.ndarray | Image.Image

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".heic", ".heif", ".hif", ".bmp", ".gif"}
)
"""What `find_images` takes for an image; `read_image` looks at the content instead."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_image(source: ImageSource) -> np.ndarray:
    """Read a picture as upright RGB pixels: uint8 [height, width, 3], contiguous, at full resolution.

    Files and bytes may be JPEG, PNG, WebP, AVIF, HEIC, BMP or GIF. The EXIF orientation is applied (of
    HEIC its own rotation, as that standard says); broken EXIF counts as none. Transparent pixels are laid
    on white. Of an animated file the first frame is read, of a HEIC collection its primary picture.
    16-bit samples are scaled to 8 bits (their high byte), greyscale, palette and CMYK become RGB, and
    colour profiles are not applied.

    Arrays are uint8 in RGB order, [H, W], [H, W, 1], [H, W, 3] or [H, W, 4]; one that is already right is
    returned as it is. A Pillow image is read at its current frame.

    Raises:
        UnreadableImage: The source is missing, not such a picture, damaged, cut short or too large. The
            one-line message names the file without its folder.

    Example:
        >>> read_image(np.zeros((4, 6), np.uint8)).shape
        (4, 6, 3)
    """
    return read_picture(source).pixels


def read_picture(source: ImageSource) -> Picture:
    """Read a picture as `read_image` does, together with what its file says of its quality.

    Of a WebP its bytes say it, so that one opened by Pillow brings none.

    Raises:
        UnreadableImage: As `read_image`.
    """
    try:
        if isinstance(source, np.ndarray):
            return Picture(_read_array(source))
        data = b"" if isinstance(source, Image.Image) else read_bytes(source)
        image = source if isinstance(source, Image.Image) else open_image(data)
        return Picture(_read_pixels(image), compression_of(image, data))
    except Refusal as refusal:
        raise UnreadableImage(f"Could not read {name_of_source(source)}: {refusal}") from refusal.__cause__


def find_images(root: Path) -> list[Path]:
    """Return the image files below a folder; see `find_files`."""
    return find_files(root, IMAGE_SUFFIXES)


def find_files(root: Path, suffixes: Collection[str]) -> list[Path]:
    """Return the files below a folder with one of the suffixes, hidden ones left out; see `walk_files`."""
    return [path for path in walk_files(root) if not path.name.startswith(".") and path.suffix.lower() in suffixes]


def walk_files(root: Path) -> list[Path]:
    """Return the files below a folder, sorted, hidden folders left out.

    Links to folders are followed, each real folder once; one inside `root` is listed under its own path.

    Raises:
        MediaError: `root` is not a folder, or a folder below it cannot be listed.
    """
    if not Path(root).is_dir():
        raise MediaError(f"Could not list {root}: it is not a folder. Give a folder of pictures.")
    found: list[Path] = []
    # Those of os.path say no where a folder may not be entered, pathlib's raise.
    parents = [folder for folder in Path(root).resolve().parents if os.path.exists(folder)]  # noqa: PTH110
    seen = set(map(_identity, parents))  # a link up is a loop
    folders, linked = [Path(root)], deque[Path]()  # no recursion: a tree may be deeper than Python's stack
    while folders or linked:
        folder = folders.pop() if folders else linked.popleft()  # the real tree comes first
        try:
            identity = _identity(folder)
            if identity in seen:
                continue
            seen.add(identity)
            with os.scandir(folder) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            named = error.filename or folder
            raise MediaError(f"Could not list {named}: {error.strerror}. Give a folder that can be read.") from error
        below = [entry for entry in inside if _is_folder(entry) and not entry.name.startswith(".")]
        folders += [Path(entry.path) for entry in reversed(below) if not entry.is_symlink()]
        linked += [Path(entry.path) for entry in below if entry.is_symlink()]
        found += [Path(entry.path) for entry in inside if not _is_folder(entry)]
    return sorted(found)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Say whether an entry is a folder or a link to one; what cannot be looked at is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def name_of_source(source: object) -> str:
    """Return how an error names the source; the folder is left out, so that no page shows server paths."""
    if isinstance(source, str | os.PathLike):
        path = Path(os.fsdecode(source))
        return one_line(path.name or str(path))
    if isinstance(source, bytes | bytearray | memoryview):
        return "the uploaded bytes"
    return "the given array" if isinstance(source, np.ndarray) else "the given image"


def _read_pixels(image: Image.Image) -> np.ndarray:
    """Decode an opened image after a look at the size its header claims."""
    check_size(*image.size)
    with decoding():
        image.load()
        rgb = _to_rgb(image)
        turn = _find_turn(image)
        return _to_array(rgb if turn is None else rgb.transpose(turn))


def _find_turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation))  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001  a broken EXIF block raises anything, and the pixels are still good
        return None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _from_16_bit_grey(image).convert("RGB")
    if image.mode in ("I", "F"):
        raise Refusal(f"mode {image.mode} has no known range of values. Convert it to mode L or RGB first.")
    if image.has_transparency_data:
        return _lay_on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_16_bit_grey(image: Image.Image) -> Image.Image:
    """Take the high byte, as Pillow does of 16-bit colour; its own conversion would clip at 255."""
    levels = np.asarray(image)
    grey = (levels >> 8).astype(np.uint8)
    grey[levels == image.info.get("transparency", -1)] = 255
    return Image.fromarray(grey)


def _lay_on_white(image: Image.Image) -> Image.Image:
    plain = {"La": "LA", "RGBa": "RGBA"}.get(image.mode, image.mode)  # from premultiplied
    with_alpha = image.convert(plain).convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(with_alpha, mask=with_alpha)
    return white


def _to_array(image: Image.Image) -> np.ndarray:
    """Copy RGB pixels out in strips: four times as fast as at once, and the result can be written to."""
    width, height = image.size
    if width * height <= 2**19:  # a single strip: as it is, without the crop's copy
        return np.array(image)
    pixels = np.empty((height, width, 3), np.uint8)
    rows = max(1, 2**19 // width)
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        pixels[top:bottom] = np.asarray(image.crop((0, top, width, bottom)))
    return pixels


def _read_array(array: np.ndarray) -> np.ndarray:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise Refusal(f"its shape is {array.shape}. Pass [H, W], [H, W, 1], [H, W, 3] or [H, W, 4].")
    if array.dtype != np.uint8:
        raise Refusal(
            f"it is {array.dtype}. Pass uint8 in RGB order; for values in [0, 1]: "
            "(array * 255).round().astype('uint8')."
        )
    check_size(array.shape[1], array.shape[0])
    if array.ndim == 2 or array.shape[2] == 1:
        return np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2)
    if array.shape[2] == 4:
        return _to_array(_lay_on_white(Image.fromarray(array)))
    return np.ascontiguousarray(array)
