"""Calibration: whether of the pictures given 70 % about 70 % are fake."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.evaluation.levels import items_of
from unmask.evaluation.sections import SECTIONS, Scored, Section
from unmask.figures import BLUE, GREY, GRID, new_figure, to_png
from unmask.metrics.calibration_error import BINS, bin_of

POLICY = (
    "Of the first detector. Each dot is one of 15 bins of equal width: its mean fake probability against the share of "
    "fakes in it, its area the number of pictures, or of clips where the data set is of clips. On the dashed line the "
    "probability is right; below it the detector suspects too much. The share of fakes in a data set moves the dots: "
    "it is stated."
)


@SECTIONS.register("calibration")
def calibration(scored: Scored) -> Section:
    """Return the reliability diagram of the first detector on every data set."""
    content = {data.name: reliability(*data.scores[0].labels_and_scores()) for data in scored.data}
    figure = "calibration-reliability.png"
    drawn = {name: bins for name, bins in content.items() if bins}
    parts = [POLICY, *([f"![Share of fakes against fake probability]({figure})"] if drawn else [])]
    items = {data.name: items_of(data.scores[0].rows) for data in scored.data}
    figures = {figure: _draw(drawn, items)} if drawn else {}
    content_of = {"detector": scored.detectors[0].name, "bins": content}
    return Section("Calibration", content_of, "\n\n".join(parts), figures)


def reliability(labels: np.ndarray, values: np.ndarray) -> list[dict[str, Any]]:
    """Return count, mean probability and share of fakes of every bin that has a picture."""
    bins = bin_of(values)
    return [
        {"count": int(held.sum()), "probability": float(values[held].mean()), "fakes": float(labels[held].mean())}
        for held in (bins == number for number in range(BINS))
        if held.any()
    ]


def _draw(content: dict[str, list[dict[str, Any]]], items: dict[str, str]) -> bytes:
    columns = min(2, len(content))
    lines = -(-len(content) // columns)
    figure = new_figure(3.5 * columns + 0.4, 3.2 * lines + 0.6, "Share of fakes at each fake probability")
    all_axes: Any = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for axes in all_axes.flat[len(content) :]:
        axes.set_visible(False)
    for axes, (name, bins) in zip(all_axes.flat, content.items(), strict=False):
        total = sum(each["count"] for each in bins)
        of_fakes = sum(each["count"] * each["fakes"] for each in bins) / total
        axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
        places, heights = ([each[key] for each in bins] for key in ("probability", "fakes"))
        axes.plot(places, heights, color=BLUE, linewidth=1, alpha=0.6)
        sizes = [8 + 600 * each["count"] / total for each in bins]
        axes.scatter(places, heights, s=sizes, color=BLUE, alpha=0.6, linewidths=0, clip_on=False)
        axes.set_title(f"{name}\n{total} {items[name]}, {of_fakes:.0%} fake", fontsize=10)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        axes.grid(**GRID)
    for axes in all_axes[-1]:
        axes.set_xlabel("fake probability")
    for axes in all_axes[:, 0]:
        axes.set_ylabel("share of fakes")
    return to_png(figure)
