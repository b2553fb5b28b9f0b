"""Selective risk: what errors are left when only the surest pictures are judged."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.evaluation.sections import SECTIONS, Scored, Section
from unmask.evaluation.tables import render_table, share
from unmask.figures import GRID, RUN_LINES, new_figure, run_style, to_png
from unmask.metrics.selective_risk import risk_coverage

POLICY = (
    "Pictures are judged at 0.5, the surest first (farthest from 0.5); the share of errors among the pictures judged "
    "so far should rise with the coverage. A curve that falls is sure where it is wrong. AURC stands among the scores."
)
COVERAGES = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


@SECTIONS.register("selective_risk")
def selective_risk(scored: Scored) -> Section:
    """Return the error at several coverages, and its curve."""
    content: dict[str, dict[str, Any]] = {detector.name: {} for detector in scored.detectors}
    curves: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {data.name: {} for data in scored.data}
    for detector, data, each in scored.pairs():
        labels, values = each.labels_and_scores()
        if np.unique(labels).size < 2:
            content[detector.name][data.name] = None
            continue
        coverages, risks = risk_coverage(labels, values)
        curves[data.name][detector.name] = coverages, risks
        at = [int(np.searchsorted(coverages, coverage - 1e-12)) for coverage in COVERAGES]
        content[detector.name][data.name] = [
            {"coverage": float(coverages[place]), "error": float(risks[place])} for place in at
        ]
    rows = [
        [name, detector, *(share(point["error"]) for point in points)]
        for detector, entries in content.items()
        for name, points in entries.items()
        if points
    ]
    head = ["Errors at a coverage of", "Detector", *(f"{coverage:.0%}" for coverage in COVERAGES)]
    parts = [POLICY, render_table(head, rows, texts=2)]
    figures = {"selective_risk-curves.png": _draw(curves)} if rows else {}
    parts += [f"![Share of errors against coverage]({name})" for name in figures]
    return Section("Selective risk", {"by_detector": content}, "\n\n".join(parts), figures)


def _draw(curves: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]]) -> bytes:
    """Return one plot a data set, one line a detector."""
    drawn = {name: each for name, each in curves.items() if each}
    columns = min(2, len(drawn))
    lines = -(-len(drawn) // columns)
    figure = new_figure(3.6 * columns + 0.4, 2.7 * lines + 0.8, "Errors among the surest pictures")
    all_axes: Any = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for axes in all_axes.flat[len(drawn) :]:
        axes.set_visible(False)
    for axes, (name, each) in zip(all_axes.flat, drawn.items(), strict=False):
        for index, (detector, (coverages, risks)) in enumerate(each.items()):
            style = {"color": run_style(index)["color"], "linestyle": RUN_LINES[index % len(RUN_LINES)]}
            axes.plot(100 * coverages, 100 * risks, linewidth=1.8, label=detector, **style)
        axes.set_title(name, fontsize=10)
        axes.grid(**GRID)
    most = max(float(risks.max()) for each in drawn.values() for _, risks in each.values())
    all_axes[0, 0].set(xlim=(0, 100), ylim=(0, max(5.0, 105 * most)))  # shared by all
    for axes in all_axes[-1]:
        axes.set_xlabel("coverage, %")
    for axes in all_axes[:, 0]:
        axes.set_ylabel("errors, %")
    if max(map(len, drawn.values())) > 1:
        figure.legend(*all_axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return to_png(figure)
