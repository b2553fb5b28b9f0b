"""The page of a comparison of runs, or of a single one, as Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from unmask.evaluation.levels import ITEMS, PICTURE
from unmask.evaluation.run_scores import RunScores
from unmask.evaluation.runs import Run
from unmask.evaluation.tables import number, render_class_report, render_table, without_empty_columns

Entry = tuple[int, str, RunScores]
"""A run's place among all, its name and its scores on one data set."""

POLICY = (
    "The best epoch is chosen by the mean validation AUC of the data sets, so that validation figures of a chosen run "
    "flatter it a little; test sets do not. The scores by data set went through `predict_image` as a user would get "
    "them, with faces found in the whole picture."
)
SETTINGS = ("backbone", "input_size", "init_weights", "pretrained", "loss", "optimizer", "schedule", "lr", "batch_size")
"""The settings that the page names first, where runs differ in them; all others follow."""
NOT_SETTINGS = {"history", "faces", "left_out", "torch", "name", "forebears"}
MEGABYTE = 1e6


def render_comparison(
    runs: Sequence[Run], by_dataset: Mapping[str, Sequence[Entry]], figures: Mapping[str, str], left_out: Sequence[str]
) -> str:
    """Return the page.

    Args:
        runs: one run or more.
        by_dataset: the runs that were scored on each data set, by its title.
        figures: file names: `curves`, `roc` where there is one, and `confusion_matrix of <title>` for each data set.
        left_out: a line on each folder that was not compared.
    """
    heading = f"Run {runs[0].name}" if len(runs) == 1 else f"Comparison of {len(runs)} runs"
    parts = [f"# {heading}", POLICY, _run_table(runs)]
    parts += _differences(runs)
    parts += ["## Curves", f"![loss, accuracy and AUC by epoch]({figures['curves']})"]
    if by_dataset:
        parts += ["## AUC by data set", _auc_table(runs, by_dataset)]
        parts += _picture_notes(by_dataset)
    if "roc" in figures:
        parts += ["## ROC curves", f"![ROC curves]({figures['roc']})"]
    for title, entries in by_dataset.items():
        parts += _dataset_section(title, entries, figures[f"confusion_matrix of {title}"])
    if left_out:
        parts += ["## Left out", "\n".join(f"- {line}" for line in left_out)]
    return "\n\n".join(parts) + "\n"


def _run_table(runs: Sequence[Run]) -> str:
    """Return one line a run: what it is, what it reached on validation faces, and what it cost."""
    head = ["Run", "Data", "Backbone", "Input, px", "Training faces", "Best epoch", "Validation AUC", "Accuracy"]
    head += ["Minutes", "Faces/s", "Peak memory, MB", "Parameters, M", "model.onnx, MB"]
    rows = [
        [
            run.name,
            ", ".join(map(str, _listed(run.settings.get("data")))) or "–",
            str(run.settings.get("backbone", "–")),
            str(run.settings.get("input_size", "–")),
            training_faces(run),
            f"{run.kept['epoch']:g} of {run.history[-1]['epoch']:g}",
            number(run.kept["validation_auc"]),
            number(run.kept["validation_accuracy"]),
            number(run.minutes, 1),
            number(run.faces_per_second, 0),
            number(run.peak_memory_mb, 0),
            number(run.parameters / 1e6, 2),
            number(run.file_bytes / MEGABYTE, 1),
        ]
        for run in runs
    ]
    return render_table(*without_empty_columns(head, rows), texts=3)


def _differences(runs: Sequence[Run]) -> list[str]:
    """Return the settings in which the runs differ, as a table with one line a setting."""
    if len(runs) == 1:
        return []
    names = dict.fromkeys([*SETTINGS, *(name for run in runs for name in run.settings if name not in NOT_SETTINGS)])
    rows = []
    for name in names:
        values = [_shown(run.settings[name]) if name in run.settings else "–" for run in runs]
        if len(set(values)) > 1:
            rows.append([name, *values])
    if not rows:
        return ["The runs do not differ in any setting."]
    return ["## Where they differ", render_table(["Setting", *(run.name for run in runs)], rows, texts=len(runs) + 1)]


def _auc_table(runs: Sequence[Run], by_dataset: Mapping[str, Sequence[Entry]]) -> str:
    """Return the AUC of each run on each data set, a dash where it was not scored or has one class."""
    by_place = {title: {index: scores for index, _, scores in entries} for title, entries in by_dataset.items()}
    rows = [[run.name, *(_area(by_place[title].get(index)) for title in by_dataset)] for index, run in enumerate(runs)]
    return render_table(["Run", *by_dataset], rows)


def _picture_notes(by_dataset: Mapping[str, Sequence[Entry]]) -> list[str]:
    """Return a warning on each data set of which the runs were scored on different pictures."""
    notes = []
    for title, entries in by_dataset.items():
        known = {scores.files for _, _, scores in entries if scores.files}
        totals = {scores.entry["counts"]["total"] for _, _, scores in entries}
        if len(known) > 1 or len(totals) > 1:
            notes.append(f"**Not the same pictures of {title}**: the runs were scored on different ones, so that small")
            notes[-1] += " differences between their figures mean nothing."
        finders = sorted({str(scores.entry["face_finder"]) for _, _, scores in entries})
        if len(finders) > 1:
            notes.append(f"**Not the same face finder on {title}**: {', '.join(finders)}.")
    return notes


def _dataset_section(title: str, entries: Sequence[Entry], figure: str) -> list[str]:
    """Return the confusion matrices and classification reports of one data set."""
    parts = [f"## {title}", f"![confusion matrices on {title}]({figure})"]
    for _, name, scores in entries:
        counts = scores.entry["counts"]
        seen = "learned from" if scores.entry["seen_in_training"] else "not learned from"
        items = ITEMS[scores.entry.get("level", PICTURE)]
        day = scores.date or "an unknown day"
        parts.append(
            f"**{name}**: {counts['scored']:,} of {counts['total']:,} {items} scored on {day}, "
            f"faces found by {scores.entry['face_finder']}; the data set's training pictures were {seen}."
        )
        parts.append(render_class_report(scores.entry["confusion_matrix"]))
    return parts


def training_faces(run: Run) -> str:
    """Return how many faces a run was trained on, a dash where it does not say."""
    faces = run.settings.get("faces")
    count = faces.get("train") if isinstance(faces, Mapping) else None
    return f"{count:,}" if isinstance(count, int) else "–"


def _area(scores: RunScores | None) -> str:
    return "–" if scores is None else number(scores.entry["metrics"].get("auc"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _shown(value: Any) -> str:
    """Return a setting's value in a few words."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
