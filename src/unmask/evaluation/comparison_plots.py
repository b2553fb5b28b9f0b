"""The figures of several runs side by side as PNG bytes: learning curves, ROC curves, confusion matrices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from unmask.evaluation.plots import draw_matrix
from unmask.evaluation.run_scores import RunScores
from unmask.evaluation.runs import Run
from unmask.figures import GREY, GRID, RUN_LINES, new_figure, run_style, to_png
from unmask.metrics.auc import auc
from unmask.metrics.confusion import THRESHOLD
from unmask.metrics.roc import roc_curve

PANELS = {"Loss": "loss", "Accuracy": "accuracy", "Validation AUC": "auc"}
SHAPES = {"validation": ("-", 1.8), "train": ((0, (4, 2)), 1.1)}
"""How the two sides are drawn: line style and width."""
LONGEST_NAME = 36
ROC_SIDE, LEGEND_LINE = 3.8, 0.23
"""In inches. A ROC plot is square and its legend as long as there are runs: both are placed by hand, because
the automatic layout lets the legend of one row run into the next."""


def draw_curves(runs: Sequence[Run]) -> bytes:
    """Return loss, accuracy and AUC per epoch of all runs, with the epoch of each detector marked.

    Validation is drawn whole, training dashed. A loss of the run's own kind (focal, mean squared error) stands on its
    own scale, so that losses of runs with different losses do not compare.
    """
    figure = new_figure(13.4, 4.3 + 0.24 * math.ceil((len(runs) + 3) / 4), "Curves")
    for axes, (title, key) in zip(figure.subplots(1, 3), PANELS.items(), strict=True):
        for index, run in enumerate(runs):
            for side in SHAPES:
                _draw_side(axes, run, f"{side}_{key}", side, index)
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(0.05)
        axes.grid(**GRID)
    names = [Line2D([], [], label=shorten(run.name), **run_style(index)) for index, run in enumerate(runs)]
    figure.legend(handles=[*names, *_side_handles()], loc="outside lower center", ncols=4, frameon=False)
    return to_png(figure)


def draw_rocs(by_dataset: Mapping[str, Sequence[tuple[int, str, RunScores]]]) -> bytes:
    """Return one ROC plot per data set with the curve of every run that was scored on it.

    Args:
        by_dataset: for each data set's title the runs: their place, which gives the colour, name and scores.
    """
    columns = min(3, len(by_dataset))
    rows = math.ceil(len(by_dataset) / columns)
    most = max(len(entries) for entries in by_dataset.values())
    wide, tall = ROC_SIDE + 1.0, ROC_SIDE + 1.25 + LEGEND_LINE * most
    figure = new_figure(wide * columns, tall * rows + 0.4, "ROC curves", by_hand=True)
    for place, (title, entries) in enumerate(by_dataset.items()):
        corner = (wide * (place % columns) + 0.75, tall * (rows - place // columns) - ROC_SIDE - 0.4)
        axes = _add_axes(figure, *corner, ROC_SIDE)
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
        for index, name, scores in entries:
            _draw_roc(axes, index, name, scores)
        axes.set(xlim=(0, 1), ylim=(0, 1), title=title)
        axes.set_xlabel("false positive rate (reals called fake)")
        axes.set_ylabel("true positive rate (fakes called fake)")
        axes.grid(**GRID)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.5 / ROC_SIDE), frameon=False)
    return to_png(figure)


def draw_matrices(title: str, entries: Sequence[tuple[int, str, RunScores]]) -> bytes:
    """Return the confusion matrix at 0.5 of every run on one data set."""
    columns = min(4, len(entries))
    rows = math.ceil(len(entries) / columns)
    figure = new_figure(max(4.4, 3.5 * columns), 3.5 * rows + 0.6, f"Confusion matrix at {THRESHOLD}\n{title}")
    plots = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (_, name, scores) in zip(plots, entries, strict=False):
        draw_matrix(axes, np.array(scores.entry["confusion_matrix"]))
        axes.set_title(shorten(name), fontsize=11)
    for axes in plots[len(entries) :]:
        axes.set_visible(False)
    return to_png(figure)


def shorten(name: str) -> str:
    """Return a run's name as a legend can hold it: the end of a long one, which tells two paths apart.

    Matplotlib leaves a label that starts with an underscore out and reads dollars as formulas.
    """
    name = name.replace("$", "\\$")
    name = name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"
    return f" {name}" if name.startswith("_") else name


def _draw_side(axes: Any, run: Run, key: str, side: str, index: int) -> None:
    """Draw training or validation figures of one run, where the history has them."""
    if key not in run.history[0]:
        return
    epochs = [entry["epoch"] for entry in run.history]
    line, width = SHAPES[side]
    style = run_style(index) | {"marker": None if side == "train" else run_style(index)["marker"]}
    every = max(1, len(epochs) // 12)
    axes.plot(
        epochs,
        [entry[key] for entry in run.history],
        linestyle=line,
        linewidth=width,
        markersize=5,
        markevery=every,
        **style,
    )
    if side == "validation":
        kept = run.kept
        axes.plot(kept["epoch"], kept[key], "o", markersize=13, fillstyle="none", color=style["color"])


def _add_axes(figure: Figure, left: float, bottom: float, side: float) -> Any:
    """Return a square plot at a place in inches."""
    width, height = figure.get_size_inches()
    return figure.add_axes((left / width, bottom / height, side / width, side / height))


def _side_handles() -> list[Line2D]:
    """Return the legend's entries for the two kinds of lines and for the ring."""
    named = {"validation": "validation", "train": "training"}
    lines = [
        Line2D([], [], color=GREY, linestyle=SHAPES[side][0], linewidth=SHAPES[side][1], label=label)
        for side, label in named.items()
    ]
    ring = Line2D([], [], color=GREY, linestyle="", marker="o", markersize=11, fillstyle="none")
    ring.set_label("the detector's epoch")
    return [*lines, ring]


def _draw_roc(axes: Any, index: int, name: str, scores: RunScores) -> None:
    """Draw one run's curve; colour and line style are its own."""
    false_positive_rates, true_positive_rates = roc_curve(scores.labels, scores.values)
    axes.plot(
        false_positive_rates,
        true_positive_rates,
        color=run_style(index)["color"],
        linestyle=RUN_LINES[index % len(RUN_LINES)],
        linewidth=2,
        label=f"{shorten(name)}, AUC {auc(scores.labels, scores.values):.3f}",
        clip_on=False,
    )
