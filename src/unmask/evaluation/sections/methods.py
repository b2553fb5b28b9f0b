"""Methods: which forgeries are found, and which are missed."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.evaluation.scoring import DatasetScores
from unmask.evaluation.sections import SECTIONS, Scored, Section
from unmask.evaluation.tables import render_table, share, with_interval
from unmask.metrics.auc import auc
from unmask.metrics.bootstrap import bootstrap_intervals
from unmask.metrics.confusion import THRESHOLD
from unmask.schema import FAKE, REAL

POLICY = (
    "Each method's fakes against all reals of its data set. “Called fake” is from a probability of 0.5 on; “called "
    "real” is the verdict. A data set that does not name its methods has one, unknown."
)


@SECTIONS.register("methods")
def methods(scored: Scored) -> Section:
    """Return AUC and misses of every method that the data sets name."""
    content: dict[str, dict[str, Any]] = {detector.name: {} for detector in scored.detectors}
    for detector, data, each in scored.pairs():
        content[detector.name][data.name] = by_method(each, scored.suite.resamples, scored.suite.seed)
    rows = [
        [name, method, detector, str(e["fakes"]), with_interval(e["auc"], e["interval"])]
        + [share(e["called_fake"]), share(e["verdict_real"])]
        for detector, entries in content.items()
        for name, found in entries.items()
        for method, e in found.items()
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
        rows = [*reals, *fakes]
        labels = np.array([row.label for row in rows])
        values = np.array([row.fake_probability for row in rows], dtype=np.float64)
        entry: dict[str, Any] = {"fakes": len(fakes), "auc": None, "interval": None}
        if reals:
            entry["auc"] = auc(labels, values)
            sources = [row.source_id for row in rows]
            draw = bootstrap_intervals(
                lambda w, y=labels, p=values: {"auc": auc(y, p, w)}, sources, resamples, seed
            )
            entry["interval"] = draw["auc"]
        entry["called_fake"] = float(np.mean(values[labels == FAKE] >= THRESHOLD))
        entry["verdict_real"] = sum(row.verdict == "real" for row in fakes) / len(fakes)
        found[method] = entry
    return found
