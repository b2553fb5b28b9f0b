"""Sections: what an evaluation tells, one file each.

A section is a function from what was scored to its figures, registered under the name that a suite calls it by:

    @SECTIONS.register("deletion")
    def deletion(scored: Scored, faces: int = 50) -> Section: ...

Its keyword parameters are what a suite can set (`deletion: {faces: 20}`). It may use the scores, or the detectors and
the samples to measure more. The order of the sections is the suite's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unmask.media.video_bytes import is_clip
from unmask.registry import Registry
from unmask.schema import Sample

if TYPE_CHECKING:
    from unmask.detector import Detector
    from unmask.evaluation.scoring import DatasetScores
    from unmask.evaluation.suite_file import Suite, SuiteData


@dataclass(frozen=True)
class ScoredData:
    """One data set of a suite, scored by every detector.

    `scores` has one entry a detector, in their order, and each has one row a sample, in their order.
    """

    settings: SuiteData
    root: Path
    samples: tuple[Sample, ...]
    scores: tuple[DatasetScores, ...]

    @property
    def name(self) -> str:
        """What the suite calls it; unique."""
        return self.settings.path


@dataclass(frozen=True)
class Scored:
    """All that a section can draw on; the report is of the first detector, the others stand beside it."""

    suite: Suite
    detectors: tuple[Detector, ...]
    data: tuple[ScoredData, ...]
    progress: bool = True

    def pairs(self) -> Iterator[tuple[Detector, ScoredData, DatasetScores]]:
        """Yield every detector with every data set and its scores, detector by detector."""
        for index, detector in enumerate(self.detectors):
            yield from ((detector, data, data.scores[index]) for data in self.data)

    def without_clips(self) -> Scored:
        """Return the same without the clips, for what works on the pixels of pictures; data sets of clips drop out."""
        pictures = [_pictures_of(data) for data in self.data]
        return replace(self, data=tuple(data for data in pictures if data.samples))

    def name_clips(self) -> list[str]:
        """Return a line on the clips that `without_clips` leaves out, or none at all."""
        found = {data.name: sum(is_clip(sample.path) for sample in data.samples) for data in self.data}
        said = ", ".join(f"{name} ({count})" for name, count in found.items() if count)
        return [f"Clips are left out, for this is of single pictures: {said}."] if said else []


def _pictures_of(data: ScoredData) -> ScoredData:
    kept = [place for place, sample in enumerate(data.samples) if not is_clip(sample.path)]
    return replace(
        data,
        samples=tuple(data.samples[place] for place in kept),
        scores=tuple(replace(each, rows=tuple(each.rows[place] for place in kept)) for each in data.scores),
    )


@dataclass(frozen=True)
class Section:
    """What one section found.

    `content` goes into report.json, `markdown` into the pages (it shows its figures by their file names),
    `figures` are PNG bytes by file name, which begins with the section's name. `lines` are printed.
    """

    title: str
    content: Mapping[str, Any]
    markdown: str
    figures: Mapping[str, bytes] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


SECTIONS: Registry[Callable[..., Section]] = Registry("section", package="unmask.evaluation.sections")
"""Every section by name; each is called as `section(scored, **parameters)`."""
