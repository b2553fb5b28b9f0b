"""The curves of a run as a picture: loss, accuracy and AUC per epoch."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from unmask.files import write_whole

COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito's, for any colour vision
MARKERS = ("o", "^", "D", "v", "P", "X", "*")


def write_curves(history: list[dict[str, Any]], path: Path) -> None:
    """Write a PNG with three panels from a run's history, one entry per finished epoch."""
    figure = Figure(figsize=(12, 4.2), layout="constrained", facecolor="white")
    loss, accuracy, area = figure.subplots(1, 3)
    epochs = [entry["epoch"] for entry in history]
    for axes, name in ((loss, "loss"), (accuracy, "accuracy")):
        axes.plot(epochs, [entry[f"train_{name}"] for entry in history], "o-", color="#0072B2", label="training")
        axes.plot(
            epochs, [entry[f"validation_{name}"] for entry in history], "s--", color="#D55E00", label="validation"
        )
    names = list(history[-1]["validation_auc_by_dataset"])
    if len(names) != 1:  # of a single data set the mean is the same line
        area.plot(epochs, [entry["validation_auc"] for entry in history], "s-", color="#D55E00", label="mean")
    for index, name in enumerate(names):
        values = [entry["validation_auc_by_dataset"].get(name, float("nan")) for entry in history]
        marker = MARKERS[index % len(MARKERS)]
        area.plot(epochs, values, marker, linestyle=":", color=COLOURS[index % len(COLOURS)], label=name)
    for axes, title in ((loss, "Loss"), (accuracy, "Accuracy"), (area, "Validation AUC")):
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(color="#DDDDDD", linewidth=0.6)
        axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=120, format="png")
    write_whole(path, buffer.getvalue())
