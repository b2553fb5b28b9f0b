"""Groups: whether some people are accused, or some forgeries missed, more often than others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unmask.errors import DataError
from unmask.evaluation.groups import USUAL, find_columns, name_group, read_groups
from unmask.evaluation.scoring import ImageScore
from unmask.evaluation.sections import SECTIONS, Scored, ScoredData, Section
from unmask.evaluation.shares import describe_rates, describe_verdicts
from unmask.evaluation.tables import render_table, share, share_of_counts
from unmask.schema import FAKE, REAL

POLICY = (
    "By the columns that the suite names (`groups`), else by those of the data set that are called as usual "
    f"({', '.join(USUAL)}); ages in years come in decades. FPR and TPR are at a probability of 0.5, the next three by "
    "the verdicts: errors among the decided, and the share that is decided; in brackets 95 % intervals over sources. A "
    "gap is the largest share minus the smallest, over groups in which it is of at least {least}. Differences of small "
    "groups are mostly chance."
)
NONE = (
    "No data set of this suite says who is in its pictures: none has a column such as sex, age or skin_tone, nor does "
    "the suite name other columns (`groups` in its file)."
)
UNNAMED = "not stated"
HEADS = {
    "false_positive_rate": "FPR",
    "true_positive_rate": "TPR",
    "real_called_fake": "decided reals called fake",
    "fake_called_real": "decided fakes called real",
    "coverage": "coverage",
}


@SECTIONS.register("groups")
def groups(scored: Scored, least: int = 20) -> Section:
    """Return both rates at 0.5 and the verdicts' shares of every group, and the gaps between groups."""
    content: dict[str, dict[str, Any]] = {}
    remarks: list[str] = []
    for data in scored.data:
        try:
            group_of = _read(data)
        except DataError as error:
            if data.settings.groups:
                raise
            remarks.append(f"The groups of {data.name} are left out. {error}")  # nobody asked for them
            continue
        for detector, each in zip(scored.detectors, data.scores, strict=True):
            found = {
                column: describe_groups(each.rows, group_of[column], least, scored.suite.resamples, scored.suite.seed)
                for column in group_of
            }
            if found:
                content.setdefault(detector.name, {})[data.name] = found
    parts = [POLICY.format(least=least), _table(content)] if content else [NONE]
    return Section("Groups", {"least": least, "by_detector": content}, "\n\n".join([*parts, *remarks]))


def _read(data: ScoredData) -> dict[str, list[str]]:
    """Return by column each sample's group, in the order of the samples; columns that none was asked for may be empty.

    Raises:
        DataError: a table is damaged or lacks a column that the suite names.
    """
    columns = data.settings.groups or find_columns(data.root)
    values = read_groups(data.root, columns) if columns else {}
    said = {column: [values.get(Path(s.path), {}).get(column, "") for s in data.samples] for column in columns}
    return {
        column: [name_group(column, value) or UNNAMED for value in each]
        for column, each in said.items()
        if data.settings.groups or any(each)
    }


def describe_groups(
    rows: Sequence[ImageScore], group_of: Sequence[str], least: int, resamples: int, seed: int
) -> dict[str, Any]:
    """Return counts and shares of every group, and `gaps` by share, None where fewer than two groups count.

    Args:
        rows: of one data set; those without a probability do not count.
        group_of: each row's group, length N.
        least: how many pictures a group's share must be of to count for a gap.
        resamples: of the bootstrap by source.
        seed: of its draw.
    """
    found: dict[str, Any] = {}
    scored = [(group, row) for group, row in zip(group_of, rows, strict=True) if row.fake_probability is not None]
    for group in sorted({group for group, _ in scored}):
        held = [row for other, row in scored if other == group]
        labels = [row.label for row in held]
        found[group] = {"real": labels.count(REAL), "fake": labels.count(FAKE)}
        found[group] |= describe_rates(held, resamples, seed) | describe_verdicts(held, resamples, seed)
    gaps = {}
    for name in HEADS:
        counted = [entry[name]["share"] for entry in found.values() if entry[name]["whole"] >= least]
        gaps[name] = max(counted) - min(counted) if len(counted) > 1 else None
    return {"groups": found, "gaps": gaps}


def _table(content: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for detector, entries in content.items():
        for name, columns in entries.items():
            for column, entry in columns.items():
                for group, each in entry["groups"].items():
                    cells = [share_of_counts(each[key]) or "–" for key in HEADS]
                    rows.append([name, detector, column, group, str(each["real"]), str(each["fake"]), *cells])
                gaps = [share(entry["gaps"][key]) for key in HEADS]
                rows.append([name, detector, column, "gap", "", "", *gaps])
    return render_table(["Data set", "Detector", "Column", "Group", "Real", "Fake", *HEADS.values()], rows, texts=4)
