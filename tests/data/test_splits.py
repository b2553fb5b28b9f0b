"""Splitting by source: nothing leaks, both labels everywhere, the same cut every time."""

import csv
import dataclasses
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from unmask.data.splits import check_disjoint, choose_splits, split_by_source, write_split
from unmask.errors import DataError
from unmask.schema import FAKE, REAL, Sample

RATIOS = {"train": 0.8, "validation": 0.2}


def _sample(number, label, source, split=None):
    return Sample(f"{number:05}.jpg", label, str(source), f"{source}/{label}", "m", split)


@st.composite
def sample_lists(draw):
    """Samples of up to 30 sources, each with its own number of reals and fakes."""
    counts = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=30))
    pairs = [(source, y) for source, (reals, fakes) in enumerate(counts) for y in [REAL] * reals + [FAKE] * fakes]
    return [_sample(number, label, source) for number, (source, label) in enumerate(pairs)]


def _sources(samples, label):
    return {sample.source_id for sample in samples if sample.label == label}


def _splittable(samples, sides=2):
    labels = {sample.label for sample in samples}
    return bool(labels) and all(len(_sources(samples, label)) >= sides for label in labels)


@given(sample_lists(), st.integers(0, 5))
def test_nothing_is_lost_or_doubled_and_no_source_is_on_two_sides(samples, seed):
    assume(_splittable(samples))
    splits = split_by_source(samples, RATIOS, seed)
    assert sorted(s.path for part in splits.values() for s in part) == [s.path for s in samples]
    assert not {s.source_id for s in splits["train"]} & {s.source_id for s in splits["validation"]}


@given(sample_lists(), st.integers(0, 5))
def test_every_label_is_on_every_side(samples, seed):
    assume(_splittable(samples, sides=3))
    splits = split_by_source(samples, {"train": 0.7, "validation": 0.15, "test": 0.15}, seed)
    for part in splits.values():
        assert {s.label for s in part} == {s.label for s in samples}


@given(sample_lists(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_of_the_samples_does_not_matter(samples, seed, random):
    assume(_splittable(samples))
    shuffled = random.sample(samples, len(samples))
    assert split_by_source(shuffled, RATIOS, seed) == split_by_source(samples, RATIOS, seed)


@given(sample_lists(), st.integers(0, 5))
def test_too_few_sources_of_a_label_is_an_error(samples, seed):
    assume(samples and not _splittable(samples))
    with pytest.raises(DataError, match="too few to stand in train and validation"):
        split_by_source(samples, RATIOS, seed)


def test_another_seed_cuts_elsewhere():
    samples = [_sample(n, n % 2, n // 2) for n in range(100)]
    first, second = (split_by_source(samples, RATIOS, seed)["validation"] for seed in (0, 1))
    assert first != second


@pytest.mark.parametrize("seed", range(5))
def test_each_label_is_shared_out_by_the_ratios(seed):
    # 40 sources of mixed size: reals are a quarter of the samples
    samples = [_sample(n, REAL if n % 4 == 0 else FAKE, n // 10) for n in range(400)]
    validation = split_by_source(samples, RATIOS, seed)["validation"]
    assert sum(s.label == REAL for s in validation) == pytest.approx(20, abs=4)
    assert sum(s.label == FAKE for s in validation) == pytest.approx(60, abs=10)


def test_a_giant_source_goes_to_the_larger_side():
    samples = [_sample(n, n % 2, 0 if n < 90 else n // 2) for n in range(100)]
    for seed in range(10):
        assert len(split_by_source(samples, RATIOS, seed)["validation"]) <= 20


@pytest.mark.parametrize(
    "ratios",
    [
        {},  # no side
        {"train": 0.8, "validation": 0.3},  # more than all
        {"train": 1.0, "validation": 0.0},  # a side with nothing
        {"train": 1.2, "validation": -0.2},  # a negative share
    ],
)
def test_ratios_that_are_no_shares_are_refused(ratios):
    with pytest.raises(DataError, match="not shares"):
        split_by_source([_sample(n, n % 2, n) for n in range(10)], ratios, 0)


def test_a_source_on_two_sides_is_caught():
    with pytest.raises(DataError, match="source 7 stands in train and in test"):
        check_disjoint({"train": [_sample(0, REAL, 7)], "test": [_sample(1, FAKE, 7)]})


def test_a_file_that_comes_twice_is_caught():
    with pytest.raises(DataError, match=r"00000\.jpg comes twice"):
        split_by_source([_sample(0, REAL, 1), _sample(0, REAL, 1), _sample(1, REAL, 2)], RATIOS, 0)


def test_the_data_sets_own_validation_split_is_used():
    samples = [_sample(n, n % 2, n, split) for n, split in enumerate(["train", "validation", "test"] * 4)]
    train, validation = choose_splits(samples, seed=0, validation_fraction=0.1)
    assert {s.split for s in train} == {"train"}
    assert {s.split for s in validation} == {"validation"}


def test_without_a_validation_split_it_is_cut_from_training_and_never_from_test():
    samples = [_sample(n, n % 2, n, "test" if n < 20 else "train") for n in range(60)]
    train, validation = choose_splits(samples, seed=0, validation_fraction=0.2)
    assert {s.split for s in train + validation} == {"train"}
    assert (len(train), len(validation)) == (32, 8)


def test_samples_whose_footage_is_also_in_the_test_are_left_out_aloud():
    leaking = [_sample(n, n % 2, n) for n in range(20)] + [_sample(99, FAKE, 3, "test")]
    with pytest.warns(UserWarning, match="1 of 20 samples are left out of training"):
        train, validation = choose_splits(leaking, seed=0, validation_fraction=0.2)
    assert "3" not in {s.source_id for s in train + validation}


def test_a_test_set_is_nothing_to_train_on():
    with pytest.raises(DataError, match="Nothing to train on: the data set holds 4 test samples"):
        choose_splits([_sample(n, n % 2, n, "test") for n in range(4)], 0, 0.2)


def test_a_written_split_names_every_file_and_leaves_nothing_beside_it(tmp_path):
    near = dataclasses.replace(_sample(1, FAKE, "b,c"), path=str(tmp_path / "run" / "x" / "1.jpg"))
    write_split(tmp_path / "run" / "split.csv", {"train": [_sample(0, REAL, "a")], "validation": [near]})
    with (tmp_path / "run" / "split.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["file_name"] == str(Path("00000.jpg").absolute())
    assert rows[1] == {
        "file_name": "x/1.jpg",
        "label": "fake",
        "method": "m",
        "video_id": "b,c/1",
        "source_id": "b,c",
        "split": "validation",
    }
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["split.csv"]
