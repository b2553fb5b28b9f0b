"""One clip, or a handful of pictures, to a folder of face crops: what one process does at a time.

A folder is made aside and renamed when it is whole, with its rows in a hidden file of its own. So after a
kill at any moment a folder is either there with all that belongs to it, or not there.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from unmask.errors import DataError, MediaError
from unmask.media.faces import FaceFinder, make_face_finder
from unmask.media.images import read_image
from unmask.media.video import read_frames
from unmask.media.video_bytes import is_clip
from unmask.preprocessing import crop_box
from unmask.schema import LABEL_NAMES, MOST_CROP_MARGIN, Box, Sample

ROWS_FILE = ".rows.json"
EDGES = ("left", "top", "right", "bottom")
Problem = Literal["unreadable", "partly_read", "no_face", "crashed"]


@dataclass(frozen=True)
class CropSettings:
    """How faces are cut out: frames per clip, margin round the face, file format, and YuNet's file or "" for Haar."""

    frames: int = 32
    margin: float = 0.5
    format: Literal["png", "jpg"] = "png"
    face_model: str = ""

    def __post_init__(self) -> None:
        """Raise DataError for a number of frames or a margin that cuts no face."""
        if self.frames < 1:
            raise DataError(f"{self.frames} frames of a clip hold no face. Take 1 or more.")
        if not 0 <= self.margin <= MOST_CROP_MARGIN:
            raise DataError(
                f"A margin of {self.margin} is not between 0 and {MOST_CROP_MARGIN}. Choose one such as 0.5."
            )


@dataclass(frozen=True)
class Unit:
    """What is done at once and kept as one folder: a clip, or some pictures that lie beside each other."""

    name: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class UnitResult:
    """What became of a unit: its rows of the table, its problems by file, and its frames wanted and read."""

    rows: list[dict[str, Any]]
    problems: list[dict[str, str]]
    wanted: int
    read: int


def cut_unit(unit: Unit, folder: Path, settings: CropSettings) -> UnitResult:
    """Write the face crops of a unit as `folder/<unit name>/`, whole or not at all, and return its rows.

    Bad files are listed in the result and stop nothing.

    Raises:
        DataError: The folder cannot be written, or the disk is full.
    """
    if (done := read_unit(folder / unit.name)) is not None:
        return done  # its process died after the last step
    aside = folder.parent / ".aside" / f"{unit.name}.{os.getpid()}"
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        try:
            result = _cut_all(unit, aside, settings)
            (aside / ROWS_FILE).write_text(json.dumps(asdict(result)), encoding="utf-8")
            folder.mkdir(parents=True, exist_ok=True)
            aside.rename(folder / unit.name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise DataError(
            f"Could not write {folder / unit.name}: {error.strerror}. Free some space, or choose another folder; "
            "the same command goes on."
        ) from error
    return result


def read_unit(folder: Path) -> UnitResult | None:
    """Return what a finished unit's folder holds, None where it is not finished."""
    try:
        return UnitResult(**json.loads((folder / ROWS_FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{folder / ROWS_FILE} is damaged. Delete {folder} and run the same command.") from error


def inside_crop(box: Box, margin: float, width: int, height: int) -> tuple[Box, Box]:
    """Return the rectangle to cut from a picture of `width` x `height`, and the face box within it.

    The rectangle is serving's square at this margin. It starts on even pixels, one more where it must:
    `crop_box` rounds halves to even, and so gives the same pixels in the cut as in the picture for every
    smaller margin.
    """
    square = crop_box(box, margin, width, height)
    cut = Box(square.left - square.left % 2, square.top - square.top % 2, square.right, square.bottom)
    left, right = (min(max(edge, cut.left), cut.right) - cut.left for edge in (box.left, box.right))
    top, bottom = (min(max(edge, cut.top), cut.bottom) - cut.top for edge in (box.top, box.bottom))
    return cut, Box(left, top, right, bottom)


def _cut_all(unit: Unit, aside: Path, settings: CropSettings) -> UnitResult:
    """Write a unit's crops into the folder `aside` and return what became of them."""
    result, wanted, read = UnitResult([], [], 0, 0), 0, 0
    for sample in unit.samples:
        seen = _Seen()
        before, reason = len(result.rows), ""
        try:
            for time, image in _pictures_of(sample, settings.frames, seen):
                box = _face_in(image, sample.box if time is None else None, settings.face_model)
                if box is not None:
                    name = f"{len(result.rows):04d}.{settings.format}"
                    tight = _write_crop(aside / name, image, box, settings)
                    result.rows.append(_row(sample, f"{unit.name}/{name}", time, tight))
        except MediaError as error:
            reason = str(error)
        wanted, read = wanted + seen.wanted, read + seen.read
        if seen.read < seen.wanted:
            reason = reason or f"{seen.read} of {seen.wanted} frames could be read"
            kind: Problem = "partly_read" if seen.read else "unreadable"
            result.problems.append({"path": sample.path, "problem": kind, "reason": reason})
        if seen.read and len(result.rows) == before:
            result.problems.append({"path": sample.path, "problem": "no_face", "reason": "no face was found"})
    return replace(result, wanted=wanted, read=read)


@dataclass
class _Seen:
    """How many pictures a file should give, and how many it gave so far."""

    wanted: int = 1
    read: int = 0


def _pictures_of(sample: Sample, count: int, seen: _Seen) -> Iterator[tuple[float | None, np.ndarray]]:
    """Yield the frames of a clip with their times, or a picture without one."""
    if not is_clip(sample.path):
        image = read_image(sample.path)
        seen.read = 1
        yield None, image
        return
    frames = read_frames(sample.path, count)
    seen.wanted = frames.wanted
    for frame in frames:
        seen.read = frames.given
        yield frame.time, frame.pixels


@functools.lru_cache(maxsize=1)
def _finder(face_model: str) -> FaceFinder:
    return make_face_finder(Path(face_model) if face_model else None)


def _face_in(image: np.ndarray, given: Box | None, face_model: str) -> Box | None:
    """Return the given box cut to the picture, else that of the largest face; None where there is no face."""
    if given is None:
        return next((face.box for face in _finder(face_model).find_faces(image)), None)
    height, width = image.shape[:2]
    box = Box(max(0, given.left), max(0, given.top), min(width, given.right), min(height, given.bottom))
    return box if box.width > 0 and box.height > 0 else None


def _write_crop(path: Path, image: np.ndarray, box: Box, settings: CropSettings) -> Box:
    """Write the crop round a face and return the face's box within it."""
    cut, tight = inside_crop(box, settings.margin, image.shape[1], image.shape[0])
    crop = Image.fromarray(np.ascontiguousarray(image[cut.top : cut.bottom, cut.left : cut.right]))
    if settings.format == "png":
        crop.save(path, compress_level=1)  # a quarter larger than the default and four times as fast
    else:
        crop.save(path, quality=95, subsampling=0)
    return tight


def _row(sample: Sample, file: str, time: float | None, box: Box) -> dict[str, Any]:
    """Return the row of one crop in the prepared data set's table."""
    return {
        "file_name": f"images/{file}",
        "label": LABEL_NAMES[sample.label],
        "source_id": sample.source_id,
        "video_id": sample.video_id,
        "method": sample.method,
        "split": sample.split,
        "frame_time": time,
        **dict(zip(EDGES, box.as_list(), strict=True)),
    }
