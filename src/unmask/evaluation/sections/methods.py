"""Methods: which forgeries are found, and which are missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unmask.evaluation.intervals import arrays_of
from unmask.evaluation.scoring import DatasetScores, ImageScore
from unmask.evaluation.sections import SECTIONS, Scored, Section
from unmask.evaluation.tables import render_table, share, with_interval
from unmask.metrics.auc import auc
from unmask.metrics.bootstrap import bootstrap_intervals
from unmask.metrics.confusion import THRESHOLD
from unmask.schema import FAKE, REAL

POLICY = (
    "Each method's fakes against all reals of its data set. “Called fake” is from a probability of 0.5 on; “called "
    "real” is the verdict. Where neither the data set nor the suite (`method`) names the method, it is unknown."
)


@SECTIONS.register("methods")
def methods(scored: Scored) -> Section:
    """Return AUC and misses of every method that the data sets name."""
    content: dict[str, dict[str, Any]] = {detector.name: {} for detector in scored.detectors}
    for detector, data, each in scored.pairs():
        content[detector.name][data.name] = by_method(each, scored.suite.resamples, scored.suite.seed)
    rows = [
        [name, method, detector, *_cells(entry)]
        for detector, entries in content.items()
        for name, found in entries.items()
        for method, entry in found.items()
    ]
    head = ["Data set", "Method", "Detector", "Fakes", "AUC", "called fake", "verdict real"]
    return Section(
        title="Methods",
        content={"by_detector": content},
        markdown=f"{POLICY}\n\n{render_table(head, rows, texts=3)}",
    )


def by_method(each: DatasetScores, resamples: int, seed: int) -> dict[str, dict[str, Any]]:
    """Return for each method of the fakes its count, AUC with interval, and shares called fake and real."""
    reals = [row for row in each.scored if row.label == REAL]
    found = {}
    for method in sorted({row.method for row in each.scored if row.label == FAKE}):
        fakes = [row for row in each.scored if row.label == FAKE and row.method == method]
        area, interval = _auc_of([*reals, *fakes], resamples, seed) if reals else (None, None)
        found[method] = {
            "fakes": len(fakes),
            "auc": area,
            "interval": interval,
            "called_fake": sum((row.fake_probability or 0.0) >= THRESHOLD for row in fakes) / len(fakes),
            "verdict_real": sum(row.verdict == "real" for row in fakes) / len(fakes),
        }
    return found


def _auc_of(rows: Sequence[ImageScore], resamples: int, seed: int) -> tuple[float, list[float] | None]:
    labels, values, sources = arrays_of(rows)
    drawn = bootstrap_intervals(lambda weights: {"auc": auc(labels, values, weights)}, sources, resamples, seed)
    return auc(labels, values), drawn["auc"]


def _cells(entry: Mapping[str, Any]) -> list[str]:
    area = with_interval(entry["auc"], entry["interval"])
    return [str(entry["fakes"]), area, share(entry["called_fake"]), share(entry["verdict_real"])]
