"""The scores: every data set and detector side by side, each figure with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from tqdm import tqdm

from unmask.evaluation.intervals import arrays_of, measure
from unmask.evaluation.levels import ITEMS, VIDEO, level_of, videos_of
from unmask.evaluation.report import count_pictures
from unmask.evaluation.scoring import DatasetScores
from unmask.evaluation.sections import SECTIONS, Scored, Section
from unmask.evaluation.tables import number, render_table, with_interval
from unmask.figures import GRID, new_figure, run_style, to_png
from unmask.schema import DetectorSettings

RANKING = {
    "auc": "AUC",
    "average_precision": "AP",
    "eer": "EER",
    "tpr_at_1_percent_fpr": "TPR at 1 % FPR",
    "tpr_at_5_percent_fpr": "TPR at 5 % FPR",
}
PROBABILITY = {
    "accuracy": "Accuracy at 0.5",
    "brier_score": "Brier score",
    "expected_calibration_error": "ECE",
    "aurc": "AURC",
}
FIGURE = "scores-auc.png"
POLICY = (
    "“Level” says what is counted: pictures, single frames of clips, or clips. "
    "In brackets: 95 % intervals of a bootstrap over sources (all pictures of a source are drawn together), "
    "{resamples} resamples, seed {seed}. Pictures without a face and unreadable ones have no score: they are counted "
    "here and left out of the figures. ECE is over 15 bins of equal width. AURC is the mean share of errors over all "
    "coverages."
)
VIDEOS = (
    "Of data sets of frames, clip by clip: a clip's probability is that of the mean of its frames' logits, as "
    "`predict_video` pools a person's. Data sets of whole clips stand above."
)


@SECTIONS.register("scores")
def scores(scored: Scored) -> Section:
    """Return all metrics with intervals, of pictures and of videos, for in-source and unseen data."""
    content: dict[str, dict[str, Any]] = {detector.name: {} for detector in scored.detectors}
    pairs = list(scored.pairs())
    for detector, data, each in tqdm(pairs, "Resampling", delay=2, disable=None if scored.progress else True):
        content[detector.name][data.name] = _describe(
            each, detector.settings, scored.suite.resamples, scored.suite.seed
        )
    means = {name: mean_by_source(entries) for name, entries in content.items()}
    parts = [
        POLICY.format(resamples=scored.suite.resamples, seed=scored.suite.seed),
        _table(content, RANKING),
        _table(content, PROBABILITY, counts=True),
        _mean_table(means),
        f"![AUC of every data set and detector with its interval]({FIGURE})",
    ]
    videos = {
        name: {key: entry["video"] for key, entry in entries.items() if entry["video"]}
        for name, entries in content.items()
    }
    if any(videos.values()):
        parts += ["### Videos", VIDEOS, _table(videos, RANKING | PROBABILITY)]
    return Section(
        title="Scores",
        content={"by_detector": content, "mean_auc": means},
        markdown="\n\n".join(parts),
        figures={FIGURE: _draw(content)},
        lines=tuple(_line(name, key, entry) for name, entries in content.items() for key, entry in entries.items()),
    )


def _describe(each: DatasetScores, settings: DetectorSettings, resamples: int, seed: int) -> dict[str, Any]:
    """Return counts and figures of one data set by one detector."""
    entry = {
        "level": level_of(each.rows),
        "seen_in_training": each.seen_in_training,
        "counts": count_pictures(each),
        **measure(*arrays_of(each.rows), resamples=resamples, seed=seed),
        "video": None,
    }
    if videos := videos_of(each.rows, settings):
        pooled = [row for row in videos if row.fake_probability is not None]
        labels = [row.label for row in pooled]
        entry["video"] = {
            "level": VIDEO,
            "seen_in_training": each.seen_in_training,
            "counts": {"scored": len(pooled), "real": labels.count(0), "fake": labels.count(1)},
            **measure(*arrays_of(pooled), resamples=resamples, seed=seed),
        }
    return entry


def mean_by_source(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the mean AUC of the data sets seen in training and of the unseen ones, each weighing the same."""

    def mean(seen: bool) -> float | None:
        values = [entry["metrics"]["auc"] for entry in entries.values() if entry["seen_in_training"] is seen]
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None

    return {"in_source": mean(True), "unseen": mean(False)}


def _table(content: Mapping[str, Mapping[str, Any]], columns: Mapping[str, str], *, counts: bool = False) -> str:
    """Return one row for each data set and detector, the detectors of a data set under each other."""
    names = list(dict.fromkeys(key for entries in content.values() for key in entries))
    left_out = ["No face", "Unreadable"] if counts else []
    several = len(content) > 1  # one detector stands in the title, and its column would push the figures off the page
    head = ["Data set", "Level", *(["Detector"] if several else []), "In training", "Scored", *left_out]
    rows = []
    for name in names:
        for detector, entries in content.items():
            if name in entries:
                entry = entries[name]
                lost = [str(entry["counts"][key]) for key in ("no_face", "unreadable")] if counts else []
                rows.append(
                    [
                        name,
                        entry["level"],
                        *([detector] if several else []),
                        "yes" if entry["seen_in_training"] else "no",
                        str(entry["counts"]["scored"]),
                        *lost,
                    ]
                    + [with_interval(entry["metrics"][key], entry["intervals"][key]) for key in columns]
                )
    return render_table([*head, *columns.values()], rows, texts=3 + several)


def _mean_table(means: Mapping[str, Mapping[str, float | None]]) -> str:
    rows = [[name, number(each["in_source"]), number(each["unseen"])] for name, each in means.items()]
    return render_table(["Mean AUC", "data seen in training", "unseen data"], rows)


def _draw(content: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return a plot of all AUCs with their intervals, one line a data set."""
    names = list(dict.fromkeys(key for entries in content.values() for key in entries))
    figure = new_figure(7.2, 1.4 + 0.32 * len(names) * max(2, len(content)), "AUC with 95 % interval")
    axes: Any = figure.add_subplot()
    for index, (detector, entries) in enumerate(content.items()):
        for place, name in enumerate(names):
            entry = entries[name]
            area, interval = entry["metrics"]["auc"], entry["intervals"]["auc"]
            if area is None:
                continue
            height = place + (index - (len(content) - 1) / 2) * 0.6 / len(content)
            style = run_style(index)
            if interval:
                axes.plot(interval, [height, height], color=style["color"], linewidth=2)
            axes.plot(area, height, linestyle="", markersize=6, label=detector if place == 0 else None, **style)
    seen = [next(iter(content.values()))[name]["seen_in_training"] for name in names]
    marks = [f"{name}\n{'in training' if known else 'unseen'}" for name, known in zip(names, seen, strict=True)]
    axes.set_yticks(range(len(names)), marks)
    axes.axvline(0.5, color="#666666", linestyle="--", linewidth=1)
    axes.set(ylim=(len(names) - 0.5, -0.5))
    axes.set_xlabel("AUC (dashed: chance)")
    axes.grid(axis="x", **GRID)
    if len(content) > 1:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, frameon=False)
    return to_png(figure)


def _line(detector: str, name: str, entry: Mapping[str, Any]) -> str:
    counts, metrics, intervals = entry["counts"], entry["metrics"], entry["intervals"]
    where = "in training" if entry["seen_in_training"] else "unseen"
    said = entry["reason"] or f"AUC {with_interval(metrics['auc'], intervals['auc'])}, EER {number(metrics['eer'])}"
    items = ITEMS[entry["level"]]
    return f"{name} ({where}), {detector}: {counts['scored']} of {counts['total']} {items} scored. {said}"
