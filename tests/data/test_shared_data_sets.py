"""The data sets at hand, read whole: the counts are those that their description gives."""

from collections import Counter
from pathlib import Path

import pytest

from unmask.data.layouts import read_samples
from unmask.data.splits import choose_splits
from unmask.errors import UnknownLayout
from unmask.schema import FAKE, REAL

DATA = Path(__file__).parents[2] / "../shared/data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the data sets are not beside this checkout")


@pytest.mark.parametrize(
    ("folder", "reals", "fakes", "sources"),
    [
        ("ffpp-c23-deepfakes/train", 2309, 2208, 717),  # frames in class folders, grouped by clip
        ("ffpp-c23-deepfakes/test", 612, 598, 139),
        ("ffpp-c23-deepfakes", 2921, 2806, 856),  # the parent of both: no clip number is shared
        ("ffpp-c23-crops", 150, 374, 31),  # a manifest
        ("dfdc-faces/train", 4500, 4500, 4756),  # a table beside faces/
        ("dfdc-faces/test", 500, 500, 530),
        ("stylegan-140k", 900, 900, 1800),  # single pictures under splits
        ("hardfake", 589, 700, 1289),  # single pictures without splits
        ("ffpp-c23-videos", 6, 12, None),  # clips
    ],
)
def test_counts(folder, reals, fakes, sources):
    samples = read_samples(DATA / folder)
    assert Counter(sample.label for sample in samples) == {REAL: reals, FAKE: fakes}
    assert sources is None or len({sample.source_id for sample in samples}) == sources


@pytest.mark.parametrize(("split", "each"), [("Train", 600), ("Validation", 100), ("Test", 200)])
def test_stylegan_splits_alone_and_together(split, each):
    alone = read_samples(DATA / "stylegan-140k" / split)
    together = [s for s in read_samples(DATA / "stylegan-140k") if s.split == split.lower()]
    assert Counter(s.label for s in alone) == {REAL: each, FAKE: each}
    assert [s.source_id for s in alone] == [s.source_id for s in together]


def test_celeba_is_read_only_when_named():
    with pytest.raises(UnknownLayout, match="real_only"):
        read_samples(DATA / "celeba-real-only")
    assert len(read_samples(DATA / "celeba-real-only", layout="real_only")) == 1000


@pytest.mark.parametrize("folder", ["ffpp-c23-deepfakes/train", "dfdc-faces/train", "stylegan-140k/Train"])
def test_a_tenth_cut_for_validation_is_a_tenth_of_each_label(folder):
    train, validation = choose_splits(read_samples(DATA / folder), seed=0, validation_fraction=0.1)
    for label in (REAL, FAKE):
        held = sum(s.label == label for s in validation)
        assert held == pytest.approx(0.1 * (held + sum(s.label == label for s in train)), rel=0.05)
