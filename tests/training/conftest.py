"""A tiny data set of drawn faces whose fakes carry a visible mark, so that a network can learn it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unmask.media.drawing import draw_face
from unmask.training.config import TrainConfig


def draw_data(root: Path, per_class: int = 24, size: int = 128) -> Path:
    """Write `per_class` drawn faces for each class; the fakes have a fine checkerboard on the face."""
    for label in ("real", "fake"):
        folder = root / label
        folder.mkdir(parents=True)
        for index in range(per_class):
            face = draw_face(index, size).astype(int)
            if label == "fake":
                rows, columns = np.indices(face.shape[:2])
                face += 40 * (((rows // 4 + columns // 4) % 2) * 2 - 1)[..., None]
            Image.fromarray(np.clip(face, 0, 255).astype(np.uint8)).save(folder / f"{label}-{index}.png")
    return root


@pytest.fixture(scope="session")
def drawn_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with real/ and fake/ drawings."""
    return draw_data(tmp_path_factory.mktemp("data") / "drawn")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Train on one thread here and in started processes: a tiny network has nothing to share out, and threads that
    wait for each other on a busy machine are slower by far.
    """
    torch = pytest.importorskip("torch", reason="training needs the train extra")
    before, torch_before = os.environ.get("OMP_NUM_THREADS"), torch.get_num_threads()
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(torch_before)
    os.environ.pop("OMP_NUM_THREADS")
    os.environ |= {"OMP_NUM_THREADS": before} if before else {}


@pytest.fixture
def tiny(drawn_data: Path, tmp_path: Path) -> Callable[..., TrainConfig]:
    """Returns `tiny(name, **changes)`: a run of five steps an epoch into tmp_path/name, on the drawn faces."""

    def make(name: str, **changes: object) -> TrainConfig:
        base = {"backbone": "test_resnet", "input_size": 64, "batch_size": 8, "workers": 0, "seed": 1, "lr": 3e-3}
        base |= {"data": [str(drawn_data)], "augmentations": ["flip"], "audit": False}
        return TrainConfig(**{"output": str(tmp_path / name), **base, **changes})

    return make


@pytest.fixture
def no_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what comes after the last epoch: the export to ONNX takes longer than a tiny run."""
    monkeypatch.setattr("unmask.training.loop.write_best", lambda *arguments: None)
