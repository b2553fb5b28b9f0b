"""Faces for training: the evaluation transform equals serving, draws are repeatable, sampling is even."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from unmask.augmentations import compose
from unmask.data.face_table import face_table, usable_rows
from unmask.data.faces_dataset import EpochSampler, FacesDataset
from unmask.detector import Detector
from unmask.errors import DataError
from unmask.media.drawing import draw_face
from unmask.runtimes.onnx import OnnxRuntime
from unmask.schema import InputSpec, Sample
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


def test_drawing_leaves_the_callers_generator_alone(table: object) -> None:
    dataset = FacesDataset(table, SPEC, 0.1, AUGMENT)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    _ = dataset[0]
    assert torch.equal(torch.rand(2), expected)


def test_unbalanced_epoch_takes_every_row_once(table: object) -> None:
    dataset = FacesDataset(table, SPEC, 0.1)
    sampler = EpochSampler(dataset, "none", seed=0)
    sampler.set_epoch(2)
    assert sorted(index - 2 * len(dataset) for index in sampler) == list(range(len(dataset)))


def test_balanced_epoch_evens_out_a_rare_class() -> None:
    class Rows:
        labels = np.array([0] * 900 + [1] * 100)
        dataset_names = ["one"] * 1000

        def __len__(self) -> int:
            return 1000

    drawn = Counter(int(Rows.labels[index]) for index in EpochSampler(Rows(), "dataset", seed=0))
    assert 430 < drawn[1] < 570


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
