"""Where a detector's verdicts stop holding: its validation faces made worse step by step, and the limits that follow.

A rung of a ladder has no ground where, of the faces that still get a verdict, more than `MOST_ERRORS` of one class get
the wrong one, in the mean of the data sets. A limit is the last rung before the first such one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageFilter
from tqdm import tqdm

from unmask.augmentations.recompression import recompress_jpeg, recompress_webp
from unmask.card import render_card
from unmask.detector import Detector
from unmask.detector_folder import CARD, CONFIG, check_folder, read_config, settings_json
from unmask.files import write_json, write_whole
from unmask.media.images import read_image
from unmask.media.quality import blockiness_of, detail_of
from unmask.preprocessing import crop_face
from unmask.schema import FAKE, REAL, Box, Limits
from unmask.training.recalibration import held_out
from unmask.training.run_data import read_validation_faces

MOST_ERRORS = 0.15
"""Three times what thresholds promise by default."""
MENTIONED_ERRORS = 0.1
FEWEST = 10
"""Decided faces of a class by which a data set has a say on a rung."""
AROUND = 1.0
"""Of a face's side that is worsened around it: more than a crop takes, and less to encode than a large picture."""
BLUR_SIDE = 128
"""A blur's deviation is in pixels of a face of this side."""
WORKERS = 2
DETAILS = tuple(round(0.15 - 0.0125 * step, 4) for step in range(13))
"""Edges of bins of detail, the sharpest first; faces with more than the first edge are one bin by themselves."""
BLOCKS = (1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0, 2.25, 2.5, 3.0, 4.0)


Face: TypeAlias = tuple[str, Box, int, str]
"""Path, box, label and data set."""


@dataclass(frozen=True)
class Ladder:
    """One way to get worse: `change` (pixels, box, rung) gives new pixels and box; the mildest rung is the first."""

    words: str
    rungs: tuple[int, ...] | tuple[float, ...]
    change: Callable[[np.ndarray, Box, float], tuple[np.ndarray, Box]]


@dataclass(frozen=True)
class Row:
    """One version of one validation face: as it was (`ladder` is empty), or worsened to a rung."""

    ladder: str
    rung: float
    name: str
    label: int
    probability: float
    detail: float
    blockiness: float


def _shrunk(pixels: np.ndarray, box: Box, side: float) -> tuple[np.ndarray, Box]:
    scale = min(1.0, side / max(box.width, box.height))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    return small, Box(*(round(edge * scale) for edge in box.as_list()))


def _blurred(pixels: np.ndarray, box: Box, deviation: float) -> tuple[np.ndarray, Box]:
    radius = deviation * max(box.width, box.height) / BLUR_SIDE
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius))), box


LADDERS: Mapping[str, Ladder] = {
    "size": Ladder("face made small, pixels", (128, 96, 80, 64, 56, 48, 40, 32, 24), _shrunk),
    "blur": Ladder("blur, pixels of 128", (0.5, 0.75, 1, 1.5, 2, 3, 4, 6), _blurred),
    "jpeg": Ladder(
        "JPEG quality",
        (90, 75, 60, 50, 40, 35, 30, 25, 20, 15, 10, 5),
        lambda pixels, box, quality: (recompress_jpeg(pixels, int(quality)), box),
    ),
    "webp": Ladder(
        "WebP quality",
        (90, 80, 75, 60, 50, 30, 20, 10),
        lambda pixels, box, quality: (recompress_webp(pixels, int(quality)), box),
    ),
}


def worsen_faces(detector: Detector, faces: Sequence[Face], *, progress: bool = True) -> list[Row]:
    """Return what a detector makes of every version of faces, in no order of ladders.

    Raises:
        UnreadableImage: a picture cannot be read any more.
    """

    def versions(face: Face) -> list[Row]:
        path, box, label, name = face
        pixels, box = _part_around(read_image(path), box)
        made = [("", 0.0, pixels, box)]
        made += [
            (key, rung, *ladder.change(pixels, box, rung)) for key, ladder in LADDERS.items() for rung in ladder.rungs
        ]
        crops = [crop_face(changed, place, detector.settings.crop_margin) for _, _, changed, place in made]
        probabilities = detector.score_faces(crops).tolist()
        return [
            Row(key, rung, name, label, probability, detail_of(crop), blockiness_of(crop))
            for (key, rung, _, _), probability, crop in zip(made, probabilities, crops, strict=True)
        ]

    with ThreadPoolExecutor(WORKERS) as pool:
        shown = tqdm(
            pool.map(versions, faces), "Worsening", len(faces), unit="face", disable=None if progress else True
        )
        return [row for rows in shown for row in rows]


def find_limits(rows: Sequence[Row], thresholds: tuple[float, float], before: Limits) -> Limits:
    """Return the limits of size, detail, quality and blockiness that follow; see the module.

    Where a ladder holds to its end, the limit is its last rung; where it never does, its first. What too few decided
    faces speak of stays as it was `before`.
    """
    soft = [row for row in rows if row.ladder in ("", "size", "blur")]
    blocky = [row for row in rows if row.ladder in ("", "jpeg")]
    found: dict[str, Any] = {
        "smallest_face": _last_good(_on_ladder(rows, "size"), thresholds, MOST_ERRORS),
        "least_detail": _last_good(_in_bins(soft, "detail", DETAILS), thresholds, MOST_ERRORS),
        "little_detail": _last_good(_in_bins(soft, "detail", DETAILS), thresholds, MENTIONED_ERRORS),
        "least_jpeg_quality": _last_good(_on_ladder(rows, "jpeg"), thresholds, MOST_ERRORS),
        "little_jpeg_quality": _last_good(_on_ladder(rows, "jpeg"), thresholds, MENTIONED_ERRORS),
        "least_webp_quality": _last_good(_on_ladder(rows, "webp"), thresholds, MOST_ERRORS),
        "little_webp_quality": _last_good(_on_ladder(rows, "webp"), thresholds, MENTIONED_ERRORS),
        "most_blockiness": _last_good(_in_bins(blocky, "blockiness", BLOCKS), thresholds, MOST_ERRORS),
    }
    return dataclasses.replace(before, **{name: place for name, place in found.items() if place is not None})


def _on_ladder(rows: Sequence[Row], key: str) -> Iterator[tuple[float, list[Row]]]:
    for rung in LADDERS[key].rungs:
        yield rung, [row for row in rows if row.ladder == key and row.rung == rung]


def _in_bins(rows: Sequence[Row], measure: str, edges: Sequence[float]) -> Iterator[tuple[float, list[Row]]]:
    """Yield the far edge of each bin with its rows, from the good side on."""
    for near, far in pairwise(edges):
        low, high = sorted((near, far))
        yield far, [row for row in rows if low <= getattr(row, measure) < high]


def _last_good(steps: Iterator[tuple[float, list[Row]]], thresholds: tuple[float, float], most: float) -> float | None:
    last = None
    for place, rows in steps:
        shares = [share for share in error_rates(rows, thresholds) if share is not None]
        if not shares:
            continue
        if max(shares) > most:
            return place if last is None else last
        last = place
    return last


def error_rates(rows: Sequence[Row], thresholds: tuple[float, float]) -> tuple[float | None, float | None]:
    """Return which share of decided reals is called fake, and of decided fakes real: means over the data sets.

    A data set counts for a class with `FEWEST` decided faces of it; None where none does.
    """
    low, high = thresholds
    means: list[float | None] = []
    for label in (REAL, FAKE):
        shares = []
        for name in dict.fromkeys(row.name for row in rows):
            scores = np.array([row.probability for row in rows if (row.name, row.label) == (name, label)])
            wrong, right = (scores > high, scores < low) if label == REAL else (scores < low, scores > high)
            if (decided := int(wrong.sum() + right.sum())) >= FEWEST:
                shares.append(float(wrong.sum() / decided))
        means.append(float(np.mean(shares)) if shares else None)
    return means[0], means[1]


def describe_rungs(rows: Sequence[Row], thresholds: tuple[float, float]) -> list[str]:
    """Return a Markdown table: of each rung, both error rates, the share of faces with a verdict, median measures."""
    head = "| worsened | reals called fake | fakes called real | get a verdict | detail | blockiness |"
    lines = [head, "|---|" + "--:|" * 5, _line("untouched", [row for row in rows if not row.ladder], thresholds)]
    for key, ladder in LADDERS.items():
        lines += [_line(f"{ladder.words} {rung:g}", part, thresholds) for rung, part in _on_ladder(rows, key)]
    return lines


def _line(words: str, rows: Sequence[Row], thresholds: tuple[float, float]) -> str:
    low, high = thresholds
    reals, fakes = ("–" if rate is None else f"{100 * rate:.0f} %" for rate in error_rates(rows, thresholds))
    decided = np.mean([not low <= row.probability <= high for row in rows])
    detail, blocks = np.median([row.detail for row in rows]), np.median([row.blockiness for row in rows])
    return f"| {words} | {reals} | {fakes} | {100 * decided:.0f} % | {detail:.3f} | {blocks:.2f} |"


def _part_around(image: np.ndarray, box: Box) -> tuple[np.ndarray, Box]:
    """Return the part of a picture that holds a face and `AROUND` of its side on each side, and the box in it.

    It begins on the grid of JPEG's blocks as it lies in the picture.
    """
    more = round(AROUND * max(box.width, box.height))
    left, top = (max(0, edge - more) // 16 * 16 for edge in (box.left, box.top))
    part = image[top : box.bottom + more, left : box.right + more]
    return np.ascontiguousarray(part), Box(box.left - left, box.top - top, box.right - left, box.bottom - top)


def write_limits(folder: Path, limits: Limits) -> None:
    """Write a detector's limits into its config.json, and its card anew; raises DataError."""
    config = read_config(folder)
    settings = dataclasses.replace(config.settings, limits=limits)
    write_json(folder / CONFIG, config.raw | {"unmask": settings_json(settings)})
    write_whole(folder / CARD, render_card(folder).encode())


def held_out_faces(folder: Path, data: list[str], face_model: Path | None, most: int, workers: int) -> list[Face]:
    """Return the faces that a detector's run held out of these data sets, at most `most` of each, taken evenly.

    Raises:
        TrainingError: the detector does not say how its data was split, or a class is missing.
        DataError: a data set cannot be read.
    """
    config = check_folder(folder)
    faces = read_validation_faces(held_out(folder, config, data, workers), config.input_spec, face_model)
    chosen: list[Face] = []
    for name in dict.fromkeys(faces.dataset_names):
        rows = [row for row, of in enumerate(faces.dataset_names) if of == name]
        for row in rows if len(rows) <= most else [rows[place * len(rows) // most] for place in range(most)]:
            chosen.append((faces.paths[row], Box(*faces.boxes[row].tolist()), int(faces.labels[row]), name))
    return chosen
