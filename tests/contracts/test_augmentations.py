"""What every registered augmentation keeps: size, type, range, and the draw that a seed gives."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest
import torch

from unmask.augmentations import AUGMENTATIONS, compose
from unmask.errors import TrainingError, UnmaskError
from unmask.media.drawing import draw_face

CROP = torch.from_numpy(draw_face(0, 64)).permute(2, 0, 1)


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
def test_contract(name: str) -> None:
    augment = pickle.loads(pickle.dumps(AUGMENTATIONS[name]()))
    given, changed = CROP.clone(), 0
    for seed in range(40):
        torch.manual_seed(seed)
        result = augment(given)
        torch.manual_seed(seed)
        assert torch.equal(result, augment(given)), "a seed gives one draw"
        assert result.shape == CROP.shape
        assert result.dtype == torch.uint8
        assert torch.equal(given, CROP), "the crop handed in stays as it is"
        changed += not torch.equal(result, CROP)
    assert changed > 0, "it does something"


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
@pytest.mark.parametrize("shape", [(3, 32, 32), (3, 97, 97), (3, 40, 56)])
def test_any_size_is_kept(name: str, shape: tuple[int, ...]) -> None:
    augment = AUGMENTATIONS[name]()
    crop = torch.randint(0, 256, shape, dtype=torch.uint8)
    assert all(augment(crop).shape == shape for _ in range(12))


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
def test_every_parameter_has_a_default(name: str) -> None:
    parameters = inspect.signature(AUGMENTATIONS[name]).parameters.values()
    assert all(parameter.default is not parameter.empty for parameter in parameters)


SHARED_OUT = [name for name in AUGMENTATIONS if "p" in inspect.signature(AUGMENTATIONS[name]).parameters]


@pytest.mark.parametrize("name", SHARED_OUT)
def test_p_is_the_share_of_changed_crops(name: str) -> None:
    never, always = (compose([{name: {"p": p}}]) for p in (0.0, 1.0))
    torch.manual_seed(0)
    assert all(torch.equal(never(CROP), CROP) for _ in range(20))
    assert sum(torch.equal(always(CROP), CROP) for _ in range(20)) <= 1  # a factor may be drawn near one


def test_no_augmentation_is_the_identity() -> None:
    assert torch.equal(compose([])(CROP), CROP)


def test_parameters_reach_the_augmentation() -> None:
    coarse = compose([{"jpeg": {"lowest": 3, "highest": 3, "p": 1}}])(CROP)
    fine = compose([{"jpeg": {"lowest": 100, "highest": 100, "p": 1.0}}])(CROP)
    coarse_error, fine_error = ((result.float() - CROP).abs().mean() for result in (coarse, fine))
    assert coarse_error > 3 * fine_error


def test_entries_apply_in_their_order() -> None:
    shifted = compose([{"cutout": {"p": 1.0}}, {"greyscale": {"p": 1.0}}, "flip"])
    assert [type(part).__name__ for part in shifted.transforms] == ["Cutout", "Greyscale", "Flip"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"jpeg": {"lowset": 30}}, "jpeg has no parameter 'lowset'. Did you mean lowest"),  # misspelt
        ({"flip": {"angle": 3}}, "no parameter 'angle'. Did you mean p"),  # nothing like it
        ({"jpeg": {"lowest": "x"}}, "lowest of the augmentation jpeg is 'x'. Give a whole number"),  # a text
        ({"jpeg": {"lowest": 30.5}}, "Give a whole number, such as 40"),  # a fraction of a quality
        ({"blur": {"p": True}}, "Give a number"),  # a truth value
        ({"jpeg": {"p": 1.5}}, "p is 1.5"),  # no share
        ({"jpeg": {"lowest": 90, "highest": 20}}, "does not work with lowest=90, highest=20: 90 is above 20"),
        ({"webp": {"highest": 400, "lowest": 400}}, "400 is not between 1 and 100"),  # no quality
        ({"jpeg": {}, "blur": {}}, "Write it as jpeg or as"),  # two in one entry
        ({"jpeg": 3}, "Write it as jpeg or as"),  # a value in place of parameters
        (7, "neither a name nor"),  # no name
        ("jpg", "Did you mean jpeg"),  # a wrong name
    ],
)
def test_a_wrong_entry_is_one_line(entry: Any, words: str) -> None:
    with pytest.raises(UnmaskError) as caught:
        compose([entry])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_trying_a_value_leaves_the_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    compose([{"noise": {"p": 0.5}}])
    assert torch.equal(torch.rand(2), expected)


def test_a_plain_torchvision_transform_works_as_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.transforms import v2

    list(AUGMENTATIONS)
    monkeypatch.setitem(AUGMENTATIONS._parts, "invert", lambda p=0.5: v2.RandomInvert(p))
    assert torch.equal(compose([{"invert": {"p": 1.0}}])(CROP), 255 - CROP)
    with pytest.raises(TrainingError):
        compose([{"invert": {"p": 2.0}}])
