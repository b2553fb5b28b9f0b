"""What a run's detector reached: every report in the run's folder that is of exactly its weights."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unmask.card import read_report
from unmask.detector_folder import REPORT
from unmask.errors import DataError, UnmaskError
from unmask.evaluation.report import hash_weights
from unmask.evaluation.report_files import SCORES
from unmask.schema import LABEL_NAMES

MOST_SCORES_BYTES = 256 << 20
NEEDED = {"dataset", "split", "file", "label", "fake_probability"}
"""Columns of scores.csv that are read; those of older and newer scores may differ in the others."""


@dataclass(frozen=True)
class RunScores:
    """One data set's entry of a report, with the score of each picture where scores.csv lies beside it.

    `labels` are int64 [N], `values` fake probabilities, float64 [N], of the scored pictures only; `files` are all
    pictures of the data set, so that two runs can be asked whether they were scored on the same ones.
    """

    entry: dict[str, Any]
    date: str
    files: frozenset[tuple[str, str]]
    labels: np.ndarray
    values: np.ndarray

    @property
    def title(self) -> str:
        """The data set's name with its split."""
        return f"{self.entry['name']} ({self.entry['split']})" if self.entry["split"] else str(self.entry["name"])

    @property
    def has_curve(self) -> bool:
        """True where the scores of the pictures are there and are of both classes."""
        return np.unique(self.labels).size == 2


def read_scores(run: Path, detector: Path) -> tuple[list[RunScores], list[str]]:
    """Return the newest scores of each data set, and a line on each folder whose report could not be used.

    Args:
        run: the run's folder; a report may lie in any folder directly below it.
        detector: the run's detector folder, whose weights a report must name.
    """
    weights = hash_weights(detector)
    found: dict[tuple[str, str], RunScores] = {}
    remarks: list[str] = []
    for path in sorted(run.glob(f"*/{REPORT}")):
        try:
            scores = _read_folder(path.parent, weights)
        except UnmaskError as error:
            remarks.append(f"The scores in {path.parent.name} are left out. {error}")
            continue
        for each in scores:
            key = (each.title, str(each.entry.get("path_name")))
            if key not in found or _rank(each) > _rank(found[key]):
                found[key] = each
    return sorted(found.values(), key=lambda each: (each.entry["split"] != "validation", each.title)), remarks


def _rank(scores: RunScores) -> tuple[str, bool]:
    """Newer scores come before older ones, and those with every picture's score before bare figures."""
    return scores.date, bool(scores.files)


def _read_folder(folder: Path, weights: dict[str, str]) -> list[RunScores]:
    """Return the scores of one report; raises DataError or BrokenDetector where it cannot be used."""
    report = read_report(folder)
    if report.get("weights") != weights:
        raise DataError("They are of other weights than the run's detector. Score it again.")
    try:
        for entry in report["datasets"]:
            _check_entry(entry)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{REPORT} is not whole ({type(error).__name__}: {error}). Score the detector again.") from None
    pictures = _read_pictures(folder / SCORES) if (folder / SCORES).is_file() else {}
    return [_join(entry, str(report.get("date", "")), pictures) for entry in report["datasets"]]


def _check_entry(entry: dict[str, Any]) -> None:
    """Raise KeyError, TypeError or ValueError where a data set's entry lacks what a comparison shows."""
    _ = entry["seen_in_training"], entry["face_finder"]
    if not isinstance(entry["name"], str) or not isinstance(entry["split"], (str, type(None))):
        raise TypeError("a data set's name or split is no text")
    (tn, fp), (fn, tp) = entry["confusion_matrix"]
    counts = [entry["counts"][key] for key in ("total", "scored", "available")]
    if any(type(count) is not int or count < 0 for count in [*counts, tn, fp, fn, tp]):
        raise ValueError("a count is no whole number")
    area = entry["metrics"].get("auc")
    if area is not None and not 0 <= area <= 1:
        raise ValueError("an AUC is no number from 0 to 1")


def _join(entry: dict[str, Any], date: str, pictures: dict[tuple[str, str], list[dict[str, str]]]) -> RunScores:
    """Return a report's entry with the pictures of its data set."""
    rows = pictures.get((str(entry["name"]), str(entry["split"] or "")), [])
    if len(rows) != entry["counts"]["total"]:
        rows = []  # two folders of one name were scored together: whose picture is whose cannot be told
    scored = [row for row in rows if row["fake_probability"]]
    return RunScores(
        entry=entry,
        date=date,
        files=frozenset((row["file"], row["label"]) for row in rows),
        labels=np.array([LABEL_NAMES.index(row["label"]) for row in scored], dtype=np.int64),
        values=np.array([float(row["fake_probability"]) for row in scored], dtype=np.float64),
    )


def _read_pictures(path: Path) -> dict[tuple[str, str], list[dict[str, str]]]:
    """Return the rows of scores.csv by data set and split; raises DataError where one makes no sense."""
    rows: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    try:
        if path.stat().st_size > MOST_SCORES_BYTES:
            raise ValueError("larger than 256 MiB")
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            if not set(table.fieldnames or ()) >= NEEDED:
                raise ValueError("other columns than expected")
            for row in table:
                _check_row(row, table.line_num)
                rows[row["dataset"], row["split"]].append(row)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path.name} cannot be read ({error}). Score the detector again.") from None
    return rows


def _check_row(row: dict[str, str], line: int) -> None:
    """Raise ValueError unless the row has all its cells, a known label and a probability or none."""
    if None in row.values() or None in row or row["label"] not in LABEL_NAMES:
        raise ValueError(f"line {line} is not whole")
    if row["fake_probability"] and not 0 <= float(row["fake_probability"]) <= 1:
        raise ValueError(f"line {line} has no probability")
