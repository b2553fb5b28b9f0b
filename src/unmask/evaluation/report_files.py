"""The report on disk: report.json, report.md, scores.csv and the figures, each file whole or not there."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unmask.card import render_card
from unmask.detector_folder import CARD, REPORT, SUITE_FIGURES
from unmask.evaluation.plots import draw_figures
from unmask.evaluation.report import build_report
from unmask.evaluation.report_page import render_page
from unmask.evaluation.scoring import DatasetScores, tell_apart
from unmask.files import write_json, write_whole
from unmask.schema import LABEL_NAMES

if TYPE_CHECKING:
    from unmask.detector import Detector

PAGE, SCORES = "report.md", "scores.csv"
COLUMNS = ("dataset", "split", "file", "label", "fake_probability", "verdict", "source_id", "method", "reasons")


def write_report(
    output: Path | str, detector: Detector, datasets: Sequence[DatasetScores], command: str = ""
) -> dict[str, Any]:
    """Write report.json, report.md, scores.csv and the figures; return the report.

    Every file is written aside and renamed, report.json last: where it stands, the rest is whole. Data sets of one
    name and split are numbered.

    Args:
        output: the folder to write into; made when it is not there.
        detector: the detector that gave the scores.
        datasets: one or more scored data sets.
        command: the command line that repeats the scoring.

    Raises:
        DataError: there is no data set, or the folder cannot be written.
    """
    datasets = tell_apart(datasets)
    report, output = build_report(detector, datasets, command), Path(output)
    figures: list[dict[str, str]] = []
    for stem, scores in zip(file_stems(datasets), datasets, strict=True):
        drawn = draw_figures(scores, report["thresholds"])
        figures.append({kind: f"{stem}-{kind}.png" for kind in drawn})
        for kind, png in drawn.items():
            write_whole(output / f"{stem}-{kind}.png", png)
    write_whole(output / SCORES, render_rows(datasets).encode())
    write_whole(output / PAGE, render_page(report, figures).encode())
    write_report_file(output, report)
    return report


def write_report_file(folder: Path, report: dict[str, Any]) -> None:
    """Write report.json alone, as a detector folder has it.

    Raises:
        DataError: the folder cannot be written.
    """
    write_json(folder / REPORT, report)


def publish_report(folder: Path, report: dict[str, Any], figures: Mapping[str, bytes] | None = None) -> None:
    """Put a report into a detector's folder, the figures that its card shows, and the card, which comes last.

    Args:
        folder: The detector folder.
        report: As `build_report` makes it, with a suite's part or without.
        figures: PNG files by their names; those that the card shows are kept, older ones of theirs deleted.

    Raises:
        DataError: the folder cannot be written.
        BrokenDetector: it is no whole detector folder.
    """
    for name in SUITE_FIGURES:
        if figures and name in figures:
            write_whole(folder / name, figures[name])
        else:
            (folder / name).unlink(missing_ok=True)
    write_report_file(folder, report)
    write_whole(folder / CARD, render_card(folder).encode())


def file_stems(datasets: Sequence[DatasetScores]) -> list[str]:
    """Return a file name's beginning for each data set, unique and safe on every file system."""
    stems: list[str] = []
    for scores in datasets:
        parts = [scores.name, scores.split or ""]
        stem = "-".join("".join(c if c.isalnum() else "-" for c in part.lower()) for part in parts if part)
        repeats = sum(earlier == stem or earlier.startswith(f"{stem}--") for earlier in stems)
        stems.append(f"{stem}--{repeats + 1}" if repeats else stem)
    return stems


def render_rows(datasets: Sequence[DatasetScores]) -> str:
    """Return scores.csv: one line a picture, also those without a score."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for scores in datasets:
        for row in scores.rows:
            probability = "" if row.fake_probability is None else repr(float(row.fake_probability))
            data_set, label = (scores.name, scores.split or ""), LABEL_NAMES[row.label]
            about = row.source_id, row.method, "; ".join(row.reasons)
            table.writerow([*data_set, row.file, label, probability, row.verdict, *about])
    return text.getvalue()
