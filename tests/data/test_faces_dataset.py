"""Faces for training: the evaluation transform equals serving, draws are repeatable, sampling is even."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from unmask.augmentations import compose
from unmask.data import faces_dataset
from unmask.data.face_table import face_table, usable_rows
from unmask.data.faces_dataset import CropJitter, EpochSampler, FacesDataset, blended_shares
from unmask.detector import Detector
from unmask.errors import DataError
from unmask.media.drawing import draw_face
from unmask.media.faces import make_face_finder
from unmask.media.images import read_image
from unmask.runtimes.onnx import OnnxRuntime
from unmask.schema import Box, InputSpec, Sample
from unmask.training.config import DEFAULT_AUGMENTATIONS

AUGMENT = compose(DEFAULT_AUGMENTATIONS)
SPEC = InputSpec(96, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def save_faces(folder: Path, count: int) -> list[tuple[str, Sample]]:
    folder.mkdir(parents=True, exist_ok=True)
    samples = []
    for index in range(count):
        path = folder / f"{index}.png"
        Image.fromarray(draw_face(index)).save(path)
        samples.append(("drawn", Sample(str(path), index % 2, str(index), str(index), "drawing")))
    return samples


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> object:
    samples = save_faces(tmp_path_factory.mktemp("faces"), 12)
    return usable_rows(face_table(samples, None, processes=1))[0]


def serving_inputs(folder: Path, picture: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Return the very batch that predict_image hands to the network."""
    seen: list[np.ndarray] = []
    run = OnnxRuntime.run
    monkeypatch.setattr(OnnxRuntime, "run", lambda self, batch: seen.append(batch) or run(self, batch))
    Detector(folder).predict_image(picture)
    return np.concatenate(seen)


def test_evaluation_transform_equals_serving_on_a_drawing(
    table: object, tiny_detector: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels, _, _ = FacesDataset(table, SPEC, crop_margin=0.1)[3]
    served = serving_inputs(tiny_detector, Path(table[3]["path"]), monkeypatch)
    assert np.array_equal(pixels.numpy(), served[0])


def test_evaluation_transform_equals_serving_on_a_photo(
    shared: Path, tiny_detector: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = sorted((shared / "data/hardfake/real_data").glob("*.jpg"))[0]
    rows, _ = usable_rows(face_table([("d", Sample(str(photo), 0, "a", "a", "m"))], None, processes=1))
    pixels, _, _ = FacesDataset(rows, SPEC, crop_margin=0.1)[0]
    assert np.array_equal(pixels.numpy(), serving_inputs(tiny_detector, photo, monkeypatch)[0])


def test_labels_are_named_real_and_fake(table: object) -> None:
    assert table.features["label"].names == ["real", "fake"]


def test_a_row_is_drawn_alike_by_seed_and_index(table: object) -> None:
    first = FacesDataset(table, SPEC, 0.1, AUGMENT, seed=1)
    again = FacesDataset(table, SPEC, 0.1, AUGMENT, seed=1)
    torch.rand(5)  # the caller's generator must not matter
    assert torch.equal(first[17][0], again[17][0])


@pytest.mark.parametrize(
    ("index", "seed"),
    [
        (5 + 12, 1),  # the same row in the next epoch
        (5, 2),  # the same epoch under another seed
    ],
)
def test_a_row_is_drawn_anew(table: object, index: int, seed: int) -> None:
    here = FacesDataset(table, SPEC, 0.1, AUGMENT, seed=1)[5]
    there = FacesDataset(table, SPEC, 0.1, AUGMENT, seed=seed)[index]
    assert here[2] == there[2] == 5
    assert not torch.equal(here[0], there[0])


@pytest.mark.parametrize(
    ("largest", "widest"),
    [
        (1.15, 1.15),  # as it is without asking
        (1.6, 1.6),  # hair and background, too
    ],
)
def test_training_crops_reach_from_tight_to_the_largest(largest: float, widest: float) -> None:
    box = Box(400, 400, 600, 600)
    sides = [CropJitter(largest=largest)(box).width / box.width for _ in range(400)]
    assert min(sides) == pytest.approx(0.75, abs=0.05)
    assert max(sides) == pytest.approx(widest, abs=0.05)


def test_drawing_leaves_the_callers_generator_alone(table: object) -> None:
    dataset = FacesDataset(table, SPEC, 0.1, AUGMENT)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    _ = dataset[0]
    assert torch.equal(torch.rand(2), expected)


def test_a_worsened_face_comes_before_its_own_view(table: object) -> None:
    """The second is the face as it comes without `worsen`; what is done to the first is done to that one."""
    plain = FacesDataset(table, SPEC, 0.1, AUGMENT, seed=1)[5]
    both, label, row = FacesDataset(table, SPEC, 0.1, AUGMENT, lambda crop: 255 - crop, seed=1)[5]
    assert (both.shape, label, row) == ((6, 96, 96), *plain[1:])
    assert torch.equal(both[3:], plain[0])
    assert torch.allclose(both[:3], -plain[0], atol=1e-6)  # a negative, where the grey in the middle is 0


@pytest.fixture(scope="module")
def real_only(tmp_path_factory: pytest.TempPathFactory) -> object:
    samples = [(n, dataclasses.replace(s, label=0)) for n, s in save_faces(tmp_path_factory.mktemp("real"), 6)]
    return usable_rows(face_table(samples, None, processes=1))[0]


def test_a_blended_draw_is_a_fake_and_the_others_are_as_before(table: object) -> None:
    plain = FacesDataset(table, SPEC, 0.1, AUGMENT, seed=1)
    blended = FacesDataset(table, SPEC, 0.1, AUGMENT, seed=1, self_blended=0.4)
    kept = turned = 0
    for index in range(60):
        (before, old, row), (after, new, same_row) = plain[index], blended[index]
        assert row == same_row
        if new == old:
            assert torch.equal(before, after)
            kept += old == 0
        else:
            assert (old, new) == (0, 1)
            assert not torch.equal(before, after)
            turned += 1
    assert kept + turned == 30
    assert 5 <= turned <= 20


def test_a_blended_draw_depends_on_seed_and_index_alone(real_only: object) -> None:
    first, again = (FacesDataset(real_only, SPEC, 0.1, AUGMENT, seed=3, self_blended=0.5) for _ in range(2))
    for index in (20, 3, 11):
        _ = again[index + 1]
        (one, label, _), (other, other_label, _) = first[index], again[index]
        assert torch.equal(one, other)
        assert label == other_label


def test_a_data_set_without_fakes_is_blended_by_half(real_only: object) -> None:
    dataset = FacesDataset(real_only, SPEC, 0.1, AUGMENT, self_blended=0.1)
    assert dataset.labels.tolist() == [0] * 6
    assert 15 <= sum(dataset[index][1] for index in range(60)) <= 45


def test_validation_rows_are_blended_for_good(real_only: object) -> None:
    dataset = FacesDataset(real_only, SPEC, 0.1, self_blended=0.5)
    labels = [dataset[row][1] for row in range(6)]
    assert labels == [dataset[row][1] for row in range(6)]
    plain = FacesDataset(real_only, SPEC, 0.1)
    assert [torch.equal(dataset[row][0], plain[row][0]) for row in range(6)] == [label == 0 for label in labels]


def test_landmarks_reach_the_blend(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = sorted((shared / "data/celeba-real-only").glob("*.jpg"))[0]
    model = shared / "pretrained" / "face_detection_yunet_2023mar.onnx"
    rows, _ = usable_rows(face_table([("d", Sample(str(photo), 0, "a", "a", "m"))], model, processes=1))
    seen = []
    monkeypatch.setattr(faces_dataset, "self_blend", lambda image, box, landmarks, *_: seen.append(landmarks) or image)
    dataset = FacesDataset(rows, SPEC, 0.1, AUGMENT, self_blended=0.5)
    assert {dataset[index][1] for index in range(12)} == {0, 1}
    (face,) = make_face_finder(model).find_faces(read_image(photo))
    assert np.allclose(seen[0], face.landmarks, atol=1e-3)


@pytest.fixture(scope="module")
def with_landmarks(real_only: object) -> object:
    """Rows of drawn faces with the landmarks that a finder with landmarks would give."""
    points = [98.0, 116.0, 158.0, 116.0, 128.0, 157.0, 102.0, 184.0, 154.0, 184.0]
    return real_only.map(lambda row, index: {"landmarks": [p + index for p in points]}, with_indices=True)


def test_swapped_faces_come_from_other_sources(with_landmarks: object, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        faces_dataset, "self_blend", lambda image, box, landmarks, _, donor: seen.append((image, donor)) or image
    )
    dataset = FacesDataset(with_landmarks, SPEC, 0.1, AUGMENT, self_blended=0.5, swapped=0.5)
    _ = [dataset[index] for index in range(60)]
    donors = [(image, donor[0]) for image, donor in seen if donor is not None]
    assert 0.25 < len(donors) / len(seen) < 0.75
    assert not any(np.array_equal(image, donor) for image, donor in donors)


def test_a_swap_depends_on_seed_and_index_alone(with_landmarks: object) -> None:
    first, again = (FacesDataset(with_landmarks, SPEC, 0.1, AUGMENT, self_blended=0.5, swapped=1.0) for _ in range(2))
    for index in (20, 3, 11):
        _ = again[index + 1]
        assert torch.equal(first[index][0], again[index][0])


def test_without_landmarks_or_another_source_nothing_is_swapped(real_only: object, with_landmarks: object) -> None:
    one = with_landmarks.map(lambda row: {"source_id": "one"})
    for rows in (real_only, one):
        plain, swapped = (FacesDataset(rows, SPEC, 0.1, AUGMENT, self_blended=0.5, swapped=s) for s in (0.0, 1.0))
        assert len(swapped.donors) == (0 if rows is real_only else len(one))
        assert [swapped[index][1] for index in range(12)] == [plain[index][1] for index in range(12)]


@pytest.mark.parametrize("share", [-0.1, 0.51, 1.0, float("nan")])
def test_a_share_that_leaves_too_few_real_faces_is_refused(share: float, table: object) -> None:
    with pytest.raises(DataError, match="self_blended"):
        FacesDataset(table, SPEC, 0.1, AUGMENT, self_blended=share)


def test_unbalanced_epoch_takes_every_row_once(table: object) -> None:
    dataset = FacesDataset(table, SPEC, 0.1)
    sampler = EpochSampler(dataset, "none", seed=0)
    sampler.set_epoch(2)
    drawn = list(sampler)
    assert sorted(index % len(dataset) for index in drawn) == list(range(len(dataset)))
    sampler.set_epoch(3)
    assert not set(drawn) & set(sampler)  # the same pictures, each in another draw


class Rows:
    """1,000 rows without pictures: 900 real and 100 fake in `one`, whose first source holds 300 of the reals."""

    def __init__(self, labels: Sequence[int] = (0,) * 900 + (1,) * 100, blended: float = 0.0) -> None:
        self.labels = np.array(labels)
        self.dataset_names = ["one"] * len(labels)
        self.source_ids = ["large"] * 300 + [str(row) for row in range(300, len(labels))]
        self.blended_shares = blended_shares(self.labels, self.dataset_names, blended)

    def __len__(self) -> int:
        return len(self.labels)


@pytest.mark.parametrize(
    ("rows", "fakes"),
    [
        (Rows(), 500),  # a rare class is drawn the more
        (Rows(blended=0.3), 500),  # blended reals count as fakes
        (Rows(blended=0.5), 500),  # no room for other fakes
        (Rows(labels=[0] * 1000, blended=0.2), 500),  # the blended ones are the only fakes
        (Rows(labels=[0] * 1000), 0),  # nothing to even out
        (Rows(labels=[1] * 1000, blended=0.3), 1000),  # fakes alone stay fakes
    ],
)
@pytest.mark.parametrize("balance", ["dataset", "source"])
def test_balanced_epoch_draws_both_labels_alike(balance: str, rows: Rows, fakes: int) -> None:
    drawn = np.array(list(EpochSampler(rows, balance, seed=0))) % len(rows)
    expected = (rows.labels[drawn] + rows.blended_shares[drawn]).sum()
    assert expected == pytest.approx(fakes, abs=25)


def test_a_row_comes_as_often_as_its_weight_says_and_each_time_as_another_draw() -> None:
    rows = Rows()
    drawn = list(EpochSampler(rows, "dataset", seed=0))
    assert len(drawn) == len(set(drawn)) == len(rows)
    times = np.bincount(np.array(drawn) % len(rows), minlength=len(rows))
    assert set(times[rows.labels == 1]) == {5}  # 500 draws of 100 fakes
    assert set(times[rows.labels == 0]) == {0, 1}  # 500 draws of 900 real faces


def test_a_face_that_comes_twice_in_an_epoch_looks_otherwise(table: object) -> None:
    dataset = FacesDataset(table, SPEC, 0.1, augment=lambda image: image)
    once, again = (dataset[draw * len(dataset)][0] for draw in (0, 1))
    assert not torch.equal(once, again)


def test_some_own_fakes_are_drawn_beside_blended_ones() -> None:
    rows = Rows(blended=0.3)
    own = rows.labels[np.array(list(EpochSampler(rows, "dataset", seed=0))) % len(rows)].sum()
    assert own == pytest.approx(1000 * (1 - 0.5 / 0.7), abs=60)


def test_balance_by_source_evens_out_a_source_with_many_pictures() -> None:
    by_dataset, by_source = (list(EpochSampler(Rows(), balance, seed=0)) for balance in ("dataset", "source"))
    assert sum(index % 1000 < 300 for index in by_dataset) > 120
    assert sum(index % 1000 < 300 for index in by_source) < 10


def test_pictures_without_a_face_or_damaged_are_counted(tmp_path: Path) -> None:
    samples = save_faces(tmp_path, 2)
    Image.new("RGB", (200, 200), "white").save(tmp_path / "blank.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    for name in ("blank.png", "broken.jpg"):
        samples.append(("drawn", Sample(str(tmp_path / name), 0, name, name, "m")))
    rows, left_out = usable_rows(face_table(samples, None, processes=1))
    assert len(rows) == 2
    assert left_out == {"no_face": 1, "unreadable": 1}


def test_no_samples_is_an_error() -> None:
    with pytest.raises(DataError, match="no picture"):
        face_table([], None)
