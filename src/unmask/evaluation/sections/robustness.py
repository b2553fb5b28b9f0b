"""Robustness: what is left of the AUC when pictures have been on a way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unmask.evaluation.corruptions import CORRUPTIONS, STRENGTHS
from unmask.evaluation.robustness import score_corrupted
from unmask.evaluation.samples import take_evenly
from unmask.evaluation.sections import SECTIONS, Scored, Section
from unmask.evaluation.tables import number, render_table, with_interval
from unmask.figures import GREY, GRID, new_figure, run_style, to_png
from unmask.metrics.auc import auc
from unmask.metrics.bootstrap import bootstrap_intervals
from unmask.metrics.weights import ratio
from unmask.preprocessing import WHOLE

POLICY = (
    "AUC of {faces} faces of each data set, taken evenly, after each corruption at five strengths. The face is found "
    "once, on the clean picture, and its box is used for all versions, so that the network is measured and not the "
    f"finder. Pictures up to {WHOLE} pixels are corrupted whole, larger ones around the face. A picture's file name "
    "seeds its draws. “Mean” is over all corruptions and strengths, “relative” is that mean divided by the clean AUC "
    "of the same faces; in brackets 95 % intervals over sources. On so few faces a single cell is uncertain by several "
    "hundredths."
)


@SECTIONS.register("robustness")
def robustness(scored: Scored, faces: int = 100) -> Section:
    """Return AUC by corruption and strength on an even sample of each data set, with its mean."""
    left_out, scored = scored.name_clips(), scored.without_clips()
    content: dict[str, dict[str, Any]] = {detector.name: {} for detector in scored.detectors}
    for data in scored.data:
        chosen = take_evenly(list(zip(data.samples, data.scores[0].rows, strict=True)), faces)
        samples, rows = zip(*chosen, strict=True)
        values = score_corrupted(scored.detectors, samples, [row.file for row in rows], progress=scored.progress)
        labels, sources = np.array([s.label for s in samples]), np.array([s.source_id for s in samples])
        for index, detector in enumerate(scored.detectors):
            found = np.isfinite(values[index, :, 0])
            content[detector.name][data.name] = describe_cells(
                labels[found], values[index, found], list(sources[found]), scored.suite.resamples, scored.suite.seed
            )
    levels = {name: {"level": CORRUPTIONS[name].level_name, "levels": CORRUPTIONS[name].levels} for name in CORRUPTIONS}
    drawn = content if scored.data else {}
    figures = {
        f"robustness-{place}.png": _draw(entries, name) for place, (name, entries) in enumerate(drawn.items(), start=1)
    }
    parts = [*([POLICY.format(faces=faces), _summary(content)] if drawn else []), *left_out]
    for (name, entries), figure in zip(drawn.items(), figures, strict=True):
        parts += [f"### {name}", _by_corruption(entries), f"![AUC against strength, one plot a corruption]({figure})"]
        parts += [f"#### {name} on {key}, by strength\n\n{_by_strength(entry)}" for key, entry in entries.items()]
    lines = [
        f"{key}, {name}: mean AUC of {len(CORRUPTIONS) * len(STRENGTHS)} corrupted versions {number(e['mean_auc'])}, "
        f"clean {number(e['clean_auc'])} ({e['faces']} faces)."
        for name, entries in content.items()
        for key, e in entries.items()
    ]
    return Section(
        title="Robustness",
        content={"faces": faces, "corruptions": levels, "by_detector": content},
        markdown="\n\n".join(parts),
        figures=figures,
        lines=tuple(lines),
    )


def describe_cells(
    labels: np.ndarray, values: np.ndarray, sources: list[str], resamples: int, seed: int
) -> dict[str, Any]:
    """Return the AUC of every cell, their mean, and the mean relative to the clean AUC, with intervals.

    Args:
        labels: int64 [N].
        values: fake probabilities, float64 [N, 1 + 5 per corruption], the clean ones first.
        sources: each picture's source, length N.
        resamples: of the bootstrap; every column is resampled alike, so that means are of the same faces.
        seed: of its draw.
    """
    entry: dict[str, Any] = {"faces": len(labels), "real": int((labels == 0).sum()), "fake": int((labels == 1).sum())}
    if np.unique(labels).size < 2:
        names = ("clean_auc", "mean_auc", "mean_interval", "relative", "relative_interval", "auc")
        return entry | dict.fromkeys(names)
    areas = [auc(labels, column) for column in values.T]
    mean = float(np.mean(areas[1:]))

    def resample(weights: np.ndarray) -> dict[str, np.ndarray]:
        drawn = [np.asarray(auc(labels, column, weights)) for column in values.T]
        means = np.mean(drawn[1:], axis=0)
        return {"mean": means, "relative": ratio(means, drawn[0])}

    intervals = bootstrap_intervals(resample, sources, resamples, seed)
    cells = np.reshape(areas[1:], (len(CORRUPTIONS), len(STRENGTHS)))
    return entry | {
        "clean_auc": areas[0],
        "mean_auc": mean,
        "mean_interval": intervals["mean"],
        "relative": mean / areas[0] if areas[0] else None,
        "relative_interval": intervals["relative"],
        "auc": {name: row.tolist() for name, row in zip(CORRUPTIONS, cells, strict=True)},
    }


def _summary(content: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [[key, name, *_figures_of(entry)] for name, entries in content.items() for key, entry in entries.items()]
    return render_table(["Data set", "Detector", "Real + fake", "Clean AUC", "Mean AUC", "Relative"], rows, texts=2)


def _figures_of(entry: Mapping[str, Any]) -> list[str]:
    mean = with_interval(entry["mean_auc"], entry["mean_interval"])
    relative = with_interval(entry["relative"], entry["relative_interval"])
    return [f"{entry['real']} + {entry['fake']}", number(entry["clean_auc"]), mean, relative]


def _by_corruption(entries: Mapping[str, Any]) -> str:
    """Return the mean over the five strengths by corruption and data set."""
    names = [key for key, entry in entries.items() if entry["auc"]]
    rows = [["none", *(number(entries[key]["clean_auc"]) for key in names)]]
    rows += [
        [name.replace("_", " "), *(number(float(np.mean(entries[key]["auc"][name]))) for key in names)]
        for name in CORRUPTIONS
    ]
    return render_table(["Mean of five strengths", *names], rows)


def _by_strength(entry: Mapping[str, Any]) -> str:
    if not entry["auc"]:
        return "There is only one class among these faces, so that there is no AUC."
    rows = [
        [f"{name.replace('_', ' ')} ({CORRUPTIONS[name].level_name})"]
        + [
            f"{number(area)} ({level:g})"
            for area, level in zip(entry["auc"][name], CORRUPTIONS[name].levels, strict=True)
        ]
        for name in CORRUPTIONS
    ]
    return render_table(["Corruption (level)", *map(str, STRENGTHS)], rows)


def _draw(entries: Mapping[str, Any], detector: str) -> bytes:
    """Return one small plot a corruption: AUC against strength, 0 being clean, one line a data set."""
    figure = new_figure(6.4, 10.5, f"AUC after corruption\n{detector}")
    all_axes: Any = figure.subplots(-(-len(CORRUPTIONS) // 2), 2, sharex=True, sharey=True, squeeze=False)
    for axes in all_axes.flat[len(CORRUPTIONS) :]:
        axes.set_visible(False)
    for axes, name in zip(all_axes.flat, CORRUPTIONS, strict=False):
        for index, (key, entry) in enumerate(entries.items()):
            if entry["auc"]:
                areas = [entry["clean_auc"], *entry["auc"][name]]
                axes.plot((0, *STRENGTHS), areas, linewidth=1.6, markersize=3.5, label=key, **run_style(index))
        axes.axhline(0.5, color=GREY, linestyle="--", linewidth=1)
        axes.set_title(name.replace("_", " "), fontsize=10)
        axes.grid(**GRID)
    cells = [area for entry in entries.values() if entry["auc"] for areas in entry["auc"].values() for area in areas]
    all_axes[0, 0].set(xlim=(-0.2, 5.2), ylim=(min([0.45, *cells]) - 0.02, 1.0), xticks=[0, *STRENGTHS])  # for all
    for axes in all_axes[:, 0]:
        axes.set_ylabel("AUC")
    for axes in all_axes[-1]:
        axes.set_xlabel("strength")
    figure.legend(*all_axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return to_png(figure)
