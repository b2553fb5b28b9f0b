"""The report: what one detector, with exactly these weights, reached on each data set."""

from __future__ import annotations

import datetime
import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unmask.detector_folder import ONNX, WEIGHTS
from unmask.errors import DataError, MetricError
from unmask.evaluation.levels import items_of, level_of
from unmask.evaluation.samples import take_evenly
from unmask.evaluation.scoring import UNREADABLE, DatasetScores
from unmask.metrics import METRICS
from unmask.metrics.confusion import THRESHOLD, Confusion, confusion_of
from unmask.schema import FAKE, LABEL_NAMES, REAL, VERDICTS

if TYPE_CHECKING:
    from unmask.detector import Detector

FORMAT_VERSION = 1
CHECK_FACES = 25


def build_report(detector: Detector, datasets: Sequence[DatasetScores], command: str = "") -> dict[str, Any]:
    """Return report.json as a dict: one entry for each data set, and the hashes of the weights scored.

    Args:
        detector: the detector that gave the scores.
        datasets: one or more scored data sets.
        command: the command line that repeats the scoring.

    Raises:
        DataError: there is no data set.
    """
    if not datasets:
        raise DataError("There is no scored data set to report on. Score one first.")
    return {
        "format_version": FORMAT_VERSION,
        "detector": detector.name,
        "date": datetime.date.today().isoformat(),
        "command": command,
        "weights": hash_weights(detector.folder),
        "thresholds": {
            "real": detector.settings.real_threshold,
            "fake": detector.settings.fake_threshold,
        },
        "datasets": [describe_dataset(scores) for scores in datasets],
    }


def describe_dataset(scores: DatasetScores) -> dict[str, Any]:
    """Return one data set's entry of report.json.

    Metrics are over the scored pictures. Where they cannot be computed (one class, no face anywhere) each
    is None and `metrics_reason` says why; counts, verdicts and the two rates that have pictures remain.
    """
    labels, values = scores.labels_and_scores()
    confusion = confusion_of(labels, values)
    metrics, reason = _compute_metrics(scores, labels, values)
    return {
        "name": scores.name,
        "split": scores.split,
        "path_name": scores.short_path,
        "level": level_of(scores.rows),
        "counts": count_pictures(scores),
        "face_finder": scores.face_finder,
        "seen_in_training": scores.seen_in_training,
        "metrics": metrics,
        "metrics_reason": reason,
        "false_positive_rate": _rate(confusion.false_positives, confusion.true_negatives),
        "true_positive_rate": _rate(confusion.true_positives, confusion.false_negatives),
        "verdicts": _count_verdicts(scores),
        "confusion_matrix": _as_matrix(confusion),
        "check": keep_some(scores),
    }


def keep_some(scores: DatasetScores) -> dict[str, Any]:
    """Return what a later version can be held to: what was said of 25 pictures, taken evenly, in their order.

    A picture without a face, or that cannot be read, has None for a fake probability.
    """
    rows = take_evenly(scores.rows, CHECK_FACES)
    return {
        "faces": len(rows),
        "fake_probabilities": [row.fake_probability for row in rows],
        "verdicts": [row.verdict for row in rows],
    }


def hash_weights(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each weight file in a detector folder, so that a report names its weights."""
    files = [folder / name for name in (ONNX, WEIGHTS)]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}


def _compute_metrics(
    scores: DatasetScores, labels: np.ndarray, values: np.ndarray
) -> tuple[dict[str, float | None], str | None]:
    """Return every registered metric and None, or a None for each and the reason."""
    threshold: dict[str, float | None] = {"threshold": THRESHOLD}
    try:
        if labels.size == 0:
            raise MetricError(
                f"None of the {len(scores.rows)} {items_of(scores.rows)} could be scored. See the counts."
            )
        return {name: METRICS[name](labels, values) for name in METRICS} | threshold, None
    except MetricError as error:
        return dict.fromkeys(METRICS) | threshold, str(error)


def count_pictures(scores: DatasetScores) -> dict[str, int]:
    """Return how many pictures there were, of which class, and what became of them."""
    verdicts = Counter(row.verdict for row in scores.rows)
    labels = Counter(row.label for row in scores.rows)
    return {
        "total": len(scores.rows),
        "real": labels[REAL],
        "fake": labels[FAKE],
        "scored": len(scores.scored),
        "no_face": verdicts["no_face"],
        "unreadable": verdicts[UNREADABLE],
        "available": scores.available,
    }


def _count_verdicts(scores: DatasetScores) -> dict[str, dict[str, int]]:
    """Return for each class how often each verdict was given."""
    counts = Counter((row.label, row.verdict) for row in scores.rows)
    return {name: {verdict: counts[label, verdict] for verdict in VERDICTS} for label, name in enumerate(LABEL_NAMES)}


def _as_matrix(confusion: Confusion) -> list[list[int]]:
    """Return [[tn, fp], [fn, tp]]."""
    return [
        [confusion.true_negatives, confusion.false_positives],
        [confusion.false_negatives, confusion.true_positives],
    ]


def _rate(part: int, rest: int) -> float | None:
    """Return the share of a part, None where there is nothing to share."""
    return part / (part + rest) if part + rest else None
