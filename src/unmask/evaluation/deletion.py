"""The deletion test: does blurring what an activation map points at change the decision more than chance does?

An activation map shows where the network looked, never where a forgery is. Whether it shows even that can be
measured: the hottest tenth of the crop is blurred, and the logit of the decided side has to fall by more than where
as many cells are blurred at random. (Petsiuk et al., "RISE", BMVC 2018, delete pixel by pixel; Samek et al.,
"Evaluating the Visualization of What a Deep Neural Network Has Learned", TNNLS 2017, compare with random regions.)
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFilter

from unmask.errors import MetricError
from unmask.evaluation.judged_faces import JudgedFace, fake_logits, judge_faces
from unmask.evaluation.samples import take_evenly
from unmask.evaluation.tables import number, render_table
from unmask.figures import BLUE, GREY, GRID, ORANGE, new_figure, to_png
from unmask.metrics.bootstrap import bootstrap_intervals
from unmask.schema import FAKE, Sample

if TYPE_CHECKING:
    from unmask.detector import Detector

SHARE, DRAWS, FACES = 0.1, 8, 100
BLUR = 1 / 16
"""The blur's standard deviation, in sides of the crop: enough to take out eyes and mouth, not only their texture."""
CAVEAT = "The map shows where the network looked; it cannot show where a forgery is."

Maps = Callable[[JudgedFace, int], np.ndarray]
"""From a face and the decided label to what each cell [h, w] of its crop said for that label."""


@dataclass(frozen=True)
class FaceDeletion:
    """How far one face's logit of the decided side fell: by the hottest cells, and by random ones in the mean."""

    file: str
    label: int
    source_id: str
    decided: int
    hottest: float
    random: float


@dataclass(frozen=True)
class DeletionTest:
    """The deletion test on one data set.

    `blurred` of `cells` grid cells were blurred at once, and random ones in `draws` draws for each face. `left_out`
    pictures had no face or could not be read. `maps` names the kind of map. Falls are in logits.
    """

    name: str
    maps: str
    blurred: int
    cells: int
    draws: int
    left_out: int
    faces: tuple[FaceDeletion, ...]

    @property
    def means(self) -> dict[str, float]:
        """Mean fall by the `hottest` cells, by `random` ones, their difference `more`, and the faces' share `beats`.

        `beats` is the share of faces whose logit falls further by the hottest cells than by random ones.
        """
        return {name: float(values.mean()) for name, values in self._figures.items()}

    @cached_property
    def intervals(self) -> dict[str, list[float] | None]:
        """The 95 % interval [low, high] of each mean, by the bootstrap over sources."""
        figures = self._figures

        def measure(weights: np.ndarray) -> dict[str, np.ndarray]:
            return {name: weights @ values / weights.sum(axis=1) for name, values in figures.items()}

        return bootstrap_intervals(measure, [face.source_id for face in self.faces])

    @property
    def holds(self) -> bool:
        """Whether the hottest cells surely matter more than random ones: the interval of `more` is above zero."""
        interval = self.intervals["more"]
        return interval is not None and interval[0] > 0

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON has them; the faces stay behind, counted."""
        return {
            "name": self.name,
            "maps": self.maps,
            "blurred_cells": self.blurred,
            "cells": self.cells,
            "draws": self.draws,
            "faces": len(self.faces),
            "sources": len({face.source_id for face in self.faces}),
            "left_out": self.left_out,
            **{name: {"mean": mean, "interval": self.intervals[name]} for name, mean in self.means.items()},
            "holds": self.holds,
        }

    @property
    def _figures(self) -> dict[str, np.ndarray]:
        hottest = np.array([face.hottest for face in self.faces])
        random = np.array([face.random for face in self.faces])
        return {"hottest": hottest, "random": random, "more": hottest - random, "beats": 1.0 * (hottest > random)}


def measure_deletion(
    detector: Detector,
    samples: Sequence[Sample],
    name: str,
    *,
    limit: int = FACES,
    maps: Maps | None = None,
    progress: bool = True,
) -> DeletionTest:
    """Return how the decided side's logit falls when the map's hottest cells are blurred, and when random ones are.

    The decided side is the one whose probability is above one half, whether or not that was enough for a verdict.
    Random cells are drawn from the picture's name, so that a repeated test gives the same figures.

    Args:
        detector: whose maps are tested.
        samples: pictures of one data set.
        name: the data set's.
        limit: how many pictures are taken, at equal distances.
        maps: what gives the maps, such as `GradCam`; None takes the detector's own.
        progress: show a progress bar on a terminal.

    Raises:
        MetricError: the detector has no activation map, or no picture had a face.
    """
    chosen = take_evenly(samples, limit)
    of_face = maps or _own_map
    faces, cells, blurred = [], 0, 0
    for face in judge_faces(detector, chosen, f"Deletion, {name}", progress=progress):
        decided = int(face.prediction.fake_probability >= 0.5)
        evidence = of_face(face, decided)
        cells, blurred = evidence.size, _count(evidence)
        masks = [_hottest(evidence), *_random_masks(face.file, evidence)]
        falls = _falls(detector, face.pixels, masks, 1 if decided else -1)
        faces.append(FaceDeletion(face.file, face.label, face.source_id, decided, falls[0], float(np.mean(falls[1:]))))
    if not faces:
        raise MetricError(f"None of {len(chosen)} pictures of {name} has a face to test a map on. Give others.")
    kind = "activation map" if maps is None else getattr(maps, "name", type(maps).__name__)
    return DeletionTest(name, kind, blurred, cells, DRAWS, len(chosen) - len(faces), tuple(faces))


def render_deletion(tests: Sequence[DeletionTest]) -> list[str]:
    """Return the tests as Markdown: a table, a sentence on each, and what no map can show."""
    head = [
        "Data set",
        "Map",
        "Faces",
        "Sources",
        "Fall, hottest",
        "Fall, random",
        "Difference",
        "Hottest falls further",
    ]
    rows = [
        [test.name, test.maps, f"{len(test.faces):,}", f"{len({face.source_id for face in test.faces}):,}"]
        + [_with_interval(test, name) for name in ("hottest", "random", "more")]
        + [f"{test.means['beats']:.0%}"]
        for test in tests
    ]
    return [
        f"The fake-minus-real logit toward the decided side, before and after a tenth of the crop's cells is blurred; "
        f"random cells in {tests[0].draws} draws a face. Brackets: 95 %, by source.",
        "",
        render_table(head, rows, texts=2),
        "",
        *(f"- {describe_deletion(test)}" for test in tests),
        "",
        CAVEAT,
    ]


def describe_deletion(test: DeletionTest) -> str:
    """Return in one sentence what the test says of the maps."""
    if test.holds:
        said = "in the mean the hottest cells matter more to the decision than cells taken at random"
    else:
        said = (
            "it is not shown that the hottest cells matter more than cells taken at random, so do not lean on the map"
        )
    share = f"the logit fell further in {test.means['beats']:.0%} of the faces"
    return f"{test.name}: {said}; {share} ({test.blurred} of {test.cells} cells blurred)."


def draw_deletion(tests: Sequence[DeletionTest]) -> bytes:
    """Return one figure of the tests as PNG: mean falls with their intervals, a row for each data set."""
    figure = new_figure(8.4, 1.9 + 0.75 * len(tests), "Deletion test: blurring the hottest cells against random ones")
    axes: Any = figure.add_subplot()
    for row, test in enumerate(tests):
        _draw_fall(axes, test, "hottest", row - 0.14, ORANGE, "o")
        _draw_fall(axes, test, "random", row + 0.14, BLUE, "s")
        text = f"further in {test.means['beats']:.0%} of {len(test.faces)} faces"
        axes.text(1.02, row, text, transform=axes.get_yaxis_transform(), va="center")
    for name, colour, marker in (("hottest", ORANGE, "o"), ("random", BLUE, "s")):
        axes.plot([], [], marker=marker, color=colour, linestyle="", label=f"{name} tenth blurred")
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":")
    axes.set_yticks(range(len(tests)), [test.name for test in tests])
    axes.set(ylim=(len(tests) - 0.5, -0.5))
    axes.set_xlabel("fall of the decided side's logit (mean, 95 % by source)")
    axes.grid(axis="x", **GRID)
    axes.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return to_png(figure)


def blur_cells(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return a crop (uint8 RGB [S, S, 3]) with the cells of a mask (bool [h, w]) blurred, the others untouched."""
    side = len(pixels)
    rows, columns = (np.arange(side) * cells // side for cells in mask.shape)
    blurred = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(side * BLUR))
    return np.where(mask[rows][:, columns, None], np.asarray(blurred), pixels)


def _own_map(face: JudgedFace, decided: int) -> np.ndarray:
    evidence = face.prediction.activation_map
    if evidence is None:
        raise MetricError(
            "This detector has no activation map, so there is none to test. Of a transformer, test Grad-CAM: "
            "maps=GradCam(folder) of unmask.evaluation.grad_cam."
        )
    return evidence if decided == FAKE else -evidence


def _falls(detector: Detector, pixels: np.ndarray, masks: Sequence[np.ndarray], sign: int) -> list[float]:
    """Return for each mask by how much the decided side's logit falls when its cells are blurred."""
    logits = sign * fake_logits(detector, [pixels, *(blur_cells(pixels, mask) for mask in masks)])
    return [float(fall) for fall in logits[0] - logits[1:]]


def _count(evidence: np.ndarray) -> int:
    return max(1, round(SHARE * evidence.size))


def _hottest(evidence: np.ndarray) -> np.ndarray:
    return _mask(evidence.shape, np.argsort(evidence, axis=None, kind="stable")[-_count(evidence) :])


def _random_masks(file: str, evidence: np.ndarray) -> list[np.ndarray]:
    """Return the draws of as many random cells; the hottest ones can be among them."""
    generator = np.random.default_rng(zlib.crc32(file.encode()))
    draws = [generator.choice(evidence.size, _count(evidence), replace=False) for _ in range(DRAWS)]
    return [_mask(evidence.shape, cells) for cells in draws]


def _mask(shape: tuple[int, ...], cells: np.ndarray) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask.flat[cells] = True
    return mask


def _with_interval(test: DeletionTest, name: str) -> str:
    mean, interval = number(test.means[name], 2), test.intervals[name]
    return mean if interval is None else f"{mean} [{number(interval[0], 2)}, {number(interval[1], 2)}]"


def _draw_fall(axes: Any, test: DeletionTest, name: str, place: float, colour: str, marker: str) -> None:
    mean = test.means[name]
    low, high = test.intervals[name] or [mean, mean]
    axes.plot([low, high], [place, place], color=colour, linewidth=2)
    axes.plot(mean, place, marker=marker, color=colour, markersize=8, clip_on=False)
