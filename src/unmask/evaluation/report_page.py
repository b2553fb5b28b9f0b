"""The report as a page of Markdown, made from report.json and the names of its figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unmask.evaluation.levels import ITEMS, MIXED, VIDEO
from unmask.evaluation.tables import number, render_class_report, render_table
from unmask.schema import LABEL_NAMES, VERDICTS

POLICY = (
    "Each picture went through `predict_image` exactly as a user would get it: found face, crop, network. "
    "Its score is the fake probability of its most fake face. Pictures that could not be read and pictures "
    "in which no face was found have no score: they are counted below and left out of the metrics."
)
CLIPS = (
    "Each clip went through `predict_video` likewise: 32 frames spread over it, the people followed through them. Its "
    "score is the fake probability of its most fake person, that of the mean of the logits of their frames."
)
COLUMNS = {
    "auc": "AUC",
    "average_precision": "AP",
    "eer": "EER",
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
}
"""The usual order and names; a metric that is not here follows under its own name."""


def render_page(
    report: dict[str, Any], figures: Sequence[dict[str, str]], sections: Sequence[str] | None = None
) -> str:
    """Return report.md.

    Args:
        report: the content of report.json.
        figures: for each data set the file name of each figure by its kind, such as `{"roc": "x-roc.png"}`.
        sections: what an evaluation tells, in place of the table of all metrics.
    """
    low, high = report["thresholds"]["real"], report["thresholds"]["fake"]
    parts = [
        f"# Scores of {report['detector']}",
        f"Scored on {report['date']}." + (f" To repeat: `{report['command']}`" if report["command"] else ""),
        POLICY,
        *([CLIPS] if any(entry["level"] in (VIDEO, MIXED) for entry in report["datasets"]) else []),
        "Accuracy, precision, recall, F1, the confusion matrix and the classification report call a score of 0.5 "
        "and above fake. "
        f"The detector's verdicts are real below {low:.3g}, fake above {high:.3g} and uncertain between.",
        *([_summary(report["datasets"])] if sections is None else sections),
    ]
    for entry, files in zip(report["datasets"], figures, strict=True):
        parts += _section(entry, files)
    if report["weights"]:
        hashes = [f"- `{name}` sha256 `{value}`" for name, value in report["weights"].items()]
        parts += ["## Weights", "\n".join(hashes)]
    return "\n\n".join(parts) + "\n"


def _summary(datasets: Sequence[dict[str, Any]]) -> str:
    """Return the table of all data sets with every metric."""
    names = [name for entry in datasets for name in entry["metrics"] if name != "threshold"]
    ordered = [*COLUMNS, *sorted(set(names) - set(COLUMNS))]
    head = ["Data set", "In training", "Scored", *(COLUMNS.get(name, name) for name in ordered)]
    rows = [
        [_title(entry), "yes" if entry["seen_in_training"] else "no", str(entry["counts"]["scored"])]
        + [number(entry["metrics"].get(name)) for name in ordered]
        for entry in datasets
    ]
    return render_table(head, rows)


def _section(entry: dict[str, Any], figures: dict[str, str]) -> list[str]:
    """Return the paragraphs of one data set."""
    counts = entry["counts"]
    selected = f", selected evenly from {counts['available']}" if counts["available"] > counts["total"] else ""
    parts = [
        f"## {_title(entry)}",
        f"{counts['total']} {ITEMS[entry['level']]}{selected} ({counts['real']} real, {counts['fake']} fake): "
        f"{counts['scored']} scored, {counts['no_face']} without a face, {counts['unreadable']} unreadable. "
        f"Faces found by {entry['face_finder']}.",
    ]
    if entry["metrics_reason"]:
        parts.append(f"No metrics: {entry['metrics_reason']}")
    parts.append(
        f"Of the scored reals {_percent(entry['false_positive_rate'])} were called fake (false positives), "
        f"of the scored fakes {_percent(entry['true_positive_rate'])} (true positives)."
    )
    parts += [_verdict_table(entry), _confusion_table(entry), render_class_report(entry["confusion_matrix"])]
    images = [f"![{kind.replace('_', ' ')} of {_title(entry)}]({file})" for kind, file in figures.items()]
    return [*parts, "\n".join(images)] if images else parts


def _verdict_table(entry: dict[str, Any]) -> str:
    """Return how often each class got each verdict."""
    rows = [[name, *(str(entry["verdicts"][name][verdict]) for verdict in VERDICTS)] for name in LABEL_NAMES]
    return render_table(["Verdicts", *(verdict.replace("_", " ") for verdict in VERDICTS)], rows)


def _confusion_table(entry: dict[str, Any]) -> str:
    """Return the confusion matrix at 0.5."""
    matrix = entry["confusion_matrix"]
    rows = [[name, *map(str, matrix[label])] for label, name in enumerate(LABEL_NAMES)]
    return render_table(["At 0.5", "called real", "called fake"], rows)


def _title(entry: dict[str, Any]) -> str:
    """Return the data set's name with its split."""
    return f"{entry['name']} ({entry['split']})" if entry["split"] else str(entry["name"])


def _percent(value: float | None) -> str:
    return "none (there are no such pictures)" if value is None else f"{value:.1%}"
