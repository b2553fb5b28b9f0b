"""Where a detector's verdicts stop holding: its validation faces made worse step by step, and the limits that follow.

A rung of a ladder has no ground where, of the faces that still get a verdict, more than `MOST_ERRORS` of one class get
the wrong one, in the mean of the data sets. A limit is the last rung before the first such one. Detail and blockiness
are cut into bins of what they measure, whatever the rung; qualities are those that the files are then read to have.
"""

from __future__ import annotations

import dataclasses
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageFilter
from tqdm import tqdm

from unmask.calibration import verdict_of
from unmask.card import render_card
from unmask.cautions import find_cautions
from unmask.detector import Detector
from unmask.detector_folder import CARD, CONFIG, check_folder, read_config, settings_json
from unmask.files import write_json, write_whole
from unmask.media.images import Picture, read_image, read_picture
from unmask.media.quality import blockiness_of, detail_of
from unmask.preprocessing import crop_face, cut_part
from unmask.schema import FAKE, REAL, Box, Limits, Verdict
from unmask.training.recalibration import held_out
from unmask.training.run_data import read_validation_faces, spread
from unmask.verdicts import conclude

MOST_ERRORS = 0.15
"""Three times what thresholds promise by default."""
MENTIONED_ERRORS = 0.1
FEWEST = 20
"""Decided faces of a class by which a data set has a say on a rung."""
BLUR_SIDE = 128
"""A blur's deviation is in pixels of a face of this side."""
WORKERS = 2
SURELY_READ = 0.05
"""Of a rung's files may have a lower quality than its limit says: encoders do not keep to what they are asked for."""
DETAILS = (0.15, 0.1375, 0.125, 0.1125, 0.1, 0.0875, 0.075, 0.0625, 0.05, 0.0375, 0.025, 0.0125, 0.0)
"""Edges of bins of detail, the sharpest first; what is sharper still has no fault to be limited."""
BLOCKS = (1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0, 2.25, 2.5, 3.0, 4.0)

Face: TypeAlias = tuple[str, Box, int, str]
"""Path, box, label and data set."""


@dataclass(frozen=True)
class Ladder:
    """One way to get worse: `change` (pixels, box, rung) gives a picture and box; the mildest rung is the first."""

    words: str
    rungs: tuple[int, ...] | tuple[float, ...]
    change: Callable[[np.ndarray, Box, float], tuple[Picture, Box]]


@dataclass(frozen=True)
class Row:
    """One version of one validation face: as it was (`ladder` is empty), or worsened to a rung.

    `verdict` is that of the thresholds alone, `said` what is left of it by the limits that the detector has, and
    `quality` what its file is read to have, 0 where it has none.
    """

    ladder: str
    rung: float
    name: str
    label: int
    verdict: Verdict
    said: Verdict
    detail: float
    blockiness: float
    quality: int = 0


def _shrunk(pixels: np.ndarray, box: Box, side: float) -> tuple[Picture, Box]:
    scale = min(1.0, side / max(box.width, box.height))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    return Picture(small), Box(*(round(edge * scale) for edge in box.as_list()))


def _blurred(pixels: np.ndarray, box: Box, deviation: float) -> tuple[Picture, Box]:
    radius = deviation * max(box.width, box.height) / BLUR_SIDE
    return Picture(np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))), box


def _saved(form: str) -> Callable[[np.ndarray, Box, float], tuple[Picture, Box]]:
    def change(pixels: np.ndarray, box: Box, quality: float) -> tuple[Picture, Box]:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, form, quality=int(quality))
        return read_picture(file.getvalue()), box

    return change


LADDERS: Mapping[str, Ladder] = {
    "size": Ladder("face made small, pixels", (128, 96, 80, 64, 56, 48, 40, 32, 24), _shrunk),
    "blur": Ladder("blur, pixels of 128", (0.5, 0.75, 1, 1.5, 2, 3, 4, 6), _blurred),
    "jpeg": Ladder("JPEG quality", (90, 75, 60, 50, 40, 35, 30, 25, 20, 15, 10, 5), _saved("JPEG")),
    "webp": Ladder("WebP quality", (90, 80, 75, 60, 50, 40, 30, 20, 10), _saved("WEBP")),
}


def worsen_faces(detector: Detector, faces: Sequence[Face], *, progress: bool = True) -> list[Row]:
    """Return what a detector makes of every version of faces, in no order of ladders; novelty is not looked at.

    Raises:
        UnreadableImage: a picture cannot be read any more.
    """

    settings = detector.settings

    def versions(face: Face) -> list[Row]:
        path, box, label, name = face
        pixels, (box,) = cut_part(read_image(path), [box], settings.crop_margin)
        made = [("", 0.0, Picture(pixels), box)]
        made += [
            (key, rung, *ladder.change(pixels, box, rung)) for key, ladder in LADDERS.items() for rung in ladder.rungs
        ]
        crops = [crop_face(changed.pixels, place, settings.crop_margin) for _, _, changed, place in made]
        rows = []
        for (key, rung, changed, place), crop, probability in zip(
            made, crops, detector.score_faces(crops).tolist(), strict=True
        ):
            verdict = verdict_of(probability, settings.real_threshold, settings.fake_threshold)
            cautions = find_cautions(place, crop, changed.compression, False, settings.limits)
            said, _ = conclude(probability, cautions, settings)
            measures = (detail_of(crop), blockiness_of(crop), _quality_of(changed))
            rows.append(Row(key, rung, name, label, verdict, said, *measures))
        return rows

    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="worsen")
    try:
        made = pool.map(versions, faces)
        shown = tqdm(made, "Worsening", len(faces), unit="face", disable=None if progress else True)
        return [row for rows in shown for row in rows]
    finally:
        pool.shutdown(cancel_futures=True)


def _quality_of(picture: Picture) -> int:
    return 0 if picture.compression is None else picture.compression.quality


def find_limits(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the limits of size, detail, quality and blockiness that follow, by their names in `Limits`.

    Where a ladder holds to its end, the limit is its last rung. One of which too few faces get a verdict to speak, or
    whose first rung does not hold, is left out.
    """
    soft = [row for row in rows if row.ladder in ("", "size", "blur")]
    blocky = [row for row in rows if row.ladder in ("", "jpeg")]
    steps = {
        "smallest_face": list(_on_ladder(rows, "size")),
        "detail": list(_in_bins(soft, "detail", DETAILS)),
        "jpeg_quality": list(_by_quality(rows, "jpeg")),
        "webp_quality": list(_by_quality(rows, "webp")),
        "most_blockiness": list(_in_bins(blocky, "blockiness", BLOCKS)),
    }
    limits: dict[str, Any] = {}
    for name, places in steps.items():
        if name in ("smallest_face", "most_blockiness"):
            limits[name] = _last_good(places, MOST_ERRORS)
        else:
            limits[f"least_{name}"] = _last_good(places, MOST_ERRORS)
            limits[f"little_{name}"] = _last_good(places, MENTIONED_ERRORS)
    return {name: place for name, place in limits.items() if place is not None}


def _on_ladder(rows: Sequence[Row], key: str) -> Iterator[tuple[float, list[Row]]]:
    for rung in LADDERS[key].rungs:
        yield rung, [row for row in rows if row.ladder == key and row.rung == rung]


def _by_quality(rows: Sequence[Row], key: str) -> Iterator[tuple[float, list[Row]]]:
    """Yield for each rung the quality that nearly all of its files are read to have at least, with its rows."""
    for _, part in _on_ladder(rows, key):
        if part:
            yield int(np.quantile([row.quality for row in part], SURELY_READ, method="lower")), part


def _in_bins(rows: Sequence[Row], measure: str, edges: Sequence[float]) -> Iterator[tuple[float, list[Row]]]:
    """Yield the far edge of each bin with its rows, from the good side on."""
    for near, far in pairwise(edges):
        low, high = sorted((near, far))
        yield far, [row for row in rows if low <= getattr(row, measure) < high]


def _last_good(steps: Sequence[tuple[float, list[Row]]], most: float) -> float | None:
    """Return the place of the last rung that holds, None without one; beyond one that says nothing all is unknown."""
    last = None
    for place, rows in steps:
        shares = [share for share in error_rates((r.name, r.label, r.verdict) for r in rows) if share is not None]
        if (not shares and last is not None) or (shares and max(shares) > most):
            return last
        if shares:
            last = place
    return last


def error_rates(judged: Iterable[tuple[str, int, Verdict]]) -> tuple[float | None, float | None]:
    """Return which share of decided reals is called fake, and of decided fakes real: means over the data sets.

    A data set counts for a class with `FEWEST` decided faces of it; None where none does.

    Args:
        judged: Of each face its data set, label and verdict.
    """
    counts = Counter(judged)
    means: list[float | None] = []
    sides: tuple[tuple[int, Verdict, Verdict], ...] = ((REAL, "real", "fake"), (FAKE, "fake", "real"))
    for label, right, wrong in sides:
        shares = []
        for name in dict.fromkeys(name for name, _, _ in counts):
            errors, decided = counts[name, label, wrong], counts[name, label, wrong] + counts[name, label, right]
            if decided >= FEWEST:
                shares.append(errors / decided)
        means.append(float(np.mean(shares)) if shares else None)
    return means[0], means[1]


def describe_rungs(rows: Sequence[Row]) -> list[str]:
    """Return a Markdown table of each rung: both error rates and the share of faces with a verdict, median measures.

    The rates and the share come twice, by the thresholds alone and by the limits that the detector has, too.
    """
    rates = "reals called fake | fakes called real | get a verdict"
    lines = [f"| worsened | {rates} | with the limits, {rates} | detail | blockiness |", "|---|" + "--:|" * 8]
    lines.append(_line("untouched", [row for row in rows if not row.ladder]))
    for key, ladder in LADDERS.items():
        lines += [_line(f"{ladder.words} {rung:g}", part) for rung, part in _on_ladder(rows, key)]
    return lines


def _line(words: str, rows: Sequence[Row]) -> str:
    cells = [words]
    for verdicts in ([row.verdict for row in rows], [row.said for row in rows]):
        rates = error_rates((row.name, row.label, verdict) for row, verdict in zip(rows, verdicts, strict=True))
        cells += ["–" if rate is None else f"{100 * rate:.0f} %" for rate in rates]
        cells.append(f"{100 * (1 - verdicts.count('uncertain') / len(rows)):.0f} %")
    detail, blocks = np.median([row.detail for row in rows]), np.median([row.blockiness for row in rows])
    return f"| {' | '.join(cells)} | {detail:.3f} | {blocks:.2f} |"


def write_limits(folder: Path, limits: Limits) -> None:
    """Write a detector's limits into its config.json, and its card anew; raises BrokenDetector and DataError."""
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
        for row in spread(rows, most):
            chosen.append((faces.paths[row], Box(*faces.boxes[row].tolist()), int(faces.labels[row]), name))
    return chosen
