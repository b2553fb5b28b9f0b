"""The figures of an audit as PNG bytes: shortcuts, features by class, balance, and pairs that were found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from unmask.data.audit.auditing import Audit
from unmask.data.audit.duplicates import Duplicates
from unmask.data.audit.facts import Facts
from unmask.data.audit.pictures import Picture, group
from unmask.data.audit.shortcuts import SERIOUS_AUC, WARNING_AUC, Shortcut
from unmask.errors import UnmaskError
from unmask.figures import BLUE, GREY, ORANGE, new_figure, to_png
from unmask.media.images import read_image
from unmask.schema import FAKE, LABEL_NAMES, REAL

RED = "#CC3311"
COLOURS = {REAL: BLUE, FAKE: ORANGE}
HATCHES = {REAL: "", FAKE: "///"}
MAX_PAIRS = 12
_VALUES: dict[str, Callable[[Facts], float | None]] = {
    "width, px": lambda facts: facts.width or None,
    "height, px": lambda facts: facts.height or None,
    "JPEG quality": lambda facts: facts.quality,
    "file size, KB": lambda facts: facts.file_bytes / 1000,
    "bytes per pixel": lambda facts: facts.file_bytes / (facts.width * facts.height) if facts.width else None,
    "mean brightness": lambda facts: facts.brightness,
    "contrast": lambda facts: facts.contrast,
}
# Only pairs a person should look at, the gravest first.
_SHOWN_KINDS = (
    "exact_other_label",
    "exact_other_split",
    "near_other_split",
    "exact_other_dataset",
    "near_other_dataset",
    "near_other_label",
    "exact_other_source",
    "near_other_source",
    "near_forgery",
    "near_same_source",
)


def draw_audit(audit: Audit) -> dict[str, bytes]:
    """Return the figures that the audit allows, PNG bytes by file name."""
    figures = {"balance.png": draw_balance(audit.pictures)}
    measured = {name: part for name, part in audit.shortcuts.items() if part}
    if measured:
        figures["shortcuts.png"] = draw_shortcuts(measured)
    for dataset, pictures in group(audit.pictures, lambda picture: picture.dataset).items():
        readable = [picture for picture in pictures if not picture.facts.problem]
        if readable:
            figures[f"features-{dataset}.png"] = draw_features(readable, dataset)
    pairs = _worst_pairs(audit.duplicates)
    if pairs:
        figures["pairs.png"] = draw_pairs(audit.duplicates.pictures, pairs)
    return figures


def draw_shortcuts(shortcuts: Mapping[str, Sequence[Shortcut]]) -> bytes:
    """Return the AUC of each feature with its bounds, one panel per data set."""
    figure = new_figure(7.5, 0.9 + 2.6 * len(shortcuts), "How well the label can be told without the face")
    panels = figure.subplots(len(shortcuts), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, part) in zip(panels, shortcuts.items(), strict=True):
        rows = np.arange(len(part))[::-1]
        colours = [RED if s.lower >= SERIOUS_AUC else ORANGE if s.lower >= WARNING_AUC else BLUE for s in part]
        errors = [[s.auc - s.lower for s in part], [s.upper - s.auc for s in part]]
        axes.barh(rows, [s.auc - 0.5 for s in part], left=0.5, color=colours, xerr=errors, ecolor=GREY, capsize=2)
        axes.set_yticks(rows, [s.feature for s in part])
        for row, shortcut in zip(rows, part, strict=True):
            axes.text(1.01, row, f"{shortcut.auc:.2f}", va="center", transform=axes.get_yaxis_transform())
        for value in (WARNING_AUC, SERIOUS_AUC):
            axes.axvline(value, color=GREY, linewidth=1, linestyle=":")
        axes.set_title(name, fontsize=10, loc="left")
        axes.set_xlim(0.35, 1)
    panels[-1].set_xlabel(
        f"AUC on unseen sources, with 99 % bounds; dotted: the lower bound that warns ({WARNING_AUC:.2f})\n"
        f"and that is serious ({SERIOUS_AUC:.2f})"
    )
    return to_png(figure)


def draw_features(pictures: Sequence[Picture], dataset: str) -> bytes:
    """Return a histogram by class of each feature that varies."""
    values = {name: _by_label(pictures, value) for name, value in _VALUES.items()}
    varying = {name: part for name, part in values.items() if np.unique(np.concatenate(list(part.values()))).size > 1}
    figure = new_figure(11, 0.8 + 2.4 * max(1, -(-len(varying) // 3)), f"What varies beside the face: {dataset}")
    for number, (name, part) in enumerate(varying.items()):
        axes = figure.add_subplot(-(-len(varying) // 3), 3, number + 1)
        low, high = np.percentile(np.concatenate(list(part.values())), [0, 99.5])
        edges = np.linspace(low, max(high, low + 1e-6), 31).tolist()
        for label, numbers in part.items():
            if numbers.size:
                weights = np.full(numbers.size, 100 / numbers.size)
                kept: dict[str, Any] = {"weights": weights, "color": COLOURS[label]}
                axes.hist(numbers, edges, alpha=0.35, hatch=HATCHES[label], label=LABEL_NAMES[label], **kept)
        axes.set_xlabel(name)
        if number == 0:
            axes.set_ylabel("% of the class")
            axes.legend(frameon=False)
    if not varying:
        figure.text(0.5, 0.4, "nothing varies", ha="center")
    return to_png(figure)


def draw_balance(pictures: Sequence[Picture]) -> bytes:
    """Return the pictures of each data set and split, stacked by method, fakes to the right of reals."""
    rows: dict[str, dict[tuple[int, str], int]] = defaultdict(lambda: defaultdict(int))
    for picture in pictures:
        place = f"{picture.dataset} ({picture.sample.split})" if picture.sample.split else picture.dataset
        rows[place][picture.sample.label, picture.sample.method] += 1
    figure = new_figure(8, 1.2 + 0.45 * len(rows), "Pictures by data set, split and method")
    axes = figure.add_subplot()
    for row, (place, counts) in enumerate(sorted(rows.items())):
        left = 0
        for (label, method), number in sorted(counts.items()):
            axes.barh(row, number, left=left, color=COLOURS[label], hatch=HATCHES[label], alpha=0.6, edgecolor="white")
            if number > 0.08 * max(sum(part.values()) for part in rows.values()):
                axes.text(left + number / 2, row, f"{method}\n{number}", ha="center", va="center", fontsize=7)
            left += number
        axes.text(left, row, f" {left}", va="center", fontsize=8)
        axes.barh(row, 0, label=place)
    axes.set_yticks(range(len(rows)), sorted(rows))
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set_xlabel("pictures; blue: real, hatched orange: fake")
    return to_png(figure)


def draw_pairs(pictures: Sequence[Picture], pairs: Sequence[tuple[str, int, int]]) -> bytes:
    """Return a sheet of pairs, one a row of two, each with its kind and names."""
    columns = 3
    figure = new_figure(12, 0.6 + 2.5 * -(-len(pairs) // columns), "Pictures that were found twice")
    for number, (kind, *both) in enumerate(pairs):
        for side, index in enumerate(both):
            axes = figure.add_subplot(-(-len(pairs) // columns), 2 * columns, 2 * number + side + 1)
            axes.set_axis_off()
            picture = pictures[index]
            axes.set_title(
                (f"{kind.replace('_', ' ')}\n" if side == 0 else "\n")
                + f"{LABEL_NAMES[picture.sample.label]}: {picture.name[-28:]}",
                fontsize=6,
                loc="left",
            )
            try:
                axes.imshow(read_image(picture.sample.path))
            except UnmaskError:
                continue  # a clip, or a file that has gone since
    return to_png(figure)


def _worst_pairs(found: Duplicates) -> list[tuple[str, int, int]]:
    """Return the pairs to show: up to three of each kind, the gravest kinds first."""
    shown = [
        (kind, int(i), int(j)) for kind in _SHOWN_KINDS for i, j in found.pairs.get(kind, np.empty((0, 2), int))[:3]
    ]
    return shown[:MAX_PAIRS]


def _by_label(pictures: Sequence[Picture], value: Callable[[Facts], float | None]) -> dict[int, np.ndarray]:
    """Return a feature's values for each label, those that a file does not have left out."""
    values: dict[int, list[float]] = {REAL: [], FAKE: []}
    for picture in pictures:
        if (number := value(picture.facts)) is not None:
            values[picture.sample.label].append(number)
    return {label: np.array(part) for label, part in values.items()}
