"""Pairs of hashes that differ in few bits, found without comparing each with each.

Two hashes of 16 words that differ in at most 15 bits have a word in common, so only those that share one
are compared (the pigeonhole of Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index
Hashing", CVPR 2012). The search is exact.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from unmask.data.audit.hashing import WORDS

MAX_RADIUS = WORDS - 1
_POPCOUNT = np.array([bin(value).count("1") for value in range(2**16)], np.uint8)


def hash_distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return in how many bits hashes differ, uint16 [N, 16] each, int [N]."""
    return _POPCOUNT[one ^ other].sum(axis=-1, dtype=np.int64)


def near_pairs(hashes: np.ndarray, radius: int = MAX_RADIUS) -> tuple[np.ndarray, np.ndarray]:
    """Return every pair of hashes at most `radius` bits apart, once, sorted.

    Args:
        hashes: uint16 [N, 16].
        radius: at most 15, where sharing a word is certain.

    Returns:
        Pairs int64 [P, 2], the smaller index first, and their distances int64 [P].

    Raises:
        ValueError: The radius is too large for the search to be exact.
    """
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"A radius of {radius} bits is not in 0 to {MAX_RADIUS}.")
    found = [pairs for word in range(WORDS) for pairs in _pairs_sharing(hashes, word, radius)]
    pairs = np.concatenate([np.empty((0, 2), np.int64), *found])
    pairs = np.sort(pairs, axis=1)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return pairs, hash_distance(hashes[pairs[:, 0]], hashes[pairs[:, 1]])


def _pairs_sharing(hashes: np.ndarray, word: int, radius: int) -> Iterator[np.ndarray]:
    """Yield near pairs that share this word and none before it, so that each pair comes once."""
    order = np.argsort(hashes[:, word], kind="stable")
    values = hashes[order, word]
    starts = np.arange(len(order))
    for step in range(1, len(order)):
        starts = starts[starts + step < len(order)]
        starts = starts[values[starts] == values[starts + step]]
        if not starts.size:
            return
        left, right = order[starts], order[starts + step]
        different = hashes[left] ^ hashes[right]
        keep = (_POPCOUNT[different].sum(axis=1) <= radius) & (different[:, :word] != 0).all(axis=1)
        if keep.any():
            yield np.column_stack([left[keep], right[keep]]).astype(np.int64)
