"""One run of the scorer: from data folders and a detector's name to the report on disk."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unmask.data.names import short_path
from unmask.detector_folder import REPORT
from unmask.errors import DataError
from unmask.evaluation.comparison import compare_runs
from unmask.evaluation.levels import ITEMS
from unmask.evaluation.report_files import publish_report, write_report
from unmask.evaluation.samples import read_split, take_evenly
from unmask.evaluation.scoring import score_dataset
from unmask.evaluation.suite_run import make_folder
from unmask.hub import load_detector
from unmask.schema import Sample


@dataclass(frozen=True)
class ScoringRun:
    """What to score: the fields are the options of `train/score.py`."""

    data: list[str]
    output: str
    detector: str | None = None
    split: str | None = None
    layout: str | None = None
    limit: int | None = None
    write_report: bool = False


def run_scoring(run: ScoringRun, *, progress: bool = True) -> dict[str, Any]:
    """Score a detector on every data set, write the report, print a line on each, return the report.

    All data sets are read and the output folder is made before the first picture is scored, so that a
    wrong path costs no waiting.

    Raises:
        UnmaskError: a data set, the detector or the output folder cannot be used.

    Example:
        >>> run_scoring(ScoringRun(data=["data/hardfake"], output="runs/scores"))  # doctest: +SKIP
    """
    if run.write_report and run.detector and not Path(run.detector).is_dir():
        raise DataError(f"--write-report needs a detector folder and {run.detector} is none. Give a local one.")
    chosen = [(root, read_split(root, run.split, run.layout)) for root in run.data]
    detector = load_detector(run.detector)
    make_folder(Path(run.output))
    datasets = []
    for root, samples in chosen:
        if run.split and all(sample.split is None for sample in samples):
            print(f"{short_path(root)} has no splits: all {len(samples)} files are taken for {run.split}.")
        picked = samples if run.limit is None else take_evenly(samples, run.limit)
        datasets.append(score_dataset(detector, picked, root=root, available=len(samples), progress=progress))
    report = write_report(run.output, detector, datasets, describe_command(run))
    if run.write_report:
        publish_report(detector.folder, report)
    _print_summary(report, run.output)
    return report


def score_validation(folder: Path, chosen: Sequence[tuple[str, Sequence[Sample]]], output: Path) -> dict[str, Any]:
    """Score a freshly trained detector on its validation pictures; report and card go into its folder.

    The run's folder gets `report/`: curves, ROC curves, confusion matrices and classification reports. What repeats
    the training, and with it these scores, stands on the card.

    Args:
        folder: The detector folder, in the run's.
        chosen: Each data set's folder with its validation samples.
        output: Where figures and scores per picture go.

    Raises:
        UnmaskError: the detector cannot run, or a folder cannot be written.
    """
    detector = load_detector(folder)
    datasets = [
        score_dataset(detector, [replace(s, split="validation") for s in samples], root=root)
        for root, samples in chosen
    ]
    report = write_report(output, detector, datasets)
    publish_report(folder, report)
    _print_summary(report, output)
    page, left_out = compare_runs([folder.parent])
    print("\n".join([*left_out, f"Report: {page}"]))
    return report


def _print_summary(report: dict[str, Any], output: Path | str) -> None:
    for entry in report["datasets"]:
        print(summarise(entry))
    print(f"Report: {Path(output) / REPORT}")


def describe_command(run: ScoringRun) -> str:
    """Return the command line with data sets and detector by their names, not by this machine's paths."""
    words = ["python", "train/score.py"]
    if run.detector:
        words += ["--detector", Path(run.detector).name if Path(run.detector).is_dir() else run.detector]
    for root in run.data:
        words += ["--data", short_path(root)]
    for option, value in (("--split", run.split), ("--layout", run.layout), ("--limit", run.limit)):
        words += [option, str(value)] if value is not None else []
    return shlex.join([*words, "--output", Path(run.output).name])


def summarise(entry: dict[str, Any]) -> str:
    """Return one line on one data set of the report."""
    counts, metrics = entry["counts"], entry["metrics"]
    left_out = f"{counts['no_face']} without a face, {counts['unreadable']} unreadable"
    values = (
        entry["metrics_reason"]
        or f"AUC {metrics['auc']:.3f}, EER {metrics['eer']:.3f}, accuracy {metrics['accuracy']:.3f}"
    )
    scored = f"{counts['scored']} of {counts['total']} {ITEMS[entry['level']]} scored"
    return f"{entry['path_name']}: {scored} ({left_out}). {values}"
