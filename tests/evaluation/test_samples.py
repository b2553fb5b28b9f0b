"""Which pictures are scored."""

import pytest

from unmask.errors import DataError
from unmask.evaluation.samples import read_split, take_evenly
from unmask.schema import Sample

SAMPLES = [Sample(f"{label}/{n}.png", label, str(n), str(n), "m") for label in (0, 1) for n in range(50)]


def test_a_limit_takes_both_classes_and_both_ends():
    picked = take_evenly(SAMPLES, 10)
    assert [sample.label for sample in picked] == [0] * 5 + [1] * 5
    assert (picked[0], picked[-1]) == (SAMPLES[0], SAMPLES[-1])
    assert picked == take_evenly(SAMPLES, 10)


def test_a_limit_above_the_number_takes_all():
    assert take_evenly(SAMPLES, 1000) == SAMPLES


def test_a_limit_below_one_is_an_error():
    with pytest.raises(DataError, match="limit of 0"):
        take_evenly(SAMPLES, 0)


@pytest.mark.parametrize(
    ("root", "split", "files"),
    [
        # every picture
        ("", None, 4),
        # one split of the data set
        ("", "test", 2),
        # the root is itself the split's folder
        ("test", "test", 2),
    ],
)
def test_a_split_is_read_from_the_data_set_or_its_folder(draw_sample, tmp_path, root, split, files):
    for place in ("train/real", "train/fake", "Test/real", "Test/fake"):
        draw_sample(f"{place}/x.png".replace("Test", "test"), 0, (9, 9, 9))
    assert len(read_split(tmp_path / "some-faces" / root, split)) == files


def test_a_split_that_is_not_there_names_those_that_are(draw_sample, tmp_path):
    for place in ("train/real", "train/fake"):
        draw_sample(f"{place}/x.png", 0, (9, 9, 9))
    with pytest.raises(DataError, match="no split 'test', only train"):
        read_split(tmp_path / "some-faces", "test")
