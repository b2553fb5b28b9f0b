"""The same picture twice: exactly, or nearly (compressed again, scaled), and what that means where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from unmask.data.audit.findings import MAX_EXAMPLES, Finding, Level
from unmask.data.audit.neighbours import near_pairs
from unmask.data.audit.pictures import Picture, codes_of

NEAR_BITS = 15
"""Bits of 256 below which two pictures count as one, measured on real faces: docs/data_audit.md."""


@dataclass
class Duplicates:
    """Pairs of pictures, by kind: indices int64 [P, 2] of `pictures`, the nearest first."""

    pictures: Sequence[Picture]
    pairs: dict[str, np.ndarray] = field(default_factory=dict)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many pairs there are of each kind and how many pictures they concern."""
        return {
            kind: {"pairs": len(pairs), "pictures": len(np.unique(pairs))}
            for kind, pairs in self.pairs.items()
            if len(pairs)
        }

    def names(self, kind: str, limit: int = MAX_EXAMPLES) -> tuple[str, ...]:
        """Return the first pairs of a kind, written `one = other`."""
        return tuple(f"{self.pictures[i].name} = {self.pictures[j].name}" for i, j in self.pairs[kind][:limit])


def find_duplicates(pictures: Sequence[Picture]) -> Duplicates:
    """Return every pair of equal or nearly equal pictures by what it means, see `KINDS`.

    Of many equal pictures in one place each is paired with the first alone, so that the pairs stay few.
    """
    places = _places(pictures)
    exact, near = _exact_pairs(pictures, places), _near_pairs(pictures, places)
    return Duplicates(pictures, {**_by_kind("exact", exact, places), **_by_kind("near", near, places)})


KINDS = ("other_label", "other_dataset", "other_split", "forgery", "other_source", "same_source")
"""What a pair has apart, the gravest first: a pair is of the first kind that fits.

`forgery` is a near pair of one source in both classes, such as a fake and the frame it was made from;
equal pixels in both classes are never that, but `other_label`.
"""


def _by_kind(nearness: str, pairs: np.ndarray, places: np.ndarray) -> dict[str, np.ndarray]:
    """Return the pairs by kind, from what their places have apart."""
    one, other = places[pairs[:, 0]], places[pairs[:, 1]]
    dataset, split, label, source = (one != other).T
    split &= (one[:, 1] >= 0) & (other[:, 1] >= 0)
    label_matters = label if nearness == "exact" else label & source & ~dataset & ~split
    tests = [label_matters, dataset, split, label, source, np.ones(len(pairs), bool)]
    kinds = np.select(tests, np.arange(len(tests)), 0) if len(pairs) else np.empty(0, np.int64)
    return {f"{nearness}_{kind}": pairs[kinds == number] for number, kind in enumerate(KINDS)}


def _exact_pairs(pictures: Sequence[Picture], places: np.ndarray) -> np.ndarray:
    """Return each picture whose pixels came before, with the first that had them.

    Where it is the first of its data set, split and label, it is paired with the first of each other one: a copy
    in another data set must not hide that two splits of this one share it.
    """
    seen: dict[str, dict[tuple[int, ...], int]] = {}
    pairs: list[tuple[int, int]] = []
    for index, picture in enumerate(pictures):
        if not picture.facts.digest:
            continue
        firsts, place = seen.setdefault(picture.facts.digest, {}), tuple(places[index, :3].tolist())
        pairs += [(first, index) for first in ([firsts[place]] if place in firsts else firsts.values())]
        firsts.setdefault(place, index)
    return np.array(pairs, np.int64).reshape(-1, 2)


def _near_pairs(pictures: Sequence[Picture], places: np.ndarray) -> np.ndarray:
    """Return near pairs that are not equal, the nearest first."""
    rows = [index for index, picture in enumerate(pictures) if picture.facts.hash is not None]
    if not rows:
        return np.empty((0, 2), np.int64)
    hashes = np.array([pictures[index].facts.hash for index in rows])
    keys = np.hstack([hashes.astype(np.int64), places[rows]])
    _, firsts, members = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    stars = np.column_stack([firsts[members.reshape(-1)], np.arange(len(rows))])
    found, distances = near_pairs(hashes[firsts], NEAR_BITS)
    found = firsts[found][np.argsort(distances, kind="stable")]
    pairs = np.asarray(rows)[np.vstack([stars[stars[:, 0] != stars[:, 1]], found])]
    digests = codes_of([picture.facts.digest for picture in pictures])
    return pairs[digests[pairs[:, 0]] != digests[pairs[:, 1]]]


def judge_duplicates(found: Duplicates) -> list[Finding]:
    """Return the duplicates that matter, each kind in plain words."""
    findings = []
    for kind, (level, text) in _WORDS.items():
        pairs = found.pairs.get(kind, ())
        by_dataset: dict[str, list[int]] = {}
        for number, (i, j) in enumerate(pairs):
            by_dataset.setdefault(_dataset_of(found.pictures[i], found.pictures[j]), []).append(number)
        for dataset, numbers in by_dataset.items():
            part = Duplicates(found.pictures, {kind: np.asarray(pairs)[numbers]})
            count = len(np.unique(part.pairs[kind]))
            findings.append(Finding(level, kind, dataset, text.format(n=count), count, part.names(kind)))
    return findings


_WORDS: dict[str, tuple[Level, str]] = {
    "exact_other_label": (
        "serious",
        "{n} pictures stand in both classes, pixel for pixel. Decide which label is right.",
    ),
    "exact_other_split": ("serious", "{n} pictures stand in two splits, pixel for pixel: a leak. Keep one of each."),
    "near_other_split": (
        "serious",
        "{n} pictures stand in two splits, compressed or scaled again: a leak. Keep them on one side.",
    ),
    "exact_other_dataset": ("warning", "{n} pictures are the same in both. Do not train on one and test on the other."),
    "near_other_dataset": (
        "warning",
        "{n} pictures are nearly the same in both. Do not train on one and test on the other.",
    ),
    "exact_other_source": (
        "warning",
        "{n} pictures are the same under several source ids: a split by source can put one on two sides.",
    ),
    "near_other_label": (
        "warning",
        "{n} pictures are nearly the same in both classes under different source ids. They are fakes with their "
        "originals, which should share one, or wrong labels.",
    ),
    "near_other_source": (
        "warning",
        "{n} pictures are nearly the same under several source ids: a split by source can put them on two sides.",
    ),
    "exact_same_source": ("note", "{n} pictures of one source and class are the same, pixel for pixel."),
    "near_forgery": (
        "note",
        "{n} pictures are nearly the same as one of their own source in the other class: forgeries that change little.",
    ),
    "near_same_source": (
        "note",
        "{n} pictures nearly repeat another of their source and class, as frames of a clip do.",
    ),
}


def _dataset_of(one: Picture, other: Picture) -> str:
    return one.dataset if one.dataset == other.dataset else " and ".join(sorted([one.dataset, other.dataset]))


def _places(pictures: Sequence[Picture]) -> np.ndarray:
    """Return data set, split (-1 for none), label and source of each picture as codes, int64 [N, 4]."""
    split = codes_of([p.sample.split for p in pictures])
    split[np.array([p.sample.split is None for p in pictures], bool)] = -1
    columns = [
        codes_of([p.dataset for p in pictures]),
        split,
        np.array([p.sample.label for p in pictures], np.int64),
        codes_of([p.source for p in pictures]),
    ]
    return np.column_stack(columns) if pictures else np.empty((0, 4), np.int64)
