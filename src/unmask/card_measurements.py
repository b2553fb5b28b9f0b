"""The part of a model card that a suite measured: intervals, calibration, robustness, failures, heat maps, groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unmask.detector_folder import CALIBRATION_FIGURE, ROBUSTNESS_FIGURE
from unmask.known_failures import escape_cell, render_failures

NOT_MEASURED = "Not measured yet: `python train/score.py --suite train/suites/default.yaml --write-report` does it."
GROUPS = (
    "At a probability of 0.5, by what the data sets say of the people in their pictures. A gap is the largest rate "
    "minus the smallest, over groups with at least {least} pictures of the class; differences of small groups are "
    "mostly chance."
)
GROUP_RATES = ("false_positive_rate", "true_positive_rate")
GROUPS_UNKNOWN = (
    "Error rates of groups of people (age, sex, skin tone) are not known: none of the data sets scored says who is in "
    "its pictures. Measure them on your own data before you rely on a verdict: name the columns in a suite."
)
CALIBRATION_GROUPS = ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0))


def render_measurements(report: dict[str, Any], folder: Path | None = None) -> dict[str, str]:
    """Return the Markdown of each part: `intervals`, `calibration`, `robustness`, `failures`, `maps`, `groups`.

    Args:
        report: `report.json`; one of a plain scoring gives parts that say what is not measured.
        folder: The detector folder, whose figures are shown where they lie in it; None shows none.
    """
    sections = report.get("suite", {}).get("sections", {})
    return {
        "intervals": _intervals(sections),
        "calibration": _calibration(sections.get("calibration"), folder),
        "robustness": _robustness(sections.get("robustness"), folder),
        "failures": _failures(sections.get("failures")),
        "maps": _maps(sections.get("deletion")),
        "groups": _groups(sections.get("groups")),
    }


def _intervals(sections: dict[str, Any]) -> str:
    """Return AUC, calibration error and verdicts with their intervals, in-source rows before unseen ones."""
    scores, verdicts = _own(sections.get("scores")), _own(sections.get("verdicts"))
    if not scores or not verdicts:
        return ""
    rows = []
    for name, entry in scores.items():
        if name in verdicts:
            unseen = not entry["seen_in_training"]
            rows.append((unseen, name, entry, verdicts[name]))
            if verdicts[name].get("video"):  # the pictures are frames
                rows.append((unseen, f"{name}, by clip", entry["video"], verdicts[name]["video"]))
    lines = [
        "In brackets: 95 % intervals by the bootstrap over sources. Verdicts: shares of the decided faces, those that "
        "are called `real` or `fake`; coverage is their share.",
        "",
        "| data set | seen in training | AUC | ECE | reals called fake | fakes called real | coverage |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for unseen, name, entry, decided in sorted(rows, key=lambda row: row[0]):
        measured = [_with_interval(entry, key) for key in ("auc", "expected_calibration_error")]
        shares = [_share(decided[key]) for key in ("real_called_fake", "fake_called_real", "coverage")]
        lines.append(f"| {' | '.join([name, 'no' if unseen else 'yes', *measured, *shares])} |")
    return "\n".join(lines)


def _calibration(content: dict[str, Any] | None, folder: Path | None) -> str:
    """Return the share of fakes among pictures of about the same fake probability."""
    if not content:
        return NOT_MEASURED
    heads = [f"{low:.1f}–{high:.1f}" for low, high in CALIBRATION_GROUPS]
    lines = [
        "Of the pictures with a fake probability in a range, so many are fake (in brackets: how many pictures):",
        "",
        f"| data set | {' | '.join(heads)} |",
        "|---|" + "--:|" * len(heads),
    ]
    for name, bins in content["bins"].items():
        cells = []
        for low, high in CALIBRATION_GROUPS:
            held = [each for each in bins if low <= each["probability"] and (each["probability"] < high or high == 1)]
            count = sum(each["count"] for each in held)
            share = sum(each["count"] * each["fakes"] for each in held) / count if count else 0
            cells.append(f"{100 * share:.0f} % ({count})" if count else "–")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + _figure(folder, CALIBRATION_FIGURE, "Share of fakes against fake probability")


def _robustness(content: dict[str, Any] | None, folder: Path | None) -> str:
    """Return how much of the AUC is left after corruptions, and which of them costs most."""
    measured = {name: entry for name, entry in _own(content).items() if entry["auc"]}
    if not content or not measured:  # clips, or faces of one class
        return NOT_MEASURED
    lines = [
        f"AUC on an even sample after {len(content['corruptions'])} corruptions at "
        f"{len(next(iter(content['corruptions'].values()))['levels'])} strengths; the weakest is the corruption with "
        "the lowest mean.",
        "",
        "| data set | faces | clean | mean of all | mean / clean | weakest |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for name, entry in measured.items():
        means = {kind: sum(values) / len(values) for kind, values in entry["auc"].items()}
        weakest = min(means, key=lambda kind: means[kind])
        lines.append(
            f"| {name} | {entry['faces']} | {entry['clean_auc']:.3f} | {entry['mean_auc']:.3f} | "
            f"{entry['relative']:.3f} | {weakest.replace('_', ' ')}, {means[weakest]:.3f} |"
        )
    return "\n".join(lines) + _figure(folder, ROBUSTNESS_FIGURE, "AUC against the strength of each corruption")


def _failures(content: dict[str, Any] | None) -> str:
    return render_failures(content["by_data"]) if content else NOT_MEASURED


def _maps(content: dict[str, Any] | None) -> str:
    """Return what the deletion test found of the activation maps."""
    tested = {name: entry for name, entry in (content or {}).get("by_data", {}).items() if entry}
    if not tested:
        return NOT_MEASURED
    lines = [
        "How far the decided side's logit falls when the hottest tenth of the cells is blurred, and when as many "
        "random ones are (brackets: 95 %):",
        "",
        "| data set | faces | hottest | random | difference | hottest falls further |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, entry in tested.items():
        low, high = entry["more"]["interval"] or (float("nan"), float("nan"))
        lines.append(
            f"| {name} | {entry['faces']} | {entry['hottest']['mean']:.2f} | {entry['random']['mean']:.2f} | "
            f"{entry['more']['mean']:.2f} ({low:.2f}–{high:.2f}) | {100 * entry['beats']['mean']:.0f} % |"
        )
    return "\n".join(lines)


def _groups(content: dict[str, Any] | None) -> str:
    """Return rates, counts and gaps of groups of people, or why there are none."""
    measured = {name: columns for name, columns in _own(content).items() if columns}
    if not content or not measured:
        return GROUPS_UNKNOWN
    lines = [
        GROUPS.format(least=content["least"]),
        "",
        "| data set | column | group | reals | of them called fake | fakes | of them called fake |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    for name, columns in measured.items():
        for column, entry in columns.items():
            for group, each in entry["groups"].items():
                rates = {key: each[key]["share"] for key in GROUP_RATES}
                lines.append(_group_line((name, column, group), rates, f"{each['real']:,}", f"{each['fake']:,}"))
            lines.append(_group_line((name, column, "largest gap"), entry["gaps"], "", ""))
    return "\n".join(lines)


def _group_line(names: tuple[str, ...], rates: dict[str, float | None], reals: str, fakes: str) -> str:
    called = ["–" if (rate := rates[key]) is None else f"{100 * rate:.1f} %" for key in GROUP_RATES]
    return f"| {' | '.join([*map(escape_cell, names), reals, called[0], fakes, called[1]])} |"


def _own(content: dict[str, Any] | None) -> dict[str, Any]:
    """Return what a section says of the first detector, by data set."""
    return next(iter((content or {}).get("by_detector", {}).values()), {})


def _with_interval(entry: dict[str, Any], key: str) -> str:
    value, interval = entry["metrics"].get(key), entry["intervals"].get(key)
    if value is None:
        return "–"
    return f"{value:.3f}" + (f" ({interval[0]:.3f}–{interval[1]:.3f})" if interval else "")


def _share(entry: dict[str, Any]) -> str:
    if entry["share"] is None:
        return "–"
    interval = entry.get("interval")
    return f"{100 * entry['share']:.1f} %" + (
        f" ({100 * interval[0]:.1f}–{100 * interval[1]:.1f})" if interval and interval[0] != interval[1] else ""
    )


def _figure(folder: Path | None, name: str, words: str) -> str:
    return f"\n\n![{words}]({name})" if folder is not None and (folder / name).is_file() else ""
