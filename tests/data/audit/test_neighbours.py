"""The neighbour search gives what comparing each with each gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.data.audit.hashing import WORDS
from unmask.data.audit.neighbours import MAX_RADIUS, hash_distance, near_pairs


def _brute_force(hashes, radius):
    return [
        (i, j)
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
        if sum(bin(int(a) ^ int(b)).count("1") for a, b in zip(hashes[i], hashes[j], strict=True)) <= radius
    ]


def _flip(hash_, bits):
    changed = hash_.copy()
    for bit in bits:
        changed[bit // 16] ^= np.uint16(1 << (bit % 16))
    return changed


@given(
    seed=st.integers(0, 2**32),
    centres=st.integers(0, 4),
    flips=st.lists(st.lists(st.integers(0, 255), max_size=24), max_size=20),
    radius=st.integers(0, MAX_RADIUS),
)
def test_it_agrees_with_brute_force(seed, centres, flips, radius):
    rng = np.random.default_rng(seed)
    middle = rng.integers(0, 2**16, (centres + 1, WORDS), dtype=np.uint16)
    hashes = np.array([*middle, *(_flip(middle[i % (centres + 1)], bits) for i, bits in enumerate(flips))])
    pairs, distances = near_pairs(hashes, radius)
    assert [tuple(pair) for pair in pairs] == _brute_force(hashes, radius)
    assert distances.tolist() == hash_distance(hashes[pairs[:, 0]], hashes[pairs[:, 1]]).tolist()


def test_fifteen_bits_apart_one_in_each_of_fifteen_words_is_found():
    hashes = np.zeros((2, WORDS), np.uint16)
    hashes[1, :MAX_RADIUS] = 1
    assert near_pairs(hashes)[0].tolist() == [[0, 1]]


@pytest.mark.parametrize("number", [0, 1])
def test_too_few_to_pair(number):
    pairs, distances = near_pairs(np.zeros((number, WORDS), np.uint16))
    assert (pairs.shape, distances.shape) == ((0, 2), (0,))


def test_a_radius_that_would_miss_pairs_is_refused():
    with pytest.raises(ValueError, match="16 bits"):
        near_pairs(np.zeros((2, WORDS), np.uint16), 16)


def test_many_hashes_take_no_time_for_each_pair():
    hashes = np.random.default_rng(0).integers(0, 2**16, (50_000, WORDS), dtype=np.uint16)
    hashes[40_000] = hashes[7]
    assert near_pairs(hashes)[0].tolist() == [[7, 40_000]]  # 1.25 billion pairs one by one would take minutes
