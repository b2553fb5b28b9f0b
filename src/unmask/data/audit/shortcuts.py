"""How well the label can be told from what is not the face: from the file, by a cross-validated AUC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unmask.data.audit.auc_bounds import auc_bounds
from unmask.data.audit.facts import Facts
from unmask.data.audit.findings import Finding, Level
from unmask.data.audit.pictures import Picture, codes_of

FOLDS = 5
MAX_PICTURES = 20_000
MIN_SOURCES = 10
"""Sources of each class below which nothing is said."""
WARNING_AUC, SERIOUS_AUC = 0.60, 0.75
"""What the lower bound of the AUC has to reach for a warning and to be serious."""
ALL = "all together"


@dataclass(frozen=True)
class Shortcut:
    """How well one feature tells the label: AUC with its bounds at 99 %, 0.5 where it never varies."""

    feature: str
    auc: float
    lower: float
    upper: float

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(self).items()}


def _format(facts: Sequence[Facts]) -> np.ndarray:
    return np.eye(50)[np.minimum(codes_of([(f.format, f.mode) for f in facts]), 49)]


def _size(facts: Sequence[Facts]) -> np.ndarray:
    return np.array([(f.width, f.height) for f in facts], float)


def _tables(facts: Sequence[Facts]) -> np.ndarray:
    """Return the first two tables, zeros where there are none, and the chroma subsampling."""
    columns = np.zeros((len(facts), 129))
    for row, one in zip(columns, facts, strict=True):
        tables = one.tables[:128]
        row[: len(tables)] = tables
    columns[:, 128] = codes_of([f.subsampling for f in facts])
    return columns


def _file_size(facts: Sequence[Facts]) -> np.ndarray:
    return np.array([[f.file_bytes] for f in facts], float)


def _bytes_per_pixel(facts: Sequence[Facts]) -> np.ndarray:
    return np.array([[f.file_bytes / max(1, f.width * f.height)] for f in facts])


def _brightness(facts: Sequence[Facts]) -> np.ndarray:
    return np.array([[f.brightness or 0.0] for f in facts])


def _contrast(facts: Sequence[Facts]) -> np.ndarray:
    return np.array([[f.contrast or 0.0] for f in facts])


FEATURES: dict[str, Callable[[Sequence[Facts]], np.ndarray]] = {
    "file format": _format,
    "width and height": _size,
    "JPEG tables": _tables,
    "file size": _file_size,
    "bytes per pixel": _bytes_per_pixel,
    "mean brightness": _brightness,
    "contrast": _contrast,
}
_CONTENT = ("file size", "bytes per pixel", "mean brightness", "contrast")
"""Features that the face itself moves too: sharpness is bytes, and a forged face may be brighter."""


def measure_shortcuts(pictures: Sequence[Picture], seed: int = 0) -> list[Shortcut]:
    """Return what each feature alone, and all together, tell of the label; empty where too little is there.

    The AUC is that of decision trees on the pictures of sources they did not learn from, averaged over
    folds. The bounds count sources, not pictures, since frames of one clip are no independent proof.
    """
    pictures = _spread([p for p in pictures if p.facts.width], MAX_PICTURES)
    labels = np.array([p.sample.label for p in pictures])
    sources = codes_of([p.source for p in pictures])
    counts = [len(set(sources[labels == label].tolist())) for label in (0, 1)]
    if min(counts) < MIN_SOURCES:
        return []
    folds = _folds(labels, sources, seed)
    facts = [p.facts for p in pictures]
    decoded = any(one.brightness is not None for one in facts)
    columns = {name: make(facts) for name, make in FEATURES.items() if decoded or make not in (_brightness, _contrast)}
    columns[ALL] = np.hstack(list(columns.values()))
    results = []
    for name, values in columns.items():
        auc = _cross_validated_auc(values, labels, folds, trees=30 if name == ALL else 1)
        results.append(Shortcut(name, auc, *auc_bounds(auc, counts[0], counts[1])))
    return results


def judge_shortcuts(dataset: str, shortcuts: Sequence[Shortcut]) -> list[Finding]:
    """Return the features that tell the label with certainty, in plain words, the best one first.

    All together are named only where they tell clearly more than the best one.
    """
    aucs = {s.feature: s.auc for s in shortcuts}
    # Where all pictures have one size, bytes per pixel say what the file size says: once is enough.
    twice = abs(aucs.get("bytes per pixel", 0) - aucs.get("file size", 0)) < 0.005
    repeated = "bytes per pixel" if twice else None
    alone = sorted((s for s in shortcuts if s.feature not in (ALL, repeated)), key=lambda s: -s.lower)
    together = [s for s in shortcuts if s.feature == ALL and s.auc > max(a.auc for a in alone) + 0.02]
    findings = []
    for shortcut in [*alone, *together]:
        if shortcut.lower >= WARNING_AUC:
            level: Level = "serious" if shortcut.lower >= SERIOUS_AUC else "warning"
            findings.append(Finding(level, "shortcut", dataset, _words(shortcut)))
    return findings


def _words(shortcut: Shortcut) -> str:
    if shortcut.feature == ALL:
        told = "the measured facts of the file taken together"
    else:
        told = f"the {shortcut.feature} alone"
    text = (
        f"a network can score {shortcut.auc:.2f} here from {told} "
        f"(AUC on unseen sources, at least {shortcut.lower:.2f} with 99 % confidence)."
    )
    if shortcut.feature in _CONTENT:
        return f"{text} Some of it may be the forgery itself; test on another data set."
    return f"{text} Put both classes through one pipeline, and test on another data set."


def _spread(pictures: Sequence[Picture], limit: int) -> list[Picture]:
    """Return at most `limit` pictures at equal distances, so that every source keeps its share."""
    if len(pictures) <= limit:
        return list(pictures)
    return [pictures[index * len(pictures) // limit] for index in range(limit)]


def _folds(labels: np.ndarray, sources: np.ndarray, seed: int) -> np.ndarray:
    """Return each picture's fold: whole sources, shuffled, dealt out so that each fold has both labels."""
    number = int(sources.max()) + 1
    share = np.bincount(sources, labels, number) / np.bincount(sources, minlength=number)
    shuffled = np.random.default_rng(seed).permutation(number)
    dealt = shuffled[np.argsort(share[shuffled], kind="stable")]
    fold_of = np.empty(number, np.int64)
    fold_of[dealt] = np.arange(number) % FOLDS
    return fold_of[sources]


def _cross_validated_auc(values: np.ndarray, labels: np.ndarray, folds: np.ndarray, trees: int) -> float:
    """Return the mean AUC over the folds; 0.5 at once where no column varies."""
    values = np.unique(values[:, np.ptp(values, axis=0) > 0], axis=1)
    if not values.size:
        return 0.5
    from sklearn.metrics import roc_auc_score

    scores = []
    for fold in range(FOLDS):
        held = folds == fold
        if len(set(labels[held].tolist())) == 2 and len(set(labels[~held].tolist())) == 2:
            model = _new_model(int((~held).sum()), trees).fit(values[~held], labels[~held])
            scores.append(roc_auc_score(labels[held], model.predict_proba(values[held])[:, 1]))
    return float(np.mean(scores)) if scores else 0.5


def _new_model(rows: int, trees: int) -> Any:
    """Return an unfitted classifier of one tree, or of several, which combine features better.

    Leaves hold at least one in fifty pictures, so that nothing is learnt by heart. Trees need no scaling,
    take a feature that tells by being in the middle, and run on one core, beside whatever else is running.
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.tree import DecisionTreeClassifier

    leaf = max(3, rows // 50)
    if trees == 1:
        return DecisionTreeClassifier(min_samples_leaf=leaf, random_state=0)
    return ExtraTreesClassifier(trees, min_samples_leaf=leaf, max_features=0.5, random_state=0)
