"""What many tests stand on: drawn faces, tiny real detectors, and the data folder where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from unmask.media.drawing import draw_face

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

# How long an example takes says more about the machine than about the code.
settings.register_profile("unmask", deadline=None)
settings.load_profile("unmask")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real faces beside a checkout; the test is skipped where it is missing."""
    if not (SHARED / "data").is_dir():
        pytest.skip("no ../shared/data beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def drawn_face() -> np.ndarray:
    """A drawn face, uint8 RGB [256, 256, 3]."""
    return draw_face()


def make_tiny_detector(folder: Path, backbone: str = "test_resnet", size: int = 96, seed: int = 0) -> Path:
    """Write a small real detector folder (an untrained timm network) and return it."""
    import timm
    import torch

    from unmask.export import write_detector
    from unmask.schema import DetectorSettings, InputSpec

    torch.manual_seed(seed)
    model = timm.create_model(backbone, num_classes=2)
    settings = DetectorSettings(
        format_version=1,
        name="tiny",
        crop_margin=0.1,
        temperature=1.0,
        real_threshold=0.4,
        fake_threshold=0.6,
        pooling="max",
        trained_on=(),
        calibrated_on="nothing",
        license="apache-2.0",
    )
    spec = InputSpec(size, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    write_detector(model, backbone, spec, settings, folder)
    return folder


@pytest.fixture(scope="session")
def tiny_detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector folder with an untrained network of a few thousand parameters; do not write into it."""
    return make_tiny_detector(tmp_path_factory.mktemp("tiny") / "detector")
