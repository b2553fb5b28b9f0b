"""Groups: whether some people are accused, or some forgeries missed, more often than others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unmask.evaluation.groups import read_groups
from unmask.evaluation.scoring import DatasetScores
from unmask.evaluation.sections import SECTIONS, Scored, ScoredData, Section
from unmask.evaluation.tables import render_table, share
from unmask.metrics.confusion import THRESHOLD
from unmask.schema import FAKE, REAL

POLICY = (
    "At a probability of 0.5, by the group columns that the suite names. A gap is the largest rate minus the smallest, "
    "over groups with at least {least} pictures of the class. Differences of small groups are mostly chance."
)
NONE = "No data set of this suite names columns that tell groups of people apart (`groups` in the suite's file)."
UNNAMED = "not stated"


@SECTIONS.register("groups")
def groups(scored: Scored, least: int = 20) -> Section:
    """Return false and true positive rates of every group, and the gaps between groups."""
    asked = [data for data in scored.data if data.settings.groups]
    content: dict[str, dict[str, Any]] = {detector.name: {} for detector in scored.detectors if asked}
    for data in asked:
        values = read_groups(data.root, data.settings.groups)
        for detector, each in zip(scored.detectors, data.scores, strict=True):
            content[detector.name][data.name] = {
                column: describe_groups(each, _group_of(data, values, column), least) for column in data.settings.groups
            }
    markdown = f"{POLICY.format(least=least)}\n\n{_table(content)}" if asked else NONE
    return Section("Groups", {"least": least, "by_detector": content}, markdown)


def _group_of(data: ScoredData, values: Mapping[Path, Mapping[str, str]], column: str) -> list[str]:
    """Return each sample's group, in the order of the samples."""
    return [values.get(Path(sample.path), {}).get(column) or UNNAMED for sample in data.samples]


def describe_groups(each: DatasetScores, group_of: list[str], least: int) -> dict[str, Any]:
    """Return counts and rates of every group, and `gaps` in FPR and TPR, None where fewer than two groups count."""
    scored = [(group, row) for group, row in zip(group_of, each.rows, strict=True) if row.fake_probability is not None]
    found: dict[str, Any] = {}
    for group in sorted({group for group, _ in scored}):
        rows = [row for other, row in scored if other == group]
        rates: dict[str, Any] = {}
        for label, count, rate in ((REAL, "real", "false_positive_rate"), (FAKE, "fake", "true_positive_rate")):
            called = [float(row.fake_probability or 0.0) >= THRESHOLD for row in rows if row.label == label]
            rates |= {count: len(called), rate: float(np.mean(called)) if called else None}
        found[group] = rates
    gaps = {}
    for count, rate in (("real", "false_positive_rate"), ("fake", "true_positive_rate")):
        counted = [entry[rate] for entry in found.values() if entry[count] >= least]
        gaps[rate] = max(counted) - min(counted) if len(counted) > 1 else None
    return {"groups": found, "gaps": gaps}


def _table(content: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for detector, entries in content.items():
        for name, columns in entries.items():
            for column, entry in columns.items():
                for group, each in entry["groups"].items():
                    cells = [share(each["false_positive_rate"]), share(each["true_positive_rate"])]
                    rows.append([name, detector, column, group, str(each["real"]), str(each["fake"]), *cells])
                gaps = [share(entry["gaps"][key]) for key in ("false_positive_rate", "true_positive_rate")]
                rows.append([name, detector, column, "gap", "", "", *gaps])
    return render_table(["Data set", "Detector", "Column", "Group", "Real", "Fake", "FPR", "TPR"], rows, texts=4)
