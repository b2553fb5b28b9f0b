"""Class and split words: read by meaning, never by the alphabet."""

import pytest

from unmask.data.labels import label_of, split_of
from unmask.errors import DataError
from unmask.schema import FAKE, REAL


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("real", REAL),  # our own word
        ("FAKE", FAKE),  # DFDC's case
        ("Fake ", FAKE),  # a stray blank in a table
        ("real_data", REAL),  # with a filler
        ("training_fake", FAKE),  # with its split before it
        ("0_real", REAL),  # numbered to order the classes
        ("1_fake", FAKE),
        ("0_fake", FAKE),  # the number does not decide, the word does
        ("1_real", REAL),
        ("original", REAL),
        ("manipulated", FAKE),
        ("authentic", REAL),
        ("Synthetic-Images", FAKE),
    ],
)
def test_words_that_name_a_class(word, label):
    assert label_of(word) == label


@pytest.mark.parametrize(
    "word",
    [
        "1",  # real in some data sets, fake in others
        "",
        "cats",
        "real_vs_fake",  # both
        "unreal",  # holds the word, means another
        "Celeb-real",  # part of a data set's own tree
        "original_sequences",
    ],
)
def test_words_that_name_none_are_errors(word):
    with pytest.raises(DataError, match="names neither class"):
        label_of(word)


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("Train", "train"),
        ("VAL", "validation"),
        ("valid", "validation"),
        ("test", "test"),
        ("training_real", "train"),  # before a class
        ("real", None),
        ("train_test", None),  # two at once
        ("test_results", None),  # something else
        ("", None),
    ],
)
def test_split_words(word, split):
    assert split_of(word) == split
