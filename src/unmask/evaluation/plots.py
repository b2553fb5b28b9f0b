"""The figures of a report as PNG bytes: ROC curve, histogram of scores, confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.evaluation.levels import items_of
from unmask.evaluation.scoring import DatasetScores
from unmask.figures import BLUE, GREY, GRID, ORANGE, new_figure, to_png
from unmask.metrics.auc import auc
from unmask.metrics.confusion import THRESHOLD, confusion_of
from unmask.metrics.eer import eer
from unmask.metrics.roc import roc_curve
from unmask.schema import FAKE, LABEL_NAMES, REAL

COLOURS = {REAL: BLUE, FAKE: ORANGE}
HATCHES = {REAL: "", FAKE: "///"}
BINS = 25


def draw_figures(scores: DatasetScores, thresholds: dict[str, float]) -> dict[str, bytes]:
    """Return the figures that the scores allow, PNG bytes by kind.

    Kinds are `roc` (only with both classes), `histogram` and `confusion_matrix` (only with a score).

    Args:
        scores: one scored data set.
        thresholds: `real` and `fake`, the detector's verdict thresholds.
    """
    labels, values = scores.labels_and_scores()
    if labels.size == 0:
        return {}
    figures = {"roc": draw_roc(labels, values, scores.title)} if np.unique(labels).size == 2 else {}
    figures["histogram"] = draw_histogram(labels, values, thresholds, scores.title, items_of(scores.rows))
    figures["confusion_matrix"] = draw_confusion_matrix(labels, values, scores.title)
    return figures


def draw_roc(labels: np.ndarray, scores: np.ndarray, title: str) -> bytes:
    """Return the ROC curve with its AUC and the point of equal error rate."""
    figure = new_figure(4.8, 4.8, f"ROC curve\n{title}")
    axes: Any = figure.add_subplot()
    false_positive_rates, true_positive_rates = roc_curve(labels, scores)
    rate = eer(labels, scores)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="chance")
    axes.plot(
        false_positive_rates,
        true_positive_rates,
        color=BLUE,
        linewidth=2,
        label=f"AUC {auc(labels, scores):.3f}",
        clip_on=False,
    )
    axes.plot(rate, 1 - rate, "o", color=ORANGE, markersize=8, label=f"EER {rate:.3f}", clip_on=False)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set_xlabel("false positive rate (reals called fake)")
    axes.set_ylabel("true positive rate (fakes called fake)")
    axes.grid(**GRID)
    axes.legend(loc="lower right")
    return to_png(figure)


def draw_histogram(
    labels: np.ndarray, scores: np.ndarray, thresholds: dict[str, float], title: str, items: str = "pictures"
) -> bytes:
    """Return the histogram of fake probabilities by class over the detector's three verdict zones."""
    figure = new_figure(7.2, 4.2, f"Fake probability by class\n{title}")
    axes: Any = figure.add_subplot()
    _shade_zones(axes, thresholds)
    edges = np.linspace(0, 1, BINS + 1)
    for label, name in enumerate(LABEL_NAMES):
        of_class = scores[labels == label]
        if of_class.size:
            shares = np.full(of_class.size, 100 / of_class.size)
            style: dict[str, Any] = {"color": COLOURS[label], "hatch": HATCHES[label]}
            axes.hist(of_class, edges, weights=shares, histtype="stepfilled", alpha=0.35, **style)
            axes.hist(of_class, edges, weights=shares, histtype="step", linewidth=1.8, color=COLOURS[label])
            axes.bar(0, 0, label=f"{name} ({of_class.size})", alpha=0.5, **style)
    axes.set(xlim=(0, 1))
    axes.set_xlabel("fake probability")
    axes.set_ylabel(f"{items} of the class, %")
    axes.legend(loc="upper center", ncols=2, bbox_to_anchor=(0.5, -0.16), frameon=False)
    return to_png(figure)


def draw_confusion_matrix(labels: np.ndarray, scores: np.ndarray, title: str) -> bytes:
    """Return the confusion matrix at 0.5, each cell with its count and its share of the class."""
    figure = new_figure(4.6, 4.4, f"Confusion matrix at {THRESHOLD}\n{title}")
    axes: Any = figure.add_subplot()
    draw_matrix(axes, np.array(confusion_of(labels, scores)).reshape(2, 2))
    return to_png(figure)


def draw_matrix(axes: Any, counts: np.ndarray) -> None:
    """Draw counts `[[tn, fp], [fn, tp]]` into a plot, each cell with its share of the class."""
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        text = f"{count}\n{shares[row, column]:.1%}" if totals[row, 0] else "none"
        colour = "white" if shares[row, column] > 0.7 else "black"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=13)
    axes.set_xticks([0, 1], [f"called {name}" for name in LABEL_NAMES])
    axes.set_yticks([0, 1], [f"{name} ({int(totals[label, 0])})" for label, name in enumerate(LABEL_NAMES)])
    axes.tick_params(length=0)


def _shade_zones(axes: Any, thresholds: dict[str, float]) -> None:
    """Shade and name the spans in which the detector says real, uncertain and fake."""
    low, high = thresholds["real"], thresholds["fake"]
    zones = [("real", 0.0, low, BLUE), ("uncertain", low, high, GREY), ("fake", high, 1.0, ORANGE)]
    for name, left, right, colour in zones:
        axes.axvspan(left, right, color=colour, alpha=0.09, linewidth=0)
        if right - left >= 0.08:
            middle = (left + right) / 2
            axes.text(middle, 1.02, name, ha="center", color=colour, transform=axes.get_xaxis_transform())
    for threshold in (low, high):
        axes.axvline(threshold, color=GREY, linewidth=1, linestyle=":")
