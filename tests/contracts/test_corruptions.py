"""What every corruption keeps: size, type, the picture handed in, and the draw that a file's name gives."""

import numpy as np
import pytest

from unmask.errors import UnmaskError
from unmask.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from unmask.media.drawing import draw_face

PICTURE = draw_face(0, 160)


@pytest.mark.parametrize("name", list(CORRUPTIONS))
def test_contract(name):
    given = PICTURE.copy()
    versions = [corrupt(given, name, strength, "faces/a.png") for strength in STRENGTHS]
    assert np.array_equal(given, PICTURE), "the picture handed in stays as it is"
    for strength, version in zip(STRENGTHS, versions, strict=True):
        assert version.shape == PICTURE.shape
        assert version.dtype == np.uint8
        assert not np.array_equal(version, PICTURE), "it does something"
        assert np.array_equal(version, corrupt(PICTURE, name, strength, "faces/a.png")), "a name gives one draw"


@pytest.mark.parametrize("name", list(CORRUPTIONS))
def test_a_stronger_one_leaves_less(name):
    errors = [np.abs(corrupt(PICTURE, name, s, "a").astype(float) - PICTURE).mean() for s in STRENGTHS]
    assert errors == sorted(errors)
    assert errors[-1] > 1.3 * errors[0]


@pytest.mark.parametrize("name", list(CORRUPTIONS))
@pytest.mark.parametrize("shape", [(32, 32, 3), (97, 61, 3), (20, 200, 3)])
def test_any_size_is_kept(name, shape):
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert all(corrupt(picture, name, strength, "a").shape == shape for strength in STRENGTHS)


@pytest.mark.parametrize("name", list(CORRUPTIONS))
def test_it_has_five_levels_and_names_their_unit(name):
    assert len(CORRUPTIONS[name].levels) == len(STRENGTHS) == len(set(CORRUPTIONS[name].levels))
    assert CORRUPTIONS[name].level_name


@pytest.mark.parametrize("name", ["noise", "blocks", "double_jpeg", "screenshot"])
def test_another_file_is_corrupted_in_another_way(name):
    assert not np.array_equal(corrupt(PICTURE, name, 3, "a.png"), corrupt(PICTURE, name, 3, "b.png"))


def test_a_wrong_name_names_the_nearest():
    with pytest.raises(UnmaskError, match="Did you mean jpeg"):
        corrupt(PICTURE, "jpg", 1, "a")
